//! One connection after the other: opening, login or resume, heartbeats, loss and refusal.

use contract::frame::wire::{LoginAnswer, LoginRequest, MoveNotice, ResumeRequest};
use contract::frame::{Command, Flag, Frame};
use contract::limit;
use rand::RngExt;

use crate::core::asks::Context;
use crate::core::known::Known;
use crate::core::notice::Told;
use crate::core::{Answer, CallId, Core, Ms, Output};
use crate::error::Error;
use crate::event::{Event, Reason};
use crate::refusal::{Reaction, reaction};

/// The longest wait that a node may ask for when it goes away.
const MOVE_WAIT_MS_MAX: u32 = 300_000;
/// What a gateway may ask for as the time between heartbeats.
const HEARTBEAT_MS: std::ops::RangeInclusive<u32> = 10..=600_000;

/// Who is logged in, or wants to be. It holds secrets, so it cannot be printed.
pub(super) struct Session {
    pub(super) user: String,
    user_sig: String,
    /// Ticket and key of the last login or resume.
    ticket: Option<(Vec<u8>, Vec<u8>)>,
    /// The call whose caller waits for the first login, and until when.
    pub(super) login: Option<(CallId, Ms)>,
    /// The call whose caller waits for logout.
    pub(super) logout: Option<CallId>,
    /// Failed attempts since the last stable connection.
    attempts: u32,
    /// The last refusal that a later attempt may overcome.
    refusal: Option<(i32, String)>,
}

/// The connection.
pub(super) enum Link {
    /// None, and none is wanted.
    Down,
    /// None until the moment of the next attempt.
    Waiting { until: Ms },
    /// The driver opens one.
    Opening,
    /// Login or resume was sent.
    Entering { seq: u32, due: Ms, is_resume: bool },
    /// Requests and notices flow.
    Up(Up),
}

/// An authenticated connection.
pub(super) struct Up {
    cookie: Vec<u8>,
    heartbeat_ms: Ms,
    pub(super) frame_bytes: usize,
    since: Ms,
    sent_at: Ms,
    /// When something last came, or was asked when nothing was awaited.
    quiet_since: Ms,
    /// Until when something must come after a heartbeat.
    beat_due: Option<Ms>,
}

impl Up {
    pub(super) fn heard(&mut self, now: Ms) {
        self.quiet_since = now;
        self.beat_due = None;
    }
}

impl Core {
    /// Logs an account in. What the cache knows of it is given along.
    pub(crate) fn login(&mut self, now: Ms, call: CallId, user: &str, user_sig: &str, known: Known) {
        self.now = now;
        match &mut self.session {
            Some(session) if session.login.is_some() || session.logout.is_some() => {
                return self.done(call, Err(Error::LoginInProgress));
            }
            Some(session) if session.user == user => {
                session.user_sig = user_sig.into();
                return self.done(call, Ok(Answer::Nothing));
            }
            Some(_) => return self.done(call, Err(Error::InvalidArgument("user: another account is logged in"))),
            None => {}
        }
        self.session = Some(Session {
            user: user.into(),
            user_sig: user_sig.into(),
            ticket: None,
            login: Some((call, now.saturating_add(self.rules.request_ms))),
            logout: None,
            attempts: 0,
            refusal: None,
        });
        self.contacts.start(known.contacts, known.groups.clone());
        self.sync.start(known);
        self.told = Told::default();
        self.connect();
    }

    /// Logs the account out. Without a connection the gateway is not told, which the answer says.
    pub(crate) fn logout(&mut self, now: Ms, call: CallId) {
        self.now = now;
        match &mut self.session {
            None => self.done(call, Err(Error::NotLoggedIn)),
            Some(session) if session.logout.is_some() => self.done(call, Err(Error::LoginInProgress)),
            Some(session) => {
                session.logout = Some(call);
                if matches!(self.link, Link::Up(_)) {
                    self.ask_internal(&Frame { command: Command::Logout.into(), ..Frame::default() }, Context::Logout);
                } else {
                    self.end_session(&Error::NotLoggedIn, Error::Disconnected);
                }
            }
        }
    }

