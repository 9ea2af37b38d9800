//! Relations of accounts: friends, friend groups (labels), blocklists and friend requests.
//!
//! Every account with relations has a [`Root`]: its version, what of its parts changed last at which version, and how
//! many there are of what. Whoever changes relations first takes hold of all accounts concerned ([`hold`], in key order),
//! then reads their roots, and writes them back with [`save`]. The parts have a file each.

pub mod blocks;
pub mod friends;
pub mod labels;
pub mod requests;

use std::collections::HashMap;

use contract::event::RelationVersions;
use contract::{AppId, Failure, Result, UserId};

use crate::ask::{Ask, Asks, ask};
use crate::value::{Bind, FromRow, Params, Row, Value};
use crate::{Snapshot, Tx};
use friends::Friend;
use labels::Label;

/// An account with what is known of its relations as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Whose.
    pub account: UserId,
    /// Whether the account exists for the outside.
    pub is_alive: bool,
    /// Accounts on its blocklist.
    pub blocks: i64,
    /// The version of its last change, and of the last change of each part.
    pub version: i64,
    /// Standard fields of friends.
    pub standard: i64,
    /// The app's own fields of friends.
    pub custom: i64,
    /// Names of friend groups.
    pub labels: i64,
    /// The blocklist.
    pub blocklist: i64,
    /// Friend requests.
    pub requests: i64,
    /// Friendships that ended up to this version are forgotten.
    pub floor: i64,
    /// Friends.
    pub friends: i64,
    /// Ended friendships that are remembered.
    pub graves: i64,
    /// Requests that wait for its answer.
    pub asked: i64,
    /// Up to which version it has looked at them.
    pub seen: i64,
    /// The minute in which it last asked for friends, and how many.
    pub added: (i64, i64),
    /// The minute in which it last removed friends, and how many.
    pub removed: (i64, i64),
}

impl Root {
    /// Takes the next version.
    pub fn take_version(&mut self) -> i64 {
        self.version += 1;
        self.version
    }

    /// Where its parts stand.
    pub fn versions(&self) -> RelationVersions {
        RelationVersions {
            friends: self.standard.max(self.custom),
            groups: self.labels,
            blocks: self.blocklist,
            requests: self.requests,
        }
    }
}

/// A root as it was read, and as it is to be.
pub type RootPair = (Root, Root);

/// What an account lets others do, and may do itself; empty where its profile says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stance {
    /// Who may become a friend.
    pub allow_type: String,
    /// Whether an administrator keeps it from asking for friends.
    pub forbid_type: String,
}

impl FromRow for Root {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let deleted_at: i64 = row.get(1)?;
        let number = |index| -> Result<i64> { Ok(row.get::<Option<i64>>(index)?.unwrap_or_default()) };
        Ok(Self {
            account: row.get(0)?,
            is_alive: deleted_at == 0,
            blocks: row.get(2)?,
            version: number(3)?,
            standard: number(4)?,
            custom: number(5)?,
            labels: number(6)?,
            blocklist: number(7)?,
            requests: number(8)?,
            floor: number(9)?,
            friends: number(10)?,
            graves: number(11)?,
            asked: number(12)?,
            seen: number(13)?,
            added: (number(14)?, number(15)?),
            removed: (number(16)?, number(17)?),
        })
    }
}

/// A root on its way into its row.
struct Saved<'a>(AppId, &'a Root);

impl Params for Saved<'_> {
    fn values(&self) -> impl AsRef<[Value<'_>]> {
        let Self(app, root) = self;
        [
            app.value(),
            root.account.value(),
            root.version.value(),
            root.standard.value(),
            root.custom.value(),
            root.labels.value(),
            root.blocklist.value(),
            root.requests.value(),
            root.floor.value(),
            root.friends.value(),
            root.graves.value(),
            root.asked.value(),
            root.seen.value(),
            root.added.0.value(),
            root.added.1.value(),
            root.removed.0.value(),
            root.removed.1.value(),
        ]
    }
}

/// A list of accounts as a parameter.
pub(crate) fn list<'a>(ids: impl IntoIterator<Item = &'a UserId>) -> String {
    serde_json::Value::from(ids.into_iter().map(UserId::as_str).collect::<Vec<_>>()).to_string()
}

/// Takes hold of accounts until the transaction ends: in key order, so that two batches cannot wait for each other. An
/// account that does not exist cannot be held, and can have no relations.
pub fn hold(tx: &mut Tx<'_>, ids: &[UserId]) -> Result<()> {
    let app = tx.app();
    let held: Vec<(String,)> = tx.all(
        sql! {
            sqlite: "SELECT id FROM accounts WHERE app = $1 AND id IN (SELECT value FROM json_each($2)) LIMIT 1",
            postgres: "SELECT id FROM accounts
                       WHERE app = $1 AND id = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))
                       ORDER BY id FOR UPDATE"
        },
        (app, list(ids)),
    )?;
    drop(held);
    Ok(())
}

/// Reads the roots of the accounts among `ids` (a bounded batch), living or deleted, in no particular order.
pub fn roots(snapshot: &mut Snapshot<'_>, ids: &[UserId]) -> Result<Vec<Root>> {
    asked(snapshot.app(), ids).all(snapshot)
}

