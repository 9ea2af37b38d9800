//! What the gateway says without being asked, and what it says later about messages that were told before.

use std::collections::VecDeque;

use contract::MsgKey;
use contract::frame::wire::{
    ExtendedNotice, FollowNotice, ProfileNotice, PushNotice, ReadNotice, RecallNotice, ReceiptNotice, StreamedNotice,
};
use contract::frame::{Command, Flag, Frame, wire};
use contract::message::ExtensionChange;
use contract::stream::Chunk;

use crate::core::Core;
use crate::core::known::Write;
use crate::event::{Event, Push};
use crate::group::GroupEvent;
use crate::message::{Extension, Message, MessageId};
use crate::social::{Profile, fields_of};

/// Notifications whose ids are remembered, so that one that is sent again is not shown again.
const PUSHES_MAX: usize = 256;
/// Changes that are remembered, so that the sync after a return does not tell them again.
const CHANGES_MAX: usize = 1_024;

/// What may happen to a message once; each of its versions is told once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Recall,
    Receipt,
    Version(u32),
}

/// What was told already.
#[derive(Default)]
pub(super) struct Told {
    /// Notifications, oldest first, and whether they are confirmed.
    pushes: VecDeque<(Vec<u8>, bool)>,
    /// Changes of messages, oldest first.
    changes: VecDeque<(MessageId, Change)>,
}

impl Told {
    pub(super) fn confirmed(&mut self, id: &[u8]) {
        if let Some((_, is_confirmed)) = self.pushes.iter_mut().find(|(known, _)| known == id) {
            *is_confirmed = true;
        }
    }

    /// Notes the version in which a message is told. Answers whether it is new: of what overtakes each other on its way
    /// only the newer one counts.
    pub(super) fn version(&mut self, message: &Message) -> bool {
        let (id, version) = (message.id(), message.version);
        let is_known = |(known, what): &(MessageId, Change)| {
            matches!(what, Change::Version(told) if *told >= version) && *known == id
        };
        version > 0 && !self.changes.iter().any(is_known) && self.note(&id, Change::Version(version))
    }

    /// Notes a change. Answers whether it is new.
    fn note(&mut self, id: &MessageId, change: Change) -> bool {
        if self.changes.iter().any(|(known, what)| *what == change && known == id) {
            return false;
        }
        if self.changes.len() >= CHANGES_MAX {
            self.changes.pop_front();
        }
        self.changes.push_back((id.clone(), change));
        true
    }
}

impl Core {
    /// A frame of an authenticated connection.
    pub(super) fn on_up(&mut self, frame: &Frame) {
        if frame.has(Flag::Answer) {
            return self.on_answer(frame);
        }
        let is_read = match frame.command() {
            Command::Message => frame.read::<wire::Message>().map(|message| self.on_message(message.into())),
            Command::ReadUpTo => frame.read().map(|notice| self.on_read(notice)),
            Command::Recalled => frame.read().map(|notice| self.on_recalled(notice)),
            Command::Modified => frame.read::<wire::Message>().map(|message| self.on_modified(message.into())),
            Command::Streamed => frame.read().map(|notice| self.on_streamed(notice)),
            Command::Extended => frame.read().map(|notice| self.on_extended(notice)),
            Command::Receipts => frame.read().map(|notice| self.on_receipts(notice)),
            Command::ProfileChanged => frame.read().map(|notice| self.on_profile(notice)),
            Command::FollowChanged => frame.read().map(|notice| self.on_follow(notice)),
            Command::Broadcast => frame.read().map(|notice| self.on_broadcast(notice)),
            Command::ConversationChanged => frame.read().map(|notice| self.on_contacts_changed(notice)),
            Command::Pushed => frame.read().map(|notice| self.on_pushed(notice)),
            Command::RelationChanged => {
                frame.read::<wire::RelationVersions>().map(|versions| self.event(Event::Relations(versions.into())))
            }
            Command::GroupMessage => frame.read().map(|notice| self.on_group(GroupEvent::Message(notice))),
            Command::GroupNotice => frame.read().map(|notice| self.on_group(GroupEvent::Notice(notice))),
            Command::GroupChanged => frame.read().map(|notice| self.on_group(GroupEvent::Changed(notice))),
            Command::GroupReceipts => frame.read().map(|notice| self.on_group(GroupEvent::Receipts(notice))),
            Command::AttributesChanged => frame.read().map(|notice| self.on_group(GroupEvent::Attributes(notice))),
            Command::CountersChanged => frame.read().map(|notice| self.on_group(GroupEvent::Counters(notice))),
            Command::TopicChanged => frame.read().map(|notice| self.on_group(GroupEvent::Topic(notice))),
            Command::LiveTraffic => frame.read().map(|notice| self.on_group(GroupEvent::Traffic(notice))),
            Command::PermissionsChanged => {
                frame.read::<wire::GroupRef>().map(|of| self.on_group(GroupEvent::Permissions(of.group)))
            }
            Command::LiveOver => frame.read::<wire::GroupRef>().map(|of| self.on_group(GroupEvent::LiveOver(of.group))),
            Command::GroupGap => {
                self.on_group(GroupEvent::Gap);
                Ok(())
            }
            Command::Kicked => return self.on_kicked(frame),
            Command::Move => return self.on_move(frame),
            // A newer gateway may know notices that this client does not.
            _ => return,
        };
        if is_read.is_err() {
            self.broken("a notice that cannot be read");
        }
    }

    fn on_group(&mut self, event: GroupEvent) {
        self.event(Event::Group(Box::new(event)));
    }

