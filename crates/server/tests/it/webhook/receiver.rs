//! An app's endpoint: HTTP, mostly in the plain, connections kept open, answers by script. It checks every call as the contract asks of
//! those who receive webhooks, and remembers all in the order in which they came.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::apps::{AppSecrets, AppSettings, CommandSettings, OnFailure};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::harness::APP;

/// What the webhooks of the tests are signed with.
pub(crate) const TOKEN: &str = "a-token-of-the-app";
/// How long something may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A call as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The parameters of the URL.
    pub(crate) query: BTreeMap<String, String>,
    /// The body.
    pub(crate) body: Value,
    /// Which connection it came by, from 0.
    pub(crate) connection: usize,
}

impl Seen {
    /// `CallbackCommand`.
    pub(crate) fn command(&self) -> &str {
        self.body["CallbackCommand"].as_str().expect("a command")
    }

    /// The first text of the message.
    pub(crate) fn text(&self) -> &str {
        self.body["MsgBody"][0]["MsgContent"]["Text"].as_str().expect("a text")
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    /// HTTP 200 with this.
    Json(Value),
    /// Another status, with a head of one's own.
    Status(u16, &'static str),
    /// HTTP 200 with these bytes.
    Raw(Vec<u8>),
    /// Nothing, for as long as the caller listens.
    Silence,
    /// The connection ends.
    Close,
    /// HTTP 200 after a while.
    Late(Duration),
}

impl Say {
    /// Yes.
    pub(crate) fn ok() -> Self {
        Self::Json(json!({ "ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "" }))
    }

    /// A number with words.
    pub(crate) fn code(code: i64, info: &str) -> Self {
        Self::Json(json!({ "ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": info }))
    }
}

type Script = Box<dyn Fn(&Seen) -> Say + Send + Sync>;

struct Shared {
    seen: Mutex<Vec<Seen>>,
    complaints: Mutex<Vec<String>>,
    script: Mutex<Script>,
    connections: AtomicUsize,
    /// Calls under way, and the most that ever were.
    busy: AtomicUsize,
    busiest: AtomicUsize,
}

/// The endpoint.
pub(crate) struct Receiver {
    /// Where it is.
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl Receiver {
    /// Starts an endpoint that says yes to all.
    pub(crate) async fn start() -> Self {
        Self::at(TcpListener::bind("127.0.0.1:0").await.expect("a port"), None)
    }

    /// Starts an endpoint that speaks HTTPS.
    pub(crate) async fn start_tls(tls: Arc<rustls::ServerConfig>) -> Self {
        Self::at(TcpListener::bind("127.0.0.1:0").await.expect("a port"), Some(TlsAcceptor::from(tls)))
    }

    /// Starts an endpoint where one was before.
    pub(crate) async fn again(address: SocketAddr) -> Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            socket.set_reuseaddr(true).expect("the address may be taken again");
            if socket.bind(address).is_ok() {
                return Self::at(socket.listen(64).expect("it listens"), None);
            }
            assert!(Instant::now() < deadline, "{address} is taken");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn at(listener: TcpListener, tls: Option<TlsAcceptor>) -> Self {
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            complaints: Mutex::default(),
            script: Mutex::new(Box::new(|_| Say::ok())),
            connections: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            busiest: AtomicUsize::new(0),
        });
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut tasks = JoinSet::new();
        let serving = Arc::clone(&shared);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = serving.connections.fetch_add(1, Ordering::SeqCst);
                let (shared, tls) = (Arc::clone(&serving), tls.clone());
                connections.spawn(async move {
                    // A caller that hangs up, or does not get through the handshake, has had enough.
                    match tls {
                        None => drop(serve(&shared, stream, number).await),
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                drop(serve(&shared, stream, number).await);
                            }
                        }
                    }
                });
            }
        });
        Self { address, scheme, shared, _tasks: tasks }
    }

    /// Answers by a script from now on.
    pub(crate) fn script(&self, script: impl Fn(&Seen) -> Say + Send + Sync + 'static) {
        *self.shared.script.lock() = Box::new(script);
    }

    /// Where webhooks are sent.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}/hooks?from=noroshi", self.scheme, self.address)
    }

    /// Makes an app send its webhooks here.
    pub(crate) fn hook(
        &self,
        commands: &[&str],
        on_failure: OnFailure,
    ) -> impl Fn(&mut AppSettings, &mut AppSecrets) + use<> {
        let url = self.url();
        let commands: Vec<String> = commands.iter().map(ToString::to_string).collect();
        move |settings, secrets| {
            settings.webhook.url.clone_from(&url);
            secrets.webhook_token = TOKEN.into();
            settings.webhook.commands = commands
                .iter()
                .map(|command| (command.clone(), CommandSettings { on_failure, ..CommandSettings::default() }))
                .collect();
        }
    }

    /// All calls so far, after what was wrong with any of them.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let complaints = self.shared.complaints.lock();
        assert!(complaints.is_empty(), "{complaints:#?}");
        self.shared.seen.lock().clone()
    }

    /// How many calls there were.
    pub(crate) fn count(&self) -> usize {
        self.shared.seen.lock().len()
    }

    /// The most calls that were under way at a time.
    pub(crate) fn busiest(&self) -> usize {
        self.shared.busiest.load(Ordering::SeqCst)
    }

    /// Waits for so many calls at least; answers all.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Seen> {
        let deadline = Instant::now() + PATIENCE;
        while self.count() < count {
            assert!(Instant::now() < deadline, "{} of {count} calls came: {:#?}", self.count(), self.seen());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.seen()
    }
}

