//! An account's conversations in the order of their last messages, without reading all of them.
//!
//! A head has its place in that order (`listed`) in two indexes, one for each of the two accounts. A send does not look
//! for the new place, because random index pages are what a message costs: it only marks the head as *unsettled*, and
//! not even that if it is already. Whoever lists reads the unsettled heads beside the ordered ones and sorts them in;
//! when there are many, [`settle`] puts them into order. So order is paid for by those who look at it.

use contract::{AppId, ConversationId, Place, Result, Seq, UserId, limit};

use super::contacts::{self, Contact, State};
use crate::accounts::{self, Account};
use crate::ask::{Ask, Asks, ask};
use crate::value::{FromRow, Params, Row};
use crate::{Snapshot, Tx};

/// The place of a head that moved since it was put into order: before all others.
pub const UNSETTLED: i64 = i64::MAX;

/// Unsettled heads from which on a list should be settled; every listing reads all of them.
pub const UNSETTLED_MANY: usize = 16;

/// Unsettled heads that a listing sorts in; more are settled first.
pub const UNSETTLED_MAX: usize = 512;

/// Heads that one [`settle`] puts into order: a short transaction even on a slow disk.
pub const SETTLE_BATCH: usize = 500;

/// Where a listing goes on: strictly behind this place. The order is newest first, then by descending key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Seconds, of the last message that moved the list.
    pub time: i64,
    /// The key of the conversation, or the smallest of several that are left behind.
    pub id: [u8; 16],
}

impl Cursor {
    /// Before all that is settled: no key is smaller than all zeros.
    pub const START: Self = Self { time: UNSETTLED, id: [0; 16] };
}

/// A conversation as far as the list needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its key.
    pub conversation: ConversationId,
    /// The other side; none if this account forgot the conversation.
    pub peer: Option<Contact>,
    /// The newest message that moves the list.
    pub last: Place,
    /// Nothing up to here is shown.
    pub cleared: Seq,
    /// Deleted from the list at this place.
    pub hidden: Seq,
}

impl Line {
    /// Its place in the order.
    pub const fn cursor(&self) -> Cursor {
        Cursor { time: self.last.time, id: self.conversation.0 }
    }

    /// Whether the list shows it.
    pub fn is_listed(&self) -> bool {
        self.peer.is_some() && (self.hidden == Seq(0) || self.last.seq > self.hidden)
    }

    /// Whether the list has no message to show for it.
    pub fn is_empty(&self) -> bool {
        self.last.seq == Seq(0) || self.last.seq <= self.cleared
    }
}

impl FromRow for Line {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            conversation: row.get(0)?,
            peer: row.get::<Option<UserId>>(1)?.map(Contact::User),
            last: Place { seq: row.get(2)?, time: row.get(3)? },
            cleared: row.get::<Option<Seq>>(4)?.unwrap_or_default(),
            hidden: row.get::<Option<Seq>>(5)?.unwrap_or_default(),
        })
    }
}

/// A line of a group.
struct GroupLine(Line);

impl FromRow for GroupLine {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let (own, all): (Seq, Seq) = (row.get(4)?, row.get(5)?);
        Ok(Self(Line {
            conversation: row.get(0)?,
            peer: Some(Contact::Group(row.get(1)?)),
            last: Place { seq: row.get(2)?, time: row.get(3)? },
            cleared: own.max(all),
            hidden: row.get(6)?,
        }))
    }
}

/// Where a page of a list begins.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Behind this place.
    pub behind: Cursor,
    /// How many settled conversations.
    pub settled: usize,
    /// How many unsettled ones at most.
    pub unsettled: usize,
    /// How many groups at most.
    pub groups: usize,
}

/// What a page of a list begins with.
#[derive(Debug)]
pub struct Beginning {
    /// The account, living or deleted.
    pub account: Option<Account>,
    /// As of [`settled`].
    pub settled: Vec<Line>,
    /// The unsettled conversations, in no particular order.
    pub unsettled: Vec<Line>,
    /// The groups that hold a message, in no particular order. They have no place in the order of lists, because a group
    /// has as many lists as members; whoever lists sorts them in.
    pub groups: Vec<Line>,
    /// The pinned conversations.
    pub pinned: Vec<State>,
}

