//! Plans as data: what an app may have and do. The self-hosted default is bounded by nothing.
//!
//! Numbers from the limits page of the contract (tencent-im-rest reference, §3); `None` means unlimited.

use crate::id::Platform;
use crate::limit;

/// A plan by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Plan {
    /// The default of an installation of one's own.
    #[default]
    Unlimited,
    /// Free trial.
    Trial,
    /// Professional in older pages.
    Standard,
    /// Pro in newer pages.
    Flagship,
    /// Pro Plus and above.
    Enterprise,
}

/// What a plan allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Living accounts.
    pub accounts_max: Option<u64>,
    /// Accounts that log in within a day.
    pub daily_active_max: Option<u64>,
    /// Whether accounts may be deleted by REST without the app's own switch.
    pub may_delete_accounts: bool,
    /// How long a deleted UserID may not be imported again, in days.
    pub retired_days: i64,
    /// How long history is kept, in days.
    pub history_days: Option<i64>,
    /// Messages that may be sent by REST within a day.
    pub sends_daily_max: Option<u64>,
    /// Whether devices may ask for the online status of others.
    pub has_status: bool,
    /// Whether accounts may follow each other.
    pub has_follow: bool,
    /// Accounts that one account may follow.
    pub following_max: Option<u64>,
    /// Accounts that one account may ask to become friends within a minute.
    pub friend_adds_per_minute: Option<i64>,
    /// Friends that one account may remove within a minute.
    pub friend_removals_per_minute: Option<i64>,
    /// Conversations that the list of an account shows besides the pinned ones; older ones are left out.
    pub conversations_max: Option<usize>,
    /// Whether accounts may have conversation groups and standard marks.
    pub has_conversation_groups: bool,
    /// Connected native instances of one platform.
    pub instances_native: usize,
    /// Connected web instances.
    pub instances_web: usize,
    /// Whether key-value pairs may be attached to messages.
    pub has_extensions: bool,
    /// Robots.
    pub robots_max: u64,
    /// Streams that begin within a day.
    pub streams_per_day: Option<i64>,
    /// Whether `all_member_push` is part of the plan; `timpush` is part of every one.
    pub has_all_member_push: bool,
    /// Broadcasts within a day, UTC.
    pub broadcasts_per_day: Option<u32>,
    /// The least time between two broadcasts, and between two revocations, in milliseconds.
    pub broadcast_pause_ms: i64,
}

/// What a plan without bounds allows.
const UNLIMITED: Allowance = Allowance {
    accounts_max: None,
    daily_active_max: None,
    may_delete_accounts: true,
    retired_days: 0,
    history_days: None,
    sends_daily_max: None,
    has_status: true,
    has_follow: true,
    following_max: None,
    friend_adds_per_minute: None,
    friend_removals_per_minute: None,
    conversations_max: None,
    has_conversation_groups: true,
    instances_native: 1,
    instances_web: 1,
    has_extensions: true,
    robots_max: limit::ROBOTS,
    streams_per_day: None,
    has_all_member_push: true,
    broadcasts_per_day: None,
    broadcast_pause_ms: 0,
};

/// What all plans of the cloud have in common. The contract names no number for changes of friends; this one no
/// person reaches by hand. Broadcasts (§1.6, §3): a hundred a day, ten on trial, more than a second apart.
const CLOUD: Allowance = Allowance {
    friend_adds_per_minute: Some(100),
    friend_removals_per_minute: Some(100),
    broadcasts_per_day: Some(100),
    broadcast_pause_ms: 1_000,
    ..UNLIMITED
};

impl Plan {
    /// All plans in the order of size.
    pub const ALL: [Self; 5] = [Self::Unlimited, Self::Trial, Self::Standard, Self::Flagship, Self::Enterprise];

    /// As operators and files spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unlimited => "unlimited",
            Self::Trial => "trial",
            Self::Standard => "standard",
            Self::Flagship => "flagship",
            Self::Enterprise => "enterprise",
        }
    }

    /// The plan of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.as_str() == name)
    }

    /// What it allows.
    pub const fn allowance(self) -> Allowance {
        match self {
            Self::Unlimited => UNLIMITED,
            Self::Trial => Allowance {
                accounts_max: Some(100),
                daily_active_max: Some(100),
                history_days: Some(7),
                conversations_max: Some(100),
                has_conversation_groups: false,
                sends_daily_max: Some(1_000),
                has_all_member_push: false,
                broadcasts_per_day: Some(10),
                has_extensions: false,
                robots_max: 0,
                streams_per_day: Some(1_000),
                has_status: false,
                has_follow: false,
                ..CLOUD
            },
            Self::Standard => Allowance {
                may_delete_accounts: false,
                retired_days: 90,
                history_days: Some(7),
                conversations_max: Some(100),
                has_conversation_groups: false,
                has_all_member_push: false,
                has_extensions: false,
                robots_max: 0,
                has_status: false,
                has_follow: false,
                ..CLOUD
            },
            Self::Flagship => Allowance {
                may_delete_accounts: false,
                retired_days: 90,
                history_days: Some(30),
                following_max: Some(limit::FOLLOWING),
                conversations_max: Some(500),
                instances_native: 3,
                instances_web: 10,
                robots_max: 20,
                ..CLOUD
            },
            Self::Enterprise => Allowance {
                may_delete_accounts: false,
                retired_days: 90,
                history_days: Some(90),
                following_max: Some(limit::FOLLOWING),
                conversations_max: Some(500),
                instances_native: 3,
                instances_web: 10,
                robots_max: 20,
                ..CLOUD
            },
        }
    }
}

impl Allowance {
    /// Instances of a platform that may be connected at a time.
    pub const fn instances(&self, platform: Platform) -> usize {
        match platform {
            Platform::Web => self.instances_web,
            _ => self.instances_native,
        }
    }
}
