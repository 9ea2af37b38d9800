//! Profiles and follows as the application sees them.

use std::collections::BTreeMap;

use contract::frame::wire::profile_field::Value as Wire;
use contract::frame::wire::{self, FollowType, ProfileField, follow_check_answer};

pub use contract::profile::Value as ProfileValue;

/// The fields of a profile by tag, such as `Tag_Profile_IM_Nick`.
pub type ProfileFields = BTreeMap<String, ProfileValue>;

/// What an account shows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The account.
    pub account: String,
    /// 0, or the published code that says why there is no profile.
    pub code: i32,
    /// The fields that hold something.
    pub fields: ProfileFields,
    /// Rises with every change of a standard field.
    pub standard_sequence: i64,
    /// Rises with every change of a custom field.
    pub custom_sequence: i64,
}

impl From<wire::Profile> for Profile {
    fn from(wire: wire::Profile) -> Self {
        Self {
            account: wire.account,
            code: wire.code,
            fields: fields_of(wire.fields),
            standard_sequence: wire.standard_sequence,
            custom_sequence: wire.custom_sequence,
        }
    }
}

/// Which list of follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowList {
    /// Who follows this account.
    Followers,
    /// Whom it follows.
    Following,
    /// Who does both.
    Mutual,
}

impl FollowList {
    pub(crate) const fn wire(self) -> FollowType {
        match self {
            Self::Followers => FollowType::Follower,
            Self::Following => FollowType::Following,
            Self::Mutual => FollowType::Mutual,
        }
    }
}

/// An account of a list of follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The other account.
    pub account: String,
    /// Since when, in seconds since the epoch.
    pub time: i64,
    /// The standard fields of its profile that hold something.
    pub fields: ProfileFields,
    /// Rises with every change of its profile.
    pub profile_sequence: i64,
}

/// A page of a list of follows, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowPage {
    /// The accounts; there may be fewer than asked for before the end.
    pub followed: Vec<Followed>,
    /// Where the next page goes on; empty at the end.
    pub cursor: String,
}

/// How this account and another one follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowTie {
    /// The other account.
    pub account: String,
    /// 0, or the published code that says why nothing is known of it.
    pub code: i32,
    /// This account follows it.
    pub is_following: bool,
    /// It follows this account.
    pub is_followed: bool,
    /// How many follow it, where counts were asked for; 0 otherwise, as with the other two.
    pub followers: u64,
    /// How many it follows.
    pub following: u64,
    /// How many do both.
    pub mutual: u64,
}

impl From<follow_check_answer::Item> for FollowTie {
    fn from(item: follow_check_answer::Item) -> Self {
        let kind = item.r#type();
        Self {
            is_following: matches!(kind, FollowType::Following | FollowType::Mutual),
            is_followed: matches!(kind, FollowType::Follower | FollowType::Mutual),
            account: item.account,
            code: item.code,
            followers: item.followers,
            following: item.following,
            mutual: item.mutual,
        }
    }
}

/// Fields as they came; one without a value, as an older gateway cannot send it, is left out.
pub(crate) fn fields_of(fields: Vec<ProfileField>) -> ProfileFields {
    let one = |field: ProfileField| {
        let value = match field.value? {
            Wire::Text(text) => ProfileValue::Text(text),
            Wire::Number(number) => ProfileValue::Number(number),
        };
        Some((field.tag, value))
    };
    fields.into_iter().filter_map(one).collect()
}

pub(crate) fn wire_fields(fields: Vec<(String, ProfileValue)>) -> Vec<ProfileField> {
    let one = |(tag, value)| {
        let value = match value {
            ProfileValue::Text(text) => Wire::Text(text),
            ProfileValue::Number(number) => Wire::Number(number),
        };
        ProfileField { tag, value: Some(value) }
    };
    fields.into_iter().map(one).collect()
}
