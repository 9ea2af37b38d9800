//! Cloud accounts and access keys: who owns apps and calls the push OpenAPIs.
//!
//! These rows are bound to no tenant; a transaction on them is bound to [`contract::AppId::PLATFORM`]. Everything but
//! the secrets is plain JSON, and every field has a default: a record of an older version opens in a newer one.

use std::collections::BTreeMap;
use std::fmt;

use contract::{AppId, Millis, Result, limit};
use serde::{Deserialize, Serialize};

use crate::{Snapshot, Tx};

/// The account that owns every app which names no other.
pub const DEFAULT_ACCOUNT: &str = "default";

/// What an operator may look at and change of a cloud account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CloudSettings {
    /// For people.
    pub name: String,
    /// Whether its calls are served.
    pub state: CloudState,
    /// Whether the contract's quotas hold for it; without them only `rates` and `rate_total` do.
    pub has_quotas: bool,
    /// Calls per second by action, instead of the quota.
    pub rates: BTreeMap<String, u32>,
    /// Calls per second of all actions together.
    pub rate_total: Option<u32>,
}

/// Whether the calls of a cloud account are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloudState {
    /// They are.
    #[default]
    Active,
    /// It came from elsewhere and is not supported.
    Unsupported,
    /// An operator prohibited it.
    Prohibited,
    /// It owes money.
    InDebt,
    /// The service is not switched on for it.
    Disabled,
}

/// What an operator may look at and change of an access key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeySettings {
    /// What it stands for.
    pub kind: KeyKind,
    /// Whether it is switched off.
    pub is_off: bool,
    /// What a key that is not the owner's may do.
    pub grants: Vec<Grant>,
    /// The first moment at which it is void; none means that it stays.
    pub expires_at: Option<i64>,
    /// For people.
    pub note: String,
}

/// What an access key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// The owner of the account: may do everything with every app of it.
    #[default]
    Owner,
    /// A sub-user: may do what it was granted.
    User,
    /// Temporary: comes with a token, expires, and may do what it was granted.
    Temporary,
    /// A token that is proof by itself, and may do what it was granted.
    Bearer,
}

/// What may be done with which apps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grant {
    /// Actions as `mpush:BindTag` or `mpaas:PushSimple`; a `*` at the end stands for any rest.
    pub actions: Vec<String>,
    /// Apps; empty means every app of the account.
    pub apps: Vec<i64>,
}

impl Grant {
    /// Whether it covers an action, on an app or on none in particular.
    pub fn covers(&self, action: &str, app: Option<AppId>) -> bool {
        let is_named = self.actions.iter().any(|own| match own.strip_suffix('*') {
            Some(start) => action.starts_with(start),
            None => own == action,
        });
        is_named && app.is_none_or(|app| self.apps.is_empty() || self.apps.contains(&app.0))
    }
}

/// What nobody may look at. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeySecrets {
    /// `AccessKeySecret`; for a bearer token the token.
    pub secret: String,
    /// The token of a temporary key.
    pub token: String,
}

impl fmt::Debug for KeySecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySecrets").finish_non_exhaustive()
    }
}

/// A cloud account as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudRow {
    /// Its name.
    pub id: String,
    /// JSON of [`CloudSettings`].
    pub record: String,
    /// Rises with every change.
    pub version: i64,
}

/// An access key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// `AccessKeyId`.
    pub id: String,
    /// The cloud account that it belongs to.
    pub account: String,
    /// JSON of [`KeySettings`].
    pub record: String,
    /// JSON of [`KeySecrets`], encrypted under the master key.
    pub sealed: Vec<u8>,
    /// Rises with every change.
    pub version: i64,
}

/// Reads all cloud accounts in pages ordered by id.
pub fn accounts(snapshot: &mut Snapshot<'_>, after: &str) -> Result<Vec<CloudRow>> {
    let rows: Vec<(String, String, i64)> = snapshot.all(
        sql!("SELECT id, record, version FROM cloud_accounts WHERE id > $1 ORDER BY id LIMIT $2"),
        (after, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(id, record, version)| CloudRow { id, record, version }).collect())
}

