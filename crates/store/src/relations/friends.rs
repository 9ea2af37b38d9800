//! Friends: one row a direction, placed by the version of its last change.

use contract::{AppId, Result, UserId, limit};

use super::list;
use crate::ask::{Ask, ask};
use crate::value::{Bind, FromRow, Params, Row, Value};
use crate::{Snapshot, Tx};

/// `friend` in the list of `account`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Friend {
    /// Whose list.
    pub account: UserId,
    /// Who stands in it.
    pub friend: UserId,
    /// When it last changed: its place.
    pub version: i64,
    /// The friendship is over.
    pub is_ended: bool,
    /// What the account calls the friend.
    pub remark: String,
    /// Where they met.
    pub source: String,
    /// What the request said.
    pub wording: String,
    /// Seconds since the epoch.
    pub added_at: i64,
    /// When the remark was set; 0 if never.
    pub remark_at: i64,
    /// A bit for each friend group.
    pub labels: i64,
    /// A JSON object; empty means none.
    pub custom: String,
}

impl FromRow for Friend {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            account: row.get(0)?,
            friend: row.get(1)?,
            version: row.get(2)?,
            is_ended: row.get(3)?,
            remark: row.get(4)?,
            source: row.get(5)?,
            wording: row.get(6)?,
            added_at: row.get(7)?,
            remark_at: row.get(8)?,
            labels: row.get(9)?,
            custom: row.get(10)?,
        })
    }
}

struct Saved<'a>(AppId, &'a Friend);

impl Params for Saved<'_> {
    fn values(&self) -> impl AsRef<[Value<'_>]> {
        let Self(app, row) = self;
        [
            app.value(),
            row.account.value(),
            row.friend.value(),
            row.version.value(),
            row.is_ended.value(),
            row.remark.value(),
            row.source.value(),
            row.wording.value(),
            row.added_at.value(),
            row.remark_at.value(),
            row.labels.value(),
            row.custom.value(),
        ]
    }
}

/// Writes rows, each over the one of the same pair.
pub fn save<'a>(tx: &mut Tx<'_>, rows: impl IntoIterator<Item = &'a Friend>) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "INSERT INTO friends (app, account, friend, version, ended, remark, source, wording, added_at, remark_at,
                                  labels, custom)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (app, friend, account) DO UPDATE
             SET version = $4, ended = $5, remark = $6, source = $7, wording = $8, added_at = $9, remark_at = $10,
                 labels = $11, custom = $12"
        ),
        rows.into_iter().map(|row| Saved(app, row)),
    )
}

/// Reads the rows after a place in the account's list, in their order; ended ones too.
pub fn since(snapshot: &mut Snapshot<'_>, account: &UserId, after: i64, count: usize) -> Result<Vec<Friend>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT account, friend, version, ended, remark, source, wording, added_at, remark_at, labels, custom
             FROM friends WHERE app = $1 AND account = $2 AND version > $3 ORDER BY version LIMIT $4"
        ),
        (app, account, after, count.min(limit::STORE_PAGE) as i64),
    )
}

/// Reads the friends after a place in the account's list, in their order.
pub fn page(snapshot: &mut Snapshot<'_>, account: &UserId, after: i64, count: usize) -> Result<Vec<Friend>> {
    asked(snapshot.app(), account, after, count).all(snapshot)
}

pub(super) fn asked(app: AppId, account: &UserId, after: i64, count: usize) -> Ask<Friend, impl Params> {
    ask(
        sql!(
            "SELECT account, friend, version, ended, remark, source, wording, added_at, remark_at, labels, custom
             FROM friends WHERE app = $1 AND account = $2 AND version > $3 AND ended = 0 ORDER BY version LIMIT $4"
        ),
        (app, account, after, count.min(limit::STORE_PAGE) as i64),
    )
}