fn asked(app: AppId, ids: &[UserId]) -> Ask<Root, impl Params> {
    ask(
        sql! {
            sqlite: "SELECT a.id, a.deleted_at, a.blocks, r.version, r.standard, r.custom, r.labels, r.blocklist,
                            r.requests, r.floor, r.friends, r.graves, r.asked, r.seen, r.added_minute, r.added,
                            r.removed_minute, r.removed
                     FROM accounts a LEFT JOIN relations r ON r.app = a.app AND r.account = a.id
                     WHERE a.app = $1 AND a.id IN (SELECT value FROM json_each($2))",
            postgres: "SELECT a.id, a.deleted_at, a.blocks, r.version, r.standard, r.custom, r.labels, r.blocklist,
                              r.requests, r.floor, r.friends, r.graves, r.asked, r.seen, r.added_minute, r.added,
                              r.removed_minute, r.removed
                       FROM accounts a LEFT JOIN relations r ON r.app = a.app AND r.account = a.id
                       WHERE a.app = $1 AND a.id = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))"
        },
        (app, list(ids)),
    )
}

/// Reads one root.
pub fn root(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Option<Root>> {
    Ok(roots(snapshot, std::slice::from_ref(account))?.pop())
}

/// Reads the root of an account, a page of its friends as [`friends::page`], and the names of its friend groups.
pub fn page(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    after: i64,
    count: usize,
) -> Result<(Option<Root>, Vec<Friend>, Vec<Label>)> {
    let app = snapshot.app();
    let root = asked(app, std::slice::from_ref(account));
    let asked = (root, friends::asked(app, account, after, count), labels::asked(app, account));
    let (mut roots, friends, labels) = asked.all(snapshot)?;
    Ok((roots.pop(), friends, labels))
}

/// Writes roots back, and where the length of a blocklist changed also to the account, where sends look for it.
pub fn save(tx: &mut Tx<'_>, changed: &[&RootPair]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "INSERT INTO relations (app, account, version, standard, custom, labels, blocklist, requests, floor, friends,
                                    graves, asked, seen, added_minute, added, removed_minute, removed)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             ON CONFLICT (app, account) DO UPDATE
             SET version = $3, standard = $4, custom = $5, labels = $6, blocklist = $7, requests = $8, floor = $9,
                 friends = $10, graves = $11, asked = $12, seen = $13, added_minute = $14, added = $15,
                 removed_minute = $16, removed = $17"
        ),
        changed.iter().map(|(_, root)| Saved(app, root)),
    )?;
    let blocking = changed.iter().filter(|(before, root)| before.blocks != root.blocks);
    tx.post_all(
        sql!("UPDATE accounts SET blocks = $3 WHERE app = $1 AND id = $2"),
        blocking.map(|(_, root)| (app, &root.account, root.blocks)),
    )
}

/// Reads what the profiles of accounts say about friend requests; who is missing says nothing.
pub fn stances(snapshot: &mut Snapshot<'_>, ids: &[UserId]) -> Result<HashMap<UserId, Stance>> {
    let app = snapshot.app();
    let rows: Vec<(UserId, String)> = snapshot.all(
        sql! {
            sqlite: "SELECT account, standard FROM profiles
                     WHERE app = $1 AND account IN (SELECT value FROM json_each($2))",
            postgres: "SELECT account, standard FROM profiles
                       WHERE app = $1 AND account = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))"
        },
        (app, list(ids)),
    )?;
    let stance = |(account, standard): (UserId, String)| {
        let fields: serde_json::Value = serde_json::from_str(&standard).map_err(Failure::internal)?;
        let word = |tag: &str| fields[tag].as_str().unwrap_or_default().to_owned();
        let allow_type = word("Tag_Profile_IM_AllowType");
        Ok((account, Stance { allow_type, forbid_type: word("Tag_Profile_IM_AdminForbidType") }))
    };
    rows.into_iter().map(stance).collect()
}

/// What stands between two accounts when one writes to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tie {
    /// The receiver has the sender on its blocklist.
    pub is_blocked: bool,
    /// The receiver is a friend of the sender.
    pub is_senders_friend: bool,
    /// The sender is a friend of the receiver.
    pub is_receivers_friend: bool,
}

/// Nothing stands between them, as far as anybody asked.
impl Default for Tie {
    fn default() -> Self {
        Self { is_blocked: false, is_senders_friend: true, is_receivers_friend: true }
    }
}

/// Reads what stands between two accounts.
pub fn tie(snapshot: &mut Snapshot<'_>, sender: &UserId, receiver: &UserId) -> Result<Tie> {
    let app = snapshot.app();
    let (blocked, senders, receivers): (bool, bool, bool) = snapshot.one(
        sql!(
            "SELECT EXISTS (SELECT 1 FROM blocks WHERE app = $1 AND peer = $2 AND account = $3),
                    EXISTS (SELECT 1 FROM friends WHERE app = $1 AND friend = $3 AND account = $2 AND ended = 0),
                    EXISTS (SELECT 1 FROM friends WHERE app = $1 AND friend = $2 AND account = $3 AND ended = 0)"
        ),
        (app, sender, receiver),
    )?;
    Ok(Tie { is_blocked: blocked, is_senders_friend: senders, is_receivers_friend: receivers })
}
