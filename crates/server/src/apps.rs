//! The apps that this node serves: read once, kept in memory, read again when one of them changed.
//!
//! An idle app costs its settings and nothing else. On a store that other nodes write to as well, the sum of all
//! versions is compared every few seconds; changes made here are seen at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use contract::{AppId, Error, Failure, Millis, Result, UserId};
use parking_lot::RwLock;
use store::apps::{App, AppSecrets, AppSettings};
use store::platform::{self, AppRow, Entry};
use store::{Store, Tx, accounts};

use crate::vault::Vault;
use crate::webhook::Switches;

/// The apps by everything that names one.
#[derive(Default)]
struct Known {
    apps: HashMap<AppId, Arc<App>>,
    /// By their own access keys; several apps may have one in common.
    by_key: HashMap<String, Vec<AppId>>,
    /// By `AppId` and `WorkspaceId` of mPaaS.
    by_mpaas: HashMap<(String, String), AppId>,
}

impl Known {
    fn insert(&mut self, app: App) {
        let id = app.id;
        if let Some(held) = self.apps.get(&id) {
            for key in &held.secrets.access_keys {
                if let Some(ids) = self.by_key.get_mut(&key.id) {
                    ids.retain(|own| *own != id);
                    if ids.is_empty() {
                        self.by_key.remove(&key.id);
                    }
                }
            }
            let name = (held.settings.mpaas_app_id.clone(), held.settings.workspace_id.clone());
            if self.by_mpaas.get(&name) == Some(&id) {
                self.by_mpaas.remove(&name);
            }
        }
        for key in &app.secrets.access_keys {
            // Nearly every key belongs to one app.
            self.by_key.entry(key.id.clone()).or_insert_with(|| Vec::with_capacity(1)).push(id);
        }
        if !app.settings.mpaas_app_id.is_empty() {
            let name = (app.settings.mpaas_app_id.clone(), app.settings.workspace_id.clone());
            self.by_mpaas.insert(name, id);
        }
        self.apps.insert(id, Arc::new(app));
    }
}

/// All apps.
pub struct Apps {
    store: Store,
    vault: Arc<Vault>,
    known: RwLock<Known>,
    switches: Arc<Switches>,
    /// The sum of versions that `known` was read at.
    version: AtomicI64,
}

impl Apps {
    /// Reads all apps.
    pub async fn load(store: Store, vault: Arc<Vault>, switches: Arc<Switches>) -> Result<Self> {
        let apps = Self { store, vault, known: RwLock::default(), switches, version: AtomicI64::new(-1) };
        apps.refresh().await?;
        Ok(apps)
    }

    /// An app, if it exists.
    pub fn get(&self, id: AppId) -> Option<Arc<App>> {
        self.known.read().apps.get(&id).cloned()
    }

