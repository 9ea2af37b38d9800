//! Leases: rows are taken by an update, not by deletion, so a node may die at any line and another finishes.
//!
//! A claim moves `due_at` to the end of the lease: a row whose worker is gone becomes due by itself. Whoever gives a
//! row back names the claim under which it was taken; a claim that has run out changes nothing.

use std::sync::Arc;

use contract::{AppId, DeviceId, Millis, Result, limit};

use super::Status;
use crate::bindings::Os;
use crate::push_counts::Place;
use crate::tx::Sql;
use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// Which rows to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Those due after this moment: what was due before is in an index of PostgreSQL for a while after it is gone, and
    /// whoever has looked through it a moment ago need not do so again.
    pub after: Millis,
    /// Those due up to this moment.
    pub now: Millis,
    /// At most so many, and at most a page.
    pub count: usize,
}

/// Who takes rows, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The node.
    pub node: i64,
    /// A number that no other claim has.
    pub id: i64,
    /// When others may take the rows.
    pub until: Millis,
}

/// A row under a lease, with what is needed to send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The task.
    pub task: i64,
    /// Its number in the task.
    pub number: i64,
    /// The device.
    pub device: DeviceId,
    /// How often it was sent before.
    pub attempts: u32,
    /// The number on the app's icon.
    pub badge: Option<i64>,
    /// The status it had before.
    pub status: Option<Status>,
    /// The coarse class of the failure before; that of lost sight where the lease of somebody else has run out.
    pub class: i32,
    /// The device's token by this channel and credential, if it still has one.
    pub token: Option<String>,
    /// When the device said so.
    pub bound_at: Millis,
    /// Whether the device is logged in or registered, and still of the account that the task named.
    pub is_bound: bool,
    /// What is pushed, as JSON.
    pub notification: Arc<str>,
    /// When it is not worth delivering any more.
    pub expires_at: Millis,
    /// Whether it is kept for a device that is away.
    pub is_kept: bool,
    /// Where it counts; none for nowhere.
    pub place: Option<Place>,
}

impl FromRow for Claimed {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let family: String = row.get(5)?;
        let (named, bound): (String, Option<String>) = (row.get(9)?, row.get(10)?);
        let is_logged_in = row.get::<Option<bool>>(11)?.unwrap_or(false);
        Ok(Self {
            task: row.get(0)?,
            number: row.get(1)?,
            device: row.get(2)?,
            attempts: row.get(3)?,
            badge: row.get(4)?,
            status: if family.is_empty() { None } else { Some(Status { number: row.get::<i64>(6)? as i32, family }) },
            class: row.get::<i64>(20)? as i32,
            token: row.get(7)?,
            bound_at: row.get::<Option<Millis>>(8)?.unwrap_or_default(),
            is_bound: is_logged_in && bound.is_some_and(|bound| named.is_empty() || bound == named),
            notification: Arc::from(row.get::<String>(12)?),
            expires_at: row.get(13)?,
            is_kept: row.get(14)?,
            place: match row.get::<i64>(15)? {
                0 => None,
                task => Some(Place {
                    task,
                    kind: row.get(16)?,
                    system: Os::of(
                        row.get::<Option<i64>>(17)?.unwrap_or_default(),
                        row.get::<Option<i64>>(18)?.unwrap_or_default(),
                    ) as i64,
                    channel: row.get(19)?,
                }),
            },
        })
    }
}

/// Takes due rows of a lane. Whoever had one before and let its lease run out has lost sight of it, or of
/// the store: the row keeps `lost` as its class until there is more to tell.
pub fn claim(tx: &mut Tx<'_>, look: Look, lane: &str, claim: &Claim, lost: i32) -> Result<Vec<Claimed>> {
    let app = tx.app();
    let count = look.count.min(limit::STORE_PAGE) as i64;
    let (channel, credential) = super::parse_lane(lane).unwrap_or((lane, 0));
    let taken = (app, lane, look.now, claim.node, claim.id, claim.until, count, i64::from(lost), look.after);
    let mut rows: Vec<Claimed> = if tx.reads_changes() {
        let (app, lane, now, node, id, until, count, lost, after) = taken;
        let own = super::SELF_LANE;
        tx.all(TAKE_AND_READ, (app, lane, now, node, id, until, count, lost, channel, credential, own, after))?
    } else if tx.run(TAKE, taken)? > 0 {
        tx.all(READ, (app, lane, claim.until, claim.node, claim.id, channel, credential, super::SELF_LANE))?
    } else {
        return Ok(Vec::new());
    };
    // The rows of a task follow each other and say the same: its text is kept once.
    for index in 1..rows.len() {
        if rows[index - 1].task == rows[index].task {
            rows[index].notification = Arc::clone(&rows[index - 1].notification);
        }
    }
    Ok(rows)
}

