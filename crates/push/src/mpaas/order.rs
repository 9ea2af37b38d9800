//! A push by mPaaS, ready to run: checked, filled and made a notification. Waiting for its time it is JSON.

use contract::notification::Notification;
use serde::{Deserialize, Serialize};
use store::bindings::Os;

use crate::audience::Crowd;

/// Which action asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `PushSimple`.
    Simple = 0,
    /// `PushTemplate`.
    Template = 1,
    /// `PushMultiple`.
    Multiple = 2,
    /// `PushBroadcast`.
    Broadcast = 3,
}

impl Kind {
    /// As statistics name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "SIMPLE",
            Self::Template => "TEMPLATE",
            Self::Multiple => "MULTIPLE",
            Self::Broadcast => "BROADCAST",
        }
    }

    /// The kind that statistics name so, in whatever case.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Simple, Self::Template, Self::Multiple, Self::Broadcast]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }
}

/// What the targets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Devices with Android.
    Android = 1,
    /// Devices with iOS.
    Ios = 2,
    /// Users with all their devices.
    User = 3,
    /// Something that is shown live, by its token.
    LiveToken = 5,
    /// Something that is shown live, by its name.
    LiveName = 6,
    /// Devices with HarmonyOS.
    Harmony = 7,
}

impl Delivery {
    /// What the contract numbers so.
    pub const fn of(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Android),
            2 => Some(Self::Ios),
            3 => Some(Self::User),
            5 => Some(Self::LiveToken),
            6 => Some(Self::LiveName),
            7 => Some(Self::Harmony),
            _ => None,
        }
    }

    /// The system of the devices; none for users.
    pub const fn os(self) -> Option<Os> {
        match self {
            Self::Android => Some(Os::Android),
            Self::Ios | Self::LiveToken | Self::LiveName => Some(Os::Ios),
            Self::Harmony => Some(Os::Harmony),
            Self::User => None,
        }
    }

    /// Whether the targets are what apps show live.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::LiveToken | Self::LiveName)
    }
}

/// One target, with the caller's key of the message for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Aim {
    /// A user or a device's token.
    pub target: String,
    /// The caller's key.
    pub key: String,
    /// What this target gets, where each gets its own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub own: Option<Notification>,
}

/// A push ready to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Which action asked.
    pub kind: Kind,
    /// What its targets are.
    pub delivery: Delivery,
    /// What the caller calls it.
    pub name: String,
    /// The template that it was made by: id and name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub template: Option<(i64, String)>,
    /// What every target gets that has none of its own.
    pub notification: Notification,
    /// The targets; none of a broadcast.
    pub aims: Vec<Aim>,
    /// The devices of a broadcast, and the caller's key of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub crowd: Option<(Crowd, String)>,
    /// Over our own connection alone.
    pub is_own_only: bool,
    /// How long it is valid, from the moment at which it runs.
    pub life_ms: i64,
}

impl Order {
    /// What is shown, to find it by: a batch shows what its first target gets.
    pub fn shown(&self) -> (&str, &str) {
        let first = self.aims.first().and_then(|aim| aim.own.as_ref()).unwrap_or(&self.notification);
        (&first.title, &first.body)
    }
}
