//! Broadcasts: one row each whatever the size of the audience, and chunks of about a thousand accounts under a lease.
//!
//! Numbers are given under the lock of the app's gate, so they follow the order of the commits: whoever has seen a
//! number has seen all before it. `chunks` is how chunks are cut, claimed, moved on and ended.

mod chunks;

use contract::{AppId, ConversationId, DeviceId, Millis, MsgKey, Result, UserId, limit};

use crate::deliveries::{NUMBERS_PER_TARGET, Status, Target, Task, Way as Path};
use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};
pub use chunks::{
    Chunk, Frontier, Progress, Way, apps, claim, count_badges, cut, due, end_chunk, frontier, next, open, outcomes,
    outcomes_of, postpone, renew, save, set_outcomes, ways,
};

/// What the broadcasts of an app take turns at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gate {
    /// The newest broadcast.
    pub number: i64,
    /// The newest that is kept for devices which return.
    pub kept: i64,
    /// Days since the epoch.
    pub day: i64,
    /// Broadcasts of that day.
    pub begun: i64,
    /// When the last one began.
    pub begun_at: Millis,
    /// When one was revoked last.
    pub revoked_at: Millis,
}

/// Reads the gate of the app and holds it until the transaction ends.
pub fn gate(tx: &mut Tx<'_>) -> Result<Gate> {
    let app = tx.app();
    tx.post(sql!("INSERT INTO broadcast_gates (app) VALUES ($1) ON CONFLICT DO NOTHING"), (app,))?;
    let (number, kept, day, begun, begun_at, revoked_at): (i64, i64, i64, i64, Millis, Millis) = tx.one(
        sql! {
            sqlite: "SELECT number, kept, day, begun, begun_at, revoked_at FROM broadcast_gates WHERE app = $1",
            postgres: "SELECT number, kept, day, begun, begun_at, revoked_at FROM broadcast_gates
                       WHERE app = $1 FOR UPDATE"
        },
        (app,),
    )?;
    Ok(Gate { number, kept, day, begun, begun_at, revoked_at })
}

/// Moves the gate of the app, which the transaction holds.
pub fn set_gate(tx: &mut Tx<'_>, gate: &Gate) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE broadcast_gates SET number = $2, kept = $3, day = $4, begun = $5, begun_at = $6, revoked_at = $7
             WHERE app = $1"
        ),
        (app, gate.number, gate.kept, gate.day, gate.begun, gate.begun_at, gate.revoked_at),
    )
}

/// The number of the newest broadcast that was kept for devices which return; 0 if there never was one.
pub fn newest_kept(snapshot: &mut Snapshot<'_>) -> Result<i64> {
    let app = snapshot.app();
    let row: Option<(i64,)> = snapshot.opt(sql!("SELECT kept FROM broadcast_gates WHERE app = $1"), (app,))?;
    Ok(row.map_or(0, |(kept,)| kept))
}

/// A broadcast as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its number.
    pub number: i64,
    /// What began it.
    pub origin: String,
    /// Who speaks.
    pub sender: UserId,
    /// Tells repetitions.
    pub random: u32,
    /// CRC-32 of all that it was asked with.
    pub crc: u32,
    /// Whom it is for, as JSON.
    pub audience: String,
    /// What connected accounts are handed, in the words of whoever hands it; empty for nothing.
    pub matter: String,
    /// What devices that are away are shown, as JSON; empty for nothing.
    pub notification: String,
    /// The caller's own name for it.
    pub data_id: String,
    /// When it began.
    pub created_at: Millis,
    /// When it is not worth delivering any more.
    pub expires_at: Millis,
    /// The kept one before it, if it is kept for devices which return.
    pub kept_before: Option<i64>,
    /// The task of its deliveries that have rows.
    pub task: i64,
}

/// How far a broadcast is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Chunks are cut.
    Cutting = 0,
    /// All chunks are cut.
    Cut = 1,
    /// All chunks are done.
    Done = 2,
}

