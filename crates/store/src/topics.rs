//! Topics of communities: rooms of their own with the members of the community.

use contract::{ConversationId, Millis, Result, Seq, UserId};

use crate::groups::ended;
use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its conversation.
    pub conversation: ConversationId,
    /// That of the community.
    pub community: ConversationId,
    /// How often the community's id was taken before.
    pub life: i64,
    /// Its id.
    pub id: String,
    /// Who made it.
    pub creator: UserId,
    /// What it says of itself.
    pub card: Card,
    /// When it was made.
    pub created_at: Millis,
    /// Whether plain members may not speak.
    pub is_muted: bool,
    /// Whether it was deleted.
    pub is_deleted: bool,
}

/// What a topic says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Card {
    /// Its name.
    pub name: String,
    /// The URL of its picture.
    pub face: String,
    /// What it is about.
    pub introduction: String,
    /// What everybody should read.
    pub notification: String,
    /// What the app keeps there.
    pub custom: String,
}

/// How far a topic's messages have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The newest message.
    pub seq: Seq,
    /// When it came.
    pub last_at: Millis,
}

impl FromRow for Topic {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            conversation: row.get(0)?,
            community: row.get(1)?,
            id: row.get(2)?,
            creator: row.get(3)?,
            card: Card {
                name: row.get(4)?,
                face: row.get(5)?,
                introduction: row.get(6)?,
                notification: row.get(7)?,
                custom: row.get(8)?,
            },
            created_at: row.get(9)?,
            is_muted: row.get(10)?,
            is_deleted: row.get::<i64>(11)? > 0,
            life: row.get(12)?,
        })
    }
}

/// Adds a topic with its conversation, which no other one has. Answers false if there is one, deleted or not.
pub fn add(tx: &mut Tx<'_>, topic: &Topic) -> Result<bool> {
    let app = tx.app();
    let Topic { conversation, community, id, creator, card, created_at, .. } = topic;
    let added = tx.run(
        sql!(
            "INSERT INTO topics (app, conversation, community, id, creator, name, face, introduction, notification,
                                 custom, created_at, life)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (app, conversation) DO NOTHING"
        ),
        (
            app,
            conversation,
            community,
            id.as_str(),
            creator,
            card.name.as_str(),
            card.face.as_str(),
            card.introduction.as_str(),
            card.notification.as_str(),
            card.custom.as_str(),
            *created_at,
            topic.life,
        ),
    )?;
    if added > 0 {
        tx.post(
            sql!("INSERT INTO conversations (app, id, kind, low, high) VALUES ($1, $2, 1, $3, '')"),
            (app, conversation, id.as_str()),
        )?;
        // What messages are sent into is a group: one without a number, which no list of groups shows.
        tx.post(
            sql!(
                "INSERT INTO groups (app, id, conversation, life, kind, number, name, owner, created_at, info_at,
                                     members_max, join_option, invite_option, shows_past)
                 VALUES ($1, $2, $3, $4, 5, 0, $5, '', $6, $6, 0, 2, 2, 1)
                 ON CONFLICT (app, id) DO UPDATE SET
                     conversation = $3, life = $4, name = $5, created_at = $6, info_at = $6, ended_at = 0, is_muted = 0,
                     cleared_seq = 0, import_number = 0, import_seq = 0"
            ),
            (app, id.as_str(), conversation, topic.life, card.name.as_str(), *created_at),
        )?;
    }
    Ok(added > 0)
}

/// Reads a topic, a deleted one too.
pub fn get(snapshot: &mut Snapshot<'_>, conversation: ConversationId) -> Result<Option<Topic>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT conversation, community, id, creator, name, face, introduction, notification, custom, created_at,
                    muted, deleted_at, life
             FROM topics WHERE app = $1 AND conversation = $2"
        ),
        (app, conversation),
    )
}

/// Reads a page of a community's topics behind an id.
pub fn of_community(
    snapshot: &mut Snapshot<'_>,
    community: ConversationId,
    after: &str,
    count: usize,
) -> Result<Vec<Topic>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT conversation, community, id, creator, name, face, introduction, notification, custom, created_at,
                    muted, deleted_at, life
             FROM topics WHERE app = $1 AND community = $2 AND deleted_at = 0 AND id > $3 ORDER BY id LIMIT $4"
        ),
        (app, community, after, count as i64),
    )
}

/// Counts a community's topics.
pub fn count(snapshot: &mut Snapshot<'_>, community: ConversationId) -> Result<i64> {
    let app = snapshot.app();
    let (count,) = snapshot.one(
        sql!("SELECT COUNT(*) FROM topics WHERE app = $1 AND community = $2 AND deleted_at = 0"),
        (app, community),
    )?;
    Ok(count)
}

/// Changes what a topic says of itself, and who may speak in it.
pub fn change(tx: &mut Tx<'_>, conversation: ConversationId, card: &Card, is_muted: bool) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE topics SET name = $3, face = $4, introduction = $5, notification = $6, custom = $7, muted = $8
             WHERE app = $1 AND conversation = $2"
        ),
        (
            app,
            conversation,
            card.name.as_str(),
            card.face.as_str(),
            card.introduction.as_str(),
            card.notification.as_str(),
            card.custom.as_str(),
            is_muted,
        ),
    )?;
    tx.post(
        sql!("UPDATE groups SET name = $3, is_muted = $4 WHERE app = $1 AND conversation = $2"),
        (app, conversation, card.name.as_str(), is_muted),
    )
}

