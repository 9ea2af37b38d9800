//! What an app says about its groups.

use std::collections::BTreeMap;

use contract::group;
use serde::{Deserialize, Serialize};

/// What an app says about its groups. Every field has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "switches of the contract, each on its own")]
pub struct GroupSettings {
    /// Whether there are communities, where the plan includes them.
    pub has_communities: bool,
    /// Whether group messages may be recalled.
    pub has_recall: bool,
    /// Whether receipts are kept, where the plan includes them.
    pub has_receipts: bool,
    /// Whether messages of meetings (`ChatRoom`) count as unread.
    pub counts_meetings: bool,
    /// Whether whoever is added to a group must consent first.
    pub asks_invited: bool,
    /// Messages that a group takes within a second.
    pub sends_per_second: u32,
    /// Members up to which receipts are kept.
    pub receipt_members: i64,
    /// Bytes of a group's name.
    pub name_bytes: usize,
    /// Bytes of its introduction.
    pub introduction_bytes: usize,
    /// Bytes of its notification.
    pub notification_bytes: usize,
    /// Bytes of the URL of its picture.
    pub face_bytes: usize,
    /// Bytes of a member's name card.
    pub name_card_bytes: usize,
    /// Declared fields of groups, at most ten.
    pub fields: BTreeMap<String, FieldRule>,
    /// Declared fields of members, at most five.
    pub member_fields: BTreeMap<String, FieldRule>,
    /// When groups that nobody uses are taken away.
    pub recycling: Recycling,
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self {
            has_communities: true,
            has_recall: true,
            has_receipts: true,
            counts_meetings: false,
            asks_invited: false,
            sends_per_second: group::SENDS_PER_SECOND,
            receipt_members: group::RECEIPT_MEMBERS,
            name_bytes: group::NAME_BYTES,
            introduction_bytes: group::INTRODUCTION_BYTES,
            notification_bytes: group::NOTIFICATION_BYTES,
            face_bytes: group::FACE_BYTES,
            name_card_bytes: group::NAME_CARD_BYTES,
            fields: BTreeMap::new(),
            member_fields: BTreeMap::new(),
            recycling: Recycling::default(),
        }
    }
}

/// After how many seconds without a message and without a change of what it says of itself a group is taken away, by
/// type; 0 means never. Live rooms keep no messages, so nobody could say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recycling {
    /// Groups of type `Private`.
    pub private_s: u32,
    /// Groups of type `Public`.
    pub public_s: u32,
    /// Groups of type `ChatRoom`.
    pub meeting_s: u32,
    /// Communities, with their topics.
    pub community_s: u32,
}

impl Recycling {
    /// The types whose groups are taken away, each with the seconds.
    pub fn kinds(self) -> impl Iterator<Item = (group::GroupKind, i64)> {
        [
            (group::GroupKind::Private, self.private_s),
            (group::GroupKind::Public, self.public_s),
            (group::GroupKind::ChatRoom, self.meeting_s),
            (group::GroupKind::Community, self.community_s),
        ]
        .into_iter()
        .filter(|(_, seconds)| *seconds > 0)
        .map(|(kind, seconds)| (kind, i64::from(seconds)))
    }
}

/// Who reads and writes a declared field: `member`, `admin`, `owner` or `app`, and whoever is more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FieldRule {
    /// Who reads it.
    pub reads: FieldLevel,
    /// Who writes it.
    pub writes: FieldLevel,
}

impl Default for FieldRule {
    fn default() -> Self {
        Self { reads: FieldLevel::Member, writes: FieldLevel::Admin }
    }
}

/// How much one must be in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldLevel {
    /// In it; of a member's field, the member itself.
    Member,
    /// Admin or owner.
    Admin,
    /// Its owner.
    Owner,
    /// The app's back end.
    App,
}

impl FieldLevel {
    /// As the table of permissions says it.
    pub const fn least(self) -> group::Least {
        match self {
            Self::Member => group::Least::Member,
            Self::Admin => group::Least::Admin,
            Self::Owner => group::Least::Owner,
            Self::App => group::Least::App,
        }
    }
}
