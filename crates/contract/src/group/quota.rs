//! What a plan allows of groups (contract §2.7); `None` means unlimited.

use super::GroupKind;
use crate::plan::Plan;

/// What a plan allows of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupAllowance {
    /// Groups that are not disbanded.
    pub groups_max: Option<i64>,
    /// Live groups at the same time.
    pub live_max: Option<i64>,
    /// Groups that a day may add, those that ended taken off.
    pub new_per_day: Option<i64>,
    /// Members of a group whose type is none of the next two, and what a group has if nobody chooses.
    pub members_max: i64,
    /// See [`members_max`](Self::members_max).
    pub members_default: i64,
    /// Members of a community; none where there are no communities.
    pub community_max: Option<i64>,
    /// Groups that one account may be in.
    pub joined_max: Option<i64>,
    /// Topics of a community.
    pub topics_max: Option<i64>,
    /// Targeted messages, receipts, extensions, counters.
    pub has_features: bool,
}

/// The largest group that the figures of this system are measured with.
const MEMBERS: i64 = 1_000_000;

impl Plan {
    /// What the plan allows of groups.
    pub const fn groups(self) -> GroupAllowance {
        const OWN: GroupAllowance = GroupAllowance {
            groups_max: None,
            live_max: None,
            new_per_day: None,
            members_max: MEMBERS,
            members_default: MEMBERS,
            community_max: Some(MEMBERS),
            joined_max: Some(5_000),
            topics_max: None,
            has_features: true,
        };
        match self {
            Self::Unlimited => OWN,
            Self::Trial => GroupAllowance {
                groups_max: Some(100),
                live_max: Some(10),
                members_max: 20,
                members_default: 20,
                community_max: None,
                joined_max: Some(50),
                has_features: false,
                ..OWN
            },
            Self::Standard => GroupAllowance {
                live_max: Some(50),
                new_per_day: Some(10_000),
                members_max: 2_000,
                members_default: 200,
                community_max: None,
                joined_max: Some(500),
                has_features: false,
                ..OWN
            },
            Self::Flagship => GroupAllowance {
                new_per_day: Some(10_000),
                members_max: 6_000,
                members_default: 2_000,
                community_max: Some(100_000),
                joined_max: Some(3_000),
                topics_max: Some(200),
                ..OWN
            },
            Self::Enterprise => {
                GroupAllowance { members_max: 6_000, members_default: 6_000, topics_max: Some(200), ..OWN }
            }
        }
    }
}

impl GroupAllowance {
    /// Members that a group of a type may be set to hold.
    pub const fn ceiling(&self, kind: GroupKind) -> i64 {
        match (kind, self.community_max) {
            (GroupKind::Community, Some(max)) => max,
            (GroupKind::Community, None) => 0,
            (GroupKind::Live, _) => MEMBERS,
            _ => self.members_max,
        }
    }

    /// Members that a group of a type holds if nobody chooses.
    pub const fn default_size(&self, kind: GroupKind) -> i64 {
        match kind {
            GroupKind::Community | GroupKind::Live => self.ceiling(kind),
            _ => self.members_default,
        }
    }
}
