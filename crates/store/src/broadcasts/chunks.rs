//! Chunks: cut from an audience, claimed by lease, moved on slice by slice, ended.
//!
//! A claim moves `due_at` to the end of the lease: a chunk whose worker is gone becomes due by itself. Whoever moves a
//! chunk on names the claim; one that has run out, or whose broadcast was revoked, changes nothing.

use contract::{AppId, DeviceId, Millis, Result, UserId, limit};

use super::Broadcast;
use crate::deliveries::Claim;
use crate::devices::{NODE_SILENCE_MS, Token};
use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// A chunk under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its broadcast.
    pub broadcast: i64,
    /// Its number in the broadcast.
    pub number: i64,
    /// Everybody after this one …
    pub low: String,
    /// … up to and with this one.
    pub high: String,
    /// How far it is.
    pub progress: Progress,
}

/// How far a chunk is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Done up to here, but for the lanes that are behind.
    pub done: String,
    /// Lanes that are behind, each with its own place, as JSON.
    pub behind: String,
    /// Accounts that matched.
    pub matched: i64,
    /// Accounts that were reached over their connections.
    pub told: i64,
    /// Counts by status, as JSON.
    pub statuses: String,
}

impl FromRow for Chunk {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let progress = Progress {
            done: row.get(4)?,
            behind: row.get(5)?,
            matched: row.get(6)?,
            told: row.get(7)?,
            statuses: row.get(8)?,
        };
        Ok(Self { broadcast: row.get(0)?, number: row.get(1)?, low: row.get(2)?, high: row.get(3)?, progress })
    }
}

/// Takes the chunk that is due first, if one is.
pub fn claim(tx: &mut Tx<'_>, now: Millis, claim: &Claim) -> Result<Option<Chunk>> {
    let app = tx.app();
    let found: Option<Chunk> = tx.opt(
        sql! {
            sqlite: "SELECT broadcast, number, low_key, high_key, done_key, behind, matched, told, statuses
                     FROM broadcast_chunks WHERE app = $1 AND due_at <= $2 ORDER BY due_at LIMIT 1",
            postgres: "SELECT broadcast, number, low_key, high_key, done_key, behind, matched, told, statuses
                       FROM broadcast_chunks WHERE app = $1 AND due_at <= $2 ORDER BY due_at LIMIT 1
                       FOR UPDATE SKIP LOCKED"
        },
        (app, now),
    )?;
    if let Some(chunk) = &found {
        tx.post(
            sql!(
                "UPDATE broadcast_chunks SET due_at = $4, lease_by = $5, lease = $6
                 WHERE app = $1 AND broadcast = $2 AND number = $3"
            ),
            (app, chunk.broadcast, chunk.number, claim.until, claim.node, claim.id),
        )?;
    }
    Ok(found)
}

/// Where the next chunk of an app begins, for a look at where it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    /// Its broadcast.
    pub broadcast: i64,
    /// Whom that is for, as JSON.
    pub audience: String,
    /// Everybody after this one.
    pub key: String,
    /// When it is not worth delivering any more.
    pub expires_at: Millis,
}

impl FromRow for Frontier {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self { broadcast: row.get(0)?, audience: row.get(1)?, key: row.get(2)?, expires_at: row.get(3)? })
    }
}

/// Finds the broadcast that [`next`] finds, if nobody else holds it, without holding it.
pub fn frontier(snapshot: &mut Snapshot<'_>, now: Millis) -> Result<Option<Frontier>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT number, audience, frontier, expires_at FROM broadcasts
             WHERE app = $1 AND ended_at = 0 AND due_at <= $2 AND stage = 0 ORDER BY due_at, number LIMIT 1"
        ),
        (app, now),
    )
}

/// Finds the broadcast whose next chunk is to be cut, and holds it until the transaction ends.
pub fn next(tx: &mut Tx<'_>, now: Millis) -> Result<Option<Broadcast>> {
    let app = tx.app();
    tx.opt(
        sql! {
            sqlite: "SELECT number, origin, sender, random, crc, audience, matter, notification, data_id, created_at,
                         expires_at, CASE WHEN kept = 1 THEN kept_before END, task, stage, frontier, chunks, ended_at,
                         revoked_at, matched, told, statuses
                     FROM broadcasts WHERE app = $1 AND ended_at = 0 AND due_at <= $2 AND stage = 0
                     ORDER BY due_at, number LIMIT 1",
            postgres: "SELECT number, origin, sender, random, crc, audience, matter, notification, data_id, created_at,
                           expires_at, CASE WHEN kept = 1 THEN kept_before END, task, stage, frontier, chunks, ended_at,
                           revoked_at, matched, told, statuses
                       FROM broadcasts WHERE app = $1 AND ended_at = 0 AND due_at <= $2 AND stage = 0
                       ORDER BY due_at, number LIMIT 1 FOR UPDATE SKIP LOCKED"
        },
        (app, now),
    )
}

