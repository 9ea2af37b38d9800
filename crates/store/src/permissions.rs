//! Permission groups of communities: who may do what beyond what everybody may.
//!
//! Whoever changes them holds the community first ([`crate::groups::lock`]).

use contract::{ConversationId, Millis, Result, UserId};

use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// A permission group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its members may do.
    pub permission: i64,
    /// What the app keeps there.
    pub custom: String,
    /// When it was made.
    pub created_at: Millis,
    /// How many are in it.
    pub members: i64,
}

impl FromRow for PermissionGroup {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            permission: row.get(2)?,
            custom: row.get(3)?,
            created_at: row.get(4)?,
            members: row.get(5)?,
        })
    }
}

/// Adds a permission group; answers false if its id is taken.
pub fn add(tx: &mut Tx<'_>, community: ConversationId, group: &PermissionGroup) -> Result<bool> {
    let app = tx.app();
    let PermissionGroup { id, name, permission, custom, created_at, .. } = group;
    let added = tx.run(
        sql!(
            "INSERT INTO permission_groups (app, community, id, name, permission, custom, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (app, community, id) DO NOTHING"
        ),
        (app, community, id.as_str(), name.as_str(), *permission, custom.as_str(), *created_at),
    )?;
    Ok(added > 0)
}

/// Reads a permission group.
pub fn get(snapshot: &mut Snapshot<'_>, community: ConversationId, id: &str) -> Result<Option<PermissionGroup>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT id, name, permission, custom, created_at, members FROM permission_groups
             WHERE app = $1 AND community = $2 AND id = $3"
        ),
        (app, community, id),
    )
}

/// Reads a page of permission groups behind an id.
pub fn page(
    snapshot: &mut Snapshot<'_>,
    community: ConversationId,
    after: &str,
    count: usize,
) -> Result<Vec<PermissionGroup>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT id, name, permission, custom, created_at, members FROM permission_groups
             WHERE app = $1 AND community = $2 AND id > $3 ORDER BY id LIMIT $4"
        ),
        (app, community, after, count as i64),
    )
}

/// Counts permission groups.
pub fn count(snapshot: &mut Snapshot<'_>, community: ConversationId) -> Result<i64> {
    let app = snapshot.app();
    let (count,) = snapshot
        .one(sql!("SELECT COUNT(*) FROM permission_groups WHERE app = $1 AND community = $2"), (app, community))?;
    Ok(count)
}

/// Changes a permission group.
pub fn change(tx: &mut Tx<'_>, community: ConversationId, group: &PermissionGroup) -> Result<()> {
    let app = tx.app();
    let PermissionGroup { id, name, permission, custom, .. } = group;
    tx.post(
        sql!(
            "UPDATE permission_groups SET name = $4, permission = $5, custom = $6
             WHERE app = $1 AND community = $2 AND id = $3"
        ),
        (app, community, id.as_str(), name.as_str(), *permission, custom.as_str()),
    )
}

/// Removes a permission group with its members and its topics; answers false if there is none.
pub fn remove(tx: &mut Tx<'_>, community: ConversationId, id: &str) -> Result<bool> {
    let app = tx.app();
    tx.post(
        sql!("DELETE FROM permission_members WHERE app = $1 AND community = $2 AND id = $3"),
        (app, community, id),
    )?;
    tx.post(sql!("DELETE FROM topic_permissions WHERE app = $1 AND community = $2 AND id = $3"), (app, community, id))?;
    let removed = tx.run(
        sql!("DELETE FROM permission_groups WHERE app = $1 AND community = $2 AND id = $3"),
        (app, community, id),
    )?;
    Ok(removed > 0)
}

/// Puts an account into a permission group; answers false if it was there.
pub fn add_member(tx: &mut Tx<'_>, community: ConversationId, id: &str, account: &UserId) -> Result<bool> {
    let app = tx.app();
    let added = tx.run(
        sql!(
            "INSERT INTO permission_members (app, community, id, account) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, community, id, account) DO NOTHING"
        ),
        (app, community, id, account),
    )?;
    resize(tx, community, id, added as i64)?;
    Ok(added > 0)
}

/// Takes an account out of a permission group; answers false if it was not there.
pub fn remove_member(tx: &mut Tx<'_>, community: ConversationId, id: &str, account: &UserId) -> Result<bool> {
    let app = tx.app();
    let removed = tx.run(
        sql!("DELETE FROM permission_members WHERE app = $1 AND community = $2 AND id = $3 AND account = $4"),
        (app, community, id, account),
    )?;
    resize(tx, community, id, -(removed as i64))?;
    Ok(removed > 0)
}

/// Takes an account that leaves a community out of all its permission groups.
pub fn forget(tx: &mut Tx<'_>, community: ConversationId, account: &UserId) -> Result<()> {
    for id in of_account(tx, community, account)? {
        remove_member(tx, community, &id, account)?;
    }
    Ok(())
}

