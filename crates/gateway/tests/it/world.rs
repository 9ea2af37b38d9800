//! A node without HTTP: a hub on a store of its own, a clock to move, devices to connect.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use ::chat::message::change::Named;
use ::chat::moderation::{Checked, Filter, Passed};
use bytes::Bytes;
use contract::codes::Row;
use contract::event::Event;
use contract::frame::wire::{LoginAnswer, LoginRequest, ResumeRequest, SendAnswer, SendRequest};
use contract::frame::{Command, Flag, Frame};
use contract::seal::{self, Channel};
use contract::user_sig::{self, Claim};
use contract::webhook::{Happening, Origin, Via, Wanted, Webhook};
use contract::{AppId, DeviceId, Fault, Millis, Result, UserId};
use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};
use gateway::{Front, Hub, Settings};
use parking_lot::RwLock;
use serde_json::Value;
use store::append::Draft;
use store::apps::{App, AppSecrets, AppSettings, SigningKey};
use store::words::Action;
use store::{Hooks, Store};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

pub(crate) const APP: AppId = AppId(1_400_000_000);
pub(crate) const KEY: &str = "a key that only tests know";
/// Longer than anything takes; a test that waits for it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Desk {
    clock: AtomicI64,
    apps: RwLock<HashMap<AppId, Arc<App>>>,
    /// Verifications never end.
    pub(crate) is_stuck: AtomicBool,
    /// What the app says to a message.
    pub(crate) verdict: RwLock<Verdict>,
    /// The words that the app does not want.
    pub(crate) words: RwLock<Option<Filter>>,
    /// What was noted for an operator: whose text, and what was found in it.
    pub(crate) noted: RwLock<Vec<(String, Vec<String>)>>,
}

/// What an app says to a message when it is asked.
#[derive(Clone, Default)]
pub(crate) enum Verdict {
    #[default]
    Pass,
    Drop,
    Refuse(Fault),
    Rewrite(String),
}

impl Desk {
    /// Gives the app a list of words.
    pub(crate) fn forbid(&self, words: &[(&str, Action)]) {
        let words = words.iter().map(|(word, action)| ((*word).to_owned(), *action)).collect();
        *self.words.write() = Some(Filter::new(APP, 1, words, HashSet::new()).unwrap());
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    /// An administrator of the app.
    pub(crate) fn admin(&self) -> String {
        let apps = self.apps.read();
        apps[&APP].settings.admins.first().expect("an administrator").clone()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut AppSettings)) {
        let mut apps = self.apps.write();
        let mut app = App::clone(&apps[&APP]);
        change(&mut app.settings);
        app.version += 1;
        apps.insert(APP, Arc::new(app));
    }
}

impl Front for Desk {
    fn now(&self) -> Millis {
        Millis(self.clock.load(Ordering::SeqCst))
    }

    fn arrived(&self, _: AppId, _: &UserId, _: &DeviceId) {}

    fn app(&self, id: AppId) -> Option<Arc<App>> {
        self.apps.read().get(&id).cloned()
    }

    fn check_body(&self, _: AppId, body: &mut Value) -> Result<Checked, Fault> {
        self.words.read().as_ref().map_or_else(|| Ok(Checked::default()), |words| words.check_body(body))
    }

    fn check_text(&self, _: AppId, text: &str) -> Result<Passed, Fault> {
        self.words.read().as_ref().map_or_else(|| Ok(Passed::default()), |words| words.check_text(text))
    }

    fn note(&self, _: AppId, named: &Named, _: &str, words: &[String]) -> BoxFuture<'static, Result<()>> {
        self.noted.write().push((named.sender.to_string(), words.to_vec()));
        Box::pin(async { Ok(()) })
    }

    fn before_send(
        &self,
        _: Arc<App>,
        origin: Origin,
        draft: Draft,
        _: Option<Value>,
        _: bool,
    ) -> BoxFuture<'static, Result<Option<Draft>>> {
        assert_eq!((origin.via, draft.told), (Via::Android, Some(origin)), "it is said who acts");
        let verdict = self.verdict.read().clone();
        Box::pin(async move {
            match verdict {
                Verdict::Pass => Ok(Some(draft)),
                Verdict::Drop => Ok(None),
                Verdict::Refuse(fault) => Err(fault.into()),
                Verdict::Rewrite(body) => Ok(Some(Draft { body, ..draft })),
            }
        })
    }

    fn verify(&self, app: Arc<App>, user: UserId, sig: String) -> BoxFuture<'static, Result<Claim>> {
        let (now, is_stuck) = (self.now(), self.is_stuck.load(Ordering::SeqCst));
        Box::pin(async move {
            if is_stuck {
                std::future::pending::<()>().await;
            }
            Ok(user_sig::verify(&sig, app.id, &user, &app.signing_keys(), now)?)
        })
    }
}

