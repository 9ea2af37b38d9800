//! A server with groups and devices in them: what the benchmarks of groups have in common.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contract::frame::Frame;
use contract::{AppId, user_sig};
use serde_json::{Value, json};
use server::clock::Clock;
use server::rest::Rest;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::Outcome;
use crate::process::Server;
use crate::socket::Socket;

/// Calls and logins under way at a time.
const UNDER_WAY: usize = 32;
/// Members of one import.
const MEMBERS: usize = 300;
/// Accounts of one import.
const ACCOUNTS: usize = 100;
/// Loopback addresses that connections come from, so that ports do not run out.
const SOURCES: usize = 8;
/// How long the last notice may take.
const LAST_WAIT: Duration = Duration::from_secs(30);
/// A frame that only hints at what was left out: a command without a body.
const HINT_BYTES: usize = 3;

/// What all devices together have received.
pub(crate) struct Heard {
    began: Instant,
    /// Notices.
    pub(crate) count: AtomicU64,
    hints: AtomicU64,
    /// When the first and the last of a wave came, in microseconds.
    first_us: AtomicU64,
    last_us: AtomicU64,
}

impl Default for Heard {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            count: AtomicU64::new(0),
            hints: AtomicU64::new(0),
            first_us: AtomicU64::new(u64::MAX),
            last_us: AtomicU64::new(0),
        }
    }
}

impl Heard {
    /// Microseconds since the start.
    pub(crate) fn now_us(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }

