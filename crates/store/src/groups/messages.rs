//! What is in a group: messages by sequence, and what its members have not read.
//!
//! Live messages come through the append writer. What belongs to another change of the group, such as a tip, comes in
//! that change's transaction by [`append`]: it moves the same head, so both share one sequence without holes.

use std::sync::Arc;

use contract::group::{GroupMessage, Priority};
use contract::message::Flags;
use contract::{ConversationId, Failure, Millis, Result, Seq, UserId, limit};
use serde::{Deserialize, Serialize};

use super::Group;
use super::members::Member;
use crate::conversations::list::UNSETTLED;
use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// What a message has besides, as the store keeps it; empty for most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extra {
    /// Who is mentioned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<String>,
    /// All are mentioned.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// The only ones whom it is for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
}

impl Extra {
    /// As the store keeps it.
    pub fn text(&self) -> Result<String> {
        if *self == Self::default() {
            return Ok(String::new());
        }
        serde_json::to_string(self).map_err(|error| Failure::internal(error).into())
    }

    /// From what the store keeps.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_str(text).map_err(|error| Failure::internal(error).into())
    }
}

/// Makes a message of what is stored, or is about to be.
pub fn message(
    sender: &UserId,
    (seq, at, random): (Seq, Millis, u32),
    (body, cloud): (&str, &str),
    flags: Flags,
    extra: &Extra,
) -> GroupMessage {
    let users = |names: &[String]| names.iter().map(|name| UserId::trusted(name)).collect();
    GroupMessage {
        sender: sender.clone(),
        seq,
        at,
        random,
        priority: Priority::of(flags),
        body: Arc::from(body),
        cloud: Arc::from(cloud),
        flags,
        mentions: users(&extra.at),
        mentions_all: extra.all,
        targets: users(&extra.to),
    }
}

struct Stored(GroupMessage);

impl FromRow for Stored {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let (body, cloud, extra): (String, String, String) = (row.get(4)?, row.get(5)?, row.get(7)?);
        let place = (row.get(0)?, row.get(1)?, row.get(2)?);
        let flags = Flags(row.get(6)?);
        Ok(Self(message(&row.get(3)?, place, (&body, &cloud), flags, &Extra::parse(&extra)?)))
    }
}

/// A message on its way in beside another change of its group.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// Who says it.
    pub sender: &'a UserId,
    /// Chosen by the sender.
    pub random: u32,
    /// When; never before the newest message, except for history that is imported.
    pub at: Millis,
    /// The elements, as JSON text.
    pub body: &'a str,
    /// The custom data.
    pub cloud: &'a str,
    /// What is special about it.
    pub flags: Flags,
}

/// Stores a message under the next sequence; answers it with its time. None: the group has no conversation any more.
pub fn append(tx: &mut Tx<'_>, conversation: ConversationId, new: &New<'_>) -> Result<Option<(Seq, Millis)>> {
    let app = tx.app();
    let moves = i64::from(new.flags.has(Flags::MOVES_LIST));
    let head: Option<(Seq, Millis)> = tx.opt(
        sql!(
            "UPDATE conversations
             SET seq = seq + 1,
                 last_at = CASE WHEN last_at > $3 THEN last_at ELSE $3 END,
                 moved_at = CASE WHEN moved_at > $3 THEN moved_at ELSE $3 END,
                 last_seq = CASE WHEN $4 = 1 THEN seq + 1 ELSE last_seq END,
                 last_time = CASE WHEN $4 = 1 THEN (CASE WHEN last_at > $3 THEN last_at ELSE $3 END) / 1000
                                  ELSE last_time END,
                 listed = CASE WHEN $4 = 1 THEN $5 ELSE listed END
             WHERE app = $1 AND id = $2 RETURNING seq, last_at"
        ),
        (app, conversation, new.at, moves, UNSETTLED),
    )?;
    let Some((seq, last_at)) = head else { return Ok(None) };
    let at = if new.flags.has(Flags::IMPORTED) { new.at } else { last_at };
    tx.post(
        sql!(
            "INSERT INTO messages (app, conversation, seq, time, msg_seq, msg_random, at, sender, body, cloud, flags,
                                   expires_at, grouped, crc)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 1, 0)"
        ),
        (
            app,
            conversation,
            seq,
            at.secs(),
            seq.0 & i64::from(u32::MAX),
            new.random,
            at,
            new.sender,
            new.body,
            new.cloud,
            new.flags.0,
        ),
    )?;
    Ok(Some((seq, at)))
}

