//! A node in this process, spoken to over HTTP, on either engine.
//!
//! `both!` makes one test into two, `<test>::sqlite` and `<test>::postgres`. An [`Im`] is a node with a store of its
//! own, a clock that stands still until it is moved, and an app; [`Im::call`] calls a command as its administrator.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use contract::codes::Row;
use contract::ledger::{How, note};
use contract::{AppId, Millis, user_sig};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use server::clock::Clock;
use server::config::{Config, Listen, MediaConfig, Outbound, Secrets, StoreConfig};
use server::node::{Node, Running};
use store::apps::{App, AppSecrets, AppSettings, SigningKey};
use store::testing::{TestEngine, TestStore, Witness, permissive};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The app of every test.
pub(crate) const APP: AppId = AppId(1_400_000_001);
/// Its administrator.
pub(crate) const ADMIN: &str = "administrator";
/// The key that its UserSigs are signed with.
pub(crate) const KEY: &str = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
/// Where the clock stands at first: 2023-11-14, in the middle of a second.
pub(crate) const START: Millis = Millis(1_700_000_000_500);

/// Makes one test into two, one per engine.
macro_rules! both {
    ($($(#[$doc:meta])* async fn $name:ident($im:ident: Im) $body:block)+) => {$(
        $(#[$doc])*
        async fn $name($im: $crate::harness::Im) $body

        mod $name {
            #[tokio::test]
            async fn sqlite() {
                let im = $crate::harness::Im::start(store::testing::TestEngine::Sqlite).await;
                super::$name(im.expect("SQLite is always tested")).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(im) = $crate::harness::Im::start(store::testing::TestEngine::Postgres).await {
                    super::$name(im).await;
                }
            }
        }
    )+};
}

/// A node that serves an app.
pub(crate) struct Im {
    /// The node.
    pub(crate) running: Running,
    /// Its time, and that of every node beside it.
    pub(crate) clock: Clock,
    config: Config,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
    connections: Mutex<JoinSet<()>>,
    /// Where files lie.
    media: Arc<tempfile::TempDir>,
    /// Where the data lies. Dropped after the node, so that nothing works there when it is removed.
    place: Arc<TestStore>,
}

impl Im {
    /// Starts a node on an empty store; none if this engine is not to be tested here.
    pub(crate) async fn start(engine: TestEngine) -> Option<Self> {
        Self::start_with(engine, |_| {}).await
    }

    /// Starts a node with other settings than the usual ones.
    pub(crate) async fn start_with(engine: TestEngine, change: impl FnOnce(&mut Config)) -> Option<Self> {
        let place = TestStore::open(engine, permissive()).await?;
        // The node opens the store by its own configuration; this one only made the place.
        place.close().await;
        let mut config = config(&place);
        let media = Arc::new(tempfile::TempDir::with_prefix("noroshi-media-").expect("a folder for files"));
        config.media = MediaConfig { folder: Some(media.path().to_owned()), url: None };
        change(&mut config);
        let clock = Clock::standing(START);
        let node = Node::open(&config, clock.clone()).await.expect("the node opens");
        let secrets =
            AppSecrets { signing_keys: vec![SigningKey { secret: KEY.into(), added_at: 0 }], ..AppSecrets::default() };
        let added = node.apps.add(clock.now(), APP, AppSettings::default(), secrets).await;
        assert!(added.expect("the app is added"), "the store is not empty");
        let running = Running::start(node, &config, None).await.expect("the node starts");
        Some(Self {
            running,
            clock,
            config,
            idle: Mutex::default(),
            connections: Mutex::default(),
            media,
            place: Arc::new(place),
        })
    }

    /// Starts another process's node on the same data: it shares nothing with this one but the store and the time.
    pub(crate) async fn second(&self) -> Self {
        self.second_with(|_| {}).await
    }

    /// As [`Self::second`], with other settings.
    pub(crate) async fn second_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.config.clone();
        change(&mut config);
        let node = Node::open(&config, self.clock.clone()).await.expect("the second node opens");
        let running = Running::start(node, &config, None).await.expect("the second node starts");
        let (clock, place, media) = (self.clock.clone(), Arc::clone(&self.place), Arc::clone(&self.media));
        Self { running, clock, config, idle: Mutex::default(), connections: Mutex::default(), media, place }
    }

    /// Starts the node anew, as after a restart of the process.
    pub(crate) async fn restart(self) -> Self {
        self.node().store.close().await;
        self.second().await
    }

    /// Puts a copy in place of the store, which is a file, and starts the node anew.
    pub(crate) async fn restored(self, copy: &std::path::Path) -> Self {
        self.node().store.close().await;
        let file = self.place.file().expect("a store that is a file");
        for suffix in ["", "-wal", "-shm"] {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            match std::fs::remove_file(&name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
                _ => {}
            }
        }
        store::restore(copy, &file).expect("the copy is sound");
        self.second().await
    }

    /// The node.
    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.running.node
    }

    /// Which engine it runs on.
    pub(crate) fn engine(&self) -> TestEngine {
        self.place.engine()
    }

    /// Who sees what is written to the store; none where it is no file.
    pub(crate) fn witness(&self) -> Option<Witness> {
        // A node says that it lives, delivers what is queued, cares for the history and writes down what it counted, by
        // itself.
        const OWN: [&str; 6] = ["nodes", "outbox", "deliveries", "history_marks", "statistics", "statistics_accounts"];
        self.place.file().map(|file| Witness::open(&file, &OWN))
    }

    /// Where files lie.
    pub(crate) fn media(&self) -> &std::path::Path {
        self.media.path()
    }

    /// How the store is opened, for those who disturb it.
    pub(crate) fn store_url(&self) -> String {
        self.config.store.url.clone()
    }

    /// Where plain HTTP is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.http.expect("the test listens on HTTP")
    }

    /// Changes the app.
    pub(crate) async fn app(&self, change: impl Fn(&mut AppSettings, &mut AppSecrets)) -> Arc<App> {
        let changed = self.node().apps.change(APP, change).await;
        changed.expect("the app is changed").expect("the app is there")
    }

    /// Runs a statement in the store, to break or repair it.
    pub(crate) async fn sql(&self, sql: store::Sql) {
        let run = self.node().store.write(AppId::PLATFORM, move |tx| tx.run(sql, ()).map(drop));
        run.await.expect("the statement runs");
    }

    /// A UserSig that was signed a minute ago and lives for a day.
    pub(crate) fn sig(&self, user: &str) -> String {
        sig_at(user, self.clock.now().plus(-60_000))
    }

    /// Calls a command as the administrator.
    pub(crate) async fn call(&self, command: &str, body: Value) -> Answer {
        self.raw(command, body.to_string()).await
    }

    /// Calls a command as the administrator, with a body that may be anything.
    pub(crate) async fn raw(&self, command: &str, body: impl Into<Bytes>) -> Answer {
        self.ask(command, &query(ADMIN, &self.sig(ADMIN)), body).await
    }

    /// Calls a command in the name of an account with its UserSig.
    pub(crate) async fn call_as(&self, user: &str, sig: &str, command: &str, body: Value) -> Answer {
        self.ask(command, &query(user, sig), body.to_string()).await
    }

    /// Calls a command with a query that may be anything.
    pub(crate) async fn ask(&self, command: &str, query: &str, body: impl Into<Bytes>) -> Answer {
        self.send("POST", &format!("/v4/{command}?{query}"), body).await
    }

    /// Sends any request.
    pub(crate) async fn send(&self, method: &str, target: &str, body: impl Into<Bytes>) -> Answer {
        self.send_with(method, target, &[], body).await
    }

    /// Sends any request with headers of its own.
    pub(crate) async fn send_with(
        &self,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = http::Request::builder().method(method).uri(target).header("host", "noroshi.test");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body.into())).expect("a request");
        let mut connection = self.connection().await;
        let answer = connection.send_request(request).await.expect("the server answers every request");
        let (head, body) = answer.into_parts();
        let body = body.collect().await.expect("the answer comes whole").to_bytes();
        self.idle.lock().push(connection);
        Answer { what: target.to_owned(), head, body }
    }

    /// Forgets connections that are kept open: the server may be about to close them.
    pub(crate) fn hang_up(&self) {
        self.idle.lock().clear();
    }

    async fn connection(&self) -> SendRequest<Full<Bytes>> {
        loop {
            let kept = self.idle.lock().pop();
            let Some(mut kept) = kept else { break };
            if kept.ready().await.is_ok() {
                return kept;
            }
        }
        let stream = TcpStream::connect(self.address()).await.expect("the server accepts");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("a connection");
        self.connections.lock().spawn(async move { drop(connection.await) });
        sender
    }

    /// Imports accounts.
    pub(crate) async fn import(&self, users: &[&str]) {
        for users in users.chunks(100) {
            self.call("im_open_login_svc/multiaccount_import", json!({ "Accounts": users })).await.ok();
        }
    }

    /// Sends a text and answers its key.
    pub(crate) async fn text(&self, sender: &str, receiver: &str, random: u32, text: &str) -> String {
        let answer = self.call("openim/sendmsg", message(sender, receiver, random, text)).await.ok();
        answer["MsgKey"].as_str().expect("a key").to_owned()
    }

    /// Reads the newest page of a conversation as `viewer` sees it.
    pub(crate) async fn history(&self, viewer: &str, peer: &str) -> Value {
        let span = json!({ "Operator_Account": viewer, "Peer_Account": peer, "MaxCnt": 100, "MinTime": 0,
            "MaxTime": 4_000_000_000_u32 });
        self.call("openim/admin_getroammsg", span).await.ok()
    }

    /// The texts of the newest page of a conversation, oldest first; a recalled message is none.
    pub(crate) async fn texts(&self, viewer: &str, peer: &str) -> Vec<String> {
        texts(&self.history(viewer, peer).await)
    }

    /// Counts what an account has not read from a peer.
    pub(crate) async fn unread(&self, account: &str, peer: &str) -> i64 {
        let body = json!({ "To_Account": account, "Peer_Account": [peer] });
        let answer = self.call("openim/get_c2c_unread_msg_num", body).await.ok();
        answer["C2CUnreadMsgNumList"][0]["C2CUnreadMsgNum"].as_i64().expect("a count")
    }

    /// Counts what an account has not read altogether.
    pub(crate) async fn unread_total(&self, account: &str) -> i64 {
        let answer = self.call("openim/get_c2c_unread_msg_num", json!({ "To_Account": account })).await.ok();
        answer["AllC2CUnreadMsgNum"].as_i64().expect("a count")
    }
}