fn resize(tx: &mut Tx<'_>, community: ConversationId, id: &str, by: i64) -> Result<()> {
    let app = tx.app();
    if by != 0 {
        tx.post(
            sql!("UPDATE permission_groups SET members = members + $4 WHERE app = $1 AND community = $2 AND id = $3"),
            (app, community, id, by),
        )?;
    }
    Ok(())
}

/// The permission groups that an account is in: no more than a community has.
pub fn of_account(snapshot: &mut Snapshot<'_>, community: ConversationId, account: &UserId) -> Result<Vec<String>> {
    let app = snapshot.app();
    let rows: Vec<(String,)> = snapshot.all(
        sql!("SELECT id FROM permission_members WHERE app = $1 AND community = $2 AND account = $3 ORDER BY id"),
        (app, community, account),
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// What the permission groups that an account is in allow it in the community, one mask each.
pub fn masks(snapshot: &mut Snapshot<'_>, community: ConversationId, account: &UserId) -> Result<Vec<i64>> {
    let app = snapshot.app();
    let rows: Vec<(i64,)> = snapshot.all(
        sql!(
            "SELECT g.permission FROM permission_members m
             JOIN permission_groups g ON g.app = m.app AND g.community = m.community AND g.id = m.id
             WHERE m.app = $1 AND m.community = $2 AND m.account = $3"
        ),
        (app, community, account),
    )?;
    Ok(rows.into_iter().map(|(mask,)| mask).collect())
}

/// What the permission groups that an account is in allow it in a topic, one mask each.
pub fn topic_masks(
    snapshot: &mut Snapshot<'_>,
    community: ConversationId,
    topic: ConversationId,
    account: &UserId,
) -> Result<Vec<i64>> {
    let app = snapshot.app();
    let rows: Vec<(i64,)> = snapshot.all(
        sql!(
            "SELECT t.permission FROM permission_members m
             JOIN topic_permissions t ON t.app = m.app AND t.community = m.community AND t.id = m.id AND t.topic = $3
             WHERE m.app = $1 AND m.community = $2 AND m.account = $4"
        ),
        (app, community, topic, account),
    )?;
    Ok(rows.into_iter().map(|(mask,)| mask).collect())
}

/// A page of a permission group's members behind an account.
pub fn members(
    snapshot: &mut Snapshot<'_>,
    community: ConversationId,
    id: &str,
    after: &str,
    count: usize,
) -> Result<Vec<UserId>> {
    let app = snapshot.app();
    let rows: Vec<(UserId,)> = snapshot.all(
        sql!(
            "SELECT account FROM permission_members
             WHERE app = $1 AND community = $2 AND id = $3 AND account > $4 ORDER BY account LIMIT $5"
        ),
        (app, community, id, after, count as i64),
    )?;
    Ok(rows.into_iter().map(|(account,)| account).collect())
}

/// What a permission group allows in a topic; none if nothing was said of it.
pub fn of_topic(
    snapshot: &mut Snapshot<'_>,
    community: ConversationId,
    id: &str,
    topic: ConversationId,
) -> Result<Option<i64>> {
    let app = snapshot.app();
    let found: Option<(i64,)> = snapshot.opt(
        sql!("SELECT permission FROM topic_permissions WHERE app = $1 AND community = $2 AND id = $3 AND topic = $4"),
        (app, community, id, topic),
    )?;
    Ok(found.map(|(mask,)| mask))
}

/// What a permission group allows in topics, with their ids: no more than a community has topics.
pub fn topics(snapshot: &mut Snapshot<'_>, community: ConversationId, id: &str) -> Result<Vec<(String, i64)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT t.id, p.permission FROM topic_permissions p
             JOIN topics t ON t.app = p.app AND t.conversation = p.topic
             WHERE p.app = $1 AND p.community = $2 AND p.id = $3 ORDER BY t.id"
        ),
        (app, community, id),
    )
}

/// Says what a permission group allows in a topic.
pub fn set_topic(
    tx: &mut Tx<'_>,
    community: ConversationId,
    id: &str,
    topic: ConversationId,
    permission: i64,
) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO topic_permissions (app, community, id, topic, permission) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (app, community, id, topic) DO UPDATE SET permission = $5"
        ),
        (app, community, id, topic, permission),
    )
}

/// Takes back what a permission group allows in a topic; answers false if nothing was said of it.
pub fn unset_topic(tx: &mut Tx<'_>, community: ConversationId, id: &str, topic: ConversationId) -> Result<bool> {
    let app = tx.app();
    let removed = tx.run(
        sql!("DELETE FROM topic_permissions WHERE app = $1 AND community = $2 AND id = $3 AND topic = $4"),
        (app, community, id, topic),
    )?;
    Ok(removed > 0)
}
