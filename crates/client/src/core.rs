//! The protocol without IO: calls, frames and moments in; frames, events, writes and answers out.
//!
//! - `link`: one connection after the other; login, resume, heartbeats, what follows from a refusal.
//! - `calls`: the requests of the application, which survive a lost connection.
//! - `contacts`: what the account set for its conversations.
//! - `sync`: what was missed; each conversation in order, nothing twice.
//! - `social`: requests about profiles and follows.
//! - `broadcast`: messages for many, each once and in their order.
//! - `notice`: what the gateway says without being asked.
//!
//! Time is a number of milliseconds that only grows; it arrives with every input.

mod asks;
mod broadcast;
mod calls;
mod change;
mod contacts;
mod known;
mod link;
mod notice;
mod social;
mod sync;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use contract::frame::Frame;
use rand::rngs::StdRng;

use crate::error::{Error, Result};
use crate::event::{Event, Reason, Status};
use crate::message::{Extended, Extension, FileLink, Message, Presence, RefusedConversation, Sent, Upload};
use crate::settings::{PushConfirmation, Retry, Settings};
use crate::social::{FollowPage, FollowTie, Profile};

pub(crate) use asks::Ask;
use calls::Calls;
pub(crate) use change::Change;
use contacts::Contacts;
pub(crate) use contacts::ListChange;
pub(crate) use known::{Known, KnownLine, Write};
use link::{Link, Session};
use notice::Told;
pub(crate) use social::Ask as SocialAsk;
use sync::Sync;

/// Milliseconds since the driver started.
pub(crate) type Ms = u64;
/// Names a call whose caller waits.
pub(crate) type CallId = u64;

/// What the driver is to do, in order.
#[derive(Debug, PartialEq)]
pub(crate) enum Output {
    /// Open a connection; [`Core::opened`] or [`Core::lost`] follows.
    Connect,
    /// Drop the connection, or the attempt to open one.
    Close,
    /// Send a frame over the connection.
    Send(Frame),
    /// Remember something. What follows in the same round is told after it is kept.
    Write(Write),
    /// Tell the application.
    Event(Event),
    /// Answer a call.
    Done(CallId, Result<Answer>),
}

/// What a call brought.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// Nothing but success.
    Nothing,
    /// A message was sent.
    Sent(Sent),
    /// A page of history.
    Page(Vec<Message>),
    /// The status of accounts.
    Presence(Vec<Presence>),
    /// Profiles of accounts.
    Profiles(Vec<Profile>),
    /// What became of each account that was to be followed or not.
    Follow(Vec<(String, i32)>),
    /// A page of follows.
    Follows(FollowPage),
    /// How accounts are tied to this one.
    FollowTies(Vec<FollowTie>),
    /// The answer as it came, for whoever asked to read.
    Frame(Box<Frame>),
    /// The version that a message has now.
    Version(u32),
    /// What became of pairs of a message.
    Extended(Vec<Extended>),
    /// A page of pairs, and whether it is the last.
    Extensions(Vec<Extension>, bool),
    /// Where a file may be sent.
    Upload(Upload),
    /// Where files may be read.
    Links(Vec<FileLink>),
    /// The list was changed, but for these.
    Changed(Vec<RefusedConversation>),
}

/// What the settings say about the protocol.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    app: u64,
    device: String,
    platform: i32,
    retry: Retry,
    request_ms: Ms,
    silence_ms: Ms,
    confirms_pushes: bool,
}

impl From<&Settings> for Rules {
    fn from(settings: &Settings) -> Self {
        Self {
            app: settings.app,
            device: settings.device.clone(),
            platform: settings.platform.into(),
            retry: settings.retry.clone(),
            request_ms: ms(settings.request_timeout),
            silence_ms: ms(settings.silence),
            confirms_pushes: settings.push_confirmation == PushConfirmation::Automatic,
        }
    }
}

fn ms(duration: Duration) -> Ms {
    duration.as_millis().try_into().unwrap_or(Ms::MAX)
}

