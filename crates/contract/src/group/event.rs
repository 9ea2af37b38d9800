//! What is announced of groups.

use std::sync::Arc;

use super::{AttributeChange, GroupId, GroupKind, TopicChange};
use crate::id::{ConversationId, DeviceId, Millis, Seq, UserId};
use crate::message::{Extension, ExtensionChange, Flags};
use crate::stream::Chunk;

/// How urgent a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Priority {
    /// Goes first.
    High = 1,
    /// As most.
    #[default]
    Normal = 2,
    /// Gives way.
    Low = 3,
    /// Gives way to all.
    Lowest = 4,
}

impl Priority {
    const ALL: [Self; 4] = [Self::High, Self::Normal, Self::Low, Self::Lowest];

    /// By its name; case counts.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == name)
    }

    /// By its number in history and in the store.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| *priority as i64 == number)
    }

    /// As the bits of a message's flags.
    pub const fn flags(self) -> Flags {
        Flags(match self {
            Self::Normal => 0,
            Self::High => 1 << 12,
            Self::Low => 2 << 12,
            Self::Lowest => 3 << 12,
        })
    }

    /// By the bits of a message's flags.
    pub const fn of(flags: Flags) -> Self {
        match (flags.0 & Flags::URGENCY.0) >> 12 {
            1 => Self::High,
            2 => Self::Low,
            3 => Self::Lowest,
            _ => Self::Normal,
        }
    }

    /// As the contract spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "High",
            Self::Normal => "Normal",
            Self::Low => "Low",
            Self::Lowest => "Lowest",
        }
    }
}

/// A message of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMessage {
    /// Who sent it; [`SYSTEM`](super::SYSTEM) of a tip.
    pub sender: UserId,
    /// Its place in the group; 0 for one that is not stored.
    pub seq: Seq,
    /// When it arrived.
    pub at: Millis,
    /// Chosen by the sender.
    pub random: u32,
    /// How urgent it is.
    pub priority: Priority,
    /// The JSON text of `MsgBody`.
    pub body: Arc<str>,
    /// `CloudCustomData`; empty means none.
    pub cloud: Arc<str>,
    /// What is special about it.
    pub flags: Flags,
    /// Who is mentioned.
    pub mentions: Vec<UserId>,
    /// Whether all are mentioned.
    pub mentions_all: bool,
    /// The only ones who receive it; empty means all.
    pub targets: Vec<UserId>,
}

impl GroupMessage {
    /// Whether it is told to an account: a targeted one only to those it is for, and to its sender.
    pub fn is_for(&self, account: &UserId) -> bool {
        self.targets.is_empty() || *account == self.sender || self.targets.contains(account)
    }
}

/// What a system notification tells (contract §2.13); the number is the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// Somebody asks to join.
    JoinRequested = 1,
    /// The receiver's request was granted.
    JoinApproved = 2,
    /// The receiver's request was refused.
    JoinRefused = 3,
    /// The receiver was removed.
    Kicked = 4,
    /// The group was disbanded.
    Disbanded = 5,
    /// The group was created.
    Created = 6,
    /// The receiver was added.
    Invited = 7,
    /// The receiver left.
    Quit = 8,
    /// The receiver is an admin now.
    MadeAdmin = 9,
    /// The receiver is no admin any more.
    UnmadeAdmin = 10,
    /// The group was recycled.
    Recycled = 11,
    /// The receiver is invited and asked.
    InviteAsked = 12,
    /// An invitation was accepted.
    InviteAccepted = 13,
    /// An invitation was refused.
    InviteRefused = 14,
    /// The receiver read on another device.
    ReadReported = 15,
    /// What the app says.
    Custom = 255,
}

/// A system notification: told to connected devices, kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupNotice {
    /// What happened.
    pub kind: NoticeKind,
    /// In which group.
    pub group: GroupId,
    /// The group's name.
    pub name: String,
    /// The group's type.
    pub group_kind: GroupKind,
    /// Who did it; empty where the app did.
    pub operator: String,
    /// Why, or what the app says.
    pub text: String,
    /// The request that it is about; 0 if none.
    pub request: i64,
    /// When.
    pub at: Millis,
}

