//! What is stored of a live room besides the room: who may not come in, and who helps its owner.

use contract::{ConversationId, Millis, Result, UserId};

use crate::{Snapshot, Tx};

/// Somebody who may not come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Who.
    pub account: UserId,
    /// Until when.
    pub until: Millis,
}

/// Keeps accounts out until a moment.
pub fn ban(tx: &mut Tx<'_>, room: ConversationId, accounts: &[UserId], until: Millis, description: &str) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "INSERT INTO live_bans (app, conversation, account, until, description) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (app, conversation, account) DO UPDATE SET until = $4, description = $5"
        ),
        accounts.iter().map(|account| (app, room, account, until, description)),
    )
}

/// Lets accounts in again.
pub fn unban(tx: &mut Tx<'_>, room: ConversationId, accounts: &[UserId]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("DELETE FROM live_bans WHERE app = $1 AND conversation = $2 AND account = $3"),
        accounts.iter().map(|account| (app, room, account)),
    )
}

/// Until when an account may not come in; none if it may.
pub fn banned_until(
    snapshot: &mut Snapshot<'_>,
    room: ConversationId,
    account: &UserId,
    now: Millis,
) -> Result<Option<Millis>> {
    let app = snapshot.app();
    let found: Option<(Millis,)> = snapshot.opt(
        sql!("SELECT until FROM live_bans WHERE app = $1 AND conversation = $2 AND account = $3 AND until > $4"),
        (app, room, account, now),
    )?;
    Ok(found.map(|(until,)| until))
}

/// A page of those who may not come in, by name.
pub fn bans(
    snapshot: &mut Snapshot<'_>,
    room: ConversationId,
    now: Millis,
    skip: usize,
    count: usize,
) -> Result<Vec<Ban>> {
    let app = snapshot.app();
    let rows: Vec<(UserId, Millis)> = snapshot.all(
        sql!(
            "SELECT account, until FROM live_bans WHERE app = $1 AND conversation = $2 AND until > $3
             ORDER BY account LIMIT $4 OFFSET $5"
        ),
        (app, room, now, count as i64, skip as i64),
    )?;
    Ok(rows.into_iter().map(|(account, until)| Ban { account, until }).collect())
}

/// The administrators of a room, by name: there are few.
pub fn admins(snapshot: &mut Snapshot<'_>, room: ConversationId) -> Result<Vec<UserId>> {
    let app = snapshot.app();
    let rows: Vec<(UserId,)> = snapshot.all(
        sql!("SELECT account FROM live_admins WHERE app = $1 AND conversation = $2 ORDER BY account"),
        (app, room),
    )?;
    Ok(rows.into_iter().map(|(account,)| account).collect())
}

/// Makes accounts administrators.
pub fn add_admins(tx: &mut Tx<'_>, room: ConversationId, accounts: &[UserId], now: Millis) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "INSERT INTO live_admins (app, conversation, account, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, conversation, account) DO NOTHING"
        ),
        accounts.iter().map(|account| (app, room, account, now)),
    )
}

/// Makes them ordinary again.
pub fn remove_admins(tx: &mut Tx<'_>, room: ConversationId, accounts: &[UserId]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("DELETE FROM live_admins WHERE app = $1 AND conversation = $2 AND account = $3"),
        accounts.iter().map(|account| (app, room, account)),
    )
}

/// Whether an account administers any room.
pub fn is_admin(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<bool> {
    let app = snapshot.app();
    let found: Option<(i64,)> =
        snapshot.opt(sql!("SELECT 1 FROM live_admins WHERE app = $1 AND account = $2 LIMIT 1"), (app, account))?;
    Ok(found.is_some())
}

/// Makes an account ordinary in some of the rooms that it administers; answers in how many.
pub fn forget_admin(tx: &mut Tx<'_>, account: &UserId, count: usize) -> Result<usize> {
    let app = tx.app();
    let gone = tx.run(
        sql!(
            "DELETE FROM live_admins WHERE app = $1 AND account = $2 AND conversation IN (
                 SELECT conversation FROM live_admins WHERE app = $1 AND account = $2 ORDER BY conversation LIMIT $3)"
        ),
        (app, account, count as i64),
    )?;
    Ok(gone as usize)
}
