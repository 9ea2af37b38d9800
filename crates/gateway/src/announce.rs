//! What was committed becomes notices for the devices that are connected here.
//!
//! Called by the thread that commits, so it only encodes each notice once and queues it.

use std::sync::Arc;

use contract::event::Event;
use contract::frame::wire::{
    self, ConversationNotice, ExtendedNotice, FollowNotice, MessageRef, ProfileNotice, ReadNotice, RecallNotice,
    ReceiptNotice, StreamedNotice,
};
use contract::frame::{Command, Frame};
use contract::message::{Extension, Flags, Message};
use contract::stream::Chunk;
use contract::{AppId, DeviceId, Fault, Millis, MsgKey, UserId};

use crate::hub::Hub;
use crate::profile;
use crate::registry::Session;
use crate::relation;

impl Hub {
    pub(crate) fn deliver(&self, app: AppId, events: &[Event]) {
        for event in events {
            match event {
                Event::MessageAppended { message, origin, echo, .. } => {
                    self.deliver_message(app, message, origin.as_ref(), *echo);
                }
                Event::MessageRecalled { sender, receiver, key, seq, by } => {
                    let message = Some(reference(sender, receiver, *key));
                    let notice = RecallNotice { message, seq: seq.0 as u64, by: by.to_string() };
                    self.notify(app, &[sender, receiver], || Frame::notice(Command::Recalled, &notice));
                }
                Event::MessageModified { message } => {
                    self.tell_viewers(app, message, || Frame::notice(Command::Modified, &shown(message)));
                }
                Event::MessageStreamed { message, chunks } => {
                    self.tell_viewers(app, message, || Frame::notice(Command::Streamed, &streamed(message, chunks)));
                }
                Event::MessageExtended { message, change, pairs, latest, by } => {
                    let notice = ExtendedNotice {
                        message: Some(reference(&message.sender, &message.receiver, message.key)),
                        seq: message.seq.0 as u64,
                        change: *change as i32,
                        extensions: pairs.iter().map(extension).collect(),
                        latest_seq: *latest as u64,
                        by: by.to_string(),
                    };
                    self.tell_viewers(app, message, || Frame::notice(Command::Extended, &notice));
                }
                Event::ConversationRead { reader, peer, time, seq } => {
                    let notice = ReadNotice {
                        reader: reader.to_string(),
                        peer: peer.to_string(),
                        time: *time,
                        seq: seq.0 as u64,
                    };
                    self.notify(app, &[reader, peer], || Frame::notice(Command::ReadUpTo, &notice));
                }
                Event::ReceiptsGiven { reader, peer, keys } => {
                    let messages = keys.iter().map(|key| reference(peer, reader, *key)).collect();
                    let notice = ReceiptNotice { reader: reader.to_string(), messages };
                    self.notify(app, &[peer], || Frame::notice(Command::Receipts, &notice));
                }
                Event::Group(event) => {
                    // First what is said, then who is gone: the last words of a group reach those who were in it.
                    self.deliver_group_message_event(app, event);
                    self.deliver_group_event(app, event);
                }
                other => self.deliver_of_account(app, other),
            }
        }
    }

    /// What concerns an account and no single message; the rest is for other ears than a connection's.
    fn deliver_of_account(&self, app: AppId, event: &Event) {
        match event {
            Event::ConversationsChanged { account, version, origin } => {
                let mut sessions = self.registry.of_account(app, account);
                sessions.retain(|session| session.is_in() && Some(&session.device) != origin.as_ref());
                let notice = ConversationNotice { version: *version };
                self.send_all(&sessions, || Frame::notice(Command::ConversationChanged, &notice));
            }
            Event::EpochRaised { account, epoch, .. } => {
                for session in self.registry.of_account(app, account) {
                    if session.void_below(*epoch) {
                        self.kick(&session, Fault::UserSigRevoked);
                    }
                }
            }
            Event::SessionReplaced { account, device, before, is_web_full } => {
                self.replace(app, account, device, *before, *is_web_full);
            }
            Event::RelationsChanged { account, versions } => {
                let notice = relation::shown(*versions);
                self.notify(app, &[account], || Frame::notice(Command::RelationChanged, &notice));
            }
            Event::ProfileChanged { account, fields, sequences, origin } => {
                let notice = ProfileNotice {
                    account: account.to_string(),
                    fields: profile::fields(fields.clone()),
                    standard_sequence: sequences.standard,
                    custom_sequence: sequences.custom,
                };
                let frame = || Frame::notice(Command::ProfileChanged, &notice);
                self.notify_others(app, &[account], origin.as_ref(), frame);
                self.circle.tell(app, account, notice);
            }
            Event::FollowChanged { account, target, is_following, is_mutual, at, origin } => {
                let notice = FollowNotice {
                    account: account.to_string(),
                    target: target.to_string(),
                    following: *is_following,
                    mutual: *is_mutual,
                    time: at.secs(),
                };
                let frame = || Frame::notice(Command::FollowChanged, &notice);
                self.notify_others(app, &[account, target], origin.as_ref(), frame);
            }
            Event::BroadcastPassed { accounts, broadcast } => {
                self.deliver_broadcast(app, accounts, broadcast);
            }
            _ => {}
        }
    }

