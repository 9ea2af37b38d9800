//! A gateway that a test plays by hand: it accepts a connection, reads a frame, says what it likes.

use std::sync::Arc;
use std::time::Duration;

use client::{Client, Event, Events, Settings};
use contract::codes::{Access, Row};
use contract::frame::wire::{
    ConversationSync, ConversationSyncRequest, HeadsAnswer, LoginAnswer, Message as WireMessage,
};
use contract::frame::{Command, Flag, Frame};
use contract::seal::{self, Channel, KeyPair};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Nothing here takes long; what takes this long is broken.
const BOUND: Duration = Duration::from_secs(20);
const MAX: usize = 1 << 20;

pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, work).await.unwrap_or_else(|_| panic!("{what} did not happen in time"))
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

pub(crate) struct Gateway {
    listener: TcpListener,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.expect("a port is free"), tls: None }
    }

    /// Settings of a client of this gateway, with waits that tests can afford.
    pub(crate) fn settings(&self) -> Settings {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        let port = self.listener.local_addr().expect("it listens").port();
        let mut settings = Settings::new(format!("{scheme}://localhost:{port}/ws"), 7, "device");
        settings.retry.first = Duration::from_millis(5);
        settings.retry.max = Duration::from_millis(20);
        settings
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> Link {
        within("a connection", async {
            let (stream, _) = self.listener.accept().await.expect("accepts");
            let stream: Box<dyn Stream> = match &self.tls {
                None => Box::new(stream),
                Some(config) => Box::new(TlsAcceptor::from(config.clone()).accept(stream).await.expect("shakes hands")),
            };
            Link { socket: tokio_tungstenite::accept_async(stream).await.expect("upgrades"), seal: None }
        })
        .await
    }

    /// The next connection, logged in or resumed, with an empty list of conversations.
    pub(crate) async fn admit(&self, way: Command) -> Link {
        let mut link = self.accept().await;
        link.admit(way).await;
        link
    }

    /// A client that is logged in as alice, its events, and the gateway's end of its connection.
    pub(crate) async fn client(&self, settings: Settings) -> (Client, Events, Link) {
        let client = Client::new(settings).expect("the settings are good");
        let events = client.events().expect("taken once");
        let (login, link) = tokio::join!(client.login("alice", "sig"), self.admit(Command::Login));
        login.expect("logs in");
        (client, events, link)
    }
}

pub(crate) struct Link {
    socket: WebSocketStream<Box<dyn Stream>>,
    seal: Option<Channel>,
}

impl Link {
    /// Answers the opening of a sealed connection.
    pub(crate) async fn seal(&mut self, keys: &KeyPair) {
        let opening = self.next().await;
        assert_eq!(opening.command(), Command::Seal);
        assert_eq!(opening.account, "");
        match seal::accept(keys, &opening.body) {
            Ok((channel, answer)) => {
                let flags = Flag::Answer as u32;
                self.say(Frame { flags, body: answer.into(), ..opening }).await;
                self.seal = Some(channel);
            }
            Err(_) => self.say(opening.refusal(number(Access::DecryptThrottled), "the seal does not fit")).await,
        }
    }

    /// The next frame that is neither a heartbeat nor asks what is set for conversations; those are answered.
    pub(crate) async fn next(&mut self) -> Frame {
        loop {
            let frame = self.next_of_all().await.expect("the client is still there");
            match frame.command() {
                Command::Heartbeat => self.say(Frame { flags: Flag::Answer as u32, ..frame }).await,
                Command::ConversationSync => {
                    let next = frame.read::<ConversationSyncRequest>().expect("a question").after;
                    let nothing = ConversationSync { next, finished: true, ..ConversationSync::default() };
                    self.say(frame.answer(&nothing)).await;
                }
                _ => return frame,
            }
        }
    }

