//! Stored messages: read by key, by time or by place; changed in their flags, and by edits.
//!
//! A message is written by the append writer alone. A C2C message is found through one index, by time; places
//! within it are monotone in time, because a live message never gets an older time than its predecessor.

use std::sync::Arc;

use contract::message::{Flags, Message};
use contract::{ConversationId, Failure, Millis, MsgKey, Place, Result, Seq, UserId, limit};

use crate::conversations::hex;
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

/// A row behind a number that tells what it answers.
type Numbered<N> = (N, Seq, i64, u32, u32, Millis, String, String, String, i64);

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

/// Finds messages by their places, where the viewer may see them; a bounded batch, in the order asked.
pub fn at_places(snapshot: &mut Snapshot<'_>, asked: &[(View, Place)]) -> Result<Vec<Option<Message>>> {
    let mut found: Vec<Option<Message>> = asked.iter().map(|_| None).collect();
    let Some((View { viewer, .. }, _)) = asked.first() else { return Ok(found) };
    let item = |(view, place): &(View, Place)| {
        serde_json::json!([hex(&view.conversation()), place.time, place.seq.0, view.cleared.0, view.deleted().0])
    };
    let items = serde_json::Value::from(asked.iter().map(item).collect::<Vec<_>>()).to_string();
    let app = snapshot.app();
    let rows: Vec<Numbered<i64>> = snapshot.all(
        sql! {
            sqlite: "SELECT u.key, m.seq, m.time, m.msg_seq, m.msg_random, m.at, m.sender, m.body, m.cloud, m.flags
                     FROM json_each($2) AS u CROSS JOIN messages m
                     WHERE m.app = $1 AND m.conversation = unhex(u.value->>0) AND m.time = u.value->>1
                       AND m.seq = u.value->>2 AND m.seq > u.value->>3 AND m.grouped = 0
                       AND m.flags & (u.value->>4) = 0 AND (m.sender <> $3 OR m.flags & 2 <> 0)",
            postgres: "SELECT u.n - 1, m.seq, m.time, m.msg_seq, m.msg_random, m.at, m.sender, m.body, m.cloud, m.flags
                       FROM jsonb_array_elements($2::text::jsonb) WITH ORDINALITY AS u (v, n)
                       CROSS JOIN LATERAL (
                           SELECT * FROM messages
                           WHERE app = $1 AND conversation = decode(u.v->>0, 'hex') AND time = (u.v->>1)::bigint
                             AND seq = (u.v->>2)::bigint AND seq > (u.v->>3)::bigint AND grouped = 0
                             AND flags & (u.v->>4)::bigint = 0 AND (sender <> $3 OR flags & 2 <> 0)) AS m"
        },
        (app, items, viewer),
    )?;
    for (index, seq, time, msg_seq, msg_random, at, sender, body, cloud, flags) in rows {
        let index = usize::try_from(index).map_err(Failure::internal)?;
        let (view, _) = asked.get(index).ok_or_else(|| Failure::internal("a message of no question"))?;
        found[index] = Some(view.message((seq, time, msg_seq, msg_random, at, sender, body, cloud, flags)));
    }
    Ok(found)
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

/// Reads the messages that were changed (edited, recalled, receipted, extended) after a moment, or in that moment behind a place. In the
/// order of the changes, each with the moment of its change.
pub fn changed_after(
    snapshot: &mut Snapshot<'_>,
    view: &View,
    after: Millis,
    behind: Seq,
    count: usize,
) -> Result<Vec<(Millis, Message)>> {
    let app = snapshot.app();
    let rows: Vec<Numbered<Millis>> = snapshot.all(
        sql!(
            "SELECT changed_at, seq, time, msg_seq, msg_random, at, sender, body, cloud, flags FROM messages
             WHERE app = $1 AND conversation = $2 AND (changed_at, seq) > ($3, $4) AND changed_at > 0
               AND seq > $5 AND flags & $6 = 0 AND (sender <> $7 OR flags & 2 <> 0)
             ORDER BY changed_at, seq LIMIT $8"
        ),
        (
            app,
            view.conversation(),
            after,
            behind,
            view.cleared,
            view.deleted().0,
            &view.viewer,
            count.min(limit::STORE_PAGE) as i64,
        ),
    )?;
    let message = |(changed_at, seq, time, msg_seq, msg_random, at, sender, body, cloud, flags)| {
        (changed_at, view.message((seq, time, msg_seq, msg_random, at, sender, body, cloud, flags)))
    };
    Ok(rows.into_iter().map(message).collect())
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
    tx.post(
        sql!(
            "UPDATE messages SET flags = flags | 2048, changed_at = $5
             WHERE app = $1 AND conversation = $2 AND time = $3 AND seq = $4 AND grouped = 0"
        ),
        (app, view.conversation(), message.key.time, message.seq, now),
    )
}

/// Takes the messages that have these keys out of the viewer's view; the other account keeps them. For the others it is
/// no change, so none is noted.
pub fn hide(tx: &mut Tx<'_>, view: &View, keys: &[MsgKey]) -> Result<()> {
    let (app, conversation, flag) = (tx.app(), view.conversation(), view.deleted().0);
    tx.post_all(
        sql!(
            "UPDATE messages SET flags = flags | $6
             WHERE app = $1 AND conversation = $2 AND time = $3 AND msg_seq = $4 AND msg_random = $5 AND grouped = 0"
        ),
        keys.iter().map(|key| (app, conversation, key.time, key.seq, key.random, flag)),
    )
}