/// A broadcast with its progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broadcast {
    /// As it was asked for.
    pub order: Order,
    /// How far it is.
    pub stage: Stage,
    /// Everybody up to here is in a chunk, or done.
    pub frontier: String,
    /// Chunks that were cut.
    pub chunks: i64,
    /// When it ended; 0 while it is open.
    pub ended_at: Millis,
    /// When it was revoked; 0 if it was not.
    pub revoked_at: Millis,
    /// Accounts that matched, of chunks that are done.
    pub matched: i64,
    /// Accounts that were reached over their connections, of chunks that are done.
    pub told: i64,
    /// Counts by status of chunks that are done, as JSON.
    pub statuses: String,
}

impl FromRow for Broadcast {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let stage = match row.get::<i64>(13)? {
            0 => Stage::Cutting,
            1 => Stage::Cut,
            _ => Stage::Done,
        };
        // Beyond what a tuple of parameters holds, columns are read one by one.
        let order = Order {
            number: row.get(0)?,
            origin: row.get(1)?,
            sender: row.get(2)?,
            random: row.get(3)?,
            crc: row.get(4)?,
            audience: row.get(5)?,
            matter: row.get(6)?,
            notification: row.get(7)?,
            data_id: row.get(8)?,
            created_at: row.get(9)?,
            expires_at: row.get(10)?,
            kept_before: row.get(11)?,
            task: row.get(12)?,
        };
        Ok(Self {
            order,
            stage,
            frontier: row.get(14)?,
            chunks: row.get(15)?,
            ended_at: row.get(16)?,
            revoked_at: row.get(17)?,
            matched: row.get(18)?,
            told: row.get(19)?,
            statuses: row.get(20)?,
        })
    }
}

/// Adds a broadcast. An ended one is a note of what was done at once.
pub fn add(tx: &mut Tx<'_>, order: &Order, is_ended: bool) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO broadcasts (app, number, origin, sender, random, crc, audience, matter, notification, data_id,
                 created_at, expires_at, kept, kept_before, task, due_at, stage, ended_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                 CASE WHEN CAST($13 AS BIGINT) IS NULL THEN 0 ELSE 1 END, COALESCE(CAST($13 AS BIGINT), 0), $14, $11,
                 CASE WHEN CAST($15 AS BIGINT) = 1 THEN 2 ELSE 0 END,
                 CASE WHEN CAST($15 AS BIGINT) = 1 THEN CAST($11 AS BIGINT) ELSE 0 END)"
        ),
        (
            app,
            order.number,
            &order.origin,
            &order.sender,
            order.random,
            order.crc,
            &order.audience,
            &order.matter,
            &order.notification,
            &order.data_id,
            order.created_at,
            order.expires_at,
            order.kept_before,
            order.task,
            is_ended,
        ),
    )
}

/// Reads one broadcast.
pub fn get(snapshot: &mut Snapshot<'_>, number: i64) -> Result<Option<Broadcast>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT number, origin, sender, random, crc, audience, matter, notification, data_id, created_at, expires_at,
                 CASE WHEN kept = 1 THEN kept_before END, task, stage, frontier, chunks, ended_at, revoked_at, matched,
                 told, statuses
             FROM broadcasts WHERE app = $1 AND number = $2"
        ),
        (app, number),
    )
}

/// Finds the broadcast of a task by its random number, by which broadcasts are found fast.
pub fn of_task(snapshot: &mut Snapshot<'_>, task: i64, random: u32) -> Result<Option<Broadcast>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT number, origin, sender, random, crc, audience, matter, notification, data_id, created_at, expires_at,
                 CASE WHEN kept = 1 THEN kept_before END, task, stage, frontier, chunks, ended_at, revoked_at, matched,
                 told, statuses
             FROM broadcasts WHERE app = $1 AND random = $2 AND task = $3 ORDER BY created_at DESC LIMIT 1"
        ),
        (app, random, task),
    )
}