    /// The apps that have an access key of this id as their own.
    pub fn of_key(&self, id: &str) -> Vec<Arc<App>> {
        let known = self.known.read();
        let ids = known.by_key.get(id).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| known.apps.get(id)).cloned().collect()
    }

    /// The app that mPaaS knows by these two ids.
    pub fn of_mpaas(&self, app_id: &str, workspace_id: &str) -> Option<Arc<App>> {
        let known = self.known.read();
        known.by_mpaas.get(&(app_id.to_owned(), workspace_id.to_owned())).and_then(|id| known.apps.get(id)).cloned()
    }

    /// Every app, ordered by id.
    pub fn all(&self) -> Vec<Arc<App>> {
        let mut all: Vec<_> = self.known.read().apps.values().cloned().collect();
        all.sort_by_key(|app| app.id);
        all
    }

    /// Reads again what changed since the last time.
    pub async fn refresh(&self) -> Result<()> {
        let is_first = self.version.load(Ordering::Acquire) < 0;
        let version = self.store.read(AppId::PLATFORM, platform::apps_version).await?;
        if self.version.load(Ordering::Acquire) == version {
            return Ok(());
        }
        let mut after = AppId(i64::MIN);
        loop {
            let page = self.store.read(AppId::PLATFORM, move |snapshot| platform::apps(snapshot, after)).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for row in page {
                let is_old = self.known.read().apps.get(&row.id).is_none_or(|app| app.version < row.version);
                if is_old {
                    let app = self.open(row)?;
                    if !is_first {
                        self.import_admins(&app).await?;
                    }
                    self.keep(app);
                }
            }
        }
        self.version.store(version, Ordering::Release);
        Ok(())
    }

    /// Reads one app that was changed here, and none of the others. The next [`Self::refresh`] still finds that something
    /// changed, whoever else changed what meanwhile.
    async fn reread(&self, id: AppId) -> Result<()> {
        let row = self.store.read(AppId::PLATFORM, move |snapshot| platform::app(snapshot, id)).await?;
        if let Some(row) = row
            && self.known.read().apps.get(&id).is_none_or(|app| app.version < row.version)
        {
            let app = self.open(row)?;
            self.import_admins(&app).await?;
            self.keep(app);
        }
        Ok(())
    }

    /// Keeps an app unless a newer copy of it came in between: two refreshes may be under way.
    fn keep(&self, app: App) {
        let mut known = self.known.write();
        if known.apps.get(&app.id).is_none_or(|held| held.version < app.version) {
            self.switches.set(app.id, &app.settings);
            known.insert(app);
        }
    }

    /// Administrators are accounts without being imported. Who made an app or changed it sees to that, so a node that
    /// starts need not.
    async fn import_admins(&self, app: &App) -> Result<()> {
        let admins: Vec<UserId> = app.settings.admins.iter().filter_map(|admin| UserId::parse(admin).ok()).collect();
        let import = move |tx: &mut Tx<'_>| {
            for admin in &admins {
                // One that was deleted stays so.
                if accounts::get(tx, admin)?.is_none() {
                    accounts::import(tx, Millis::default(), admin)?;
                }
            }
            Ok(())
        };
        self.store.write(app.id, import).await
    }

    /// Adds an app. Answers false if its id is taken.
    pub async fn add(&self, now: Millis, id: AppId, settings: AppSettings, secrets: AppSecrets) -> Result<bool> {
        self.add_noted(now, id, settings, secrets, None).await
    }

    /// Adds an app together with an entry of the audit log, which is not made if the id is taken.
    pub async fn add_noted(
        &self,
        now: Millis,
        id: AppId,
        settings: AppSettings,
        secrets: AppSecrets,
        entry: Option<Entry>,
    ) -> Result<bool> {
        let (record, sealed) = self.close(&settings, &secrets)?;
        let job = move |tx: &mut Tx<'_>| {
            let added = platform::add_app(tx, now, id, &record, &sealed)?;
            if let (true, Some(entry)) = (added, &entry) {
                platform::add_entry(tx, entry)?;
            }
            Ok(added)
        };
        let added = self.store.write(AppId::PLATFORM, job).await?;
        self.reread(id).await?;
        Ok(added)
    }

    /// Changes an app. Runs `change` again if somebody else changed the app in between.
    pub async fn change(
        &self,
        id: AppId,
        change: impl Fn(&mut AppSettings, &mut AppSecrets),
    ) -> Result<Option<Arc<App>>> {
        self.change_noted(id, None, |settings, secrets| {
            change(settings, secrets);
            Ok::<_, Error>(())
        })
        .await
    }

    /// Changes an app together with an entry of the audit log; nothing happens if `change` refuses.
    pub async fn change_noted<E: From<Error>>(
        &self,
        id: AppId,
        entry: Option<Entry>,
        change: impl Fn(&mut AppSettings, &mut AppSecrets) -> std::result::Result<(), E>,
    ) -> std::result::Result<Option<Arc<App>>, E> {
        for _ in 0..CHANGE_TRIES {
            let row = self.store.read(AppId::PLATFORM, move |snapshot| platform::app(snapshot, id)).await?;
            let Some(row) = row else { return Ok(None) };
            let version = row.version;
            let mut app = self.open(row)?;
            change(&mut app.settings, &mut app.secrets)?;
            let (record, sealed) = self.close(&app.settings, &app.secrets)?;
            let (row, entry) = (AppRow { id, record, sealed, version }, entry.clone());
            let job = move |tx: &mut Tx<'_>| {
                let changed = platform::set_app(tx, &row)?;
                if let (true, Some(entry)) = (changed, &entry) {
                    platform::add_entry(tx, entry)?;
                }
                Ok(changed)
            };
            if self.store.write(AppId::PLATFORM, job).await? {
                self.reread(id).await?;
                return Ok(self.get(id));
            }
        }
        Err(Error::from(Failure::Conflict(format!("app {id} is being changed by others"))).into())
    }

    fn open(&self, row: AppRow) -> Result<App> {
        let broken = |error| Failure::Internal(format!("the record of app {} cannot be read: {error}", row.id));
        let mut settings: AppSettings = serde_json::from_str(&row.record).map_err(broken)?;
        let mut secrets: AppSecrets = serde_json::from_slice(&self.vault.open(&row.sealed)?).map_err(broken)?;
        // What is read leaves room for more, and here it is kept ten thousand times.
        settings.admins.shrink_to_fit();
        secrets.signing_keys.shrink_to_fit();
        secrets.access_keys.shrink_to_fit();
        Ok(App { id: row.id, version: row.version, settings, secrets })
    }

    fn close(&self, settings: &AppSettings, secrets: &AppSecrets) -> Result<(String, Vec<u8>)> {
        let record = record(settings).map_err(Failure::internal)?;
        let secrets = serde_json::to_vec(secrets).map_err(Failure::internal)?;
        Ok((record, self.vault.seal(&secrets)?))
    }
}

/// What is kept of settings: those that differ from the defaults. Ten thousand apps that set nothing cost little then, and
/// what nobody set follows the defaults of the version that runs.
fn record(settings: &AppSettings) -> serde_json::Result<String> {
    let mut kept = serde_json::to_value(settings)?;
    let usual = serde_json::to_value(AppSettings::default())?;
    if let Some(kept) = kept.as_object_mut() {
        kept.retain(|name, value| usual.get(name) != Some(value));
    }
    serde_json::to_string(&kept)
}

/// How often a change is tried again before the operator is told.
const CHANGE_TRIES: usize = 5;
