//! What webhooks have to tell: batches that a transaction leaves, one row each, and that are gone when they were told.
//!
//! One node at a time tells the events of an app, by a lease; within it the order of each part holds because the node
//! reads by id and tells one event of a part at a time. So nothing is written when an event is taken up, and many are
//! deleted at once when they are told: a crash repeats what was told and not yet deleted, the batches that were told in
//! part among it, and loses nothing.
//!
//! `written`: how the events of a batch are kept as text.

mod written;

use std::sync::Arc;

use contract::message::Flags;
use contract::webhook::{Batch, Happening, Origin, Untold};
use contract::{AppId, ConversationId, Failure, Millis, MsgKey, Place, Result, UserId, limit};

pub(crate) use written::Written;

use crate::conversations::hex;
use crate::{Snapshot, Tx};

/// A stored message as a webhook tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Who wrote it.
    pub sender: UserId,
    /// Its key.
    pub key: MsgKey,
    /// The elements, as JSON text.
    pub body: Arc<str>,
    /// The custom data.
    pub cloud: Arc<str>,
    /// Its properties.
    pub flags: Flags,
}

/// Adds an event; [`Tx::after_hook`] asks before whether the app wants it. Gives it out where its id is known at once.
pub(crate) fn add(tx: &mut Tx<'_>, now: Millis, origin: Origin, happening: &Happening) -> Result<Option<Arc<Batch>>> {
    let app = tx.app();
    let mut written = Written::default();
    let (part, happening) = (happening.part(), Some(happening.clone()));
    written.add(Untold { part, at: now, origin, happening, place: None, message: None })?;
    let (count, text) = (written.count(), written.text());
    if let Some(id) = tx.batch_id(now)? {
        tx.post(
            sql!("INSERT INTO webhook_events (app, id, count, events) VALUES ($1, $2, $3, $4)"),
            (app, id, count, text),
        )?;
        written.batch.id = id;
    } else {
        // The transaction gets its number before the row gets its id: see `Moment`.
        let sql = sql!(
            postgres: "INSERT INTO webhook_events (app, count, events)
                       SELECT $1::bigint, $2::bigint, $3::text WHERE pg_current_xact_id() IS NOT NULL"
        );
        tx.post(sql, (app, count, text))?;
    }
    Ok(written.hand())
}

/// Which transactions a look at the store has seen: all before the first that was under way, none from the first that had
/// not begun. Numbers of the database, all zero where one writes at a time.
///
/// A lower id may become visible after a higher one, but not below an id that was seen when everything had not yet begun
/// that is under way now: ids rise, and whoever adds a row has its number before it draws the id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// The first that was under way.
    pub oldest: i64,
    /// The first that had not begun.
    pub next: i64,
}

impl Moment {
    /// Whether all that was under way then has ended.
    pub const fn is_after(self, then: Self) -> bool {
        self.oldest >= then.next
    }
}

/// Reads the ids of batches behind an id, in their order, each with the number of its events, and the moment at which they
/// were read.
pub fn ids(snapshot: &mut Snapshot<'_>, after: i64, count: usize) -> Result<(Vec<(i64, i64)>, Moment)> {
    let app = snapshot.app();
    let rows: Vec<(i64, i64, i64, i64)> = snapshot.all(
        sql! {
            sqlite: "SELECT id, count, 0, 0 FROM webhook_events WHERE app = $1 AND id > $2 ORDER BY id LIMIT $3",
            postgres: "SELECT COALESCE(e.id, 0), COALESCE(e.count, 0), m.oldest, m.next
                       FROM (SELECT x::text::bigint AS oldest, x::text::bigint + age(x::xid) AS next
                             FROM pg_snapshot_xmin(pg_current_snapshot()) AS x OFFSET 0) AS m
                       LEFT JOIN LATERAL (
                           SELECT id, count FROM webhook_events WHERE app = $1 AND id > $2 ORDER BY id LIMIT $3
                       ) AS e ON TRUE
                       ORDER BY e.id"
        },
        (app, after, count.min(IDS_MAX) as i64),
    )?;
    let moment = rows.first().map_or(Moment::default(), |&(_, _, oldest, next)| Moment { oldest, next });
    let found = rows.into_iter().map(|(id, count, ..)| (id, count));
    // A look that found none still says when it was.
    Ok((found.filter(|(_, count)| *count > 0).collect(), moment))
}

