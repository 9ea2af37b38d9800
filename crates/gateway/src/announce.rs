//! What was committed becomes notices for the devices that are connected here.
//!
//! Called by the thread that commits, so it only encodes each notice once and queues it.

use std::sync::Arc;

use contract::event::Event;
use contract::frame::wire::{self, MessageRef, ReadNotice, RecallNotice, ReceiptNotice};
use contract::frame::{Command, Frame};
use contract::message::{Flags, Message};
use contract::{AppId, DeviceId, Fault, Millis, MsgKey, UserId};

use crate::hub::Hub;
use crate::registry::Session;

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
                Event::EpochRaised { account, epoch, .. } => {
                    for session in self.registry.of_account(app, account) {
                        if session.void_below(*epoch) {
                            self.kick(&session, Fault::UserSigRevoked);
                        }
                    }
                }
                Event::SessionReplaced { account, device, before } => {
                    self.replace(app, account, device, *before);
                }
                Event::DeliveryQueued | Event::WebhookQueued | Event::AppChanged => {}
            }
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

    fn replace(&self, app: AppId, account: &UserId, device: &DeviceId, before: Millis) {
        for session in self.registry.of_account(app, account) {
            if session.device == *device && session.began() < before && session.replace() {
                self.kick(&session, Fault::Replaced);
            }
        }
    }

    fn notify(&self, app: AppId, accounts: &[&UserId], frame: impl FnOnce() -> Frame) {
        let mut sessions = Vec::new();
        for (index, account) in accounts.iter().enumerate() {
            if !accounts[..index].contains(account) {
                sessions.extend(self.registry.of_account(app, account));
            }
        }
        sessions.retain(|session| session.is_in());
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
    }
}
