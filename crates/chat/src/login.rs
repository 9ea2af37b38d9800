//! Logins of devices: which may come in, which has to go, and who is here.

use std::collections::HashMap;

use contract::error::refuse;
use contract::event::Event;
use contract::ticket::Grant;
use contract::webhook::{Happening, StateChange, Via};
use contract::{DeviceId, Fault, Millis, Platform, Result, UserId};
use store::apps::App;
use store::devices::{Device, Login};
use store::{Snapshot, Tx, accounts, activity, devices};

use crate::account;

/// How long a mobile device counts as reachable by push after its connection went.
const PUSH_ONLINE_MS: i64 = 7 * 86_400_000;

/// Lets a device in with a verified UserSig. An account that logs in for the first time is created. Answers the
/// account's epoch.
pub fn log_in(tx: &mut Tx<'_>, now: Millis, app: &App, login: &Login, signed_at: Millis) -> Result<i64> {
    if app.settings.accounts_off.iter().any(|off| off == login.account.as_str()) {
        return refuse(Fault::AccountBlocked);
    }
    if login.account.is_robot() {
        return refuse(Fault::RequestIllegal);
    }
    // A deletion or a kick that is under way is waited for, so that the sig is held against what it leaves: seen before
    // it, a sig of the old life would bring the account back.
    accounts::lock(tx, &login.account)?;
    account::check_epoch(tx, &login.account, signed_at)?;
    let account = account::create(tx, now, app, &login.account)?;
    count_active(tx, now, app, &login.account)?;
    take_place(tx, now, app, login)?;
    tx.after(Event::CameIn { account: login.account.clone(), is_login: true });
    Ok(account.epoch)
}

/// Lets a device come back with a verified ticket.
///
/// A device that another one replaced while it was away learns so once; if its user logs in again, it replaces the
/// other one in turn.
pub fn resume(tx: &mut Tx<'_>, now: Millis, app: &App, login: &Login, grant: &Grant) -> Result<()> {
    if app.settings.accounts_off.iter().any(|off| off == login.account.as_str()) {
        return refuse(Fault::AccountBlocked);
    }
    let account = accounts::lock(tx, &login.account)?.filter(accounts::Account::is_alive);
    let Some(account) = account else { return refuse(Fault::UserSigRevoked) };
    if account.epoch != grant.epoch || grant.signed_at.secs() <= account.sig_from {
        return refuse(Fault::UserSigRevoked);
    }
    match devices::get(tx, &login.device)? {
        Some(device) if device.account.as_ref() != Some(&login.account) || !device.is_logged_in => {
            refuse(Fault::SessionExpired)
        }
        Some(device) if device.is_replaced => refuse(replaced(device.platform)),
        Some(_) => {
            count_active(tx, now, app, &login.account)?;
            take_place(tx, now, app, login)?;
            tx.after(Event::CameIn { account: login.account.clone(), is_login: false });
            Ok(())
        }
        None => refuse(Fault::SessionExpired),
    }
}

/// Counts the account among those that are active today, where the plan bounds them.
fn count_active(tx: &mut Tx<'_>, now: Millis, app: &App, account: &UserId) -> Result<()> {
    let Some(max) = app.plan().allowance().daily_active_max else { return Ok(()) };
    if activity::add(tx, now, account, max)? { Ok(()) } else { refuse(Fault::DailyActiveQuota) }
}

/// Binds the device and sends away the oldest instances of its platform that are too many.
fn take_place(tx: &mut Tx<'_>, now: Millis, app: &App, login: &Login) -> Result<()> {
    let allowed =
        Platform::from_number(login.platform).map_or(1, |platform| app.plan().allowance().instances(platform));
    let others: Vec<Device> = devices::of_account(tx, &login.account)?
        .into_iter()
        .filter(|other| {
            other.id != login.device && other.platform == login.platform && other.is_logged_in && !other.is_replaced
        })
        .collect();
    let is_web_full = login.platform == Platform::Web as i64;
    let mut kicked = Vec::new();
    // The latest heard of come first, so what lies beyond the allowance is the oldest.
    for other in others.iter().skip(allowed.saturating_sub(1)) {
        devices::replace(tx, &other.id)?;
        kicked.extend(Platform::from_number(other.platform).map(Via::of));
        let (account, device) = (login.account.clone(), other.id.clone());
        tx.after(Event::SessionReplaced { account, device, before: now, is_web_full });
    }
    devices::log_in(tx, now, login)?;
    tx.after_hook(now, &Happening::State { account: login.account.clone(), change: StateChange::Login, kicked })?;
    // An older connection of the same device is as dead as its network was.
    let (account, device) = (login.account.clone(), login.device.clone());
    tx.after(Event::SessionReplaced { account, device, before: now, is_web_full: false });
    Ok(())
}

/// Why a device that another one replaced is out: web clients have a number of their own for it.
pub fn replaced(platform: i64) -> Fault {
    match Platform::from_number(platform) {
        Some(Platform::Web) => Fault::WebInstanceReplaced,
        _ => Fault::Replaced,
    }
}

/// Takes a device's login away, as its user asked.
pub fn log_out(tx: &mut Tx<'_>, now: Millis, account: &UserId, device: &DeviceId) -> Result<()> {
    devices::log_out(tx, now, device)?;
    tx.after_hook(now, &state(account, StateChange::Logout))
}

