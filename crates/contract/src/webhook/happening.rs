//! What webhooks are about: what happened, as the store keeps it, and what an app is asked.

use serde::{Deserialize, Serialize};

use super::{InGroup, Judgement, Via, Webhook};
use crate::id::{ConversationId, MsgKey, UserId};
use crate::profile;

/// What happened, as the store keeps it until a webhook has told it. The short names keep the rows small.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Happening {
    /// A message was stored. The row names it by its place, and its content is read when it is told.
    #[serde(rename = "sent")]
    Sent {
        /// Who received it.
        #[serde(rename = "r")]
        receiver: UserId,
    },
    /// As [`Self::Sent`], where the receiver is a robot, whose back end is told.
    #[serde(rename = "bot")]
    SentToRobot {
        /// The robot.
        #[serde(rename = "r")]
        receiver: UserId,
    },
    /// A message passed by online only, so all of it is here.
    #[serde(rename = "passed")]
    Passed {
        /// Who wrote.
        sender: UserId,
        /// Whom it was for.
        receiver: UserId,
        /// Its key.
        key: MsgKey,
        /// The elements, as JSON text.
        body: String,
        /// The custom data.
        cloud: String,
        /// Whether the receiver is a robot, whose back end is told.
        #[serde(default, rename = "bot")]
        for_robot: bool,
    },
    /// A message was refused.
    #[serde(rename = "unsent")]
    Unsent {
        /// Who wrote.
        sender: UserId,
        /// Whom it was for.
        receiver: UserId,
        /// What its key would have been.
        key: MsgKey,
        /// The elements, as JSON text.
        body: String,
        /// The custom data.
        cloud: String,
        /// Whether it was for connected devices only.
        online_only: bool,
        /// The number that its sender got.
        code: i32,
        /// What it means.
        info: String,
    },
    /// A robot got a signal.
    #[serde(rename = "signal")]
    Signalled {
        /// Who wrote.
        sender: UserId,
        /// The robot.
        receiver: UserId,
        /// Its key.
        key: MsgKey,
        /// What the custom element says.
        data: String,
    },
    /// Calls came faster than a limit.
    #[serde(rename = "limit")]
    OverLimit {
        /// As `service/command`.
        command: String,
        /// Calls that had come within the second.
        calls: u32,
        /// Calls per second that are served.
        limit: u32,
    },
    /// The app's lists had something to say of a text or a file.
    #[serde(rename = "judged")]
    Moderated(Box<Judgement>),
    /// A vendor took or refused a notification.
    #[serde(rename = "vendor")]
    AtVendor(Box<PushReport>),
    /// An account read its conversation with a peer.
    #[serde(rename = "read")]
    Read {
        /// Who read.
        reader: UserId,
        /// Whose messages.
        peer: UserId,
        /// Up to and with this second.
        time: i64,
    },
    /// A message was recalled.
    #[serde(rename = "recalled")]
    Recalled {
        /// Who had sent it.
        sender: UserId,
        /// Who had received it.
        receiver: UserId,
        /// Its key.
        key: MsgKey,
    },
    /// A message was changed.
    #[serde(rename = "modified")]
    Modified {
        /// Who changed it.
        operator: UserId,
        /// Who had sent it.
        sender: UserId,
        /// Who had received it.
        receiver: UserId,
        /// Its key.
        key: MsgKey,
        /// The elements as they are now, as JSON text.
        body: String,
        /// The custom data as it is now.
        cloud: String,
    },
    /// Fields of a profile changed.
    #[serde(rename = "profile")]
    ProfileSet {
        /// Who changed them.
        operator: UserId,
        /// Whose they are.
        account: UserId,
        /// Those that differ, as they are now; one that is gone is an empty text.
        fields: Vec<(String, profile::Value)>,
    },
    /// Friends were put into lists.
    #[serde(rename = "friends")]
    FriendsAdded {
        /// Whose call or device it was about.
        account: UserId,
        /// Who wanted it first.
        initiator: UserId,
        /// Whose list, and whom it holds now.
        pairs: Vec<Pair>,
        /// The administrator who did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        admin: Option<UserId>,
        /// How it came about.
        way: Befriended,
    },
    /// Friends were taken out of lists.
    #[serde(rename = "unfriended")]
    FriendsRemoved {
        /// Whose call or device it was about.
        account: UserId,
        /// Whose list, and whom it holds no longer.
        pairs: Vec<Pair>,
    },
    /// Accounts were put on a blocklist.
    #[serde(rename = "blocked")]
    Blocked {
        /// Whose.
        account: UserId,
        /// Who.
        peers: Vec<UserId>,
    },
    /// Accounts were taken off a blocklist.
    #[serde(rename = "unblocked")]
    Unblocked {
        /// Whose.
        account: UserId,
        /// Who.
        peers: Vec<UserId>,
    },
    /// An account follows others.
    #[serde(rename = "followed")]
    Followed {
        /// Who.
        account: UserId,
        /// Whom.
        targets: Vec<UserId>,
    },
    /// An account follows others no longer.
    #[serde(rename = "unfollowed")]
    Unfollowed {
        /// Who.
        account: UserId,
        /// Whom.
        targets: Vec<UserId>,
    },
    /// Something happened in a group.
    #[serde(rename = "group")]
    Group(InGroup),
    /// Another group was made, and the day's quota is nearly used up.
    #[serde(rename = "quota")]
    GroupQuota {
        /// Groups made today, less those of them that are gone.
        used: i64,
        /// How many the plan gives a day.
        max: i64,
    },
    /// A device came or went.
    #[serde(rename = "state")]
    State {
        /// Whose device.
        account: UserId,
        /// What it did.
        change: StateChange,
        /// Devices that a login sent away.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kicked: Vec<Via>,
    },
    /// Something became known of a push.
    #[serde(rename = "pushed")]
    Pushed {
        /// The push.
        task: i64,
        /// The caller's own key of it; empty for none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        key: String,
        /// The word that the caller wants in receipts; empty for none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        job_key: String,
        /// What, of which devices.
        results: Vec<Pushed>,
    },
}

