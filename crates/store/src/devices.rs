//! Devices, the account that each is bound to, and the tokens by which channels reach them.

use contract::{DeviceId, Millis, Result, UserId, limit};

use crate::{Snapshot, Tx, device_counts, live_activities};

/// One device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What it calls itself.
    pub id: DeviceId,
    /// The account it is bound to.
    pub account: Option<UserId>,
    /// Its class, as the wire contract numbers it.
    pub platform: i64,
    /// When it was last heard of.
    pub seen_at: Millis,
    /// The node that holds its connection; 0 when none does.
    pub node: i64,
    /// Tells one connection from the next.
    pub session: i64,
    /// From login to logout.
    pub is_logged_in: bool,
    /// Another device took its place while it was away.
    pub is_replaced: bool,
    /// Until when other nodes believe that its node is alive.
    pub node_seen_at: Millis,
}

impl Device {
    /// Whether a living node holds a connection of the device. A node counts as dead when it was silent for a while.
    pub const fn is_connected(&self, now: Millis) -> bool {
        self.node != 0 && now.0 - self.node_seen_at.0 < NODE_SILENCE_MS
    }
}

/// How long a node may be silent before its connections count as gone.
pub const NODE_SILENCE_MS: i64 = 30_000;

/// A way to reach a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The device.
    pub device: DeviceId,
    /// The channel by name.
    pub channel: String,
    /// The vendor's token.
    pub token: String,
    /// The credential of the app that it belongs to.
    pub credential: i64,
    /// When the device last said so.
    pub bound_at: Millis,
}

type Row = (String, String, i64, Millis, i64, i64, bool, bool, Option<Millis>);

fn device(row: Row) -> Device {
    let (id, account, platform, seen_at, node, session, is_logged_in, is_replaced, node_seen_at) = row;
    Device {
        id: DeviceId::trusted(&id),
        account: (!account.is_empty()).then(|| UserId::trusted(&account)),
        platform,
        seen_at,
        node,
        session,
        is_logged_in,
        is_replaced,
        node_seen_at: node_seen_at.unwrap_or_default(),
    }
}

/// Reads one device.
pub fn get(snapshot: &mut Snapshot<'_>, id: &DeviceId) -> Result<Option<Device>> {
    let app = snapshot.app();
    let row: Option<Row> = snapshot.opt(
        sql!(
            "SELECT d.id, d.account, d.platform, d.seen_at, d.node, d.session, d.logged_in, d.replaced, n.seen_at
             FROM devices d LEFT JOIN nodes n ON n.id = d.node WHERE d.app = $1 AND d.id = $2"
        ),
        (app, id),
    )?;
    Ok(row.map(device))
}

/// Reads the devices of an account, the latest heard of first.
pub fn of_account(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Vec<Device>> {
    let app = snapshot.app();
    let rows: Vec<Row> = snapshot.all(
        sql!(
            "SELECT d.id, d.account, d.platform, d.seen_at, d.node, d.session, d.logged_in, d.replaced, n.seen_at
             FROM devices d LEFT JOIN nodes n ON n.id = d.node
             WHERE d.app = $1 AND d.account = $2 AND d.account <> '' ORDER BY d.seen_at DESC, d.id LIMIT $3"
        ),
        (app, account, limit::DEVICES_PER_ACCOUNT as i64),
    )?;
    Ok(rows.into_iter().map(device).collect())
}

/// What a login says of its device.
#[derive(Debug, Clone)]
pub struct Login {
    /// The device.
    pub device: DeviceId,
    /// The account that logs in on it.
    pub account: UserId,
    /// Its class.
    pub platform: i64,
    /// The node that holds the connection.
    pub node: i64,
    /// The connection.
    pub session: i64,
}

/// Binds the device to the account and notes its connection. Answers the account that it was bound to before, if
/// that was another one: a device belongs to the latest account that logged in.
pub fn log_in(tx: &mut Tx<'_>, now: Millis, login: &Login) -> Result<Option<UserId>> {
    let app = tx.app();
    let before = get(tx, &login.device)?.and_then(|device| device.account).filter(|old| *old != login.account);
    device_counts::heard(tx, now, &login.device, login.platform)?;
    tx.post(
        sql!(
            "INSERT INTO devices (app, id, account, platform, registered_at, seen_at, node, session, logged_in)
             VALUES ($1, $2, $3, $4, $5, $5, $6, $7, 1)
             ON CONFLICT (app, id) DO UPDATE SET account = $3, platform = $4, seen_at = $5, node = $6, session = $7,
                 logged_in = 1, replaced = 0"
        ),
        (app, &login.device, &login.account, login.platform, now, login.node, login.session),
    )?;
    if let Some(before) = &before {
        // Another account's notifications must never appear on this device.
        tx.post(sql!("DELETE FROM tokens WHERE app = $1 AND device = $2"), (app, &login.device))?;
        live_activities::clear(tx, &login.device)?;
        count_reach(tx, before)?;
    }
    count_reach(tx, &login.account)?;
    Ok(before)
}

/// Notes that a connection of the device ended; a later connection of it is left alone.
pub fn disconnect(tx: &mut Tx<'_>, now: Millis, id: &DeviceId, session: i64) -> Result<()> {
    let app = tx.app();
    if let Some(device) = get(tx, id)?.filter(|device| device.session == session) {
        // A connection may have lasted into another day.
        device_counts::heard(tx, now, id, device.platform)?;
    }
    tx.post(
        sql!("UPDATE devices SET node = 0, seen_at = $4 WHERE app = $1 AND id = $2 AND session = $3"),
        (app, id, session, now),
    )
}

/// Ends the session of a device for good: no push reaches it until it logs in again.
pub fn log_out(tx: &mut Tx<'_>, now: Millis, id: &DeviceId) -> Result<()> {
    let app = tx.app();
    let account = get(tx, id)?.and_then(|device| device.account);
    // A device of push stays one, and is nobody's: what is pushed to the account must not appear on it.
    tx.post(
        sql!(
            "UPDATE devices SET node = 0, logged_in = 0, seen_at = $3,
                 account = CASE WHEN enrolled = 1 AND logged_in = 1 THEN '' ELSE account END WHERE app = $1 AND id = $2"
        ),
        (app, id, now),
    )?;
    if let Some(account) = account {
        count_reach(tx, &account)?;
    }
    Ok(())
}

/// Ends the sessions of all devices of an account (kick, deletion).
pub fn log_out_all(tx: &mut Tx<'_>, account: &UserId) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE devices SET node = 0, logged_in = 0, account = CASE WHEN enrolled = 1 AND logged_in = 1 THEN '' ELSE account END
             WHERE app = $1 AND account = $2 AND account <> ''"
        ),
        (app, account),
    )?;
    count_reach(tx, account)
}

