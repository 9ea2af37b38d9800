//! What is read from the cache.

use contract::MsgKey;
use contract::frame::wire::ConversationGroup;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::cache::{EXTENDED, EXTENSIBLE, NO_LAST, NO_UNREAD, READ_BY_PEER, RECALLED, RECEIPT_WANTED, VERSION_BITS};
use crate::core::{Known, KnownLine};
use crate::message::{Conversation, Message, MessageId};

/// Conversations of one answer, newest first; an account with more looks at the newest.
const CONVERSATIONS_MAX: i64 = 1_000;

const COLUMNS: &str = "sender, receiver, time, msg_seq, msg_random, seq, at, body, cloud, flags";

pub(super) fn known(connection: &Connection) -> rusqlite::Result<Known> {
    let (cursor, contacts) =
        connection.query_row("SELECT heads, contacts FROM cursor", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let groups = groups(connection)?;
    let broadcasts: Option<i64> =
        connection.query_row("SELECT number FROM broadcasts", [], |row| row.get(0)).optional()?;
    let broadcasts = broadcasts.unwrap_or_default().cast_unsigned();
    let life: Option<i64> = connection.query_row("SELECT life FROM lives", [], |row| row.get(0)).optional()?;
    let life = life.unwrap_or_default().cast_unsigned();
    let mut lines = connection
        .prepare_cached("SELECT peer, place, place_time, head_seq, moved_at, checked_at FROM conversations")?;
    let lines = lines.query_map([], |row| {
        let place: Option<i64> = row.get(1)?;
        let time: i64 = row.get(2)?;
        Ok(KnownLine {
            peer: row.get(0)?,
            place: place.map(|seq| (seq.cast_unsigned(), time)),
            target: row.get::<_, i64>(3)?.cast_unsigned(),
            moved_at: row.get(4)?,
            checked_at: row.get(5)?,
        })
    })?;
    Ok(Known { life, cursor, broadcasts, contacts, groups, lines: lines.collect::<rusqlite::Result<_>>()? })
}

pub(super) fn groups(connection: &Connection) -> rusqlite::Result<Vec<ConversationGroup>> {
    let mut rows = connection.prepare_cached("SELECT id, name FROM contact_groups ORDER BY id")?;
    let rows = rows.query_map([], |row| Ok(ConversationGroup { id: row.get(0)?, name: row.get(1)? }))?;
    rows.collect()
}

pub(super) fn conversations(connection: &mut Connection, me: &str) -> rusqlite::Result<Vec<Conversation>> {
    // One moment for the list and what belongs to its entries.
    let tx = connection.transaction()?;
    let groups = groups(&tx)?;
    let mut list = {
        let mut rows = tx.prepare_cached(
            "SELECT c.peer, c.read_seq, c.peer_read_time, c.cleared_seq,
                 c.head_unread + (SELECT count(*) FROM messages m
                     WHERE m.peer = c.peer AND m.seq > max(c.head_seq, c.read_seq)
                         AND m.sender <> ?1 AND m.flags & ?2 = 0),
                 coalesce(s.pinned_at, 0), coalesce(s.marks, 0), coalesce(s.custom, ''), coalesce(s.groups, '[]')
             FROM conversations c LEFT JOIN contacts s ON s.peer = c.peer
             WHERE c.hidden_seq = 0 OR c.cleared_seq > c.hidden_seq OR EXISTS (
                 SELECT 1 FROM messages m WHERE m.peer = c.peer AND m.seq > c.hidden_seq AND m.flags & ?3 = 0)
             ORDER BY coalesce(s.pinned_at, 0) > 0 DESC, (SELECT max(m.time) FROM messages m WHERE m.peer = c.peer AND m.flags & ?3 = 0) DESC, c.peer
             LIMIT ?4",
        )?;
        let rows = rows.query_map(params![me, NO_UNREAD | RECALLED, NO_LAST, CONVERSATIONS_MAX], |row| {
            let conversation = Conversation {
                peer: row.get(0)?,
                unread: row.get::<_, i64>(4)?.max(0).cast_unsigned(),
                last: None,
                read_seq: row.get::<_, i64>(1)?.cast_unsigned(),
                peer_read_time: row.get(2)?,
                pinned_at: row.get(5)?,
                marks: row.get::<_, i64>(6)?.cast_unsigned(),
                custom: row.get(7)?,
                groups: names(&groups, &row.get::<_, String>(8)?),
            };
            Ok((conversation, row.get::<_, i64>(3)?))
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()?
    };
    for (conversation, cleared) in &mut list {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages WHERE peer = ?1 AND (seq > ?2 OR seq = 0 AND ?2 = 0) AND flags & ?3 = 0
             ORDER BY time DESC, seq DESC LIMIT 1"
        );
        conversation.last =
            tx.prepare_cached(&sql)?.query_row(params![conversation.peer, *cleared, NO_LAST], message).optional()?;
    }
    Ok(list.into_iter().map(|(conversation, _)| conversation).collect())
}

/// The names of the groups in a list of ids.
fn names(groups: &[ConversationGroup], ids: &str) -> Vec<String> {
    let ids: Vec<i64> = serde_json::from_str(ids).unwrap_or_default();
    groups.iter().filter(|group| ids.contains(&group.id)).map(|group| group.name.clone()).collect()
}

pub(super) fn history(
    connection: &Connection,
    peer: &str,
    before: Option<&MessageId>,
    count: u32,
) -> rusqlite::Result<Vec<Message>> {
    let (time, seq) = match before {
        None => (i64::MAX, i64::MAX),
        Some(id) => connection
            .query_row(
                "SELECT time, seq FROM messages
                 WHERE peer = ?1 AND time = ?2 AND msg_seq = ?3 AND msg_random = ?4 AND sender = ?5",
                params![peer, id.key.time, id.key.seq, id.key.random, id.from],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?
            // Unknown here: everything from before its second is certainly older.
            .unwrap_or((id.key.time, 0)),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM messages WHERE peer = ?1 AND (time, seq) < (?2, ?3)
         ORDER BY time DESC, seq DESC LIMIT ?4"
    );
    let mut page = connection
        .prepare_cached(&sql)?
        .query_map(params![peer, time, seq, count], message)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    page.reverse();
    Ok(page)
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let flags: i64 = row.get(9)?;
    let has = |bit: i64| flags & bit != 0;
    Ok(Message {
        from: row.get(0)?,
        to: row.get(1)?,
        key: MsgKey { time: row.get(2)?, seq: row.get(3)?, random: row.get(4)? },
        seq: row.get::<_, i64>(5)?.cast_unsigned(),
        at: row.get(6)?,
        body: row.get(7)?,
        cloud: row.get(8)?,
        online_only: false,
        no_unread: has(NO_UNREAD),
        no_last: has(NO_LAST),
        receipt_wanted: has(RECEIPT_WANTED),
        extensible: has(EXTENSIBLE),
        recalled: has(RECALLED),
        read_by_peer: has(READ_BY_PEER),
        version: (flags >> VERSION_BITS) as u32,
        extended: has(EXTENDED),
    })
}
