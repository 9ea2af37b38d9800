//! What apps show live, as devices have reported it: each with a token of its own, beside those of its device.

use contract::{DeviceId, Millis, Result};

use crate::{Snapshot, Tx};

/// Something that is shown live, or by which something new may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Where it is shown.
    pub device: DeviceId,
    /// Whether the token begins new ones; the name is then what their attributes are.
    pub starts: bool,
    /// As its device has named it.
    pub name: String,
    /// By which it is reached.
    pub token: String,
    /// Which credential of the app the token belongs to; 0 means the only one of the channel.
    pub credential: i64,
}

/// What a device may have reported at a time; the oldest makes room.
pub const PER_DEVICE: usize = 32;

type Found = (DeviceId, bool, String, String, i64);

fn activity((device, starts, name, token, credential): Found) -> Activity {
    Activity { device, starts, name, token, credential }
}

/// Notes one, new or with another token.
pub fn set(tx: &mut Tx<'_>, now: Millis, one: &Activity) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO live_activities (app, device, starts, name, token, credential, reported_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (app, device, starts, name) DO UPDATE SET token = $5, credential = $6, reported_at = $7"
        ),
        (app, &one.device, one.starts, &one.name, &one.token, one.credential, now),
    )?;
    let held: Vec<(i64, String)> = tx.all(
        sql!("SELECT starts, name FROM live_activities WHERE app = $1 AND device = $2 ORDER BY reported_at DESC, name LIMIT $3"),
        (app, &one.device, PER_DEVICE as i64 * 2),
    )?;
    tx.post_all(
        sql!("DELETE FROM live_activities WHERE app = $1 AND device = $2 AND starts = $3 AND name = $4"),
        held.iter().skip(PER_DEVICE).map(|(starts, name)| (app, &one.device, *starts, name)),
    )
}

/// Forgets one.
pub fn remove(tx: &mut Tx<'_>, device: &DeviceId, starts: bool, name: &str) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("DELETE FROM live_activities WHERE app = $1 AND device = $2 AND starts = $3 AND name = $4"),
        (app, device, starts, name),
    )
}

/// Forgets all of a device.
pub fn clear(tx: &mut Tx<'_>, device: &DeviceId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM live_activities WHERE app = $1 AND device = $2"), (app, device))
}

/// Forgets what a dead token led to.
pub(crate) fn drop_token(tx: &mut Tx<'_>, token: &str) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM live_activities WHERE app = $1 AND token = $2"), (app, token))
}

/// Finds one by its device.
pub fn of_device(snapshot: &mut Snapshot<'_>, device: &DeviceId, starts: bool, name: &str) -> Result<Option<Activity>> {
    let app = snapshot.app();
    let found: Option<Found> = snapshot.opt(
        sql!(
            "SELECT device, starts, name, token, credential FROM live_activities
             WHERE app = $1 AND device = $2 AND starts = $3 AND name = $4"
        ),
        (app, device, starts, name),
    )?;
    Ok(found.map(activity))
}

/// Finds one that is shown, by its name alone; of several the one that was reported last.
pub fn of_name(snapshot: &mut Snapshot<'_>, name: &str) -> Result<Option<Activity>> {
    let app = snapshot.app();
    let found: Option<Found> = snapshot.opt(
        sql!(
            "SELECT device, starts, name, token, credential FROM live_activities
             WHERE app = $1 AND name = $2 AND starts = 0 ORDER BY reported_at DESC LIMIT 1"
        ),
        (app, name),
    )?;
    Ok(found.map(activity))
}

/// Finds one by its token.
pub fn of_token(snapshot: &mut Snapshot<'_>, token: &str) -> Result<Option<Activity>> {
    let app = snapshot.app();
    let found: Option<Found> = snapshot.opt(
        sql!(
            "SELECT device, starts, name, token, credential FROM live_activities
             WHERE app = $1 AND token = $2 ORDER BY reported_at DESC LIMIT 1"
        ),
        (app, token),
    )?;
    Ok(found.map(activity))
}
