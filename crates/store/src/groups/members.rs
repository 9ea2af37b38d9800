//! Who is in a group, and in which groups an account is.

use contract::group::{GroupId, ReceiveOption, Role};
use contract::{ConversationId, Failure, Millis, Result, Seq, UserId, limit};

use super::{Fields, Group};
use crate::devices::NODE_SILENCE_MS;
use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// An account in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub account: UserId,
    /// What it is there.
    pub role: Role,
    /// Since when.
    pub joined_at: Millis,
    /// How it receives messages.
    pub receive: ReceiveOption,
    /// What it is called there.
    pub name_card: String,
    /// Declared fields.
    pub fields: Fields,
    /// Nothing up to here is shown to it.
    pub cleared: Seq,
    /// Its read mark as it was made; see [`read_in`](Self::read_in).
    pub read: Seq,
    /// The group's import when the mark was made.
    pub import_number: i64,
    /// Deleted from its list at this place.
    pub hidden: Seq,
    /// Until when it may not write; 0 if it may.
    pub muted_until: Millis,
}

impl Member {
    /// A new member, to whom nothing is unread.
    pub fn new(account: UserId, role: Role, group: &Group, now: Millis) -> Self {
        Self {
            account,
            role,
            joined_at: now,
            receive: group.kind.capability().receive,
            name_card: String::new(),
            fields: Fields::new(),
            cleared: if group.shows_past { Seq(0) } else { group.seq },
            read: group.seq,
            import_number: group.import_number,
            hidden: Seq(0),
            muted_until: Millis(0),
        }
    }

    /// Up to where it has read: an import counts as read by those who were there.
    pub fn read_in(&self, group: &Group) -> Seq {
        if self.import_number == group.import_number { self.read } else { group.import_seq.max(self.read) }
    }

    /// Nothing up to here is shown to it.
    pub fn cleared_in(&self, group: &Group) -> Seq {
        // What it cleared in a community says nothing of the community's topics.
        if group.is_topic() { group.cleared } else { self.cleared.max(group.cleared) }
    }

    /// Whether its list shows the group: it was not deleted from it, or a message came since.
    pub fn is_listed(&self, group: &Group) -> bool {
        self.hidden == Seq(0) || group.last_seq > self.hidden
    }

    fn read(row: Row<'_>) -> Result<Self> {
        let wrong = |what| Failure::internal(format_args!("a member has no valid {what}"));
        let fields: String = row.get(5)?;
        Ok(Self {
            account: row.get(0)?,
            role: Role::from_number(row.get(1)?).ok_or_else(|| wrong("role"))?,
            joined_at: row.get(2)?,
            receive: ReceiveOption::from_number(row.get(3)?).ok_or_else(|| wrong("option"))?,
            name_card: row.get(4)?,
            fields: serde_json::from_str(&fields).map_err(Failure::internal)?,
            cleared: row.get(6)?,
            read: row.get(7)?,
            import_number: row.get(8)?,
            hidden: row.get(9)?,
            muted_until: row.get::<Option<Millis>>(10)?.unwrap_or_default(),
        })
    }
}

impl FromRow for Member {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Self::read(row)
    }
}

/// Finds a member.
pub fn get(snapshot: &mut Snapshot<'_>, conversation: ConversationId, account: &UserId) -> Result<Option<Member>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT m.account, m.role, m.joined_at, m.receive, m.name_card, m.fields, m.cleared_seq, m.read_seq,
                    m.import_number, m.hidden_seq, q.until
             FROM group_members m
             LEFT JOIN group_mutes q ON q.app = m.app AND q.conversation = m.conversation AND q.account = m.account
             WHERE m.app = $1 AND m.conversation = $2 AND m.account = $3"
        ),
        (app, conversation, account),
    )
}

/// Finds those of a bounded number of accounts that are members.
pub fn among(snapshot: &mut Snapshot<'_>, conversation: ConversationId, accounts: &[UserId]) -> Result<Vec<Member>> {
    let app = snapshot.app();
    let names = serde_json::Value::from(accounts.iter().map(UserId::as_str).collect::<Vec<_>>()).to_string();
    snapshot.all(
        sql! {
            sqlite: "SELECT m.account, m.role, m.joined_at, m.receive, m.name_card, m.fields, m.cleared_seq, m.read_seq,
                            m.import_number, m.hidden_seq, q.until
                     FROM json_each($3) AS u
                     CROSS JOIN group_members m
                     LEFT JOIN group_mutes q ON q.app = m.app AND q.conversation = m.conversation
                                            AND q.account = m.account
                     WHERE m.app = $1 AND m.conversation = $2 AND m.account = u.value",
            postgres: "SELECT m.account, m.role, m.joined_at, m.receive, m.name_card, m.fields, m.cleared_seq,
                              m.read_seq, m.import_number, m.hidden_seq, q.until
                       FROM jsonb_array_elements_text($3::text::jsonb) AS u (name)
                       JOIN group_members m ON m.app = $1 AND m.conversation = $2 AND m.account = u.name
                       LEFT JOIN group_mutes q ON q.app = m.app AND q.conversation = m.conversation
                                              AND q.account = m.account"
        },
        (app, conversation, names),
    )
}

