//! Live rooms, as far as anything of them is stored: who may come in, and who helps the owner.

use contract::error::refuse;
use contract::group::{Actor, GroupId, GroupKind, Operation, Role};
use contract::{Fault, Millis, Result, UserId, limit};
use store::apps::App;
use store::groups::{self, Group};
use store::live_rooms::{self, Ban};
use store::{Snapshot, Tx, accounts};

use crate::ground::{By, Standing, actor, alive, keep};

/// Finds a live room; groups of other types are none.
pub fn room(snapshot: &mut Snapshot<'_>, id: &GroupId) -> Result<Group> {
    let group = alive(snapshot, id)?;
    if group.kind == GroupKind::Live { Ok(group) } else { refuse(Fault::GroupForbidden) }
}

/// Refuses where the management of live rooms is switched off, or not part of the plan.
pub fn check_managed(app: &App) -> Result<(), Fault> {
    let is_on = app.settings.has_live_management && app.plan().groups().has_features;
    if is_on { Ok(()) } else { Err(Fault::GroupForbidden) }
}

/// Lets an account come in: answers the room and what it is there.
pub fn enter(snapshot: &mut Snapshot<'_>, now: Millis, id: &GroupId, account: &UserId) -> Result<(Group, Role)> {
    let group = room(snapshot, id)?;
    if live_rooms::banned_until(snapshot, group.conversation, account, now)?.is_some() {
        return refuse(Fault::GroupForbidden);
    }
    let by = By::Device { account: account.clone(), is_guest: true };
    match actor(snapshot, &group, &by)? {
        Actor::Inside(role) => Ok((group, role)),
        Actor::App | Actor::Outsider => refuse(Fault::GroupForbidden),
    }
}

/// How long somebody is kept out, and why.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Seconds.
    pub seconds: i64,
    /// Why.
    pub reason: String,
}

/// Keeps accounts out of a room from now on. Answers the room.
pub fn ban(
    tx: &mut Tx<'_>,
    now: Millis,
    app: &App,
    id: &GroupId,
    by: &By,
    accounts: &[UserId],
    terms: &Terms,
) -> Result<Group> {
    let standing = manage(tx, app, id, by, Operation::Ban)?;
    check_accounts(tx, accounts)?;
    if accounts.iter().any(|account| standing.group.owner.as_ref() == Some(account)) {
        return refuse(Fault::GroupForbidden);
    }
    let until = now.plus(terms.seconds.saturating_mul(1_000));
    keep(tx, standing.group.conversation)?;
    live_rooms::ban(tx, standing.group.conversation, accounts, until, &terms.reason)?;
    Ok(standing.group)
}

/// Lets accounts in again; one that was not kept out is no fault.
pub fn unban(tx: &mut Tx<'_>, app: &App, id: &GroupId, by: &By, accounts: &[UserId]) -> Result<()> {
    let standing = manage(tx, app, id, by, Operation::Ban)?;
    live_rooms::unban(tx, standing.group.conversation, accounts)
}

/// Reads a page of those who are kept out.
pub fn bans(
    snapshot: &mut Snapshot<'_>,
    now: Millis,
    app: &App,
    id: &GroupId,
    by: &By,
    skip: usize,
    count: usize,
) -> Result<Vec<Ban>> {
    let standing = manage(snapshot, app, id, by, Operation::Ban)?;
    live_rooms::bans(snapshot, standing.group.conversation, now, skip, count)
}

/// Makes accounts administrators of a room, or ordinary again. They need not be there, and stay so when they leave.
pub fn set_admins(
    tx: &mut Tx<'_>,
    now: Millis,
    app: &App,
    id: &GroupId,
    accounts: &[UserId],
    are_admins: bool,
) -> Result<()> {
    check_managed(app)?;
    groups::lock(tx, id)?;
    let room = room(tx, id)?;
    // None of them is deleted before its place is written down.
    accounts::keep(tx, accounts)?;
    check_accounts(tx, accounts)?;
    if !are_admins {
        return live_rooms::remove_admins(tx, room.conversation, accounts);
    }
    live_rooms::add_admins(tx, room.conversation, accounts, now)?;
    if live_rooms::admins(tx, room.conversation)?.len() > limit::LIVE_ADMINS {
        return refuse(Fault::FieldInvalid { field: "Admin_Account" });
    }
    Ok(())
}

/// The administrators of a room.
pub fn admins(snapshot: &mut Snapshot<'_>, app: &App, id: &GroupId) -> Result<Vec<UserId>> {
    check_managed(app)?;
    let room = room(snapshot, id)?;
    live_rooms::admins(snapshot, room.conversation)
}

fn manage(snapshot: &mut Snapshot<'_>, app: &App, id: &GroupId, by: &By, operation: Operation) -> Result<Standing> {
    check_managed(app)?;
    let group = room(snapshot, id)?;
    let actor = actor(snapshot, &group, by)?;
    if !operation.is_allowed(group.kind, actor) {
        return refuse(Fault::GroupForbidden);
    }
    Ok(Standing { group, actor })
}

/// Refuses accounts that do not exist.
pub fn check_accounts(snapshot: &mut Snapshot<'_>, names: &[UserId]) -> Result<()> {
    let found = accounts::among(snapshot, names)?;
    let is_there = |name: &UserId| found.iter().any(|account| account.id == *name && account.is_alive());
    if names.iter().all(is_there) { Ok(()) } else { refuse(Fault::AccountUnknown) }
}
