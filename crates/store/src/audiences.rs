//! Who a push is for, and by which ways: devices by their own id, by account, alias or tag, in pages by key.
//!
//! Keys of tag bindings and aliases are compared as bytes, so several of them are walked side by side. A list of keys is
//! a parameter as JSON text.

use contract::{DeviceId, Millis, Result, UserId, limit};

use crate::bindings::Os;
use crate::bound_tags::Holder;
use crate::devices::{NODE_SILENCE_MS, Token};
use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// A device that a push may reach and, row by row, its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The device.
    pub device: DeviceId,
    /// Its account; empty when none is bound.
    pub account: UserId,
    /// Its system.
    pub os: Os,
    /// Whether a living node holds a connection of it.
    pub is_connected: bool,
    /// Whether its owner does not want notifications.
    pub is_muted: bool,
    /// The newest broadcast to devices that it has got over our own connection.
    pub pushed: i64,
    /// By which it is reached; none for a device without any.
    pub token: Option<Token>,
}

struct Found(Reach, i64, Millis);

impl FromRow for Found {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let device: DeviceId = row.get(0)?;
        let channel: Option<String> = row.get(8)?;
        let token: Option<String> = row.get(9)?;
        let (credential, bound_at): (Option<i64>, Option<Millis>) = (row.get(10)?, row.get(11)?);
        let token = channel.zip(token).map(|(channel, token)| Token {
            device: device.clone(),
            channel,
            token,
            credential: credential.unwrap_or_default(),
            bound_at: bound_at.unwrap_or_default(),
        });
        let reach = Reach {
            device,
            account: row.get(1)?,
            os: Os::of(row.get(2)?, row.get(3)?),
            is_connected: false,
            is_muted: row.get(4)?,
            pushed: row.get(5)?,
            token,
        };
        Ok(Self(reach, row.get(6)?, row.get::<Option<Millis>>(7)?.unwrap_or_default()))
    }
}

fn judged(found: Vec<Found>, now: Millis) -> Vec<Reach> {
    let judge = |Found(reach, node, seen): Found| {
        let is_connected = node != 0 && now.0 - seen.0 < NODE_SILENCE_MS;
        Reach { is_connected, ..reach }
    };
    found.into_iter().map(judge).collect()
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from(texts.collect::<Vec<_>>()).to_string()
}

/// Reads by which ways devices are reached: those that are logged in or registered for push. As many as have fewer ways
/// together than one statement may answer.
pub fn reach(snapshot: &mut Snapshot<'_>, now: Millis, devices: &[DeviceId]) -> Result<Vec<Reach>> {
    let app = snapshot.app();
    let ids = list(devices.iter().map(DeviceId::as_str));
    let found = snapshot.all(
        sql! {
            sqlite: "SELECT d.id, d.account, d.os, d.platform, d.muted, d.pushed, d.node, n.seen_at, t.channel, t.token,
                         t.credential, t.bound_at
                     FROM json_each($2) l CROSS JOIN devices d LEFT JOIN tokens t ON t.app = d.app AND t.device = d.id
                         LEFT JOIN nodes n ON n.id = d.node
                     WHERE d.app = $1 AND d.id = l.value AND (d.logged_in = 1 OR d.enrolled = 1) AND d.replaced = 0",
            postgres: "SELECT d.id, d.account, d.os, d.platform, d.muted, d.pushed, d.node, n.seen_at, t.channel, t.token,
                           t.credential, t.bound_at
                       FROM devices d LEFT JOIN tokens t ON t.app = d.app AND t.device = d.id
                           LEFT JOIN nodes n ON n.id = d.node
                       WHERE d.app = $1 AND d.id IN (SELECT jsonb_array_elements_text($2::text::jsonb))
                           AND (d.logged_in = 1 OR d.enrolled = 1) AND d.replaced = 0"
        },
        (app, ids),
    )?;
    Ok(judged(found, now))
}