/// Adds a chunk that is leased from the start and moves the frontier of its broadcast, which the transaction holds;
/// without one, all are cut.
pub fn cut(tx: &mut Tx<'_>, now: Millis, of: &Broadcast, high: Option<&str>, claim: &Claim) -> Result<Option<Chunk>> {
    let app = tx.app();
    let (broadcast, number) = (of.order.number, of.chunks);
    let Some(high) = high else {
        tx.post(
            sql!("UPDATE broadcasts SET stage = 1 WHERE app = $1 AND number = $2 AND stage = 0"),
            (app, broadcast),
        )?;
        end_broadcast(tx, now, broadcast)?;
        return Ok(None);
    };
    tx.post(
        sql!(
            "INSERT INTO broadcast_chunks (app, broadcast, number, low_key, high_key, done_key, due_at, lease_by, lease)
             VALUES ($1, $2, $3, $4, $5, $4, $6, $7, $8)"
        ),
        (app, broadcast, number, &of.frontier, high, claim.until, claim.node, claim.id),
    )?;
    tx.post(
        sql!("UPDATE broadcasts SET frontier = $3, chunks = chunks + 1, due_at = $4 WHERE app = $1 AND number = $2"),
        (app, broadcast, high, now),
    )?;
    let empty = || "{}".to_owned();
    let progress = Progress { done: of.frontier.clone(), behind: empty(), statuses: empty(), ..Progress::default() };
    Ok(Some(Chunk { broadcast, number, low: of.frontier.clone(), high: high.to_owned(), progress }))
}

/// Writes down how far a chunk is and renews its lease. Answers false if the lease is gone.
pub fn save(tx: &mut Tx<'_>, chunk: &Chunk, claim: &Claim, until: Millis) -> Result<bool> {
    let app = tx.app();
    let progress = &chunk.progress;
    let changed = tx.run(
        sql!(
            "UPDATE broadcast_chunks SET done_key = $6, behind = $7, matched = $8, told = $9, statuses = $10, due_at = $11
             WHERE app = $1 AND broadcast = $2 AND number = $3 AND lease_by = $4 AND lease = $5"
        ),
        (
            app,
            chunk.broadcast,
            chunk.number,
            claim.node,
            claim.id,
            &progress.done,
            &progress.behind,
            progress.matched,
            progress.told,
            &progress.statuses,
            until,
        ),
    )?;
    Ok(changed > 0)
}

/// Extends a lease while its work is under way. Answers false if it is gone.
pub fn renew(tx: &mut Tx<'_>, broadcast: i64, number: i64, claim: &Claim, until: Millis) -> Result<bool> {
    let app = tx.app();
    let changed = tx.run(
        sql!(
            "UPDATE broadcast_chunks SET due_at = $6
             WHERE app = $1 AND broadcast = $2 AND number = $3 AND lease_by = $4 AND lease = $5"
        ),
        (app, broadcast, number, claim.node, claim.id, until),
    )?;
    Ok(changed > 0)
}

/// Gives a chunk back, to be taken again from a moment on.
pub fn postpone(tx: &mut Tx<'_>, chunk: &Chunk, claim: &Claim, due: Millis) -> Result<bool> {
    let app = tx.app();
    let changed = tx.run(
        sql!(
            "UPDATE broadcast_chunks SET due_at = $6, lease_by = 0, lease = 0
             WHERE app = $1 AND broadcast = $2 AND number = $3 AND lease_by = $4 AND lease = $5"
        ),
        (app, chunk.broadcast, chunk.number, claim.node, claim.id, due),
    )?;
    Ok(changed > 0)
}

