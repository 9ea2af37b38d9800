//! Webhooks: which an app may switch on, and what happened that they tell of.
//!
//! A *before* webhook is asked and may refuse; an *after* webhook is told. What happened travels through the store as a
//! [`Happening`], in words of the domain: the surface writes the body of the contract from it. A new webhook is a line
//! in [`Webhook`], a variant of [`Happening`] and a function that writes its body.

use std::fmt;
use std::net::IpAddr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{ConversationId, MsgKey, Platform, UserId};

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
    /// Asks before a message is delivered.
    BeforeSendMsg = "C2C.CallbackBeforeSendMsg", "message";
    /// A message was delivered.
    AfterSendMsg = "C2C.CallbackAfterSendMsg", "message";
    /// An account read a conversation.
    AfterMsgReport = "C2C.CallbackAfterMsgReport", "message";
    /// A message was recalled.
    AfterMsgWithDraw = "C2C.CallbackAfterMsgWithDraw", "message";
}

impl Webhook {
    /// The webhook of a command.
    pub fn parse(command: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|webhook| webhook.command() == command)
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
    },
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
            Self::Sent { .. } | Self::Passed { .. } => Webhook::AfterSendMsg,
            Self::Read { .. } => Webhook::AfterMsgReport,
            Self::Recalled { .. } => Webhook::AfterMsgWithDraw,
            Self::State { .. } => Webhook::StateChange,
        }
    }

    /// What it is told in order with: the conversation, or the account.
    pub fn part(&self) -> i64 {
        match self {
            // The row of a stored message has its conversation beside it.
            Self::Sent { receiver } => part_of_account(receiver),
            Self::Passed { sender: one, receiver: other, .. }
            | Self::Recalled { sender: one, receiver: other, .. }
            | Self::Read { reader: one, peer: other, .. } => part_of(ConversationId::pair(one, other)),
            Self::State { account, .. } => part_of_account(account),
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

    #[test]
    fn what_happened_survives_the_store() {
        let (alice, bob) = (UserId::trusted("alice"), UserId::trusted("bob"));
        let key = MsgKey { time: 5, seq: 1, random: 2 };
        let all = [
            Happening::Sent { receiver: bob.clone() },
            Happening::Recalled { sender: alice.clone(), receiver: bob.clone(), key },
            Happening::Read { reader: bob, peer: alice.clone(), time: 7 },
            Happening::State { account: alice, change: StateChange::TimeOut, kicked: vec![Via::Web] },
        ];
        for one in all {
            let text = serde_json::to_string(&one).expect("it is text");
            assert_eq!(serde_json::from_str::<Happening>(&text).expect("it is read"), one, "{text}");
        }
    }
}