    /// The next frame; none when the client is gone.
    pub(crate) async fn next_of_all(&mut self) -> Option<Frame> {
        within("a frame", async {
            loop {
                match self.socket.next().await? {
                    Ok(Message::Binary(bytes)) => {
                        let frame = Frame::from_bytes(bytes, MAX).expect("a frame");
                        let Some(seal) = &mut self.seal else { return Some(frame) };
                        assert!(frame.has(Flag::Sealed) && frame.account.is_empty() && frame.cookie.is_empty());
                        let plain = seal.open(&frame.body).expect("opens");
                        return Some(Frame::from_bytes(plain.into(), MAX).expect("a frame"));
                    }
                    Ok(Message::Close(_)) | Err(_) => return None,
                    Ok(_) => {}
                }
            }
        })
        .await
    }

    pub(crate) async fn expect(&mut self, command: Command) -> Frame {
        let frame = self.next().await;
        assert_eq!(frame.command(), command);
        frame
    }

    pub(crate) async fn try_say(&mut self, frame: Frame) -> bool {
        let bytes = frame.to_bytes();
        let bytes = match &mut self.seal {
            None => bytes,
            Some(seal) => {
                let body = seal.seal(&bytes).expect("seals").into();
                Frame { flags: Flag::Sealed as u32, body, ..Frame::default() }.to_bytes()
            }
        };
        self.socket.send(Message::Binary(bytes)).await.is_ok()
    }

    pub(crate) async fn say(&mut self, frame: Frame) {
        assert!(within("a write", self.try_say(frame)).await, "the client is gone");
    }

    pub(crate) async fn say_bytes(&mut self, bytes: Vec<u8>) {
        // The client may have closed on what was said before.
        drop(self.socket.send(Message::Binary(bytes.into())).await);
    }

    pub(crate) async fn admit(&mut self, way: Command) {
        self.admit_with(way, 1_000).await;
        let heads = self.expect(Command::Heads).await;
        self.say(heads.answer(&HeadsAnswer { finished: true, ..HeadsAnswer::default() })).await;
    }

    pub(crate) async fn admit_with(&mut self, way: Command, heartbeat_ms: u32) {
        let login = self.expect(way).await;
        assert_eq!((login.app, login.account.as_str()), (7, "alice"));
        self.say(login.answer(&LoginAnswer {
            ticket: b"ticket".to_vec(),
            key: b"key".to_vec(),
            cookie: b"cookie".to_vec(),
            heartbeat_ms,
            frame_bytes: 65_536,
            ..LoginAnswer::default()
        }))
        .await;
    }

    pub(crate) async fn notice(&mut self, message: &WireMessage) {
        self.say(Frame::notice(Command::Message, message)).await;
    }

    /// Whether the client closes the connection; what it says before does not matter.
    pub(crate) async fn is_closed(&mut self) -> bool {
        while self.next_of_all().await.is_some() {}
        true
    }
}

/// The next event that is not about the list of conversations.
pub(crate) async fn next(events: &mut Events) -> Event {
    loop {
        match within("an event", events.next()).await.expect("the client is still there") {
            Event::Conversations { .. } => {}
            event => return event,
        }
    }
}

/// The places of the next messages.
pub(crate) async fn places(events: &mut Events, count: usize) -> Vec<u64> {
    let mut places = Vec::new();
    while places.len() < count {
        if let Event::Message(message) = next(events).await {
            places.push(message.seq);
        }
    }
    places
}

pub(crate) fn from_bob(seq: u64) -> WireMessage {
    WireMessage {
        from: "bob".into(),
        to: "alice".into(),
        msg_seq: seq as u32,
        msg_random: 1,
        time: 100 + seq.cast_signed(),
        seq,
        body: client::text(&format!("number {seq}")),
        ..WireMessage::default()
    }
}

/// The number of a published code.
pub(crate) fn number(code: impl Into<&'static Row>) -> i32 {
    code.into().number().expect("the surface's codes are numbers")
}
