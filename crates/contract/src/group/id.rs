//! Names of groups.

use std::fmt;
use std::sync::Arc;

use super::GroupKind;
use crate::fault::Fault;
use crate::id::ConversationId;

/// Custom group ids (contract §2.2).
const CUSTOM_BYTES: usize = 48;
/// A topic's whole id; the longest of all.
const ID_BYTES: usize = 96;
/// Ids that the server chooses begin so.
const DEFAULT: &str = "@TGS#";
/// Ids of communities begin so.
const COMMUNITY: &str = "@TGS#_";
/// Ids of communities that the server chooses begin so.
const DEFAULT_COMMUNITY: &str = "@TGS#_@TGS#c";
/// What parts a topic from its community.
const TOPIC: &str = "@TOPIC#_";

/// The name of a group in its app: 1–48 bytes of printable ASCII; 96 with a topic.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(Arc<str>);

impl GroupId {
    /// Parses what a caller calls a group. Ids that no group could have are refused as such.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let is_printable = !text.is_empty() && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        let max = if text.contains(TOPIC) { ID_BYTES } else { CUSTOM_BYTES };
        if is_printable && text.len() <= max { Ok(Self(Arc::from(text))) } else { Err(Fault::GroupIdInvalid) }
    }

    /// Parses the id that a caller chooses for a new group of a type.
    pub fn custom(text: &str, kind: GroupKind) -> Result<Self, Fault> {
        let id = Self::parse(text).map_err(|_| Fault::FieldInvalid { field: "GroupId" })?;
        let fits = match kind {
            GroupKind::Community => {
                text.strip_prefix(COMMUNITY).is_some_and(|own| !own.is_empty() && !own.starts_with(DEFAULT))
            }
            _ => !text.starts_with(DEFAULT),
        };
        if fits && !text.contains(TOPIC) && text.len() <= CUSTOM_BYTES {
            Ok(id)
        } else {
            Err(Fault::FieldInvalid { field: "GroupId" })
        }
    }

    /// The id that the server chooses, from a number that no other group has.
    pub fn chosen(number: u64, kind: GroupKind) -> Self {
        let prefix = match kind {
            GroupKind::Community => DEFAULT_COMMUNITY.to_owned(),
            GroupKind::Live => format!("{DEFAULT}a"),
            GroupKind::Private => format!("{DEFAULT}1"),
            GroupKind::Public => format!("{DEFAULT}2"),
            GroupKind::ChatRoom => format!("{DEFAULT}3"),
        };
        Self(Arc::from(format!("{prefix}{}", base32(number))))
    }

    /// Takes text that a store or a verified frame holds: it was parsed before.
    pub fn trusted(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The community of a topic; none of what is no topic.
    pub fn community(&self) -> Option<Self> {
        self.0.split_once(TOPIC).map(|(community, _)| Self::trusted(community))
    }

    /// The conversation whose members are this one's: that of the community for a topic, its own for everything else.
    ///
    /// A topic shares the life of its community, and both conversations are made of id and life: so the community's is
    /// found without asking anybody.
    pub fn home(&self, conversation: ConversationId) -> ConversationId {
        let Some(community) = self.community() else { return conversation };
        let life = (0..LIVES).find(|life| ConversationId::group(self.as_str(), *life) == conversation);
        life.map_or(conversation, |life| ConversationId::group(community.as_str(), life))
    }
}

/// Lives of one id that are looked through; nobody disbands a community of one name more often.
const LIVES: i64 = 1_000;

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Letters and digits that nobody confuses.
fn base32(mut number: u64) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut text = String::new();
    while text.len() < 13 {
        text.push(char::from(LETTERS[(number & 31) as usize]));
        number >>= 5;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_id_belongs_to_its_type_and_can_be_parsed() {
        for kind in GroupKind::ALL {
            let id = GroupId::chosen(u64::MAX, kind);
            assert_eq!(GroupId::parse(id.as_str()), Ok(id.clone()));
            assert_ne!(id, GroupId::chosen(1, kind));
        }
        assert!(GroupId::chosen(7, GroupKind::Community).as_str().starts_with("@TGS#_@TGS#c"));
    }

    #[test]
    fn a_topic_has_the_members_of_its_community() {
        let (home, topic) = (GroupId::trusted("@TGS#_home"), GroupId::trusted("@TGS#_home@TOPIC#_news"));
        assert_eq!((topic.community(), home.community()), (Some(home.clone()), None));
        for life in [0, 1, 7] {
            let of = |id: &GroupId| ConversationId::group(id.as_str(), life);
            assert_eq!(topic.home(of(&topic)), of(&home));
            assert_eq!(home.home(of(&home)), of(&home));
        }
        assert_eq!(topic.home(ConversationId([1; 16])), ConversationId([1; 16]), "it is not this topic's");
    }

    #[test]
    fn a_custom_id_keeps_away_from_those_that_the_server_chooses() {
        let public = |text: &str| GroupId::custom(text, GroupKind::Public).is_ok();
        let community = |text: &str| GroupId::custom(text, GroupKind::Community).is_ok();
        assert!(public("club 7") && public(&"a".repeat(48)) && community("@TGS#_fans"));
        for bad in ["", "@TGS#mine", "@TGS#_mine", "ä", "a\tb", &"a".repeat(49), "a@TOPIC#_b"] {
            assert!(!public(bad), "{bad:?}");
        }
        for bad in ["fans", "@TGS#_", "@TGS#_@TGS#c1", "@TGS#_a@TOPIC#_b"] {
            assert!(!community(bad), "{bad:?}");
        }
    }

    #[test]
    fn an_id_that_no_group_could_have_is_told_apart() {
        for bad in ["", "a\n", &"a".repeat(49), &format!("a@TOPIC#_{}", "b".repeat(96))] {
            assert_eq!(GroupId::parse(bad), Err(Fault::GroupIdInvalid), "{bad:?}");
        }
    }
}
