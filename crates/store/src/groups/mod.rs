//! Groups: what they say of themselves.
//!
//! A group has a row of its own and a conversation head, both found by its id; its members and messages hang on the
//! conversation. `members`: who is in. `messages`: what is in. `requests`: who wants in. `settings`: what an app says
//! about its groups. `ended`: what is left when one ends. `idle`: which nobody uses. Whoever changes a group or its members holds the group's row first and the head after it.

pub mod ended;
pub mod idle;
pub mod members;
pub mod messages;
pub mod receipts;
pub mod requests;
mod settings;

use std::collections::BTreeMap;

use contract::group::{GroupId, GroupKind, JoinOption};
use contract::{ConversationId, Failure, Millis, Result, Seq, UserId};
pub use settings::{FieldLevel, FieldRule, GroupSettings, Recycling};

use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// Declared fields with their values.
pub type Fields = BTreeMap<String, String>;

/// What a group says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its conversation: members and messages are found by it.
    pub conversation: ConversationId,
    /// How often the id was taken before.
    pub life: i64,
    /// Its type.
    pub kind: GroupKind,
    /// Its place in the order of creation.
    pub number: i64,
    /// `Name`.
    pub name: String,
    /// `Introduction`.
    pub introduction: String,
    /// `Notification`.
    pub notification: String,
    /// `FaceUrl`.
    pub face_url: String,
    /// Whose it is; none of a group without an owner.
    pub owner: Option<UserId>,
    /// When it was created.
    pub created_at: Millis,
    /// When it was disbanded; 0 while it is there.
    pub ended_at: Millis,
    /// Rises with every change of what it says.
    pub info_seq: i64,
    /// When that was.
    pub info_at: Millis,
    /// How many are in.
    pub members: i64,
    /// How many may be in.
    pub members_max: i64,
    /// Who may apply.
    pub join_option: JoinOption,
    /// Who may be invited.
    pub invite_option: JoinOption,
    /// Plain members may not write.
    pub is_muted: bool,
    /// Newcomers read what was before.
    pub shows_past: bool,
    /// It is a community with topics.
    pub has_topics: bool,
    /// Permission groups are on.
    pub has_permissions: bool,
    /// What those may who are in no permission group.
    pub permissions: i64,
    /// Declared fields.
    pub fields: Fields,
    /// Nothing up to here is shown to members.
    pub cleared: Seq,
    /// How many imports marked everything as read.
    pub import_number: i64,
    /// Up to where the last of them did.
    pub import_seq: Seq,
    /// The newest place of its conversation.
    pub seq: Seq,
    /// The newest message that moves the list.
    pub last_seq: Seq,
    /// Its time in seconds; 0 if there is none.
    pub last_time: i64,
    /// When the newest message arrived.
    pub last_at: Millis,
}

/// Columns of [`Group`], in the order in which it is read.
const COLUMNS: usize = 30;

impl Group {
    /// Whether it is there.
    pub const fn is_alive(&self) -> bool {
        self.ended_at.0 == 0
    }

    /// The conversation that its members hang on: that of the community for a topic, its own otherwise.
    pub fn home(&self) -> ConversationId {
        self.id.home(self.conversation)
    }

    /// Whether it is a topic of a community.
    pub fn is_topic(&self) -> bool {
        self.id.community().is_some()
    }

    /// Whether others than its owner see it: a dormant type wakes up with its first message.
    pub const fn is_awake(&self) -> bool {
        !self.kind.capability().is_dormant || self.seq.0 > 0
    }