/// Notes that a device has no connection any more; `change` says why, if anybody is to be told.
pub fn disconnect(
    tx: &mut Tx<'_>,
    at: Millis,
    account: &UserId,
    device: &DeviceId,
    session: i64,
    change: Option<StateChange>,
) -> Result<()> {
    devices::disconnect(tx, at, device, session)?;
    change.map_or(Ok(()), |change| tx.after_hook(at, &state(account, change)))
}

fn state(account: &UserId, change: StateChange) -> Happening {
    Happening::State { account: account.clone(), change, kicked: Vec::new() }
}

/// Whether the account's sessions from an epoch still hold: asked at every heartbeat, because the bus may lose a kick.
pub fn holds(snapshot: &mut Snapshot<'_>, user: &UserId, epoch: i64) -> Result<bool> {
    Ok(accounts::get(snapshot, user)?.is_some_and(|account| account.is_alive() && account.epoch == epoch))
}

/// Refuses a session that was kicked, logged out or replaced, whether or not its node heard of it.
pub fn check(snapshot: &mut Snapshot<'_>, user: &UserId, epoch: i64, device: &DeviceId, session: i64) -> Result<()> {
    if !holds(snapshot, user, epoch)? {
        return refuse(Fault::UserSigRevoked);
    }
    match devices::get(snapshot, device)? {
        Some(found) if found.account.as_ref() == Some(user) && found.is_logged_in => {
            if found.is_replaced {
                return refuse(replaced(found.platform));
            }
            if found.session == session { Ok(()) } else { refuse(Fault::Replaced) }
        }
        _ => refuse(Fault::SessionExpired),
    }
}

/// As [`check`], and holds what it found until the transaction ends: a kick, or the deletion of the account, comes before
/// all of it or after. What is bound to a device is bound by this, so that nothing of it outlives the session.
pub fn hold(tx: &mut Tx<'_>, user: &UserId, epoch: i64, device: &DeviceId, session: i64) -> Result<()> {
    accounts::lock(tx, user)?;
    check(tx, user, epoch, device, session)
}

/// How an account is reached at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Logged out, never here, or silent for seven days.
    Offline,
    /// Without a connection, but a push reaches it.
    PushOnline,
    /// Connected.
    Online,
}

impl Status {
    /// As the REST contract spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "Offline",
            Self::PushOnline => "PushOnline",
            Self::Online => "Online",
        }
    }
}

/// The status of one account, with what each of its platforms adds to it.
#[derive(Debug, Clone)]
pub struct Presence {
    /// The best of its platforms.
    pub status: Status,
    /// By platform, only those that are not offline.
    pub platforms: Vec<(Platform, Status)>,
}

/// Answers how accounts are reached, in the order asked; none for an account that does not exist.
pub fn presence(snapshot: &mut Snapshot<'_>, now: Millis, users: &[UserId]) -> Result<Vec<Option<Presence>>> {
    let known: HashMap<UserId, bool> = accounts::among(snapshot, users)?
        .into_iter()
        .filter(accounts::Account::is_alive)
        .map(|account| (account.id, true))
        .collect();
    users
        .iter()
        .map(|user| {
            if !known.contains_key(user) {
                return Ok(None);
            }
            let devices = devices::of_account(snapshot, user)?;
            Ok(Some(presence_of(&devices, now)))
        })
        .collect()
}

fn presence_of(devices: &[Device], now: Millis) -> Presence {
    let mut platforms: Vec<(Platform, Status)> = Vec::new();
    for device in devices {
        let Some(platform) = Platform::from_number(device.platform) else { continue };
        let status = status_of(device, platform, now);
        match platforms.iter_mut().find(|(known, _)| *known == platform) {
            Some((_, best)) => *best = status.max(*best),
            None if status != Status::Offline => platforms.push((platform, status)),
            None => {}
        }
    }
    Presence { status: platforms.iter().map(|(_, status)| *status).max().unwrap_or(Status::Offline), platforms }
}

fn status_of(device: &Device, platform: Platform, now: Millis) -> Status {
    if device.is_connected(now) {
        Status::Online
    } else if device.is_logged_in
        && !device.is_replaced
        && platform.is_mobile()
        && now.0 - device.seen_at.0 < PUSH_ONLINE_MS
    {
        Status::PushOnline
    } else {
        Status::Offline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(100 * 86_400_000);

    fn device(platform: Platform, node: i64, silent_ms: i64) -> Device {
        Device {
            id: DeviceId::trusted("d"),
            account: Some(UserId::trusted("alice")),
            platform: platform as i64,
            seen_at: NOW.plus(-silent_ms),
            node,
            session: 1,
            is_logged_in: true,
            is_replaced: false,
            node_seen_at: NOW.plus(-1_000),
        }
    }

    #[test]
    fn an_account_is_as_reachable_as_its_best_device() {
        let check = |devices: &[Device], expected| assert_eq!(presence_of(devices, NOW).status, expected);
        check(&[], Status::Offline);
        check(&[device(Platform::Web, 0, 1)], Status::Offline);
        check(&[device(Platform::Android, 0, 1)], Status::PushOnline);
        check(&[device(Platform::Android, 0, PUSH_ONLINE_MS)], Status::Offline);
        check(&[device(Platform::Android, 0, 1), device(Platform::Web, 1, 1)], Status::Online);
        let mut orphan = device(Platform::IPhone, 1, 1);
        orphan.node_seen_at = NOW.plus(-devices::NODE_SILENCE_MS);
        check(&[orphan], Status::PushOnline);
    }
}