/// Reads a page of members in the order of their names, behind one of them; of one role or of all.
pub fn page(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    after: &str,
    roles: &[Role],
    offset: usize,
    count: usize,
) -> Result<Vec<Member>> {
    let app = snapshot.app();
    let has = |role| roles.is_empty() || roles.contains(&role);
    snapshot.all(
        sql!(
            "SELECT m.account, m.role, m.joined_at, m.receive, m.name_card, m.fields, m.cleared_seq, m.read_seq,
                    m.import_number, m.hidden_seq, q.until
             FROM group_members m
             LEFT JOIN group_mutes q ON q.app = m.app AND q.conversation = m.conversation AND q.account = m.account
             WHERE m.app = $1 AND m.conversation = $2 AND m.account > $3
               AND (m.role = 1 AND $4 <> 0 OR m.role = 2 AND $5 <> 0 OR m.role = 3 AND $6 <> 0)
             ORDER BY m.account LIMIT $7 OFFSET $8"
        ),
        (
            app,
            conversation,
            after,
            i64::from(has(Role::Member)),
            i64::from(has(Role::Admin)),
            i64::from(has(Role::Owner)),
            count as i64,
            offset as i64,
        ),
    )
}

/// Reads the names of members behind one of them.
pub fn names(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    after: &str,
    count: usize,
) -> Result<Vec<UserId>> {
    let app = snapshot.app();
    let rows: Vec<(UserId,)> = snapshot.all(
        sql!(
            "SELECT m.account FROM group_members m WHERE m.app = $1 AND m.conversation = $2 AND m.account > $3
             ORDER BY m.account LIMIT $4"
        ),
        (app, conversation, after, count as i64),
    )?;
    Ok(rows.into_iter().map(|(account,)| account).collect())
}

/// Some members that a push would reach, and how far was looked for them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Away {
    /// In the order of their names.
    pub members: Vec<(UserId, ReceiveOption)>,
    /// The last name that was looked at; none if there was nobody.
    pub last: Option<UserId>,
    /// How many were looked at.
    pub seen: usize,
}

type AwayRow = (Option<UserId>, Option<i64>, i64);

/// Looks at the next members behind a name, and answers those who have a device with a token that is away, logged in,
/// and in nobody else's place. Who wants to hear nothing is left out, and who wants no push unless `calls_muted`.
pub fn away(
    snapshot: &mut Snapshot<'_>,
    now: Millis,
    conversation: ConversationId,
    after: &str,
    calls_muted: bool,
    count: usize,
) -> Result<Away> {
    let app = snapshot.app();
    let option = if calls_muted { ReceiveOption::AcceptNotNotify } else { ReceiveOption::AcceptAndNotify };
    let alive = now.plus(-NODE_SILENCE_MS);
    // One statement, because on PostgreSQL two of them see two moments: whoever came in between would move the page's
    // end over somebody who was not looked at. Scalars in place of EXISTS keep it from joining with all devices of the app.
    let mut rows: Vec<AwayRow> = snapshot.all(
        sql!(
            "WITH page AS MATERIALIZED (
                 SELECT m.account, m.receive FROM group_members m
                 WHERE m.app = $1 AND m.conversation = $2 AND m.account > $3 ORDER BY m.account LIMIT $4
             )
             SELECT u.account, u.receive, u.seen FROM (
                 SELECT page.account AS account, page.receive AS receive, CAST(0 AS BIGINT) AS seen FROM page
                 WHERE page.receive <= $5 AND COALESCE((
                     SELECT a.reach FROM accounts a WHERE a.app = $1 AND a.id = page.account AND a.deleted_at = 0
                 ), 0) > 0 AND COALESCE((
                     SELECT 1 FROM devices d LEFT JOIN nodes n ON n.id = d.node
                     WHERE d.app = $1 AND d.account = page.account AND d.account <> '' AND d.logged_in = 1
                       AND d.replaced = 0 AND (d.node = 0 OR n.seen_at IS NULL OR n.seen_at <= $6)
                       AND COALESCE((SELECT 1 FROM tokens t WHERE t.app = $1 AND t.device = d.id LIMIT 1), 0) = 1
                     LIMIT 1
                 ), 0) = 1
                 UNION ALL
                 SELECT MAX(page.account), NULL, COUNT(*) + 1 FROM page
             ) AS u
             ORDER BY u.seen, u.account"
        ),
        (app, conversation, after, count as i64, option as i64, alive),
    )?;
    let Some((last, _, seen)) = rows.pop() else { return Ok(Away::default()) };
    let member = |(account, receive, _): AwayRow| {
        let receive = receive.and_then(ReceiveOption::from_number).unwrap_or(ReceiveOption::AcceptAndNotify);
        account.map(|account| (account, receive))
    };
    let members = rows.into_iter().filter_map(member).collect();
    Ok(Away { members, last, seen: (seen - 1).max(0) as usize })
}