    /// The account of the session.
    pub(super) fn me(&self) -> &str {
        self.session.as_ref().map_or("", |session| session.user.as_str())
    }

    fn connect(&mut self) {
        self.link = Link::Opening;
        self.outputs.push_back(Output::Connect);
    }

    /// The connection that was asked for is open: says who this is.
    pub(crate) fn opened(&mut self, now: Ms) {
        self.now = now;
        let (Link::Opening, Some(session)) = (&self.link, &self.session) else { return };
        let mut frame = match &session.ticket {
            Some((ticket, key)) => {
                let (ticket, key) = (ticket.clone(), key.clone());
                Frame::request(Command::Resume, &ResumeRequest { ticket, key, device: self.rules.device.clone() })
            }
            None => Frame::request(
                Command::Login,
                &LoginRequest {
                    user_sig: session.user_sig.clone(),
                    device: self.rules.device.clone(),
                    platform: self.rules.platform,
                    sdk_version: env!("CARGO_PKG_VERSION").into(),
                },
            ),
        };
        frame.app = self.rules.app;
        frame.account.clone_from(&session.user);
        frame.seq = self.calls.restart();
        self.link = Link::Entering {
            seq: frame.seq,
            due: now.saturating_add(self.rules.request_ms),
            is_resume: session.ticket.is_some(),
        };
        self.outputs.push_back(Output::Send(frame));
    }

    /// The connection is gone, or could not be opened: waits and tries again.
    pub(crate) fn lost(&mut self, now: Ms, reason: Reason) {
        self.now = now;
        if matches!(self.link, Link::Down | Link::Waiting { .. }) {
            return;
        }
        let Some(session) = &mut self.session else { return };
        if let Reason::Refused { code, text } = &reason {
            session.refusal = Some((*code, text.clone()));
        }
        if matches!(&self.link, Link::Up(up) if now.saturating_sub(up.since) >= super::ms(self.rules.retry.stable)) {
            session.attempts = 0;
        }
        let exponent = session.attempts.min(16);
        session.attempts = session.attempts.saturating_add(1);
        let (first, max) = (self.rules.retry.first.as_secs_f64(), self.rules.retry.max.as_secs_f64());
        let wait = (first * 2f64.powi(exponent.cast_signed())).min(max);
        let jitter = self.rules.retry.jitter.clamp(0.0, 1.0);
        let factor = if jitter > 0.0 { self.rng.random_range(1.0 - jitter..=1.0 + jitter) } else { 1.0 };
        self.wait(reason, (wait * factor * 1_000.0) as Ms);
    }

    /// Drops the connection; the next attempt is due after the wait.
    fn wait(&mut self, reason: Reason, wait_ms: Ms) {
        if self.session.as_ref().is_none_or(|session| session.logout.is_some()) {
            return self.end_session(&Error::NotLoggedIn, Error::Disconnected);
        }
        self.outputs.push_back(Output::Close);
        self.link = Link::Waiting { until: self.now.saturating_add(wait_ms) };
        self.requeue();
        self.sync.pause();
        self.pause_contacts();
        self.event(Event::Disconnected { reason });
    }

    /// Ends the session. Whoever waits gets `error`, the caller of logout `logout`.
    pub(super) fn end_session(&mut self, error: &Error, logout: Error) {
        let was_up = matches!(self.link, Link::Up(_));
        if !matches!(self.link, Link::Down | Link::Waiting { .. }) {
            self.outputs.push_back(Output::Close);
        }
        self.link = Link::Down;
        self.fail_calls(error);
        if let Some(session) = self.session.take() {
            if let Some((call, _)) = session.login {
                self.done(call, Err(error.clone()));
            }
            if let Some(call) = session.logout {
                self.done(call, Err(logout));
            }
        }
        self.sync.pause();
        self.pause_contacts();
        if was_up {
            self.event(Event::Disconnected { reason: Reason::SessionOver });
        }
    }

