//! Stored messages: read by key, by time or by place; changed in their flags, and by edits.
//!
//! A message is written by the append writer alone. A C2C message is found through one index, by time; places
//! within it are monotone in time, because a live message never gets an older time than its predecessor.

use std::sync::Arc;

use contract::message::{Flags, Message};
use contract::{ConversationId, Millis, MsgKey, Result, Seq, UserId, limit};

use crate::conversations::Place;
use crate::{Snapshot, Tx};

/// Whose view of a conversation is asked for.
#[derive(Debug, Clone)]
pub struct View {
    /// Who looks.
    pub viewer: UserId,
    /// At the conversation with whom.
    pub peer: UserId,
    /// Nothing up to here is shown.
    pub cleared: Seq,
}

impl View {
    /// The conversation's key.
    pub fn conversation(&self) -> ConversationId {
        ConversationId::pair(&self.viewer, &self.peer)
    }

    /// The flag that hides a message from this viewer.
    fn deleted(&self) -> Flags {
        Flags::deleted_for(&self.viewer, &self.peer)
    }

    fn message(&self, row: Row) -> Message {
        let (seq, time, msg_seq, msg_random, at, sender, body, cloud, flags) = row;
        let (sender, receiver) = if sender == self.viewer.as_str() {
            (self.viewer.clone(), self.peer.clone())
        } else {
            (self.peer.clone(), self.viewer.clone())
        };
        Message {
            sender,
            receiver,
            key: MsgKey { time, seq: msg_seq, random: msg_random },
            seq,
            at,
            body: Arc::from(body),
            cloud: Arc::from(cloud),
            flags: Flags(flags),
        }
    }
}

type Row = (Seq, i64, u32, u32, Millis, String, String, String, i64);

/// Finds a message by its key, whoever may see it. If several share the key, the first that arrived answers.
pub fn by_key(snapshot: &mut Snapshot<'_>, view: &View, key: MsgKey) -> Result<Option<Message>> {
    let app = snapshot.app();
    let row: Option<Row> = snapshot.opt(
        sql!(
            "SELECT seq, time, msg_seq, msg_random, at, sender, body, cloud, flags FROM messages
             WHERE app = $1 AND conversation = $2 AND time = $3 AND msg_seq = $4 AND msg_random = $5 AND grouped = 0
             ORDER BY seq LIMIT 1"
        ),
        (app, view.conversation(), key.time, key.seq, key.random),
    )?;
    Ok(row.map(|row| view.message(row)))
}

/// Finds a message that one of the two sent, whoever may see it. If several share the key, one that is not recalled
/// answers before one that is, and of those the first that arrived.
pub fn sent(snapshot: &mut Snapshot<'_>, view: &View, sender: &UserId, key: MsgKey) -> Result<Option<Message>> {
    let app = snapshot.app();
    let row: Option<Row> = snapshot.opt(
        sql!(
            "SELECT seq, time, msg_seq, msg_random, at, sender, body, cloud, flags FROM messages
             WHERE app = $1 AND conversation = $2 AND time = $3 AND msg_seq = $4 AND msg_random = $5 AND grouped = 0
               AND sender = $6
             ORDER BY flags & 64, seq LIMIT 1"
        ),
        (app, view.conversation(), key.time, key.seq, key.random, sender),
    )?;
    Ok(row.map(|row| view.message(row)))
}

/// Finds a message by its place, if the viewer may see it.
pub fn at_place(snapshot: &mut Snapshot<'_>, view: &View, place: Place) -> Result<Option<Message>> {
    let app = snapshot.app();
    let row: Option<Row> = snapshot.opt(
        sql!(
            "SELECT seq, time, msg_seq, msg_random, at, sender, body, cloud, flags FROM messages
             WHERE app = $1 AND conversation = $2 AND time = $3 AND seq = $4 AND seq > $5 AND grouped = 0
               AND flags & $6 = 0 AND (sender <> $7 OR flags & 2 <> 0)"
        ),
        (app, view.conversation(), place.time, place.seq, view.cleared, view.deleted().0, &view.viewer),
    )?;
    Ok(row.map(|row| view.message(row)))
}

/// Reads a page of history backwards: the newest messages of the view that lie before `before` in the order of the
/// contract (time, sequence, random) and not before the second `min`. Newest first.
pub fn before(
    snapshot: &mut Snapshot<'_>,
    view: &View,
    before: MsgKey,
    min: i64,
    count: usize,
) -> Result<Vec<Message>> {
    let app = snapshot.app();
    let rows: Vec<Row> = snapshot.all(
        sql!(
            "SELECT seq, time, msg_seq, msg_random, at, sender, body, cloud, flags FROM messages
             WHERE app = $1 AND conversation = $2 AND grouped = 0
               AND time >= $3 AND (time, msg_seq, msg_random) < ($4, $5, $6)
               AND seq > $7 AND flags & $8 = 0 AND (sender <> $9 OR flags & 2 <> 0)
             ORDER BY time DESC, msg_seq DESC, msg_random DESC, seq DESC LIMIT $10"
        ),
        (
            app,
            view.conversation(),
            min,
            before.time,
            before.seq,
            before.random,
            view.cleared,
            view.deleted().0,
            &view.viewer,
            count.min(limit::STORE_PAGE) as i64,
        ),
    )?;
    Ok(rows.into_iter().map(|row| view.message(row)).collect())
}