/// Ends a chunk: its counts go to its broadcast, and the row is forgotten. `add` joins the counts by status. Answers
/// false if the lease is gone.
pub fn end_chunk(
    tx: &mut Tx<'_>,
    now: Millis,
    chunk: &Chunk,
    claim: &Claim,
    add: impl Fn(&str, &str) -> String,
) -> Result<bool> {
    let app = tx.app();
    // The broadcast first: of two chunks that end at once, the later one sees that it is the last.
    let held: Option<(String,)> = tx.opt(
        sql! {
            sqlite: "SELECT statuses FROM broadcasts WHERE app = $1 AND number = $2",
            postgres: "SELECT statuses FROM broadcasts WHERE app = $1 AND number = $2 FOR UPDATE"
        },
        (app, chunk.broadcast),
    )?;
    let gone = tx.run(
        sql!(
            "DELETE FROM broadcast_chunks
             WHERE app = $1 AND broadcast = $2 AND number = $3 AND lease_by = $4 AND lease = $5"
        ),
        (app, chunk.broadcast, chunk.number, claim.node, claim.id),
    )?;
    let Some((statuses,)) = held.filter(|_| gone > 0) else { return Ok(false) };
    tx.post(
        sql!(
            "UPDATE broadcasts SET matched = matched + $3, told = told + $4, statuses = $5
             WHERE app = $1 AND number = $2"
        ),
        (app, chunk.broadcast, chunk.progress.matched, chunk.progress.told, add(&statuses, &chunk.progress.statuses)),
    )?;
    end_broadcast(tx, now, chunk.broadcast)?;
    Ok(true)
}

/// Ends a broadcast if all its chunks are cut and done.
fn end_broadcast(tx: &mut Tx<'_>, now: Millis, broadcast: i64) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE broadcasts SET stage = 2, ended_at = $3
             WHERE app = $1 AND number = $2 AND stage = 1 AND NOT EXISTS (
                 SELECT 1 FROM broadcast_chunks c WHERE c.app = $1 AND c.broadcast = $2)"
        ),
        (app, broadcast, now),
    )
}

/// Keeps what became of the devices of a chunk, in the words of whoever sends.
pub fn set_outcomes(tx: &mut Tx<'_>, broadcast: i64, chunk: i64, outcomes: &str) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO broadcast_outcomes (app, broadcast, chunk, outcomes) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, broadcast, chunk) DO UPDATE SET outcomes = $4"
        ),
        (app, broadcast, chunk, outcomes),
    )
}

/// What became of the devices of a chunk so far; empty if nothing is known.
pub fn outcomes_of(snapshot: &mut Snapshot<'_>, broadcast: i64, chunk: i64) -> Result<String> {
    let app = snapshot.app();
    let row: Option<(String,)> = snapshot.opt(
        sql!("SELECT outcomes FROM broadcast_outcomes WHERE app = $1 AND broadcast = $2 AND chunk = $3"),
        (app, broadcast, chunk),
    )?;
    Ok(row.map(|(outcomes,)| outcomes).unwrap_or_default())
}

/// A page of what became of the devices of a broadcast, by chunk.
pub fn outcomes(snapshot: &mut Snapshot<'_>, broadcast: i64, after: i64, count: usize) -> Result<Vec<(i64, String)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT chunk, outcomes FROM broadcast_outcomes WHERE app = $1 AND broadcast = $2 AND chunk > $3
             ORDER BY chunk LIMIT $4"
        ),
        (app, broadcast, after, count.min(limit::STORE_PAGE) as i64),
    )
}

/// Reads the chunks of a broadcast that are not done; a look at progress adds them up.
pub fn open(snapshot: &mut Snapshot<'_>, broadcast: i64) -> Result<Vec<Chunk>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT broadcast, number, low_key, high_key, done_key, behind, matched, told, statuses
             FROM broadcast_chunks WHERE app = $1 AND broadcast = $2 ORDER BY number LIMIT $3"
        ),
        (app, broadcast, limit::STORE_PAGE as i64),
    )
}

/// When an app's broadcasts have something to do.
pub fn due(snapshot: &mut Snapshot<'_>) -> Result<Option<Millis>> {
    let app = snapshot.app();
    let (chunk, cutting): (Option<Millis>, Option<Millis>) = snapshot.one(
        sql!(
            "SELECT (SELECT MIN(c.due_at) FROM broadcast_chunks c WHERE c.app = $1),
                 (SELECT b.due_at FROM broadcasts b WHERE b.app = $1 AND b.ended_at = 0 AND b.stage = 0
                  ORDER BY b.due_at LIMIT 1)"
        ),
        (app,),
    )?;
    Ok([chunk, cutting].into_iter().flatten().min())
}

