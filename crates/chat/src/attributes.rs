//! Key-value pairs of a group: what is on stage, who is at the microphone, where a game stands.
//!
//! They are few and small and always read as a whole. All of a group's pairs have one version, which every write raises.
//! A device writes on the version that it has seen, and is refused if there is a newer one; the back end overwrites. (Pages
//! of the contract disagree whether communities have them; here they do, which leaves no caller without.)

use std::collections::BTreeSet;

use contract::error::refuse;
use contract::event::Event;
use contract::group::{AttributeChange, GroupEvent, GroupId};
use contract::webhook::GroupHappening;
use contract::{Fault, Millis, Result, limit};
use store::group_attributes::{self, Attribute};
use store::groups::Group;
use store::{Snapshot, Tx};

use crate::ground::{By, stand, stay};
use crate::group::tip::hook_for;

/// What is done with the pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// These take the place of all.
    Replace(Vec<(String, String)>),
    /// These are set, the others stay.
    Modify(Vec<(String, String)>),
    /// These are removed; one that is not there refuses.
    Delete(Vec<String>),
    /// All are removed.
    Clear,
}

impl Change {
    const fn kind(&self) -> AttributeChange {
        match self {
            Self::Replace(_) => AttributeChange::Replace,
            Self::Modify(_) => AttributeChange::Modify,
            Self::Delete(_) => AttributeChange::Delete,
            Self::Clear => AttributeChange::Clear,
        }
    }

    /// As the contract spells it.
    const fn name(&self) -> &'static str {
        match self {
            Self::Replace(_) => "set",
            Self::Modify(_) => "modify",
            Self::Delete(_) => "delete",
            Self::Clear => "clear",
        }
    }

    fn pairs(&self) -> Vec<(String, String)> {
        match self {
            Self::Replace(pairs) | Self::Modify(pairs) => pairs.clone(),
            Self::Delete(keys) => keys.iter().map(|key| (key.clone(), String::new())).collect(),
            Self::Clear => Vec::new(),
        }
    }
}

/// The pairs of a group and their version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// The version.
    pub version: i64,
    /// By key.
    pub pairs: Vec<Attribute>,
}

/// Reads the pairs of a group.
pub fn list(snapshot: &mut Snapshot<'_>, group: &GroupId, by: &By) -> Result<Attributes> {
    let group = stand(snapshot, group, by)?.group;
    let version = group_attributes::version(snapshot, group.conversation)?;
    Ok(Attributes { version, pairs: group_attributes::all(snapshot, group.conversation)? })
}

/// Changes the pairs of a group. `known` is the version that the caller has seen; none writes over whatever there is.
/// Answers the version that holds from now on.
pub fn write(
    tx: &mut Tx<'_>,
    now: Millis,
    group: &GroupId,
    by: &By,
    known: Option<i64>,
    change: &Change,
) -> Result<i64> {
    check(change)?;
    let group = stay(tx, group, by)?.group;
    let head = group_attributes::begin(tx, group.conversation, now)?;
    let there = group_attributes::all(tx, group.conversation)?;
    let rest = left(&there, change)?;
    check_bounds(&rest)?;
    if head.writes > limit::GROUP_ATTRIBUTE_WRITES_PER_SECOND {
        return refuse(Fault::AttributesThrottled);
    }
    if known.is_some_and(|known| known != head.version) {
        return refuse(Fault::AttributesChanged { version: head.version });
    }
    let version = head.version + 1;
    apply(tx, &group, change, version)?;
    group_attributes::end(tx, group.conversation, version)?;
    let told = GroupHappening::Attributes { option: change.name().to_owned(), pairs: change.pairs() };
    hook_for(tx, &group, by.account(), now, told)?;
    tx.after(Event::Group(GroupEvent::Attributes {
        group: group.id,
        conversation: group.conversation,
        change: change.kind(),
        pairs: change.pairs(),
        version,
        by: by.account().clone(),
    }));
    Ok(version)
}

fn apply(tx: &mut Tx<'_>, group: &Group, change: &Change, version: i64) -> Result<()> {
    match change {
        Change::Replace(pairs) => {
            group_attributes::clear(tx, group.conversation)?;
            group_attributes::set(tx, group.conversation, pairs, version)
        }
        Change::Modify(pairs) => group_attributes::set(tx, group.conversation, pairs, version),
        Change::Delete(keys) => group_attributes::remove(tx, group.conversation, keys).map(drop),
        Change::Clear => group_attributes::clear(tx, group.conversation),
    }
}