/// Reads what a page of an account's list begins with.
pub fn begin(snapshot: &mut Snapshot<'_>, account: &UserId, start: &Start) -> Result<Beginning> {
    let app = snapshot.app();
    let asked = (
        accounts::asked(app, account),
        asked_settled(app, account, start.behind, start.settled),
        asked_unsettled(app, account, start.unsettled),
        asked_groups(app, account, start.groups),
        contacts::asked_pinned(app, account),
    );
    let (mut accounts, settled, unsettled, groups, pinned) = asked.all(snapshot)?;
    let groups = groups.into_iter().map(|GroupLine(line)| line).collect();
    Ok(Beginning { account: accounts.pop(), settled, unsettled, groups, pinned })
}

/// Reads the settled conversations of an account behind a place, in order: also those that the list does not show, so
/// that fewer than `count` mean the end.
pub fn settled(snapshot: &mut Snapshot<'_>, account: &UserId, behind: Cursor, count: usize) -> Result<Vec<Line>> {
    asked_settled(snapshot.app(), account, behind, count).all(snapshot)
}

fn asked_settled(app: AppId, account: &UserId, behind: Cursor, count: usize) -> Ask<Line, impl Params> {
    ask(
        sql! {
            sqlite: "SELECT page.id, m.peer, page.last_seq, page.last_time, m.cleared_seq, m.hidden_seq
                     FROM (
                         SELECT * FROM (
                             SELECT id, last_seq, last_time, listed FROM conversations
                             WHERE app = $1 AND kind = 0 AND low = $2 AND (listed, id) < ($3, $4)
                             ORDER BY listed DESC, id DESC LIMIT $5
                         ) AS lows
                         UNION ALL
                         SELECT * FROM (
                             SELECT id, last_seq, last_time, listed FROM conversations
                             WHERE app = $1 AND kind = 0 AND high = $2 AND (listed, id) < ($3, $4) AND low <> high
                             ORDER BY listed DESC, id DESC LIMIT $5
                         ) AS highs
                     ) AS page
                     LEFT JOIN memberships m ON m.app = $1 AND m.account = $2 AND m.conversation = page.id
                     ORDER BY page.listed DESC, page.id DESC LIMIT $5",
            postgres: "SELECT page.id, m.peer, page.last_seq, page.last_time, m.cleared_seq, m.hidden_seq
                       FROM (
                           SELECT * FROM (
                               SELECT id, last_seq, last_time, listed FROM conversations
                               WHERE app = $1 AND kind = 0 AND low = $2 AND (listed, id) < ($3, $4)
                               ORDER BY listed DESC, id DESC LIMIT $5
                           ) AS lows
                           UNION ALL
                           SELECT * FROM (
                               SELECT id, last_seq, last_time, listed FROM conversations
                               WHERE app = $1 AND kind = 0 AND high = $2 AND (listed, id) < ($3, $4) AND low <> high
                               ORDER BY listed DESC, id DESC LIMIT $5
                           ) AS highs
                       ) AS page
                       LEFT JOIN LATERAL (
                           SELECT peer, cleared_seq, hidden_seq FROM memberships
                           WHERE app = $1 AND account = $2 AND conversation = page.id OFFSET 0
                       ) AS m ON TRUE
                       ORDER BY page.listed DESC, page.id DESC LIMIT $5"
        },
        (app, account, behind.time, behind.id.to_vec(), count.min(limit::STORE_PAGE) as i64),
    )
}

/// Reads the unsettled conversations of an account, in no particular order.
///
/// Neither engine is left a choice. SQLite, which knows nothing of how many rows there are, would rather go through the
/// whole app than look up what an index does not hold: it gets the keys first, from the indexes alone. PostgreSQL believes
/// that every account has few conversations, and reads all of one's for each row, unless it is shown the way. Pairs are
/// compared because only the index of that account's column has the pair; by single columns PostgreSQL would also take the
/// other index, and walk through what is unsettled for anybody.
pub fn unsettled(snapshot: &mut Snapshot<'_>, account: &UserId, count: usize) -> Result<Vec<Line>> {
    asked_unsettled(snapshot.app(), account, count).all(snapshot)
}

