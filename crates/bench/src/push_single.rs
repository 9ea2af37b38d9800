//! Single pushes by account at a steady rate, from outside: from the answer of the signed HTTP call to the frame on the
//! device's connection.
//!
//! A node of this process serves over TCP; callers and devices are beside it on the same cores. Which frame belongs to
//! which call is told by the push's number: it is in the answer, and in the id of the notice.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::frame::wire::{PushAck, PushNotice};
use contract::frame::{Command, Frame};
use contract::openapi::{Params, Request, sign_rpc};
use contract::{AppId, moment, user_sig};
use parking_lot::Mutex;
use server::clock::Clock;
use server::config::{Config, Listen, Secrets, StoreConfig};
use server::node::{Node, Running};
use store::apps::{AccessKey, AppSecrets, AppSettings, SigningKey};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::cluster::Cluster;
use crate::figure::{Figure, Rate};
use crate::http;
use crate::process::folder;
use crate::socket::Socket;
use crate::{Effort, Outcome};

/// Accounts with a connected device each.
const ACCOUNTS: usize = 1_000;
/// Logins at a time.
const LOGINS: usize = 32;
/// Pushes a second, and the connections that share them.
const PER_SECOND: u64 = 2_000;
const CALLERS: u64 = 64;
/// How long the last frame may take.
const LAST_WAIT: Duration = Duration::from_secs(30);
/// The largest frame.
const FRAME_BYTES: usize = 64 * 1024;

const APP: AppId = AppId(1_400_000_002);
const KEY_ID: &str = "LTAIbench";
const KEY_SECRET: &str = "the secret of a benchmark";
const SIG_KEY: &str = "the key of a benchmark";

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let sqlite = measure(effort, "SQLite", "sqlite").await?;
    let cluster = Cluster::start()?;
    let postgres = measure(effort, "PostgreSQL, fsync on", &Cluster::url(cluster.port)).await?;
    Ok(vec![sqlite, postgres])
}

async fn measure(effort: &Effort, engine: &str, url: &str) -> Outcome<Figure> {
    let folder = folder()?;
    let config = Config {
        data: folder.path().to_owned(),
        name: "bench".into(),
        store: StoreConfig { url: url.into(), ..StoreConfig::default() },
        listen: Listen { http: Some(SocketAddr::from(([127, 0, 0, 1], 0))), https: None, admin: None },
        secrets: Secrets { master_key: Some("42".repeat(32)), ..Secrets::default() },
        ..Config::default()
    };
    let clock = Clock::default();
    let node = Node::open(&config, clock.clone()).await?;
    let secrets = AppSecrets {
        signing_keys: vec![SigningKey { secret: SIG_KEY.into(), added_at: 0 }],
        access_keys: vec![AccessKey { id: KEY_ID.into(), secret: KEY_SECRET.into() }],
        ..AppSecrets::default()
    };
    node.apps.add(clock.now(), APP, AppSettings::default(), secrets).await?;
    let running = Running::start(node, &config, None).await?;
    let address = running.http.ok_or("no address")?;
    let meeting = Arc::new(Meeting::default());
    let mut devices = connect(address, &meeting).await?;
    let (mut rounds, mut calls) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        let (began, wait) = (Instant::now(), Duration::from_secs(effort.seconds));
        let mut took = call(address, &meeting, wait).await?;
        let elapsed = began.elapsed();
        let mut met = meeting.settle(took.len()).await?;
        rounds.push(Rate::of(took.len() as u64, elapsed, &mut met));
        calls.push(Rate::of(took.len() as u64, elapsed, &mut took));
    }
    while let Some(ended) = devices.try_join_next() {
        ended??;
    }
    devices.shutdown().await;
    running.stop().await;
    let (rate, calls) = (Rate::median(rounds), Rate::median(calls));
    Ok(Figure {
        name: format!("`Push` by account at {PER_SECOND}/s, from the HTTP answer to the device's frame, {engine}"),
        figure: format!("p99 {:.1} ms at {:.0} pushes/s", rate.p99_ms, rate.per_second),
        goal: format!("p99 < 20 ms at {PER_SECOND}/s"),
        raw: "–".into(),
        ratio: None,
        latency: format!("{:.1} / {:.1} ms", rate.p50_ms, rate.p99_ms),
        note: format!("the call itself {:.1} / {:.1} ms", calls.p50_ms, calls.p99_ms),
    })
}

/// Where the answer of a call and its frame meet.
#[derive(Default)]
struct Meeting {
    waiting: Mutex<HashMap<i64, (bool, Instant)>>,
    took: Mutex<Vec<u32>>,
}

impl Meeting {
    /// Notes that one side is there; the second one ends it. A frame may come before the answer: that took no time.
    fn come(&self, id: i64, is_frame: bool, at: Instant) {
        let other = {
            let mut waiting = self.waiting.lock();
            let known = waiting.remove(&id);
            let Some((_, other)) = known.filter(|(was_frame, _)| *was_frame != is_frame) else {
                // The first side, or the same one again: a frame that was sent twice counts once.
                waiting.insert(id, known.unwrap_or((is_frame, at)));
                return;
            };
            other
        };
        let (answer, frame) = if is_frame { (other, at) } else { (at, other) };
        self.took.lock().push(frame.saturating_duration_since(answer).as_micros() as u32);
    }

