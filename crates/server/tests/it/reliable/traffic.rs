//! Senders that repeat what was not answered with the same identity, and remember what was.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contract::{ConversationId, Seq, UserId, user_sig};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use server::clock::Clock;
use server::node::Node;
use store::{Tx, accounts, sql};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::harness::{ADMIN, APP, KEY, elements, query};

/// Senders at once.
pub(crate) const SENDERS: usize = 12;
/// The senders from here on write to an account of their own each, which has a phone; those before write to each other.
pub(crate) const PHONES_FROM: usize = 8;
/// The longest wait for one answer.
const WAIT: Duration = Duration::from_secs(10);

/// An administrator's connection, made anew when it is gone.
pub(crate) struct Caller {
    /// Who calls.
    pub(crate) query: String,
    open: Option<(SocketAddr, SendRequest<Full<Bytes>>)>,
    connections: JoinSet<()>,
}

impl Caller {
    pub(crate) fn new() -> Self {
        let now = Clock::default().now();
        let sig = user_sig::sign(APP, KEY, ADMIN, now.plus(-60_000), 86_400);
        Self { query: query(ADMIN, &sig), open: None, connections: JoinSet::new() }
    }

    /// Calls a command; none if there was no answer, so that nobody knows what became of it.
    pub(crate) async fn call(&mut self, address: SocketAddr, command: &str, body: &Value) -> Option<Value> {
        let answered = tokio::time::timeout(WAIT, self.exchange(address, command, body)).await;
        let answer = answered.expect("an answer or an end comes in time");
        if answer.is_none() {
            self.open = None;
        }
        answer
    }

    async fn exchange(&mut self, address: SocketAddr, command: &str, body: &Value) -> Option<Value> {
        let is_open = self.open.as_ref().is_some_and(|(to, open)| *to == address && !open.is_closed());
        if !is_open {
            let stream = TcpStream::connect(address).await.ok()?;
            let (open, connection) = handshake(TokioIo::new(stream)).await.ok()?;
            self.connections.spawn(async move { drop(connection.await) });
            while self.connections.try_join_next().is_some() {}
            self.open = Some((address, open));
        }
        let (_, open) = self.open.as_mut()?;
        open.ready().await.ok()?;
        let request = http::Request::post(format!("/v4/{command}?{}", self.query))
            .header("host", "noroshi.test")
            .body(Full::new(Bytes::from(body.to_string())))
            .expect("a request");
        let answer = open.send_request(request).await.ok()?;
        assert_eq!(answer.status(), 200, "whatever happens, the surface answers with 200");
        // A body that is cut off is no answer.
        let body = answer.into_body().collect().await.ok()?.to_bytes();
        Some(serde_json::from_slice(&body).expect("an answer that came whole is JSON"))
    }
}

/// Who a sender writes to.
pub(crate) fn receiver_of(sender: usize) -> String {
    if sender >= PHONES_FROM { format!("phone{sender}") } else { format!("s{}", sender ^ 1) }
}

/// The text of a sender's message.
pub(crate) fn text_of(sender: usize, number: u32) -> String {
    format!("s{sender} says {number}")
}

/// Adds everybody who writes or is written to.
pub(crate) async fn add_accounts(node: &Node) {
    let now = node.clock.now();
    let added = node.store.write(APP, move |tx: &mut Tx<'_>| {
        for sender in 0..SENDERS {
            accounts::import(tx, now, &UserId::trusted(&format!("s{sender}")))?;
            accounts::import(tx, now, &UserId::trusted(&receiver_of(sender)))?;
        }
        Ok(())
    });
    added.await.expect("the accounts are added");
}

/// All senders at work.
pub(crate) struct Traffic {
    address: watch::Sender<Option<SocketAddr>>,
    stop: watch::Sender<bool>,
    /// Per sender, the keys of the messages 1, 2, 3 … that were acknowledged.
    told: Arc<Mutex<Vec<Vec<String>>>>,
    /// Sends that got no answer, and sends that got a refusal.
    unanswered: Arc<Mutex<(u32, Vec<Value>)>>,
    tasks: JoinSet<()>,
}

impl Traffic {
    /// Starts all senders; they wait for an address.
    pub(crate) fn start() -> Self {
        let (address, at) = watch::channel(None);
        let (stop, stopped) = watch::channel(false);
        let told = Arc::new(Mutex::new(vec![Vec::new(); SENDERS]));
        let unanswered = Arc::default();
        let mut tasks = JoinSet::new();
        for sender in 0..SENDERS {
            let worker = Sender {
                sender,
                at: at.clone(),
                stopped: stopped.clone(),
                told: Arc::clone(&told),
                unanswered: Arc::clone(&unanswered),
            };
            tasks.spawn(worker.run());
        }
        Self { address, stop, told, unanswered, tasks }
    }

    /// Says where the node is now.
    pub(crate) fn set_address(&self, address: Option<SocketAddr>) {
        self.address.send_replace(address);
    }

    /// How many sends were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.told.lock().iter().map(Vec::len).sum()
    }

    /// How many sends had no answer so far.
    pub(crate) fn unanswered(&self) -> u32 {
        self.unanswered.lock().0
    }

    /// The refusals so far.
    pub(crate) fn refusals(&self) -> Vec<Value> {
        self.unanswered.lock().1.clone()
    }

    /// Lets every sender finish its message, then answers what they were told.
    pub(crate) async fn finish(mut self) -> Vec<Vec<String>> {
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("a sender ends well");
        }
        self.told.lock().clone()
    }
}