const TAKE: Sql = sql!(
    "UPDATE deliveries SET lease_by = $4, lease = $5, due_at = $6, woken = 0,
         class = CASE WHEN lease_by <> 0 THEN $8 ELSE class END
     WHERE app = $1 AND (task, number) IN (
         SELECT task, number FROM deliveries
         WHERE app = $1 AND lane = $2 AND ended_at = 0 AND due_at > $9 AND due_at <= $3
         ORDER BY due_at LIMIT $7)"
);

const READ: Sql = sql!(
    "SELECT d.task, d.number, d.device, d.attempts, d.badge, d.family, d.status, k.token, k.bound_at, d.account,
         v.account, CASE WHEN v.enrolled = 1 THEN 1 ELSE v.logged_in END,
         CASE WHEN d.lane = $8 AND t.own <> '' THEN t.own ELSE t.notification END, t.expires_at, t.store_offline,
         t.counted, t.kind, v.os, v.platform, CAST($6 AS TEXT), d.class
     FROM deliveries d JOIN tasks t ON t.app = d.app AND t.id = d.task
         LEFT JOIN devices v ON v.app = d.app AND v.id = d.device
         LEFT JOIN tokens k ON k.app = d.app AND k.device = d.device AND k.channel = $6 AND k.credential = $7
     WHERE d.app = $1 AND d.lane = $2 AND d.ended_at = 0 AND d.due_at = $3 AND d.lease_by = $4 AND d.lease = $5
     ORDER BY t.created_at, d.task, d.number"
);

/// Both in one. Whatever it believes of how many rows there are, it looks up what belongs to each by key.
const TAKE_AND_READ: Sql = sql!(
    postgres: "WITH due AS MATERIALIZED (
                   SELECT task, number FROM deliveries
                   WHERE app = $1 AND lane = $2 AND ended_at = 0 AND due_at > $12 AND due_at <= $3
                   ORDER BY due_at LIMIT $7
                   FOR UPDATE SKIP LOCKED),
               taken AS (
                   UPDATE deliveries d SET lease_by = $4, lease = $5, due_at = $6, woken = 0,
                       class = CASE WHEN d.lease_by <> 0 THEN $8 ELSE d.class END
                   FROM due WHERE d.app = $1 AND d.task = due.task AND d.number = due.number
                   RETURNING d.task, d.number, d.device, d.attempts, d.badge, d.family, d.status, d.account, d.class)
               SELECT d.task, d.number, d.device, d.attempts, d.badge, d.family, d.status, k.token, k.bound_at, d.account,
                   v.account, CASE WHEN v.enrolled = 1 THEN 1 ELSE v.logged_in END,
                   CASE WHEN CAST($2 AS TEXT) = $11 AND t.own <> '' THEN t.own ELSE t.notification END, t.expires_at,
                   t.store_offline, t.counted, t.kind, v.os, v.platform, CAST($9 AS TEXT), d.class
               FROM taken d
                   CROSS JOIN LATERAL (SELECT * FROM tasks WHERE app = $1 AND id = d.task OFFSET 0) AS t
                   LEFT JOIN LATERAL (SELECT * FROM devices WHERE app = $1 AND id = d.device OFFSET 0) AS v ON TRUE
                   LEFT JOIN LATERAL (
                       SELECT token, bound_at FROM tokens
                       WHERE app = $1 AND device = d.device AND channel = $9 AND credential = $10 OFFSET 0
                   ) AS k ON TRUE
               ORDER BY t.created_at, d.task, d.number"
);

