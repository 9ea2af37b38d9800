//! What concerns the deliveries of all apps: forgetting what is long over, and counting for the metrics.

use contract::{AppId, Millis, Result, limit};

use crate::{Snapshot, Tx};

/// Lists apps that have tasks which expired before a moment. It spans apps, so it runs for the platform.
pub fn apps_before(snapshot: &mut Snapshot<'_>, moment: Millis) -> Result<Vec<AppId>> {
    let rows: Vec<(AppId,)> = snapshot.all(
        sql!(
            "WITH RECURSIVE firsts (app) AS (
                 SELECT (SELECT MIN(t.app) FROM tasks t)
                 UNION ALL
                 SELECT (SELECT MIN(t.app) FROM tasks t WHERE t.app > firsts.app)
                 FROM firsts WHERE firsts.app IS NOT NULL
             )
             SELECT firsts.app FROM firsts WHERE firsts.app IS NOT NULL AND EXISTS (
                 SELECT 1 FROM tasks t WHERE t.app = firsts.app AND t.expires_at < $1
             ) LIMIT $2"
        ),
        (moment, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(app,)| app).collect())
}

/// Forgets some of the tasks that expired before a moment, with their deliveries. Answers how many tasks.
pub fn purge(tx: &mut Tx<'_>, moment: Millis) -> Result<usize> {
    let app = tx.app();
    let ids: Vec<(i64,)> = tx.all(
        sql!("SELECT id FROM tasks WHERE app = $1 AND expires_at < $2 ORDER BY expires_at LIMIT $3"),
        (app, moment, PURGE_BATCH),
    )?;
    tx.post_all(sql!("DELETE FROM deliveries WHERE app = $1 AND task = $2"), ids.iter().map(|(id,)| (app, *id)))?;
    tx.post_all(sql!("DELETE FROM tasks WHERE app = $1 AND id = $2"), ids.iter().map(|(id,)| (app, *id)))?;
    Ok(ids.len())
}

/// Tasks that one transaction forgets: background work must not hold the writer.
const PURGE_BATCH: i64 = 100;

/// How many deliveries of one lane wait and are under way, in all apps together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// Channel and credential.
    pub lane: String,
    /// Due and taken by nobody.
    pub due: i64,
    /// Under a lease.
    pub leased: i64,
}

/// Counts open deliveries by lane, for the metrics. It spans apps, so it runs for the platform.
pub fn depths(snapshot: &mut Snapshot<'_>, now: Millis) -> Result<Vec<Depth>> {
    let rows: Vec<(String, i64, i64)> = snapshot.all(
        sql!(
            "SELECT lane, CAST(SUM(CASE WHEN lease_by = 0 AND due_at <= $1 THEN 1 ELSE 0 END) AS BIGINT),
                 CAST(SUM(CASE WHEN lease_by <> 0 THEN 1 ELSE 0 END) AS BIGINT)
             FROM (SELECT lane, lease_by, due_at FROM deliveries WHERE app > $2 AND ended_at = 0 LIMIT $3) firsts
             GROUP BY lane ORDER BY lane LIMIT $4"
        ),
        (now, AppId::PLATFORM, DEPTH_MAX, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(lane, due, leased)| Depth { lane, due, leased }).collect())
}

/// Deliveries that are counted; a backlog beyond it shows as this much.
const DEPTH_MAX: i64 = 100_000;
