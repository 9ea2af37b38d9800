//! Friend groups: names under which an account sorts its friends. A friend may be in several.

use std::collections::BTreeSet;

use contract::error::refuse;
use contract::{Fault, Result, UserId, limit};
use store::Tx;
use store::relations::friends;
use store::relations::labels::{self, Label};

use super::scene::Scene;
use super::{Outcomes, check_group, check_peer};

/// Makes groups and puts friends into all of them. A group that is there already is refused, unless friends are to go
/// into it. Answers the version of the account's groups, and what became of each friend.
pub fn add_groups(
    tx: &mut Tx<'_>,
    from: &UserId,
    names: &[String],
    accounts: &[Result<UserId, Fault>],
) -> Result<(i64, Outcomes)> {
    let names = distinct(names)?;
    let others: Vec<UserId> = accounts.iter().flatten().cloned().collect();
    let mut scene = Scene::enter(tx, from, &others)?;
    let known = scene.labels(tx, from)?;
    if accounts.is_empty() && known.iter().any(|label| names.contains(&label.name)) {
        return refuse(Fault::FriendGroupExists);
    }
    if !scene.has_room_for(tx, from, &names)? {
        return refuse(Fault::FriendGroupQuota { max: limit::FRIEND_GROUPS });
    }
    let bits = scene.bits(tx, from, &names)?;
    let outcomes = put(&mut scene, from, accounts, bits, 0)?;
    let version = scene.root(from)?.labels;
    scene.close(tx)?;
    Ok((version, outcomes))
}

/// Removes groups; the friends in them stay friends. Answers the version of the account's groups.
pub fn delete_groups(tx: &mut Tx<'_>, from: &UserId, names: &[String]) -> Result<i64> {
    let names = distinct(names)?;
    // Who is in a group is known only while the account is held, and those friends must be read with the scene.
    let mut held = Scene::enter(tx, from, &[])?;
    let known = held.labels(tx, from)?.clone();
    let gone: Vec<Label> = known.into_iter().filter(|label| names.contains(&label.name)).collect();
    if gone.len() < names.len() {
        return refuse(Fault::FriendGroupUnknown);
    }
    let bits: i64 = gone.iter().map(|label| 1_i64 << label.bit).sum();
    let members = friends::labelled(tx, from)?.into_iter().filter(|(_, labels)| labels & bits != 0);
    let members: Vec<UserId> = members.map(|(friend, _)| friend).collect();
    held.read_own(tx, &members)?;
    for label in &gone {
        labels::delete(tx, from, label.bit)?;
    }
    for member in &members {
        held.note(from, member, false, |row| row.labels &= !bits)?;
    }
    let root = held.edit(from)?;
    root.labels = root.take_version();
    let version = root.labels;
    held.close(tx)?;
    Ok(version)
}

/// Gives a group another name.
pub fn rename_group(tx: &mut Tx<'_>, from: &UserId, old: &str, new: &str) -> Result<()> {
    check_group(new)?;
    let mut scene = Scene::enter(tx, from, &[])?;
    let known = scene.labels(tx, from)?;
    let Some(bit) = known.iter().find(|label| label.name == old).map(|label| label.bit) else {
        return refuse(Fault::FriendGroupUnknown);
    };
    if known.iter().any(|label| label.name == new) {
        return refuse(Fault::FriendGroupExists);
    }
    labels::save(tx, from, &Label { bit, name: new.to_owned() })?;
    let root = scene.edit(from)?;
    root.labels = root.take_version();
    scene.close(tx)
}

/// Puts friends into a group and takes others out of it. Answers what became of each, those to be put in first.
pub fn change_group(
    tx: &mut Tx<'_>,
    from: &UserId,
    name: &str,
    add: &[Result<UserId, Fault>],
    remove: &[Result<UserId, Fault>],
) -> Result<Outcomes> {
    let others: Vec<UserId> = add.iter().chain(remove).flatten().cloned().collect();
    let mut scene = Scene::enter(tx, from, &others)?;
    let known = scene.labels(tx, from)?;
    let Some(bit) = known.iter().find(|label| label.name == name).map(|label| label.bit) else {
        return refuse(Fault::FriendGroupUnknown);
    };
    let mut outcomes = put(&mut scene, from, add, 1 << bit, 0)?;
    outcomes.extend(put(&mut scene, from, remove, 0, 1 << bit)?);
    scene.close(tx)?;
    Ok(outcomes)
}

/// Gives friends some bits and takes others from them.
fn put(
    scene: &mut Scene,
    from: &UserId,
    accounts: &[Result<UserId, Fault>],
    given: i64,
    taken: i64,
) -> Result<Outcomes> {
    let mut outcomes = Outcomes::with_capacity(accounts.len());
    for account in accounts {
        let outcome = account.clone().and_then(|to| {
            check_peer(from, &to)?;
            match scene.friend(from, &to) {
                Some(row) => Ok((to, (row.labels | given) & !taken, row.labels)),
                None if scene.is_alive(&to) => Err(Fault::GroupedNotFriend),
                None => Err(Fault::AccountUnknown),
            }
        });
        outcomes.push(match outcome {
            Err(fault) => Err(fault),
            Ok((to, labels, before)) => {
                if labels != before {
                    scene.note(from, &to, false, |row| row.labels = labels)?;
                }
                Ok(())
            }
        });
    }
    Ok(outcomes)
}

/// Checks names, of which none may come twice.
fn distinct(names: &[String]) -> Result<Vec<String>, Fault> {
    names.iter().try_for_each(|name| check_group(name))?;
    let seen: BTreeSet<&String> = names.iter().collect();
    if seen.len() < names.len() || names.is_empty() {
        return Err(Fault::FieldInvalid { field: "GroupName" });
    }
    Ok(names.to_vec())
}
