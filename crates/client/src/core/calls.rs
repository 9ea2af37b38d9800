//! Requests: a bounded queue that survives a lost connection, and the answers that end them.
//!
//! A send keeps its msg_seq and msg_random however often it travels, so the server recognises a repetition and the
//! message is there once.

use std::collections::{BTreeMap, VecDeque};

use contract::MsgKey;
use contract::frame::wire::{
    HistoryRequest, LinkAnswer, LinkRequest, MessagePage, MessageRef, PushAck, ReadRequest, ReceiptRequest, SendAnswer,
    SendRequest, StatusAnswer, StatusRequest, TokenRequest, UploadAnswer, UploadRequest,
};
use contract::frame::{Command, Frame};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::core::asks::{Ask, Context};
use crate::core::known::Write;
use crate::core::link::Link;
use crate::core::social;
use crate::core::{Answer, CallId, Core, Ms};
use crate::error::{Error, Result};
use crate::message::{FileLink, Message, MessageId, NewFile, Presence, SendOptions, Sent, Upload};

/// Requests that may wait or travel at the same time.
pub(super) const CALLS_MAX: usize = 1_000;

struct Request {
    /// The caller that waits; none for what the client asks on its own.
    call: Option<CallId>,
    frame: Frame,
    context: Context,
    due: Ms,
}

/// Requests in their order.
pub(super) struct Calls {
    /// Not sent on this connection.
    waiting: VecDeque<Request>,
    /// Sent and not answered, by number.
    flying: BTreeMap<u32, Request>,
    next_seq: u32,
    next_msg_seq: u32,
}

impl Calls {
    pub(super) fn new(rng: &mut StdRng) -> Self {
        Self { waiting: VecDeque::new(), flying: BTreeMap::new(), next_seq: 1, next_msg_seq: rng.random() }
    }

    /// Begins the numbers of a new connection; answers the one for its first frame.
    pub(super) fn restart(&mut self) -> u32 {
        self.next_seq = 2;
        1
    }

    fn number(&mut self) -> u32 {
        let seq = self.next_seq;
        self.next_seq = seq.checked_add(1).unwrap_or(1);
        seq
    }

    pub(super) fn is_idle(&self) -> bool {
        self.flying.is_empty()
    }

    pub(super) fn is_flying(&self) -> bool {
        self.flying.values().any(|request| !matches!(request.context, Context::Heartbeat))
    }

    fn has_heartbeat(&self) -> bool {
        self.flying.values().any(|request| matches!(request.context, Context::Heartbeat))
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.flying.values().any(|request| request.call.is_some() || matches!(request.context, Context::Logout))
    }

    pub(super) fn due(&self, is_reading: bool) -> Option<Ms> {
        self.waiting
            .iter()
            .chain(self.flying.values())
            .filter(|request| is_reading || !request.context.is_internal())
            .map(|request| request.due)
            .min()
    }

    pub(super) fn extend_internal(&mut self, due: Ms) {
        for request in self.flying.values_mut().filter(|request| request.context.is_internal()) {
            request.due = request.due.max(due);
        }
    }

    /// Whether a message of this account is one that this client is sending.
    pub(super) fn is_sending(&self, msg_seq: u32, msg_random: u32) -> bool {
        self.waiting.iter().chain(self.flying.values()).any(|request| {
            matches!(&request.context, Context::Send(draft) if (draft.msg_seq, draft.msg_random) == (msg_seq, msg_random))
        })
    }
}

impl Core {
    /// Takes what the application asks for.
    pub(crate) fn ask(&mut self, now: Ms, call: CallId, ask: Ask) {
        self.now = now;
        let is_up = matches!(self.link, Link::Up(_));
        let refused = match &self.session {
            None => Some(Error::NotLoggedIn),
            Some(session) if session.login.is_some() => Some(Error::NotLoggedIn),
            Some(session) if session.logout.is_some() => Some(Error::NotLoggedIn),
            // The caller has the cache to answer from.
            Some(_) if matches!(ask, Ask::History { .. }) && !is_up => Some(Error::Disconnected),
            Some(_) if self.calls.waiting.len() + self.calls.flying.len() >= CALLS_MAX => Some(Error::QueueFull),
            Some(_) => None,
        };
        if let Some(error) = refused {
            return self.done(call, Err(error));
        }
        if let Ask::ConfirmPush(id) = ask {
            return self.confirm_push(Some(call), &id);
        }
        let (frame, context) = self.request(ask);
        self.enqueue(Some(call), frame, context);
    }

