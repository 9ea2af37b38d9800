//! What webhooks have to tell: rows that a transaction leaves, and that are gone when they were told.
//!
//! One node at a time tells the events of an app, by a lease; within it the order of each part holds because the node
//! reads by id and tells one event of a part at a time. So nothing is written when an event is taken up, and many are
//! deleted at once when they are told: a crash repeats what was told and not yet deleted, and loses nothing.

use contract::message::Flags;
use contract::webhook::{Happening, Origin};
use contract::{AppId, Failure, Millis, MsgKey, Result, UserId, limit};

use crate::{Snapshot, Tx};

/// Who acted and what happened, as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) origin: String,
    pub(crate) happening: String,
}

impl Kept {
    pub(crate) fn new(origin: Origin, happening: &Happening) -> Result<Self> {
        let text = |value: serde_json::Result<String>| value.map_err(Failure::internal);
        Ok(Self { origin: text(serde_json::to_string(&origin))?, happening: text(serde_json::to_string(happening))? })
    }
}

/// An event that waits to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the order of the app.
    pub id: i64,
    /// What it is told in order with.
    pub part: i64,
    /// When it happened.
    pub at: Millis,
    /// Who acted.
    pub origin: Origin,
    /// What happened; none if it cannot be read.
    pub happening: Option<Happening>,
    /// The stored message that it tells of, if it is still there.
    pub message: Option<Told>,
}

/// A stored message as a webhook tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Who wrote it.
    pub sender: UserId,
    /// Its key.
    pub key: MsgKey,
    /// The elements, as JSON text.
    pub body: String,
    /// The custom data.
    pub cloud: String,
    /// Its properties.
    pub flags: Flags,
}

/// Adds an event; [`Tx::after_hook`] asks before whether the app wants it.
pub(crate) fn add(tx: &mut Tx<'_>, now: Millis, origin: Origin, happening: &Happening) -> Result<()> {
    let app = tx.app();
    let kept = Kept::new(origin, happening)?;
    tx.post(
        sql!("INSERT INTO webhook_events (app, part, at, origin, happening) VALUES ($1, $2, $3, $4, $5)"),
        (app, happening.part(), now, &*kept.origin, &*kept.happening),
    )
}

type Row = (
    i64,
    i64,
    Millis,
    String,
    String,
    Option<String>,
    Option<i64>,
    Option<u32>,
    Option<u32>,
    Option<String>,
    Option<String>,
    Option<i64>,
);

/// Reads the ids behind an id, in their order.
pub fn ids(snapshot: &mut Snapshot<'_>, after: i64, count: usize) -> Result<Vec<i64>> {
    let app = snapshot.app();
    let rows: Vec<(i64,)> = snapshot.all(
        sql!("SELECT id FROM webhook_events WHERE app = $1 AND id > $2 ORDER BY id LIMIT $3"),
        (app, after, count.min(IDS_MAX) as i64),
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Ids of one read: whoever reads has a part of them in hand already.
pub const IDS_MAX: usize = 4 * limit::STORE_PAGE;

/// Reads events behind an id up to another one, in their order, with the messages that they tell of.
pub fn load(snapshot: &mut Snapshot<'_>, after: i64, until: i64, count: usize) -> Result<Vec<Waiting>> {
    let app = snapshot.app();
    let rows: Vec<Row> = snapshot.all(
        sql!(
            "SELECT e.id, e.part, e.at, e.origin, e.happening,
                    m.sender, m.time, m.msg_seq, m.msg_random, m.body, m.cloud, m.flags
             FROM webhook_events e
             LEFT JOIN messages m ON m.app = e.app AND m.conversation = e.conversation AND m.time = e.time
                                 AND m.seq = e.seq AND m.grouped = 0
             WHERE e.app = $1 AND e.id > $2 AND e.id <= $3 ORDER BY e.id LIMIT $4"
        ),
        (app, after, until, count.min(IDS_MAX) as i64),
    )?;
    Ok(rows.into_iter().map(waiting).collect())
}

fn waiting(row: Row) -> Waiting {
    let (id, part, at, origin, happening, sender, time, seq, random, body, cloud, flags) = row;
    let message = match (sender, time, seq, random, body, cloud, flags) {
        (Some(sender), Some(time), Some(seq), Some(random), Some(body), Some(cloud), Some(flags)) => Some(Told {
            sender: UserId::trusted(&sender),
            key: MsgKey { time, seq, random },
            body,
            cloud,
            flags: Flags(flags),
        }),
        _ => None,
    };
    Waiting {
        id,
        part,
        at,
        origin: serde_json::from_str(&origin).unwrap_or_default(),
        happening: serde_json::from_str(&happening).ok(),
        message,
    }
}

/// Takes events away that were told or given up. Most of them follow each other: each run goes by one statement.
pub fn remove(tx: &mut Tx<'_>, ids: &[i64]) -> Result<u64> {
    let app = tx.app();
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let runs = ids.chunk_by(|one, next| next - one <= 1).filter_map(|run| Some((app, *run.first()?, *run.last()?)));
    tx.many(sql!("DELETE FROM webhook_events WHERE app = $1 AND id >= $2 AND id <= $3"), runs)
}

/// Lists apps that have events waiting, in pages ordered by id. It spans apps, so it runs for the platform.
pub fn apps(snapshot: &mut Snapshot<'_>, after: AppId) -> Result<Vec<AppId>> {
    // Jumps from app to app in the index: the cost is that of the apps, not of their backlogs.
    let rows: Vec<(AppId,)> = snapshot.all(
        sql!(
            "WITH RECURSIVE firsts (app) AS (
                 SELECT (SELECT MIN(e.app) FROM webhook_events e WHERE e.app > $1)
                 UNION ALL
                 SELECT (SELECT MIN(e.app) FROM webhook_events e WHERE e.app > firsts.app)
                 FROM firsts WHERE firsts.app IS NOT NULL
             )
             SELECT firsts.app FROM firsts WHERE firsts.app IS NOT NULL LIMIT $2"
        ),
        (after, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(app,)| app).collect())
}

/// Counts the events of the app that wait, up to a bound.
pub fn depth(snapshot: &mut Snapshot<'_>, max: usize) -> Result<i64> {
    let app = snapshot.app();
    let (count,): (i64,) = snapshot.one(
        sql!("SELECT COUNT(*) FROM (SELECT id FROM webhook_events WHERE app = $1 LIMIT $2) AS recent"),
        (app, max as i64),
    )?;
    Ok(count)
}

/// Takes or renews the lease of the app for a node; answers false if another node holds it.
pub fn lease(tx: &mut Tx<'_>, now: Millis, node: i64, until: Millis) -> Result<bool> {
    let app = tx.app();
    let taken = tx.run(
        sql!(
            "INSERT INTO webhook_leases (app, node, held_until) VALUES ($1, $2, $3)
             ON CONFLICT (app) DO UPDATE SET node = $2, held_until = $3
             WHERE webhook_leases.node = $2 OR webhook_leases.held_until <= $4"
        ),
        (app, node, until, now),
    )?;
    Ok(taken > 0)
}

/// Gives the lease of the app back.
pub fn release(tx: &mut Tx<'_>, node: i64) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM webhook_leases WHERE app = $1 AND node = $2"), (app, node))
}
