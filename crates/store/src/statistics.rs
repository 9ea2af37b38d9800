//! What happened in an app, by day: sums, high-water marks, and who took part.
//!
//! Nodes add what they counted in memory; nothing here is asked while a message is sent.

use std::sync::Arc;

use contract::{Millis, Result, limit};

use crate::{Snapshot, Tx};

const DAY_MS: i64 = 86_400_000;

/// The day that holds what is counted since ever.
pub const EVER: i64 = 0;

/// The day (since the epoch, UTC) of a moment.
pub const fn day(now: Millis) -> i64 {
    now.0.div_euclid(DAY_MS)
}

/// A number of a day. The numbers are kept, so they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i64)]
pub enum What {
    /// Accounts that live; of the day [`EVER`].
    Accounts = 0,
    /// Accounts that came into being.
    Added = 1,
    /// Accounts that were deleted.
    Removed = 2,
    /// Logins with a UserSig.
    Logins = 3,
    /// Accounts that logged in.
    LoginAccounts = 4,
    /// Accounts that came in or sent.
    ActiveAccounts = 5,
    /// One-to-one messages that were stored.
    PairMessages = 6,
    /// Accounts that sent one.
    PairSenders = 7,
    /// One-to-one messages whose notification was queued for devices that are away.
    Notifications = 8,
    /// Most accounts that were connected at a time.
    OnlineMax = 9,
    /// Messages to groups that were stored.
    GroupMessages = 10,
    /// To how many members they went, each time.
    GroupReceived = 11,
    /// Accounts that sent one.
    GroupSenders = 12,
    /// Groups into which one was sent.
    GroupsSpoken = 13,
    /// Notifications of messages to groups that were queued for devices that are away.
    GroupNotifications = 14,
    /// How often somebody came into a group.
    GroupJoins = 15,
    /// How often somebody went from a group.
    GroupQuits = 16,
    /// Groups that came into being.
    GroupsAdded = 17,
    /// Groups that ended.
    GroupsRemoved = 18,
    /// Accounts that sent any message.
    Senders = 19,
}

impl What {
    const ALL: [Self; 20] = [
        Self::Accounts,
        Self::Added,
        Self::Removed,
        Self::Logins,
        Self::LoginAccounts,
        Self::ActiveAccounts,
        Self::PairMessages,
        Self::PairSenders,
        Self::Notifications,
        Self::OnlineMax,
        Self::GroupMessages,
        Self::GroupReceived,
        Self::GroupSenders,
        Self::GroupsSpoken,
        Self::GroupNotifications,
        Self::GroupJoins,
        Self::GroupQuits,
        Self::GroupsAdded,
        Self::GroupsRemoved,
        Self::Senders,
    ];
}

/// Adds to a number of a day.
pub fn add(tx: &mut Tx<'_>, day: i64, what: What, amount: i64) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO statistics (app, day, what, amount) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, day, what) DO UPDATE SET amount = statistics.amount + $4"
        ),
        (app, day, what as i64, amount),
    )
}

/// Notes who takes part in a day, by name: accounts, or groups. Each counts once.
pub fn take_part(tx: &mut Tx<'_>, day: i64, what: What, names: &[Arc<str>]) -> Result<()> {
    let app = tx.app();
    let new = tx.many(
        sql!(
            "INSERT INTO statistics_accounts (app, day, what, account) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, day, what, account) DO NOTHING"
        ),
        names.iter().map(|name| (app, day, what as i64, &**name)),
    )?;
    if new > 0 {
        add(tx, day, what, new as i64)?;
    }
    Ok(())
}

/// Counts the accounts that are connected now, and keeps the number if the day had none as high.
pub fn note_online(tx: &mut Tx<'_>, day: i64) -> Result<()> {
    let app = tx.app();
    let (online,): (i64,) = tx.one(
        sql!("SELECT COUNT(*) FROM (SELECT DISTINCT account FROM devices WHERE app = $1 AND node <> 0) AS alive"),
        (app,),
    )?;
    tx.post(
        sql!(
            "INSERT INTO statistics (app, day, what, amount) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, day, what) DO UPDATE SET amount = $4 WHERE statistics.amount < $4"
        ),
        (app, day, What::OnlineMax as i64, online),
    )
}

/// Forgets who took part in days that are over, a page at a time.
pub fn prune(tx: &mut Tx<'_>, before: i64) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "DELETE FROM statistics_accounts WHERE app = $1 AND day < $2 AND (day, what, account) IN
                 (SELECT day, what, account FROM statistics_accounts WHERE app = $1 AND day < $2 LIMIT $3)"
        ),
        (app, before, limit::STORE_PAGE as i64),
    )
}

/// The numbers of the days from one on, and those of [`EVER`].
pub fn since(snapshot: &mut Snapshot<'_>, from: i64) -> Result<Vec<(i64, What, i64)>> {
    let app = snapshot.app();
    let rows: Vec<(i64, i64, i64)> = snapshot
        .all(sql!("SELECT day, what, amount FROM statistics WHERE app = $1 AND (day >= $2 OR day = 0)"), (app, from))?;
    // A newer program may have counted more.
    let known = |(day, what, amount)| Some((day, What::ALL.into_iter().find(|known| *known as i64 == what)?, amount));
    Ok(rows.into_iter().filter_map(known).collect())
}
