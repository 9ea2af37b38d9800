//! What happened in groups, and what an app is asked about them.

use serde::{Deserialize, Serialize};

use super::Webhook;
use crate::group::{GroupId, GroupKind};
use crate::id::UserId;

/// Something that happened in a group, as the store keeps it until a webhook has told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InGroup {
    /// The group.
    #[serde(rename = "g")]
    pub group: String,
    /// Its type, as the contract spells it.
    #[serde(rename = "k")]
    pub kind: String,
    /// What it is told in order with: that of the group's conversation.
    #[serde(rename = "p")]
    pub part: i64,
    /// Who did it.
    #[serde(rename = "o")]
    pub operator: UserId,
    /// What.
    #[serde(rename = "w")]
    pub what: GroupHappening,
}

/// A message of a group as webhooks tell it. Who acts stands around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupLetter {
    /// In whose name, if not in that of who acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<UserId>,
    /// Its place; 0 if it has none.
    pub seq: i64,
    /// Seconds.
    pub time: i64,
    /// Chosen by the sender.
    pub random: u32,
    /// It is not stored.
    pub online: bool,
    /// The elements, as JSON text.
    pub body: String,
    /// The custom data.
    pub cloud: String,
    /// Whom it mentions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<String>,
    /// It mentions all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_all: bool,
}

/// How an account came into a live room, or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum GuestStep {
    /// By its first device.
    Came,
    /// With its last device, because it wanted to or was sent away.
    Went,
    /// Its last connection broke, and it did not come back in time.
    Lost,
    /// It came back after it was lost.
    Returned,
}

impl GuestStep {
    /// Whether it is in the room from now on.
    pub const fn is_in(self) -> bool {
        matches!(self, Self::Came | Self::Returned)
    }
}

/// What happened in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupHappening {
    /// It was created.
    #[serde(rename = "made")]
    Created {
        /// Whose it is; empty of a group without an owner.
        owner: String,
        /// Its name.
        name: String,
        /// Who is in besides.
        members: Vec<UserId>,
        /// Declared fields.
        fields: Vec<(String, String)>,
    },
    /// Accounts came in.
    #[serde(rename = "in")]
    Joined {
        /// Who.
        members: Vec<UserId>,
        /// They were added by somebody; otherwise they came by themselves.
        invited: bool,
    },
    /// Accounts went.
    #[serde(rename = "out")]
    Left {
        /// Who.
        members: Vec<UserId>,
        /// They were removed; otherwise they left.
        kicked: bool,
    },
    /// A message was stored, or passed by.
    #[serde(rename = "sent")]
    Sent(GroupLetter),
    /// A message that robots of the group are told of, because it mentions them.
    #[serde(rename = "robots")]
    SentToRobots {
        /// The message.
        #[serde(rename = "m")]
        letter: GroupLetter,
        /// The robots that it mentions.
        #[serde(rename = "r")]
        robots: Vec<String>,
    },
    /// A message was refused, or there was no room for it within its second.
    #[serde(rename = "unsent")]
    Unsent {
        /// The message.
        #[serde(rename = "m")]
        letter: GroupLetter,
        /// The number that says why.
        #[serde(rename = "c")]
        code: i32,
        /// What it means.
        #[serde(rename = "i")]
        info: String,
    },
    /// Accounts came into a live room or are gone from it.
    #[serde(rename = "guests")]
    Guests {
        /// Who.
        #[serde(rename = "a")]
        accounts: Vec<UserId>,
        /// How.
        #[serde(rename = "s")]
        step: GuestStep,
    },
    /// Messages were recalled.
    #[serde(rename = "recalled")]
    Recalled {
        /// Which.
        seqs: Vec<i64>,
    },
    /// It has as many members as it holds.
    #[serde(rename = "full")]
    Full,
    /// It is over.
    #[serde(rename = "over")]
    Ended {
        /// Whose it was.
        owner: String,
        /// Its name.
        name: String,
        /// Who was in; none of a community.
        members: Vec<UserId>,
    },
    /// Name, texts or picture became others.
    #[serde(rename = "info")]
    Edited {
        /// The fields with their new values, as the contract spells them.
        fields: Vec<(String, String)>,
    },
    /// A member's role or card became another.
    #[serde(rename = "member")]
    MemberEdited {
        /// Whose.
        account: UserId,
        /// The new role.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
        /// The new card.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        card: Option<String>,
    },
    /// A member gave receipts, or sent a message that wants some, which nobody has read yet.
    #[serde(rename = "read")]
    Receipts {
        /// The messages, each with how many have read it and how many have not.
        messages: Vec<(i64, i64, i64)>,
    },
    /// It has another owner.
    #[serde(rename = "owner")]
    Transferred {
        /// Whose it was.
        old: String,
        /// Whose it is.
        new: UserId,
    },
    /// Pairs of a message changed.
    #[serde(rename = "pairs")]
    Extended {
        /// The message.
        seq: i64,
        /// What was done: 1 set, 2 removed, 3 all removed.
        change: i64,
        /// The pairs: key, value, sequence.
        pairs: Vec<(String, String, i64)>,
        /// The newest sequence of the message's pairs.
        latest: i64,
    },
    /// Its attributes were written.
    #[serde(rename = "attr")]
    Attributes {
        /// What was done, as the contract spells it.
        option: String,
        /// The pairs that were given.
        pairs: Vec<(String, String)>,
    },
    /// A topic of it was made.
    #[serde(rename = "topic")]
    TopicCreated {
        /// The topic.
        topic: String,
        /// Its name.
        name: String,
        /// Whose the community is; empty if nobody's.
        owner: String,
    },
    /// Topics of it were deleted.
    #[serde(rename = "topics-over")]
    TopicsEnded {
        /// Which.
        topics: Vec<String>,
    },
    /// What a topic of it says of itself became another.
    #[serde(rename = "topic-info")]
    TopicEdited {
        /// The topic.
        topic: String,
        /// The fields with their new values, as the contract spells them.
        fields: Vec<(String, String)>,
    },
}

