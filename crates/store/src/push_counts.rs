//! What became of pushes, counted in the transaction in which it became known: by task, and by hour of the app. Whoever
//! asks reads sums of a few rows, never deliveries.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use contract::{DeviceId, Millis, Result, limit};

use crate::bindings::Os;
use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

const HOUR_MS: i64 = 3_600_000;

/// The hour (since the epoch) of a moment.
pub const fn hour(now: Millis) -> i64 {
    now.0.div_euclid(HOUR_MS)
}

/// Where something counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The task.
    pub task: i64,
    /// Its kind.
    pub kind: String,
    /// The system of the device.
    pub system: i64,
    /// The channel by name.
    pub channel: String,
}

/// How often each thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Notifications that were to be sent to a device by a channel.
    pub accepted: i64,
    /// Those that were sent: the channel took them.
    pub sent: i64,
    /// Those that arrived: the device said so, or its vendor.
    pub received: i64,
    /// Those that were opened.
    pub opened: i64,
    /// Those that were wiped away.
    pub removed: i64,
    /// Those that will not be sent.
    pub failed: i64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.sent += other.sent;
        self.received += other.received;
        self.opened += other.opened;
        self.removed += other.removed;
        self.failed += other.failed;
    }
}

/// What a transaction has to count, by place.
pub type Tally = BTreeMap<Place, Counts>;

/// Adds what happened at a moment. The places come in order, so that two transactions never wait for each other in a
/// circle.
pub fn add(tx: &mut Tx<'_>, now: Millis, tally: &Tally) -> Result<()> {
    let app = tx.app();
    let places = || tally.iter().map(|(at, n)| (at.task, at.system, at.channel.as_str(), n));
    tx.post_many_or_set(
        sql! {
            sqlite: "INSERT INTO push_counts (app, task, system, channel, accepted, sent, received, opened, removed, failed)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                     ON CONFLICT (app, task, system, channel) DO UPDATE SET accepted = push_counts.accepted + $5,
                         sent = push_counts.sent + $6, received = push_counts.received + $7,
                         opened = push_counts.opened + $8, removed = push_counts.removed + $9,
                         failed = push_counts.failed + $10",
            postgres: "INSERT INTO push_counts AS c (app, task, system, channel, accepted, sent, received, opened, removed,
                           failed)
                       SELECT $1, CAST(l.v ->> 0 AS BIGINT), CAST(l.v ->> 1 AS BIGINT), l.v ->> 2,
                           CAST(l.v ->> 3 AS BIGINT), CAST(l.v ->> 4 AS BIGINT), CAST(l.v ->> 5 AS BIGINT),
                           CAST(l.v ->> 6 AS BIGINT), CAST(l.v ->> 7 AS BIGINT), CAST(l.v ->> 8 AS BIGINT)
                       FROM jsonb_array_elements($2::text::jsonb) WITH ORDINALITY AS l (v, n) ORDER BY l.n
                       ON CONFLICT (app, task, system, channel) DO UPDATE SET accepted = c.accepted + EXCLUDED.accepted,
                           sent = c.sent + EXCLUDED.sent, received = c.received + EXCLUDED.received,
                           opened = c.opened + EXCLUDED.opened, removed = c.removed + EXCLUDED.removed,
                           failed = c.failed + EXCLUDED.failed"
        },
        places().map(|(task, system, channel, n)| {
            (app, task, system, channel, n.accepted, n.sent, n.received, n.opened, n.removed, n.failed)
        }),
        || {
            let row = |(task, system, channel, n): (i64, i64, &str, &Counts)| {
                serde_json::json!([task, system, channel, n.accepted, n.sent, n.received, n.opened, n.removed, n.failed])
            };
            (app, places().map(row).collect::<serde_json::Value>().to_string())
        },
    )?;
    let mut hours: BTreeMap<(&str, i64, &str), Counts> = BTreeMap::new();
    for (at, counts) in tally {
        *hours.entry((&at.kind, at.system, &at.channel)).or_default() += *counts;
    }
    tx.post_all(
        sql!(
            "INSERT INTO push_hours (app, hour, kind, system, channel, accepted, sent, received, opened, removed, failed)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (app, hour, kind, system, channel) DO UPDATE SET accepted = push_hours.accepted + $6,
                 sent = push_hours.sent + $7, received = push_hours.received + $8, opened = push_hours.opened + $9,
                 removed = push_hours.removed + $10, failed = push_hours.failed + $11"
        ),
        hours.iter().map(|((kind, system, channel), n)| {
            let at = hour(now);
            (app, at, *kind, *system, *channel, n.accepted, n.sent, n.received, n.opened, n.removed, n.failed)
        }),
    )
}

