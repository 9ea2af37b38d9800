//! What an app's own server says of devices that it knows by their tokens: who uses one, and by which token of a vendor
//! it is reached.

use contract::{DeviceId, Millis, Result};

use crate::{Snapshot, Tx};

/// The device that has a token of a channel.
pub fn of_token(snapshot: &mut Snapshot<'_>, channel: &str, token: &str) -> Result<Option<DeviceId>> {
    let app = snapshot.app();
    let row: Option<(DeviceId,)> = snapshot.opt(
        sql!("SELECT device FROM tokens WHERE app = $1 AND channel = $2 AND token = $3 ORDER BY bound_at DESC LIMIT 1"),
        (app, channel, token),
    )?;
    Ok(row.map(|(device,)| device))
}

/// Sets the token of a device for a channel, whoever uses the device. The same token on another device of the app is an
/// old installation.
pub fn set_token(tx: &mut Tx<'_>, now: Millis, device: &DeviceId, channel: &str, token: &str) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("DELETE FROM tokens WHERE app = $1 AND channel = $2 AND token = $3 AND device <> $4"),
        (app, channel, token, device),
    )?;
    tx.post(
        sql!(
            "INSERT INTO tokens (app, device, channel, token, credential, bound_at) VALUES ($1, $2, $3, $4, 0, $5)
             ON CONFLICT (app, device, channel) DO UPDATE SET token = $4, credential = 0, bound_at = $5"
        ),
        (app, device, channel, token, now),
    )
}

/// Registers a device that is not there yet, and takes it for push.
pub fn enroll(tx: &mut Tx<'_>, now: Millis, device: &DeviceId, platform: i64, os: i64) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO devices (app, id, platform, registered_at, seen_at, os, enrolled) VALUES ($1, $2, $3, $4, $4, $5, 1)
             ON CONFLICT (app, id) DO UPDATE SET os = $5, enrolled = 1"
        ),
        (app, device, platform, now, os),
    )
}

/// What a report says of a device besides its tokens; what is empty stays as it was.
pub fn describe(tx: &mut Tx<'_>, device: &DeviceId, model: &str, app_version: &str) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE devices SET model = CASE WHEN $3 = '' THEN model ELSE $3 END,
                 app_version = CASE WHEN $4 = '' THEN app_version ELSE $4 END
             WHERE app = $1 AND id = $2"
        ),
        (app, device, model, app_version),
    )
}

/// Notes when a device was bound to its account, or lost it.
pub fn mark_bound(tx: &mut Tx<'_>, now: Millis, device: &DeviceId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("UPDATE devices SET account_at = $3 WHERE app = $1 AND id = $2"), (app, device, now))
}

/// Makes what waits for the first sign of a device due. Answers how many rows that concerned.
pub fn wake(tx: &mut Tx<'_>, now: Millis, device: &DeviceId) -> Result<u64> {
    let app = tx.app();
    // The condition names no `waits`, so that a row which is being looked up elsewhere is waited for, not missed.
    tx.run(
        sql!(
            "UPDATE deliveries SET due_at = CASE WHEN waits = 2 THEN CAST($3 AS BIGINT) ELSE due_at END,
                 waits = CASE WHEN waits = 2 THEN 0 ELSE waits END
             WHERE app = $1 AND device = $2 AND lane = '' AND ended_at = 0"
        ),
        (app, device, now),
    )
}

/// Leaves those devices that were bound to an account within one window, or are without one since another; a window
/// that is none leaves its devices out. Where it was never told since when, it is since the registration.
pub fn among(
    snapshot: &mut Snapshot<'_>,
    devices: &[String],
    bound: Option<(Millis, Millis)>,
    unbound: Option<(Millis, Millis)>,
) -> Result<Vec<String>> {
    let app = snapshot.app();
    let nobody = (Millis(1), Millis(0));
    let ((bound_from, bound_until), (left_from, left_until)) = (bound.unwrap_or(nobody), unbound.unwrap_or(nobody));
    let rows: Vec<(String,)> = snapshot.all(
        sql! {
            sqlite: "SELECT id FROM devices WHERE app = $1 AND id IN (SELECT value FROM json_each($2)) AND (
                         (account <> '' AND CASE WHEN account_at = 0 THEN registered_at ELSE account_at END >= $3
                             AND CASE WHEN account_at = 0 THEN registered_at ELSE account_at END < $4)
                         OR (account = '' AND CASE WHEN account_at = 0 THEN registered_at ELSE account_at END >= $5
                             AND CASE WHEN account_at = 0 THEN registered_at ELSE account_at END < $6))
                     ORDER BY id",
            postgres: "SELECT id FROM devices
                       WHERE app = $1 AND id IN (SELECT jsonb_array_elements_text($2::text::jsonb)) AND (
                           (account <> '' AND CASE WHEN account_at = 0 THEN registered_at ELSE account_at END >= $3
                               AND CASE WHEN account_at = 0 THEN registered_at ELSE account_at END < $4)
                           OR (account = '' AND CASE WHEN account_at = 0 THEN registered_at ELSE account_at END >= $5
                               AND CASE WHEN account_at = 0 THEN registered_at ELSE account_at END < $6))
                       ORDER BY id COLLATE \"C\""
        },
        (app, serde_json::json!(devices).to_string(), bound_from, bound_until, left_from, left_until),
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
