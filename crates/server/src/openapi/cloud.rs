//! Who calls: cloud accounts and access keys, read once, kept in memory, read again when one of them changed.
//!
//! An app may have keys of its own (`noroshi app create --access-key-id`): such a key belongs to the app's account and
//! may do everything with the apps that have it, and with no other.

use std::collections::HashMap;
use std::sync::Arc;

use contract::{AppId, Error, Failure, Fault, Millis, Result};
use parking_lot::{Mutex, RwLock};
use sha2::{Digest, Sha256};
use store::Store;
use store::apps::App;
use store::cloud::{self, CloudSettings, CloudState, DEFAULT_ACCOUNT, KeyKind, KeyRow, KeySecrets, KeySettings};

use crate::apps::Apps;
use crate::vault::Vault;

/// An access key with all that concerns it.
#[derive(Debug, Clone)]
pub struct Key {
    /// `AccessKeyId`.
    pub id: String,
    /// The cloud account that it belongs to.
    pub account: String,
    /// What it may do, and until when.
    pub settings: KeySettings,
    /// Its secrets.
    pub secrets: KeySecrets,
    /// The apps that have it as their own; none if it is a key of the account.
    pub apps: Option<Vec<AppId>>,
}

/// A caller that proved who it is.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key that signed.
    pub key: Arc<Key>,
    /// Its cloud account.
    pub account: Arc<CloudSettings>,
}

impl Caller {
    /// Whether an app belongs to the account that calls.
    pub fn owns(&self, app: &App) -> bool {
        match &self.key.apps {
            Some(apps) => apps.contains(&app.id),
            None => app.settings.cloud_account == self.key.account,
        }
    }

    /// Whether the key was granted an action, on an app or on none in particular.
    pub fn may(&self, action: &str, app: Option<AppId>) -> bool {
        let settings = &self.key.settings;
        match settings.kind {
            KeyKind::Owner => true,
            KeyKind::User | KeyKind::Temporary | KeyKind::Bearer => {
                settings.grants.iter().any(|grant| grant.covers(action, app))
            }
        }
    }

    /// Refuses what the state of the account forbids.
    pub fn check_state(&self) -> Result<(), Fault> {
        match self.account.state {
            CloudState::Active => Ok(()),
            CloudState::Unsupported => Err(Fault::CloudAccountUnsupported),
            CloudState::Prohibited => Err(Fault::CloudAccountProhibited),
            CloudState::InDebt => Err(Fault::CloudAccountInDebt),
            CloudState::Disabled => Err(Fault::CloudAccountDisabled),
        }
    }
}

#[derive(Default)]
struct Known {
    accounts: HashMap<String, Arc<CloudSettings>>,
    keys: HashMap<String, Arc<Key>>,
    /// Bearer tokens by their hash: a map by the token itself would tell it bit by bit.
    bearers: HashMap<[u8; 32], String>,
}

/// All cloud accounts and their keys.
pub struct Clouds {
    store: Store,
    apps: Arc<Apps>,
    vault: Arc<Vault>,
    known: RwLock<Known>,
    version: Mutex<Option<(i64, i64)>>,
}

impl Clouds {
    /// Reads all accounts and keys.
    pub async fn load(store: Store, apps: Arc<Apps>, vault: Arc<Vault>) -> Result<Self> {
        let clouds = Self { store, apps, vault, known: RwLock::default(), version: Mutex::new(None) };
        clouds.refresh().await?;
        Ok(clouds)
    }