/// Lists the apps that have open broadcasts, in pages by id. It spans apps, so it runs for the platform.
pub fn apps(snapshot: &mut Snapshot<'_>, after: AppId) -> Result<Vec<AppId>> {
    let rows: Vec<(AppId,)> = snapshot.all(
        sql!(
            "WITH RECURSIVE firsts (app) AS (
                 SELECT (SELECT MIN(b.app) FROM broadcasts b WHERE b.ended_at = 0 AND b.app > $1)
                 UNION ALL
                 SELECT (SELECT MIN(b.app) FROM broadcasts b WHERE b.ended_at = 0 AND b.app > firsts.app)
                 FROM firsts WHERE firsts.app IS NOT NULL
             )
             SELECT firsts.app FROM firsts WHERE firsts.app IS NOT NULL LIMIT $2"
        ),
        (after, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(app,)| app).collect())
}

/// A device of an account and, row by row, its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The account.
    pub account: UserId,
    /// The device.
    pub device: DeviceId,
    /// Whether a living node holds a connection of it.
    pub is_connected: bool,
    /// By which it is reached; none for a device without any.
    pub token: Option<Token>,
}

/// Reads by which ways the logged-in devices of some accounts are reached: as many accounts as have fewer ways together
/// than one statement may answer.
pub fn ways(snapshot: &mut Snapshot<'_>, now: Millis, accounts: &[UserId]) -> Result<Vec<Way>> {
    type Found = (UserId, DeviceId, i64, Option<Millis>, Option<String>, Option<String>, Option<i64>, Option<Millis>);
    let app = snapshot.app();
    let list = serde_json::Value::from(accounts.iter().map(UserId::as_str).collect::<Vec<_>>()).to_string();
    let rows: Vec<Found> = snapshot.all(
        sql! {
            sqlite: "SELECT d.account, d.id, d.node, n.seen_at, t.channel, t.token, t.credential, t.bound_at
                     FROM devices d LEFT JOIN tokens t ON t.app = d.app AND t.device = d.id
                         LEFT JOIN nodes n ON n.id = d.node
                     WHERE d.app = $1 AND d.account IN (SELECT value FROM json_each($2)) AND d.account <> ''
                         AND d.logged_in = 1 AND d.replaced = 0
                     LIMIT $3",
            postgres: "SELECT d.account, d.id, d.node, n.seen_at, t.channel, t.token, t.credential, t.bound_at
                       FROM devices d LEFT JOIN tokens t ON t.app = d.app AND t.device = d.id
                           LEFT JOIN nodes n ON n.id = d.node
                       WHERE d.app = $1 AND d.account = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))
                           AND d.account <> '' AND d.logged_in = 1 AND d.replaced = 0
                       LIMIT $3"
        },
        (app, list, limit::STORE_PAGE as i64 * 10),
    )?;
    let way = |(account, device, node, seen, channel, token, credential, bound_at): Found| Way {
        is_connected: node != 0 && now.0 - seen.unwrap_or_default().0 < NODE_SILENCE_MS,
        token: channel.zip(token).map(|(channel, token)| Token {
            device: device.clone(),
            channel,
            token,
            credential: credential.unwrap_or_default(),
            bound_at: bound_at.unwrap_or_default(),
        }),
        account,
        device,
    };
    Ok(rows.into_iter().map(way).collect())
}

/// Adds to the numbers on the icons of devices, or sets them, and answers what they are now.
pub fn count_badges(tx: &mut Tx<'_>, devices: &[DeviceId], set: Option<i64>, add: i64) -> Result<Vec<(DeviceId, i64)>> {
    let app = tx.app();
    let list = serde_json::Value::from(devices.iter().map(DeviceId::as_str).collect::<Vec<_>>()).to_string();
    tx.all(
        sql! {
            sqlite: "UPDATE devices SET badge = CASE WHEN $3 IS NOT NULL THEN $3
                         WHEN badge + $4 < 0 THEN 0 ELSE badge + $4 END
                     WHERE app = $1 AND id IN (SELECT value FROM json_each($2)) RETURNING id, badge",
            postgres: "UPDATE devices SET badge = CASE WHEN $3::bigint IS NOT NULL THEN $3::bigint
                           WHEN badge + $4::bigint < 0 THEN 0 ELSE badge + $4::bigint END
                       WHERE app = $1 AND id = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))
                       RETURNING id, badge"
        },
        (app, list, set, add),
    )
}