/// Finds what the same sender asked for with the same words since a moment.
pub fn repeated(snapshot: &mut Snapshot<'_>, order: &Order, since: Millis) -> Result<Option<Broadcast>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT number, origin, sender, random, crc, audience, matter, notification, data_id, created_at, expires_at,
                 CASE WHEN kept = 1 THEN kept_before END, task, stage, frontier, chunks, ended_at, revoked_at, matched,
                 told, statuses
             FROM broadcasts
             WHERE app = $1 AND random = $2 AND created_at >= $3 AND sender = $4 AND origin = $5 AND crc = $6
             ORDER BY created_at DESC LIMIT 1"
        ),
        (app, order.random, since, &order.sender, &order.origin, order.crc),
    )
}

/// Lists broadcasts before a number, newest first.
pub fn list(snapshot: &mut Snapshot<'_>, before: i64, count: usize) -> Result<Vec<Broadcast>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT number, origin, sender, random, crc, audience, matter, notification, data_id, created_at, expires_at,
                 CASE WHEN kept = 1 THEN kept_before END, task, stage, frontier, chunks, ended_at, revoked_at, matched,
                 told, statuses
             FROM broadcasts WHERE app = $1 AND number < $2 ORDER BY number DESC LIMIT $3"
        ),
        (app, before, count.min(limit::STORE_PAGE) as i64),
    )
}

/// Lists what is kept for devices which return, after a number, in order.
pub fn kept_after(snapshot: &mut Snapshot<'_>, after: i64, count: usize) -> Result<Vec<Broadcast>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT number, origin, sender, random, crc, audience, matter, notification, data_id, created_at, expires_at,
                 kept_before, task, stage, frontier, chunks, ended_at, revoked_at, matched, told, statuses
             FROM broadcasts WHERE app = $1 AND kept = 1 AND number > $2 ORDER BY number LIMIT $3"
        ),
        (app, after, count.min(limit::STORE_PAGE) as i64),
    )
}

/// Takes a broadcast back: nobody else gets it, and devices that return do not read it. Answers false if it was revoked
/// before.
pub fn revoke(tx: &mut Tx<'_>, now: Millis, number: i64) -> Result<bool> {
    let app = tx.app();
    let changed = tx.run(
        sql!(
            "UPDATE broadcasts SET revoked_at = $3, kept = 0, stage = 2,
                 ended_at = CASE WHEN ended_at = 0 THEN CAST($3 AS BIGINT) ELSE ended_at END
             WHERE app = $1 AND number = $2 AND revoked_at = 0"
        ),
        (app, number, now),
    )?;
    // Whoever works on a chunk loses its lease with it.
    tx.post(sql!("DELETE FROM broadcast_chunks WHERE app = $1 AND broadcast = $2"), (app, number))?;
    Ok(changed > 0)
}

/// Ends what a task has not delivered yet. What is under way may still arrive; if it does not, it is over for it too.
pub fn end_task(tx: &mut Tx<'_>, now: Millis, task: i64) -> Result<u64> {
    let app = tx.app();
    tx.post(sql!("UPDATE tasks SET expires_at = $3 WHERE app = $1 AND id = $2 AND expires_at > $3"), (app, task, now))?;
    tx.run(
        sql!(
            "UPDATE deliveries SET ended_at = $3, waits = 0, due_at = $3
             WHERE app = $1 AND task = $2 AND ended_at + 0 = 0 AND lease_by = 0"
        ),
        (app, task, now),
    )
}

/// Whom a task named.
pub fn targets(snapshot: &mut Snapshot<'_>, task: i64) -> Result<Vec<Target>> {
    let app = snapshot.app();
    let rows: Vec<(String, String)> = snapshot.all(
        sql!(
            "SELECT account, device FROM deliveries WHERE app = $1 AND task = $2 AND number % $3 = 0
             ORDER BY number LIMIT $4"
        ),
        (app, task, NUMBERS_PER_TARGET, limit::STORE_PAGE as i64),
    )?;
    let target = |(account, device): (String, String)| {
        if account.is_empty() {
            Target::Device(DeviceId::trusted(&device))
        } else {
            Target::Account(UserId::trusted(&account))
        }
    };
    Ok(rows.into_iter().map(target).collect())
}

