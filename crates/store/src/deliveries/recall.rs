//! What went out and is to disappear again: which deliveries of a task a vendor may have shown, and their recalls, which
//! are deliveries of a task of their own under the same numbers.

use contract::{ConversationId, Millis, Result, Seq, limit};

use super::Status;
use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// A delivery, as far as its recall needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Went {
    /// Its number in the task.
    pub number: i64,
    /// The account that the task named; empty for none.
    pub account: String,
    /// The device; empty while the ways to the target are not known.
    pub device: String,
    /// Channel and credential, likewise.
    pub lane: String,
    /// What is known of it.
    pub status: Option<Status>,
    /// How often it was sent.
    pub attempts: i64,
    /// When its lease runs out; none if it is under no lease.
    pub leased_until: Option<Millis>,
}

impl FromRow for Went {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let family: String = row.get(4)?;
        let number = row.get::<i64>(5)? as i32;
        Ok(Self {
            number: row.get(0)?,
            account: row.get(1)?,
            device: row.get(2)?,
            lane: row.get(3)?,
            status: (!family.is_empty()).then_some(Status { family, number }),
            attempts: row.get(6)?,
            leased_until: row.get(7)?,
        })
    }
}

/// Reads deliveries of a task behind a number, at most so many.
pub fn went(snapshot: &mut Snapshot<'_>, task: i64, after: i64, count: usize) -> Result<Vec<Went>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT number, account, device, lane, family, status, attempts,
                 CASE WHEN lease_by <> 0 AND ended_at = 0 THEN due_at END
             FROM deliveries WHERE app = $1 AND task = $2 AND number > $3 ORDER BY number LIMIT $4"
        ),
        (app, task, after, count.min(limit::STORE_PAGE) as i64),
    )
}

/// Adds a delivery by the same way, under the same number, for each of some deliveries; those that are there stay as they
/// are.
pub fn repeat(tx: &mut Tx<'_>, task: i64, rows: &[(Went, Millis)]) -> Result<u64> {
    let app = tx.app();
    tx.many(
        sql!(
            "INSERT INTO deliveries (app, task, number, account, device, lane, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT DO NOTHING"
        ),
        rows.iter().map(|(row, due)| {
            (app, task, row.number, row.account.as_str(), row.device.as_str(), row.lane.as_str(), *due)
        }),
    )
}

/// What a task pushes, as JSON; none if there is no such task.
pub fn pushed(snapshot: &mut Snapshot<'_>, task: i64) -> Result<Option<String>> {
    let app = snapshot.app();
    let row: Option<(String,)> =
        snapshot.opt(sql!("SELECT notification FROM tasks WHERE app = $1 AND id = $2"), (app, task))?;
    Ok(row.map(|(notification,)| notification))
}

/// The tasks that announce a message.
pub fn announcing(snapshot: &mut Snapshot<'_>, conversation: ConversationId, seq: Seq) -> Result<Vec<i64>> {
    let app = snapshot.app();
    let rows: Vec<(i64,)> = snapshot.all(
        sql!(
            "SELECT id FROM tasks
             WHERE app = $1 AND conversation = $2 AND conversation IS NOT NULL AND seq = $3 ORDER BY id LIMIT $4"
        ),
        (app, conversation, seq, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