impl GroupHappening {
    /// Which webhook tells of it.
    pub const fn webhook(&self) -> Webhook {
        match self {
            Self::Created { .. } => Webhook::AfterCreateGroup,
            Self::Joined { .. } => Webhook::AfterNewMemberJoin,
            Self::Left { .. } => Webhook::AfterMemberExit,
            Self::Sent(_) => Webhook::AfterGroupSendMsg,
            Self::SentToRobots { .. } => Webhook::BotGroupMessage,
            Self::Unsent { .. } => Webhook::GroupSendMsgException,
            Self::Guests { .. } => Webhook::MemberStateChange,
            Self::Recalled { .. } => Webhook::AfterGroupRecallMsg,
            Self::Full => Webhook::AfterGroupFull,
            Self::Ended { .. } => Webhook::AfterGroupDestroyed,
            Self::Edited { .. } => Webhook::AfterGroupInfoChanged,
            Self::MemberEdited { .. } => Webhook::AfterMemberFieldChanged,
            Self::Receipts { .. } => Webhook::AfterReadReceipt,
            Self::Transferred { .. } => Webhook::AfterChangeGroupOwner,
            Self::Extended { .. } => Webhook::AfterGroupMsgExtension,
            Self::Attributes { .. } => Webhook::AfterGroupAttrChanged,
            Self::TopicCreated { .. } => Webhook::AfterCreateTopic,
            Self::TopicsEnded { .. } => Webhook::AfterTopicDestroyed,
            Self::TopicEdited { .. } => Webhook::AfterTopicInfoChanged,
        }
    }
}

/// What an app is asked about a group, before its answer decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupQuestion {
    /// Whether it may be created.
    Create {
        /// Who creates it.
        operator: UserId,
        /// Whose it is to be; empty means nobody's.
        owner: String,
        /// Its type.
        kind: GroupKind,
        /// Its name.
        name: String,
        /// Who is to be in besides.
        members: Vec<UserId>,
        /// How many groups of the type the owner has.
        owned: i64,
    },
    /// Whether an account may join, or ask to.
    Apply {
        /// The group.
        group: GroupId,
        /// Its type.
        kind: GroupKind,
        /// Who.
        account: UserId,
    },
    /// Which accounts may be added.
    Invite {
        /// The group.
        group: GroupId,
        /// Its type.
        kind: GroupKind,
        /// Who adds them.
        operator: UserId,
        /// Whom.
        accounts: Vec<UserId>,
    },
    /// Whether a topic may be made.
    CreateTopic {
        /// Who makes it.
        operator: UserId,
        /// Its name.
        name: String,
    },
}

impl GroupQuestion {
    /// Which webhook asks it.
    pub const fn webhook(&self) -> Webhook {
        match self {
            Self::Create { .. } => Webhook::BeforeCreateGroup,
            Self::Apply { .. } => Webhook::BeforeApplyJoinGroup,
            Self::Invite { .. } => Webhook::BeforeInviteJoinGroup,
            Self::CreateTopic { .. } => Webhook::BeforeCreateTopic,
        }
    }
}
