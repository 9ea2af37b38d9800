//! Forgets messages that a plan no longer keeps, a few at a time.
//!
//! A purge holds no head and no membership, so sends go on beside it; unread is counted over the messages that are
//! there, so there is nothing to be corrected.

use contract::{ConversationId, Result, limit};

use crate::{Snapshot, Tx};

/// Walks over the app's conversations in the order of their keys: each with whether it holds messages of pairs that
/// are older than a second.
pub fn walk(
    snapshot: &mut Snapshot<'_>,
    after: ConversationId,
    before: i64,
    count: usize,
) -> Result<Vec<(ConversationId, bool)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT recent.id, CAST(CASE WHEN EXISTS (
                 SELECT 1 FROM messages m
                 WHERE m.app = $1 AND m.conversation = recent.id AND m.grouped = 0 AND m.time < $3
             ) THEN 1 ELSE 0 END AS BIGINT)
             FROM (SELECT id FROM conversations WHERE app = $1 AND id > $2 ORDER BY id LIMIT $4) AS recent
             ORDER BY recent.id"
        ),
        (app, after, before, count.min(limit::STORE_PAGE) as i64),
    )
}

/// Forgets up to `budget` messages of a pair that are older than a second, oldest first. Answers how many.
pub fn purge(tx: &mut Tx<'_>, conversation: ConversationId, before: i64, budget: u64) -> Result<u64> {
    let app = tx.app();
    tx.run(
        sql! {
            sqlite: "DELETE FROM messages WHERE app = $1 AND rowid IN (
                         SELECT rowid FROM messages
                         WHERE app = $1 AND conversation = $2 AND grouped = 0 AND time < $3 ORDER BY time LIMIT $4)",
            postgres: "DELETE FROM messages WHERE app = $1 AND ctid = ANY(ARRAY(
                           SELECT ctid FROM messages
                           WHERE app = $1 AND conversation = $2 AND grouped = 0 AND time < $3 ORDER BY time LIMIT $4))"
        },
        (app, conversation, before, budget as i64),
    )
}