/// Marks that another device took the place of this one.
pub fn replace(tx: &mut Tx<'_>, id: &DeviceId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("UPDATE devices SET node = 0, replaced = 1 WHERE app = $1 AND id = $2"), (app, id))
}

/// Takes the mark of [`replace`] away: the device was told.
pub fn clear_replaced(tx: &mut Tx<'_>, id: &DeviceId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("UPDATE devices SET replaced = 0 WHERE app = $1 AND id = $2"), (app, id))
}

/// Sets the token of a device for a channel. The same token on another device of the app is an old installation.
pub fn set_token(tx: &mut Tx<'_>, account: &UserId, token: &Token) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("DELETE FROM tokens WHERE app = $1 AND channel = $2 AND token = $3 AND device <> $4"),
        (app, &token.channel, &token.token, &token.device),
    )?;
    tx.post(
        sql!(
            "INSERT INTO tokens (app, device, channel, token, credential, bound_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (app, device, channel) DO UPDATE SET token = $4, credential = $5, bound_at = $6"
        ),
        (app, &token.device, &token.channel, &token.token, token.credential, token.bound_at),
    )?;
    count_reach(tx, account)
}

/// Removes the token of a device for a channel.
pub fn remove_token(tx: &mut Tx<'_>, account: &UserId, id: &DeviceId, channel: &str) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM tokens WHERE app = $1 AND device = $2 AND channel = $3"), (app, id, channel))?;
    count_reach(tx, account)
}

/// Drops a token that its vendor calls dead, unless the device bound it anew since then.
pub fn drop_token(tx: &mut Tx<'_>, channel: &str, token: &str, dead_since: Millis) -> Result<()> {
    let app = tx.app();
    let owner: Option<(String,)> = tx.opt(
        sql!("DELETE FROM tokens WHERE app = $1 AND channel = $2 AND token = $3 AND bound_at <= $4 RETURNING device"),
        (app, channel, token, dead_since),
    )?;
    if let Some((device,)) = owner
        && let Some(account) = get(tx, &DeviceId::trusted(&device))?.and_then(|device| device.account)
    {
        count_reach(tx, &account)?;
    }
    live_activities::drop_token(tx, token)
}

/// Reads by which ways an account's logged-in devices are reached.
///
/// SQLite keeps the order of a CROSS JOIN. Left to itself it starts from all tokens of the app.
pub fn tokens_of(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Vec<Token>> {
    let app = snapshot.app();
    let rows: Vec<(String, String, String, i64, Millis)> = snapshot.all(
        sql!(
            "SELECT t.device, t.channel, t.token, t.credential, t.bound_at FROM devices d CROSS JOIN tokens t
             WHERE t.app = d.app AND t.device = d.id AND d.app = $1 AND d.account = $2 AND d.account <> '' AND d.logged_in = 1
             ORDER BY t.device, t.channel LIMIT $3"
        ),
        (app, account, limit::STORE_PAGE as i64),
    )?;
    Ok(rows
        .into_iter()
        .map(|(device, channel, token, credential, bound_at)| Token {
            device: DeviceId::trusted(&device),
            channel,
            token,
            credential,
            bound_at,
        })
        .collect())
}

/// Keeps the account's number of reachable devices, by which a send knows whether to queue a notification.
pub(crate) fn count_reach(tx: &mut Tx<'_>, account: &UserId) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE accounts SET reach = (
                 SELECT COUNT(*) FROM devices d CROSS JOIN tokens t
                 WHERE t.app = d.app AND t.device = d.id AND d.app = $1 AND d.account = $2 AND d.account <> '' AND d.logged_in = 1
             ) WHERE app = $1 AND id = $2"
        ),
        (app, account),
    )
}

/// Forgets which connections a node held: it has just started, or it is known to be dead.
pub fn forget_node(tx: &mut Tx<'_>, node: i64) -> Result<u64> {
    let app = tx.app();
    tx.run(sql!("UPDATE devices SET node = 0 WHERE app = $1 AND node = $2 AND node <> 0"), (app, node))
}