    /// The gateway has forgotten the account on this device.
    pub(super) fn logged_out(&mut self) {
        if let Some(call) = self.session.as_mut().and_then(|session| session.logout.take()) {
            self.done(call, Ok(Answer::Nothing));
        }
        self.end_session(&Error::NotLoggedIn, Error::NotLoggedIn);
    }

    pub(super) fn link_due(&self) -> Option<Ms> {
        let login = self.session.as_ref().and_then(|session| session.login).map(|(_, due)| due);
        let link = match &self.link {
            Link::Down | Link::Opening => None,
            Link::Waiting { until } => Some(*until),
            Link::Entering { due, .. } => Some(*due),
            Link::Up(up) => Some(up.beat_due.filter(|_| self.is_reading).unwrap_or_else(|| self.beat_at(up))),
        };
        login.into_iter().chain(link).min()
    }

    /// When the next heartbeat is due: after a time without a request, sooner if an answer is long in coming.
    fn beat_at(&self, up: &Up) -> Ms {
        let regular = up.sent_at.saturating_add(up.heartbeat_ms);
        if self.is_reading && self.calls.is_flying() {
            regular.min(up.quiet_since.saturating_add(self.rules.silence_ms))
        } else {
            regular
        }
    }

    pub(super) fn tick_link(&mut self) {
        let now = self.now;
        if let Some((_, due)) = self.session.as_ref().and_then(|session| session.login)
            && now >= due
        {
            let error = match (self.session.as_mut().and_then(|session| session.refusal.take()), &self.link) {
                (Some((code, text)), _) => Error::Refused { code, text },
                (None, Link::Entering { .. }) => Error::Timeout,
                (None, _) => Error::Disconnected,
            };
            return self.end_session(&error, Error::NotLoggedIn);
        }
        match &self.link {
            Link::Waiting { until } if now >= *until => self.connect(),
            Link::Entering { due, .. } if now >= *due => self.lost(now, Reason::Silent),
            Link::Up(up) if self.is_reading && up.beat_due.is_some_and(|due| now >= due) => {
                self.lost(now, Reason::Silent);
            }
            Link::Up(up) if now >= self.beat_at(up) && (up.beat_due.is_none() || !self.is_reading) => self.beat(),
            _ => {}
        }
    }

    fn beat(&mut self) {
        let due = self.now.saturating_add(self.rules.silence_ms);
        self.ask_internal(&Frame { command: Command::Heartbeat.into(), ..Frame::default() }, Context::Heartbeat);
        if let Link::Up(up) = &mut self.link {
            up.beat_due = Some(due);
        }
    }

    /// Sends a numbered request over the connection that is up.
    pub(super) fn transmit(&mut self, mut frame: Frame, seq: u32) {
        let Link::Up(up) = &mut self.link else { return };
        frame.seq = seq;
        frame.cookie.clone_from(&up.cookie);
        up.sent_at = self.now;
        if self.calls.is_idle() {
            up.quiet_since = self.now;
        }
        self.outputs.push_back(Output::Send(frame));
    }

    pub(super) fn on_entering(&mut self, frame: &Frame) {
        let Link::Entering { seq, is_resume, .. } = self.link else { return };
        if !frame.has(Flag::Answer) && frame.command() == Command::Kicked {
            return self.on_kicked(frame);
        }
        if !frame.has(Flag::Answer) && frame.command() == Command::Move {
            return self.on_move(frame);
        }
        if !frame.has(Flag::Answer) || frame.seq != seq {
            // A notice that overtakes the answer: the heads, asked for afterwards, know what it said.
            return;
        }
        if frame.code != 0 {
            return self.on_login_refused(frame.code, &frame.text, is_resume);
        }
        let Ok(answer) = frame.read::<LoginAnswer>() else { return self.broken("login answer") };
        self.on_login(answer);
    }