/// Finds a message by its place.
pub fn at(snapshot: &mut Snapshot<'_>, conversation: ConversationId, seq: Seq) -> Result<Option<GroupMessage>> {
    let app = snapshot.app();
    let found: Option<Stored> = snapshot.opt(
        sql!(
            "SELECT seq, at, msg_random, sender, body, cloud, flags, extra FROM messages
             WHERE app = $1 AND conversation = $2 AND seq = $3 AND grouped = 1"
        ),
        (app, conversation, seq),
    )?;
    Ok(found.map(|stored| stored.0))
}

/// Reads backwards from a place: the newest messages up to and with it that lie behind another place. Newest first.
pub fn back(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    from: Seq,
    behind: Seq,
    count: usize,
) -> Result<Vec<GroupMessage>> {
    let app = snapshot.app();
    let rows: Vec<Stored> = snapshot.all(
        sql!(
            "SELECT seq, at, msg_random, sender, body, cloud, flags, extra FROM messages
             WHERE app = $1 AND conversation = $2 AND seq <= $3 AND seq > $4 AND grouped = 1
             ORDER BY seq DESC LIMIT $5"
        ),
        (app, conversation, from, behind, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(|stored| stored.0).collect())
}

/// Reads forward from behind a place, oldest first.
pub fn since(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    behind: Seq,
    count: usize,
) -> Result<Vec<GroupMessage>> {
    let app = snapshot.app();
    let rows: Vec<Stored> = snapshot.all(
        sql!(
            "SELECT seq, at, msg_random, sender, body, cloud, flags, extra FROM messages
             WHERE app = $1 AND conversation = $2 AND seq > $3 AND grouped = 1 ORDER BY seq LIMIT $4"
        ),
        (app, conversation, behind, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(|stored| stored.0).collect())
}

/// Reads the messages that were changed after a moment, or in it behind a place; each with the moment of its change.
pub fn changed_after(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    (after, behind): (Millis, Seq),
    cleared: Seq,
    count: usize,
) -> Result<Vec<(Millis, GroupMessage)>> {
    let app = snapshot.app();
    let changed: Vec<(Millis, Seq)> = snapshot.all(
        sql!(
            "SELECT changed_at, seq FROM messages
             WHERE app = $1 AND conversation = $2 AND (changed_at, seq) > ($3, $4) AND changed_at > 0 AND seq > $5
               AND grouped = 1
             ORDER BY changed_at, seq LIMIT $6"
        ),
        (app, conversation, after, behind, cleared, count.min(limit::STORE_PAGE) as i64),
    )?;
    let mut found = Vec::with_capacity(changed.len());
    for (moment, seq) in changed {
        found.extend(at(snapshot, conversation, seq)?.map(|message| (moment, message)));
    }
    Ok(found)
}

/// Sets flags of one message; answers whether any was not set before.
pub fn set_flags(tx: &mut Tx<'_>, conversation: ConversationId, seq: Seq, flags: Flags, now: Millis) -> Result<bool> {
    let app = tx.app();
    let changed = tx.run(
        sql!(
            "UPDATE messages SET flags = flags | $4, changed_at = $5
             WHERE app = $1 AND conversation = $2 AND seq = $3 AND grouped = 1 AND flags & $4 <> $4"
        ),
        (app, conversation, seq, flags.0, now),
    )?;
    Ok(changed > 0)
}

/// Takes back what one sender wrote behind a place, less than a page, without telling devices; answers the messages.
pub fn recall_of(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    sender: &UserId,
    behind: Seq,
    now: Millis,
) -> Result<Vec<Seq>> {
    let app = tx.app();
    let rows: Vec<(Seq,)> = tx.all(
        sql!(
            "UPDATE messages SET flags = flags | $5, changed_at = $6
             WHERE app = $1 AND conversation = $2 AND grouped = 1 AND seq > $3 AND sender = $4 AND flags & 64 = 0
             RETURNING seq"
        ),
        (app, conversation, behind, sender, Flags::RECALLED.with(Flags::SILENT).0, now),
    )?;
    Ok(rows.into_iter().map(|(seq,)| seq).collect())
}

/// Replaces body and custom data of a message, if nobody else did since it was read. Answers whether so.
pub fn edit(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    message: &GroupMessage,
    body: &str,
    cloud: &str,
    now: Millis,
) -> Result<bool> {
    let app = tx.app();
    let changed = tx.run(
        sql!(
            "UPDATE messages SET body = $4, cloud = $5, flags = flags + 4294967296, changed_at = $6
             WHERE app = $1 AND conversation = $2 AND seq = $3 AND grouped = 1 AND flags >> 32 = $7 AND flags & 64 = 0"
        ),
        (app, conversation, message.seq, body, cloud, now, message.flags.version()),
    )?;
    Ok(changed > 0)
}

/// Takes messages out of a member's view.
pub fn delete_for(tx: &mut Tx<'_>, conversation: ConversationId, account: &UserId, seqs: &[Seq]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "INSERT INTO group_deletions (app, conversation, account, seq) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, conversation, account, seq) DO NOTHING"
        ),
        seqs.iter().map(|seq| (app, conversation, account, *seq)),
    )
}