impl Drop for Im {
    fn drop(&mut self) {
        // On a thread of its own, because the test's runtime must not be blocked from inside.
        let store = self.running.node.store.clone();
        let closed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(store.close());
        });
        drop(closed.join());
    }
}

fn config(place: &TestStore) -> Config {
    let (url, data) = match place.settings() {
        store::Settings::Postgres { url, .. } => (url.clone(), std::env::temp_dir()),
        store::Settings::Sqlite { path, .. } => ("sqlite".into(), path.parent().expect("a folder").to_owned()),
    };
    Config {
        data,
        name: "test".into(),
        store: StoreConfig { url, threads: 4, cache_mb: 16 },
        listen: Listen { http: Some(SocketAddr::from(([127, 0, 0, 1], 0))), https: None, admin: None },
        secrets: Secrets { master_key: Some("42".repeat(32)), ..Secrets::default() },
        // Where the receivers of the tests are.
        outbound: Outbound { networks: vec!["127.0.0.1".into()] },
        ..Config::default()
    }
}

/// A UserSig that was signed at a moment and lives for a day.
pub(crate) fn sig_at(user: &str, at: Millis) -> String {
    user_sig::sign(APP, KEY, user, at, 86_400)
}

/// The query by which an account calls.
pub(crate) fn query(user: &str, sig: &str) -> String {
    format!("sdkappid={APP}&identifier={user}&usersig={sig}&random=1&contenttype=json")
}