async fn serve<S>(shared: &Shared, stream: S, connection: usize) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line.trim_end().is_empty() {
                break;
            }
            head.push(line.trim_end().to_owned());
        }
        let length = header(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let say = match check(&head, &body, connection) {
            Ok(seen) => {
                let say = (shared.script.lock())(&seen);
                shared.seen.lock().push(seen);
                say
            }
            Err(complaint) => {
                shared.complaints.lock().push(complaint);
                Say::Status(400, "")
            }
        };
        let busy = shared.busy.fetch_add(1, Ordering::SeqCst) + 1;
        shared.busiest.fetch_max(busy, Ordering::SeqCst);
        let is_open = answer(stream.get_mut(), say).await;
        shared.busy.fetch_sub(1, Ordering::SeqCst);
        if !is_open? {
            return Ok(());
        }
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, say: Say) -> std::io::Result<bool> {
    let ok = |body: &[u8]| {
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    match say {
        Say::Json(value) => stream.write_all(&ok(value.to_string().as_bytes())).await?,
        Say::Raw(bytes) => stream.write_all(&ok(&bytes)).await?,
        Say::Status(status, head) => {
            stream.write_all(format!("HTTP/1.1 {status} So\r\n{head}content-length: 0\r\n\r\n").as_bytes()).await?;
        }
        Say::Late(wait) => {
            tokio::time::sleep(wait).await;
            stream.write_all(&ok(b"{\"ActionStatus\":\"OK\",\"ErrorCode\":0,\"ErrorInfo\":\"\"}")).await?;
        }
        Say::Silence => {
            // Until the caller hangs up.
            let mut byte = [0];
            return Ok(stream.read(&mut byte).await? > 0);
        }
        Say::Close => return Ok(false),
    }
    Ok(true)
}

fn header<'h>(head: &'h [String], name: &str) -> Option<&'h str> {
    head.iter()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .find(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Checks what every receiver of webhooks is told to check.
fn check(head: &[String], body: &[u8], connection: usize) -> Result<Seen, String> {
    let line = head.first().ok_or("no request line")?;
    let target = line.strip_prefix("POST ").and_then(|rest| rest.strip_suffix(" HTTP/1.1")).ok_or(line.clone())?;
    let (path, query) = target.split_once('?').ok_or("no query")?;
    if path != "/hooks" || header(head, "host").is_none() || header(head, "content-type") != Some("application/json") {
        return Err(format!("{head:?}"));
    }
    let query: BTreeMap<String, String> = query
        .split('&')
        .map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or(pair))
        .collect::<Result<_, _>>()?;
    let of = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let sign = hex::encode(Sha256::digest(format!("{TOKEN}{}", of("RequestTime"))));
    let is_right = of("from") == "noroshi"
        && of("SdkAppid") == APP.to_string()
        && of("contenttype") == "json"
        && body["CallbackCommand"] == of("CallbackCommand")
        && of("OptPlatform").is_empty() == (of("CallbackCommand") == "Group.CallbackOnMemberStateChange")
        && of("Sign") == sign;
    if is_right { Ok(Seen { query, body, connection }) } else { Err(format!("{query:?} {body}")) }
}
