//! The identity graph of push: what is known of a device, its account, its aliases, its phone.
//!
//! A device of chat and a device of push are one row: `devices` holds the account of both, `tokens` the ways to reach
//! it. Tags are in [`crate::bound_tags`].

use contract::{DeviceId, Millis, Result, UserId, limit};

use crate::{Snapshot, Tx, device_counts, devices};

/// The system of a device, as push tells devices apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Os {
    /// iOS, iPadOS and macOS: what Apple's channel reaches.
    Ios = 1,
    /// Android.
    Android = 2,
    /// HarmonyOS.
    Harmony = 3,
    /// Everything else; only a push to all systems reaches it.
    Other = 4,
}

impl Os {
    /// The system by its number in the table, or by the class of the device where it was never told.
    pub const fn of(number: i64, platform: i64) -> Self {
        match (number, platform) {
            (1, _) | (0, 1 | 5 | 6) => Self::Ios,
            (2, _) | (0, 2) => Self::Android,
            (3, _) => Self::Harmony,
            _ => Self::Other,
        }
    }
}

/// A device as push knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// What it calls itself.
    pub id: DeviceId,
    /// The account it is bound to; the text of push may be longer than a UserID.
    pub account: String,
    /// Its system.
    pub os: Os,
    /// When it came.
    pub registered_at: Millis,
    /// When it was last heard of.
    pub seen_at: Millis,
    /// Whether a living node holds a connection of it.
    pub is_connected: bool,
    /// Whether an account is logged in on it.
    pub is_logged_in: bool,
    /// Whether it is registered for push.
    pub is_enrolled: bool,
    /// Whether its owner does not want notifications.
    pub is_muted: bool,
    /// For the supplementary short message; empty when there is none.
    pub phone: String,
    /// Who made it.
    pub brand: String,
    /// What it is called.
    pub model: String,
}

type Row = (String, String, i64, i64, Millis, Millis, i64, Millis, bool, bool, bool, String, String, String);

fn bound(row: Row, now: Millis) -> Bound {
    let (
        id,
        account,
        os,
        platform,
        registered_at,
        seen_at,
        node,
        node_seen_at,
        logged_in,
        enrolled,
        muted,
        phone,
        brand,
        model,
    ) = row;
    Bound {
        id: DeviceId::trusted(&id),
        account,
        os: Os::of(os, platform),
        registered_at,
        seen_at,
        is_connected: node != 0 && now.0 - node_seen_at.0 < devices::NODE_SILENCE_MS,
        is_logged_in: logged_in,
        is_enrolled: enrolled,
        is_muted: muted,
        phone,
        brand,
        model,
    }
}

/// Reads one device.
pub fn get(snapshot: &mut Snapshot<'_>, now: Millis, id: &str) -> Result<Option<Bound>> {
    let app = snapshot.app();
    let row: Option<Row> = snapshot.opt(
        sql!(
            "SELECT d.id, d.account, d.os, d.platform, d.registered_at, d.seen_at, d.node, COALESCE(n.seen_at, 0),
                    d.logged_in, d.enrolled, d.muted, d.phone, d.brand, d.model
             FROM devices d LEFT JOIN nodes n ON n.id = d.node WHERE d.app = $1 AND d.id = $2"
        ),
        (app, id),
    )?;
    Ok(row.map(|row| bound(row, now)))
}

