//! `sendmsg` over HTTP with an after webhook on, beside the same with webhooks off: what being told costs the sender.
//!
//! The receiver is a process of its own that answers every call. What is told is counted: a queue that only grows would
//! be no rate.

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
    let address = receiver.hear()?;
    let desk = Desk::remote(server.text("admin_api"), server.text("admin_token").into())?;
    let ask = async |method: Method, path: &str, body: Value| {
        let path = format!("apps/{}/webhook{path}", server.app());
        desk.ask(method, &path, Some(&body)).await
    };
    ask(Method::PATCH, "", json!({ "url": format!("http://{address}/"), "token": "a-token" })).await?;
    let load = Load {
        address: server.address("http")?,
        path: format!("/v4/openim/sendmsg?{}", server.rest()?.query),
        fill: sendmsg::fill,
        expect: "\"ErrorCode\":0",
        connections: 128,
        wait: Duration::from_secs(effort.seconds),
        seed: 0,
        per_second: None,
    };
    let mut figures = Vec::new();
    for connections in effort.connections() {
        let (mut on, mut off, mut told, mut spent) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for round in 0..effort.rounds {
            let load = Load { connections, seed: round * 1_000 + connections, ..load.clone() };
            let before = server.usage()?.cpu_s;
            let rate = http::run(&load).await?;
            off.push(rate.with_busy(server.usage()?.cpu_s - before));
            ask(Method::PUT, &format!("/{COMMAND}"), json!({})).await?;
            let (before, count, began) = (server.usage()?.cpu_s, count(&mut receiver)?, Instant::now());
            let rate = http::run(&Load { seed: load.seed + 500, ..load }).await?;
            told.push((count_since(&mut receiver, count)?) as f64 / began.elapsed().as_secs_f64());
            let sent = rate.count;
            on.push(rate.with_busy(server.usage()?.cpu_s - before));
            while count_since(&mut receiver, count)? < sent {
                if began.elapsed() > TELL_WAIT {
                    return Err(format!("{} of {sent} were told", count_since(&mut receiver, count)?).into());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            spent.push(began.elapsed().as_secs_f64() - load_seconds(effort));
            ask(Method::DELETE, &format!("/{COMMAND}"), json!({})).await?;
        }
        let (on, off) = (Rate::median(on), Rate::median(off));
        let name = format!("sendmsg over HTTP with an after webhook, {connections} connections, {engine}");
        let middle = |mut all: Vec<f64>| {
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or_default()
        };
        let note = format!(
            "{} told/s meanwhile, the last {:.1} s after the last send",
            grouped(middle(told)),
            middle(spent).max(0.0)
        );
        figures.push(
            Figure::of_rates(&name, "calls/s", "≥ 0.8", &on, ("the same with webhooks off", &off)).with_note(&note),
        );
    }
    Ok(figures)
}

fn load_seconds(effort: &Effort) -> f64 {
    effort.seconds as f64
}

fn count(receiver: &mut Worker) -> Outcome<u64> {
    receiver.tell("count")?;
    Ok(receiver.hear()?.parse()?)
}

fn count_since(receiver: &mut Worker, before: u64) -> Outcome<u64> {
    Ok(count(receiver)? - before)
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
