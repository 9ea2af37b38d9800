//! Accounts: one row each, kept after deletion.

use contract::event::Event;
use contract::{AppId, Millis, Result, UserId};

use crate::ask::{Ask, ask};
use crate::value::{FromRow, Params, Row};
use crate::{Snapshot, Sql, Tx};

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its UserID.
    pub id: UserId,
    /// Shown to others.
    pub nick: String,
    /// The URL of its picture.
    pub face: String,
    /// When it was deleted; 0 while it lives.
    pub deleted_at: Millis,
    /// Rises with every kick and deletion.
    pub epoch: i64,
    /// UserSigs signed in or before this second are void.
    pub sig_from: i64,
    /// Devices that a push can reach.
    pub reach: i64,
    /// Until when it may not write to others; 0 if it may.
    pub muted_until: Millis,
}

impl Account {
    /// Whether the account exists for the outside.
    pub const fn is_alive(&self) -> bool {
        self.deleted_at.0 == 0
    }
}

impl FromRow for Account {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            nick: row.get(1)?,
            face: row.get(2)?,
            deleted_at: row.get(3)?,
            epoch: row.get(4)?,
            sig_from: row.get(5)?,
            reach: row.get(6)?,
            muted_until: row.get(7)?,
        })
    }
}

/// Reads one account, living or deleted.
pub fn get(snapshot: &mut Snapshot<'_>, id: &UserId) -> Result<Option<Account>> {
    Ok(asked(snapshot.app(), id).all(snapshot)?.pop())
}

/// As [`get`], among other questions: an account or none.
pub(crate) fn asked(app: AppId, id: &UserId) -> Ask<Account, impl Params> {
    ask(
        sql!(
            "SELECT id, nick, face, deleted_at, epoch, sig_from, reach, muted_until FROM accounts
             WHERE app = $1 AND id = $2"
        ),
        (app, id),
    )
}

/// Reads one account and holds it until the transaction ends.
pub fn lock(tx: &mut Tx<'_>, id: &UserId) -> Result<Option<Account>> {
    let app = tx.app();
    tx.opt(
        sql! {
            sqlite: "SELECT id, nick, face, deleted_at, epoch, sig_from, reach, muted_until FROM accounts
                     WHERE app = $1 AND id = $2",
            postgres: "SELECT id, nick, face, deleted_at, epoch, sig_from, reach, muted_until FROM accounts
                       WHERE app = $1 AND id = $2 FOR UPDATE"
        },
        (app, id),
    )
}

/// Reads the accounts among `ids` (a bounded batch), living or deleted, in no particular order.
pub fn among(snapshot: &mut Snapshot<'_>, ids: &[UserId]) -> Result<Vec<Account>> {
    let sql = sql! {
        sqlite: "SELECT id, nick, face, deleted_at, epoch, sig_from, reach, muted_until FROM accounts
                 WHERE app = $1 AND id IN (SELECT value FROM json_each($2))",
        postgres: "SELECT id, nick, face, deleted_at, epoch, sig_from, reach, muted_until FROM accounts
                   WHERE app = $1 AND id = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))"
    };
    listed(snapshot, sql, ids)
}

/// Reads the accounts among `ids` (a bounded batch) and holds them until the transaction ends; taken in key order, so
/// that two batches cannot wait for each other.
pub fn lock_all(tx: &mut Tx<'_>, ids: &[UserId]) -> Result<Vec<Account>> {
    let sql = sql! {
        sqlite: "SELECT id, nick, face, deleted_at, epoch, sig_from, reach, muted_until FROM accounts
                 WHERE app = $1 AND id IN (SELECT value FROM json_each($2))",
        postgres: "SELECT id, nick, face, deleted_at, epoch, sig_from, reach, muted_until FROM accounts
                   WHERE app = $1 AND id = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))
                   ORDER BY id FOR UPDATE"
    };
    listed(tx, sql, ids)
}

/// Reads the accounts among `ids` (a bounded batch, in order) and keeps them as they live until the transaction ends:
/// others may change them, and nobody may [`lock`] them.
pub fn keep(tx: &mut Tx<'_>, ids: &[UserId]) -> Result<Vec<Account>> {
    let sql = sql! {
        sqlite: "SELECT id, nick, face, deleted_at, epoch, sig_from, reach, muted_until FROM accounts
                 WHERE app = $1 AND id IN (SELECT value FROM json_each($2))",
        postgres: "SELECT id, nick, face, deleted_at, epoch, sig_from, reach, muted_until FROM accounts
                   WHERE app = $1 AND id = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))
                   ORDER BY id FOR KEY SHARE"
    };
    listed(tx, sql, ids)
}

