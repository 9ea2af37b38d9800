//! Blocklists.

use contract::{Result, UserId, limit};

use super::list;
use crate::{Snapshot, Tx};

/// An entry of a blocklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Who is blocked.
    pub peer: UserId,
    /// Its place in the list.
    pub version: i64,
    /// Seconds since the epoch.
    pub blocked_at: i64,
}

/// Reads the entries after a place in the account's list, in their order.
pub fn page(snapshot: &mut Snapshot<'_>, account: &UserId, after: i64, count: usize) -> Result<Vec<Block>> {
    let app = snapshot.app();
    let rows: Vec<(UserId, i64, i64)> = snapshot.all(
        sql!(
            "SELECT peer, version, blocked_at FROM blocks
             WHERE app = $1 AND account = $2 AND version > $3 ORDER BY version LIMIT $4"
        ),
        (app, account, after, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(|(peer, version, blocked_at)| Block { peer, version, blocked_at }).collect())
}

/// Names those among some others (a bounded batch) whom the account blocks.
pub fn among(snapshot: &mut Snapshot<'_>, account: &UserId, others: &[UserId]) -> Result<Vec<UserId>> {
    let app = snapshot.app();
    let rows: Vec<(UserId,)> = snapshot.all(
        sql! {
            sqlite: "SELECT peer FROM blocks
                     WHERE app = $1 AND account = $2 AND peer IN (SELECT value FROM json_each($3))",
            postgres: "SELECT peer FROM blocks
                       WHERE app = $1 AND account = $2
                         AND peer = ANY (ARRAY(SELECT jsonb_array_elements_text($3::text::jsonb)))"
        },
        (app, account, list(others)),
    )?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Names those among some others (a bounded batch) who block the account.
pub fn about(snapshot: &mut Snapshot<'_>, account: &UserId, others: &[UserId]) -> Result<Vec<UserId>> {
    let app = snapshot.app();
    let rows: Vec<(UserId,)> = snapshot.all(
        sql! {
            sqlite: "SELECT account FROM blocks
                     WHERE app = $1 AND peer = $2 AND account IN (SELECT value FROM json_each($3))",
            postgres: "SELECT account FROM blocks
                       WHERE app = $1 AND peer = $2
                         AND account = ANY (ARRAY(SELECT jsonb_array_elements_text($3::text::jsonb)))"
        },
        (app, account, list(others)),
    )?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Names accounts that block this one.
pub fn whose(snapshot: &mut Snapshot<'_>, peer: &UserId, count: usize) -> Result<Vec<UserId>> {
    let app = snapshot.app();
    let rows: Vec<(UserId,)> = snapshot.all(
        sql!("SELECT account FROM blocks WHERE app = $1 AND peer = $2 LIMIT $3"),
        (app, peer, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Adds entries.
pub fn add<'a>(tx: &mut Tx<'_>, account: &UserId, entries: impl IntoIterator<Item = &'a Block>) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("INSERT INTO blocks (app, account, version, peer, blocked_at) VALUES ($1, $2, $3, $4, $5)"),
        entries.into_iter().map(|entry| (app, account, entry.version, &entry.peer, entry.blocked_at)),
    )
}

/// Removes entries, each an account and whom it blocks.
pub fn remove<'a>(tx: &mut Tx<'_>, pairs: impl IntoIterator<Item = (&'a UserId, &'a UserId)>) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("DELETE FROM blocks WHERE app = $1 AND account = $2 AND peer = $3"),
        pairs.into_iter().map(|(account, peer)| (app, account, peer)),
    )
}

/// Removes all entries of an account.
pub fn clear(tx: &mut Tx<'_>, account: &UserId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM blocks WHERE app = $1 AND account = $2"), (app, account))
}
