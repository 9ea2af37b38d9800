//! What apps are told of their deliveries by calls to their own servers: rows that are taken by lease and gone when
//! told.

use std::collections::BTreeSet;

use contract::{AppId, Millis, Result, limit};

use crate::deliveries::Status;
use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// A result to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Unique in the app, rising.
    pub id: i64,
    /// The task.
    pub task: i64,
    /// The account that the task named; empty for none.
    pub account: String,
    /// The device; empty if none was found.
    pub device: String,
    /// Channel and credential; empty if none was chosen.
    pub lane: String,
    /// What became of it.
    pub status: Status,
    /// When it became known.
    pub at: Millis,
    /// How often it was tried before.
    pub tries: u32,
}

impl FromRow for Waiting {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            task: row.get(1)?,
            account: row.get(2)?,
            device: row.get(3)?,
            lane: row.get(4)?,
            status: Status { family: row.get(5)?, number: row.get::<i64>(6)? as i32 },
            at: row.get(7)?,
            tries: row.get(8)?,
        })
    }
}

/// Keeps what became of deliveries that have ended, if their tasks want it told. They are as the same transaction has
/// left them.
pub fn keep(tx: &mut Tx<'_>, now: Millis, deliveries: &[(i64, i64)]) -> Result<u64> {
    let app = tx.app();
    let tasks: BTreeSet<i64> = deliveries.iter().map(|(task, _)| *task).collect();
    let told = wanted(tx, &tasks)?;
    if told.is_empty() {
        return Ok(0);
    }
    tx.many(
        sql!(
            "INSERT INTO push_results (app, task, account, device, lane, family, status, at, due_at)
             SELECT app, task, account, device, lane, family, status, CAST($4 AS BIGINT), CAST($4 AS BIGINT)
             FROM deliveries WHERE app = $1 AND task = $2 AND number = $3 AND ended_at <> 0"
        ),
        deliveries.iter().filter(|(task, _)| told.contains(task)).map(|(task, number)| (app, *task, *number, now)),
    )
}

/// Wants what becomes of a task's deliveries to be told.
pub fn want(tx: &mut Tx<'_>, task: i64) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("UPDATE tasks SET told = 1 WHERE app = $1 AND id = $2"), (app, task))
}

/// Whether what becomes of a task's deliveries is told so.
pub fn is_wanted(snapshot: &mut Snapshot<'_>, task: i64) -> Result<bool> {
    Ok(!wanted(snapshot, &BTreeSet::from([task]))?.is_empty())
}

/// Those of some tasks (a bounded batch) of whose deliveries it is told what becomes of them.
fn wanted(snapshot: &mut Snapshot<'_>, tasks: &BTreeSet<i64>) -> Result<BTreeSet<i64>> {
    let app = snapshot.app();
    let rows: Vec<(i64,)> = snapshot.all(
        sql! {
            sqlite: "SELECT t.id FROM json_each($2) l CROSS JOIN tasks t
                     WHERE t.app = $1 AND t.id = l.value AND t.told = 1",
            postgres: "SELECT id FROM tasks
                       WHERE app = $1 AND told = 1
                         AND id = ANY (ARRAY(SELECT CAST(jsonb_array_elements_text($2::text::jsonb) AS BIGINT)))"
        },
        (app, serde_json::json!(tasks).to_string()),
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Takes due results until a moment, oldest first; whoever died with some leaves them to be due again then.
pub fn take(tx: &mut Tx<'_>, now: Millis, lease: i64, until: Millis, count: usize) -> Result<Vec<Waiting>> {
    let app = tx.app();
    let taken = tx.run(
        sql! {
            sqlite: "UPDATE push_results SET due_at = $4, lease = $3 WHERE app = $1 AND id IN (
                         SELECT id FROM push_results WHERE app = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $5)",
            postgres: "UPDATE push_results SET due_at = $4, lease = $3 WHERE app = $1 AND id IN (
                           SELECT id FROM push_results WHERE app = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $5
                           FOR UPDATE SKIP LOCKED)"
        },
        (app, now, lease, until, count.min(limit::STORE_PAGE) as i64),
    )?;
    if taken == 0 {
        return Ok(Vec::new());
    }
    tx.all(
        sql!(
            "SELECT id, task, account, device, lane, family, status, at, tries FROM push_results
             WHERE app = $1 AND due_at = $3 AND lease = $2 ORDER BY id LIMIT $4"
        ),
        (app, lease, until, limit::STORE_PAGE as i64),
    )
}

/// Forgets results that were told, or given up.
pub fn remove(tx: &mut Tx<'_>, lease: i64, ids: &[i64]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("DELETE FROM push_results WHERE app = $1 AND id = $2 AND lease = $3"),
        ids.iter().map(|id| (app, *id, lease)),
    )
}

/// Lets results be told again later, each at its moment.
pub fn put_off(tx: &mut Tx<'_>, lease: i64, rows: &[(i64, Millis)]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "UPDATE push_results SET due_at = $4, tries = tries + 1, lease = 0
             WHERE app = $1 AND id = $2 AND lease = $3"
        ),
        rows.iter().map(|(id, due)| (app, *id, lease, *due)),
    )
}

/// Lists apps that have results to be told at a moment, in pages by id. It spans apps, so it runs for the platform.
pub fn apps_due(snapshot: &mut Snapshot<'_>, now: Millis, after: AppId) -> Result<Vec<AppId>> {
    let rows: Vec<(AppId,)> = snapshot.all(
        sql!(
            "WITH RECURSIVE firsts (app) AS (
                 SELECT (SELECT MIN(r.app) FROM push_results r WHERE r.app > $2)
                 UNION ALL
                 SELECT (SELECT MIN(r.app) FROM push_results r WHERE r.app > firsts.app)
                 FROM firsts WHERE firsts.app IS NOT NULL
             )
             SELECT firsts.app FROM firsts WHERE firsts.app IS NOT NULL AND EXISTS (
                 SELECT 1 FROM push_results r WHERE r.app = firsts.app AND r.due_at <= $1
             ) LIMIT $3"
        ),
        (now, after, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(app,)| app).collect())
}
