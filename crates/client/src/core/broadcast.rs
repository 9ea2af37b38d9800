//! Broadcasts: messages that are the same for many. One that is kept has a number, and what is known up to a number is
//! told once and in order; one that only passes by is told when it comes.

use std::collections::VecDeque;

use contract::frame::wire::{self, BroadcastNotice, BroadcastsAnswer, BroadcastsRequest};
use contract::frame::{Command, Frame};

use crate::core::Core;
use crate::core::asks::Context;
use crate::core::known::Write;
use crate::core::link::Link;
use crate::event::Event;
use crate::message::Message;
use crate::refusal::{Reaction, reaction};

/// Broadcasts that pass by are remembered by so many numbers: a node that died may tell the last of them again.
const PASSED_MAX: usize = 64;
/// No app gets here; the cache cannot hold more.
const NUMBER_MAX: u64 = i64::MAX as u64;

/// How far broadcasts are known.
#[derive(Default)]
pub(super) struct Broadcasts {
    /// Everything that is kept is known up to here.
    known: u64,
    /// The newest that is known to exist.
    newest: u64,
    /// The numbers of those that passed by.
    passed: VecDeque<u64>,
    is_asking: bool,
}

impl Broadcasts {
    pub(super) fn known(number: u64) -> Self {
        Self { known: number, ..Self::default() }
    }

    /// Notes that the app has kept broadcasts up to a number.
    pub(super) fn exists(&mut self, number: u64) {
        self.newest = self.newest.max(number);
    }

    /// The connection is gone: what was asked is not answered.
    pub(super) fn pause(&mut self) {
        self.is_asking = false;
    }

    /// Notes one that passes by. Answers whether it is new.
    fn pass(&mut self, number: u64) -> bool {
        if self.passed.contains(&number) {
            return false;
        }
        if self.passed.len() >= PASSED_MAX {
            self.passed.pop_front();
        }
        self.passed.push_back(number);
        true
    }
}

impl Core {
    /// Asks for what is missing, if something is.
    pub(super) fn ask_broadcasts(&mut self) {
        let broadcasts = &mut self.sync.broadcasts;
        if broadcasts.newest <= broadcasts.known || broadcasts.is_asking || !matches!(self.link, Link::Up(_)) {
            return;
        }
        broadcasts.is_asking = true;
        let after = broadcasts.known;
        let request = BroadcastsRequest { after, count: 0 };
        self.ask_internal(&Frame::request(Command::BroadcastsSince, &request), Context::Broadcasts { after });
    }

    pub(super) fn on_broadcasts(&mut self, after: u64, frame: &Frame) {
        let Ok(answer) = frame.read::<BroadcastsAnswer>() else { return self.broken("broadcasts") };
        self.sync.broadcasts.is_asking = false;
        let is_stuck = !answer.finished && answer.next <= after;
        if is_stuck || answer.next > NUMBER_MAX {
            return self.broken("broadcasts that do not go on");
        }
        for broadcast in answer.broadcasts {
            let number = broadcast.number;
            if number > self.sync.broadcasts.known {
                self.tell_broadcast(broadcast);
                self.sync.broadcasts.known = number.min(answer.next);
            }
        }
        let broadcasts = &mut self.sync.broadcasts;
        broadcasts.known = broadcasts.known.max(answer.next);
        let known = broadcasts.known;
        self.write(Write::Broadcasts(known));
        // More pages, or one that was announced meanwhile.
        self.ask_broadcasts();
    }

    pub(super) fn on_broadcasts_refused(&mut self, code: i32) {
        self.sync.broadcasts.is_asking = false;
        match reaction(code) {
            Reaction::BackOff => self.back_off(),
            _ if self.on_session_refused(code, "") => {}
            _ => {
                tracing::warn!(code, "the gateway refuses to tell broadcasts");
                self.sync.broadcasts.newest = self.sync.broadcasts.known;
            }
        }
    }

    pub(super) fn on_broadcast(&mut self, notice: BroadcastNotice) {
        let Some(broadcast) = notice.broadcast else { return };
        let number = broadcast.number;
        if number == 0 || number > NUMBER_MAX {
            return self.broken("a broadcast without a number");
        }
        if !notice.kept {
            if self.sync.broadcasts.pass(number) {
                self.tell_broadcast(broadcast);
            }
            return;
        }
        if number <= self.sync.broadcasts.known {
            return;
        }
        self.sync.broadcasts.exists(number);
        if notice.before <= self.sync.broadcasts.known {
            self.tell_broadcast(broadcast);
            self.sync.broadcasts.known = number;
            self.write(Write::Broadcasts(number));
        } else {
            // Others come before it.
            self.ask_broadcasts();
        }
    }

    /// Tells it as a message of the conversation with its sender.
    fn tell_broadcast(&mut self, broadcast: wire::Broadcast) {
        let Some(message) = broadcast.message else { return };
        let message = Message { to: self.me().into(), ..Message::from(message) };
        let peer = message.from.clone();
        self.write(Write::Broadcast(message.clone()));
        self.event(Event::Message(message));
        self.changed(vec![peer]);
    }
}