    fn note(&self, bytes: usize) {
        if bytes <= HINT_BYTES {
            self.hints.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let now = self.now_us();
        self.first_us.fetch_min(now, Ordering::Relaxed);
        self.last_us.fetch_max(now, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Release);
    }

    /// Begins a wave; answers how many have come before.
    pub(crate) fn begin(&self) -> u64 {
        self.first_us.store(u64::MAX, Ordering::Relaxed);
        self.last_us.store(0, Ordering::Relaxed);
        self.count.load(Ordering::Acquire)
    }

    /// Waits until `count` notices came; answers when the first and the last did.
    pub(crate) async fn wait(&self, count: u64) -> Outcome<(u64, u64)> {
        let deadline = Instant::now() + LAST_WAIT;
        while self.count.load(Ordering::Acquire) < count {
            let hints = self.hints.load(Ordering::Relaxed);
            if Instant::now() > deadline || hints > 0 {
                let arrived = self.count.load(Ordering::Acquire);
                return Err(format!("{count} notices were sent, {arrived} and {hints} hints arrived").into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok((self.first_us.load(Ordering::Relaxed), self.last_us.load(Ordering::Relaxed)))
    }

    /// Waits until nothing comes any more: what was told of the devices' own arrival is over.
    pub(crate) async fn settle(&self) {
        let mut before = u64::MAX;
        loop {
            let count = self.count.load(Ordering::Acquire);
            if count == before {
                return;
            }
            before = count;
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }
}

/// Imports accounts `u0` to `u{count - 1}`, many calls at a time.
pub(crate) async fn import_accounts(server: &Server, count: usize) -> Outcome {
    let bodies = (0..count).step_by(ACCOUNTS).map(|first| {
        let names: Vec<String> = (first..count.min(first + ACCOUNTS)).map(|number| format!("u{number}")).collect();
        ("im_open_login_svc/multiaccount_import", json!({ "Accounts": names }))
    });
    call_all(server, bodies).await
}

/// Makes a group and imports accounts `u0` to `u{count - 1}` into it, in pages.
pub(crate) async fn import_group(server: &Server, group: &str, kind: &str, count: usize) -> Outcome {
    let make = json!({ "Type": kind, "GroupId": group, "Name": "many", "Owner_Account": "u0" });
    call(&server.rest()?, "group_open_http_svc/import_group", &make).await?;
    let bodies = (1..count).step_by(MEMBERS).map(|first| {
        let member = |number: usize| json!({ "Member_Account": format!("u{number}") });
        let members: Vec<Value> = (first..count.min(first + MEMBERS)).map(member).collect();
        ("group_open_http_svc/import_group_member", json!({ "GroupId": group, "MemberList": members }))
    });
    call_all(server, bodies).await
}

/// Calls a command, which must succeed.
pub(crate) async fn call(rest: &Rest, command: &str, body: &Value) -> Outcome<Value> {
    let answer = rest.call(command, body).await?;
    if answer["ErrorCode"] == 0 { Ok(answer) } else { Err(format!("{command}: {answer}").into()) }
}

/// A back end that calls while devices listen: on a thread of its own, so that what it waits for is the server and not the
/// devices' turn in this process.
pub(crate) struct Caller {
    asks: tokio::sync::mpsc::Sender<(&'static str, Value)>,
    answers: tokio::sync::mpsc::Receiver<Result<(Value, u32), String>>,
}

impl Caller {
    /// Starts the thread; it ends when this is dropped.
    pub(crate) fn start(server: &Server) -> Outcome<Self> {
        let rest = server.rest()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (asks, mut asked) = tokio::sync::mpsc::channel::<(&'static str, Value)>(1);
        let (answer, answers) = tokio::sync::mpsc::channel(1);
        std::thread::Builder::new().name("caller".into()).spawn(move || {
            runtime.block_on(async {
                while let Some((command, body)) = asked.recv().await {
                    let began = Instant::now();
                    let called = call(&rest, command, &body).await.map_err(|error| error.to_string());
                    let took = began.elapsed().as_micros() as u32;
                    if answer.send(called.map(|value| (value, took))).await.is_err() {
                        break;
                    }
                }
            });
        })?;
        Ok(Self { asks, answers })
    }

    /// Calls a command, which must succeed; answers what it said and after how many microseconds.
    pub(crate) async fn call(&mut self, command: &'static str, body: Value) -> Outcome<(Value, u32)> {
        self.asks.send((command, body)).await?;
        Ok(self.answers.recv().await.ok_or("the caller is gone")??)
    }
}

/// Makes many calls, a few at a time.
pub(crate) async fn call_all(server: &Server, bodies: impl IntoIterator<Item = (&'static str, Value)>) -> Outcome {
    let rest = Arc::new(server.rest()?);
    let mut tasks: JoinSet<Outcome> = JoinSet::new();
    for (command, body) in bodies {
        if tasks.len() >= UNDER_WAY
            && let Some(ended) = tasks.join_next().await
        {
            ended??;
        }
        let rest = Arc::clone(&rest);
        tasks.spawn(async move { call(&rest, command, &body).await.map(drop) });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// Devices of accounts `u{first}` and so on, which count what they hear as long as this is kept.
pub(crate) struct Devices {
    tasks: JoinSet<Outcome>,
    /// What they have heard.
    pub(crate) heard: Arc<Heard>,
}

impl Devices {
    /// Logs devices in; each sends a frame at first, if there is one to send.
    pub(crate) async fn connect(server: &Server, count: usize, greeting: Option<Frame>) -> Outcome<Self> {
        let heard = Arc::new(Heard::default());
        let (address, app, key) = (server.address("http")?, server.app(), server.text("secret_key").to_owned());
        let (mut logins, mut tasks) = (JoinSet::new(), JoinSet::new());
        let mut number = 0;
        while number < count || !logins.is_empty() {
            while number < count && logins.len() < UNDER_WAY {
                logins.spawn(log_in(address, app, key.clone(), number, greeting.clone()));
                number += 1;
            }
            if let Some(socket) = logins.join_next().await {
                tasks.spawn(receive(socket??, Arc::clone(&heard)));
            }
        }
        Ok(Self { tasks, heard })
    }

    /// Fails if one of them lost its connection.
    pub(crate) async fn end(mut self) -> Outcome {
        while let Some(ended) = self.tasks.try_join_next() {
            ended??;
        }
        self.tasks.shutdown().await;
        Ok(())
    }
}

async fn log_in(
    address: SocketAddr,
    app: i64,
    key: String,
    number: usize,
    greeting: Option<Frame>,
) -> Outcome<Socket<TcpStream>> {
    let user = format!("u{number}");
    let sig = user_sig::sign(AppId(app), &key, &user, Clock::default().now(), 86_400);
    let source = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2 + (number % SOURCES) as u8));
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((source, 0)))?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let mut socket = Socket::open(stream).await?;
    let answer = socket.log_in(app, &user, &user, &sig).await?;
    if let Some(greeting) = greeting {
        let frame = Frame { seq: 2, app: u64::try_from(app)?, account: user, cookie: answer.cookie, ..greeting };
        socket.send(&frame).await?;
    }
    Ok(socket)
}

async fn receive(mut socket: Socket<TcpStream>, heard: Arc<Heard>) -> Outcome {
    loop {
        let mut next = socket.next().await?;
        loop {
            heard.note(next.len());
            match socket.take()? {
                Some(more) => next = more,
                None => break,
            }
        }
    }
}

/// A message to a group.
pub(crate) fn message(group: &str, random: u32) -> Value {
    let text = "a message of the length that people write to each other, give or take a few words of it";
    json!({
        "GroupId": group, "Random": random, "MsgPriority": "High",
        "MsgBody": [{ "MsgType": "TIMTextElem", "MsgContent": { "Text": text } }],
    })
}