    fn on_login(&mut self, answer: LoginAnswer) {
        let Some(session) = &mut self.session else { return };
        session.ticket = Some((answer.ticket, answer.key));
        session.refusal = None;
        let login = session.login.take();
        let frame_bytes = match answer.frame_bytes as usize {
            0 => limit::FRAME_BYTES,
            bytes => bytes.min(limit::FRAME_BYTES),
        };
        self.link = Link::Up(Up {
            cookie: answer.cookie,
            heartbeat_ms: answer.heartbeat_ms.clamp(*HEARTBEAT_MS.start(), *HEARTBEAT_MS.end()).into(),
            frame_bytes,
            since: self.now,
            sent_at: self.now,
            quiet_since: self.now,
            beat_due: None,
        });
        if answer.life != self.sync.life {
            self.begin_anew(answer.life);
        }
        self.event(Event::Connected);
        if let Some((call, _)) = login {
            self.done(call, Ok(Answer::Nothing));
        }
        self.sync.broadcasts.exists(answer.broadcast);
        self.start_sync();
        self.flush();
    }

    fn on_login_refused(&mut self, code: i32, text: &str, is_resume: bool) {
        let refusal = Error::Refused { code, text: text.into() };
        let is_first = self.session.as_ref().is_some_and(|session| session.login.is_some());
        match reaction(code) {
            Reaction::LogIn if is_resume => self.log_in_anew(code, text),
            Reaction::Reconnect | Reaction::BackOff => {
                self.lost(self.now, Reason::Refused { code, text: text.into() });
            }
            // The caller of login is answered; an event would tell the same twice.
            _ if is_first => self.end_session(&refusal, Error::NotLoggedIn),
            Reaction::UserSigOver => self.end_user_sig(&refusal),
            Reaction::LogIn | Reaction::GiveUp => self.end_kicked(code, text),
        }
    }

    /// Ticket and key are of no use: the next connection begins with the user sig. After a refused resume it
    /// follows at once; a login that is itself answered so must not become a loop without waits.
    fn log_in_anew(&mut self, code: i32, text: &str) {
        let reason = Reason::Refused { code, text: text.into() };
        if let Some(session) = &mut self.session {
            session.ticket = None;
        }
        if matches!(self.link, Link::Entering { is_resume: true, .. }) {
            self.wait(reason, 0);
            self.tick_link();
        } else {
            self.lost(self.now, reason);
        }
    }

    fn end_user_sig(&mut self, refusal: &Error) {
        self.end_session(refusal, Error::NotLoggedIn);
        self.event(Event::UserSigExpired);
    }

    fn end_kicked(&mut self, code: i32, text: &str) {
        self.end_session(&Error::Refused { code, text: text.into() }, Error::NotLoggedIn);
        self.event(Event::Kicked { code, text: text.into() });
    }

    /// Follows a refusal that is about the session, not about the request. Answers whether it was one.
    pub(super) fn on_session_refused(&mut self, code: i32, text: &str) -> bool {
        match reaction(code) {
            Reaction::LogIn => self.log_in_anew(code, text),
            Reaction::UserSigOver => self.end_user_sig(&Error::Refused { code, text: text.into() }),
            Reaction::Reconnect => self.lost(self.now, Reason::Refused { code, text: text.into() }),
            Reaction::BackOff | Reaction::GiveUp => return false,
        }
        true
    }

    pub(super) fn on_kicked(&mut self, frame: &Frame) {
        match reaction(frame.code) {
            Reaction::UserSigOver => {
                self.end_user_sig(&Error::Refused { code: frame.code, text: frame.text.clone() });
            }
            _ => self.end_kicked(frame.code, &frame.text),
        }
    }

    pub(super) fn on_move(&mut self, frame: &Frame) {
        let Ok(notice) = frame.read::<MoveNotice>() else { return self.broken("move notice") };
        // The floor keeps a node that sends everybody away at once from being asked in a loop.
        let floor = super::ms(self.rules.retry.first);
        self.wait(Reason::Moved, Ms::from(notice.wait_ms.min(MOVE_WAIT_MS_MAX)).max(floor));
    }
}
