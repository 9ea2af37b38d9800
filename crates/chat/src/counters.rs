//! Numbers of a group that everybody in it may raise: likes, votes, a total.

use std::collections::BTreeMap;

use contract::error::refuse;
use contract::event::Event;
use contract::group::{GroupEvent, GroupId, GroupKind};
use contract::{Fault, Result, limit};
use store::apps::App;
use store::groups::Group;
use store::{Snapshot, Tx, group_attributes};

use crate::ground::{By, keep, stand};

/// What is done with counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Sets them.
    Set,
    /// Adds to them.
    Increase,
    /// Takes from them.
    Decrease,
}

/// Counters with their values.
pub type Counters = Vec<(String, i64)>;

/// Reads counters of a group: those that are named and are there, or all.
pub fn list(
    snapshot: &mut Snapshot<'_>,
    app: &App,
    group: &GroupId,
    by: &By,
    keys: Option<&[String]>,
) -> Result<Counters> {
    if let Some(keys) = keys {
        check_keys(keys.iter())?;
    }
    let group = counted(snapshot, app, group, by)?;
    let mut all = group_attributes::counters(snapshot, group.conversation)?;
    if let Some(keys) = keys {
        all.retain(|(key, _)| keys.contains(key));
    }
    Ok(all)
}

/// Changes counters of a group; one that is not there begins with 0. Answers the new values.
pub fn change(
    tx: &mut Tx<'_>,
    app: &App,
    group: &GroupId,
    by: &By,
    mode: Mode,
    counters: &[(String, i64)],
) -> Result<Counters> {
    check_keys(counters.iter().map(|(key, _)| key))?;
    let group = counted(tx, app, group, by)?;
    keep(tx, group.conversation)?;
    group_attributes::count(tx, group.conversation)?;
    let there: BTreeMap<String, i64> = group_attributes::counters(tx, group.conversation)?.into_iter().collect();
    let added = counters.iter().filter(|(key, _)| !there.contains_key(key)).count();
    let max = limit::COUNTERS;
    if there.len() + added > max {
        return refuse(Fault::CountersTooMany { max });
    }
    let value = |(key, by): &(String, i64)| {
        let now = there.get(key).copied().unwrap_or_default();
        let next = match mode {
            Mode::Set => Some(*by),
            Mode::Increase => now.checked_add(*by),
            Mode::Decrease => now.checked_sub(*by),
        };
        Ok((key.clone(), next.ok_or(Fault::FieldInvalid { field: "GroupCounter" })?))
    };
    let changed: Counters = counters.iter().map(value).collect::<Result<_, Fault>>()?;
    group_attributes::set_counters(tx, group.conversation, &changed)?;
    tell(tx, &group, &changed, false, by);
    Ok(changed)
}

/// Deletes counters of a group: those that are named, or all.
pub fn delete(tx: &mut Tx<'_>, app: &App, group: &GroupId, by: &By, keys: Option<&[String]>) -> Result<()> {
    if let Some(keys) = keys {
        check_keys(keys.iter())?;
    }
    let group = counted(tx, app, group, by)?;
    keep(tx, group.conversation)?;
    group_attributes::count(tx, group.conversation)?;
    let there = group_attributes::counters(tx, group.conversation)?;
    let gone: Vec<String> =
        there.into_iter().map(|(key, _)| key).filter(|key| keys.is_none_or(|keys| keys.contains(key))).collect();
    group_attributes::remove_counters(tx, group.conversation, &gone)?;
    let gone: Counters = gone.into_iter().map(|key| (key, 0)).collect();
    tell(tx, &group, &gone, true, by);
    Ok(())
}

fn tell(tx: &mut Tx<'_>, group: &Group, counters: &[(String, i64)], are_gone: bool, by: &By) {
    if !counters.is_empty() {
        tx.after(Event::Group(GroupEvent::Counters {
            group: group.id.clone(),
            conversation: group.conversation,
            counters: counters.to_vec(),
            are_gone,
            by: by.account().clone(),
        }));
    }
}

/// A group that has counters and of which the actor is part.
fn counted(snapshot: &mut Snapshot<'_>, app: &App, group: &GroupId, by: &By) -> Result<Group> {
    let group = stand(snapshot, group, by)?.group;
    if group.kind == GroupKind::Community {
        return refuse(Fault::GroupForbidden);
    }
    if !app.plan().groups().has_features {
        return refuse(Fault::GroupFeatureMissing);
    }
    Ok(group)
}

fn check_keys<'a>(keys: impl Iterator<Item = &'a String> + Clone) -> Result<(), Fault> {
    let count = keys.clone().count();
    let max = limit::COUNTERS;
    if count > max {
        return Err(Fault::CountersTooMany { max });
    }
    let is_wrong = |key: &String| key.is_empty() || key.len() > limit::COUNTER_KEY_BYTES;
    let distinct: std::collections::BTreeSet<&String> = keys.clone().collect();
    if count == 0 || distinct.len() < count || keys.clone().any(is_wrong) {
        return Err(Fault::FieldInvalid { field: "GroupCounter" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_few_and_short_and_differ() {
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let check = |keys: &[String]| check_keys(keys.iter());
        let invalid = Err(Fault::FieldInvalid { field: "GroupCounter" });
        let long = "k".repeat(129);
        assert_eq!(check(&names(&["a", "b", &long[1..]])), Ok(()));
        for bad in [&[][..], &[""], &["a", "a"], &[&*long]] {
            assert_eq!(check(&names(bad)), invalid, "{bad:?}");
        }
        let many: Vec<String> = (0..21).map(|number| number.to_string()).collect();
        assert_eq!(check(&many), Err(Fault::CountersTooMany { max: 20 }));
        assert_eq!(check(&many[1..]), Ok(()));
    }
}
