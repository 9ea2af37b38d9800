//! Deliveries to connected clients: how many notices a second reach their devices over the gateway.
//!
//! The node is a process of its own. For the pure fan-out it announces messages to its hub as its store would after a
//! commit; then a back end sends batches by REST, online-only ones and stored ones. This process holds the
//! devices and counts what arrives. Nothing may be lost: every phase waits for its last notice.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use contract::frame::wire::Message;
use contract::frame::{Command, Frame};
use contract::{AppId, user_sig};
use serde_json::Value;
use server::clock::Clock;
use server::rest::Rest;
use tokio::net::TcpStream;
use tokio::task::{JoinSet, block_in_place};

use crate::dice::Dice;
use crate::figure::{Figure, Rate};
use crate::http::{self, Load};
use crate::socket::Socket;
use crate::worker::Worker;
use crate::{Effort, Outcome};

/// Connected devices, of an account each.
pub(crate) const DEVICES: usize = 1_000;
/// Receivers of one batch by REST.
const BATCH: u64 = 500;
/// Batches under way.
const BATCHES: u64 = 8;
/// How long the last notice may take.
const LAST_WAIT: Duration = Duration::from_secs(20);
/// One notice of so many is read for its latency; the others are only counted.
const LOOKED_AT: u64 = 64;
/// The largest notice.
const NOTICE_BYTES: usize = 64 * 1024;

/// What the devices have received.
#[derive(Default)]
struct Count {
    notices: AtomicU64,
    took_us: Mutex<Vec<u32>>,
}

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let (raw_count, count) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let mut devices = JoinSet::new();
    let mut raw_part = Worker::start("fan-out-raw")?;
    let address: SocketAddr = block_in_place(|| raw_part.hear())?.parse()?;
    for _ in 0..DEVICES {
        let socket = Socket::open(TcpStream::connect(address).await?).await?;
        devices.spawn(receive(socket, Arc::clone(&raw_count)));
    }
    let mut node = Worker::start("fan-out")?;
    let credentials: Value = serde_json::from_str(&block_in_place(|| node.hear())?)?;
    for number in 0..DEVICES {
        devices.spawn(receive(log_in(&credentials, number).await?, Arc::clone(&count)));
    }
    let (mut ours, mut raw, mut online, mut stored) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..effort.rounds {
        raw.push(announced(&mut raw_part, &raw_count, effort.seconds).await?);
        ours.push(announced(&mut node, &count, effort.seconds).await?);
        let load = load(&credentials, effort.seconds, round)?;
        online.push(by_rest(&node, &load, &count).await?);
        stored.push(by_rest(&node, &Load { fill: fill_stored, seed: load.seed + 1, ..load }, &count).await?);
    }
    devices.shutdown().await;
    let [ours, raw, online, stored] = [ours, raw, online, stored].map(Rate::median);
    let raw = ("the same bytes to as many sockets, a write each, no queue", &raw);
    let row = |name: &str, goal: &str, rate: &Rate| Figure::of_rates(name, "deliveries/s", goal, rate, raw);
    Ok(vec![
        row(&format!("fan-out to {DEVICES} devices, announced in the node"), "≥ 150,000/s", &ours),
        row("fan-out by batchsendmsg, 500 receivers, online-only", "stated", &online),
        row("fan-out by batchsendmsg, 500 receivers, stored", "stated", &stored),
    ])
}

/// Where a phase began.
struct Start {
    notices: u64,
    cpu_s: f64,
    at: Instant,
}

impl Start {
    fn of(part: &Worker, count: &Count) -> Outcome<Self> {
        count.took_us.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(Self { notices: count.notices.load(Ordering::Relaxed), cpu_s: part.usage()?.cpu_s, at: Instant::now() })
    }