    /// The receiver's devices get it, and the sender's others.
    fn deliver_message(&self, app: AppId, message: &Message, origin: Option<&DeviceId>, echo: bool) {
        let mut sessions = self.registry.of_account(app, &message.receiver);
        if echo && message.sender != message.receiver {
            sessions.extend(self.registry.of_account(app, &message.sender));
        }
        // The origin belongs to the sender; a device of that name under the receiver's account is another one's.
        let is_origin = |session: &Session| session.account == message.sender && Some(&session.device) == origin;
        sessions.retain(|session| session.is_in() && !is_origin(session));
        self.send_all(&sessions, || Frame::notice(Command::Message, &shown(message)));
    }

    fn replace(&self, app: AppId, account: &UserId, device: &DeviceId, before: Millis, is_web_full: bool) {
        for session in self.registry.of_account(app, account) {
            if session.device == *device && session.began() < before && session.replace(is_web_full) {
                self.kick(&session, session.replacement());
            }
        }
    }

    /// Tells those of the two accounts who see the message.
    fn tell_viewers(&self, app: AppId, message: &Message, frame: impl FnOnce() -> Frame) {
        let viewers: Vec<&UserId> =
            [&message.sender, &message.receiver].into_iter().filter(|account| message.is_seen_by(account)).collect();
        self.notify(app, &viewers, frame);
    }

    pub(crate) fn notify(&self, app: AppId, accounts: &[&UserId], frame: impl FnOnce() -> Frame) {
        self.notify_others(app, accounts, None, frame);
    }

    /// Tells all devices of accounts but one: that of the first account which caused it.
    pub(crate) fn notify_others(
        &self,
        app: AppId,
        accounts: &[&UserId],
        origin: Option<&DeviceId>,
        frame: impl FnOnce() -> Frame,
    ) {
        let mut sessions = Vec::new();
        for (index, account) in accounts.iter().enumerate() {
            // The same one twice comes of a message to oneself; the accounts of a page differ.
            if index != 1 || accounts[0] != *account {
                sessions.extend(self.registry.of_account(app, account));
            }
        }
        let is_origin =
            |session: &Session| Some(&session.device) == origin && Some(&&session.account) == accounts.first();
        sessions.retain(|session| session.is_in() && !is_origin(session));
        self.send_all(&sessions, frame);
    }

    /// Encodes once, and only if somebody is here.
    fn send_all(&self, sessions: &[Arc<Session>], frame: impl FnOnce() -> Frame) {
        if sessions.is_empty() {
            return;
        }
        let bytes = frame().to_bytes();
        for session in sessions {
            self.push_bytes(&session.link, bytes.clone());
        }
    }
}

fn reference(sender: &UserId, receiver: &UserId, key: MsgKey) -> MessageRef {
    MessageRef {
        from: sender.to_string(),
        to: receiver.to_string(),
        msg_seq: key.seq,
        msg_random: key.random,
        time: key.time,
    }
}

fn streamed(message: &Message, chunks: &[Chunk]) -> StreamedNotice {
    StreamedNotice {
        message: Some(reference(&message.sender, &message.receiver, message.key)),
        seq: message.seq.0 as u64,
        version: message.flags.version() as u32,
        chunks: chunks.iter().map(chunk).collect(),
    }
}

/// A piece of a stream as a device is shown it.
pub(crate) fn chunk(chunk: &Chunk) -> wire::Chunk {
    wire::Chunk { index: chunk.index, markdown: chunk.markdown.clone(), last: chunk.is_last }
}

/// A pair as a device is shown it.
pub(crate) fn extension(pair: &Extension) -> wire::Extension {
    wire::Extension { key: pair.key.clone(), value: pair.value.clone(), seq: pair.seq as u64 }
}

/// A message as a device is shown it. Of a recalled one only the fact travels.
pub(crate) fn shown(message: &Message) -> wire::Message {
    let is_recalled = message.flags.has(Flags::RECALLED);
    let text = |text: &str| if is_recalled { String::new() } else { text.to_owned() };
    wire::Message {
        from: message.sender.to_string(),
        to: message.receiver.to_string(),
        msg_seq: message.key.seq,
        msg_random: message.key.random,
        time: message.key.time,
        seq: message.seq.0 as u64,
        at: message.at.0,
        body: text(&message.body),
        cloud: text(&message.cloud),
        online_only: message.flags.has(Flags::ONLINE_ONLY),
        no_unread: !message.flags.has(Flags::COUNTS),
        no_last: !message.flags.has(Flags::MOVES_LIST),
        receipt_wanted: message.flags.has(Flags::RECEIPT_WANTED),
        extensible: message.flags.has(Flags::EXTENSIBLE),
        recalled: is_recalled,
        read_by_peer: message.flags.has(Flags::RECEIPT_GIVEN),
        version: message.flags.version() as u32,
        extended: message.flags.has(Flags::EXTENDED),
    }
}
