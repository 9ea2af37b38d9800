//! What became of rows under a lease: written down for a whole batch at once, or given back.

use contract::{Millis, Result};
use serde_json::{Value, json};

use super::{Claim, Said, Status, Waits};
use crate::Tx;

/// Gives rows back unsent, to be taken again from `due` on.
pub fn release(tx: &mut Tx<'_>, claim: &Claim, rows: &[(i64, i64)], due: Millis) -> Result<()> {
    let app = tx.app();
    if rows.is_empty() {
        return Ok(());
    }
    tx.post(
        sql! {
            sqlite: "UPDATE deliveries SET due_at = $4, lease_by = 0, lease = 0
                     WHERE app = $1 AND ended_at + 0 = 0 AND lease_by = $2 AND lease = $3 AND (task, number) IN (
                         SELECT l.value ->> 0, l.value ->> 1 FROM json_each($5) l)",
            postgres: "UPDATE deliveries d SET due_at = $4, lease_by = 0, lease = 0
                       FROM jsonb_array_elements($5::text::jsonb) AS l (v)
                       WHERE d.app = $1 AND d.task = CAST(l.v ->> 0 AS BIGINT) AND d.number = CAST(l.v ->> 1 AS BIGINT)
                           AND d.ended_at + 0 = 0 AND d.lease_by = $2 AND d.lease = $3"
        },
        (app, claim.node, claim.id, due, json!(rows).to_string()),
    )
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The task.
    pub task: i64,
    /// Its number in the task.
    pub number: i64,
    /// Its status from now on.
    pub status: Status,
    /// The coarse class of a failure; 0 for none.
    pub class: i32,
    /// The vendor's words.
    pub said: Said,
    /// Whether it was sent, or ended without that.
    pub is_sent: bool,
    /// When it is due again; ignored if it ended.
    pub due_at: Millis,
    /// What it waits for; ignored if it ended.
    pub waits: Waits,
    /// Whether it ended.
    pub is_ended: bool,
}

/// Rows of one statement: what a claim takes, and far below what a text may hold.
const ROWS: usize = 1_000;

/// Writes down what became of rows. Those whose lease has run out are somebody else's now and stay as they are.
pub fn settle(tx: &mut Tx<'_>, now: Millis, claim: &Claim, rows: &[Settled]) -> Result<u64> {
    let app = tx.app();
    // What it would wait for may have happened meanwhile: then it is due at once.
    let mut changed = 0;
    for rows in rows.chunks(ROWS) {
        changed += tx.many_or_set(
            sql! {
                sqlite: "UPDATE deliveries SET family = $6, status = $7, class = $8, said_code = $9, said_text = $10,
                             said_request = $11, said_local = $12, lease_by = 0, lease = 0,
                             attempts = attempts + CAST($17 AS BIGINT),
                             tried_at = CASE WHEN CAST($17 AS BIGINT) = 1 THEN $13 ELSE tried_at END,
                             ended_at = CASE WHEN CAST($16 AS BIGINT) = 1 THEN $13 ELSE 0 END,
                             due_at = CASE WHEN woken = 1 AND CAST($15 AS BIGINT) = 1 THEN $13 ELSE $14 END,
                             waits = CASE WHEN woken = 1 OR CAST($16 AS BIGINT) = 1 THEN 0 ELSE CAST($15 AS BIGINT) END,
                             woken = 0
                         WHERE app = $1 AND task = $2 AND number = $3 AND ended_at + 0 = 0 AND lease_by = $4 AND lease = $5",
                postgres: "UPDATE deliveries d SET family = l.v ->> 2, status = CAST(l.v ->> 3 AS BIGINT),
                               class = CAST(l.v ->> 4 AS BIGINT), said_code = l.v ->> 5, said_text = l.v ->> 6,
                               said_request = l.v ->> 7, said_local = CAST(l.v ->> 8 AS BIGINT),
                               lease_by = 0, lease = 0, attempts = d.attempts + CAST(l.v ->> 12 AS BIGINT),
                               tried_at = CASE WHEN l.v ->> 12 = '1' THEN CAST($4 AS BIGINT) ELSE d.tried_at END,
                               ended_at = CASE WHEN l.v ->> 11 = '1' THEN CAST($4 AS BIGINT) ELSE 0 END,
                               due_at = CASE WHEN d.woken = 1 AND l.v ->> 10 = '1' THEN CAST($4 AS BIGINT)
                                   ELSE CAST(l.v ->> 9 AS BIGINT) END,
                               waits = CASE WHEN d.woken = 1 OR l.v ->> 11 = '1' THEN 0
                                   ELSE CAST(l.v ->> 10 AS BIGINT) END,
                               woken = 0
                           FROM jsonb_array_elements($5::text::jsonb) AS l (v)
                           WHERE d.app = $1 AND d.task = CAST(l.v ->> 0 AS BIGINT)
                               AND d.number = CAST(l.v ->> 1 AS BIGINT)
                               AND d.ended_at + 0 = 0 AND d.lease_by = $2 AND d.lease = $3"
            },
            rows.iter().map(|row| {
                (
                    app,
                    row.task,
                    row.number,
                    claim.node,
                    claim.id,
                    row.status.family.as_str(),
                    i64::from(row.status.number),
                    i64::from(row.class),
                    row.said.code.as_str(),
                    row.said.text.as_str(),
                    row.said.request.as_str(),
                    row.said.is_local,
                    now,
                    row.due_at,
                    row.waits as i64,
                    row.is_ended,
                    row.is_sent,
                )
            }),
            || (app, claim.node, claim.id, now, rows.iter().map(listed).collect::<Value>().to_string()),
        )?;
    }
    Ok(changed)
}

/// A row of the list.
fn listed(row: &Settled) -> Value {
    let Settled { task, number, status, class, said, is_sent, due_at, waits, is_ended } = row;
    json!([
        task,
        number,
        status.family,
        status.number,
        class,
        said.code,
        said.text,
        said.request,
        i64::from(said.is_local),
        due_at.0,
        *waits as i64,
        i64::from(*is_ended),
        i64::from(*is_sent),
    ])
}