struct Sender {
    sender: usize,
    at: watch::Receiver<Option<SocketAddr>>,
    stopped: watch::Receiver<bool>,
    told: Arc<Mutex<Vec<Vec<String>>>>,
    unanswered: Arc<Mutex<(u32, Vec<Value>)>>,
}

impl Sender {
    async fn run(mut self) {
        let mut caller = Caller::new();
        let mut number = 1;
        while !*self.stopped.borrow() {
            let key = self.send(&mut caller, number).await;
            self.told.lock()[self.sender].push(key);
            number += 1;
        }
    }

    /// Sends one message until it is acknowledged.
    async fn send(&mut self, caller: &mut Caller, number: u32) -> String {
        let body = json!({
            "From_Account": format!("s{}", self.sender),
            "To_Account": receiver_of(self.sender),
            "MsgSeq": number,
            "MsgRandom": number.wrapping_mul(2_654_435_761),
            "MsgBody": elements(&text_of(self.sender, number)),
        });
        loop {
            let address = *self.at.wait_for(Option::is_some).await.expect("the test goes on");
            let Some(address) = address else { continue };
            match caller.call(address, "openim/sendmsg", &body).await {
                Some(answer) if answer["ErrorCode"] == 0 => {
                    return answer["MsgKey"].as_str().expect("a key").to_owned();
                }
                Some(answer) => self.unanswered.lock().1.push(answer),
                None => self.unanswered.lock().0 += 1,
            }
            // A moment, so that senders without a server do not take the processor from it.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Compares the history by REST with what the senders were told: all there, once, in order, and nothing else.
pub(crate) async fn check_history(address: SocketAddr, told: &[Vec<String>]) {
    let mut caller = Caller::new();
    for sender in (0..SENDERS).filter(|sender| *sender >= PHONES_FROM || sender % 2 == 0) {
        let mut page = json!({ "Operator_Account": format!("s{sender}"), "Peer_Account": receiver_of(sender),
            "MaxCnt": 100, "MinTime": 0, "MaxTime": 4_000_000_000_u32 });
        let mut found: Vec<Value> = Vec::new();
        loop {
            let answer = caller.call(address, "openim/admin_getroammsg", &page).await.expect("an answer");
            assert_eq!(answer["ErrorCode"], 0, "{answer}");
            let list = answer["MsgList"].as_array().expect("a list");
            found.splice(0..0, list.iter().cloned());
            if answer["Complete"] == 1 {
                break;
            }
            page["MaxTime"] = answer["LastMsgTime"].clone();
            page["LastMsgKey"] = answer["LastMsgKey"].clone();
        }
        let place = |message: &Value| (message["MsgTimeStamp"].as_i64(), message["MsgSeq"].as_i64());
        assert!(found.is_sorted_by_key(place), "by time, then by sequence");
        let mut count = 0;
        for writer in [sender, sender ^ 1].into_iter().take(if sender >= PHONES_FROM { 1 } else { 2 }) {
            let name = format!("s{writer}");
            let own: Vec<&Value> = found.iter().filter(|message| message["From_Account"] == name).collect();
            let keys: Vec<&str> = own.iter().filter_map(|message| message["MsgKey"].as_str()).collect();
            assert_eq!(keys, told[writer], "what {name} was told is there, once, in its order, and nothing else");
            for (message, number) in own.iter().zip(1..) {
                assert_eq!(message["MsgBody"][0]["MsgContent"]["Text"], text_of(writer, number));
            }
            count += own.len();
        }
        assert_eq!(count, found.len(), "nobody else wrote");
    }
}

/// Looks into the store: the numbers of each conversation have no gap.
pub(crate) async fn check_numbers(node: &Node, told: &[Vec<String>]) {
    for sender in (0..SENDERS).filter(|sender| *sender >= PHONES_FROM || sender % 2 == 0) {
        let (one, other) = (UserId::trusted(&format!("s{sender}")), UserId::trusted(&receiver_of(sender)));
        let pair = ConversationId::pair(&one, &other);
        let read = move |snapshot: &mut store::Snapshot<'_>| {
            snapshot.one::<(i64, i64, Seq, Option<Seq>, Option<Seq>)>(
                sql!(
                    "SELECT COUNT(*), COUNT(DISTINCT m.seq), MAX(c.seq), MIN(m.seq), MAX(m.seq)
                     FROM conversations c JOIN messages m ON m.app = c.app AND m.conversation = c.id
                     WHERE c.app = $1 AND c.id = $2"
                ),
                (snapshot.app(), pair),
            )
        };
        let (count, distinct, head, first, last) = node.store.read(APP, read).await.expect("the numbers are read");
        let expected = told[sender].len() + if sender >= PHONES_FROM { 0 } else { told[sender ^ 1].len() };
        assert_eq!((count, distinct), (expected as i64, expected as i64));
        assert_eq!((first, last, head), (Some(Seq(1)), Some(Seq(count)), Seq(count)), "no gaps");
    }
}
