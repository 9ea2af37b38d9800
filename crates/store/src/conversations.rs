//! Conversations as their members see them: the head joined with the member's marks.
//!
//! A send touches one head and no member. Unread is not stored either: it is counted behind the read mark, over a
//! bounded number of rows, and only where the head has moved beyond the mark. So recalls and deletions need no
//! bookkeeping and a count can never drift.

use contract::message::Flags;
use contract::{ConversationId, Millis, Result, Seq, UserId, limit};

use crate::{Snapshot, Tx};

/// A place in a conversation: arrival order with the second in which it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// In order of arrival.
    pub seq: Seq,
    /// Seconds since the epoch.
    pub time: i64,
}

/// A conversation of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its key.
    pub conversation: ConversationId,
    /// The other account.
    pub peer: UserId,
    /// The newest place.
    pub place: Place,
    /// The newest message that moves the list; its place is 0 if there is none.
    pub last: Place,
    /// The account has read up to here.
    pub read: Place,
    /// Nothing up to here is shown to the account.
    pub cleared: Seq,
    /// The peer has read up to here.
    pub peer_read: Place,
    /// When the conversation changed; the order of the list.
    pub moved_at: Millis,
}

type Row = (ConversationId, String, Seq, Millis, Seq, i64, Seq, i64, Seq, Option<Seq>, Option<i64>, Millis);

fn head(row: Row) -> Head {
    let (
        conversation,
        peer,
        seq,
        last_at,
        last_seq,
        last_time,
        read_seq,
        read_time,
        cleared,
        peer_seq,
        peer_time,
        moved_at,
    ) = row;
    Head {
        conversation,
        peer: UserId::trusted(&peer),
        place: Place { seq, time: last_at.secs() },
        last: Place { seq: last_seq, time: last_time },
        read: Place { seq: read_seq, time: read_time },
        cleared,
        peer_read: Place { seq: peer_seq.unwrap_or_default(), time: peer_time.unwrap_or_default() },
        moved_at,
    }
}

/// Reads one conversation of an account.
pub fn get(snapshot: &mut Snapshot<'_>, account: &UserId, peer: &UserId) -> Result<Option<Head>> {
    let app = snapshot.app();
    let row: Option<Row> = snapshot.opt(
        sql!(
            "SELECT c.id, m.peer, c.seq, c.last_at, c.last_seq, c.last_time, m.read_seq, m.read_time, m.cleared_seq,
                    p.read_seq, p.read_time, c.moved_at
             FROM memberships m
             JOIN conversations c ON c.app = m.app AND c.id = m.conversation
             LEFT JOIN memberships p ON p.app = m.app AND p.account = m.peer AND p.conversation = m.conversation
             WHERE m.app = $1 AND m.account = $2 AND m.conversation = $3"
        ),
        (app, account, ConversationId::pair(account, peer)),
    )?;
    Ok(row.map(head))
}