/// Which messages between two places, both with them, a member took out of its view; at most a page.
pub fn deleted_for(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    account: &UserId,
    first: Seq,
    last: Seq,
) -> Result<Vec<Seq>> {
    let app = snapshot.app();
    let rows: Vec<(Seq,)> = snapshot.all(
        sql!(
            "SELECT seq FROM group_deletions
             WHERE app = $1 AND conversation = $2 AND account = $3 AND seq >= $4 AND seq <= $5 ORDER BY seq LIMIT $6"
        ),
        (app, conversation, account, first, last, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(seq,)| seq).collect())
}

/// Counts what a member has not read, up to the documented cap, over a bounded number of messages. In a topic, whose
/// members are those of its community, what was before it came is not unread to anybody.
pub fn unread(snapshot: &mut Snapshot<'_>, group: &Group, member: &Member) -> Result<i64> {
    let seen = member.read_in(group).max(member.cleared_in(group)).max(member.hidden);
    if seen >= group.seq {
        return Ok(0);
    }
    let since = if group.is_topic() { member.joined_at } else { Millis(i64::MIN) };
    let app = snapshot.app();
    let (count,): (i64,) = snapshot.one(
        sql!(
            "SELECT COUNT(*) FROM (
                 SELECT seq, sender, flags, at FROM messages
                 WHERE app = $1 AND conversation = $2 AND seq > $3 AND grouped = 1 ORDER BY seq DESC LIMIT $4
             ) AS recent
             WHERE sender <> $5 AND flags & $6 <> 0 AND flags & $7 = 0 AND at >= $8 AND NOT EXISTS (
                 SELECT 1 FROM group_deletions d
                 WHERE d.app = $1 AND d.conversation = $2 AND d.account = $5 AND d.seq = recent.seq)"
        ),
        (app, group.conversation, seen, limit::UNREAD_SCAN, &member.account, Flags::COUNTS.0, Flags::RECALLED.0, since),
    )?;
    Ok(count.min(limit::UNREAD_PER_CONVERSATION))
}

/// The place behind which as many messages count as unread for an account as are wanted, or all there are.
pub fn mark_for(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    account: &UserId,
    unread: i64,
) -> Result<Option<Seq>> {
    let app = snapshot.app();
    let found: Option<(Seq,)> = snapshot.opt(
        sql!(
            "SELECT seq FROM messages
             WHERE app = $1 AND conversation = $2 AND grouped = 1 AND sender <> $3 AND flags & 1 <> 0 AND flags & 64 = 0
             ORDER BY seq DESC LIMIT 1 OFFSET $4"
        ),
        (app, conversation, account, unread),
    )?;
    Ok(found.map(|(seq,)| seq))
}

/// When each of the senders among a group's newest messages last wrote.
pub fn last_sent(snapshot: &mut Snapshot<'_>, conversation: ConversationId, span: i64) -> Result<Vec<(UserId, i64)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT sender, MAX(time) FROM (
                 SELECT sender, time FROM messages WHERE app = $1 AND conversation = $2 AND grouped = 1
                 ORDER BY seq DESC LIMIT $3) AS recent
             GROUP BY sender ORDER BY sender"
        ),
        (app, conversation, span),
    )
}

/// Notes that the pairs of a message changed.
pub fn note_extended(tx: &mut Tx<'_>, conversation: ConversationId, seq: Seq, now: Millis) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE messages SET flags = flags | 2048, changed_at = $4
             WHERE app = $1 AND conversation = $2 AND seq = $3 AND grouped = 1"
        ),
        (app, conversation, seq, now),
    )
}