/// Deletes a topic; answers false if it is deleted already. Its messages go with time.
pub fn delete(tx: &mut Tx<'_>, topic: &Topic, now: Millis) -> Result<bool> {
    let app = tx.app();
    let Topic { conversation, community, .. } = topic;
    let deleted = tx.run(
        sql!("UPDATE topics SET deleted_at = $3 WHERE app = $1 AND conversation = $2 AND deleted_at + 0 = 0"),
        (app, conversation, now),
    )?;
    // Whoever sends into it finds no conversation.
    tx.post(sql!("DELETE FROM conversations WHERE app = $1 AND id = $2"), (app, conversation))?;
    tx.post(sql!("UPDATE groups SET ended_at = $3 WHERE app = $1 AND conversation = $2"), (app, conversation, now))?;
    tx.post(
        sql!("DELETE FROM topic_permissions WHERE app = $1 AND community = $2 AND topic = $3"),
        (app, community, conversation),
    )?;
    if deleted > 0 {
        ended::note(tx, *conversation, now)?;
    }
    Ok(deleted > 0)
}

/// How far a topic's messages have come.
pub fn progress(snapshot: &mut Snapshot<'_>, conversation: ConversationId) -> Result<Progress> {
    let app = snapshot.app();
    let found: Option<(Seq, Millis)> =
        snapshot.opt(sql!("SELECT seq, last_at FROM conversations WHERE app = $1 AND id = $2"), (app, conversation))?;
    Ok(found.map_or_else(Progress::default, |(seq, last_at)| Progress { seq, last_at }))
}

/// Up to where a member has read a topic; 0 if it never said so.
pub fn read_seq(snapshot: &mut Snapshot<'_>, conversation: ConversationId, account: &UserId) -> Result<Seq> {
    let app = snapshot.app();
    let found: Option<(Seq,)> = snapshot.opt(
        sql!("SELECT read_seq FROM topic_marks WHERE app = $1 AND conversation = $2 AND account = $3"),
        (app, conversation, account),
    )?;
    Ok(found.map_or(Seq(0), |(seq,)| seq))
}

/// Notes that a member has read a topic up to a place; never back. Answers whether the mark moved.
pub fn mark_read(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    account: &UserId,
    seq: Seq,
    now: Millis,
) -> Result<bool> {
    let app = tx.app();
    let moved = tx.run(
        sql!(
            "INSERT INTO topic_marks (app, conversation, account, read_seq, read_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (app, conversation, account) DO UPDATE SET read_seq = $4, read_at = $5
             WHERE topic_marks.read_seq < $4"
        ),
        (app, conversation, account, seq, now),
    )?;
    Ok(moved > 0)
}

/// A topic that something happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its id.
    pub id: String,
    /// When that was.
    pub at: Millis,
    /// Whether it was deleted.
    pub is_deleted: bool,
}

/// Topics of a community that moved behind a moment and an id, in that order: by a message, by the account's own mark, or
/// because they were deleted. From the beginning, those that are there.
pub fn moved(
    snapshot: &mut Snapshot<'_>,
    community: ConversationId,
    account: &UserId,
    (after, id): (Millis, &str),
    count: usize,
) -> Result<Vec<Moved>> {
    let app = snapshot.app();
    let rows: Vec<(String, Millis, i64)> = snapshot.all(
        sql!(
            "SELECT recent.id, recent.moved, recent.deleted_at FROM (
                 SELECT t.id AS id, t.deleted_at AS deleted_at,
                        CASE WHEN t.deleted_at > 0 THEN t.deleted_at
                             WHEN COALESCE(r.read_at, 0) > COALESCE(c.moved_at, 0) THEN r.read_at
                             ELSE COALESCE(c.moved_at, 0) END AS moved
                 FROM topics t
                 LEFT JOIN conversations c ON c.app = t.app AND c.id = t.conversation
                 LEFT JOIN topic_marks r ON r.app = t.app AND r.conversation = t.conversation AND r.account = $3
                 WHERE t.app = $1 AND t.community = $2
             ) AS recent
             WHERE (recent.moved, recent.id) > ($4, $5) AND (recent.deleted_at = 0 OR $4 > 0)
             ORDER BY recent.moved, recent.id LIMIT $6"
        ),
        (app, community, account, after, id, count as i64),
    )?;
    Ok(rows.into_iter().map(|(id, at, deleted_at)| Moved { id, at, is_deleted: deleted_at > 0 }).collect())
}

/// Ends all topics of a community that ends.
pub fn end_all(tx: &mut Tx<'_>, community: ConversationId, now: Millis) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO ended_groups (app, conversation, ended_at)
             SELECT app, conversation, $3 FROM topics WHERE app = $1 AND community = $2 AND deleted_at = 0"
        ),
        (app, community, now),
    )?;
    tx.post(
        sql!(
            "DELETE FROM conversations WHERE app = $1 AND id IN (
                 SELECT conversation FROM topics WHERE app = $1 AND community = $2 AND deleted_at = 0)"
        ),
        (app, community),
    )?;
    tx.post(
        sql!(
            "UPDATE groups SET ended_at = $3 WHERE app = $1 AND conversation IN (
                 SELECT conversation FROM topics WHERE app = $1 AND community = $2 AND deleted_at = 0)"
        ),
        (app, community, now),
    )?;
    tx.post(
        sql!("UPDATE topics SET deleted_at = $3 WHERE app = $1 AND community = $2 AND deleted_at = 0"),
        (app, community, now),
    )
}
