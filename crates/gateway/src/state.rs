//! What may follow what on a connection. No IO: bytes of messages come in, an [`Act`] goes out.
//!
//! ```text
//! Open ──seal──▶ Sealed          Verifying ──admit──▶ LoggedIn
//!   └──verify──▶ Verifying ◀──verify──┘   └──refuse──▶ Open or Sealed
//! ```
//!
//! Each state is a type that is consumed by the move out of it, so a second handshake, a login beside a login or a
//! request before one cannot be written down.

use bytes::Bytes;
use contract::codes::Family;
use contract::frame::{Command, Flag, Frame};
use contract::seal::{self, Channel};
use contract::{AppId, Fault, Millis, Result, UserId};

use crate::bucket::{Bucket, Rate};
use crate::kinds::{family_of, is_request, names_peer};
use crate::refusal;
use crate::settings::Settings;

/// How frames of this connection are read and written, and how much of that went wrong.
#[derive(Default)]
pub struct Wire {
    channel: Option<Channel>,
    malformed: u8,
    undecryptable: u8,
    refused: u8,
}

/// Nothing agreed yet.
#[derive(Default)]
pub struct Open(Wire);

/// The handshake is done; everything from here on is sealed.
pub struct Sealed(Wire);

/// A login or a resume is being verified.
pub struct Verifying(Wire);

/// An account speaks.
pub struct LoggedIn {
    wire: Wire,
    identity: Identity,
    requests: Bucket,
    tokens: Bucket,
}

/// What every frame after login is held against.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The app.
    pub app: AppId,
    /// The account.
    pub account: UserId,
    /// The connection's cookie.
    pub cookie: [u8; 8],
}

/// A connection in one of its states.
pub enum State {
    /// Before any agreement.
    Open(Open),
    /// Sealed, without an account.
    Sealed(Sealed),
    /// Waiting for a verification.
    Verifying(Verifying),
    /// With an account. Boxed, so that a connection on its way in is small.
    LoggedIn(Box<LoggedIn>),
    /// Over.
    Closed,
}

/// What is to be done about a message.
#[derive(Debug, PartialEq)]
pub enum Act {
    /// Answer.
    Send(Frame),
    /// Answer in the open: the other side needs it to open anything sealed.
    Agree(Frame),
    /// Answer, and end the connection.
    Close(Frame),
    /// Verify a login or a resume; the state waits for its outcome.
    Verify(Frame),
    /// Serve a request of the account.
    Serve(Frame),
}

impl Open {
    /// Answers the handshake.
    pub fn seal(mut self, settings: &Settings, frame: &Frame) -> Result<(Sealed, Frame), (Self, Fault)> {
        match seal::accept(&settings.seal, &frame.body) {
            Ok((channel, answer)) => {
                let answer = Frame {
                    seq: frame.seq,
                    command: frame.command,
                    flags: Flag::Answer as u32,
                    body: answer.into(),
                    ..Frame::default()
                };
                self.0.channel = Some(channel);
                Ok((Sealed(self.0), answer))
            }
            Err(fault) => Err((self, fault)),
        }
    }

    /// Begins a verification.
    pub fn verify(self) -> Verifying {
        Verifying(self.0)
    }
}

impl Sealed {
    /// Begins a verification.
    pub fn verify(self) -> Verifying {
        Verifying(self.0)
    }
}

impl Verifying {
    /// Whether frames are sealed.
    pub const fn is_sealed(&self) -> bool {
        self.0.channel.is_some()
    }

    /// Ends the verification well.
    pub fn admit(self, identity: Identity) -> LoggedIn {
        LoggedIn { wire: self.0, identity, requests: Bucket::default(), tokens: Bucket::default() }
    }

    /// Ends the verification; the device may try again, a few times.
    pub fn refuse(mut self, settings: &Settings) -> State {
        self.0.refused += 1;
        if self.0.refused >= settings.refusals_max {
            State::Closed
        } else if self.is_sealed() {
            State::Sealed(Sealed(self.0))
        } else {
            State::Open(Open(self.0))
        }
    }
}

impl LoggedIn {
    /// Whether a frame belongs to this connection, and comes within its rates.
    pub fn check(&mut self, frame: &Frame, settings: &Settings, now: Millis) -> Result<(), Fault> {
        let own = &self.identity;
        if frame.cookie[..] != own.cookie {
            return Err(Fault::CookieMismatch);
        }
        let is_other_account = !frame.account.is_empty() && frame.account != own.account.as_str();
        let is_other_app = frame.app != 0 && i64::try_from(frame.app) != Ok(own.app.0);
        if is_other_app && !is_other_account && names_peer(frame.command()) {
            // The conversation comes from a local database of another app.
            return Err(Fault::AppMismatch);
        }
        if is_other_account || is_other_app {
            return Err(Fault::TicketOtherAccount);
        }
        if !self.requests.take(now, Rate::per_second(settings.device_per_second)) {
            return Err(Fault::DeviceThrottled);
        }
        match frame.command() {
            Command::SetToken if !self.tokens.take(now, Rate::per_minute(settings.tokens_per_minute)) => {
                Err(Fault::TokenThrottled)
            }
            _ => Ok(()),
        }
    }
}

impl Wire {
    /// Reads a message.
    fn read(&mut self, message: Bytes, max: usize) -> Result<Frame, Fault> {
        let frame = Frame::from_bytes(message, max)?;
        match (&mut self.channel, frame.has(Flag::Sealed)) {
            (None, false) => Ok(frame),
            (None, true) | (Some(_), false) => Err(Fault::FrameMalformed),
            (Some(channel), true) => {
                let plain = channel.open(&frame.body).map_err(|_| Fault::DecryptThrottled)?;
                Frame::from_bytes(plain.into(), max)
            }
        }
    }

