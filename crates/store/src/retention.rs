//! Forgets messages that a plan no longer keeps, a few at a time.
//!
//! A purge holds no head and no membership, so sends go on beside it; unread is counted over the messages that are
//! there, so there is nothing to be corrected.

use contract::{ConversationId, Result, Seq, limit};

use crate::{Snapshot, Sql, Tx};

/// Walks over the app's conversations in the order of their keys: each with whether it holds messages that are older
/// than a second. Groups are read by sequence, so it is their first message that tells.
pub fn walk(snapshot: &mut Snapshot<'_>, after: ConversationId, before: i64, count: usize) -> Result<Vec<Walked>> {
    let app = snapshot.app();
    let rows: Vec<(ConversationId, i64, bool)> = snapshot.all(
        sql!(
            "SELECT recent.id, recent.kind, CAST(CASE WHEN EXISTS (
                 SELECT 1 FROM messages m
                 WHERE recent.kind = 0 AND m.app = $1 AND m.conversation = recent.id AND m.grouped = 0 AND m.time < $3
             ) OR (
                 SELECT m.time FROM messages m
                 WHERE recent.kind = 1 AND m.app = $1 AND m.conversation = recent.id AND m.grouped = 1
                 ORDER BY m.seq LIMIT 1
             ) < $3 THEN 1 ELSE 0 END AS BIGINT)
             FROM (SELECT id, kind FROM conversations WHERE app = $1 AND id > $2 ORDER BY id LIMIT $4) AS recent
             ORDER BY recent.id"
        ),
        (app, after, before, count.min(limit::STORE_PAGE) as i64),
    )?;
    let walked = |(conversation, kind, is_old)| Walked { conversation, is_group: kind == 1, is_old };
    Ok(rows.into_iter().map(walked).collect())
}

/// A conversation that a purge comes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// Which.
    pub conversation: ConversationId,
    /// It is that of a group or a topic.
    pub is_group: bool,
    /// It holds messages that are older than the purge keeps.
    pub is_old: bool,
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
    forget_attached(tx, conversation, &gone)?;
    Ok(gone.len() as u64)
}

/// Forgets up to `budget` messages of a group that are older than a second and among its first, with what is attached to
/// them. Answers how many messages.
///
/// A group's messages follow the time but for history that was imported out of order: such a message may stay until those
/// before it go.
pub fn purge_group(tx: &mut Tx<'_>, conversation: ConversationId, before: i64, budget: u64) -> Result<u64> {
    let app = tx.app();
    let gone: Vec<(Seq,)> = tx.all(
        sql! {
            sqlite: "DELETE FROM messages WHERE app = $1 AND time < $3 AND rowid IN (
                         SELECT rowid FROM messages
                         WHERE app = $1 AND conversation = $2 AND grouped = 1 ORDER BY seq LIMIT $4)
                     RETURNING seq",
            postgres: "DELETE FROM messages WHERE app = $1 AND time < $3 AND ctid = ANY(ARRAY(
                           SELECT ctid FROM messages
                           WHERE app = $1 AND conversation = $2 AND grouped = 1 ORDER BY seq LIMIT $4))
                       RETURNING seq"
        },
        (app, conversation, before, budget as i64),
    )?;
    forget_attached(tx, conversation, &gone)?;
    Ok(gone.len() as u64)
}

/// Forgets up to `budget` receipts of messages of a group that are gone, and as many notes of who took one out of its
/// view. Answers how many of the more frequent.
pub fn purge_notes(tx: &mut Tx<'_>, conversation: ConversationId, budget: u64) -> Result<u64> {
    let app = tx.app();
    let mut most = 0;
    for notes in NOTES {
        most = most.max(tx.run(notes, (app, conversation, budget as i64))?);
    }
    Ok(most)
}

/// What members noted of messages before the first that is there.
const NOTES: [Sql; 2] = [
    sql!(
        "DELETE FROM group_receipts WHERE app = $1 AND conversation = $2 AND (seq, account) IN (
             SELECT seq, account FROM group_receipts WHERE app = $1 AND conversation = $2 AND seq < COALESCE((
                 SELECT seq FROM messages WHERE app = $1 AND conversation = $2 AND grouped = 1 ORDER BY seq LIMIT 1),
                 9223372036854775807)
             ORDER BY seq, account LIMIT $3)"
    ),
    sql!(
        "DELETE FROM group_deletions WHERE app = $1 AND conversation = $2 AND (account, seq) IN (
             SELECT account, seq FROM group_deletions WHERE app = $1 AND conversation = $2 AND seq < COALESCE((
                 SELECT seq FROM messages WHERE app = $1 AND conversation = $2 AND grouped = 1 ORDER BY seq LIMIT 1),
                 9223372036854775807)
             ORDER BY seq LIMIT $3)"
    ),
];

fn forget_attached(tx: &mut Tx<'_>, conversation: ConversationId, gone: &[(Seq,)]) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let app = tx.app();
    let places = serde_json::Value::from(gone.iter().map(|(seq,)| seq.0).collect::<Vec<_>>()).to_string();
    for attached in ATTACHED {
        tx.post(attached, (app, conversation, places.as_str()))?;
    }
    Ok(())
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