/// What can be said of a change without looking at the group, in the order of the contract: keys before values.
fn check(change: &Change) -> Result<(), Fault> {
    let (keys, values): (Vec<&String>, Vec<&String>) = match change {
        Change::Replace(pairs) | Change::Modify(pairs) => pairs.iter().map(|(key, value)| (key, value)).unzip(),
        Change::Delete(keys) => (keys.iter().collect(), Vec::new()),
        Change::Clear => return Ok(()),
    };
    let distinct: BTreeSet<&String> = keys.iter().copied().collect();
    // To replace all by nothing is to clear them.
    let is_empty = keys.is_empty() && !matches!(change, Change::Replace(_));
    if is_empty || distinct.len() < keys.len() || keys.iter().any(|key| key.is_empty()) {
        return Err(Fault::FieldInvalid { field: "GroupAttr" });
    }
    let max = limit::GROUP_ATTRIBUTE_KEY_BYTES;
    if keys.iter().any(|key| key.len() > max) {
        return Err(Fault::AttributeKeyTooLong { max });
    }
    let max = limit::GROUP_ATTRIBUTE_VALUE_BYTES;
    if values.iter().any(|value| value.len() > max) {
        return Err(Fault::AttributeValueTooLong { max });
    }
    Ok(())
}

/// The pairs that there would be after a change.
fn left<'a>(there: &'a [Attribute], change: &'a Change) -> Result<Vec<(&'a str, &'a str)>, Fault> {
    let own = |pairs: &'a [(String, String)]| pairs.iter().map(|(key, value)| (&**key, &**value));
    let others = there.iter().map(|pair| (&*pair.key, &*pair.value));
    Ok(match change {
        Change::Replace(pairs) => own(pairs).collect(),
        Change::Modify(pairs) => {
            let is_other = |(key, _): &(&str, &str)| !pairs.iter().any(|(own, _)| own == key);
            others.filter(is_other).chain(own(pairs)).collect()
        }
        Change::Delete(keys) => {
            if keys.iter().any(|key| !there.iter().any(|pair| pair.key == *key)) {
                return Err(Fault::GroupAttributeUnknown);
            }
            others.filter(|(key, _)| !keys.iter().any(|own| own == key)).collect()
        }
        Change::Clear => Vec::new(),
    })
}

fn check_bounds(pairs: &[(&str, &str)]) -> Result<(), Fault> {
    let max = limit::GROUP_ATTRIBUTES;
    if pairs.len() > max {
        return Err(Fault::GroupAttributesTooMany { max });
    }
    let max = limit::GROUP_ATTRIBUTES_BYTES;
    if pairs.iter().map(|(_, value)| value.len()).sum::<usize>() > max {
        return Err(Fault::GroupAttributesTooLong { max });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn kept(list: &[(&str, &str)]) -> Vec<Attribute> {
        pairs(list).into_iter().map(|(key, value)| Attribute { key, value, version: 1 }).collect()
    }

    #[test]
    fn a_change_leaves_what_it_says() {
        let there = kept(&[("a", "1"), ("b", "2")]);
        let after = |change: &Change| left(&there, change).map(|pairs| format!("{pairs:?}"));
        let own = pairs(&[("b", "3"), ("c", "4")]);
        assert_eq!(after(&Change::Replace(own.clone())).as_deref(), Ok(r#"[("b", "3"), ("c", "4")]"#));
        assert_eq!(after(&Change::Modify(own)).as_deref(), Ok(r#"[("a", "1"), ("b", "3"), ("c", "4")]"#));
        assert_eq!(after(&Change::Delete(vec!["a".into()])).as_deref(), Ok(r#"[("b", "2")]"#));
        assert_eq!(after(&Change::Delete(vec!["a".into(), "x".into()])), Err(Fault::GroupAttributeUnknown));
        assert_eq!(after(&Change::Clear).as_deref(), Ok("[]"));
    }

    #[test]
    fn a_key_is_looked_at_before_a_value() {
        let invalid = Fault::FieldInvalid { field: "GroupAttr" };
        let (key, value) = ("k".repeat(33), "v".repeat(4_001));
        let (long_key, long_value) =
            (Fault::AttributeKeyTooLong { max: 32 }, Fault::AttributeValueTooLong { max: 4_000 });
        for (list, fault) in [
            (vec![], invalid.clone()),
            (vec![("", "v")], invalid.clone()),
            (vec![("k", "v"), ("k", "w")], invalid),
            (vec![("k", &*value), (&*key, "v")], long_key),
            (vec![("k", &*value)], long_value),
        ] {
            assert_eq!(check(&Change::Modify(pairs(&list))), Err(fault), "{list:?}");
        }
        assert_eq!(check(&Change::Modify(pairs(&[(&key[1..], &value[1..])]))), Ok(()));
        assert_eq!((check(&Change::Replace(vec![])), check(&Change::Clear)), (Ok(()), Ok(())));
    }

    #[test]
    fn there_are_few_and_they_are_small() {
        let keys: Vec<String> = (0..=16).map(|number| format!("k{number}")).collect();
        let of =
            |count: usize, value: &'static str| keys[..count].iter().map(|key| (&**key, value)).collect::<Vec<_>>();
        assert_eq!(check_bounds(&of(16, "v")), Ok(()));
        assert_eq!(check_bounds(&of(17, "v")), Err(Fault::GroupAttributesTooMany { max: 16 }));
        let value: &'static str = Box::leak("v".repeat(4_000).into_boxed_str());
        assert_eq!(check_bounds(&of(4, value)), Ok(()));
        assert_eq!(check_bounds(&of(5, value)), Err(Fault::GroupAttributesTooLong { max: 16_000 }));
    }
}
