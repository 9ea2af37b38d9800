//! Plans as data: what an app may have and do. The self-hosted default is bounded by nothing.
//!
//! Numbers from the limits page of the contract (tencent-im-rest reference, §3); `None` means unlimited.

use crate::id::Platform;

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
    /// Conversations that the list of an account shows besides the pinned ones; older ones are left out.
    pub conversations_max: Option<usize>,
    /// Whether accounts may have conversation groups and standard marks.
    pub has_conversation_groups: bool,
    /// Connected native instances of one platform.
    pub instances_native: usize,
    /// Connected web instances.
    pub instances_web: usize,
}

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
        let unlimited = Allowance {
            accounts_max: None,
            daily_active_max: None,
            may_delete_accounts: true,
            retired_days: 0,
            history_days: None,
            conversations_max: None,
            has_conversation_groups: true,
            instances_native: 1,
            instances_web: 1,
        };
        match self {
            Self::Unlimited => unlimited,
            Self::Trial => Allowance {
                accounts_max: Some(100),
                daily_active_max: Some(100),
                history_days: Some(7),
                conversations_max: Some(100),
                has_conversation_groups: false,
                ..unlimited
            },
            Self::Standard => Allowance {
                may_delete_accounts: false,
                retired_days: 90,
                history_days: Some(7),
                conversations_max: Some(100),
                has_conversation_groups: false,
                ..unlimited
            },
            Self::Flagship => Allowance {
                may_delete_accounts: false,
                retired_days: 90,
                history_days: Some(30),
                conversations_max: Some(500),
                instances_native: 3,
                instances_web: 10,
                ..unlimited
            },
            Self::Enterprise => Allowance {
                may_delete_accounts: false,
                retired_days: 90,
                history_days: Some(90),
                conversations_max: Some(500),
                instances_native: 3,
                instances_web: 10,
                ..unlimited
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