/// The state machine.
pub(crate) struct Core {
    rules: Rules,
    rng: StdRng,
    now: Ms,
    /// Whether the driver takes frames; while it does not, silence proves nothing.
    is_reading: bool,
    session: Option<Session>,
    link: Link,
    calls: Calls,
    sync: Sync,
    contacts: Contacts,
    told: Told,
    outputs: VecDeque<Output>,
    /// Conversations that changed since the driver last took everything.
    changed: BTreeSet<String>,
}

impl Core {
    /// A client that is not logged in.
    pub(crate) fn new(rules: Rules, mut rng: StdRng) -> Self {
        let calls = Calls::new(&mut rng);
        Self {
            rules,
            rng,
            now: 0,
            is_reading: true,
            session: None,
            link: Link::Down,
            calls,
            sync: Sync::default(),
            contacts: Contacts::default(),
            told: Told::default(),
            outputs: VecDeque::new(),
            changed: BTreeSet::new(),
        }
    }

    /// Takes what is to be done next.
    pub(crate) fn next(&mut self) -> Option<Output> {
        if self.outputs.is_empty() && !self.changed.is_empty() {
            let peers = std::mem::take(&mut self.changed).into_iter().collect();
            return Some(Output::Event(Event::Conversations { peers }));
        }
        self.outputs.pop_front()
    }

    /// Where the client stands.
    pub(crate) fn status(&self) -> Status {
        match (&self.session, &self.link) {
            (None, _) => Status::LoggedOut,
            (Some(session), _) if session.logout.is_some() => Status::LoggingOut,
            (Some(session), _) if session.login.is_some() => Status::LoggingIn,
            (Some(_), Link::Up(_)) => Status::Connected,
            (Some(_), _) => Status::Reconnecting,
        }
    }

    /// Whether a call of the application is on its way, so that its answer must be read.
    pub(crate) fn is_awaited(&self) -> bool {
        self.calls.is_awaited() || self.contacts.is_awaited()
    }

    /// The next moment at which [`Core::tick`] has something to do.
    pub(crate) fn due(&self) -> Option<Ms> {
        [self.link_due(), self.calls.due(self.is_reading), self.sync.due()].into_iter().flatten().min()
    }

    /// Lets time pass.
    pub(crate) fn tick(&mut self, now: Ms) {
        self.now = now;
        self.expire_calls();
        self.tick_link();
        self.tick_sync();
    }

    /// Notes whether the driver takes frames. What was awaited meanwhile is given its time anew.
    pub(crate) fn set_reading(&mut self, now: Ms, is_reading: bool) {
        self.now = now;
        if is_reading && !self.is_reading {
            if let Link::Up(up) = &mut self.link {
                up.heard(now);
            }
            self.calls.extend_internal(now.saturating_add(self.rules.request_ms));
        }
        self.is_reading = is_reading;
    }

    /// A frame came.
    pub(crate) fn frame(&mut self, now: Ms, frame: &Frame) {
        self.now = now;
        match &mut self.link {
            Link::Entering { .. } => self.on_entering(frame),
            Link::Up(up) => {
                up.heard(now);
                self.on_up(frame);
            }
            // A frame that was read before the connection was given up.
            Link::Down | Link::Waiting { .. } | Link::Opening => {}
        }
    }

    /// A notification was taken by the application's queue.
    pub(crate) fn push_taken(&mut self, now: Ms, id: &[u8]) {
        self.now = now;
        if self.rules.confirms_pushes {
            self.confirm_push(None, id);
        }
    }

    /// Everything ends: whoever waits is told.
    pub(crate) fn stop(&mut self) {
        self.end_session(&Error::Disconnected, Error::Disconnected);
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn done(&mut self, call: CallId, result: Result<Answer>) {
        self.outputs.push_back(Output::Done(call, result));
    }

    fn write(&mut self, write: Write) {
        self.outputs.push_back(Output::Write(write));
    }

    /// The gateway broke its contract: nothing that it says on this connection can be relied on.
    fn broken(&mut self, what: &str) {
        self.lost(self.now, Reason::Protocol(what.into()));
    }
}
