//! `sendmsg` over HTTP with an after webhook on, beside the same with webhooks off: what being told costs the sender.
//!
//! The receiver is a process of its own that answers every call. What is told is counted: a queue that only grows would
//! be no rate. Generator, server and receiver share the machine, so a third phase shows what the calls alone take: webhooks
//! are off, and a bare client calls the receiver as often as the server did. Before the clock starts webhooks are on for a
//! while: a node that has just begun counts what each receiver has not read, one that runs remembers it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};
use server::admin::client::Desk;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::cluster::Cluster;
use crate::figure::{Figure, Rate, grouped};
use crate::http::{self, Load};
use crate::process::Server;
use crate::worker::Worker;
use crate::{Effort, Outcome, sendmsg, worker};

const COMMAND: &str = "C2C.CallbackAfterSendMsg";
/// Connections of the bare client, and the bytes of its bodies: about what the server uses and tells.
const BARE_CONNECTIONS: u64 = 32;
const TOLD_BYTES: usize = 500;
/// How long webhooks are on before the clock starts, in the phases of all rounds together.
const WARM: u64 = 4;
/// Rounds for each round of other benchmarks, because what is compared lies close together and machines are noisy; their
/// phases are shorter.
const ROUNDS: u64 = 3;
const PHASE: f64 = 0.6;
/// How long what was sent may take to be told.
const TELL_WAIT: Duration = Duration::from_mins(2);

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let mut figures = measure(effort, "SQLite", "sqlite").await?;
    let cluster = Cluster::start()?;
    figures.extend(measure(effort, "PostgreSQL, fsync on", &Cluster::url(cluster.port)).await?);
    Ok(figures)
}

async fn measure(effort: &Effort, engine: &str, store: &str) -> Outcome<Vec<Figure>> {
    let server = Server::start_on(store)?;
    server.import(sendmsg::ACCOUNTS as usize).await?;
    let mut receiver = Worker::start("receiver")?;
    let receives: SocketAddr = receiver.hear()?.parse()?;
    let desk = Desk::remote(server.text("admin_api"), server.text("admin_token").into())?;
    let ask = async |method: Method, path: &str, body: Value| {
        let path = format!("apps/{}/webhook{path}", server.app());
        desk.ask(method, &path, Some(&body)).await
    };
    ask(Method::PATCH, "", json!({ "url": format!("http://{receives}/"), "token": "a-token" })).await?;
    let load = Load {
        address: server.address("http")?,
        path: format!("/v4/openim/sendmsg?{}", server.rest()?.query),
        fill: sendmsg::fill,
        expect: "\"ErrorCode\":0",
        connections: 128,
        wait: Duration::from_secs(effort.seconds).mul_f64(PHASE),
        seed: 0,
        per_second: None,
    };
    ask(Method::PUT, &format!("/{COMMAND}"), json!({})).await?;
    let count_before = count(&mut receiver)?;
    let wait = Duration::from_secs(WARM * effort.rounds * effort.seconds);
    let sent = http::run(&Load { wait, seed: 1_000_000, ..load.clone() }).await?.count;
    until_told(&mut receiver, count_before, sent).await?;
    ask(Method::DELETE, &format!("/{COMMAND}"), json!({})).await?;
    let mut figures = Vec::new();
    for connections in effort.connections() {
        let mut seen = Seen::default();
        for round in 0..ROUNDS * effort.rounds {
            let load = Load { connections, seed: round * 1_000 + connections, ..load.clone() };
            let before = server.usage()?.cpu_s;
            let rate = http::run(&load).await?;
            seen.off.push(rate.with_busy(server.usage()?.cpu_s - before));
            ask(Method::PUT, &format!("/{COMMAND}"), json!({})).await?;
            let (before, count, began) = (server.usage()?.cpu_s, count(&mut receiver)?, Instant::now());
            let rate = http::run(&Load { seed: load.seed + 500, ..load.clone() }).await?;
            let told = (count_since(&mut receiver, count)?) as f64 / began.elapsed().as_secs_f64();
            let sent = rate.count;
            seen.on.push(rate.with_busy(server.usage()?.cpu_s - before));
            until_told(&mut receiver, count, sent).await?;
            seen.spent.push(began.elapsed().saturating_sub(load.wait).as_secs_f64());
            ask(Method::DELETE, &format!("/{COMMAND}"), json!({})).await?;
            let bare = bare_calls(receives, load.wait, told);
            let rest = Load { seed: load.seed + 700, ..load };
            let (beside, bare) = tokio::join!(http::run(&rest), http::run(&bare));
            seen.beside.push(beside?.per_second);
            seen.bare.push(bare?.per_second);
            seen.told.push(told);
        }
        let name = format!("sendmsg over HTTP with an after webhook, {connections} connections, {engine}");
        figures.push(seen.figure(&name));
    }
    Ok(figures)
}