    fn request(&mut self, ask: Ask) -> (Frame, Context) {
        match ask {
            Ask::Send { to, body, options } => {
                let draft = self.draft(to, body, options);
                (Frame::request(Command::Send, &draft), Context::Send(Box::new(draft)))
            }
            Ask::Recall(id) => {
                let frame = Frame::request(Command::Recall, &MessageRef::from(id.clone()));
                (frame, Context::Recall(id))
            }
            Ask::Read { peer } => {
                let frame = Frame::request(Command::Read, &ReadRequest { peer: peer.clone(), time: 0 });
                let upto = self.sync.place(&peer);
                (frame, Context::Read { peer, upto })
            }
            Ask::Receipts { peer, keys } => {
                let me = self.me();
                let id = |key| MessageId { from: peer.clone(), to: me.into(), key };
                let messages = keys.into_iter().map(|key| id(key).into()).collect();
                (Frame::request(Command::Receipt, &ReceiptRequest { peer: peer.clone(), messages }), Context::Receipts)
            }
            Ask::History { peer, before, count } => {
                let body = HistoryRequest { peer: peer.clone(), before: before.map(Into::into), count };
                (Frame::request(Command::History, &body), Context::History { peer })
            }
            Ask::Status(accounts) => (Frame::request(Command::Status, &StatusRequest { accounts }), Context::Status),
            Ask::Token { channel, token, credential, remove } => {
                let body = TokenRequest { channel, token, credential, remove };
                (Frame::request(Command::SetToken, &body), Context::Token)
            }
            Ask::Plain(frame) => {
                let is_repeatable = is_reading(frame.command());
                (frame, Context::Plain { is_repeatable })
            }
            Ask::Change(change) => self.request_change(*change),
            Ask::Upload(NewFile { name, size, md5, kind }) => {
                let body = UploadRequest { name, size, md5, kind: kind.into() };
                (Frame::request(Command::MediaUpload, &body), Context::Upload)
            }
            Ask::Links(urls) => (Frame::request(Command::MediaLink, &LinkRequest { urls }), Context::Links),
            Ask::ListChange(change) => (change.frame(), Context::ListChange { is_repeatable: change.is_repeatable() }),
            Ask::ConfirmPush(id) => (Frame::request(Command::PushAck, &PushAck { id }), Context::ConfirmPush),
            Ask::Social(ask) => {
                let (frame, kind) = social::request(ask);
                (frame, Context::Social(kind))
            }
        }
    }

    pub(super) fn draft(&mut self, to: String, body: String, options: SendOptions) -> SendRequest {
        let msg_seq = self.calls.next_msg_seq;
        self.calls.next_msg_seq = msg_seq.wrapping_add(1);
        SendRequest {
            to,
            msg_seq,
            msg_random: self.rng.random(),
            body,
            cloud: options.cloud,
            online_only: options.online_only,
            no_unread: options.no_unread,
            no_last: options.no_last,
            receipt_wanted: options.receipt_wanted,
            extensible: options.extensible,
            push: options.push,
            life_time: options.life_time,
        }
    }

    fn enqueue(&mut self, call: Option<CallId>, frame: Frame, context: Context) {
        let due = self.now.saturating_add(self.rules.request_ms);
        self.calls.waiting.push_back(Request { call, frame: frame.compressed(), context, due });
        self.flush();
    }

    /// Asks for the client itself, ahead of what waits. Needs a connection that is up.
    pub(super) fn ask_internal(&mut self, frame: &Frame, context: Context) {
        let due = self.now.saturating_add(self.rules.request_ms);
        self.launch(Request { call: None, frame: frame.clone(), context, due });
    }

    fn launch(&mut self, request: Request) {
        let seq = self.calls.number();
        self.transmit(request.frame.clone(), seq);
        // While nothing is read, heartbeats go out and no answer comes in: one of them is enough to wait for.
        if matches!(request.context, Context::Heartbeat) && self.calls.has_heartbeat() {
            return;
        }
        self.calls.flying.insert(seq, request);
    }

    /// Sends what waits, if there is a connection.
    pub(super) fn flush(&mut self) {
        // Cookie, number and flags come on top of what is counted here.
        const ENVELOPE_BYTES: usize = 256;
        while let Link::Up(up) = &self.link {
            let frame_bytes = up.frame_bytes;
            let Some(request) = self.calls.waiting.pop_front() else { return };
            if request.frame.body.len().saturating_add(ENVELOPE_BYTES) > frame_bytes {
                if let Some(call) = request.call {
                    self.done(call, Err(Error::InvalidArgument("the request is over the gateway's bound of a frame")));
                }
                continue;
            }
            self.launch(request);
        }
    }