    fn read(row: Row<'_>) -> Result<Self> {
        let wrong = |what| Failure::internal(format_args!("a group has no valid {what}"));
        let owner: String = row.get(9)?;
        let fields: String = row.get(23)?;
        Ok(Self {
            id: row.get(0)?,
            conversation: row.get(1)?,
            life: row.get(2)?,
            kind: GroupKind::from_number(row.get(3)?).ok_or_else(|| wrong("type"))?,
            number: row.get(4)?,
            name: row.get(5)?,
            introduction: row.get(6)?,
            notification: row.get(7)?,
            face_url: row.get(8)?,
            owner: (!owner.is_empty()).then(|| UserId::trusted(&owner)),
            created_at: row.get(10)?,
            ended_at: row.get(11)?,
            info_seq: row.get(12)?,
            info_at: row.get(13)?,
            members: row.get(14)?,
            members_max: row.get(15)?,
            join_option: JoinOption::from_number(row.get(16)?).ok_or_else(|| wrong("option"))?,
            invite_option: JoinOption::from_number(row.get(17)?).ok_or_else(|| wrong("option"))?,
            is_muted: row.get(18)?,
            shows_past: row.get(19)?,
            has_topics: row.get(20)?,
            has_permissions: row.get(21)?,
            permissions: row.get(22)?,
            fields: serde_json::from_str(&fields).map_err(Failure::internal)?,
            cleared: row.get(24)?,
            import_number: row.get(25)?,
            import_seq: row.get(26)?,
            seq: row.get(27)?,
            last_seq: row.get(28)?,
            last_time: row.get(29)?,
            last_at: row.get(COLUMNS)?,
        })
    }
}

impl FromRow for Group {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Self::read(row)
    }
}

/// Finds a group, disbanded ones among them.
pub fn get(snapshot: &mut Snapshot<'_>, id: &GroupId) -> Result<Option<Group>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT g.id, g.conversation, g.life, g.kind, g.number, g.name, g.introduction, g.notification, g.face_url,
                    g.owner, g.created_at, g.ended_at, g.info_seq, g.info_at, g.members, g.members_max, g.join_option,
                    g.invite_option, g.is_muted, g.shows_past, g.has_topics, g.has_permissions, g.permissions, g.fields,
                    g.cleared_seq, g.import_number, g.import_seq, COALESCE(c.seq, 0), COALESCE(c.last_seq, 0),
                    COALESCE(c.last_time, 0), COALESCE(c.last_at, 0)
             FROM groups g LEFT JOIN conversations c ON c.app = g.app AND c.id = g.conversation
             WHERE g.app = $1 AND g.id = $2"
        ),
        (app, id),
    )
}

/// Finds a living group by its conversation.
pub fn of_conversation(snapshot: &mut Snapshot<'_>, conversation: ConversationId) -> Result<Option<GroupId>> {
    let app = snapshot.app();
    let found: Option<(GroupId,)> = snapshot.opt(
        sql!("SELECT id FROM groups WHERE app = $1 AND conversation = $2 AND ended_at = 0"),
        (app, conversation),
    )?;
    Ok(found.map(|(id,)| id))
}

/// Finds a group and holds it until the transaction ends: who changes it or its members waits.
pub fn lock(tx: &mut Tx<'_>, id: &GroupId) -> Result<Option<Group>> {
    let app = tx.app();
    tx.post(
        // Names no column of an index, so that it costs a lock and little more.
        sql!("UPDATE groups SET info_seq = info_seq WHERE app = $1 AND id = $2"),
        (app, id),
    )?;
    get(tx, id)
}

