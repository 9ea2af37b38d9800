//! What an account has set for its conversations: pins, marks and groups, whether there are messages or not.
//!
//! Every change takes the account's next version, and no two rows share one, so «what changed since» is a range of an
//! index and its cursor a number. Whoever changes something holds the account's row from there on; counts that are
//! compared with a bound are read under it.

use contract::{AppId, Millis, Result, UserId};

use crate::ask::{Ask, ask};
use crate::value::{FromRow, Params, Row};
use crate::{Snapshot, Tx};

/// The other side of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Contact {
    /// An account.
    User(UserId),
    /// A group, by its id.
    Group(String),
}

impl Contact {
    const fn kind(&self) -> i64 {
        match self {
            Self::User(_) => 0,
            Self::Group(_) => 1,
        }
    }

    /// The account's or the group's id.
    pub fn name(&self) -> &str {
        match self {
            Self::User(user) => user.as_str(),
            Self::Group(id) => id,
        }
    }

    fn of(kind: i64, name: String) -> Self {
        if kind == 0 { Self::User(UserId::trusted(&name)) } else { Self::Group(name) }
    }
}

/// What is set for one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Whom it is about.
    pub contact: Contact,
    /// When it was pinned; 0 if it is not.
    pub pinned_at: Millis,
    /// 64 marks as bits.
    pub marks: u64,
    /// The custom mark; empty means none.
    pub custom: String,
    /// The slots of its groups as bits.
    pub slots: u64,
    /// When marks or groups changed.
    pub marked_at: Millis,
    /// The account's version at the last change.
    pub version: i64,
}

impl State {
    /// A contact for which nothing is set.
    pub const fn none(contact: Contact) -> Self {
        Self {
            contact,
            pinned_at: Millis(0),
            marks: 0,
            custom: String::new(),
            slots: 0,
            marked_at: Millis(0),
            version: 0,
        }
    }

    /// Whether it has a mark.
    pub fn is_marked(&self) -> bool {
        self.marks != 0 || !self.custom.is_empty()
    }
}

impl FromRow for State {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            contact: Contact::of(row.get(0)?, row.get(1)?),
            pinned_at: row.get(2)?,
            marks: row.get::<i64>(3)?.cast_unsigned(),
            custom: row.get(4)?,
            slots: row.get::<i64>(5)?.cast_unsigned(),
            marked_at: row.get(6)?,
            version: row.get(7)?,
        })
    }
}

/// Reads what is set for those among `contacts` (a bounded batch) that have a row, in no particular order.
pub fn among(snapshot: &mut Snapshot<'_>, account: &UserId, contacts: &[Contact]) -> Result<Vec<State>> {
    let app = snapshot.app();
    let item = |contact: &Contact| serde_json::json!([contact.kind(), contact.name()]);
    let items = serde_json::Value::from(contacts.iter().map(item).collect::<Vec<_>>()).to_string();
    snapshot.all(
        sql! {
            sqlite: "SELECT c.kind, c.name, c.pinned_at, c.marks, c.custom, c.slots, c.marked_at, c.version
                     FROM json_each($3) AS u CROSS JOIN contacts c
                     WHERE c.app = $1 AND c.account = $2 AND c.kind = u.value->>0 AND c.name = u.value->>1",
            postgres: "SELECT c.kind, c.name, c.pinned_at, c.marks, c.custom, c.slots, c.marked_at, c.version
                       FROM jsonb_array_elements($3::text::jsonb) AS u (v)
                       JOIN contacts c ON c.app = $1 AND c.account = $2
                                      AND c.kind = (u.v->>0)::bigint AND c.name = u.v->>1"
        },
        (app, account, items),
    )
}

