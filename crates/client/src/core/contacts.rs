//! What the account has set for its conversations (pins, marks, groups, deletions): asked for by version.
//!
//! A change of this device is answered with the version that it made, and its caller hears of it when everything up to
//! that version is in the cache: what was just set is there to be read.

use contract::frame::wire::{
    ConversationAnswer, ConversationClearRequest, ConversationDeleteRequest, ConversationGroup,
    ConversationGroupRequest, ConversationMarkRequest, ConversationNotice, ConversationPinRequest, ConversationSync,
    ConversationSyncRequest,
};
use contract::frame::{Command, Frame};

use crate::core::asks::Context;
use crate::core::known::Write;
use crate::core::link::Link;
use crate::core::sync::AGAIN_MS;
use crate::core::{Answer, CallId, Core};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::message::RefusedConversation;
use crate::refusal::{Reaction, reaction};

/// What changed conversations of one answer.
const PAGE: u32 = 100;

/// A change of the list that the application asks for.
#[derive(Debug, Clone)]
pub(crate) enum ListChange {
    Pin(ConversationPinRequest),
    Mark(ConversationMarkRequest),
    Delete(ConversationDeleteRequest),
    Clear(ConversationClearRequest),
    CreateGroup(ConversationGroupRequest),
    UpdateGroup(ConversationGroupRequest),
    DeleteGroup(ConversationGroupRequest),
}

impl ListChange {
    pub(super) fn frame(&self) -> Frame {
        match self {
            Self::Pin(body) => Frame::request(Command::ConversationPin, body),
            Self::Mark(body) => Frame::request(Command::ConversationMark, body),
            Self::Delete(body) => Frame::request(Command::ConversationDelete, body),
            Self::Clear(body) => Frame::request(Command::ConversationClear, body),
            Self::CreateGroup(body) => Frame::request(Command::ConversationGroupCreate, body),
            Self::UpdateGroup(body) => Frame::request(Command::ConversationGroupUpdate, body),
            Self::DeleteGroup(body) => Frame::request(Command::ConversationGroupDelete, body),
        }
    }

    /// Whether doing it twice is doing it once, whatever happened in between. A message that came meanwhile must not be
    /// deleted by a repetition.
    pub(super) const fn is_repeatable(&self) -> bool {
        matches!(self, Self::Pin(_) | Self::Mark(_))
    }
}

/// How far the account's settings are known.
#[derive(Default)]
pub(super) struct Contacts {
    version: i64,
    /// The newest version that is known to exist.
    wanted: i64,
    is_asking: bool,
    /// To be asked again after a refusal that says "later".
    is_due: bool,
    groups: Vec<ConversationGroup>,
    /// Callers who wait until a version is known.
    callers: Vec<(CallId, i64, Answer)>,
}

impl Contacts {
    pub(super) fn start(&mut self, version: i64, groups: Vec<ConversationGroup>) {
        *self = Self { version, wanted: version, groups, ..Self::default() };
    }

    pub(super) fn is_awaited(&self) -> bool {
        !self.callers.is_empty()
    }
}

impl Core {
    /// Asks for what changed, unless that is under way.
    pub(super) fn ask_contacts(&mut self) {
        if self.contacts.is_asking || !matches!(self.link, Link::Up(_)) {
            return;
        }
        self.contacts.is_asking = true;
        let after = self.contacts.version;
        let request = ConversationSyncRequest { after, count: PAGE };
        self.ask_internal(&Frame::request(Command::ConversationSync, &request), Context::Contacts { after });
    }

    /// The connection is gone: what was changed is changed, and found at the next one.
    pub(super) fn pause_contacts(&mut self) {
        self.contacts.is_asking = false;
        self.release(i64::MAX);
    }

    fn release(&mut self, version: i64) {
        let waiting = std::mem::take(&mut self.contacts.callers);
        for (call, wanted, answer) in waiting {
            if wanted <= version {
                self.done(call, Ok(answer));
            } else {
                self.contacts.callers.push((call, wanted, answer));
            }
        }
    }

    pub(super) fn on_contacts_changed(&mut self, notice: ConversationNotice) {
        self.contacts.wanted = self.contacts.wanted.max(notice.version);
        // Before the list is known, its end asks anyway.
        if self.contacts.wanted > self.contacts.version && self.sync.is_listed {
            self.ask_contacts();
        }
    }

    pub(super) fn on_contacts(&mut self, after: i64, frame: &Frame) {
        let Ok(answer) = frame.read::<ConversationSync>() else { return self.broken("conversations") };
        if answer.next < after || !answer.finished && answer.next == after {
            return self.broken("conversations that do not go on");
        }
        self.contacts.is_asking = false;
        self.contacts.version = self.contacts.version.max(answer.next);
        let mut peers = Vec::with_capacity(answer.contacts.len());
        for state in answer.contacts {
            peers.push(state.peer.clone());
            self.write(Write::Contact(Box::new(state)));
        }
        if answer.finished && self.contacts.groups != answer.groups {
            self.contacts.groups.clone_from(&answer.groups);
            self.write(Write::Groups(answer.groups));
            self.event(Event::ConversationGroups);
        }
        self.write(Write::Contacts(self.contacts.version));
        self.changed(peers);
        if answer.finished {
            self.release(self.contacts.version);
        }
        if !answer.finished || self.contacts.wanted > self.contacts.version {
            self.ask_contacts();
        }
    }

    /// The wait after a refusal is over.
    pub(super) fn tick_contacts(&mut self) {
        if std::mem::take(&mut self.contacts.is_due) {
            self.ask_contacts();
        }
    }

    pub(super) fn on_contacts_refused(&mut self, code: i32) {
        self.contacts.is_asking = false;
        self.release(i64::MAX);
        if reaction(code) == Reaction::BackOff {
            self.contacts.is_due = true;
            self.sync.again_at = Some(self.now.saturating_add(AGAIN_MS));
        } else if !self.on_session_refused(code, "") {
            tracing::warn!(code, "the gateway refuses to tell what changed in the list of conversations");
        }
    }

    /// A change was made: its caller hears of it when it is here.
    pub(super) fn on_list_change(&mut self, call: Option<CallId>, frame: &Frame) {
        let answer: Result<ConversationAnswer> =
            frame.read().map_err(|_| Error::Protocol("the answer to a change cannot be read".into()));
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return call.map_or((), |call| self.done(call, Err(error))),
        };
        let refused = answer.failed.into_iter().map(|failed| RefusedConversation {
            peer: failed.peer,
            code: failed.code,
            text: failed.text,
        });
        let done = Answer::Changed(refused.collect());
        self.contacts.wanted = self.contacts.wanted.max(answer.version);
        match call {
            Some(call) if answer.version > self.contacts.version => {
                self.contacts.callers.push((call, answer.version, done));
                self.ask_contacts();
            }
            Some(call) => self.done(call, Ok(done)),
            None => {}
        }
    }
}