/// Lists the account's conversations that moved after one moment and not after another, oldest movement first.
pub fn moved(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    after: Millis,
    until: Millis,
    count: usize,
) -> Result<Vec<Head>> {
    let app = snapshot.app();
    let rows: Vec<Row> = snapshot.all(
        sql!(
            "SELECT c.id, m.peer, c.seq, c.last_at, c.last_seq, c.last_time, m.read_seq, m.read_time, m.cleared_seq,
                    p.read_seq, p.read_time, c.moved_at
             FROM memberships m
             JOIN conversations c ON c.app = m.app AND c.id = m.conversation
             LEFT JOIN memberships p ON p.app = m.app AND p.account = m.peer AND p.conversation = m.conversation
             WHERE m.app = $1 AND m.account = $2 AND c.moved_at > $3 AND c.moved_at <= $4
             ORDER BY c.moved_at, m.peer LIMIT $5"
        ),
        (app, account, after, until, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(head).collect())
}

/// Moves the account's read mark forward to a place; it never goes back. Answers whether it moved.
pub fn set_read(tx: &mut Tx<'_>, account: &UserId, conversation: ConversationId, place: Place) -> Result<bool> {
    let app = tx.app();
    let moved = tx.run(
        sql!(
            "UPDATE memberships SET read_seq = $4, read_time = $5
             WHERE app = $1 AND account = $2 AND conversation = $3 AND read_seq < $4"
        ),
        (app, account, conversation, place.seq, place.time),
    )?;
    Ok(moved > 0)
}

/// Notes that a conversation changed without a new message.
pub fn touch(tx: &mut Tx<'_>, conversation: ConversationId, now: Millis) -> Result<()> {
    let app = tx.app();
    tx.run(
        sql!("UPDATE conversations SET moved_at = $3 WHERE app = $1 AND id = $2 AND moved_at < $3"),
        (app, conversation, now),
    )?;
    Ok(())
}

/// Finds the last place that was reached by live messages up to and with a second.
pub fn place_at(snapshot: &mut Snapshot<'_>, conversation: ConversationId, time: i64) -> Result<Place> {
    let app = snapshot.app();
    let last: Option<(i64,)> = snapshot.opt(
        sql!(
            "SELECT time FROM messages
             WHERE app = $1 AND conversation = $2 AND time <= $3 AND grouped = 0 AND flags & 32 = 0
             ORDER BY time DESC LIMIT 1"
        ),
        (app, conversation, time),
    )?;
    let Some((second,)) = last else { return Ok(Place::default()) };
    let (seq,): (Seq,) = snapshot.one(
        sql!(
            "SELECT MAX(seq) FROM messages
             WHERE app = $1 AND conversation = $2 AND time = $3 AND grouped = 0 AND flags & 32 = 0"
        ),
        (app, conversation, second),
    )?;
    Ok(Place { seq, time: second })
}

/// Counts what the account has not read, up to the documented cap.
pub fn unread(snapshot: &mut Snapshot<'_>, account: &UserId, head: &Head) -> Result<i64> {
    let behind = Place { seq: head.read.seq.max(head.cleared), time: head.read.time };
    if head.place.seq <= behind.seq {
        return Ok(0);
    }
    let app = snapshot.app();
    let counted = Flags::COUNTS.0;
    let hidden = Flags::RECALLED.with(Flags::deleted_for(account, &head.peer)).0;
    let (live,): (i64,) = snapshot.one(
        sql!(
            "SELECT COUNT(*) FROM (
                 SELECT sender, flags FROM messages
                 WHERE app = $1 AND conversation = $2 AND time >= $3 AND seq > $4 AND grouped = 0 AND flags & 32 = 0
                 ORDER BY time DESC LIMIT $5
             ) AS recent WHERE sender <> $6 AND flags & $7 <> 0 AND flags & $8 = 0"
        ),
        (app, head.conversation, behind.time, behind.seq, limit::UNREAD_SCAN, account, counted, hidden),
    )?;
    // Imports carry old times, so they are looked for by place alone; most conversations have none.
    let (imported,): (i64,) = snapshot.one(
        sql!(
            "SELECT COUNT(*) FROM (
                 SELECT sender, flags FROM messages
                 WHERE app = $1 AND conversation = $2 AND seq > $3 AND flags & 32 = 32
                 ORDER BY seq DESC LIMIT $4
             ) AS recent WHERE sender <> $5 AND flags & $6 <> 0 AND flags & $7 = 0"
        ),
        (app, head.conversation, behind.seq, limit::UNREAD_SCAN, account, counted, hidden),
    )?;
    Ok((live + imported).min(limit::UNREAD_PER_CONVERSATION))
}

/// Counts what the account has not read in all its conversations, within the documented caps.
pub fn unread_total(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<i64> {
    let app = snapshot.app();
    let rows: Vec<Row> = snapshot.all(
        sql!(
            "SELECT c.id, m.peer, c.seq, c.last_at, c.last_seq, c.last_time, m.read_seq, m.read_time, m.cleared_seq,
                    NULL, NULL, c.moved_at
             FROM memberships m
             JOIN conversations c ON c.app = m.app AND c.id = m.conversation
             WHERE m.app = $1 AND m.account = $2 AND c.seq > m.read_seq
             ORDER BY c.last_at DESC LIMIT $3"
        ),
        (app, account, limit::STORE_PAGE as i64),
    )?;
    let mut total = 0;
    let mut counted = 0;
    for head in rows.into_iter().map(head) {
        let unread = unread(snapshot, account, &head)?;
        counted += usize::from(unread > 0);
        total += unread;
        if counted == limit::UNREAD_CONVERSATIONS {
            break;
        }
    }
    Ok(total)
}

/// Forgets all conversations of an account; the peers keep theirs.
pub fn forget(tx: &mut Tx<'_>, account: &UserId) -> Result<()> {
    let app = tx.app();
    tx.run(
        sql!(
            "UPDATE conversations SET parted = 1 WHERE app = $1
               AND id IN (SELECT conversation FROM memberships WHERE app = $1 AND account = $2)"
        ),
        (app, account),
    )?;
    tx.run(sql!("DELETE FROM memberships WHERE app = $1 AND account = $2"), (app, account))?;
    Ok(())
}