/// Reads what arrived after a place, oldest first; what has outlived its time for waiting devices is left out.
pub fn since(
    snapshot: &mut Snapshot<'_>,
    view: &View,
    after: Place,
    now: Millis,
    count: usize,
) -> Result<Vec<Message>> {
    let app = snapshot.app();
    let count = count.min(limit::STORE_PAGE);
    let after_seq = after.seq.max(view.cleared);
    let mut rows: Vec<Row> = snapshot.all(
        sql!(
            "SELECT seq, time, msg_seq, msg_random, at, sender, body, cloud, flags FROM messages
             WHERE app = $1 AND conversation = $2 AND grouped = 0 AND time >= $3 AND seq > $4 AND flags & 32 = 0
               AND expires_at > $5 AND flags & $6 = 0 AND (sender <> $7 OR flags & 2 <> 0)
             ORDER BY time, seq LIMIT $8"
        ),
        (app, view.conversation(), after.time, after_seq, now, view.deleted().0, &view.viewer, count as i64),
    )?;
    let imported: Vec<Row> = snapshot.all(
        sql!(
            "SELECT seq, time, msg_seq, msg_random, at, sender, body, cloud, flags FROM messages
             WHERE app = $1 AND conversation = $2 AND seq > $3 AND flags & 32 = 32
               AND flags & 1 <> 0 AND flags & $4 = 0 AND (sender <> $5 OR flags & 2 <> 0)
             ORDER BY seq LIMIT $6"
        ),
        (app, view.conversation(), after_seq, view.deleted().0, &view.viewer, count as i64),
    )?;
    rows.extend(imported);
    rows.sort_by_key(|row| row.0);
    rows.truncate(count);
    Ok(rows.into_iter().map(|row| view.message(row)).collect())
}

/// Reads the messages that were changed (edited, recalled, receipted, extended) after a moment.
pub fn changed_after(snapshot: &mut Snapshot<'_>, view: &View, after: Millis, count: usize) -> Result<Vec<Message>> {
    let app = snapshot.app();
    let rows: Vec<Row> = snapshot.all(
        sql!(
            "SELECT seq, time, msg_seq, msg_random, at, sender, body, cloud, flags FROM messages
             WHERE app = $1 AND conversation = $2 AND changed_at > $3 AND changed_at > 0
               AND seq > $4 AND flags & $5 = 0 AND (sender <> $6 OR flags & 2 <> 0)
             ORDER BY changed_at LIMIT $7"
        ),
        (
            app,
            view.conversation(),
            after,
            view.cleared,
            view.deleted().0,
            &view.viewer,
            count.min(limit::STORE_PAGE) as i64,
        ),
    )?;
    Ok(rows.into_iter().map(|row| view.message(row)).collect())
}

/// Sets flags of one message. Answers whether any of them was not set before.
pub fn set_flags(tx: &mut Tx<'_>, view: &View, message: &Message, flags: Flags, now: Millis) -> Result<bool> {
    let app = tx.app();
    let changed = tx.run(
        sql!(
            "UPDATE messages SET flags = flags | $5, changed_at = $6
             WHERE app = $1 AND conversation = $2 AND time = $3 AND seq = $4 AND grouped = 0 AND flags & $5 <> $5"
        ),
        (app, view.conversation(), message.key.time, message.seq, flags.0, now),
    )?;
    Ok(changed > 0)
}

/// Replaces body and custom data of a message, if nobody else did since it was read. Answers whether so.
pub fn edit(tx: &mut Tx<'_>, view: &View, message: &Message, body: &str, cloud: &str, now: Millis) -> Result<bool> {
    let app = tx.app();
    let changed = tx.run(
        sql!(
            "UPDATE messages SET body = $5, cloud = $6, flags = flags + 4294967296, changed_at = $7
             WHERE app = $1 AND conversation = $2 AND time = $3 AND seq = $4 AND grouped = 0
               AND flags >> 32 = $8 AND flags & 64 = 0"
        ),
        (app, view.conversation(), message.key.time, message.seq, body, cloud, now, message.flags.version()),
    )?;
    Ok(changed > 0)
}

/// Notes that the extensions of a message changed.
pub fn note_extended(tx: &mut Tx<'_>, view: &View, message: &Message, now: Millis) -> Result<()> {
    let app = tx.app();
    tx.run(
        sql!(
            "UPDATE messages SET flags = flags | 2048, changed_at = $5
             WHERE app = $1 AND conversation = $2 AND time = $3 AND seq = $4 AND grouped = 0"
        ),
        (app, view.conversation(), message.key.time, message.seq, now),
    )?;
    Ok(())
}

/// Takes the messages that have these keys out of the viewer's view; the other account keeps them. For the others it is
/// no change, so none is noted.
pub fn hide(tx: &mut Tx<'_>, view: &View, keys: &[MsgKey]) -> Result<()> {
    let (app, conversation, flag) = (tx.app(), view.conversation(), view.deleted().0);
    tx.many(
        sql!(
            "UPDATE messages SET flags = flags | $6
             WHERE app = $1 AND conversation = $2 AND time = $3 AND msg_seq = $4 AND msg_random = $5 AND grouped = 0"
        ),
        keys.iter().map(|key| (app, conversation, key.time, key.seq, key.random, flag)),
    )?;
    Ok(())
}
