//! Messages of groups, what was done with them, and notifications, as connected members are told of them.

use std::sync::Arc;

use contract::frame::wire::{
    self, GroupChangeNotice, GroupMessageNotice, GroupReceiptNotice, SystemNotice, group_receipt_notice,
};
use contract::frame::{Command, Frame};
use contract::group::{GroupEvent, GroupId, GroupKind, GroupMessage, GroupNotice};
use contract::message::Flags;
use contract::{AppId, ConversationId, DeviceId, UserId};

use super::fan_out::Filter;
use crate::announce::{chunk, extension};
use crate::hub::Hub;

impl Hub {
    /// Tells of messages and of what concerns single accounts; the rest is told by [`deliver_group_event`].
    ///
    /// [`deliver_group_event`]: Hub::deliver_group_event
    pub(crate) fn deliver_group_message_event(&self, app: AppId, event: &GroupEvent) {
        match event {
            GroupEvent::Message { group, conversation, kind, message, origin, .. } => {
                self.tell_message(app, (group, *conversation, *kind), message, origin.as_ref());
            }
            GroupEvent::Recalled { group, conversation, seqs, by, reason } => {
                let notice = GroupChangeNotice {
                    recalled: seqs.iter().map(|seq| seq.0 as u64).collect(),
                    by: by.to_string(),
                    reason: reason.clone(),
                    ..of(group)
                };
                self.tell_change((app, group.home(*conversation)), &notice);
            }
            GroupEvent::Modified { group, conversation, message } => {
                let notice = GroupChangeNotice { modified: Some(shown(message)), ..of(group) };
                self.tell_readers((app, group.home(*conversation)), message, &notice);
            }
            GroupEvent::Streamed { group, conversation, message, chunks } => {
                let notice = GroupChangeNotice {
                    streamed: message.seq.0 as u64,
                    version: message.flags.version() as u32,
                    chunks: chunks.iter().map(chunk).collect(),
                    ..of(group)
                };
                self.tell_readers((app, group.home(*conversation)), message, &notice);
            }
            GroupEvent::Extended { group, conversation, seq, change, pairs, latest, by } => {
                let notice = GroupChangeNotice {
                    extended: seq.0 as u64,
                    change: *change as i32,
                    extensions: pairs.iter().map(extension).collect(),
                    latest: *latest as u64,
                    by: by.to_string(),
                    ..of(group)
                };
                self.tell_change((app, group.home(*conversation)), &notice);
            }
            GroupEvent::Cleared { group, conversation, seq } => {
                self.tell_change(
                    (app, group.home(*conversation)),
                    &GroupChangeNotice { cleared: seq.0 as u64, ..of(group) },
                );
            }
            GroupEvent::Changed { group, conversation } => {
                self.tell_change((app, group.home(*conversation)), &GroupChangeNotice { profile: true, ..of(group) });
            }
            GroupEvent::Read { group, account, seq, origin } => {
                let notice = GroupChangeNotice { read: seq.0 as u64, ..of(group) };
                let frame = || Frame::notice(Command::GroupChanged, &notice);
                self.notify_others(app, &[account], origin.as_ref(), frame);
            }
            GroupEvent::Receipts { group, reader, messages } => self.tell_receipts(app, group, reader, messages),
            GroupEvent::Notified { accounts, notice } => {
                for account in accounts {
                    self.notify(app, &[account], || Frame::notice(Command::GroupNotice, &system(notice)));
                }
            }
            GroupEvent::NotifiedAll { conversation, notice } => {
                let frame = || Frame::notice(Command::GroupNotice, &system(notice));
                self.deliver_to_group((app, *conversation), Filter::All, frame);
            }
            _ => {}
        }
    }

