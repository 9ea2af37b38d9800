//! Key-value pairs and counters of groups. A group is named by its conversation.
//!
//! Whoever changes pairs or counters holds the group's head first ([`begin`], [`count`]): bounds on how many there are
//! cannot be kept otherwise.

use contract::{ConversationId, Millis, Result};

use crate::{Snapshot, Tx};

/// A pair as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// The version of the group's attributes at which it was written.
    pub version: i64,
}

/// What is known when a write of attributes begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The version before the write.
    pub version: i64,
    /// Writes of this second, this one among them.
    pub writes: i64,
}

/// Begins a write: holds the group's pairs until the transaction ends, and counts the writes of this second.
pub fn begin(tx: &mut Tx<'_>, group: ConversationId, now: Millis) -> Result<Head> {
    let app = tx.app();
    let (version, writes) = tx.one(
        sql!(
            "INSERT INTO group_attribute_heads (app, conversation, second, writes) VALUES ($1, $2, $3, 1)
             ON CONFLICT (app, conversation) DO UPDATE SET
                 writes = CASE WHEN group_attribute_heads.second = $3 THEN group_attribute_heads.writes + 1 ELSE 1 END,
                 second = $3
             RETURNING version, writes"
        ),
        (app, group, now.secs()),
    )?;
    Ok(Head { version, writes })
}

/// Ends a write with the version that holds from now on.
pub fn end(tx: &mut Tx<'_>, group: ConversationId, version: i64) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("UPDATE group_attribute_heads SET version = $3 WHERE app = $1 AND conversation = $2"),
        (app, group, version),
    )
}

/// The version of the group's attributes.
pub fn version(snapshot: &mut Snapshot<'_>, group: ConversationId) -> Result<i64> {
    let app = snapshot.app();
    let found: Option<(i64,)> = snapshot
        .opt(sql!("SELECT version FROM group_attribute_heads WHERE app = $1 AND conversation = $2"), (app, group))?;
    Ok(found.map_or(0, |(version,)| version))
}

/// All pairs of a group, by key: there are few.
pub fn all(snapshot: &mut Snapshot<'_>, group: ConversationId) -> Result<Vec<Attribute>> {
    let app = snapshot.app();
    let rows: Vec<(String, String, i64)> = snapshot.all(
        sql!("SELECT name, value, version FROM group_attributes WHERE app = $1 AND conversation = $2 ORDER BY name"),
        (app, group),
    )?;
    Ok(rows.into_iter().map(|(key, value, version)| Attribute { key, value, version }).collect())
}

/// Sets pairs.
pub fn set(tx: &mut Tx<'_>, group: ConversationId, pairs: &[(String, String)], version: i64) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "INSERT INTO group_attributes (app, conversation, name, value, version) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (app, conversation, name) DO UPDATE SET value = $4, version = $5"
        ),
        pairs.iter().map(|(key, value)| (app, group, key.as_str(), value.as_str(), version)),
    )
}

/// Removes pairs; answers how many were there.
pub fn remove(tx: &mut Tx<'_>, group: ConversationId, keys: &[String]) -> Result<u64> {
    let app = tx.app();
    tx.many(
        sql!("DELETE FROM group_attributes WHERE app = $1 AND conversation = $2 AND name = $3"),
        keys.iter().map(|key| (app, group, key.as_str())),
    )
}

/// Removes all pairs.
pub fn clear(tx: &mut Tx<'_>, group: ConversationId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM group_attributes WHERE app = $1 AND conversation = $2"), (app, group))
}

/// Begins a change of counters: holds them until the transaction ends. Answers how often they were changed.
pub fn count(tx: &mut Tx<'_>, group: ConversationId) -> Result<i64> {
    let app = tx.app();
    let (counted,) = tx.one(
        sql!(
            "INSERT INTO group_attribute_heads (app, conversation, counted) VALUES ($1, $2, 1)
             ON CONFLICT (app, conversation) DO UPDATE SET counted = group_attribute_heads.counted + 1
             RETURNING counted"
        ),
        (app, group),
    )?;
    Ok(counted)
}

/// All counters of a group, by key: there are few.
pub fn counters(snapshot: &mut Snapshot<'_>, group: ConversationId) -> Result<Vec<(String, i64)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!("SELECT name, value FROM group_counters WHERE app = $1 AND conversation = $2 ORDER BY name"),
        (app, group),
    )
}

/// Sets counters.
pub fn set_counters(tx: &mut Tx<'_>, group: ConversationId, counters: &[(String, i64)]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "INSERT INTO group_counters (app, conversation, name, value) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, conversation, name) DO UPDATE SET value = $4"
        ),
        counters.iter().map(|(key, value)| (app, group, key.as_str(), *value)),
    )
}

/// Removes counters; those that are not there are passed over.
pub fn remove_counters(tx: &mut Tx<'_>, group: ConversationId, keys: &[String]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("DELETE FROM group_counters WHERE app = $1 AND conversation = $2 AND name = $3"),
        keys.iter().map(|key| (app, group, key.as_str())),
    )
}