/// Runs a statement whose second parameter is a list of accounts.
fn listed(snapshot: &mut Snapshot<'_>, sql: Sql, ids: &[UserId]) -> Result<Vec<Account>> {
    let list = serde_json::Value::from(ids.iter().map(UserId::as_str).collect::<Vec<_>>()).to_string();
    let app = snapshot.app();
    snapshot.all(sql, (app, list))
}

/// Adds an account, or brings a deleted one back to life with an empty profile and its old epoch.
/// Answers whether it was not alive before.
pub fn import(tx: &mut Tx<'_>, now: Millis, id: &UserId) -> Result<bool> {
    let app = tx.app();
    let changed = tx.run(
        sql!(
            "INSERT INTO accounts (app, id, created_at) VALUES ($1, $2, $3)
             ON CONFLICT (app, id) DO UPDATE SET created_at = $3, deleted_at = 0 WHERE accounts.deleted_at <> 0"
        ),
        (app, id, now),
    )?;
    if changed > 0 {
        tx.after(Event::AccountAdded);
    }
    Ok(changed > 0)
}

/// Sets what others are shown of it everywhere; what is absent stays. The rest of its profile, and the sequences that
/// tell of changes, are in [`crate::profiles`].
pub fn set_profile(tx: &mut Tx<'_>, id: &UserId, nick: Option<&str>, face: Option<&str>) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("UPDATE accounts SET nick = COALESCE($3, nick), face = COALESCE($4, face) WHERE app = $1 AND id = $2"),
        (app, id, nick, face),
    )
}

/// Makes every session and every UserSig signed up to now void. Answers the new epoch.
pub fn raise_epoch(tx: &mut Tx<'_>, now: Millis, id: &UserId) -> Result<i64> {
    let app = tx.app();
    let (epoch,): (i64,) = tx.one(
        sql!("UPDATE accounts SET epoch = epoch + 1, sig_from = $3 WHERE app = $1 AND id = $2 RETURNING epoch"),
        (app, id, now.secs()),
    )?;
    Ok(epoch)
}

/// Marks an account as deleted.
pub fn delete(tx: &mut Tx<'_>, now: Millis, id: &UserId) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE accounts SET deleted_at = $3, nick = '', face = '', reach = 0, muted_until = 0,
                    group_muted_until = 0
             WHERE app = $1 AND id = $2"
        ),
        (app, id, now),
    )?;
    tx.after(Event::AccountRemoved);
    Ok(())
}

/// Holds the number of the app's accounts until the transaction ends: who counts and then adds is alone with that. The
/// embedded engine has one writer anyway.
pub fn hold_number(tx: &mut Tx<'_>) -> Result<()> {
    let app = tx.app();
    let held: Option<(i64,)> = tx.opt(
        sql! {
            sqlite: "SELECT 1 WHERE $1 <> 0",
            postgres: "SELECT 1::bigint FROM (SELECT pg_advisory_xact_lock($1)) AS held"
        },
        (app,),
    )?;
    debug_assert!(held.is_some(), "no tenant has the platform's id");
    Ok(())
}

/// Counts living accounts, for the quota of a plan; stops counting at `max`, because nobody asks beyond it.
pub fn count(snapshot: &mut Snapshot<'_>, max: u64) -> Result<u64> {
    let app = snapshot.app();
    let (count,): (i64,) = snapshot.one(
        sql!(
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM accounts WHERE app = $1 AND deleted_at = 0 LIMIT $2) AS alive"
        ),
        (app, max as i64),
    )?;
    Ok(count as u64)
}

/// Takes the account's next version; whoever changes what belongs to the account holds its row from here on.
pub fn next_version(tx: &mut Tx<'_>, id: &UserId) -> Result<i64> {
    let app = tx.app();
    let (version,): (i64,) = tx.one(
        sql!("UPDATE accounts SET version = version + 1 WHERE app = $1 AND id = $2 RETURNING version"),
        (app, id),
    )?;
    Ok(version)
}

/// Takes the account's next versions and answers the last of them; none if there is no such account. Whoever changes what
/// belongs to the account holds its row from here on.
pub fn next_versions(tx: &mut Tx<'_>, id: &UserId, count: usize) -> Result<Option<i64>> {
    let app = tx.app();
    let row: Option<(i64,)> = tx.opt(
        sql!("UPDATE accounts SET version = version + $3 WHERE app = $1 AND id = $2 RETURNING version"),
        (app, id, count as i64),
    )?;
    Ok(row.map(|(version,)| version))
}

/// Reads the account's version; 0 if there is no such account.
pub fn version(snapshot: &mut Snapshot<'_>, id: &UserId) -> Result<i64> {
    let app = snapshot.app();
    let row: Option<(i64,)> =
        snapshot.opt(sql!("SELECT version FROM accounts WHERE app = $1 AND id = $2"), (app, id))?;
    Ok(row.map_or(0, |(version,)| version))
}
