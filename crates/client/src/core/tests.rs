//! The core driven by frames and a clock that only tests move.

mod broadcast;
mod contacts;
mod link;
mod sync;

use contract::codes::Row;
use contract::frame::wire::{
    self, ConversationSync, ConversationSyncRequest, HeadsAnswer, LoginAnswer, SendAnswer, SendRequest,
};
use contract::frame::{Command, Frame};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{Answer, Ask, Core, Known, Ms, Output, Rules};
use crate::error::Result;
use crate::event::Event;
use crate::message::{Message, SendOptions};
use crate::settings::Settings;

/// A core, its clock, and what it said since it was last looked at.
struct Bench {
    core: Core,
    now: Ms,
    outputs: Vec<Output>,
}

impl Bench {
    fn new() -> Self {
        let mut settings = Settings::new("ws://gateway", 7, "device");
        settings.retry.jitter = 0.0;
        Self::with(&settings)
    }

    fn with(settings: &Settings) -> Self {
        let core = Core::new(Rules::from(settings), StdRng::seed_from_u64(1));
        Self { core, now: 0, outputs: Vec::new() }
    }

    /// Logged in as alice, with an empty list of conversations.
    fn up() -> Self {
        Self::up_with(Known::default())
    }

    fn up_with(known: Known) -> Self {
        let mut bench = Self::new();
        bench.core.login(bench.now, 0, "alice", "sig", known);
        bench.enter(Command::Login);
        assert_eq!(bench.done(0), Ok(Answer::Nothing));
        bench.list(Vec::new());
        bench.outputs.clear();
        bench
    }

    fn take(&mut self) {
        while let Some(output) = self.core.next() {
            self.outputs.push(output);
        }
    }

    /// The connection opens and login or resume is answered well.
    fn enter(&mut self, way: Command) {
        assert!(self.connects(), "{:?}", self.outputs);
        self.core.opened(self.now);
        let request = self.sent(way);
        self.frame(&request.answer(&login_answer()));
    }

    /// The request for heads is answered.
    fn list(&mut self, heads: Vec<wire::Head>) {
        let request = self.sent(Command::Heads);
        let next = heads.last().map_or(0, |head| head.moved_at);
        self.frame(&request.answer(&HeadsAnswer { heads, next, finished: true, ..HeadsAnswer::default() }));
        // Nothing is set for any conversation.
        if let Some(request) = self.try_sent(Command::ConversationSync) {
            let after = request.read::<ConversationSyncRequest>().expect("a question").after;
            self.frame(&request.answer(&ConversationSync { next: after, finished: true, ..Default::default() }));
        }
    }

    fn frame(&mut self, frame: &Frame) {
        self.core.frame(self.now, frame);
        self.take();
    }

    fn advance(&mut self, ms: Ms) {
        self.now += ms;
        self.core.tick(self.now);
        self.take();
    }

    /// Whether a connection is asked for.
    fn connects(&mut self) -> bool {
        self.take();
        let at = self.outputs.iter().position(|output| *output == Output::Connect);
        at.map(|at| self.outputs.remove(at)).is_some()
    }

    /// The oldest frame of a command that was sent and not yet looked at.
    fn sent(&mut self, command: Command) -> Frame {
        self.try_sent(command).unwrap_or_else(|| panic!("no {command:?} in {:?}", self.outputs))
    }

    fn try_sent(&mut self, command: Command) -> Option<Frame> {
        self.take();
        let is_it = |output: &Output| matches!(output, Output::Send(frame) if frame.command() == command);
        let at = self.outputs.iter().position(is_it)?;
        let Output::Send(frame) = self.outputs.remove(at) else { unreachable!("it was just matched") };
        Some(frame)
    }

    fn done(&mut self, call: u64) -> Result<Answer> {
        self.try_done(call).unwrap_or_else(|| panic!("call {call} is not answered: {:?}", self.outputs))
    }