/// Reads the devices of an account in pages by id.
pub fn devices_of_account(snapshot: &mut Snapshot<'_>, account: &str, after: &str) -> Result<Vec<DeviceId>> {
    let app = snapshot.app();
    let rows: Vec<(DeviceId,)> = snapshot.all(
        sql!(
            "SELECT id FROM devices WHERE app = $1 AND account = $2 AND account <> '' AND id > $3
             AND (logged_in = 1 OR enrolled = 1) ORDER BY id LIMIT $4"
        ),
        (app, account, after, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// What a device says of itself when it registers for push.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registration {
    /// 1 iOS, 2 Android, 3 HarmonyOS; 0 leaves it to the class of the device.
    pub os: i64,
    /// Who made it.
    pub brand: String,
    /// What it is called.
    pub model: String,
    /// The version of its system.
    pub os_version: String,
    /// The version of the app on it.
    pub app_version: String,
}

/// Registers a device for push, new or again. `platform` is its class if it is new.
pub fn register(tx: &mut Tx<'_>, now: Millis, id: &DeviceId, platform: i64, what: &Registration) -> Result<()> {
    let app = tx.app();
    device_counts::heard_as(tx, now, id, what.os, platform)?;
    tx.post(
        sql!(
            "INSERT INTO devices (app, id, platform, registered_at, seen_at, os, brand, model, os_version, app_version, enrolled)
             VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, 1)
             ON CONFLICT (app, id) DO UPDATE SET seen_at = $4, os = $5, brand = $6, model = $7, os_version = $8,
                 app_version = $9, enrolled = 1"
        ),
        (app, id, platform, now, what.os, &what.brand, &what.model, &what.os_version, &what.app_version),
    )
}

/// Takes a device off push. What is bound to it stays, for the day on which it registers again.
pub fn withdraw(tx: &mut Tx<'_>, id: &DeviceId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("UPDATE devices SET enrolled = 0 WHERE app = $1 AND id = $2"), (app, id))
}

/// Binds a device to an account, in the place of another one.
pub fn bind_account(tx: &mut Tx<'_>, id: &DeviceId, account: &str) -> Result<()> {
    let app = tx.app();
    let before = devices::get(tx, id)?.and_then(|device| device.account);
    tx.post(sql!("UPDATE devices SET account = $3 WHERE app = $1 AND id = $2"), (app, id, account))?;
    for touched in before.into_iter().chain(Some(UserId::trusted(account))) {
        devices::count_reach(tx, &touched)?;
    }
    Ok(())
}

/// Counts the devices of an account.
pub fn count_of_account(snapshot: &mut Snapshot<'_>, account: &str) -> Result<i64> {
    let app = snapshot.app();
    let (count,): (i64,) = snapshot
        .one(sql!("SELECT COUNT(*) FROM devices WHERE app = $1 AND account = $2 AND account <> ''"), (app, account))?;
    Ok(count)
}

/// Switches notifications of a device on or off.
pub fn set_muted(tx: &mut Tx<'_>, id: &DeviceId, is_muted: bool) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("UPDATE devices SET muted = $3 WHERE app = $1 AND id = $2"), (app, id, is_muted))
}

/// Sets the phone number of a device; an empty one takes it away.
pub fn set_phone(tx: &mut Tx<'_>, id: &DeviceId, phone: &str) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("UPDATE devices SET phone = $3 WHERE app = $1 AND id = $2"), (app, id, phone))
}

/// Reads the aliases of a device in order.
pub fn aliases_of(snapshot: &mut Snapshot<'_>, device: &DeviceId) -> Result<Vec<String>> {
    let app = snapshot.app();
    let rows: Vec<(String,)> = snapshot.all(
        sql!("SELECT alias FROM device_aliases WHERE app = $1 AND device = $2 ORDER BY alias LIMIT $3"),
        (app, device, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(alias,)| alias).collect())
}

/// Reads the devices of an alias in order.
pub fn devices_of_alias(snapshot: &mut Snapshot<'_>, alias: &str) -> Result<Vec<DeviceId>> {
    let app = snapshot.app();
    let rows: Vec<(DeviceId,)> = snapshot.all(
        sql!("SELECT device FROM device_aliases WHERE app = $1 AND alias = $2 ORDER BY device LIMIT $3"),
        (app, alias, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Locks a device, so that what is counted of its bindings still holds when one is added.
pub fn lock(tx: &mut Tx<'_>, device: &DeviceId) -> Result<bool> {
    let app = tx.app();
    Ok(tx.run(sql!("UPDATE devices SET enrolled = enrolled WHERE app = $1 AND id = $2"), (app, device))? > 0)
}

/// Adds aliases to a device; one that is there stays.
pub fn add_aliases(tx: &mut Tx<'_>, now: Millis, device: &DeviceId, aliases: &[String]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "INSERT INTO device_aliases (app, device, alias, bound_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
        ),
        aliases.iter().map(|alias| (app, device, alias.as_str(), now)),
    )
}

/// Takes aliases of a device away. Answers how many there were.
pub fn remove_aliases(tx: &mut Tx<'_>, device: &DeviceId, aliases: &[String]) -> Result<u64> {
    let app = tx.app();
    tx.many(
        sql!("DELETE FROM device_aliases WHERE app = $1 AND device = $2 AND alias = $3"),
        aliases.iter().map(|alias| (app, device, alias.as_str())),
    )
}

/// Takes all aliases of a device away.
pub fn clear_aliases(tx: &mut Tx<'_>, device: &DeviceId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM device_aliases WHERE app = $1 AND device = $2"), (app, device))
}

/// Reads by which ways a device is reached, whether an account is logged in on it or not.
pub fn tokens_of_device(snapshot: &mut Snapshot<'_>, device: &DeviceId) -> Result<Vec<devices::Token>> {
    let app = snapshot.app();
    let rows: Vec<(String, String, i64, Millis)> = snapshot.all(
        sql!(
            "SELECT channel, token, credential, bound_at FROM tokens WHERE app = $1 AND device = $2
             ORDER BY channel LIMIT $3"
        ),
        (app, device, limit::STORE_PAGE as i64),
    )?;
    let token = |(channel, token, credential, bound_at)| devices::Token {
        device: device.clone(),
        channel,
        token,
        credential,
        bound_at,
    };
    Ok(rows.into_iter().map(token).collect())
}