pub(crate) struct World {
    pub(crate) hub: Arc<Hub>,
    pub(crate) store: Store,
    pub(crate) desk: Arc<Desk>,
    pub(crate) settings: Settings,
    /// Events that the store announces get lost.
    pub(crate) is_deaf: Arc<AtomicBool>,
    _dir: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let hub: Arc<OnceLock<Weak<Hub>>> = Arc::default();
        let is_deaf: Arc<AtomicBool> = Arc::default();
        let (listener, deaf) = (Arc::clone(&hub), Arc::clone(&is_deaf));
        let announce = move |app: AppId, events: &[Event]| {
            if let Some(hub) = listener.get().and_then(Weak::upgrade)
                && !deaf.load(Ordering::SeqCst)
            {
                hub.announce(app, events);
            }
        };
        let all = Webhook::ALL.iter().copied().fold(Wanted::default(), Wanted::with);
        let hooks = Hooks { wanted: Arc::new(move |_| all), ..Hooks::new(::chat::message::decide, Arc::new(announce)) };
        let store = Store::open(&store::Settings::sqlite(dir.path().join("test.db")), hooks).await.unwrap();
        let key = SigningKey { secret: KEY.into(), added_at: 0 };
        let secrets = AppSecrets { signing_keys: vec![key], ..AppSecrets::default() };
        let app = App { id: APP, version: 1, settings: AppSettings::default(), secrets };
        let desk = Arc::new(Desk {
            clock: AtomicI64::new(1_700_000_000_000),
            apps: RwLock::new(HashMap::from([(APP, Arc::new(app))])),
            is_stuck: AtomicBool::new(false),
            verdict: RwLock::default(),
            words: RwLock::default(),
            noted: RwLock::default(),
        });
        let mut settings = Settings::new(7, vec![[3; 32]], seal::key_pair());
        settings.tick = Duration::from_millis(2);
        change(&mut settings);
        let made = Hub::new(settings.clone(), desk.clone(), store.clone());
        hub.set(Arc::downgrade(&made)).unwrap();
        let now = desk.now();
        store.write(AppId::PLATFORM, move |tx| store::platform::beat(tx, now, 7, "test")).await.unwrap();
        Self { hub: made, store, desk, settings, is_deaf, _dir: dir }
    }

    /// A connection in memory, whose pipe holds this many bytes.
    pub(crate) async fn connect_with(&self, pipe: usize) -> Device {
        let (near, far) = tokio::io::duplex(pipe);
        self.hub.adopt(far);
        Device::new(WebSocketStream::from_raw_socket(near, Role::Client, None).await)
    }

    pub(crate) async fn connect(&self) -> Device {
        self.connect_with(64 * 1024).await
    }

    /// A connection whose frames are sealed.
    pub(crate) async fn connect_sealed(&self) -> Device {
        let mut device = self.connect().await;
        let (opening, first) = seal::Opening::start(&self.settings.seal.public).unwrap();
        let request = Frame { seq: 1, command: Command::Seal.into(), body: first.into(), ..Frame::default() };
        device.send(request).await;
        let answer = device.next().await.expect("an answer");
        assert_eq!((answer.seq, answer.code), (1, 0));
        device.channel = Some(opening.finish(&answer.body).unwrap());
        device
    }

    pub(crate) fn sig(&self, account: &str) -> String {
        user_sig::sign(APP, KEY, account, self.desk.now(), 7 * 86_400)
    }

    pub(crate) fn login(&self, account: &str, device: &str) -> LoginRequest {
        LoginRequest { user_sig: self.sig(account), device: device.into(), platform: 2, sdk_version: "test".into() }
    }

    /// A device that is logged in.
    pub(crate) async fn device(&self, account: &str, device: &str) -> Device {
        let mut connection = self.connect().await;
        connection.log_in(account, &self.login(account, device)).await;
        connection
    }

    /// A device of a platform that is logged in.
    pub(crate) async fn device_on(&self, account: &str, device: &str, platform: i32) -> Device {
        let mut connection = self.connect().await;
        let login = LoginRequest { platform, ..self.login(account, device) };
        connection.log_in(account, &login).await;
        connection
    }

    /// What webhooks would tell, in order.
    pub(crate) async fn told(&self) -> Vec<(Origin, Happening)> {
        let load = |snapshot: &mut store::Snapshot<'_>| {
            let ids: Vec<i64> = store::webhooks::ids(snapshot, 0, 100)?.0.into_iter().map(|(id, _)| id).collect();
            store::webhooks::load(snapshot, &ids)
        };
        let batches = self.store.read(APP, load).await.unwrap();
        let events = batches.into_iter().flat_map(|batch| batch.events);
        events.map(|event| (event.origin, event.happening.unwrap())).collect()
    }

    pub(crate) async fn kick(&self, account: &str) {
        let (now, account) = (self.desk.now(), UserId::trusted(account));
        self.store.write(APP, move |tx| ::chat::account::kick(tx, now, &account)).await.unwrap();
    }
}