/// What became known of a push to one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// The device.
    #[serde(rename = "d")]
    pub device: String,
    /// The channel.
    #[serde(rename = "c")]
    pub channel: String,
    /// What happened.
    #[serde(rename = "e")]
    pub event: PushEvent,
    /// The published status: its family and its number.
    #[serde(default, rename = "s", skip_serializing_if = "Option::is_none")]
    pub status: Option<(String, i32)>,
    /// The vendor's words of a failure.
    #[serde(default, rename = "r", skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What happens to a push on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PushEvent {
    /// Its vendor took it.
    Sent,
    /// It will not be sent.
    Failed,
    /// It arrived.
    Arrived,
    /// It was opened.
    Opened,
    /// It was wiped away.
    Removed,
}

/// How a notification fared at a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushReport {
    /// Whose device it was for.
    pub account: UserId,
    /// The channel.
    pub channel: String,
    /// The status; 0 if the vendor took it.
    pub code: i32,
    /// The vendor's words.
    pub info: String,
    /// What it told of.
    pub of: Notified,
}

/// What a notification tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notified {
    /// A one-to-one message.
    Message {
        /// Who wrote.
        sender: UserId,
        /// Its key.
        key: MsgKey,
    },
    /// A message of a group.
    Group {
        /// The group.
        group: String,
        /// Who wrote.
        sender: UserId,
        /// Its place.
        seq: i64,
        /// The sender's number.
        random: u32,
        /// Seconds.
        time: i64,
    },
    /// A broadcast.
    Broadcast {
        /// Its number.
        number: i64,
        /// What it was begun with.
        random: u32,
        /// When, in seconds.
        time: i64,
    },
}

/// Whose list, and who is in it.
pub type Pair = (UserId, UserId);

/// How accounts became friends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Befriended {
    /// One asked, and the other had nothing against it.
    Asked,
    /// A back end asked nobody.
    Forced,
    /// One agreed to the other's request.
    Agreed,
}

/// What an app is asked about friends, before its answer decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FriendQuestion {
    /// Whose device it is.
    pub requester: UserId,
    /// Whose friends it is about.
    pub account: UserId,
    /// The other one.
    pub peer: UserId,
    /// What the account would call the other one.
    pub remark: String,
    /// What is to happen.
    pub step: FriendStep,
}

/// What is to happen between two accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FriendStep {
    /// The account wants the other one as a friend.
    Add {
        /// Into which of its groups; empty means none.
        group: String,
        /// Where they met; empty means unknown.
        source: String,
        /// What the request says.
        wording: String,
        /// Whether each is to have the other.
        is_both: bool,
    },
    /// The account agrees to the other one's request.
    Agree {
        /// Whether each is to have the other.
        is_both: bool,
    },
    /// The account refuses the other one's request.
    Reject,
}

impl FriendQuestion {
    /// Which webhook asks it.
    pub const fn webhook(&self) -> Webhook {
        match self.step {
            FriendStep::Add { .. } => Webhook::PrevFriendAdd,
            FriendStep::Agree { .. } | FriendStep::Reject => Webhook::PrevFriendResponse,
        }
    }
}

/// How a device came or went, with the reason that the contract gives each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateChange {
    /// It logged in or came back.
    Login,
    /// It logged out.
    Logout,
    /// Its connection was closed.
    LinkClose,
    /// It was not heard of any more.
    TimeOut,
}

