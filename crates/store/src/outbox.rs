//! The outbox: what a transaction leaves for another part to do.
//!
//! A row is taken by the transaction that does its work in the store, so it is either still there or done.

use contract::{AppId, ConversationId, Millis, Result, Seq, limit};

use crate::{PUSH_RECALL, Snapshot, Tx};

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Unique in the app.
    pub id: i64,
    /// Whom it concerns: for an offline push the receiver.
    pub part: String,
    /// When it was to be done.
    pub due_at: Millis,
    /// Its content, in the words of its topic.
    pub payload: String,
    /// The message that it is about.
    pub conversation: Option<ConversationId>,
    /// The place of that message.
    pub seq: Seq,
}

type ItemRow = (i64, String, Millis, String, Option<ConversationId>, Seq);

fn item((id, part, due_at, payload, conversation, seq): ItemRow) -> Item {
    Item { id, part, due_at, payload, conversation, seq }
}

/// Takes due work of a topic, oldest first; it is gone when the transaction commits.
pub fn take(tx: &mut Tx<'_>, topic: &str, now: Millis, count: usize) -> Result<Vec<Item>> {
    let app = tx.app();
    let rows: Vec<ItemRow> = tx.all(
        sql! {
            sqlite: "SELECT id, part, due_at, payload, conversation, seq FROM outbox
                     WHERE app = $1 AND topic = $2 AND due_at <= $3 ORDER BY due_at LIMIT $4",
            postgres: "SELECT id, part, due_at, payload, conversation, seq FROM outbox
                       WHERE app = $1 AND topic = $2 AND due_at <= $3 ORDER BY due_at LIMIT $4
                       FOR UPDATE SKIP LOCKED"
        },
        (app, topic, now, count as i64),
    )?;
    tx.post_all(sql!("DELETE FROM outbox WHERE app = $1 AND id = $2"), rows.iter().map(|row| (app, row.0)))?;
    Ok(rows.into_iter().map(item).collect())
}

/// Reads due work of a topic, oldest first, and leaves it where it is. Whoever does it names what it read to
/// [`advance`] or [`finish`].
pub fn peek(snapshot: &mut Snapshot<'_>, topic: &str, now: Millis, count: usize) -> Result<Vec<Item>> {
    let app = snapshot.app();
    let rows: Vec<ItemRow> = snapshot.all(
        sql!(
            "SELECT id, part, due_at, payload, conversation, seq FROM outbox
             WHERE app = $1 AND topic = $2 AND due_at <= $3 ORDER BY due_at, id LIMIT $4"
        ),
        (app, topic, now, count as i64),
    )?;
    Ok(rows.into_iter().map(item).collect())
}

/// Notes how far work has come, in the transaction that does it. Answers false if somebody else has moved it since it
/// was read: then nothing of it may be done here.
pub fn advance(tx: &mut Tx<'_>, item: &Item, payload: &str) -> Result<bool> {
    let app = tx.app();
    let moved = tx.run(
        sql!("UPDATE outbox SET payload = $4 WHERE app = $1 AND id = $2 AND payload = $3"),
        (app, item.id, &*item.payload, payload),
    )?;
    Ok(moved > 0)
}

/// Ends work, in the transaction that does the last of it. Answers false if somebody else has moved it since it was read.
pub fn finish(tx: &mut Tx<'_>, item: &Item) -> Result<bool> {
    let app = tx.app();
    let ended =
        tx.run(sql!("DELETE FROM outbox WHERE app = $1 AND id = $2 AND payload = $3"), (app, item.id, &*item.payload))?;
    Ok(ended > 0)
}

/// Whether an app has due work of a topic.
pub fn is_due(snapshot: &mut Snapshot<'_>, topic: &str, now: Millis) -> Result<bool> {
    let app = snapshot.app();
    let row: Option<(i64,)> = snapshot
        .opt(sql!("SELECT 1 FROM outbox WHERE app = $1 AND topic = $2 AND due_at <= $3 LIMIT 1"), (app, topic, now))?;
    Ok(row.is_some())
}

/// Puts work back that was taken and is not done yet.
pub fn put_back(tx: &mut Tx<'_>, topic: &str, item: &Item) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO outbox (app, id, topic, part, due_at, payload, conversation, seq)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        ),
        (app, item.id, topic, &*item.part, item.due_at, &*item.payload, item.conversation, item.seq),
    )
}

/// Leaves work for another part, unless the same waits already: the id is made of what it is about.
pub fn leave(tx: &mut Tx<'_>, topic: &str, item: &Item) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO outbox (app, id, topic, part, due_at, payload, conversation, seq)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (app, id) DO NOTHING"
        ),
        (app, item.id, topic, &*item.part, item.due_at, &*item.payload, item.conversation, item.seq),
    )
}

/// Leaves word that a message was taken back: what announced it on phones is to disappear.
pub fn leave_recall(tx: &mut Tx<'_>, now: Millis, conversation: ConversationId, seq: Seq) -> Result<()> {
    // Ids of the other topics are drawn at random from the same 63 bits.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in conversation.0.into_iter().chain(seq.0.to_be_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let item = Item {
        id: (hash >> 1) as i64,
        part: String::new(),
        due_at: now,
        payload: "{}".to_owned(),
        conversation: Some(conversation),
        seq,
    };
    leave(tx, PUSH_RECALL, &item)
}

/// Lists apps that have due work of a topic, in pages ordered by id. It spans apps, so it runs for the platform.
pub fn apps(snapshot: &mut Snapshot<'_>, topic: &str, now: Millis, after: AppId) -> Result<Vec<AppId>> {
    // Jumps from app to app in the index: the cost is that of the apps, not of their backlogs.
    let rows: Vec<(AppId,)> = snapshot.all(
        sql!(
            "WITH RECURSIVE firsts (app) AS (
                 SELECT (SELECT MIN(o.app) FROM outbox o WHERE o.topic = $1 AND o.app > $2)
                 UNION ALL
                 SELECT (SELECT MIN(o.app) FROM outbox o WHERE o.topic = $1 AND o.app > firsts.app)
                 FROM firsts WHERE firsts.app IS NOT NULL
             )
             SELECT firsts.app FROM firsts WHERE firsts.app IS NOT NULL AND EXISTS (
                 SELECT 1 FROM outbox o WHERE o.topic = $1 AND o.app = firsts.app AND o.due_at <= $3
             ) LIMIT $4"
        ),
        (topic, after, now, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(app,)| app).collect())
}
