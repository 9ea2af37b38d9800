//! What belongs to the operator: apps, shared secrets, nodes and the audit log.
//!
//! These rows are bound to no tenant; a transaction on them is bound to [`contract::AppId::PLATFORM`].

use contract::{AppId, Millis, Result, limit};

use crate::{Snapshot, Tx};

/// An app's settings as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    /// SDKAppID.
    pub id: AppId,
    /// JSON without secrets; see [`crate::apps`].
    pub record: String,
    /// JSON of the secrets, encrypted under the master key.
    pub sealed: Vec<u8>,
    /// Rises with every change.
    pub version: i64,
}

/// Reads all apps in pages ordered by id.
pub fn apps(snapshot: &mut Snapshot<'_>, after: AppId) -> Result<Vec<AppRow>> {
    let rows: Vec<(AppId, String, Vec<u8>, i64)> = snapshot.all(
        sql!("SELECT id, record, sealed, version FROM apps WHERE id > $1 ORDER BY id LIMIT $2"),
        (after, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(id, record, sealed, version)| AppRow { id, record, sealed, version }).collect())
}

/// Reads one app.
pub fn app(snapshot: &mut Snapshot<'_>, id: AppId) -> Result<Option<AppRow>> {
    let row: Option<(AppId, String, Vec<u8>, i64)> =
        snapshot.opt(sql!("SELECT id, record, sealed, version FROM apps WHERE id = $1"), (id,))?;
    Ok(row.map(|(id, record, sealed, version)| AppRow { id, record, sealed, version }))
}

/// Adds an app. Answers false, and changes nothing, if the id is taken.
pub fn add_app(tx: &mut Tx<'_>, now: Millis, id: AppId, record: &str, sealed: &[u8]) -> Result<bool> {
    let added = tx.run(
        sql!(
            "INSERT INTO apps (id, record, sealed, version, created_at) VALUES ($1, $2, $3, 1, $4)
             ON CONFLICT (id) DO NOTHING"
        ),
        (id, record, sealed, now),
    )?;
    Ok(added > 0)
}

/// Replaces an app's settings if nobody else did since they were read. Answers whether it did.
pub fn set_app(tx: &mut Tx<'_>, row: &AppRow) -> Result<bool> {
    let changed = tx.run(
        sql!("UPDATE apps SET record = $2, sealed = $3, version = version + 1 WHERE id = $1 AND version = $4"),
        (row.id, &row.record, row.sealed.clone(), row.version),
    )?;
    Ok(changed > 0)
}

/// Sums up the apps in one number that changes whenever one of them does.
pub fn apps_version(snapshot: &mut Snapshot<'_>) -> Result<i64> {
    let (version,): (i64,) = snapshot.one(sql!("SELECT CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM apps"), ())?;
    Ok(version)
}

/// Reads a shared secret.
pub fn secret(snapshot: &mut Snapshot<'_>, name: &str) -> Result<Option<Vec<u8>>> {
    let row: Option<(Vec<u8>,)> = snapshot.opt(sql!("SELECT value FROM secrets WHERE name = $1"), (name,))?;
    Ok(row.map(|(value,)| value))
}

/// Adds a shared secret unless it is there, and answers the one that holds: two nodes may start at once.
pub fn add_secret(tx: &mut Tx<'_>, name: &str, value: &[u8]) -> Result<Vec<u8>> {
    tx.post(sql!("INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"), (name, value))?;
    let (value,): (Vec<u8>,) = tx.one(sql!("SELECT value FROM secrets WHERE name = $1"), (name,))?;
    Ok(value)
}

/// The name of the number by which devices tell one life of the store from another. It is no secret, but shared.
pub(crate) const LIFE: &str = "store.life";

/// The number of the store's life: another one each time that it was put back from an older copy, 0 if it never was.
pub fn life(snapshot: &mut Snapshot<'_>) -> Result<i64> {
    let bytes = secret(snapshot, LIFE)?;
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes))
}

/// Begins a life of the store: devices that knew it before forget what they hold.
pub fn begin_life(tx: &mut Tx<'_>, life: i64) -> Result<()> {
    tx.post(
        sql!("INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2"),
        (LIFE, &life.to_be_bytes()[..]),
    )
}

/// Says that a node is alive.
pub fn beat(tx: &mut Tx<'_>, now: Millis, id: i64, name: &str) -> Result<()> {
    tx.post(
        sql!("INSERT INTO nodes (id, name, seen_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET seen_at = $3"),
        (id, name, now),
    )
}

/// How long a node that was not heard of may still be there: some beats.
const ABSENT_MS: i64 = 30_000;

/// Whether no other node was heard of lately.
pub fn is_alone(snapshot: &mut Snapshot<'_>, now: Millis, id: i64) -> Result<bool> {
    let others: Option<(i64,)> = snapshot
        .opt(sql!("SELECT id FROM nodes WHERE id <> $1 AND seen_at > $2 LIMIT 1"), (id, now.plus(-ABSENT_MS)))?;
    Ok(others.is_none())
}

/// Says that a node stops, and forgets those that were silent for a day.
pub fn leave(tx: &mut Tx<'_>, now: Millis, id: i64) -> Result<()> {
    tx.post(sql!("DELETE FROM nodes WHERE id = $1 OR seen_at < $2"), (id, now.plus(-86_400_000)))
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Made by the application, rising with time.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: String,
    /// Did what.
    pub action: String,
    /// To what.
    pub target: String,
    /// In more words; never a secret.
    pub detail: String,
}

/// Adds an entry.
pub fn add_entry(tx: &mut Tx<'_>, entry: &Entry) -> Result<()> {
    tx.post(
        sql!("INSERT INTO audit (id, at, actor, action, target, detail) VALUES ($1, $2, $3, $4, $5, $6)"),
        (entry.id, entry.at, &entry.actor, &entry.action, &entry.target, &entry.detail),
    )
}

/// Reads the newest entries before an id, newest first.
pub fn entries(snapshot: &mut Snapshot<'_>, before: i64, count: usize) -> Result<Vec<Entry>> {
    let rows: Vec<(i64, Millis, String, String, String, String)> = snapshot.all(
        sql!("SELECT id, at, actor, action, target, detail FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2"),
        (before, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows
        .into_iter()
        .map(|(id, at, actor, action, target, detail)| Entry { id, at, actor, action, target, detail })
        .collect())
}