    fn try_done(&mut self, call: u64) -> Option<Result<Answer>> {
        self.take();
        let at = self.outputs.iter().position(|output| matches!(output, Output::Done(id, _) if *id == call))?;
        let Output::Done(_, result) = self.outputs.remove(at) else { unreachable!("it was just matched") };
        Some(result)
    }

    /// The events since they were last looked at, without those about the list.
    fn events(&mut self) -> Vec<Event> {
        self.take();
        let mut events = Vec::new();
        self.outputs.retain(|output| {
            if let Output::Event(event) = output {
                if !matches!(event, Event::Conversations { .. }) {
                    events.push(event.clone());
                }
                return false;
            }
            true
        });
        events
    }

    /// The places of the messages that were told since events were last looked at.
    fn told(&mut self) -> Vec<u64> {
        let seq = |event| match event {
            Event::Message(message) => Some(message.seq),
            _ => None,
        };
        self.events().into_iter().filter_map(seq).collect()
    }

    fn ask(&mut self, call: u64, ask: Ask) {
        self.core.ask(self.now, call, ask);
        self.take();
    }

    fn send(&mut self, call: u64, to: &str) {
        self.ask(call, Ask::Send { to: to.into(), body: crate::text("hi"), options: SendOptions::default() });
    }

    /// Accepts a send under a place.
    fn accept(&mut self, request: &Frame, seq: u64) -> SendRequest {
        let sent: SendRequest = request.read().expect("a send");
        self.frame(&request.answer(&SendAnswer { time: 100, msg_seq: sent.msg_seq, seq, at: 100_000 }));
        sent
    }

    fn notice(&mut self, message: wire::Message) {
        self.frame(&Frame::notice(Command::Message, &message));
    }
}

/// The number of a published code.
fn number(code: impl Into<&'static Row>) -> i32 {
    code.into().number().expect("the surface's codes are numbers")
}

fn login_answer() -> LoginAnswer {
    LoginAnswer {
        ticket: b"ticket".to_vec(),
        key: b"key".to_vec(),
        cookie: b"cookie".to_vec(),
        heartbeat_ms: 1_000,
        frame_bytes: 65_536,
        ..LoginAnswer::default()
    }
}

fn from(sender: &str, seq: u64) -> wire::Message {
    let to = if sender == "alice" { "bob" } else { "alice" };
    wire::Message {
        from: sender.into(),
        to: to.into(),
        msg_seq: seq as u32,
        msg_random: 1,
        time: seq.cast_signed(),
        seq,
        body: crate::text("hi"),
        ..wire::Message::default()
    }
}

fn head(peer: &str, place: u64, read: u64) -> wire::Head {
    let place_of = |seq: u64| Some(wire::Place { seq, time: seq.cast_signed() });
    wire::Head {
        peer: peer.into(),
        place: place_of(place),
        read: place_of(read),
        moved_at: 5,
        last: Some(from(peer, place)),
        ..wire::Head::default()
    }
}

#[test]
fn the_keys_of_own_messages_differ() {
    let mut bench = Bench::up();
    bench.send(1, "bob");
    bench.send(2, "bob");
    let (one, other) = (bench.sent(Command::Send), bench.sent(Command::Send));
    let (one, other): (SendRequest, SendRequest) = (one.read().unwrap(), other.read().unwrap());
    assert_eq!(other.msg_seq, one.msg_seq.wrapping_add(1));
    assert_ne!(other.msg_random, one.msg_random);
}

#[test]
fn an_online_only_message_is_told_and_not_kept() {
    let mut bench = Bench::up();
    bench.notice(wire::Message { online_only: true, ..from("bob", 0) });
    let is_kept = bench.outputs.iter().any(|output| matches!(output, Output::Write(_)));
    assert_eq!(bench.events(), [Event::Message(Message::from(wire::Message { online_only: true, ..from("bob", 0) }))]);
    assert!(!is_kept);
}