/// Reads owner and admins, at most a page.
pub fn leaders(snapshot: &mut Snapshot<'_>, conversation: ConversationId) -> Result<Vec<UserId>> {
    let app = snapshot.app();
    let rows: Vec<(UserId,)> = snapshot.all(
        sql!(
            "SELECT account FROM group_members WHERE app = $1 AND conversation = $2 AND role > 1
             ORDER BY role DESC, account LIMIT $3"
        ),
        (app, conversation, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(account,)| account).collect())
}

/// Saves a member with all that it has there; it becomes one if it was none.
pub fn put(tx: &mut Tx<'_>, conversation: ConversationId, members: &[Member]) -> Result<()> {
    let app = tx.app();
    let fields: Vec<String> = members
        .iter()
        .map(|member| serde_json::to_string(&member.fields).map_err(|error| Failure::internal(error).into()))
        .collect::<Result<_>>()?;
    tx.post_all(
        sql!(
            "INSERT INTO group_members (app, conversation, account, role, joined_at, receive, name_card, fields,
                                        cleared_seq, read_seq, import_number, hidden_seq)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (app, conversation, account) DO UPDATE SET
                 role = $4, joined_at = $5, receive = $6, name_card = $7, fields = $8, cleared_seq = $9, read_seq = $10,
                 import_number = $11, hidden_seq = $12"
        ),
        members.iter().zip(&fields).map(|(member, fields)| {
            (
                app,
                conversation,
                &member.account,
                member.role as i64,
                member.joined_at,
                member.receive as i64,
                &*member.name_card,
                &**fields,
                member.cleared,
                member.read,
                member.import_number,
                member.hidden,
            )
        }),
    )
}

/// Removes members; answers how many there were.
pub fn remove(tx: &mut Tx<'_>, conversation: ConversationId, accounts: &[UserId]) -> Result<i64> {
    let app = tx.app();
    let removed = tx.many(
        sql!("DELETE FROM group_members WHERE app = $1 AND conversation = $2 AND account = $3"),
        accounts.iter().map(|account| (app, conversation, account)),
    )?;
    i64::try_from(removed).map_err(|error| Failure::internal(error).into())
}

/// Sets what a member is; nothing else of it changes.
pub fn set_role(tx: &mut Tx<'_>, conversation: ConversationId, account: &UserId, role: Role) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("UPDATE group_members SET role = $4 WHERE app = $1 AND conversation = $2 AND account = $3"),
        (app, conversation, account, role as i64),
    )
}

/// Moves a member's read mark forward; answers whether it moved.
pub fn set_read(tx: &mut Tx<'_>, group: &Group, account: &UserId, seq: Seq) -> Result<bool> {
    let app = tx.app();
    let moved = tx.run(
        sql!(
            "UPDATE group_members SET read_seq = $4, import_number = $5
             WHERE app = $1 AND conversation = $2 AND account = $3
               AND (CASE WHEN import_number = $5 OR read_seq > $6 THEN read_seq ELSE $6 END) < $4"
        ),
        (app, group.conversation, account, seq, group.import_number, group.import_seq),
    )?;
    Ok(moved > 0)
}

/// Puts a member's read mark where it is wanted, also back.
pub fn reset_read(tx: &mut Tx<'_>, group: &Group, account: &UserId, seq: Seq) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE group_members SET read_seq = $4, import_number = $5
             WHERE app = $1 AND conversation = $2 AND account = $3"
        ),
        (app, group.conversation, account, seq, group.import_number),
    )
}

/// Takes the history up to a place away from a member.
pub fn clear(tx: &mut Tx<'_>, conversation: ConversationId, account: &UserId, seq: Seq) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE group_members SET cleared_seq = $4
             WHERE app = $1 AND conversation = $2 AND account = $3 AND cleared_seq < $4"
        ),
        (app, conversation, account, seq),
    )
}