    fn on_read(&mut self, notice: ReadNotice) {
        let ReadNotice { reader, peer, time, seq } = notice;
        let other = if reader == self.me() {
            self.write(Write::ReadByMe { peer: peer.clone(), seq });
            peer.clone()
        } else {
            self.write(Write::ReadByPeer { peer: reader.clone(), time });
            reader.clone()
        };
        self.event(Event::Read { reader, peer, time, seq });
        self.changed(vec![other]);
    }

    fn on_recalled(&mut self, notice: RecallNotice) {
        let id = MessageId::from(notice.message.unwrap_or_default());
        let peer = if id.from == self.me() { id.to.clone() } else { id.from.clone() };
        self.sync.recall_held(&peer, notice.seq);
        self.recalled(peer, id, notice.seq, notice.by);
    }

    fn on_modified(&mut self, message: Message) {
        let peer = message.peer(self.me()).to_owned();
        self.sync.modify_held(&peer, &message);
        self.write(Write::Message { peer: peer.clone(), message: message.clone(), place: None });
        self.modified(peer, message);
    }

    fn modified(&mut self, peer: String, message: Message) {
        if self.told.version(&message) {
            self.event(Event::Modified(message));
        }
        self.changed(vec![peer]);
    }

    fn on_streamed(&mut self, notice: StreamedNotice) {
        let message = MessageId::from(notice.message.unwrap_or_default());
        let peer = if message.from == self.me() { message.to.clone() } else { message.from.clone() };
        let chunk = |chunk: wire::Chunk| Chunk { index: chunk.index, markdown: chunk.markdown, is_last: chunk.last };
        let chunks: Vec<Chunk> = notice.chunks.into_iter().map(chunk).collect();
        let (id, version) = (message.clone(), Some(notice.version));
        self.write(Write::Streamed { peer, id, version, chunks: chunks.clone() });
        self.event(Event::Streamed { message, chunks });
    }

    fn on_extended(&mut self, notice: ExtendedNotice) {
        let message = MessageId::from(notice.message.unwrap_or_default());
        // What a newer gateway may do with pairs is found by asking.
        let Some(change) = ExtensionChange::from_number(notice.change.into()) else {
            return self.event(Event::ExtensionsStale { message });
        };
        let pairs = notice.extensions.into_iter().map(Extension::from).collect();
        self.event(Event::Extended { message, change, pairs, latest: notice.latest_seq, by: notice.by });
    }

    fn on_receipts(&mut self, notice: ReceiptNotice) {
        self.receipted(notice.reader, notice.messages.into_iter().map(MessageId::from));
    }

    /// What a page says about messages that were told before.
    pub(super) fn on_changes(&mut self, peer: &str, changed: Vec<wire::Message>) {
        let mut receipts = Vec::new();
        for message in changed.into_iter().map(Message::from) {
            let (id, seq, by) = (message.id(), message.seq, message.from.clone());
            if message.recalled {
                self.recalled(peer.into(), id.clone(), seq, by);
            }
            if message.read_by_peer && message.from == self.me() {
                receipts.push(id);
            }
            self.write(Write::Message { peer: peer.into(), message: message.clone(), place: None });
            if message.extended && !message.recalled {
                self.event(Event::ExtensionsStale { message: message.id() });
            }
            if message.version > 0 && !message.recalled {
                self.modified(peer.into(), message);
            }
        }
        self.receipted(peer.into(), receipts.into_iter());
    }

    fn recalled(&mut self, peer: String, id: MessageId, seq: u64, by: String) {
        self.write(Write::Recalled { peer: peer.clone(), id: id.clone() });
        if self.told.note(&id, Change::Recall) {
            self.event(Event::Recalled { message: id, seq, by });
        }
        self.changed(vec![peer]);
    }

    fn receipted(&mut self, reader: String, messages: impl Iterator<Item = MessageId>) {
        let new = messages.filter(|id| self.told.note(id, Change::Receipt));
        let keys: Vec<MsgKey> = new.map(|id| id.key).collect();
        if !keys.is_empty() {
            self.write(Write::Receipts { peer: reader.clone(), keys: keys.clone() });
            self.event(Event::Receipts { reader, keys });
        }
    }

    fn on_profile(&mut self, notice: ProfileNotice) {
        let ProfileNotice { account, fields, standard_sequence, custom_sequence } = notice;
        let fields = fields_of(fields);
        self.event(Event::ProfileChanged(Profile { account, code: 0, fields, standard_sequence, custom_sequence }));
    }

    fn on_follow(&mut self, notice: FollowNotice) {
        let FollowNotice { account, target, following, mutual, time } = notice;
        self.event(Event::FollowChanged { account, target, is_following: following, is_mutual: mutual, time });
    }

    fn on_pushed(&mut self, notice: PushNotice) {
        let PushNotice { id, title, body, extra, expires_at } = notice;
        match self.told.pushes.iter().find(|(known, _)| *known == id) {
            // Shown before, and the confirmation was lost.
            Some((_, true)) => return self.confirm_push(None, &id),
            Some((_, false)) => {}
            None => {
                if self.told.pushes.len() >= PUSHES_MAX {
                    self.told.pushes.pop_front();
                }
                self.told.pushes.push_back((id.clone(), false));
            }
        }
        self.event(Event::Pushed(Push { id, title, body, extra, expires_at }));
    }

    /// The list of conversations changed; the changes of one round are told together, after the rest.
    pub(super) fn changed(&mut self, peers: Vec<String>) {
        self.changed.extend(peers);
    }
}
