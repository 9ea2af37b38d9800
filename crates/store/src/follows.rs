//! Who follows whom, and how many do.
//!
//! Both sides of a follow have counts, so whoever changes one holds both accounts first ([`crate::accounts::lock_all`]).

use contract::{Millis, Result, UserId};

use crate::{Snapshot, Tx};

/// How many follow an account, and whom it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Accounts that it follows.
    pub following: u64,
    /// Accounts that follow it.
    pub followers: u64,
    /// Those that do both.
    pub mutual: u64,
}

/// How an account and another one follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tie {
    /// The account follows the other one.
    pub is_following: bool,
    /// The other one follows the account.
    pub is_followed: bool,
}

/// Which list of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Who follows it.
    Followers,
    /// Whom it follows.
    Following,
    /// Who does both.
    Mutual,
}

/// An entry of a list, which is also the place behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When the follow began; of a mutual one that of the account whose list this is.
    pub at: Millis,
    /// The other account.
    pub account: UserId,
}

/// Answers for each of `others` (a bounded batch) how the account is tied to it, in the order asked.
pub fn ties(snapshot: &mut Snapshot<'_>, account: &UserId, others: &[UserId]) -> Result<Vec<Tie>> {
    let app = snapshot.app();
    let list = serde_json::Value::from(others.iter().map(UserId::as_str).collect::<Vec<_>>()).to_string();
    let following: Vec<(UserId,)> = snapshot.all(
        sql! {
            sqlite: "SELECT target FROM follows
                     WHERE app = $1 AND account = $2 AND target IN (SELECT value FROM json_each($3))",
            postgres: "SELECT target FROM follows
                       WHERE app = $1 AND account = $2
                         AND target = ANY (ARRAY(SELECT jsonb_array_elements_text($3::text::jsonb)))"
        },
        (app, account, list.as_str()),
    )?;
    let followers: Vec<(UserId,)> = snapshot.all(
        sql! {
            sqlite: "SELECT account FROM follows
                     WHERE app = $1 AND target = $2 AND account IN (SELECT value FROM json_each($3))",
            postgres: "SELECT account FROM follows
                       WHERE app = $1 AND target = $2
                         AND account = ANY (ARRAY(SELECT jsonb_array_elements_text($3::text::jsonb)))"
        },
        (app, account, list.as_str()),
    )?;
    let has = |list: &[(UserId,)], other: &UserId| list.iter().any(|(id,)| id == other);
    let tie = |other| Tie { is_following: has(&following, other), is_followed: has(&followers, other) };
    Ok(others.iter().map(tie).collect())
}

/// Lets an account follow another one, which it does not yet. `is_mutual` says that the other one follows it.
pub fn add(tx: &mut Tx<'_>, now: Millis, account: &UserId, target: &UserId, is_mutual: bool) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("INSERT INTO follows (app, account, target, at, mutual) VALUES ($1, $2, $3, $4, $5)"),
        (app, account, target, now, is_mutual),
    )?;
    if is_mutual {
        set_mutual(tx, target, account, true)?;
    }
    let mutual = i64::from(is_mutual);
    count(tx, account, 1, 0, mutual)?;
    count(tx, target, 0, 1, mutual)
}

/// Ends a follow that is there. `was_mutual` says that the other one goes on following.
pub fn remove(tx: &mut Tx<'_>, account: &UserId, target: &UserId, was_mutual: bool) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM follows WHERE app = $1 AND account = $2 AND target = $3"), (app, account, target))?;
    if was_mutual {
        set_mutual(tx, target, account, false)?;
    }
    let mutual = -i64::from(was_mutual);
    count(tx, account, -1, 0, mutual)?;
    count(tx, target, 0, -1, mutual)
}

fn set_mutual(tx: &mut Tx<'_>, account: &UserId, target: &UserId, is_mutual: bool) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("UPDATE follows SET mutual = $4 WHERE app = $1 AND account = $2 AND target = $3"),
        (app, account, target, is_mutual),
    )
}

fn count(tx: &mut Tx<'_>, account: &UserId, following: i64, followers: i64, mutual: i64) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO follow_counts (app, account, following, followers, mutual) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (app, account) DO UPDATE SET following = follow_counts.following + $3,
                    followers = follow_counts.followers + $4, mutual = follow_counts.mutual + $5"
        ),
        (app, account, following, followers, mutual),
    )
}

/// Reads the counts of one account.
pub fn counts(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Counts> {
    let app = snapshot.app();
    let row: Option<(i64, i64, i64)> = snapshot.opt(
        sql!("SELECT following, followers, mutual FROM follow_counts WHERE app = $1 AND account = $2"),
        (app, account),
    )?;
    let (following, followers, mutual) = row.unwrap_or_default();
    Ok(Counts { following: following as u64, followers: followers as u64, mutual: mutual as u64 })
}

type Row = (Millis, UserId);

/// Reads a page of a list behind an entry, newest first.
pub fn page(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    list: List,
    after: Option<&Entry>,
    max: usize,
) -> Result<Vec<Entry>> {
    let app = snapshot.app();
    // Nothing is newer than the end of time, and no UserID is empty.
    let (at, id) = after.map_or((Millis(i64::MAX), ""), |entry| (entry.at, entry.account.as_str()));
    let page = match list {
        List::Following => sql!(
            "SELECT at, target FROM follows WHERE app = $1 AND account = $2 AND (at, target) < ($3, $4)
             ORDER BY at DESC, target DESC LIMIT $5"
        ),
        List::Followers => sql!(
            "SELECT at, account FROM follows WHERE app = $1 AND target = $2 AND (at, account) < ($3, $4)
             ORDER BY at DESC, account DESC LIMIT $5"
        ),
        List::Mutual => sql!(
            "SELECT at, target FROM follows WHERE app = $1 AND account = $2 AND mutual = 1 AND (at, target) < ($3, $4)
             ORDER BY at DESC, target DESC LIMIT $5"
        ),
    };
    let rows: Vec<Row> = snapshot.all(page, (app, account, at, id, max as i64))?;
    Ok(rows.into_iter().map(|(at, account)| Entry { at, account }).collect())
}
