//! Webhooks: which an app may switch on, and what happened that they tell of.
//!
//! A *before* webhook is asked and may refuse; an *after* webhook is told. What happened travels through the store as a
//! [`Happening`], in words of the domain: the surface writes the body of the contract from it. A new webhook is a line
//! in [`Webhook`], a variant of [`Happening`] and a function that writes its body.

mod group;
mod happening;
mod judgement;
mod untold;

use std::fmt;
use std::net::IpAddr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use group::{GroupHappening, GroupLetter, GroupQuestion, GuestStep, InGroup};
pub use happening::{
    Befriended, FriendQuestion, FriendStep, Happening, Notified, Pair, PushEvent, PushReport, Pushed, StateChange,
    part_of, part_of_account,
};
pub use judgement::Judgement;
pub use untold::{Batch, Untold};

use crate::id::{MsgKey, Platform, UserId};

/// Writes the table of webhooks once: variant, command, chapter.
macro_rules! webhooks {
    ($($(#[doc = $doc:literal])+ $name:ident = $command:literal, $chapter:literal;)+) => {
        /// A webhook that is served.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Webhook {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Webhook {
            /// All of them, in the order of the published list.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// `CallbackCommand`.
            pub const fn command(self) -> &'static str {
                match self {
                    $(Self::$name => $command,)+
                }
            }

            /// Its chapter in the published list.
            pub const fn chapter(self) -> &'static str {
                match self {
                    $(Self::$name => $chapter,)+
                }
            }
        }
    };
}

webhooks! {
    /// A device came in, logged out or lost its connection.
    StateChange = "State.StateChange", "state";
    /// Fields of a profile changed.
    PortraitSet = "Profile.CallbackPortraitSet", "profile";
    /// Asks before a device makes a friend, or asks for one.
    PrevFriendAdd = "Sns.CallbackPrevFriendAdd", "relation";
    /// Asks before a device answers a friend request.
    PrevFriendResponse = "Sns.CallbackPrevFriendResponse", "relation";
    /// Accounts became friends.
    FriendAdd = "Sns.CallbackFriendAdd", "relation";
    /// Accounts are friends no longer.
    FriendDelete = "Sns.CallbackFriendDelete", "relation";
    /// Accounts were put on a blocklist.
    BlackListAdd = "Sns.CallbackBlackListAdd", "relation";
    /// Accounts were taken off a blocklist.
    BlackListDelete = "Sns.CallbackBlackListDelete", "relation";
    /// An account follows others.
    AfterFollowAdd = "Follow.CallbackAfterFollowAdd", "follow";
    /// An account follows others no longer.
    AfterFollowDelete = "Follow.CallbackAfterFollowDelete", "follow";
    /// Asks before a message is delivered.
    BeforeSendMsg = "C2C.CallbackBeforeSendMsg", "message";
    /// A message was delivered, or its delivery was refused.
    AfterSendMsg = "C2C.CallbackAfterSendMsg", "message";
    /// An account read a conversation.
    AfterMsgReport = "C2C.CallbackAfterMsgReport", "message";
    /// A message was recalled.
    AfterMsgWithDraw = "C2C.CallbackAfterMsgWithDraw", "message";
    /// A message was changed.
    AfterModifyMsg = "C2C.CallbackAfterModifyMsg", "message";
    /// Asks before a group is created.
    BeforeCreateGroup = "Group.CallbackBeforeCreateGroup", "group";
    /// Asks before an account joins a group, or asks to.
    BeforeApplyJoinGroup = "Group.CallbackBeforeApplyJoinGroup", "group";
    /// Asks before accounts are added to a group.
    BeforeInviteJoinGroup = "Group.CallbackBeforeInviteJoinGroup", "group";
    /// Asks before a message goes into a group.
    BeforeGroupSendMsg = "Group.CallbackBeforeSendMsg", "group";
    /// Asks before a topic is made.
    BeforeCreateTopic = "Group.CallbackBeforeCreateTopic", "topic";
    /// A group was created.
    AfterCreateGroup = "Group.CallbackAfterCreateGroup", "group";
    /// Accounts came into a group.
    AfterNewMemberJoin = "Group.CallbackAfterNewMemberJoin", "group";
    /// Accounts left a group.
    AfterMemberExit = "Group.CallbackAfterMemberExit", "group";
    /// A message went into a group.
    AfterGroupSendMsg = "Group.CallbackAfterSendMsg", "group";
    /// A message to a group was refused.
    GroupSendMsgException = "Group.CallbackSendMsgException", "group";
    /// Messages of a group were recalled.
    AfterGroupRecallMsg = "Group.CallbackAfterRecallMsg", "group";
    /// A group is full.
    AfterGroupFull = "Group.CallbackAfterGroupFull", "group";
    /// A group was disbanded.
    AfterGroupDestroyed = "Group.CallbackAfterGroupDestroyed", "group";
    /// Name, texts or picture of a group changed.
    AfterGroupInfoChanged = "Group.CallbackAfterGroupInfoChanged", "group";
    /// Role or card of a member changed.
    AfterMemberFieldChanged = "Group.CallbackAfterMemberFieldChanged", "group";
    /// Attributes of a group were written.
    AfterGroupAttrChanged = "Group.CallbackAfterGroupAttrChanged", "group";
    /// A message of a group was read.
    AfterReadReceipt = "Group.CallbackAfterReadReceipt", "group";
    /// A group has another owner.
    AfterChangeGroupOwner = "Group.CallbackAfterChangeGroupOwner", "group";
    /// Pairs of a group's message changed.
    AfterGroupMsgExtension = "Group.CallbackAfterGroupMsgExtension", "group";
    /// Accounts came into a live room, left it or were lost.
    MemberStateChange = "Group.CallbackOnMemberStateChange", "group";
    /// The app has made most of the groups that its plan gives it for the day.
    DailyGroupQuotaAlarm = "Group.CallbackOnDailyGroupQuotaAlarm", "group";
    /// A topic was made.
    AfterCreateTopic = "Group.CallbackAfterCreateTopic", "topic";
    /// Topics were deleted.
    AfterTopicDestroyed = "Group.CallbackAfterTopicDestroyed", "topic";
    /// A topic's name, texts or picture became others.
    AfterTopicInfoChanged = "Group.CallbackAfterTopicInfoChanged", "topic";
    /// A robot got a message.
    BotMessage = "Bot.OnC2CMessage", "other";
    /// Robots were mentioned in a group.
    BotGroupMessage = "Bot.OnGroupMessage", "other";
    /// What became of pushes, a batch at a time. It is ours: the published list has no such webhook.
    PushResult = "Push.Result", "push-result";
    /// A robot got a signal: an online-only message of one custom element.
    BotSignal = "Chatbot.OnC2CSignalMessage", "other";
    /// Calls of a command came faster than its limit.
    OverLimit = "Alert.RequestOverLimit", "other";
    /// The app's lists had something to say of a text or a file.
    Moderated = "ContentCallback.ResultNotify", "other";
    /// A vendor took or refused the notification of a message.
    OfflinePush = "Push.OfflinePush", "other";
    /// A vendor took or refused a notification of a broadcast.
    AllMemberPush = "Push.AllMemberPush", "other";
}