    /// Waits until everything that was sent has arrived.
    async fn finish(self, part: &Worker, count: &Count, sent: u64) -> Outcome<Rate> {
        let deadline = Instant::now() + LAST_WAIT;
        loop {
            let arrived = count.notices.load(Ordering::Relaxed) - self.notices;
            if arrived >= sent {
                break;
            }
            if Instant::now() > deadline {
                return Err(format!("{sent} notices were sent and {arrived} arrived").into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let elapsed = self.at.elapsed();
        let mut took = std::mem::take(&mut *count.took_us.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Rate::of(sent, elapsed, &mut took).with_busy(part.usage()?.cpu_s - self.cpu_s))
    }
}

/// Has a part announce for a while.
async fn announced(part: &mut Worker, count: &Count, seconds: u64) -> Outcome<Rate> {
    let start = Start::of(part, count)?;
    part.tell(&seconds.to_string())?;
    let sent = block_in_place(|| part.hear())?.parse()?;
    start.finish(part, count, sent).await
}

async fn by_rest(node: &Worker, load: &Load, count: &Count) -> Outcome<Rate> {
    let start = Start::of(node, count)?;
    let calls = http::run(load).await?;
    start.finish(node, count, calls.count * BATCH).await
}

fn text<'a>(credentials: &'a Value, name: &str) -> &'a str {
    credentials[name].as_str().unwrap_or_default()
}

fn address(credentials: &Value) -> Outcome<SocketAddr> {
    Ok(text(credentials, "http").rsplit('/').next().unwrap_or_default().parse()?)
}

async fn log_in(credentials: &Value, number: usize) -> Outcome<Socket<TcpStream>> {
    let app = credentials["sdk_app_id"].as_i64().unwrap_or_default();
    let user = format!("u{number}");
    let sig = user_sig::sign(AppId(app), text(credentials, "secret_key"), &user, Clock::default().now(), 86_400);
    let mut socket = Socket::open(TcpStream::connect(address(credentials)?).await?).await?;
    socket.log_in(app, &user, &user, &sig).await?;
    Ok(socket)
}

/// A device: counts what it is told.
async fn receive(mut socket: Socket<TcpStream>, count: Arc<Count>) -> Outcome {
    let clock = Clock::default();
    loop {
        let mut next = socket.next().await?;
        loop {
            if count.notices.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOKED_AT) {
                let frame = Frame::from_bytes(next, NOTICE_BYTES).map_err(|fault| format!("{fault:?}"))?;
                let message: Message = frame.read().map_err(|fault| format!("{fault:?}"))?;
                if frame.command() != Command::Message {
                    return Err(format!("{:?} instead of a message", frame.command()).into());
                }
                let took = clock.now().0 - message.at;
                count.took_us.lock().unwrap_or_else(PoisonError::into_inner).push(took.max(0) as u32 * 1_000);
            }
            match socket.take()? {
                Some(more) => next = more,
                None => break,
            }
        }
    }
}

fn load(credentials: &Value, seconds: u64, round: u64) -> Outcome<Load> {
    let app = credentials["sdk_app_id"].as_i64().unwrap_or_default();
    let (admin, sig) = (text(credentials, "admin"), text(credentials, "admin_user_sig"));
    let rest = Rest::new(address(credentials)?, app, admin, sig);
    Ok(Load {
        address: rest.address,
        path: format!("/v4/openim/batchsendmsg?{}", rest.query),
        fill: fill_online,
        expect: "\"ActionStatus\":\"OK\"",
        connections: BATCHES,
        wait: Duration::from_secs(seconds),
        seed: round * 10,
        per_second: None,
    })
}

fn fill_online(dice: &mut Dice, body: &mut String) {
    fill(dice, body, ",\"MsgLifeTime\":0");
}

fn fill_stored(dice: &mut Dice, body: &mut String) {
    fill(dice, body, "");
}

/// A message to one half of the devices' accounts.
fn fill(dice: &mut Dice, body: &mut String, life: &str) {
    let first = if dice.next() & 1 == 0 { 0 } else { BATCH };
    body.push_str("{\"SyncOtherMachine\":2,\"To_Account\":[");
    for number in first..first + BATCH {
        let comma = if number == first { "" } else { "," };
        write!(body, "{comma}\"u{number}\"").expect("a string takes every write");
    }
    let (random, stamp) = (dice.next() as u32, dice.next());
    write!(
        body,
        "],\"MsgSeq\":{},\"MsgRandom\":{random}{life},\"MsgBody\":[{{\"MsgType\":\"TIMTextElem\",\"MsgContent\":\
         {{\"Text\":\"{stamp:016x} a message to many at a time\"}}}}]}}",
        random >> 1
    )
    .expect("a string takes every write");
}
