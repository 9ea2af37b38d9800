//! What groups leave behind when they end, and its removal, some rows at a time.
//!
//! Whoever ends a group takes away its head, so that nobody writes into it, and notes it here; everything else hangs on
//! a conversation that no group has any more, and waits. The row in `groups` stays, so that the id can be told from one
//! that never was.

use contract::{ConversationId, Millis, Result, limit};

use crate::{Snapshot, Sql, Tx};

/// Notes that the rows of a conversation are to be removed.
pub fn note(tx: &mut Tx<'_>, conversation: ConversationId, now: Millis) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO ended_groups (app, conversation, ended_at) VALUES ($1, $2, $3)
             ON CONFLICT (app, conversation) DO NOTHING"
        ),
        (app, conversation, now),
    )
}

/// Some of the conversations that ended up to a moment and have rows to be removed.
pub fn waiting(snapshot: &mut Snapshot<'_>, until: Millis, count: usize) -> Result<Vec<ConversationId>> {
    let app = snapshot.app();
    let rows: Vec<(ConversationId,)> = snapshot.all(
        sql!("SELECT conversation FROM ended_groups WHERE app = $1 AND ended_at <= $2 ORDER BY conversation LIMIT $3"),
        (app, until, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(|(conversation,)| conversation).collect())
}

/// Removes up to so many rows of a conversation that ended; answers how many. Fewer than asked: nothing is left, and it
/// is forgotten.
pub fn purge(tx: &mut Tx<'_>, conversation: ConversationId, budget: u64) -> Result<u64> {
    let app = tx.app();
    let mut gone = 0;
    for rows in ROWS {
        gone += tx.run(rows, (app, conversation, (budget - gone) as i64))?;
        if gone >= budget {
            return Ok(gone);
        }
    }
    tx.post(sql!("DELETE FROM ended_groups WHERE app = $1 AND conversation = $2"), (app, conversation))?;
    Ok(gone)
}

/// Removes some rows of each table in which a conversation may have any.
const ROWS: [Sql; 19] = [
    sql! {
        sqlite: "DELETE FROM messages WHERE app = $1 AND rowid IN (
                     SELECT rowid FROM messages WHERE app = $1 AND conversation = $2 AND grouped = 1
                     ORDER BY seq LIMIT $3)",
        postgres: "DELETE FROM messages WHERE app = $1 AND ctid = ANY(ARRAY(
                       SELECT ctid FROM messages WHERE app = $1 AND conversation = $2 AND grouped = 1
                       ORDER BY seq LIMIT $3))"
    },
    sql!(
        "DELETE FROM group_members WHERE app = $1 AND conversation = $2 AND account IN (
             SELECT account FROM group_members WHERE app = $1 AND conversation = $2 ORDER BY account LIMIT $3)"
    ),
    sql!(
        "DELETE FROM group_mutes WHERE app = $1 AND conversation = $2 AND account IN (
             SELECT account FROM group_mutes WHERE app = $1 AND conversation = $2 ORDER BY account LIMIT $3)"
    ),
    sql!(
        "DELETE FROM group_requests WHERE app = $1 AND conversation = $2 AND number IN (
             SELECT number FROM group_requests WHERE app = $1 AND conversation = $2 ORDER BY number LIMIT $3)"
    ),
    sql!(
        "DELETE FROM group_deletions WHERE app = $1 AND conversation = $2 AND (account, seq) IN (
             SELECT account, seq FROM group_deletions WHERE app = $1 AND conversation = $2
             ORDER BY account, seq LIMIT $3)"
    ),
    sql!(
        "DELETE FROM group_receipts WHERE app = $1 AND conversation = $2 AND (seq, account) IN (
             SELECT seq, account FROM group_receipts WHERE app = $1 AND conversation = $2
             ORDER BY seq, account LIMIT $3)"
    ),
    sql!(
        "DELETE FROM topic_marks WHERE app = $1 AND conversation = $2 AND account IN (
             SELECT account FROM topic_marks WHERE app = $1 AND conversation = $2 ORDER BY account LIMIT $3)"
    ),
    sql!(
        "DELETE FROM extensions WHERE app = $1 AND conversation = $2 AND (message, name) IN (
             SELECT message, name FROM extensions WHERE app = $1 AND conversation = $2
             ORDER BY message, name LIMIT $3)"
    ),
    sql!(
        "DELETE FROM extension_heads WHERE app = $1 AND conversation = $2 AND message IN (
             SELECT message FROM extension_heads WHERE app = $1 AND conversation = $2 ORDER BY message LIMIT $3)"
    ),
    sql!(
        "DELETE FROM streams WHERE app = $1 AND conversation = $2 AND message IN (
             SELECT message FROM streams WHERE app = $1 AND conversation = $2 ORDER BY message LIMIT $3)"
    ),
    sql!(
        "DELETE FROM group_attributes WHERE app = $1 AND conversation = $2 AND name IN (
             SELECT name FROM group_attributes WHERE app = $1 AND conversation = $2 ORDER BY name LIMIT $3)"
    ),
    sql!(
        "DELETE FROM group_counters WHERE app = $1 AND conversation = $2 AND name IN (
             SELECT name FROM group_counters WHERE app = $1 AND conversation = $2 ORDER BY name LIMIT $3)"
    ),
    sql!(
        "DELETE FROM group_attribute_heads WHERE app = $1 AND conversation IN (
             SELECT conversation FROM group_attribute_heads WHERE app = $1 AND conversation = $2 LIMIT $3)"
    ),
    sql!(
        "DELETE FROM live_bans WHERE app = $1 AND conversation = $2 AND account IN (
             SELECT account FROM live_bans WHERE app = $1 AND conversation = $2 ORDER BY account LIMIT $3)"
    ),
    sql!(
        "DELETE FROM live_admins WHERE app = $1 AND conversation = $2 AND account IN (
             SELECT account FROM live_admins WHERE app = $1 AND conversation = $2 ORDER BY account LIMIT $3)"
    ),
    sql!(
        "DELETE FROM permission_members WHERE app = $1 AND community = $2 AND (id, account) IN (
             SELECT id, account FROM permission_members WHERE app = $1 AND community = $2
             ORDER BY id, account LIMIT $3)"
    ),
    sql!(
        "DELETE FROM topic_permissions WHERE app = $1 AND community = $2 AND (id, topic) IN (
             SELECT id, topic FROM topic_permissions WHERE app = $1 AND community = $2 ORDER BY id, topic LIMIT $3)"
    ),
    sql!(
        "DELETE FROM permission_groups WHERE app = $1 AND community = $2 AND id IN (
             SELECT id FROM permission_groups WHERE app = $1 AND community = $2 ORDER BY id LIMIT $3)"
    ),
    sql!(
        "DELETE FROM topics WHERE app = $1 AND community = $2 AND conversation IN (
             SELECT conversation FROM topics WHERE app = $1 AND community = $2 ORDER BY conversation LIMIT $3)"
    ),
];