/// Something that happened in a group.
#[derive(Debug, Clone)]
pub enum GroupEvent {
    /// A message was stored, or is passing by (its sequence is 0 then, or a live room's own).
    Message {
        /// The group.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
        /// Its type.
        kind: GroupKind,
        /// How many were in, the sender among them; 0 where nobody keeps members.
        members: i64,
        /// The message.
        message: Arc<GroupMessage>,
        /// The device that sent it and needs no copy.
        origin: Option<DeviceId>,
    },
    /// Messages were recalled.
    Recalled {
        /// The group.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
        /// Which messages.
        seqs: Vec<Seq>,
        /// Who recalled them.
        by: UserId,
        /// Why.
        reason: String,
    },
    /// A message has another body or other custom data than before.
    Modified {
        /// The group.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
        /// The message as it is now.
        message: Arc<GroupMessage>,
    },
    /// A stream message grew.
    Streamed {
        /// The group.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
        /// The message as it is now.
        message: Arc<GroupMessage>,
        /// What is new in it.
        chunks: Vec<Chunk>,
    },
    /// The extensions of a message changed.
    Extended {
        /// The group.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
        /// The message.
        seq: Seq,
        /// What was done with the pairs.
        change: ExtensionChange,
        /// The pairs that were set or removed; none when all were.
        pairs: Vec<Extension>,
        /// The newest sequence of the message's pairs.
        latest: i64,
        /// Who changed them.
        by: UserId,
    },
    /// A member gave receipts; the senders of the messages are told.
    Receipts {
        /// The group.
        group: GroupId,
        /// Who read.
        reader: UserId,
        /// The messages with who sent each, how many have read it and how many have not.
        messages: Vec<(Seq, UserId, i64, i64)>,
    },
    /// A member read up to a place; its other devices are told.
    Read {
        /// The group.
        group: GroupId,
        /// Who read.
        account: UserId,
        /// Up to and with this place.
        seq: Seq,
        /// The device that did.
        origin: Option<DeviceId>,
    },
    /// Messages up to a place are shown to nobody any more.
    Cleared {
        /// The group.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
        /// Up to and with this place.
        seq: Seq,
    },
    /// Somebody came or went. Who keeps members by group hears it before the tips that tell of it.
    Members {
        /// The group.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
        /// Who came.
        joined: Vec<UserId>,
        /// Who went.
        left: Vec<UserId>,
        /// They are members before and after: what changes is whether they hear the group.
        are_members: bool,
    },
    /// What the group or a member of it says of itself changed without a tip: lists are to be read again.
    Changed {
        /// The group.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
    },
    /// The group is over.
    Ended {
        /// The group.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
        /// What its members are told.
        notice: Arc<GroupNotice>,
    },
    /// Some accounts are told something, whether they are in the group or not.
    Notified {
        /// Who is told.
        accounts: Vec<UserId>,
        /// What.
        notice: Arc<GroupNotice>,
    },
    /// All connected members are told something.
    NotifiedAll {
        /// The group's conversation.
        conversation: ConversationId,
        /// What.
        notice: Arc<GroupNotice>,
    },
    /// The attributes of the group changed.
    Attributes {
        /// The group.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
        /// What was done with the pairs.
        change: AttributeChange,
        /// The pairs that were given; none when all were removed.
        pairs: Vec<(String, String)>,
        /// The version from now on.
        version: i64,
        /// Who changed them.
        by: UserId,
    },
    /// Counters of the group changed.
    Counters {
        /// The group.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
        /// Their values from now on.
        counters: Vec<(String, i64)>,
        /// They were deleted.
        are_gone: bool,
        /// Who changed them.
        by: UserId,
    },
    /// A topic of the community was made, changed or deleted.
    Topic {
        /// The community.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
        /// The topic.
        topic: String,
        /// What was done.
        change: TopicChange,
    },
    /// What members of the community may do changed.
    Permissions {
        /// The community.
        group: GroupId,
        /// Its conversation.
        conversation: ConversationId,
    },
}