    /// Puts what was sent and may be repeated before what waits, in its order; the rest ends here.
    pub(super) fn requeue(&mut self) {
        for (_, request) in std::mem::take(&mut self.calls.flying).into_iter().rev() {
            if request.context.is_repeatable() {
                self.calls.waiting.push_front(request);
            } else if let Some(call) = request.call {
                self.done(call, Err(Error::Disconnected));
            }
        }
    }

    pub(super) fn fail_calls(&mut self, error: &Error) {
        let flying = std::mem::take(&mut self.calls.flying).into_values();
        for request in flying.chain(std::mem::take(&mut self.calls.waiting)) {
            if let Some(call) = request.call {
                self.done(call, Err(error.clone()));
            }
        }
    }

    pub(super) fn expire_calls(&mut self) {
        let (now, is_reading) = (self.now, self.is_reading);
        let is_over = |request: &Request| now >= request.due && (is_reading || !request.context.is_internal());
        let mut over: Vec<(Request, Error)> =
            self.calls.flying.extract_if(.., |_, request| is_over(request)).map(|(_, r)| (r, Error::Timeout)).collect();
        let error = if matches!(self.link, Link::Up(_)) { Error::Timeout } else { Error::Disconnected };
        let (late, waiting) = std::mem::take(&mut self.calls.waiting).into_iter().partition(|r| is_over(r));
        self.calls.waiting = waiting;
        over.extend(VecDeque::into_iter(late).map(|request| (request, error.clone())));
        let mut is_silent = false;
        for (request, error) in over {
            match (request.call, request.context) {
                (Some(call), _) => self.done(call, Err(error)),
                (None, Context::Logout) => self.end_session(&Error::NotLoggedIn, Error::Timeout),
                // What the client needs for itself is not answered: this connection is of no use.
                (None, context) => is_silent |= context.is_internal(),
            }
        }
        if is_silent {
            self.lost(now, crate::event::Reason::Silent);
        }
    }

    /// Handles the answer to a request; one that came too late has nobody who waits for it.
    pub(super) fn on_answer(&mut self, frame: &Frame) {
        let Some(request) = self.calls.flying.remove(&frame.seq) else { return };
        if frame.code == 0 {
            return self.on_success(request, frame);
        }
        let is_session = crate::refusal::reaction(frame.code);
        if matches!(is_session, crate::refusal::Reaction::LogIn | crate::refusal::Reaction::Reconnect) {
            // The request is as good as lost with the connection.
            self.calls.flying.insert(frame.seq, request);
            self.on_session_refused(frame.code, &frame.text);
            return;
        }
        let refusal = Error::Refused { code: frame.code, text: frame.text.clone() };
        if let Some(call) = request.call {
            self.done(call, Err(refusal));
        } else {
            match request.context {
                Context::Logout => {
                    self.end_session(&Error::NotLoggedIn, refusal);
                }
                Context::Heads { .. } => self.on_heads_refused(frame.code),
                Context::Contacts { .. } => self.on_contacts_refused(frame.code),
                Context::Since { peer, fill } => self.on_since_refused(&peer, fill, frame.code),
                Context::Broadcasts { .. } => self.on_broadcasts_refused(frame.code),
                Context::Heartbeat => {
                    if !self.on_session_refused(frame.code, &frame.text) {
                        let reason = crate::event::Reason::Refused { code: frame.code, text: frame.text.clone() };
                        self.lost(self.now, reason);
                    }
                }
                _ => tracing::warn!(code = frame.code, "the gateway refused a confirmation"),
            }
            return;
        }
        self.on_session_refused(frame.code, &frame.text);
    }

    fn on_success(&mut self, request: Request, frame: &Frame) {
        let answer = match request.context {
            Context::Heartbeat => return,
            Context::Logout => return self.logged_out(),
            Context::Heads { after, behind } => return self.on_heads(after, &behind, frame),
            Context::Contacts { after } => return self.on_contacts(after, frame),
            Context::ListChange { .. } => return self.on_list_change(request.call, frame),
            Context::Since { peer, fill } => return self.on_since(&peer, fill, frame),
            Context::Broadcasts { after } => return self.on_broadcasts(after, frame),
            Context::Send(draft) => self.on_sent(*draft, frame),
            Context::Recall(id) => {
                let peer = if id.from == self.me() { id.to.clone() } else { id.from.clone() };
                self.write(Write::Recalled { peer: peer.clone(), id });
                self.changed(vec![peer]);
                Ok(Answer::Nothing)
            }
            Context::Read { peer, upto } => {
                self.write(Write::ReadByMe { peer: peer.clone(), seq: upto });
                self.changed(vec![peer]);
                Ok(Answer::Nothing)
            }
            Context::History { peer } => self.on_history(&peer, frame),
            Context::Change(changing) => self.on_change(*changing, frame),
            Context::Status => frame.read::<StatusAnswer>().map_err(|_| malformed("status")).map(|answer| {
                let item = |item: contract::frame::wire::status_answer::Item| Presence {
                    account: item.account,
                    status: item.status,
                    code: item.code,
                };
                Answer::Presence(answer.items.into_iter().map(item).collect())
            }),
            Context::Plain { .. } => Ok(Answer::Frame(Box::new(frame.clone()))),
            Context::Upload => frame.read::<UploadAnswer>().map_err(|_| malformed("upload")).map(|answer| {
                let UploadAnswer { upload_url, expires_at, url } = answer;
                Answer::Upload(Upload { upload_url, expires_at, url })
            }),
            Context::Links => frame.read::<LinkAnswer>().map_err(|_| malformed("links")).map(|answer| {
                let expires_at = answer.expires_at;
                let link = |item: contract::frame::wire::link_answer::Item| FileLink {
                    url: item.url,
                    link: item.link,
                    code: item.code,
                    expires_at,
                };
                Answer::Links(answer.items.into_iter().map(link).collect())
            }),
            Context::Receipts | Context::Token | Context::ConfirmPush => Ok(Answer::Nothing),
            Context::Social(kind) => social::answer(kind, frame),
        };
        if let Some(call) = request.call {
            self.done(call, answer);
        }
    }