/// Reads the account's rows about some others (a bounded batch), ended ones too.
pub fn among(snapshot: &mut Snapshot<'_>, account: &UserId, others: &[UserId]) -> Result<Vec<Friend>> {
    let app = snapshot.app();
    snapshot.all(
        sql! {
            sqlite: "SELECT account, friend, version, ended, remark, source, wording, added_at, remark_at, labels, custom
                     FROM friends
                     WHERE app = $1 AND account = $2 AND friend IN (SELECT value FROM json_each($3))",
            postgres: "SELECT account, friend, version, ended, remark, source, wording, added_at, remark_at, labels,
                              custom
                       FROM friends
                       WHERE app = $1 AND account = $2
                         AND friend = ANY (ARRAY(SELECT jsonb_array_elements_text($3::text::jsonb)))"
        },
        (app, account, list(others)),
    )
}

/// Reads the rows of some others (a bounded batch) about the account, ended ones too.
pub fn about(snapshot: &mut Snapshot<'_>, account: &UserId, others: &[UserId]) -> Result<Vec<Friend>> {
    let app = snapshot.app();
    snapshot.all(
        sql! {
            sqlite: "SELECT account, friend, version, ended, remark, source, wording, added_at, remark_at, labels, custom
                     FROM friends
                     WHERE app = $1 AND friend = $2 AND account IN (SELECT value FROM json_each($3))",
            postgres: "SELECT account, friend, version, ended, remark, source, wording, added_at, remark_at, labels,
                              custom
                       FROM friends
                       WHERE app = $1 AND friend = $2
                         AND account = ANY (ARRAY(SELECT jsonb_array_elements_text($3::text::jsonb)))"
        },
        (app, account, list(others)),
    )
}

/// Names accounts that have this one as a friend.
pub fn whose(snapshot: &mut Snapshot<'_>, friend: &UserId, count: usize) -> Result<Vec<UserId>> {
    let app = snapshot.app();
    let rows: Vec<(UserId,)> = snapshot.all(
        sql!("SELECT account FROM friends WHERE app = $1 AND friend = $2 AND ended = 0 LIMIT $3"),
        (app, friend, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// As [`whose`], page by page in the order of their names.
pub fn whose_after(
    snapshot: &mut Snapshot<'_>,
    friend: &UserId,
    after: Option<&UserId>,
    count: usize,
) -> Result<Vec<UserId>> {
    let app = snapshot.app();
    let rows: Vec<(UserId,)> = snapshot.all(
        sql!(
            "SELECT account FROM friends WHERE app = $1 AND friend = $2 AND account > $3 AND ended = 0
             ORDER BY account LIMIT $4"
        ),
        (app, friend, after.map_or("", UserId::as_str), count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Reads the groups of every friend that is in one: its name and its bits. An account has a bounded number of friends.
pub fn labelled(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Vec<(UserId, i64)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT friend, labels FROM friends
             WHERE app = $1 AND account = $2 AND labels <> 0 AND ended = 0 ORDER BY version"
        ),
        (app, account),
    )
}

/// Forgets all rows of an account's list, the ended ones too.
pub fn clear(tx: &mut Tx<'_>, account: &UserId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM friends WHERE app = $1 AND account = $2"), (app, account))
}

/// Forgets the oldest ended rows of an account's list; answers the version up to which they are forgotten.
pub fn forget_ended(tx: &mut Tx<'_>, account: &UserId, count: i64) -> Result<i64> {
    let app = tx.app();
    let last: Option<(i64,)> = tx.opt(
        sql!(
            "SELECT version FROM friends WHERE app = $1 AND account = $2 AND ended = 1 ORDER BY version
             LIMIT 1 OFFSET $3"
        ),
        (app, account, count - 1),
    )?;
    let Some((last,)) = last else { return Ok(0) };
    tx.post(
        sql!("DELETE FROM friends WHERE app = $1 AND account = $2 AND version <= $3 AND ended = 1"),
        (app, account, last),
    )?;
    Ok(last)
}