/// Extends a lease while its work is under way. Answers how many rows it still holds.
pub fn renew(tx: &mut Tx<'_>, lane: &str, claim: &Claim, until: Millis) -> Result<u64> {
    let app = tx.app();
    tx.run(
        sql!(
            "UPDATE deliveries SET due_at = $6
             WHERE app = $1 AND lane = $2 AND ended_at = 0 AND due_at = $3 AND lease_by = $4 AND lease = $5"
        ),
        (app, lane, claim.until, claim.node, claim.id, until),
    )
}

/// A lane that has open rows, and when its first is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The app.
    pub app: AppId,
    /// Channel and credential; empty for targets whose ways are not looked up.
    pub lane: String,
    /// When its first row is due.
    pub due_at: Millis,
}

/// Lists the lanes of the app that have open rows.
pub fn lanes(snapshot: &mut Snapshot<'_>) -> Result<Vec<Due>> {
    let app = snapshot.app();
    page(snapshot, app, "", app)
}

/// Lists the lanes of all apps, in pages ordered by app and lane; an empty one is the end. It runs for the platform.
pub fn all_lanes(snapshot: &mut Snapshot<'_>, after: Option<&Due>) -> Result<Vec<Due>> {
    let (app, lane) = after.map_or((AppId(i64::MIN), ""), |due| (due.app, due.lane.as_str()));
    let mut found = page(snapshot, app, lane, AppId(i64::MAX))?;
    // No text is sure to come next after another in every collation, so the page begins with the last one's end.
    found.retain(|due| after.is_none_or(|after| (due.app, &due.lane) != (after.app, &after.lane)));
    Ok(found)
}

/// Jumps from lane to lane in the index: the cost is that of the lanes, not of their backlogs.
fn page(snapshot: &mut Snapshot<'_>, app: AppId, lane: &str, last: AppId) -> Result<Vec<Due>> {
    let rows: Vec<(AppId, String, Millis)> = snapshot.all(
        sql! {
            sqlite: "WITH RECURSIVE firsts (id) AS (
                         SELECT (SELECT d.rowid FROM deliveries d
                                 WHERE d.ended_at = 0 AND (d.app, d.lane) >= ($1, $2) AND d.app <= $3
                                 ORDER BY d.app, d.lane, d.due_at LIMIT 1)
                         UNION ALL
                         SELECT COALESCE(
                             (SELECT d.rowid FROM deliveries d
                              WHERE d.ended_at = 0 AND d.app = x.app AND d.lane > x.lane
                              ORDER BY d.lane, d.due_at LIMIT 1),
                             (SELECT d.rowid FROM deliveries d
                              WHERE d.ended_at = 0 AND d.app > x.app AND d.app <= $3
                              ORDER BY d.app, d.lane, d.due_at LIMIT 1))
                         FROM firsts JOIN deliveries x ON x.rowid = firsts.id
                         LIMIT $4)
                     SELECT d.app, d.lane, d.due_at FROM firsts JOIN deliveries d ON d.rowid = firsts.id
                     ORDER BY d.app, d.lane",
            postgres: "WITH RECURSIVE firsts (app, lane, due_at) AS (
                           (SELECT d.app, d.lane, d.due_at FROM deliveries d
                            WHERE d.ended_at = 0 AND (d.app, d.lane) >= ($1, $2) AND d.app <= $3
                            ORDER BY d.app, d.lane, d.due_at LIMIT 1)
                           UNION ALL
                           SELECT n.app, n.lane, n.due_at FROM firsts f, LATERAL (
                               SELECT d.app, d.lane, d.due_at FROM deliveries d
                               WHERE d.ended_at = 0 AND (d.app, d.lane) > (f.app, f.lane) AND d.app <= $3
                               ORDER BY d.app, d.lane, d.due_at LIMIT 1) n)
                       SELECT app, lane, due_at FROM firsts LIMIT $4"
        },
        (app, lane, last, limit::STORE_PAGE as i64 - 1),
    )?;
    Ok(rows.into_iter().map(|(app, lane, due_at)| Due { app, lane, due_at }).collect())
}