    fn on_history(&mut self, peer: &str, frame: &Frame) -> Result<Answer> {
        let page = frame.read::<MessagePage>().map_err(|_| malformed("history"))?;
        let messages: Vec<Message> = page.messages.into_iter().map(Message::from).collect();
        for message in &messages {
            self.write(Write::Message { peer: peer.into(), message: message.clone(), place: None });
        }
        Ok(Answer::Page(messages))
    }

    pub(super) fn on_sent(&mut self, draft: SendRequest, frame: &Frame) -> Result<Answer> {
        let answer = frame.read::<SendAnswer>().map_err(|_| malformed("send"))?;
        let key = MsgKey { time: answer.time, seq: answer.msg_seq, random: draft.msg_random };
        if answer.seq > 0 {
            self.on_own(Message {
                from: self.me().into(),
                to: draft.to,
                key,
                seq: answer.seq,
                at: answer.at,
                body: draft.body,
                cloud: draft.cloud,
                online_only: draft.online_only,
                no_unread: draft.no_unread,
                no_last: draft.no_last,
                receipt_wanted: draft.receipt_wanted,
                extensible: draft.extensible,
                recalled: false,
                read_by_peer: false,
                version: 0,
                extended: false,
            });
        }
        Ok(Answer::Sent(Sent { key, seq: answer.seq }))
    }

    /// Tells the gateway that a notification arrived.
    pub(super) fn confirm_push(&mut self, call: Option<CallId>, id: &[u8]) {
        if self.session.is_none() {
            return;
        }
        self.told.confirmed(id);
        if call.is_none() && self.calls.waiting.len() >= CALLS_MAX {
            // The gateway sends it again; it is confirmed then.
            return;
        }
        let body = id.to_vec();
        self.enqueue(call, Frame::request(Command::PushAck, &PushAck { id: body }), Context::ConfirmPush);
    }
}

/// Whether a command only reads, or says what may be said twice. Another change whose answer was lost is not made again: it
/// would be refused as made already.
const fn is_reading(command: Command) -> bool {
    matches!(
        command,
        Command::Friends
            | Command::FriendGet
            | Command::FriendCheck
            | Command::Requests
            | Command::RequestsRead
            | Command::Blocks
            | Command::FriendGroups
            | Command::RelationVersions
            | Command::PushRegister
            | Command::PushWithdraw
            | Command::AliasAdd
            | Command::TagAdd
            | Command::TagRemove
            | Command::TagList
            | Command::PushSet
            | Command::PushState
            | Command::PushReport
            | Command::PushActivity
            | Command::GroupInfo
            | Command::GroupJoined
            | Command::GroupMembers
            | Command::GroupRequests
            | Command::GroupHistory
            | Command::GroupSince
            | Command::GroupRead
            | Command::GroupReceiptGive
            | Command::GroupReceiptCount
            | Command::GroupReaders
            | Command::GroupPairsGet
            | Command::LiveGuests
            | Command::LiveOnline
            | Command::AttributesGet
            | Command::CountersGet
            | Command::TopicGet
            | Command::TopicHeads
            | Command::TopicRead
            | Command::PermissionGroupGet
            | Command::PermissionMembers
            | Command::PermissionTopics
            // A repeated send has the same random number, by which the group knows it.
            | Command::GroupSend
    )
}

pub(super) fn malformed(what: &str) -> Error {
    Error::Protocol(format!("the answer to {what} cannot be read"))
}