/// Takes the group out of a member's list up to a place.
pub fn hide(tx: &mut Tx<'_>, conversation: ConversationId, account: &UserId, seq: Seq) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE group_members SET hidden_seq = $4
             WHERE app = $1 AND conversation = $2 AND account = $3 AND hidden_seq < $4"
        ),
        (app, conversation, account, seq),
    )
}

/// Mutes accounts in a group until a moment, members or not; 0 lifts the mute.
pub fn mute(tx: &mut Tx<'_>, conversation: ConversationId, accounts: &[UserId], until: Millis) -> Result<()> {
    let app = tx.app();
    if until == Millis(0) {
        tx.post_all(
            sql!("DELETE FROM group_mutes WHERE app = $1 AND conversation = $2 AND account = $3"),
            accounts.iter().map(|account| (app, conversation, account)),
        )?;
        return Ok(());
    }
    tx.post_all(
        sql!(
            "INSERT INTO group_mutes (app, conversation, account, until) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, conversation, account) DO UPDATE SET until = $4"
        ),
        accounts.iter().map(|account| (app, conversation, account, until)),
    )
}

/// Until when an account may not write in a group; 0 if it may.
pub fn muted_until(snapshot: &mut Snapshot<'_>, conversation: ConversationId, account: &UserId) -> Result<Millis> {
    let app = snapshot.app();
    let found: Option<(Millis,)> = snapshot.opt(
        sql!("SELECT until FROM group_mutes WHERE app = $1 AND conversation = $2 AND account = $3"),
        (app, conversation, account),
    )?;
    Ok(found.map_or(Millis(0), |(until,)| until))
}

/// Reads who is muted in a group at a moment, behind a name.
pub fn muted(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    now: Millis,
    count: usize,
) -> Result<Vec<(UserId, Millis)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT account, until FROM group_mutes WHERE app = $1 AND conversation = $2 AND until > $3
             ORDER BY account LIMIT $4"
        ),
        (app, conversation, now, count as i64),
    )
}

/// Counts the living groups that each of some accounts (a bounded batch) is in; who is in none is not there.
pub fn count_joined(snapshot: &mut Snapshot<'_>, accounts: &[UserId]) -> Result<Vec<(UserId, i64)>> {
    let app = snapshot.app();
    let list = serde_json::Value::from(accounts.iter().map(UserId::as_str).collect::<Vec<_>>()).to_string();
    snapshot.all(
        sql! {
            sqlite: "SELECT m.account, COUNT(*)
                     FROM json_each($2) AS u
                     CROSS JOIN group_members m ON m.app = $1 AND m.account = u.value
                     CROSS JOIN groups g ON g.app = m.app AND g.conversation = m.conversation AND g.ended_at = 0
                     GROUP BY m.account",
            postgres: "SELECT m.account, COUNT(*)
                       FROM group_members m
                       JOIN groups g ON g.app = m.app AND g.conversation = m.conversation AND g.ended_at = 0
                       WHERE m.app = $1 AND m.account = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))
                       GROUP BY m.account"
        },
        (app, list),
    )
}

/// Lists the living groups that an account is in, in the order of their names; a bounded page.
pub fn joined(snapshot: &mut Snapshot<'_>, account: &UserId, after: &str, count: usize) -> Result<Vec<Group>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT g.id, g.conversation, g.life, g.kind, g.number, g.name, g.introduction, g.notification, g.face_url,
                    g.owner, g.created_at, g.ended_at, g.info_seq, g.info_at, g.members, g.members_max, g.join_option,
                    g.invite_option, g.is_muted, g.shows_past, g.has_topics, g.has_permissions, g.permissions, g.fields,
                    g.cleared_seq, g.import_number, g.import_seq, COALESCE(c.seq, 0), COALESCE(c.last_seq, 0),
                    COALESCE(c.last_time, 0), COALESCE(c.last_at, 0)
             FROM group_members m
             JOIN groups g ON g.app = m.app AND g.conversation = m.conversation AND g.ended_at = 0
             LEFT JOIN conversations c ON c.app = g.app AND c.id = g.conversation
             WHERE m.app = $1 AND m.account = $2 AND g.id > $3 ORDER BY g.id LIMIT $4"
        ),
        (app, account, after, count as i64),
    )
}

/// Lists the conversations of the living groups that an account is in; whoever keeps members by group begins with it.
pub fn joined_conversations(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    count: usize,
) -> Result<Vec<(GroupId, ConversationId)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT g.id, g.conversation FROM group_members m
             JOIN groups g ON g.app = m.app AND g.conversation = m.conversation AND g.ended_at = 0
             WHERE m.app = $1 AND m.account = $2 ORDER BY g.id LIMIT $3"
        ),
        (app, account, count as i64),
    )
}