/// Ids of one read: whoever reads has a part of them in hand already.
pub const IDS_MAX: usize = 4 * limit::STORE_PAGE;

/// Reads batches, a bounded number of them, in the order of their ids.
pub fn load(snapshot: &mut Snapshot<'_>, ids: &[i64]) -> Result<Vec<Batch>> {
    let (app, ids) = (snapshot.app(), serde_json::json!(ids).to_string());
    let rows: Vec<(i64, String)> = snapshot.all(
        sql! {
            sqlite: "SELECT e.id, e.events FROM json_each($2) AS u CROSS JOIN webhook_events e
                     WHERE e.app = $1 AND e.id = u.value ORDER BY e.id",
            postgres: "SELECT e.id, e.events FROM jsonb_array_elements_text($2::text::jsonb) AS u (id)
                       CROSS JOIN LATERAL (
                           SELECT id, events FROM webhook_events WHERE app = $1 AND id = u.id::bigint OFFSET 0) AS e
                       ORDER BY e.id"
        },
        (app, ids),
    )?;
    Ok(rows.into_iter().map(|(id, text)| written::read(id, &text)).collect())
}

/// A message with the number of its place.
type Found = (i64, UserId, i64, u32, u32, String, String, i64);

/// Reads the messages at some places, a bounded batch, in the order of the places; none where it is gone.
pub fn messages(snapshot: &mut Snapshot<'_>, places: &[(ConversationId, Place)]) -> Result<Vec<Option<Told>>> {
    let mut found: Vec<Option<Told>> = places.iter().map(|_| None).collect();
    if places.is_empty() {
        return Ok(found);
    }
    let item = |(conversation, place): &(ConversationId, Place)| {
        serde_json::json!([hex(conversation), place.time, place.seq.0])
    };
    let items = places.iter().map(item).collect::<serde_json::Value>().to_string();
    let app = snapshot.app();
    let rows: Vec<Found> = snapshot.all(
        sql! {
            sqlite: "SELECT u.key, m.sender, m.time, m.msg_seq, m.msg_random, m.body, m.cloud, m.flags
                     FROM json_each($2) AS u CROSS JOIN messages m
                     WHERE m.app = $1 AND m.conversation = unhex(u.value->>0) AND m.time = u.value->>1
                       AND m.seq = u.value->>2 AND m.grouped = 0",
            postgres: "SELECT u.n - 1, m.sender, m.time, m.msg_seq, m.msg_random, m.body, m.cloud, m.flags
                       FROM jsonb_array_elements($2::text::jsonb) WITH ORDINALITY AS u (v, n)
                       CROSS JOIN LATERAL (
                           SELECT * FROM messages
                           WHERE app = $1 AND conversation = decode(u.v->>0, 'hex') AND time = (u.v->>1)::bigint
                             AND seq = (u.v->>2)::bigint AND grouped = 0 OFFSET 0) AS m"
        },
        (app, items),
    )?;
    for (index, sender, time, seq, random, body, cloud, flags) in rows {
        let place = usize::try_from(index).ok().and_then(|index| found.get_mut(index));
        let place = place.ok_or_else(|| Failure::internal("a message of no place"))?;
        let (key, body, cloud) = (MsgKey { time, seq, random }, body.into(), cloud.into());
        *place = Some(Told { sender, key, body, cloud, flags: Flags(flags) });
    }
    Ok(found)
}

/// Takes batches away whose events were all told or given up. Most of them follow each other: each run goes by one statement.
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

/// Counts the events of the app that wait, in a bounded number of batches.
pub fn depth(snapshot: &mut Snapshot<'_>, max: usize) -> Result<i64> {
    let app = snapshot.app();
    let (count,): (i64,) = snapshot.one(
        sql!(
            "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT)
             FROM (SELECT count FROM webhook_events WHERE app = $1 LIMIT $2) AS recent"
        ),
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