    /// Reads everything again if anything changed since the last time.
    pub async fn refresh(&self) -> Result<()> {
        let version = self.store.read(AppId::PLATFORM, cloud::version).await?;
        if *self.version.lock() == Some(version) {
            return Ok(());
        }
        let mut known = Known::default();
        let mut after = String::new();
        loop {
            let from = after.clone();
            let page = self.store.read(AppId::PLATFORM, move |snapshot| cloud::accounts(snapshot, &from)).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            for row in page {
                let settings =
                    serde_json::from_str(&row.record).map_err(|error| broken("cloud account", &row.id, &error))?;
                known.accounts.insert(row.id, Arc::new(settings));
            }
        }
        after.clear();
        loop {
            let from = after.clone();
            let page = self.store.read(AppId::PLATFORM, move |snapshot| cloud::keys(snapshot, &from)).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            for row in page {
                let key = self.open(row)?;
                if key.settings.kind == KeyKind::Bearer {
                    known.bearers.insert(hash(&key.secrets.secret), key.id.clone());
                }
                known.keys.insert(key.id.clone(), Arc::new(key));
            }
        }
        *self.known.write() = known;
        *self.version.lock() = Some(version);
        Ok(())
    }

    /// The key of an id: one of an account, or one of an app.
    pub fn key(&self, id: &str) -> Option<Arc<Key>> {
        if let Some(key) = self.known.read().keys.get(id) {
            return Some(Arc::clone(key));
        }
        let apps = self.apps.of_key(id);
        let first = apps.first()?;
        let own = first.secrets.access_keys.iter().find(|key| key.id == id)?;
        Some(Arc::new(Key {
            id: id.to_owned(),
            account: first.settings.cloud_account.clone(),
            settings: KeySettings::default(),
            secrets: KeySecrets { secret: own.secret.clone(), token: String::new() },
            apps: Some(apps.iter().map(|app| app.id).collect()),
        }))
    }

    /// The key of a bearer token.
    pub fn bearer(&self, token: &str) -> Option<Arc<Key>> {
        let known = self.known.read();
        known.bearers.get(&hash(token)).and_then(|id| known.keys.get(id)).cloned()
    }

    /// A caller by its key. An account without a row is the default one, or one whose row was not written yet: active.
    pub fn caller(&self, key: Arc<Key>) -> Caller {
        let account = self.known.read().accounts.get(&key.account).cloned().unwrap_or_default();
        Caller { key, account }
    }

    /// Every account that was made, with its settings, ordered by name. The default one is there even if unmade.
    pub fn accounts(&self) -> Vec<(String, Arc<CloudSettings>)> {
        let mut all: Vec<_> =
            self.known.read().accounts.iter().map(|(id, own)| (id.clone(), Arc::clone(own))).collect();
        if !all.iter().any(|(id, _)| id == DEFAULT_ACCOUNT) {
            all.push((DEFAULT_ACCOUNT.into(), Arc::default()));
        }
        all.sort_by(|one, next| one.0.cmp(&next.0));
        all
    }

    /// The keys of an account, ordered by id.
    pub fn keys_of(&self, account: &str) -> Vec<Arc<Key>> {
        let mut keys: Vec<_> = self.known.read().keys.values().filter(|key| key.account == account).cloned().collect();
        keys.sort_by(|one, next| one.id.cmp(&next.id));
        keys
    }

    /// Seals the secrets of a key for the store.
    pub fn close(&self, key: &Key) -> Result<KeyRow> {
        let record = serde_json::to_string(&key.settings).map_err(Failure::internal)?;
        let secrets = serde_json::to_vec(&key.secrets).map_err(Failure::internal)?;
        let sealed = self.vault.seal(&secrets)?;
        Ok(KeyRow { id: key.id.clone(), account: key.account.clone(), record, sealed, version: 1 })
    }

    fn open(&self, row: KeyRow) -> Result<Key> {
        let settings = serde_json::from_str(&row.record).map_err(|error| broken("access key", &row.id, &error))?;
        let secrets = serde_json::from_slice(&self.vault.open(&row.sealed)?)
            .map_err(|error| broken("access key", &row.id, &error))?;
        Ok(Key { id: row.id, account: row.account, settings, secrets, apps: None })
    }
}

/// Whether a key is in force: neither switched off nor expired.
pub fn is_in_force(key: &Key, now: Millis) -> bool {
    !key.settings.is_off && key.settings.expires_at.is_none_or(|end| now.0 < end)
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn broken(what: &str, id: &str, error: &serde_json::Error) -> Error {
    Failure::Internal(format!("the record of {what} {id} cannot be read: {error}")).into()
}
