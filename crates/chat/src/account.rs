//! Accounts: import, deletion, kick.

use contract::error::refuse;
use contract::event::Event;
use contract::profile::{IMAGE, NICK};
use contract::{Fault, Millis, Result, UserId, limit};
use store::apps::App;
use store::{Snapshot, Tx, accounts, conversations, devices, profiles, tags};

use crate::{follow, group, profile, relation};

/// Adds an account; importing it again is not an error and updates what is given.
pub fn import(
    tx: &mut Tx<'_>,
    now: Millis,
    app: &App,
    user: &UserId,
    nick: Option<&str>,
    face: Option<&str>,
) -> Result<()> {
    let is_admin = app.is_admin(user);
    if user.is_reserved() && !is_admin {
        return refuse(Fault::FieldInvalid { field: "UserID" });
    }
    for (field, text) in [("Nick", nick), ("FaceUrl", face)] {
        // One of the stores keeps no NUL in a text.
        if text.is_some_and(|text| text.contains('\0')) {
            return refuse(Fault::FieldInvalid { field });
        }
    }
    if nick.into_iter().chain(face).any(|text| text.len() > limit::PROFILE_BYTES) {
        return refuse(Fault::ProfileTooLong { max: limit::PROFILE_BYTES });
    }
    create(tx, now, app, user)?;
    profile::import(tx, app, user, &[(NICK, nick), (IMAGE, face)])
}

/// Makes sure that an account lives, within the quota of the app's plan. Answers its row.
pub(crate) fn create(tx: &mut Tx<'_>, now: Millis, app: &App, user: &UserId) -> Result<accounts::Account> {
    let before = accounts::lock(tx, user)?;
    if let Some(account) = before.filter(accounts::Account::is_alive) {
        return Ok(account);
    }
    let allowance = app.plan().allowance();
    let retired_until =
        accounts::get(tx, user)?.map_or(0, |gone| gone.deleted_at.0) + allowance.retired_days * 86_400_000;
    if allowance.retired_days > 0 && now.0 < retired_until {
        return refuse(Fault::AccountRetired);
    }
    if let Some(max) = allowance.accounts_max {
        accounts::hold_number(tx)?;
        if accounts::count(tx, max)? >= max {
            return refuse(Fault::AccountQuota { max });
        }
    }
    accounts::import(tx, now, user)?;
    match accounts::get(tx, user)? {
        Some(account) => Ok(account),
        None => Err(contract::Failure::internal("an imported account is gone").into()),
    }
}

/// Ends every session of the account and makes every UserSig signed up to now void.
pub fn kick(tx: &mut Tx<'_>, now: Millis, user: &UserId) -> Result<()> {
    let account = accounts::lock(tx, user)?;
    if !account.is_some_and(|account| account.is_alive()) {
        return refuse(Fault::AccountUnknown);
    }
    end_sessions(tx, now, user)
}

/// Deletes the account for good. What it sent stays with those who received it.
///
/// Answers whether it is gone: one with many relations, followers or groups goes in several steps, each a transaction,
/// and lives until the last.
pub fn delete(tx: &mut Tx<'_>, now: Millis, app: &App, user: &UserId) -> Result<bool> {
    if !app.plan().allowance().may_delete_accounts && !app.settings.may_delete_accounts {
        return refuse(Fault::DeleteForbidden);
    }
    // A robot has a command of its own, which keeps its conversations.
    if user.is_robot() {
        return refuse(Fault::AccountUnknown);
    }
    // The account and those on the other side are held together and in one order: so those of its follows in a
    // transaction of their own, those of its groups too, and those of its relations in that which ends the account.
    let is_left = !follow::forget_page(tx, user)? && group::member::forget(tx, &group::Scope::of(app, now), user)?;
    if !is_left || !relation::forget(tx, user)? {
        return Ok(false);
    }
    let account = accounts::lock(tx, user)?;
    if !account.is_some_and(|account| account.is_alive()) {
        return refuse(Fault::AccountUnknown);
    }
    // Whoever lets the account in somewhere holds it. So what came in since it was looked for above is seen by now, and
    // nothing comes any more.
    if is_known_to_others(tx, user)? {
        return Ok(false);
    }
    end_sessions(tx, now, user)?;
    conversations::forget(tx, user)?;
    tags::forget(tx, user)?;
    profiles::forget(tx, user)?;
    accounts::delete(tx, now, user)?;
    Ok(true)
}

/// Whether anything of others still names the account.
fn is_known_to_others(snapshot: &mut Snapshot<'_>, user: &UserId) -> Result<bool> {
    let is_in_groups = group::member::is_anywhere(snapshot, user)?;
    Ok(is_in_groups || relation::is_of_any(snapshot, user)? || follow::is_of_any(snapshot, user)?)
}

fn end_sessions(tx: &mut Tx<'_>, now: Millis, user: &UserId) -> Result<()> {
    let epoch = accounts::raise_epoch(tx, now, user)?;
    devices::log_out_all(tx, user)?;
    tx.after(Event::EpochRaised { account: user.clone(), epoch, sig_from: now.secs() });
    Ok(())
}

/// Answers for each account whether it is imported, in the order asked.
pub fn check(snapshot: &mut Snapshot<'_>, users: &[UserId]) -> Result<Vec<bool>> {
    let known = accounts::among(snapshot, users)?;
    let alive: std::collections::HashSet<&UserId> =
        known.iter().filter(|account| account.is_alive()).map(|account| &account.id).collect();
    Ok(users.iter().map(|user| alive.contains(user)).collect())
}

/// Refuses what was signed before the account's last kick or deletion.
///
/// A UserSig counts whole seconds, so one that was made in the second of the kick counts as earlier: better to ask
/// for a new one than to let an old one pass.
pub fn check_epoch(snapshot: &mut Snapshot<'_>, user: &UserId, signed_at: Millis) -> Result<()> {
    match accounts::get(snapshot, user)? {
        Some(account) if signed_at.secs() <= account.sig_from => refuse(Fault::UserSigRevoked),
        _ => Ok(()),
    }
}