impl Happening {
    /// Which webhook tells of it.
    pub const fn webhook(&self) -> Webhook {
        match self {
            Self::Sent { .. } | Self::Passed { for_robot: false, .. } | Self::Unsent { .. } => Webhook::AfterSendMsg,
            Self::Signalled { .. } => Webhook::BotSignal,
            Self::OverLimit { .. } => Webhook::OverLimit,
            Self::Moderated(_) => Webhook::Moderated,
            Self::AtVendor(report) => match report.of {
                Notified::Message { .. } | Notified::Group { .. } => Webhook::OfflinePush,
                Notified::Broadcast { .. } => Webhook::AllMemberPush,
            },
            Self::SentToRobot { .. } | Self::Passed { for_robot: true, .. } => Webhook::BotMessage,
            Self::Read { .. } => Webhook::AfterMsgReport,
            Self::Recalled { .. } => Webhook::AfterMsgWithDraw,
            Self::Modified { .. } => Webhook::AfterModifyMsg,
            Self::ProfileSet { .. } => Webhook::PortraitSet,
            Self::FriendsAdded { .. } => Webhook::FriendAdd,
            Self::FriendsRemoved { .. } => Webhook::FriendDelete,
            Self::Blocked { .. } => Webhook::BlackListAdd,
            Self::Unblocked { .. } => Webhook::BlackListDelete,
            Self::Followed { .. } => Webhook::AfterFollowAdd,
            Self::Unfollowed { .. } => Webhook::AfterFollowDelete,
            Self::Group(in_group) => in_group.what.webhook(),
            Self::GroupQuota { .. } => Webhook::DailyGroupQuotaAlarm,
            Self::State { .. } => Webhook::StateChange,
            Self::Pushed { .. } => Webhook::PushResult,
        }
    }

    /// What it is told in order with: the conversation, the account, or the push.
    pub fn part(&self) -> i64 {
        match self {
            // The row of a stored message has its conversation beside it.
            Self::Sent { receiver } | Self::SentToRobot { receiver } => part_of_account(receiver),
            Self::OverLimit { .. } | Self::GroupQuota { .. } => 0,
            Self::Moderated(judgement) => part_of_account(&judgement.account),
            Self::AtVendor(report) => part_of_account(&report.account),
            Self::Passed { sender: one, receiver: other, .. }
            | Self::Unsent { sender: one, receiver: other, .. }
            | Self::Signalled { sender: one, receiver: other, .. }
            | Self::Recalled { sender: one, receiver: other, .. }
            | Self::Modified { sender: one, receiver: other, .. }
            | Self::Read { reader: one, peer: other, .. } => part_of(ConversationId::pair(one, other)),
            Self::Group(in_group) => in_group.part,
            Self::State { account, .. }
            | Self::ProfileSet { account, .. }
            | Self::FriendsAdded { account, .. }
            | Self::FriendsRemoved { account, .. }
            | Self::Blocked { account, .. }
            | Self::Unblocked { account, .. }
            | Self::Followed { account, .. }
            | Self::Unfollowed { account, .. } => part_of_account(account),
            Self::Pushed { task, .. } => *task,
        }
    }
}

/// The part of a conversation. Two that share one wait for each other, which does no harm.
pub fn part_of(conversation: ConversationId) -> i64 {
    let (first, _) = conversation.0.split_first_chunk().expect("16 bytes begin with 8");
    i64::from_be_bytes(*first)
}

/// The part of an account.
pub fn part_of_account(account: &UserId) -> i64 {
    part_of(ConversationId::pair(account, account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_survives_the_store() {
        let (alice, bob) = (UserId::trusted("alice"), UserId::trusted("bob"));
        let key = MsgKey { time: 5, seq: 1, random: 2 };
        let all = [
            Happening::Sent { receiver: bob.clone() },
            Happening::Recalled { sender: alice.clone(), receiver: bob.clone(), key },
            Happening::Read { reader: bob, peer: alice.clone(), time: 7 },
            Happening::Followed { account: alice.clone(), targets: vec![UserId::trusted("carol")] },
            Happening::FriendsAdded {
                account: alice.clone(),
                initiator: alice.clone(),
                pairs: vec![(alice.clone(), UserId::trusted("carol"))],
                admin: None,
                way: Befriended::Forced,
            },
            Happening::ProfileSet {
                operator: alice.clone(),
                account: alice.clone(),
                fields: vec![("a".into(), profile::Value::Number(7)), ("b".into(), profile::Value::Text("7".into()))],
            },
            Happening::State { account: alice, change: StateChange::TimeOut, kicked: vec![Via::Web] },
        ];
        for one in all {
            let text = serde_json::to_string(&one).expect("it is text");
            assert_eq!(serde_json::from_str::<Happening>(&text).expect("it is read"), one, "{text}");
        }
    }
}