/// Reads the pinned contacts, the latest first; at most as many as may be pinned.
pub fn pinned(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Vec<State>> {
    asked_pinned(snapshot.app(), account).all(snapshot)
}

pub(super) fn asked_pinned(app: AppId, account: &UserId) -> Ask<State, impl Params> {
    ask(
        sql!(
            "SELECT kind, name, pinned_at, marks, custom, slots, marked_at, version FROM contacts
             WHERE app = $1 AND account = $2 AND pinned_at > 0 ORDER BY pinned_at DESC, kind, name LIMIT $3"
        ),
        (app, account, contract::limit::PINS as i64),
    )
}

/// Reads what changed after a version, in the order of the changes.
pub fn changed(snapshot: &mut Snapshot<'_>, account: &UserId, after: i64, count: usize) -> Result<Vec<State>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT kind, name, pinned_at, marks, custom, slots, marked_at, version FROM contacts
             WHERE app = $1 AND account = $2 AND version > $3 ORDER BY version LIMIT $4"
        ),
        (app, account, after, count.min(contract::limit::STORE_PAGE) as i64),
    )
}

/// Reads the contacts that are marked or in a group, behind a version, in the order of their last changes.
pub fn marked(snapshot: &mut Snapshot<'_>, account: &UserId, after: i64, count: usize) -> Result<Vec<State>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT kind, name, pinned_at, marks, custom, slots, marked_at, version FROM contacts
             WHERE app = $1 AND account = $2 AND version > $3 AND (marks <> 0 OR custom <> '' OR slots <> 0)
             ORDER BY version LIMIT $4"
        ),
        (app, account, after, count.min(contract::limit::STORE_PAGE) as i64),
    )
}

/// How much of what is bounded an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Contacts in groups.
    pub grouped: usize,
    /// Contacts with marks.
    pub marked: usize,
}

/// Counts what is bounded; no more than the bounds is ever there.
pub fn held(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Held> {
    let app = snapshot.app();
    let (grouped, marked): (i64, i64) = snapshot.one(
        sql!(
            "SELECT COUNT(CASE WHEN slots <> 0 THEN 1 END), COUNT(CASE WHEN marks <> 0 OR custom <> '' THEN 1 END)
             FROM contacts
             WHERE app = $1 AND account = $2 AND version > 0 AND (marks <> 0 OR custom <> '' OR slots <> 0)"
        ),
        (app, account),
    )?;
    Ok(Held { grouped: grouped as usize, marked: marked as usize })
}

/// Stores what is set for contacts, each with a version of its own.
pub fn save(tx: &mut Tx<'_>, account: &UserId, states: &[State]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "INSERT INTO contacts (app, account, kind, name, pinned_at, marks, custom, slots, marked_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (app, account, kind, name) DO UPDATE SET
                 pinned_at = $5, marks = $6, custom = $7, slots = $8, marked_at = $9, version = $10"
        ),
        states.iter().map(|state| {
            (
                app,
                account,
                state.contact.kind(),
                state.contact.name(),
                state.pinned_at,
                state.marks.cast_signed(),
                state.custom.as_str(),
                state.slots.cast_signed(),
                state.marked_at,
                state.version,
            )
        }),
    )
}

/// A conversation group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which bit of [`State::slots`] means it.
    pub slot: u32,
    /// Its id for the outside, never used again.
    pub id: i64,
    /// Its name, unique for the account.
    pub name: String,
}

/// Reads the groups of an account, in the order in which they were made.
pub fn groups(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Vec<Group>> {
    let app = snapshot.app();
    let rows: Vec<(u32, i64, String)> = snapshot.all(
        sql!("SELECT slot, id, name FROM contact_groups WHERE app = $1 AND account = $2 ORDER BY id"),
        (app, account),
    )?;
    Ok(rows.into_iter().map(|(slot, id, name)| Group { slot, id, name }).collect())
}

/// Stores a group, or its new name.
pub fn save_group(tx: &mut Tx<'_>, account: &UserId, group: &Group) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO contact_groups (app, account, slot, id, name) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (app, account, slot) DO UPDATE SET id = $4, name = $5"
        ),
        (app, account, group.slot, group.id, &group.name),
    )
}

/// Removes a group; its contacts must have left it.
pub fn remove_group(tx: &mut Tx<'_>, account: &UserId, slot: u32) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM contact_groups WHERE app = $1 AND account = $2 AND slot = $3"), (app, account, slot))
}

/// Forgets all that an account has set.
pub fn forget(tx: &mut Tx<'_>, account: &UserId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM contacts WHERE app = $1 AND account = $2"), (app, account))?;
    tx.post(sql!("DELETE FROM contact_groups WHERE app = $1 AND account = $2"), (app, account))
}