impl Webhook {
    /// The webhook of a command.
    pub fn parse(command: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|webhook| webhook.command() == command)
    }

    /// Whether the published list has it.
    pub const fn is_published(self) -> bool {
        !matches!(self, Self::PushResult)
    }

    /// Whether it is asked before something happens; the contract says so by the name.
    pub fn is_before(self) -> bool {
        let name = self.command().split('.').nth(1).unwrap_or_default();
        name.contains("Before") || name.contains("Prev")
    }
}

/// Which webhooks an app has on, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted(u64);

impl Wanted {
    /// Whether a webhook is on.
    pub const fn has(self, webhook: Webhook) -> bool {
        self.0 & (1 << webhook as u32) != 0
    }

    /// These and one more.
    pub const fn with(self, webhook: Webhook) -> Self {
        Self(self.0 | (1 << webhook as u32))
    }

    /// Whether none is on.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Who caused what a webhook tells of, as far as its query says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// Whence the call or the connection came.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// What kind of client it was.
    #[serde(rename = "v", default)]
    pub via: Via,
}

impl Origin {
    /// A call of a back end.
    pub const fn rest(ip: IpAddr) -> Self {
        Self { ip: Some(ip), via: Via::Rest }
    }

    /// A device.
    pub const fn device(ip: Option<IpAddr>, platform: Platform) -> Self {
        Self { ip, via: Via::of(platform) }
    }
}

/// The kinds of clients that the contract tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the contract")]
pub enum Via {
    #[default]
    Unknown,
    Rest,
    Web,
    Android,
    Ios,
    Windows,
    Mac,
    IPad,
    Linux,
}

impl Via {
    /// The kind of a platform.
    pub const fn of(platform: Platform) -> Self {
        match platform {
            Platform::IPhone => Self::Ios,
            Platform::Android => Self::Android,
            Platform::Web => Self::Web,
            Platform::Pc => Self::Windows,
            Platform::IPad => Self::IPad,
            Platform::Mac => Self::Mac,
            Platform::Linux => Self::Linux,
        }
    }

    /// `OptPlatform` of most webhooks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Rest => "RESTAPI",
            Self::Web => "Web",
            Self::Android => "Android",
            Self::Ios => "iOS",
            Self::Windows => "Windows",
            Self::Mac => "Mac",
            Self::IPad => "iPad",
            Self::Linux => "Linux",
        }
    }
}

impl Serialize for UserId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(|_| D::Error::custom("no UserID"))
    }
}

impl Serialize for MsgKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MsgKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| D::Error::custom("no MsgKey"))
    }
}

impl fmt::Display for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_one_webhook_and_says_whether_it_is_asked_before() {
        for webhook in Webhook::ALL {
            assert_eq!(Webhook::parse(webhook.command()), Some(*webhook));
        }
        assert_eq!(Webhook::parse("C2C.CallbackNever"), None);
        assert!(Webhook::BeforeSendMsg.is_before());
        assert!(!Webhook::AfterSendMsg.is_before());
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let wanted = Wanted::default().with(Webhook::AfterSendMsg);
        assert!(wanted.has(Webhook::AfterSendMsg) && !wanted.has(Webhook::BeforeSendMsg) && !wanted.is_empty());
        assert!(Webhook::ALL.len() < 64, "one bit each");
    }
}