/// Saves all that a group says of itself; it becomes one if its id is new. What its conversation says is not saved.
pub fn save(tx: &mut Tx<'_>, group: &Group) -> Result<()> {
    let app = tx.app();
    let fields = serde_json::to_string(&group.fields).map_err(Failure::internal)?;
    let owner = group.owner.as_ref().map_or("", UserId::as_str);
    tx.post(
        sql!(
            "INSERT INTO groups (app, id, conversation, life, kind, number, name, owner, created_at, info_at,
                                 members_max, join_option, invite_option)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (app, id) DO UPDATE SET
                 conversation = $3, life = $4, kind = $5, number = $6, name = $7, owner = $8, created_at = $9,
                 info_at = $10, members_max = $11, join_option = $12, invite_option = $13"
        ),
        (
            app,
            &group.id,
            group.conversation,
            group.life,
            group.kind as i64,
            group.number,
            &*group.name,
            owner,
            group.created_at,
            group.info_at,
            group.members_max,
            group.join_option as i64,
            group.invite_option as i64,
        ),
    )?;
    tx.post(
        sql!(
            "UPDATE groups SET introduction = $3, notification = $4, face_url = $5, ended_at = $6, info_seq = $7,
                               members = $8, is_muted = $9, shows_past = $10, has_topics = $11, has_permissions = $12,
                               permissions = $13, fields = $14
             WHERE app = $1 AND id = $2"
        ),
        (
            app,
            &group.id,
            &*group.introduction,
            &*group.notification,
            &*group.face_url,
            group.ended_at,
            group.info_seq,
            group.members,
            group.is_muted,
            group.shows_past,
            group.has_topics,
            group.has_permissions,
            group.permissions,
            fields,
        ),
    )?;
    tx.post(
        sql!("UPDATE groups SET cleared_seq = $3, import_number = $4, import_seq = $5 WHERE app = $1 AND id = $2"),
        (app, &group.id, group.cleared, group.import_number, group.import_seq),
    )
}

/// Makes the conversation of a new group.
pub fn open(tx: &mut Tx<'_>, group: &Group) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("INSERT INTO conversations (app, id, kind, low, high) VALUES ($1, $2, 1, $3, '')"),
        (app, group.conversation, &group.id),
    )
}

/// Ends the conversation of a group: whoever sends into it finds none, and its rows are removed with time.
pub fn close(tx: &mut Tx<'_>, group: &Group, now: Millis) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM conversations WHERE app = $1 AND id = $2"), (app, group.conversation))?;
    ended::note(tx, group.conversation, now)
}

/// What all groups of an app share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// The number of the newest group.
    pub number: i64,
    /// Groups that are there.
    pub alive: i64,
    /// Live rooms among them.
    pub live: i64,
    /// Days since the epoch.
    pub day: i64,
    /// What this day added.
    pub added: i64,
}

/// Reads what all groups of the app share and holds it until the transaction ends.
pub fn totals(tx: &mut Tx<'_>) -> Result<Totals> {
    let app = tx.app();
    let (number, alive, live, day, added) = tx.one(
        sql!(
            "INSERT INTO group_totals (app) VALUES ($1) ON CONFLICT (app) DO UPDATE SET number = group_totals.number
             RETURNING number, alive, live, day, added"
        ),
        (app,),
    )?;
    Ok(Totals { number, alive, live, day, added })
}

/// Saves what all groups of the app share.
pub fn save_totals(tx: &mut Tx<'_>, totals: Totals) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("UPDATE group_totals SET number = $2, alive = $3, live = $4, day = $5, added = $6 WHERE app = $1"),
        (app, totals.number, totals.alive, totals.live, totals.day, totals.added),
    )
}

/// How many groups of the app are there, as it is kept; nothing is counted for it.
pub fn alive(snapshot: &mut Snapshot<'_>) -> Result<i64> {
    let app = snapshot.app();
    let kept: Option<(i64,)> = snapshot.opt(sql!("SELECT alive FROM group_totals WHERE app = $1"), (app,))?;
    Ok(kept.map_or(0, |(alive,)| alive))
}

/// Keeps a conversation from ending until the transaction ends; answers whether it is there. Who sends does not wait, nor
/// does anybody else who keeps it. For those who leave rows that hang on it without holding the group: what comes after
/// its rows were removed would stay for ever.
pub fn keep(tx: &mut Tx<'_>, conversation: ConversationId) -> Result<bool> {
    let app = tx.app();
    let found: Option<(i64,)> = tx.opt(
        sql! {
            sqlite: "SELECT 1 FROM conversations WHERE app = $1 AND id = $2",
            // Weaker than what moves a head, and stronger than nothing: it stands in the way of its removal alone.
            postgres: "SELECT 1::bigint FROM conversations WHERE app = $1 AND id = $2 FOR KEY SHARE"
        },
        (app, conversation),
    )?;
    Ok(found.is_some())
}