    fn tell_message(
        &self,
        app: AppId,
        (group, conversation, kind): (&GroupId, ConversationId, GroupKind),
        message: &Arc<GroupMessage>,
        origin: Option<&DeviceId>,
    ) {
        let notice = GroupMessageNotice { group: group.to_string(), message: Some(shown(message)) };
        let frame = || Frame::notice(Command::GroupMessage, &notice);
        if !message.targets.is_empty() {
            let readers: Vec<&UserId> = std::iter::once(&message.sender).chain(&message.targets).collect();
            return self.notify_others(app, &readers, origin, frame);
        }
        if kind == GroupKind::Live {
            self.live.remember((app, conversation), frame().to_bytes());
        }
        self.deliver_to_group((app, group.home(conversation)), Filter::but(&message.sender, origin), frame);
    }

    fn tell_change(&self, key: (AppId, ConversationId), notice: &GroupChangeNotice) {
        self.deliver_to_group(key, Filter::All, || Frame::notice(Command::GroupChanged, notice));
    }

    /// Tells those who may read a message.
    fn tell_readers(&self, key: (AppId, ConversationId), message: &GroupMessage, notice: &GroupChangeNotice) {
        if message.targets.is_empty() {
            return self.tell_change(key, notice);
        }
        let readers: Vec<&UserId> = message.targets.iter().chain([&message.sender]).collect();
        self.notify(key.0, &readers, || Frame::notice(Command::GroupChanged, notice));
    }

    fn tell_receipts(
        &self,
        app: AppId,
        group: &GroupId,
        reader: &UserId,
        messages: &[(contract::Seq, UserId, i64, i64)],
    ) {
        let mut senders: Vec<&UserId> = messages.iter().map(|(_, sender, ..)| sender).collect();
        senders.sort_unstable();
        senders.dedup();
        for sender in senders {
            let own = messages.iter().filter(|(_, from, ..)| from == sender);
            let tally = |(seq, _, read, unread): &(contract::Seq, UserId, i64, i64)| group_receipt_notice::Tally {
                seq: seq.0 as u64,
                read: *read as u32,
                unread: *unread as u32,
            };
            let notice = GroupReceiptNotice {
                group: group.to_string(),
                reader: reader.to_string(),
                tallies: own.map(tally).collect(),
            };
            self.notify(app, &[sender], || Frame::notice(Command::GroupReceipts, &notice));
        }
    }
}

fn of(group: &GroupId) -> GroupChangeNotice {
    GroupChangeNotice { group: group.to_string(), ..GroupChangeNotice::default() }
}

pub(super) fn system(notice: &GroupNotice) -> SystemNotice {
    SystemNotice {
        kind: notice.kind as u32,
        group: notice.group.to_string(),
        name: notice.name.clone(),
        r#type: notice.group_kind.as_str().to_owned(),
        operator: notice.operator.clone(),
        text: notice.text.clone(),
        request: notice.request,
        time: notice.at.secs(),
    }
}

/// A message as a device is shown it. Of a recalled one only the fact travels.
pub(super) fn shown(message: &GroupMessage) -> wire::GroupMessage {
    let is_recalled = message.flags.has(Flags::RECALLED);
    let text = |text: &str| if is_recalled { String::new() } else { text.to_owned() };
    wire::GroupMessage {
        from: message.sender.to_string(),
        seq: message.seq.0 as u64,
        at: message.at.0,
        random: message.random,
        priority: message.priority as u32,
        body: text(&message.body),
        cloud: text(&message.cloud),
        online_only: message.flags.has(Flags::ONLINE_ONLY),
        no_unread: !message.flags.has(Flags::COUNTS),
        no_last: !message.flags.has(Flags::MOVES_LIST),
        receipt_wanted: message.flags.has(Flags::RECEIPT_WANTED),
        extensible: message.flags.has(Flags::EXTENSIBLE),
        recalled: is_recalled,
        version: message.flags.version() as u32,
        extended: message.flags.has(Flags::EXTENDED),
        tip: message.flags.has(Flags::TIP),
        mentions: message.mentions.iter().map(ToString::to_string).collect(),
        mentions_all: message.mentions_all,
        targeted: message.flags.has(Flags::TARGETED),
    }
}