/// Reads by which ways the devices of some accounts are reached, account by account, the latest heard of first.
pub fn reach_accounts(snapshot: &mut Snapshot<'_>, now: Millis, accounts: &[UserId]) -> Result<Vec<Reach>> {
    let app = snapshot.app();
    let found: Vec<Found> = snapshot.all(
        sql! {
            sqlite: "SELECT d.id, d.account, d.os, d.platform, d.muted, d.pushed, d.node, n.seen_at, t.channel, t.token,
                         t.credential, t.bound_at
                     FROM json_each($2) l CROSS JOIN devices d LEFT JOIN tokens t ON t.app = d.app AND t.device = d.id
                         LEFT JOIN nodes n ON n.id = d.node
                     WHERE d.app = $1 AND d.account = l.value AND d.account <> ''
                         AND (d.logged_in = 1 OR d.enrolled = 1) AND d.replaced = 0
                     ORDER BY d.account, d.seen_at DESC, d.id LIMIT $3",
            postgres: "SELECT d.id, d.account, d.os, d.platform, d.muted, d.pushed, d.node, n.seen_at, t.channel, t.token,
                           t.credential, t.bound_at
                       FROM devices d LEFT JOIN tokens t ON t.app = d.app AND t.device = d.id
                           LEFT JOIN nodes n ON n.id = d.node
                       WHERE d.app = $1 AND d.account <> ''
                           AND d.account = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))
                           AND (d.logged_in = 1 OR d.enrolled = 1) AND d.replaced = 0
                       ORDER BY d.account, d.seen_at DESC, d.id LIMIT $3"
        },
        (app, list(accounts.iter().map(UserId::as_str)), limit::STORE_PAGE as i64),
    )?;
    if found.len() < limit::STORE_PAGE || accounts.len() == 1 {
        return Ok(judged(found, now));
    }
    // One of them has very many devices, and must not take the others' places.
    let mut all = Vec::new();
    for account in accounts {
        all.extend(reach_accounts(snapshot, now, std::slice::from_ref(account))?);
    }
    Ok(all)
}