/// Holds the head of a group that is held, and takes over how far its messages have come: whoever sends waits, so that
/// what this transaction makes of that place is true when it commits.
pub fn hold_head(tx: &mut Tx<'_>, group: &mut Group) -> Result<()> {
    let app = tx.app();
    let head: Option<(Seq, Seq, i64, Millis)> = tx.opt(
        sql! {
            sqlite: "SELECT seq, last_seq, last_time, last_at FROM conversations WHERE app = $1 AND id = $2",
            postgres: "SELECT seq, last_seq, last_time, last_at FROM conversations WHERE app = $1 AND id = $2 FOR UPDATE"
        },
        (app, group.conversation),
    )?;
    if let Some((seq, last_seq, last_time, last_at)) = head {
        (group.seq, group.last_seq, group.last_time, group.last_at) = (seq, last_seq, last_time, last_at);
    }
    Ok(())
}

/// Lists the app's groups behind a number, in the order of creation, each with its number; of one type or of all.
pub fn list(
    snapshot: &mut Snapshot<'_>,
    kind: Option<GroupKind>,
    after: i64,
    count: usize,
) -> Result<Vec<(GroupId, i64)>> {
    let app = snapshot.app();
    let count = count as i64;
    match kind {
        Some(kind) => snapshot.all(
            sql!(
                "SELECT id, number FROM groups WHERE app = $1 AND kind = $2 AND ended_at = 0 AND number > $3
                 ORDER BY number LIMIT $4"
            ),
            (app, kind as i64, after, count),
        ),
        None => snapshot.all(
            sql!(
                "SELECT id, number FROM groups WHERE app = $1 AND ended_at = 0 AND number > $2 ORDER BY number LIMIT $3"
            ),
            (app, after, count),
        ),
    }
}

/// Counts the app's groups, of one type or of all.
pub fn count(snapshot: &mut Snapshot<'_>, kind: Option<GroupKind>) -> Result<i64> {
    let app = snapshot.app();
    let (count,): (i64,) = match kind {
        Some(kind) => snapshot.one(
            sql!("SELECT COUNT(*) FROM groups WHERE app = $1 AND kind = $2 AND ended_at = 0 AND number > 0"),
            (app, kind as i64),
        )?,
        None => {
            snapshot.one(sql!("SELECT COUNT(*) FROM groups WHERE app = $1 AND ended_at = 0 AND number > 0"), (app,))?
        }
    };
    Ok(count)
}

/// Counts the groups that an account owns, by type.
pub fn owned(snapshot: &mut Snapshot<'_>, owner: &UserId) -> Result<Vec<(GroupKind, i64)>> {
    let app = snapshot.app();
    let rows: Vec<(i64, i64)> = snapshot.all(
        sql!("SELECT kind, COUNT(*) FROM groups WHERE app = $1 AND owner = $2 AND ended_at = 0 GROUP BY kind ORDER BY kind"),
        (app, owner),
    )?;
    Ok(rows.into_iter().filter_map(|(kind, count)| Some((GroupKind::from_number(kind)?, count))).collect())
}

/// Lists some of the groups that an account owns, in it or not.
pub fn owned_by(snapshot: &mut Snapshot<'_>, owner: &UserId, count: usize) -> Result<Vec<GroupId>> {
    let app = snapshot.app();
    let rows: Vec<(GroupId,)> = snapshot.all(
        sql!("SELECT id FROM groups WHERE app = $1 AND owner = $2 AND ended_at = 0 ORDER BY id LIMIT $3"),
        (app, owner, count as i64),
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