/// A device, or what pretends to be one.
pub(crate) struct Device<S = DuplexStream> {
    ws: WebSocketStream<S>,
    seq: u32,
    pub(crate) app: u64,
    pub(crate) account: String,
    pub(crate) cookie: Bytes,
    pub(crate) grant: LoginAnswer,
    pub(crate) channel: Option<Channel>,
    notices: VecDeque<Frame>,
    answers: BTreeMap<u32, Frame>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Device<S> {
    pub(crate) fn new(ws: WebSocketStream<S>) -> Self {
        Self {
            ws,
            seq: 0,
            app: APP.0 as u64,
            account: String::new(),
            cookie: Bytes::new(),
            grant: LoginAnswer::default(),
            channel: None,
            notices: VecDeque::new(),
            answers: BTreeMap::new(),
        }
    }

    /// Sends a frame as it is.
    pub(crate) async fn send(&mut self, frame: Frame) {
        let mut bytes = frame.to_bytes();
        if let Some(channel) = &mut self.channel {
            let body = channel.seal(&bytes).unwrap();
            bytes = Frame { flags: Flag::Sealed as u32, body: body.into(), ..Frame::default() }.to_bytes();
        }
        self.raw(bytes).await;
    }

    /// Sends a binary message. What the other side makes of it, and whether it is still there, shows when it is read.
    pub(crate) async fn raw(&mut self, bytes: Bytes) {
        drop(self.ws.send(Message::Binary(bytes)).await);
    }

    pub(crate) async fn say(&mut self, message: Message) {
        drop(self.ws.send(message).await);
    }

    pub(crate) fn number(&mut self, mut frame: Frame) -> Frame {
        self.seq += 1;
        frame.seq = self.seq;
        frame.app = self.app;
        frame.account.clone_from(&self.account);
        frame.cookie = self.cookie.to_vec();
        frame
    }

    /// The next frame, or none when the connection ended.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.ws.next()).await.expect("the gateway says something");
            match message {
                Some(Ok(Message::Binary(bytes))) => {
                    let frame = Frame::from_bytes(bytes, 1 << 22).unwrap();
                    return Some(match &mut self.channel {
                        Some(channel) => {
                            assert!(frame.has(Flag::Sealed), "nothing travels in the open: {frame:?}");
                            Frame::from_bytes(channel.open(&frame.body).unwrap().into(), 1 << 22).unwrap()
                        }
                        None => frame,
                    });
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn ask(&mut self, frame: Frame) -> Frame {
        let frame = self.number(frame);
        let seq = frame.seq;
        self.send(frame).await;
        self.answer(seq).await
    }

    pub(crate) async fn answer(&mut self, seq: u32) -> Frame {
        loop {
            if let Some(answer) = self.answers.remove(&seq) {
                return answer;
            }
            let frame = self.next().await.expect("the connection stays until the answer");
            if frame.has(Flag::Answer) {
                self.answers.insert(frame.seq, frame);
            } else {
                self.notices.push_back(frame);
            }
        }
    }

    pub(crate) async fn call(&mut self, command: Command, body: &impl Body) -> Frame {
        self.ask(body.request(command)).await
    }

    /// Waits for a notice.
    pub(crate) async fn any_notice(&mut self) -> Frame {
        match self.notices.pop_front() {
            Some(frame) => frame,
            None => self.next().await.expect("the connection stays until the notice"),
        }
    }

    /// Passes over the notices that came, and answers them.
    pub(crate) fn forget(&mut self) -> Vec<Frame> {
        self.notices.drain(..).collect()
    }

    /// Waits for a notice, which must be of this kind.
    pub(crate) async fn notice(&mut self, command: Command) -> Frame {
        let frame = self.any_notice().await;
        assert_eq!((frame.command(), frame.seq), (command, 0));
        frame
    }

    /// Whatever was queued for the device has arrived, and nothing of it is left to be looked at.
    pub(crate) async fn is_silent(&mut self) -> bool {
        // Its own answer comes behind every notice that was queued before.
        let answer = self.call(Command::Heartbeat, &Empty).await;
        assert_eq!(answer.code, 0, "{}", answer.text);
        self.notices.is_empty()
    }

    /// The connection ends, with nothing before that.
    pub(crate) async fn ends(&mut self) {
        assert_eq!(self.next().await, None);
    }

    pub(crate) async fn log_in(&mut self, account: &str, request: &LoginRequest) {
        self.account = account.into();
        let answer = self.call(Command::Login, request).await;
        self.keep(&answer);
    }

    pub(crate) async fn resume(&mut self, of: &LoginAnswer, account: &str, device: &str) -> Frame {
        self.account = account.into();
        let request = ResumeRequest { ticket: of.ticket.clone(), key: of.key.clone(), device: device.into() };
        self.call(Command::Resume, &request).await
    }

    pub(crate) fn keep(&mut self, answer: &Frame) {
        assert_eq!(answer.code, 0, "{}", answer.text);
        self.grant = answer.read().unwrap();
        self.cookie = self.grant.cookie.clone().into();
    }

    pub(crate) async fn write(&mut self, to: &str, number: u32) -> SendAnswer {
        let answer = self.call(Command::Send, &text(to, number)).await;
        assert_eq!(answer.code, 0, "{}", answer.text);
        answer.read().unwrap()
    }
}

/// A body of a request.
pub(crate) trait Body {
    fn request(&self, command: Command) -> Frame;
}

/// No body.
pub(crate) struct Empty;

impl Body for Empty {
    fn request(&self, command: Command) -> Frame {
        Frame { command: command.into(), ..Frame::default() }
    }
}

macro_rules! bodies {
    ($($name:ident)*) => {$(
        impl Body for contract::frame::wire::$name {
            fn request(&self, command: Command) -> Frame {
                Frame::request(command, self)
            }
        }
    )*};
}

bodies! {
    LoginRequest ResumeRequest SendRequest MessageRef ReadRequest ReceiptRequest HistoryRequest HeadsRequest
    SinceRequest StatusRequest TokenRequest PushAck PushRegistration ProfileSetRequest ProfileGetRequest FollowRequest FollowListRequest
    FollowCheckRequest
    RelationItems RelationPage FriendAddRequest FriendUpdateRequest RequestAccept
    RequestRef RequestsRequest FriendGroupNames FriendGroupRename FriendGroupChange
    ModifyRequest ExtendRequest ExtensionsRequest DeleteRequest StreamRequest
    BroadcastsRequest
    ConversationListRequest ConversationSyncRequest
    ConversationPinRequest ConversationMarkRequest ConversationDeleteRequest ConversationClearRequest
    ConversationGroupRequest
    GroupMemberChange GroupChangeRequest GroupJoinRequest GroupMembersRequest TopicHeadsRequest
    GroupRef GroupSendRequest LiveGuestsRequest LiveBanRequest AttributesRequest CountersRequest CountersChange TopicRequest TopicsRequest
    TopicRead PermissionGroupRequest PermissionGroupsRequest PermissionMembersRequest PermissionTopicsRequest
}

/// A text message.
pub(crate) fn text(to: &str, number: u32) -> SendRequest {
    SendRequest {
        to: to.into(),
        msg_seq: number,
        msg_random: number,
        body: format!(r#"[{{"MsgType":"TIMTextElem","MsgContent":{{"Text":"message {number}"}}}}]"#),
        ..SendRequest::default()
    }
}

/// The frame carries the number and the text of a row.
pub(crate) fn is_refusal(frame: &Frame, row: impl Into<&'static Row>) {
    let row = row.into();
    assert_eq!((Some(frame.code), frame.text.as_str()), (row.number(), row.text), "expected {}", row.name);
    contract::ledger::note(row, contract::ledger::How::Frame);
}

/// Waits until something is so.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "never: {what}");
}
