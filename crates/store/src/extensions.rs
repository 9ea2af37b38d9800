//! Key-value pairs that are attached to messages.

use contract::message::Extension;
use contract::{ConversationId, Millis, Result, Seq, limit};

use crate::{Snapshot, Tx};

/// A message that pairs are attached to.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its conversation.
    pub conversation: ConversationId,
    /// Its place there.
    pub message: Seq,
}

/// What all pairs of a message share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The newest place in the order of changes.
    pub latest: i64,
    /// Everything up to here was removed at once.
    pub cleared: i64,
}

type Row = (String, String, i64);

fn pair((key, value, seq): Row) -> Extension {
    Extension { key, value, seq }
}

/// Begins a change: holds the message's pairs until the transaction ends, and counts the changes of this minute.
/// Answers the head and that number.
pub fn begin(tx: &mut Tx<'_>, target: Target, now: Millis) -> Result<(Head, i64)> {
    let app = tx.app();
    let minute = now.secs().div_euclid(60);
    let (latest, cleared, writes): (i64, i64, i64) = tx.one(
        sql!(
            "INSERT INTO extension_heads (app, conversation, message, minute, writes) VALUES ($1, $2, $3, $4, 1)
             ON CONFLICT (app, conversation, message) DO UPDATE SET
                 writes = CASE WHEN extension_heads.minute = $4 THEN extension_heads.writes + 1 ELSE 1 END,
                 minute = $4
             RETURNING latest, cleared, writes"
        ),
        (app, target.conversation, target.message, minute),
    )?;
    Ok((Head { latest, cleared }, writes))
}

/// Ends a change with the head that holds from now on.
pub fn end(tx: &mut Tx<'_>, target: Target, head: Head) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE extension_heads SET latest = $4, cleared = $5
             WHERE app = $1 AND conversation = $2 AND message = $3"
        ),
        (app, target.conversation, target.message, head.latest, head.cleared),
    )
}

/// Reads what all pairs of a message share.
pub fn head(snapshot: &mut Snapshot<'_>, target: Target) -> Result<Head> {
    let app = snapshot.app();
    let head: Option<(i64, i64)> = snapshot.opt(
        sql!("SELECT latest, cleared FROM extension_heads WHERE app = $1 AND conversation = $2 AND message = $3"),
        (app, target.conversation, target.message),
    )?;
    Ok(head.map_or_else(Head::default, |(latest, cleared)| Head { latest, cleared }))
}

/// Reads one pair.
pub fn get(snapshot: &mut Snapshot<'_>, target: Target, key: &str) -> Result<Option<Extension>> {
    let app = snapshot.app();
    let row: Option<Row> = snapshot.opt(
        sql!(
            "SELECT name, value, seq FROM extensions
             WHERE app = $1 AND conversation = $2 AND message = $3 AND name = $4"
        ),
        (app, target.conversation, target.message, key),
    )?;
    Ok(row.map(pair))
}

/// Reads pairs from a place on, in the order of their places.
pub fn from(snapshot: &mut Snapshot<'_>, target: Target, seq: i64, count: usize) -> Result<Vec<Extension>> {
    let app = snapshot.app();
    let rows: Vec<Row> = snapshot.all(
        sql!(
            "SELECT name, value, seq FROM extensions
             WHERE app = $1 AND conversation = $2 AND message = $3 AND seq >= $4 ORDER BY seq LIMIT $5"
        ),
        (app, target.conversation, target.message, seq, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(pair).collect())
}

/// Counts the pairs of a message.
pub fn count(snapshot: &mut Snapshot<'_>, target: Target) -> Result<usize> {
    let app = snapshot.app();
    let (count,): (i64,) = snapshot.one(
        sql!("SELECT COUNT(*) FROM extensions WHERE app = $1 AND conversation = $2 AND message = $3"),
        (app, target.conversation, target.message),
    )?;
    Ok(count as usize)
}

/// Sets a pair.
pub fn set(tx: &mut Tx<'_>, target: Target, pair: &Extension) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO extensions (app, conversation, message, name, value, seq) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (app, conversation, message, name) DO UPDATE SET value = $5, seq = $6"
        ),
        (app, target.conversation, target.message, &*pair.key, &*pair.value, pair.seq),
    )
}

/// Removes a pair.
pub fn remove(tx: &mut Tx<'_>, target: Target, key: &str) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("DELETE FROM extensions WHERE app = $1 AND conversation = $2 AND message = $3 AND name = $4"),
        (app, target.conversation, target.message, key),
    )
}

/// Removes all pairs of a message.
pub fn clear(tx: &mut Tx<'_>, target: Target) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("DELETE FROM extensions WHERE app = $1 AND conversation = $2 AND message = $3"),
        (app, target.conversation, target.message),
    )
}