    /// Waits until all calls of a round have met their frames; answers how long each took.
    async fn settle(&self, count: usize) -> Outcome<Vec<u32>> {
        let deadline = Instant::now() + LAST_WAIT;
        while self.took.lock().len() < count {
            if Instant::now() > deadline {
                return Err(format!("of {count} pushes {} arrived", self.took.lock().len()).into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.waiting.lock().clear();
        Ok(std::mem::take(&mut *self.took.lock()))
    }
}

/// Logs the devices in; each acknowledges what it gets.
async fn connect(address: SocketAddr, meeting: &Arc<Meeting>) -> Outcome<JoinSet<Outcome>> {
    let (mut logins, mut devices) = (JoinSet::new(), JoinSet::new());
    let mut number = 0;
    while number < ACCOUNTS || !logins.is_empty() {
        while number < ACCOUNTS && logins.len() < LOGINS {
            logins.spawn(log_in(address, format!("u{number}")));
            number += 1;
        }
        if let Some(done) = logins.join_next().await {
            let (socket, greeting) = done??;
            devices.spawn(receive(socket, greeting, Arc::clone(meeting)));
        }
    }
    Ok(devices)
}

/// A device that is logged in, and a frame of its own that lacks only what it says.
async fn log_in(address: SocketAddr, user: String) -> Outcome<(Socket<TcpStream>, Frame)> {
    let sig = user_sig::sign(APP, SIG_KEY, &user, Clock::default().now().plus(-1_000), 86_400);
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut socket = Socket::open(stream).await?;
    let answer = socket.log_in(APP.0, &user, &user, &sig).await?;
    let own = Frame { seq: 1, app: u64::try_from(APP.0)?, account: user, cookie: answer.cookie, ..Frame::default() };
    Ok((socket, own))
}

async fn receive(mut socket: Socket<TcpStream>, mut own: Frame, meeting: Arc<Meeting>) -> Outcome {
    loop {
        let payload = socket.next().await?;
        let at = Instant::now();
        let frame = Frame::from_bytes(payload, FRAME_BYTES).map_err(|fault| format!("{fault:?}"))?;
        if frame.command != i32::from(Command::Pushed) {
            continue;
        }
        let notice: PushNotice = frame.read().map_err(|fault| format!("{fault:?}"))?;
        let id: [u8; 16] = notice.id.as_slice().try_into()?;
        meeting.come(push::delivery::of_id(&id).0, true, at);
        own.seq += 1;
        let ack = Frame::request(Command::PushAck, &PushAck { id: notice.id });
        socket.send(&Frame { command: ack.command, body: ack.body, ..own.clone() }).await?;
    }
}

/// Calls at the steady rate; answers how long each call took.
async fn call(address: SocketAddr, meeting: &Arc<Meeting>, wait: Duration) -> Outcome<Vec<u32>> {
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        callers.spawn(caller(address, number, Arc::clone(meeting), began, began + wait));
    }
    let mut took = Vec::new();
    while let Some(ended) = callers.join_next().await {
        took.append(&mut ended??);
    }
    Ok(took)
}

async fn caller(
    address: SocketAddr,
    number: u64,
    meeting: Arc<Meeting>,
    began: Instant,
    end: Instant,
) -> Outcome<Vec<u32>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let pause = Duration::from_secs_f64(CALLERS as f64 / PER_SECOND as f64);
    let mut due = began + pause.mul_f64(number as f64 / CALLERS as f64);
    let (mut took, mut answer, mut count) = (Vec::new(), Vec::new(), number as usize);
    while due < end && Instant::now() < end {
        tokio::time::sleep_until(due.into()).await;
        let request =
            format!("POST /?{} HTTP/1.1\r\nhost: bench\r\ncontent-length: 0\r\n\r\n", query(count % ACCOUNTS)?);
        let asked = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        answer.clear();
        http::read(&mut stream, &mut answer).await?;
        let answered = Instant::now();
        meeting.come(message_id(&answer)?, false, answered);
        took.push(answered.duration_since(asked).as_micros() as u32);
        count += CALLERS as usize;
        due += pause;
    }
    Ok(took)
}

/// A signed call; nothing in it needs to be encoded but the time and the signature.
fn query(account: usize) -> Outcome<String> {
    let time = moment::write(Clock::default().now()).replace(':', "%3A");
    let nonce = uuid::Uuid::new_v4().simple();
    let query = format!(
        "AccessKeyId={KEY_ID}&Action=Push&AppKey={APP}&Body=a-notification-of-the-usual-length&DeviceType=ANDROID\
         &Format=JSON&PushType=NOTICE&SignatureMethod=HMAC-SHA1&SignatureNonce={nonce}&SignatureVersion=1.0\
         &Target=ACCOUNT&TargetValue=u{account}&Timestamp={time}&Title=a-title&Version=2016-08-01"
    );
    let request = Request { method: "POST", path: "/", query: &query, headers: &[], body: b"" };
    let params = Params::of(&request).map_err(|fault| format!("{fault:?}"))?;
    let signature = sign_rpc("POST", &params, KEY_SECRET);
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    Ok(format!("{query}&Signature={signature}"))
}

fn message_id(answer: &[u8]) -> Outcome<i64> {
    let text = String::from_utf8_lossy(answer);
    let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
    let fields: serde_json::Value = serde_json::from_str(body)?;
    let id = fields["MessageId"].as_str().and_then(|id| id.parse().ok());
    id.ok_or_else(|| format!("not a good answer: {text}").into())
}
