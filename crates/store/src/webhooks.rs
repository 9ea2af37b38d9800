//! What webhooks have to tell: rows that a transaction leaves, and that are gone when they were told.
//!
//! One node at a time tells the events of an app, by a lease; within it the order of each part holds because the node
//! reads by id and tells one event of a part at a time. So nothing is written when an event is taken up, and many are
//! deleted at once when they are told: a crash repeats what was told and not yet deleted, and loses nothing.

use std::sync::Arc;

use contract::message::Flags;
use contract::webhook::{Happening, Origin, Untold};
use contract::{AppId, ConversationId, Failure, Millis, MsgKey, Place, Result, Seq, UserId, limit};

use crate::conversations::hex;
use crate::{Snapshot, Tx};

/// What happened, with the texts as which it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its id is 0 where it is only to be read.
    pub(crate) untold: Untold,
    pub(crate) origin: String,
    pub(crate) happening: String,
}

impl Kept {
    pub(crate) fn new(
        (part, at): (i64, Millis),
        origin: Origin,
        happening: Happening,
        place: Option<(ConversationId, Place)>,
    ) -> Result<Self> {
        let text = |value: serde_json::Result<String>| value.map_err(Failure::internal);
        let (origin_text, kept) = (text(serde_json::to_string(&origin))?, text(serde_json::to_string(&happening))?);
        let happening = Some(happening);
        let untold = Untold { id: 0, part, at, origin, happening, place, bytes: kept.len() };
        Ok(Self { untold, origin: origin_text, happening: kept })
    }

    /// What is handed over to whoever tells it.
    pub(crate) fn hand(self) -> Option<Arc<Untold>> {
        (self.untold.id > 0).then(|| Arc::new(self.untold))
    }
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

/// Adds an event; [`Tx::after_hook`] asks before whether the app wants it. Gives it out where its id is known at once.
pub(crate) fn add(tx: &mut Tx<'_>, now: Millis, origin: Origin, happening: &Happening) -> Result<Option<Arc<Untold>>> {
    let app = tx.app();
    let mut kept = Kept::new((happening.part(), now), origin, happening.clone(), None)?;
    let (part, origin, happening) = (kept.untold.part, &*kept.origin, &*kept.happening);
    if let Some(id) = tx.event_id(now)? {
        tx.post(
            sql!("INSERT INTO webhook_events (app, id, part, at, origin, happening) VALUES ($1, $2, $3, $4, $5, $6)"),
            (app, id, part, now, origin, happening),
        )?;
        kept.untold.id = id;
    } else {
        tx.post(
            sql!("INSERT INTO webhook_events (app, part, at, origin, happening) VALUES ($1, $2, $3, $4, $5)"),
            (app, part, now, origin, happening),
        )?;
    }
    Ok(kept.hand())
}

type Row = (i64, i64, Millis, String, String, Option<ConversationId>, i64, Seq);

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

/// Reads events behind an id up to another one, in their order.
pub fn load(snapshot: &mut Snapshot<'_>, after: i64, until: i64, count: usize) -> Result<Vec<Untold>> {
    let app = snapshot.app();
    let rows: Vec<Row> = snapshot.all(
        sql!(
            "SELECT id, part, at, origin, happening, conversation, time, seq FROM webhook_events
             WHERE app = $1 AND id > $2 AND id <= $3 ORDER BY id LIMIT $4"
        ),
        (app, after, until, count.min(IDS_MAX) as i64),
    )?;
    Ok(rows.into_iter().map(untold).collect())
}

fn untold((id, part, at, origin, happening, conversation, time, seq): Row) -> Untold {
    Untold {
        id,
        part,
        at,
        origin: serde_json::from_str(&origin).unwrap_or_default(),
        happening: serde_json::from_str(&happening).ok(),
        place: conversation.map(|conversation| (conversation, Place { seq, time })),
        bytes: happening.len(),
    }
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
        *place = Some(Told { sender, key: MsgKey { time, seq, random }, body, cloud, flags: Flags(flags) });
    }
    Ok(found)
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