fn asked_unsettled(app: AppId, account: &UserId, count: usize) -> Ask<Line, impl Params> {
    ask(
        sql! {
            sqlite: "SELECT page.id, m.peer, page.last_seq, page.last_time, m.cleared_seq, m.hidden_seq
                     FROM conversations page
                     LEFT JOIN memberships m ON m.app = $1 AND m.account = $2 AND m.conversation = page.id
                     WHERE page.app = $1 AND page.id IN (
                         SELECT id FROM conversations WHERE app = $1 AND kind = 0 AND low = $2 AND listed = $3
                         UNION
                         SELECT id FROM conversations WHERE app = $1 AND kind = 0 AND high = $2 AND listed = $3
                     ) LIMIT $4",
            postgres: "SELECT page.id, m.peer, page.last_seq, page.last_time, m.cleared_seq, m.hidden_seq
                       FROM (
                           SELECT * FROM (
                               SELECT id, last_seq, last_time FROM conversations
                               WHERE app = $1 AND kind = 0 AND (low, listed) >= ($2, $3) AND (low, listed) <= ($2, $3)
                               ORDER BY low, listed, id LIMIT $4
                           ) AS lows
                           UNION ALL
                           SELECT * FROM (
                               SELECT id, last_seq, last_time FROM conversations
                               WHERE app = $1 AND kind = 0 AND (high, listed) >= ($2, $3) AND (high, listed) <= ($2, $3)
                                 AND low <> high ORDER BY high, listed, id LIMIT $4
                           ) AS highs
                       ) AS page
                       LEFT JOIN LATERAL (
                           SELECT peer, cleared_seq, hidden_seq FROM memberships
                           WHERE app = $1 AND account = $2 AND conversation = page.id OFFSET 0
                       ) AS m ON TRUE
                       LIMIT $4"
        },
        (app, account, UNSETTLED, count.min(limit::STORE_PAGE) as i64),
    )
}

fn asked_groups(app: AppId, account: &UserId, count: usize) -> Ask<GroupLine, impl Params> {
    ask(
        sql!(
            "SELECT c.id, g.id, c.last_seq, c.last_time, m.cleared_seq, g.cleared_seq, m.hidden_seq
             FROM group_members m
             JOIN groups g ON g.app = m.app AND g.conversation = m.conversation AND g.ended_at = 0
             JOIN conversations c ON c.app = m.app AND c.id = m.conversation
             WHERE m.app = $1 AND m.account = $2 AND c.last_seq > 0 ORDER BY g.id LIMIT $3"
        ),
        (app, account, count as i64),
    )
}

/// Puts unsettled conversations of an account into order, at most [`SETTLE_BATCH`]; answers how many it were. The heads
/// are locked in key order, as sends do. One that somebody else settled meanwhile keeps its place: it is the same one.
pub fn settle(tx: &mut Tx<'_>, account: &UserId) -> Result<usize> {
    let app = tx.app();
    let settled = tx.run(
        sql! {
            sqlite: "UPDATE conversations SET listed = last_time
                     WHERE app = $1 AND listed = $3 AND id IN (
                         SELECT id FROM (
                             SELECT id FROM conversations WHERE app = $1 AND kind = 0 AND low = $2 AND listed = $3
                             UNION ALL
                             SELECT id FROM conversations WHERE app = $1 AND kind = 0 AND high = $2 AND listed = $3
                         ) LIMIT $4)",
            postgres: "UPDATE conversations SET listed = last_time
                       WHERE app = $1 AND id = ANY (ARRAY(
                           SELECT id FROM conversations WHERE app = $1 AND id = ANY (ARRAY(
                               SELECT id FROM (
                                   SELECT id FROM conversations
                                   WHERE app = $1 AND kind = 0 AND (low, listed) >= ($2, $3)
                                     AND (low, listed) <= ($2, $3) ORDER BY low, listed, id LIMIT $4
                               ) AS lows
                               UNION ALL
                               SELECT id FROM (
                                   SELECT id FROM conversations
                                   WHERE app = $1 AND kind = 0 AND (high, listed) >= ($2, $3)
                                     AND (high, listed) <= ($2, $3) AND low <> high ORDER BY high, listed, id LIMIT $4
                               ) AS highs
                               LIMIT $4
                           ))
                           ORDER BY id FOR UPDATE
                       ))"
        },
        (app, account, UNSETTLED, SETTLE_BATCH as i64),
    )?;
    Ok(usize::try_from(settled).unwrap_or(usize::MAX))
}
