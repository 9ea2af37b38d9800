//! What is noted of friends, and their removal.

use contract::webhook::{Happening, Pair};
use contract::{Fault, Millis, Result, UserId, limit};
use serde_json::{Map, Value};
use store::Tx;
use store::apps::App;
use store::relations::friends;

use super::add::take;
use super::scene::Scene;
use super::{Outcomes, after_hooks, check_custom, check_group, check_peer, check_text, merge_custom};

/// What is to be noted of a friend; what is absent stays.
#[derive(Debug, Clone)]
pub struct Changes {
    /// Of whom.
    pub account: UserId,
    /// What the account calls the friend; empty means nothing.
    pub remark: Option<String>,
    /// The groups that the friend is in from now on; those that are not there are made.
    pub groups: Option<Vec<String>>,
    /// The app's own fields by their tags; an empty text takes a field away.
    pub custom: Map<String, Value>,
}

/// Notes things of friends.
pub fn update(
    tx: &mut Tx<'_>,
    now: Millis,
    app: &App,
    from: &UserId,
    changes: &[Result<Changes, Fault>],
) -> Result<Outcomes> {
    let others: Vec<UserId> = changes.iter().flatten().map(|change| change.account.clone()).collect();
    let mut scene = Scene::enter(tx, from, &others)?;
    let mut outcomes = Outcomes::with_capacity(changes.len());
    for change in changes {
        outcomes.push(match change {
            Ok(change) => update_one(tx, now, app, &mut scene, from, change)?,
            Err(fault) => Err(fault.clone()),
        });
    }
    scene.close(tx)?;
    Ok(outcomes)
}

fn update_one(
    tx: &mut Tx<'_>,
    now: Millis,
    app: &App,
    scene: &mut Scene,
    from: &UserId,
    change: &Changes,
) -> Result<Result<(), Fault>> {
    let to = &change.account;
    if let Err(fault) = check_changes(scene, app, from, change) {
        return Ok(Err(fault));
    }
    if let Some(groups) = &change.groups
        && !scene.has_room_for(tx, from, groups)?
    {
        return Ok(Err(Fault::FriendGroupQuota { max: limit::FRIEND_GROUPS }));
    }
    let labels = match &change.groups {
        Some(groups) => Some(scene.bits(tx, from, groups)?),
        None => None,
    };
    if change.remark.is_some() || labels.is_some() {
        scene.note(from, to, false, |row| {
            if let Some(remark) = &change.remark {
                row.remark.clone_from(remark);
                row.remark_at = now.secs();
            }
            row.labels = labels.unwrap_or(row.labels);
        })?;
    }
    if !change.custom.is_empty() {
        let kept = scene.friend(from, to).map(|row| row.custom.clone()).unwrap_or_default();
        let custom = merge_custom(&kept, &change.custom)?;
        scene.note(from, to, true, |row| row.custom = custom)?;
    }
    Ok(Ok(()))
}

fn check_changes(scene: &Scene, app: &App, from: &UserId, change: &Changes) -> Result<(), Fault> {
    check_peer(from, &change.account)?;
    if let Some(remark) = &change.remark {
        check_text("Tag_SNS_IM_Remark", remark, limit::FRIEND_REMARK_BYTES)?;
    }
    change.groups.iter().flatten().try_for_each(|group| check_group(group))?;
    check_custom(&app.settings.friend_fields, &change.custom)?;
    if !scene.is_alive(&change.account) {
        return Err(Fault::AccountUnknown);
    }
    if scene.has(from, &change.account) { Ok(()) } else { Err(Fault::NotFriend) }
}

/// Takes friends out of the account's list, and the account out of theirs if `is_both`.
pub fn delete(
    tx: &mut Tx<'_>,
    now: Millis,
    app: &App,
    from: &UserId,
    accounts: &[Result<UserId, Fault>],
    is_both: bool,
) -> Result<Outcomes> {
    let others: Vec<UserId> = accounts.iter().flatten().cloned().collect();
    let mut scene = Scene::enter(tx, from, &others)?;
    let bound = app.plan().allowance().friend_removals_per_minute;
    let mut outcomes = Outcomes::with_capacity(accounts.len());
    for account in accounts {
        outcomes.push(match account {
            Ok(account) => delete_one(&mut scene, now, bound, from, account, is_both)?,
            Err(fault) => Err(fault.clone()),
        });
    }
    close(tx, now, from, scene)?;
    Ok(outcomes)
}

/// Writes everything back and tells who is nobody's friend any more.
fn close(tx: &mut Tx<'_>, now: Millis, from: &UserId, mut scene: Scene) -> Result<()> {
    let pairs = scene.take_unlinked();
    scene.close(tx)?;
    let removed = |pairs: &[Pair]| Happening::FriendsRemoved { account: from.clone(), pairs: pairs.to_vec() };
    after_hooks(tx, now, &pairs, removed)
}

fn delete_one(
    scene: &mut Scene,
    now: Millis,
    bound: Option<i64>,
    from: &UserId,
    to: &UserId,
    is_both: bool,
) -> Result<Result<(), Fault>> {
    if let Err(fault) = check_peer(from, to) {
        return Ok(Err(fault));
    }
    if !scene.is_alive(to) {
        return Ok(Err(Fault::AccountUnknown));
    }
    if !(scene.has(from, to) || is_both && scene.has(to, from)) {
        return Ok(Err(Fault::FriendUnknown));
    }
    if !take(&mut scene.edit(from)?.removed, now, bound) {
        return Ok(Err(Fault::RemoveThrottled));
    }
    scene.unlink(from, to)?;
    if is_both {
        scene.unlink(to, from)?;
    }
    Ok(Ok(()))
}

/// Takes all friends out of the account's list, and the account out of theirs if `is_both`. Whoever becomes a friend
/// while this is under way stays one.
pub fn delete_all(tx: &mut Tx<'_>, now: Millis, from: &UserId, is_both: bool) -> Result<()> {
    let mut others = Vec::new();
    let mut after = 0;
    loop {
        let page = friends::page(tx, from, after, limit::STORE_PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.version;
        others.extend(page.into_iter().map(|row| row.friend));
        if others.len() >= limit::FRIENDS as usize {
            break;
        }
    }
    let mut scene = Scene::enter(tx, from, &others)?;
    for other in &others {
        scene.unlink(from, other)?;
        if is_both {
            scene.unlink(other, from)?;
        }
    }
    close(tx, now, from, scene)
}