/// Counts of a system of devices by a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The kind; empty in the counts of one task.
    pub kind: String,
    /// The system of the devices.
    pub system: i64,
    /// The channel.
    pub channel: String,
    /// How often each thing happened.
    pub counts: Counts,
}

impl FromRow for Line {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let counts = counts(row, 3)?;
        Ok(Self { kind: row.get(0)?, system: row.get(1)?, channel: row.get(2)?, counts })
    }
}

fn counts(row: Row<'_>, from: usize) -> Result<Counts> {
    Ok(Counts {
        accepted: row.get(from)?,
        sent: row.get(from + 1)?,
        received: row.get(from + 2)?,
        opened: row.get(from + 3)?,
        removed: row.get(from + 4)?,
        failed: row.get(from + 5)?,
    })
}

/// Reads the counts of a task.
pub fn of_task(snapshot: &mut Snapshot<'_>, task: i64) -> Result<Vec<Line>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT '', system, channel, accepted, sent, received, opened, removed, failed
             FROM push_counts WHERE app = $1 AND task = $2 ORDER BY system, channel"
        ),
        (app, task),
    )
}

/// Adds up the hours from one on and before another, by kind, system of devices and channel.
pub fn sum(snapshot: &mut Snapshot<'_>, from: i64, until: i64) -> Result<Vec<Line>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT kind, system, channel, CAST(SUM(accepted) AS BIGINT), CAST(SUM(sent) AS BIGINT),
                 CAST(SUM(received) AS BIGINT), CAST(SUM(opened) AS BIGINT), CAST(SUM(removed) AS BIGINT),
                 CAST(SUM(failed) AS BIGINT)
             FROM push_hours WHERE app = $1 AND hour >= $2 AND hour < $3
             GROUP BY kind, system, channel ORDER BY kind, system, channel"
        ),
        (app, from, until),
    )
}

/// The counts of the hours from one on and before another, each with its number; hours without any are left out.
pub fn by_hour(snapshot: &mut Snapshot<'_>, from: i64, until: i64) -> Result<Vec<(i64, Counts)>> {
    let app = snapshot.app();
    let rows: Vec<Hour> = snapshot.all(
        sql!(
            "SELECT hour, CAST(SUM(accepted) AS BIGINT), CAST(SUM(sent) AS BIGINT), CAST(SUM(received) AS BIGINT),
                 CAST(SUM(opened) AS BIGINT), CAST(SUM(removed) AS BIGINT), CAST(SUM(failed) AS BIGINT)
             FROM push_hours WHERE app = $1 AND hour >= $2 AND hour < $3 GROUP BY hour ORDER BY hour LIMIT $4"
        ),
        (app, from, until, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|hour| (hour.number, hour.counts)).collect())
}

struct Hour {
    number: i64,
    counts: Counts,
}

impl FromRow for Hour {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self { number: row.get(0)?, counts: counts(row, 1)? })
    }
}

/// What a device reports of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// It arrived.
    Received = 1,
    /// It was opened.
    Opened = 2,
    /// It was wiped away.
    Removed = 3,
}

/// Notes a report. Answers false if the device has reported this before.
pub fn report(tx: &mut Tx<'_>, now: Millis, task: i64, device: &DeviceId, what: Report) -> Result<bool> {
    let app = tx.app();
    let new = tx.run(
        sql!(
            "INSERT INTO push_reports (app, task, device, what, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
        ),
        (app, task, device, what as i64, now),
    )?;
    Ok(new > 0)
}

/// Where a delivery comes from, for what is heard of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The task in whose counters it shows.
    pub counted: i64,
    /// Its kind.
    pub kind: String,
    /// The system of the device.
    pub os: Os,
    /// By which lane it went, if there is a row that knows.
    pub lane: Option<String>,
}

/// Finds where what a device got of a task counts; none for what counts nowhere.
pub fn origin(snapshot: &mut Snapshot<'_>, task: i64, device: &DeviceId) -> Result<Option<Origin>> {
    let app = snapshot.app();
    let row: Option<(i64, String, i64, i64, Option<String>)> = snapshot.opt(
        sql!(
            "SELECT t.counted, t.kind, v.os, v.platform,
                 (SELECT d.lane FROM deliveries d
                  WHERE d.app = t.app AND d.task = t.id AND d.device = v.id AND d.lane <> '' LIMIT 1)
             FROM tasks t, devices v
             WHERE t.app = $1 AND t.id = $2 AND t.counted <> 0 AND v.app = t.app AND v.id = $3"
        ),
        (app, task, device),
    )?;
    Ok(row.map(|(counted, kind, os, platform, lane)| Origin { counted, kind, os: Os::of(os, platform), lane }))
}