/// The body of a text from one to another.
pub(crate) fn message(sender: &str, receiver: &str, random: u32, text: &str) -> Value {
    json!({ "From_Account": sender, "To_Account": receiver, "MsgRandom": random, "MsgBody": elements(text) })
}

/// A message body with one text.
pub(crate) fn elements(text: &str) -> Value {
    json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": text } }])
}

/// A body with other values at some of its fields; null takes a field away.
pub(crate) fn with(mut body: Value, changes: Value) -> Value {
    let fields = body.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    body
}

/// The texts of a page of history, oldest first; a recalled message is none.
pub(crate) fn texts(page: &Value) -> Vec<String> {
    let messages = page["MsgList"].as_array().expect("a list").iter();
    messages.filter_map(|message| message["MsgBody"][0]["MsgContent"]["Text"].as_str().map(str::to_owned)).collect()
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    what: String,
    head: http::response::Parts,
    body: Bytes,
}

impl Answer {
    /// The body, after what every answer of the surface must be: HTTP 200 and the envelope.
    #[track_caller]
    pub(crate) fn value(&self) -> Value {
        assert_eq!(self.head.status, 200, "{}", self.what);
        assert_eq!(
            self.head.headers.get("content-type").map(http::HeaderValue::as_bytes),
            Some(&b"application/json"[..])
        );
        assert_eq!(
            self.head.headers.get("access-control-allow-origin").map(http::HeaderValue::as_bytes),
            Some(&b"*"[..])
        );
        let value: Value = serde_json::from_slice(&self.body).expect("the answer is JSON");
        let status = value["ActionStatus"].as_str().expect("an ActionStatus");
        let code = value["ErrorCode"].as_i64().expect("an ErrorCode");
        assert!(value["ErrorInfo"].is_string(), "{value}");
        assert_eq!(status == "FAIL", code != 0, "{value}");
        value
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        let value = self.value();
        assert_eq!(value["ActionStatus"], "OK", "{}: {value}", self.what);
        assert_eq!(value["ErrorInfo"], "", "{value}");
        value
    }