/// Finds the key of the message that a sender stored for an account with these numbers within a span of seconds: the
/// second of a message may be later than that of its draft.
pub fn stored_key(
    snapshot: &mut Snapshot<'_>,
    sender: &UserId,
    receiver: &UserId,
    key: MsgKey,
    until: i64,
) -> Result<Option<MsgKey>> {
    let (app, conversation) = (snapshot.app(), ConversationId::pair(sender, receiver));
    let row: Option<(i64,)> = snapshot.opt(
        sql!(
            "SELECT time FROM messages
             WHERE app = $1 AND conversation = $2 AND grouped = 0 AND time >= $3 AND time <= $4
               AND msg_seq = $5 AND msg_random = $6 AND sender = $7
             ORDER BY time LIMIT 1"
        ),
        (app, conversation, key.time, until, key.seq, key.random, sender),
    )?;
    Ok(row.map(|(time,)| MsgKey { time, ..key }))
}

/// A notification of a broadcast that its vendor wants later: from then on a delivery as any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Its number in the task.
    pub number: i64,
    /// The account.
    pub account: UserId,
    /// Device and lane.
    pub path: Path,
    /// What the vendor said.
    pub status: Status,
    /// When it is tried again.
    pub due_at: Millis,
}

/// Keeps exceptions, with the task that they need. After a crash some of them may be there already.
pub fn except(tx: &mut Tx<'_>, now: Millis, task: &Task, rows: &[Exception]) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO tasks (app, id, notification, created_at, expires_at, store_offline)
             VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT DO NOTHING"
        ),
        (app, task.id, &task.notification, task.created_at, task.expires_at),
    )?;
    tx.post_all(
        sql!(
            "INSERT INTO deliveries (app, task, number, account, device, lane, badge, family, status, tried_at, due_at,
                 attempts)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1) ON CONFLICT DO NOTHING"
        ),
        rows.iter().map(|row| {
            (
                app,
                task.id,
                row.number,
                &row.account,
                &row.path.device,
                row.path.lane.as_str(),
                row.path.badge,
                row.status.family.as_str(),
                i64::from(row.status.number),
                now,
                row.due_at,
            )
        }),
    )
}

/// Stops keeping what has outlived its time, and forgets some of what ended long ago. Answers how many were forgotten.
pub fn purge(tx: &mut Tx<'_>, now: Millis, before: Millis) -> Result<usize> {
    let app = tx.app();
    tx.post(sql!("UPDATE broadcasts SET kept = 0 WHERE app = $1 AND kept = 1 AND expires_at <= $2"), (app, now))?;
    let numbers: Vec<(i64,)> = tx.all(
        sql!(
            "SELECT number FROM broadcasts WHERE app = $1 AND expires_at < $2 AND ended_at <> 0
             ORDER BY expires_at LIMIT $3"
        ),
        (app, before, PURGE_BATCH),
    )?;
    tx.post_all(
        sql!("DELETE FROM broadcast_outcomes WHERE app = $1 AND broadcast = $2"),
        numbers.iter().map(|(number,)| (app, *number)),
    )?;
    tx.post_all(
        sql!("DELETE FROM broadcasts WHERE app = $1 AND number = $2"),
        numbers.iter().map(|(number,)| (app, *number)),
    )?;
    Ok(numbers.len())
}

/// Broadcasts that one transaction forgets: background work must not hold the writer.
const PURGE_BATCH: i64 = 100;

/// Lists apps that have broadcasts which expired, in pages by id. It spans apps, so it runs for the platform.
pub fn apps_expired(snapshot: &mut Snapshot<'_>, now: Millis) -> Result<Vec<AppId>> {
    let rows: Vec<(AppId,)> = snapshot.all(
        sql!(
            "WITH RECURSIVE firsts (app) AS (
                 SELECT (SELECT MIN(b.app) FROM broadcasts b)
                 UNION ALL
                 SELECT (SELECT MIN(b.app) FROM broadcasts b WHERE b.app > firsts.app)
                 FROM firsts WHERE firsts.app IS NOT NULL
             )
             SELECT firsts.app FROM firsts WHERE firsts.app IS NOT NULL AND EXISTS (
                 SELECT 1 FROM broadcasts b WHERE b.app = firsts.app AND b.expires_at < $1
             ) LIMIT $2"
        ),
        (now, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(app,)| app).collect())
}
