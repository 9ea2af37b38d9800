//! How many devices registered and how many were heard of, by day and by month. A device counts once in each, because it
//! is known when it was heard of before.
//!
//! Days and months begin at 00:00 in UTC+8, as the contract of the push OpenAPI counts. A count is kept in parts, because
//! whoever counts holds its row until the commit is synced, and in the morning everybody counts.

use contract::{DeviceId, Millis, Result, limit, moment};

use crate::bindings::Os;
use crate::{Snapshot, Tx};

/// From UTC to the clock by which days begin.
pub const OFFSET_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// Parts of a count.
const PARTS: u64 = 16;

/// The part in which a device counts.
fn part(device: &DeviceId) -> i64 {
    let mix = |sum: u64, byte: u8| sum.wrapping_mul(31).wrapping_add(byte.into());
    (device.as_str().bytes().fold(0, mix) % PARTS).cast_signed()
}

/// The day (since the epoch) of a moment.
pub const fn day(now: Millis) -> i64 {
    (now.0 + OFFSET_MS).div_euclid(DAY_MS)
}

/// When a day begins.
pub const fn day_start(day: i64) -> Millis {
    Millis(day * DAY_MS - OFFSET_MS)
}

/// The month of a moment: twelve times the year, and the month from 0.
pub fn month(now: Millis) -> i64 {
    let date = moment::date(now.plus(OFFSET_MS));
    date.year * 12 + date.month - 1
}

/// Counts a device that is heard of now, before that is written into its row. A new one is of this class.
pub fn heard(tx: &mut Tx<'_>, now: Millis, device: &DeviceId, platform: i64) -> Result<()> {
    heard_as(tx, now, device, 0, platform)
}

/// As [`heard`], of a device that says of which system it is.
pub fn heard_as(tx: &mut Tx<'_>, now: Millis, device: &DeviceId, os: i64, platform: i64) -> Result<()> {
    let app = tx.app();
    let known: Option<(i64, i64, Millis)> =
        tx.opt(sql!("SELECT os, platform, seen_at FROM devices WHERE app = $1 AND id = $2"), (app, device))?;
    let (os, platform, before) = known.map_or((os, platform, None), |(known, class, at)| (known, class, Some(at)));
    let system = Os::of(os, platform) as i64;
    if before.is_none_or(|before| day(before) < day(now)) {
        let added = i64::from(before.is_none());
        tx.post(
            sql!(
                "INSERT INTO device_day_parts (app, day, system, part, added, active) VALUES ($1, $2, $3, $4, $5, 1)
                 ON CONFLICT (app, day, system, part) DO UPDATE SET added = device_day_parts.added + $5,
                     active = device_day_parts.active + 1"
            ),
            (app, day(now), system, part(device), added),
        )?;
    }
    if before.is_none_or(|before| month(before) < month(now)) {
        tx.post(
            sql!(
                "INSERT INTO device_month_parts (app, month, part, active) VALUES ($1, $2, $3, 1)
                 ON CONFLICT (app, month, part) DO UPDATE SET active = device_month_parts.active + 1"
            ),
            (app, month(now), part(device)),
        )?;
    }
    Ok(())
}

/// Devices of a system on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub day: i64,
    /// The system.
    pub system: i64,
    /// Those that registered.
    pub added: i64,
    /// Those that were heard of.
    pub active: i64,
}

/// Reads the days from one on and before another.
pub fn days(snapshot: &mut Snapshot<'_>, from: i64, until: i64) -> Result<Vec<Day>> {
    let app = snapshot.app();
    let rows: Vec<(i64, i64, i64, i64)> = snapshot.all(
        sql!(
            "SELECT day, system, CAST(SUM(added) AS BIGINT), CAST(SUM(active) AS BIGINT) FROM device_day_parts
             WHERE app = $1 AND day >= $2 AND day < $3 GROUP BY day, system ORDER BY day, system LIMIT $4"
        ),
        (app, from, until, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(day, system, added, active)| Day { day, system, added, active }).collect())
}

/// How many devices of each system had registered before a day.
pub fn registered(snapshot: &mut Snapshot<'_>, before: i64) -> Result<Vec<(i64, i64)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT system, CAST(SUM(added) AS BIGINT) FROM device_day_parts WHERE app = $1 AND day < $2
             GROUP BY system ORDER BY system"
        ),
        (app, before),
    )
}

/// How many devices were heard of in each month from one on and before another.
pub fn months(snapshot: &mut Snapshot<'_>, from: i64, until: i64) -> Result<Vec<(i64, i64)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT month, CAST(SUM(active) AS BIGINT) FROM device_month_parts
             WHERE app = $1 AND month >= $2 AND month < $3 GROUP BY month ORDER BY month LIMIT $4"
        ),
        (app, from, until, limit::STORE_PAGE as i64),
    )
}