    /// Refuses what cannot be read, and ends the connection when that goes on.
    fn unreadable(&mut self, fault: Fault, settings: &Settings) -> Act {
        let none = Frame::default();
        if fault == Fault::DecryptThrottled {
            self.undecryptable += 1;
            if self.undecryptable >= settings.refusals_max {
                return Act::Close(refusal::refuse(&none, Family::Access, &fault.into()));
            }
            return Act::Send(refusal::refuse(&none, Family::Access, &Fault::FrameMalformed.into()));
        }
        self.bad(&none, fault, settings)
    }

    /// Refuses a frame that is not as the contract says.
    fn bad(&mut self, frame: &Frame, fault: Fault, settings: &Settings) -> Act {
        self.malformed += 1;
        let is_last = self.malformed >= settings.refusals_max;
        let refusal = refusal::refuse(frame, Family::Access, &fault.into());
        if is_last { Act::Close(refusal) } else { Act::Send(refusal) }
    }
}

impl State {
    /// A new connection.
    pub fn new() -> Self {
        Self::Open(Open::default())
    }

    /// Whether a message may be taken now.
    pub const fn is_ready(&self) -> bool {
        !matches!(self, Self::Verifying(_) | Self::Closed)
    }

    /// Takes a message and moves on.
    pub fn take(&mut self, message: Bytes, settings: &Settings, now: Millis) -> Act {
        let max =
            if matches!(self, Self::LoggedIn(_)) { settings.frame_bytes } else { settings.frame_bytes_before_login };
        let Some(wire) = self.wire() else { return Act::Close(Frame::default()) };
        match wire.read(message, max) {
            Ok(frame) => self.follow(frame, settings, now),
            Err(fault) => wire.unreadable(fault, settings),
        }
    }

    /// Takes a frame that could be read.
    fn follow(&mut self, frame: Frame, settings: &Settings, now: Millis) -> Act {
        let command = Command::try_from(frame.command).unwrap_or(Command::Unknown);
        match (std::mem::replace(self, Self::Closed), command) {
            (Self::LoggedIn(mut state), _) => {
                let act = state.follow(frame, command, settings, now);
                *self = Self::LoggedIn(state);
                act
            }
            (Self::Open(state), Command::Seal) => match state.seal(settings, &frame) {
                Ok((sealed, answer)) => {
                    *self = Self::Sealed(sealed);
                    Act::Agree(answer)
                }
                Err((mut open, fault)) => {
                    let act = open.0.bad(&frame, fault, settings);
                    *self = Self::Open(open);
                    act
                }
            },
            (Self::Open(state), Command::Login | Command::Resume) => {
                *self = Self::Verifying(state.verify());
                Act::Verify(frame)
            }
            (Self::Sealed(state), Command::Login | Command::Resume) => {
                *self = Self::Verifying(state.verify());
                Act::Verify(frame)
            }
            (mut early @ (Self::Open(_) | Self::Sealed(_)), _) => {
                let fault = match command {
                    Command::SetToken => Fault::TokenBeforeLogin,
                    Command::Unknown => Fault::CommandUnknown,
                    Command::Seal => Fault::RequestIllegal,
                    // The first frame has neither a user sig nor a ticket.
                    _ => Fault::TicketIncomplete,
                };
                let act = match early.wire() {
                    Some(wire) => wire.bad(&frame, fault, settings),
                    None => Act::Close(Frame::default()),
                };
                *self = early;
                act
            }
            (Self::Verifying(_) | Self::Closed, _) => Act::Close(Frame::default()),
        }
    }

    /// The bytes of a frame, sealed if the connection is.
    pub fn write(&mut self, frame: Bytes) -> Result<Bytes> {
        let Some(Wire { channel: Some(channel), .. }) = self.wire() else { return Ok(frame) };
        let body = channel.seal(&frame)?;
        Ok(Frame { flags: Flag::Sealed as u32, body: body.into(), ..Frame::default() }.to_bytes())
    }

    /// Ends a verification well; answers false if none was under way.
    pub fn admit(&mut self, identity: Identity) -> bool {
        match std::mem::replace(self, Self::Closed) {
            Self::Verifying(state) => {
                *self = Self::LoggedIn(Box::new(state.admit(identity)));
                true
            }
            other => {
                *self = other;
                false
            }
        }
    }

    /// Ends a verification badly; answers whether the device may try again.
    pub fn refuse(&mut self, settings: &Settings) -> bool {
        match std::mem::replace(self, Self::Closed) {
            Self::Verifying(state) => *self = state.refuse(settings),
            other => *self = other,
        }
        !matches!(self, Self::Closed)
    }

    fn wire(&mut self) -> Option<&mut Wire> {
        match self {
            Self::Open(Open(wire)) | Self::Sealed(Sealed(wire)) | Self::Verifying(Verifying(wire)) => Some(wire),
            Self::LoggedIn(state) => Some(&mut state.wire),
            Self::Closed => None,
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

impl LoggedIn {
    fn follow(&mut self, frame: Frame, command: Command, settings: &Settings, now: Millis) -> Act {
        if let Err(fault) = self.check(&frame, settings, now) {
            return Act::Send(refusal::refuse(&frame, family_of(command), &fault.into()));
        }
        match command {
            // A client of tomorrow may ask what only tomorrow's server knows: that is no broken frame.
            Command::Unknown => Act::Send(refusal::refuse(&frame, Family::Access, &Fault::CommandUnknown.into())),
            _ if is_request(command) => Act::Serve(frame),
            _ => Act::Send(refusal::refuse(&frame, Family::Message, &Fault::RequestIllegal.into())),
        }
    }
}