/// A page of all devices of the app after one and not beyond another, in the order of their ids.
pub fn all(snapshot: &mut Snapshot<'_>, after: &str, upto: Option<&str>, count: usize) -> Result<Vec<DeviceId>> {
    let (app, count) = (snapshot.app(), count.min(limit::STORE_PAGE) as i64);
    let rows: Vec<(DeviceId,)> = match upto {
        Some(upto) => snapshot.all(
            sql!("SELECT id FROM devices WHERE app = $1 AND id > $2 AND id <= $3 ORDER BY id LIMIT $4"),
            (app, after, upto, count),
        )?,
        None => snapshot
            .all(sql!("SELECT id FROM devices WHERE app = $1 AND id > $2 ORDER BY id LIMIT $3"), (app, after, count))?,
    };
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// A page of the holders of a tag after one and not beyond another, in the order of their keys as bytes.
pub fn of_tag(
    snapshot: &mut Snapshot<'_>,
    kind: Holder,
    tag: &str,
    after: &str,
    upto: Option<&str>,
    count: usize,
) -> Result<Vec<String>> {
    let (app, count) = (snapshot.app(), count.min(limit::STORE_PAGE) as i64);
    let rows: Vec<(String,)> = match upto {
        Some(upto) => snapshot.all(
            sql!(
                "SELECT holder FROM tag_bindings WHERE app = $1 AND tag = $2 AND kind = $3 AND holder > $4 AND holder <= $5
                 ORDER BY holder LIMIT $6"
            ),
            (app, tag, kind as i64, after, upto, count),
        )?,
        None => snapshot.all(
            sql!(
                "SELECT holder FROM tag_bindings WHERE app = $1 AND tag = $2 AND kind = $3 AND holder > $4
                 ORDER BY holder LIMIT $5"
            ),
            (app, tag, kind as i64, after, count),
        )?,
    };
    Ok(rows.into_iter().map(|(holder,)| holder).collect())
}

/// Reads which of some tags holders have: as many holders as the tags leave room for in one answer of the store.
pub fn tags_among(
    snapshot: &mut Snapshot<'_>,
    kind: Holder,
    holders: &[String],
    tags: &[&str],
) -> Result<Vec<(String, String)>> {
    let app = snapshot.app();
    let (holders, tags) = (list(holders.iter().map(String::as_str)), list(tags.iter().copied()));
    snapshot.all(
        sql! {
            sqlite: "SELECT b.holder, b.tag FROM json_each($3) h CROSS JOIN json_each($4) t CROSS JOIN tag_bindings b
                     WHERE b.app = $1 AND b.kind = $2 AND b.holder = h.value AND b.tag = t.value",
            postgres: "SELECT holder, tag FROM tag_bindings
                       WHERE app = $1 AND kind = $2 AND holder IN (SELECT jsonb_array_elements_text($3::text::jsonb))
                           AND tag IN (SELECT jsonb_array_elements_text($4::text::jsonb))"
        },
        (app, kind as i64, holders, tags),
    )
}

/// The devices of some aliases, each with the alias, at most `count`.
pub fn of_aliases(snapshot: &mut Snapshot<'_>, aliases: &[String], count: usize) -> Result<Vec<(String, DeviceId)>> {
    let app = snapshot.app();
    let aliases = list(aliases.iter().map(String::as_str));
    snapshot.all(
        sql! {
            sqlite: "SELECT b.alias, b.device FROM json_each($2) l CROSS JOIN device_aliases b
                     WHERE b.app = $1 AND b.alias = l.value ORDER BY b.alias, b.device LIMIT $3",
            postgres: "SELECT alias, device FROM device_aliases
                       WHERE app = $1 AND alias IN (SELECT jsonb_array_elements_text($2::text::jsonb))
                       ORDER BY alias, device LIMIT $3"
        },
        (app, aliases, count as i64),
    )
}

/// The aliases of some devices, each with the device, at most `count`.
pub fn aliases_among(
    snapshot: &mut Snapshot<'_>,
    devices: &[DeviceId],
    count: usize,
) -> Result<Vec<(DeviceId, String)>> {
    let app = snapshot.app();
    let devices = list(devices.iter().map(DeviceId::as_str));
    snapshot.all(
        sql! {
            sqlite: "SELECT b.device, b.alias FROM json_each($2) l CROSS JOIN device_aliases b
                     WHERE b.app = $1 AND b.device = l.value ORDER BY b.device, b.alias LIMIT $3",
            postgres: "SELECT device, alias FROM device_aliases
                       WHERE app = $1 AND device IN (SELECT jsonb_array_elements_text($2::text::jsonb))
                       ORDER BY device, alias LIMIT $3"
        },
        (app, devices, count as i64),
    )
}

/// The devices of some accounts, each with the account, at most `count`.
pub fn of_accounts(snapshot: &mut Snapshot<'_>, accounts: &[String], count: usize) -> Result<Vec<(String, DeviceId)>> {
    let app = snapshot.app();
    let accounts = list(accounts.iter().map(String::as_str));
    snapshot.all(
        sql! {
            sqlite: "SELECT d.account, d.id FROM json_each($2) l CROSS JOIN devices d
                     WHERE d.app = $1 AND d.account = l.value AND d.account <> '' ORDER BY d.account, d.id LIMIT $3",
            postgres: "SELECT account, id FROM devices
                       WHERE app = $1 AND account IN (SELECT jsonb_array_elements_text($2::text::jsonb)) AND account <> ''
                       ORDER BY account, id LIMIT $3"
        },
        (app, accounts, count as i64),
    )
}

/// The accounts of some devices, each with the device.
pub fn accounts_among(snapshot: &mut Snapshot<'_>, devices: &[DeviceId]) -> Result<Vec<(DeviceId, String)>> {
    let app = snapshot.app();
    let devices = list(devices.iter().map(DeviceId::as_str));
    snapshot.all(
        sql! {
            sqlite: "SELECT d.id, d.account FROM json_each($2) l CROSS JOIN devices d
                     WHERE d.app = $1 AND d.id = l.value AND d.account <> ''",
            postgres: "SELECT id, account FROM devices
                       WHERE app = $1 AND id IN (SELECT jsonb_array_elements_text($2::text::jsonb)) AND account <> ''"
        },
        (app, devices),
    )
}

/// Notes that devices have got a broadcast over our own connection.
pub fn mark(tx: &mut Tx<'_>, broadcast: i64, devices: &[DeviceId]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("UPDATE devices SET pushed = $3 WHERE app = $1 AND id = $2 AND pushed < $3"),
        devices.iter().map(|device| (app, device, broadcast)),
    )
}

/// The newest broadcast to devices that a device has got over our own connection, and when it registered.
pub fn marked(snapshot: &mut Snapshot<'_>, device: &DeviceId) -> Result<Option<(i64, Millis)>> {
    let app = snapshot.app();
    snapshot.opt(sql!("SELECT pushed, registered_at FROM devices WHERE app = $1 AND id = $2"), (app, device))
}