/// Reads one cloud account.
pub fn account(snapshot: &mut Snapshot<'_>, id: &str) -> Result<Option<CloudRow>> {
    let row: Option<(String, String, i64)> =
        snapshot.opt(sql!("SELECT id, record, version FROM cloud_accounts WHERE id = $1"), (id,))?;
    Ok(row.map(|(id, record, version)| CloudRow { id, record, version }))
}

/// Writes a cloud account, new or changed.
pub fn set_account(tx: &mut Tx<'_>, now: Millis, id: &str, record: &str) -> Result<()> {
    tx.post(
        sql!(
            "INSERT INTO cloud_accounts (id, record, version, created_at) VALUES ($1, $2, 1, $3)
             ON CONFLICT (id) DO UPDATE SET record = $2, version = cloud_accounts.version + 1"
        ),
        (id, record, now),
    )
}

/// Reads all access keys in pages ordered by id.
pub fn keys(snapshot: &mut Snapshot<'_>, after: &str) -> Result<Vec<KeyRow>> {
    let rows: Vec<(String, String, String, Vec<u8>, i64)> = snapshot.all(
        sql!("SELECT id, account, record, sealed, version FROM access_keys WHERE id > $1 ORDER BY id LIMIT $2"),
        (after, limit::STORE_PAGE as i64),
    )?;
    let row = |(id, account, record, sealed, version)| KeyRow { id, account, record, sealed, version };
    Ok(rows.into_iter().map(row).collect())
}

/// Adds an access key. Answers false, and changes nothing, if the id is taken.
pub fn add_key(tx: &mut Tx<'_>, now: Millis, key: &KeyRow) -> Result<bool> {
    let added = tx.run(
        sql!(
            "INSERT INTO access_keys (id, account, record, sealed, version, created_at) VALUES ($1, $2, $3, $4, 1, $5)
             ON CONFLICT (id) DO NOTHING"
        ),
        (&key.id, &key.account, &key.record, key.sealed.clone(), now),
    )?;
    Ok(added > 0)
}

/// Replaces what is known of an access key. Answers whether there is one.
pub fn set_key(tx: &mut Tx<'_>, id: &str, record: &str) -> Result<bool> {
    let changed =
        tx.run(sql!("UPDATE access_keys SET record = $2, version = version + 1 WHERE id = $1"), (id, record))?;
    Ok(changed > 0)
}

/// Takes an access key away. Answers whether there was one.
pub fn remove_key(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    Ok(tx.run(sql!("DELETE FROM access_keys WHERE id = $1"), (id,))? > 0)
}

/// Takes away temporary keys that expired before a moment; their records name it, so the caller does.
pub fn remove_keys(tx: &mut Tx<'_>, ids: &[String]) -> Result<u64> {
    tx.many(sql!("DELETE FROM access_keys WHERE id = $1"), ids.iter().map(|id| (id.as_str(),)))
}

/// Sums up accounts and keys in one number that changes whenever one of them does.
pub fn version(snapshot: &mut Snapshot<'_>) -> Result<(i64, i64)> {
    let (accounts, keys): (i64, i64) = snapshot.one(
        sql!(
            "SELECT (SELECT CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM cloud_accounts),
                    (SELECT CAST(COALESCE(SUM(version * 1000003 + created_at % 1000003), 0) AS BIGINT) FROM access_keys)"
        ),
        (),
    )?;
    Ok((accounts, keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_covers_what_it_names() {
        let grant = Grant { actions: vec!["mpush:Query*".into(), "mpush:BindTag".into()], apps: vec![7] };
        let check = |action: &str, app: Option<i64>, expected: bool| {
            assert_eq!(grant.covers(action, app.map(AppId)), expected, "{action} {app:?}");
        };
        check("mpush:QueryTags", Some(7), true);
        check("mpush:QueryTags", None, true);
        check("mpush:QueryTags", Some(8), false);
        check("mpush:BindTag", Some(7), true);
        check("mpush:BindTags", Some(7), false);
        check("mpaas:QueryTags", Some(7), false);
        assert!(Grant { actions: vec!["*".into()], apps: vec![] }.covers("mpush:Push", Some(AppId(1))));
    }
}
