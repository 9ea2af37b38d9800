//! Forgets messages that a plan no longer keeps, a few at a time.
//!
//! A purge holds no head and no membership, so sends go on beside it; unread is counted over the messages that are
//! there, so there is nothing to be corrected.

use contract::{ConversationId, Result, Seq, limit};

use crate::{Snapshot, Sql, Tx};

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

/// Forgets up to `budget` messages of a pair that are older than a second, oldest first, with the pairs that are attached
/// to them and what is known of their streams. Answers how many messages.
pub fn purge(tx: &mut Tx<'_>, conversation: ConversationId, before: i64, budget: u64) -> Result<u64> {
    let app = tx.app();
    let gone: Vec<(Seq,)> = tx.all(
        sql! {
            sqlite: "DELETE FROM messages WHERE app = $1 AND rowid IN (
                         SELECT rowid FROM messages
                         WHERE app = $1 AND conversation = $2 AND grouped = 0 AND time < $3 ORDER BY time LIMIT $4)
                     RETURNING seq",
            postgres: "DELETE FROM messages WHERE app = $1 AND ctid = ANY(ARRAY(
                           SELECT ctid FROM messages
                           WHERE app = $1 AND conversation = $2 AND grouped = 0 AND time < $3 ORDER BY time LIMIT $4))
                       RETURNING seq"
        },
        (app, conversation, before, budget as i64),
    )?;
    if gone.is_empty() {
        return Ok(0);
    }
    let places = serde_json::Value::from(gone.iter().map(|(seq,)| seq.0).collect::<Vec<_>>()).to_string();
    for attached in ATTACHED {
        tx.run(attached, (app, conversation, places.as_str()))?;
    }
    Ok(gone.len() as u64)
}

/// What is kept beside a message and goes with it.
const ATTACHED: [Sql; 3] = [
    sql! {
        sqlite: "DELETE FROM extensions
                 WHERE app = $1 AND conversation = $2 AND message IN (SELECT value FROM json_each($3))",
        postgres: "DELETE FROM extensions WHERE app = $1 AND conversation = $2
                       AND message IN (SELECT jsonb_array_elements_text($3::text::jsonb)::bigint)"
    },
    sql! {
        sqlite: "DELETE FROM extension_heads
                 WHERE app = $1 AND conversation = $2 AND message IN (SELECT value FROM json_each($3))",
        postgres: "DELETE FROM extension_heads WHERE app = $1 AND conversation = $2
                       AND message IN (SELECT jsonb_array_elements_text($3::text::jsonb)::bigint)"
    },
    sql! {
        sqlite: "DELETE FROM streams
                 WHERE app = $1 AND conversation = $2 AND message IN (SELECT value FROM json_each($3))",
        postgres: "DELETE FROM streams WHERE app = $1 AND conversation = $2
                       AND message IN (SELECT jsonb_array_elements_text($3::text::jsonb)::bigint)"
    },
];