    /// Whether the call was refused with a code.
    #[track_caller]
    pub(crate) fn is(&self, code: impl Into<&'static Row>) -> bool {
        self.value()["ErrorCode"].as_i64() == code.into().number().map(i64::from)
    }

    /// The body of a success in part.
    #[track_caller]
    pub(crate) fn is_partial(&self) -> Value {
        let value = self.value();
        assert_eq!(value["ActionStatus"], "SomeError", "{}: {value}", self.what);
        value
    }

    /// Checks that the call was refused with a code, by number and by text, and nothing else was answered.
    #[track_caller]
    pub(crate) fn fails(&self, code: impl Into<&'static Row>) {
        self.fails_by(code, How::Request);
    }

    /// As [`Self::fails`], where the trouble that is answered was made.
    #[track_caller]
    pub(crate) fn fails_by(&self, code: impl Into<&'static Row>, how: How) {
        let row = code.into();
        let value = self.value();
        let number = i64::from(row.number().expect("codes of this surface are numbers"));
        assert_eq!(value["ErrorCode"], number, "{}: {value}, not {}", self.what, row.name);
        assert_eq!(value["ActionStatus"], "FAIL", "{value}");
        let info = value["ErrorInfo"].as_str().expect("a text");
        // A field's name may follow the text.
        let follows = info.strip_prefix(row.text).map(|rest| rest.is_empty() || rest.starts_with(": "));
        assert_eq!(follows, Some(true), "{value}, not {:?}", row.text);
        assert_eq!(value.as_object().map(serde_json::Map::len), Some(3), "{value}");
        note(row, how);
    }

    /// The bytes of the body.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    /// Checks that a transfer of a file was refused with an HTTP status and a code. Answers what is said.
    #[track_caller]
    pub(crate) fn is_refused(&self, status: u16, code: impl Into<&'static Row>) {
        let row = code.into();
        let value: Value = serde_json::from_slice(&self.body).expect("a refusal is JSON");
        let number = i64::from(row.number().expect("codes of this surface are numbers"));
        assert_eq!(
            (self.head.status.as_u16(), value["ErrorCode"].as_i64()),
            (status, Some(number)),
            "{value}, not {}",
            row.name
        );
        assert!(value["ErrorInfo"].as_str().is_some_and(|text| text.starts_with(row.text)), "{value}");
        note(row, How::Request);
    }

    /// The HTTP head.
    pub(crate) fn head(&self) -> &http::response::Parts {
        &self.head
    }
}

/// Notes and compares the code of one item of a list.
#[track_caller]
pub(crate) fn item_fails(number: &Value, code: impl Into<&'static Row>) {
    let row = code.into();
    assert_eq!(number.as_i64(), row.number().map(i64::from), "{}", row.name);
    note(row, How::Request);
}