/// What the rounds of one figure came to.
#[derive(Default)]
struct Seen {
    on: Vec<Rate>,
    off: Vec<Rate>,
    /// Messages told a second while they were sent, and the seconds after the last send until the last was told.
    told: Vec<f64>,
    spent: Vec<f64>,
    /// Sends a second with webhooks off beside a bare client of the receiver, and what that one called.
    beside: Vec<f64>,
    bare: Vec<f64>,
}

impl Seen {
    fn figure(self, name: &str) -> Figure {
        // Each round by itself: the machine is not as fast in one as in another.
        let by_off = |rates: &mut dyn Iterator<Item = f64>| {
            let mut ratios: Vec<f64> = rates.zip(&self.off).map(|(rate, off)| rate / off.per_second).collect();
            ratios.sort_by(f64::total_cmp);
            ratios
        };
        let ratios = by_off(&mut self.on.iter().map(|rate| rate.per_second));
        let beside = middle(by_off(&mut self.beside.iter().copied()));
        let note = format!(
            "the ratio is the middle of {} rounds, {:.2} to {:.2}; {} told/s meanwhile, the last {:.1} s after the last \
             send; with webhooks off, beside a bare client that calls the receiver {} times a second: {beside:.2}",
            ratios.len(),
            ratios.first().copied().unwrap_or_default(),
            ratios.last().copied().unwrap_or_default(),
            grouped(middle(self.told)),
            middle(self.spent),
            grouped(middle(self.bare)),
        );
        let (on, off) = (Rate::median(self.on), Rate::median(self.off));
        let figure = Figure::of_rates(name, "calls/s", "≥ 0.8", &on, ("the same with webhooks off", &off));
        Figure { ratio: Some(middle(ratios)), ..figure }.with_note(&note)
    }
}

fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// What telling costs whoever does it: as many calls of the receiver as the server made, by a client that does nothing
/// else.
fn bare_calls(receiver: SocketAddr, wait: Duration, per_second: f64) -> Load {
    Load {
        address: receiver,
        path: "/".into(),
        fill: |_, body| body.extend(std::iter::repeat_n('x', TOLD_BYTES)),
        expect: "\"ErrorCode\":0",
        connections: BARE_CONNECTIONS,
        wait,
        seed: 0,
        per_second: Some(per_second as u64),
    }
}

fn count(receiver: &mut Worker) -> Outcome<u64> {
    receiver.tell("count")?;
    Ok(receiver.hear()?.parse()?)
}

fn count_since(receiver: &mut Worker, before: u64) -> Outcome<u64> {
    Ok(count(receiver)? - before)
}

/// Waits until so many calls have come.
async fn until_told(receiver: &mut Worker, before: u64, sent: u64) -> Outcome {
    let began = Instant::now();
    while count_since(receiver, before)? < sent {
        if began.elapsed() > TELL_WAIT {
            return Err(format!("{} of {sent} were told", count_since(receiver, before)?).into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// The receiver as a process of its own: says yes to every call, and how many they were.
pub(crate) async fn part() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    worker::say(&listener.local_addr()?.to_string())?;
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = std::sync::Arc::clone(&calls);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let calls = std::sync::Arc::clone(&counted);
            connections.spawn(async move {
                // A caller that hangs up has told everything.
                drop(answer(stream, &calls).await);
            });
        }
    });
    while worker::listen().await?.is_some() {
        worker::say(&calls.load(std::sync::atomic::Ordering::Relaxed).to_string())?;
    }
    tasks.shutdown().await;
    Ok(())
}

/// Answers the calls of one connection, whose bodies have a length.
async fn answer(mut stream: TcpStream, calls: &std::sync::atomic::AtomicU64) -> std::io::Result<()> {
    const YES: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n\
        {\"ActionStatus\":\"OK\",\"ErrorCode\":0,\"ErrorInfo\":\"\"}";
    let mut buffer = Vec::with_capacity(16 * 1024);
    stream.set_nodelay(true)?;
    loop {
        while let Some(length) = length(&buffer) {
            if buffer.len() < length {
                break;
            }
            buffer.drain(..length);
            calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            stream.write_all(YES).await?;
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}

/// How long the first request in the buffer is, once its head is there.
fn length(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&buffer[..head]).ok()?;
    let body = text.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    Some(head + 4 + body.parse::<usize>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_as_long_as_its_head_says() {
        assert_eq!(length(b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nab"), Some(40));
        assert_eq!(length(b"POST / HTTP/1.1\r\ncontent-length: 2\r\n"), None);
    }
}
