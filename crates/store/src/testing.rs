//! Stores for tests, on either engine, that clean up after themselves.
//!
//! `NOROSHI_TEST_POSTGRES` names the server (a url whose user may create schemas). Without it a test on PostgreSQL
//! fails and says so, unless `NOROSHI_TEST_ENGINES=sqlite` asks for one engine only.

mod database;
mod dice;
mod disk;
mod witness;

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use contract::event::Event;
use contract::{AppId, DeviceId, Error, Failure, Result};
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio_postgres::{Config, NoTls};

use crate::append::window::random;
use crate::append::{Draft, Facts};
use crate::{Hooks, Settings, Store, Tx};
pub use database::TestDatabase;
pub use dice::Dice;
pub use disk::{Disk, Weather};
pub use witness::Witness;

/// Which engine a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestEngine {
    /// A file in a folder of its own.
    Sqlite,
    /// A schema of its own on the test server.
    Postgres,
}

/// Where the data of one test lies; dropping it removes them.
#[derive(Debug)]
enum Place {
    Folder { _folder: TempDir },
    Schema { url: String, name: String },
}

/// An open store with data of its own.
#[derive(Debug)]
pub struct TestStore {
    store: Store,
    place: Place,
    settings: Settings,
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TestStore {
    /// Opens an empty store; `None` if this engine is not to be tested here.
    pub async fn open(engine: TestEngine, hooks: Hooks) -> Option<Self> {
        let (place, settings) = match engine {
            TestEngine::Sqlite => {
                let folder = TempDir::with_prefix("noroshi-store-").expect("a folder for the test");
                let path = folder.path().join("noroshi.db");
                (Place::Folder { _folder: folder }, Settings::Sqlite { path, cache_mb: 16, readers: 2 })
            }
            TestEngine::Postgres => {
                let url = server()?;
                let name = format!("test_{:016x}", random());
                let created = on_server(url.clone(), format!("CREATE SCHEMA {name}"));
                created.expect("NOROSHI_TEST_POSTGRES names a server where schemas can be made");
                let joint = if url.contains('?') { '&' } else { '?' };
                let own = format!("{url}{joint}options=-c%20search_path%3D{name}");
                let settings = Settings::Postgres { url: own, threads: 4, statement_ms: 20_000, away_ms: 5_000 };
                (Place::Schema { url, name }, settings)
            }
        };
        let store = Store::open(&settings, hooks).await.expect("the store opens");
        Some(Self { store, place, settings })
    }

    /// Which engine this is.
    pub fn engine(&self) -> TestEngine {
        match self.place {
            Place::Folder { .. } => TestEngine::Sqlite,
            Place::Schema { .. } => TestEngine::Postgres,
        }
    }

    /// How this store was opened, for opening it a second time.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The file of a store on SQLite.
    pub fn file(&self) -> Option<PathBuf> {
        match &self.settings {
            Settings::Sqlite { path, .. } => Some(path.clone()),
            Settings::Postgres { .. } => None,
        }
    }

    /// Stops the store and opens it again, as after a restart of the process.
    pub async fn reopen(&mut self, hooks: Hooks) {
        self.store.close().await;
        self.store = Store::open(&self.settings, hooks).await.expect("the store opens again");
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        if let Place::Schema { url, name } = &self.place {
            let (url, name, store) = (url.clone(), name.clone(), self.store.clone());
            // Away from the test's runtime, which must not be blocked from inside.
            let removed = std::thread::spawn(move || {
                store.engine.stop();
                on_server(url, format!("DROP SCHEMA {name} CASCADE"))
            })
            .join();
            if !std::thread::panicking() {
                removed.expect("removing a schema does not panic").expect("the schema is removed");
            }
        }
    }
}

/// The test server, if PostgreSQL is to be tested.
fn server() -> Option<String> {
    match (std::env::var("NOROSHI_TEST_POSTGRES"), std::env::var("NOROSHI_TEST_ENGINES")) {
        (_, Ok(engines)) if engines == "sqlite" => None,
        (Ok(url), _) => Some(url),
        (Err(_), _) => panic!(
            "set NOROSHI_TEST_POSTGRES to the url of a server for tests, or NOROSHI_TEST_ENGINES=sqlite to leave it out"
        ),
    }
}

/// Runs one statement on a connection of its own, on a thread of its own.
pub fn on_server(url: String, statement: String) -> Result<()> {
    let run = move || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::internal)?;
        let config: Config = url.parse().map_err(Failure::internal)?;
        runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await.map_err(Failure::internal)?;
            let work = async { client.batch_execute(&statement).await.map_err(Failure::internal) };
            tokio::select! {
                done = work => done.map_err(Error::from),
                ended = connection => Err(Failure::Internal(format!("the connection ended: {ended:?}")).into()),
            }
        })
    };
    std::thread::spawn(run).join().unwrap_or_else(|_| Err(Failure::internal("a statement panicked").into()))
}

/// Hooks that allow every draft and listen to nothing.
pub fn permissive() -> Hooks {
    Hooks::new(allow, Arc::new(|_, _| {}))
}

/// Allows every draft.
pub fn allow(_: &Draft, _: &Facts) -> Result<()> {
    Ok(())
}

/// What was announced, in order.
pub type Heard = Arc<Mutex<Vec<(AppId, Event)>>>;

/// Hooks that allow every draft, and what they hear.
pub fn listening() -> (Hooks, Heard) {
    let heard = Heard::default();
    let ears = Arc::clone(&heard);
    let announce = move |app: AppId, events: &[Event]| {
        ears.lock().extend(events.iter().map(|event| (app, event.clone())));
    };
    (Hooks::new(allow, Arc::new(announce)), heard)
}

/// Makes one test of the storage contract into two, one per engine.
///
/// ```text
/// store::both! {
///     async fn what_is_written_can_be_read(store: TestStore) { … }
/// }
/// ```
#[macro_export]
macro_rules! both {
    ($($(#[$doc:meta])* async fn $name:ident($store:ident: TestStore) $body:block)+) => {$(
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn check($store: $crate::testing::TestStore) $body

            #[tokio::test]
            async fn sqlite() {
                let store = $crate::testing::TestStore::open(
                    $crate::testing::TestEngine::Sqlite,
                    $crate::testing::permissive(),
                );
                check(store.await.expect("SQLite is always tested")).await;
            }

            #[tokio::test]
            async fn postgres() {
                let store = $crate::testing::TestStore::open(
                    $crate::testing::TestEngine::Postgres,
                    $crate::testing::permissive(),
                );
                if let Some(store) = store.await {
                    check(store).await;
                }
            }
        }
    )+};
}

/// Forgets all devices of an app, with what is bound to them.
pub fn forget_devices(tx: &mut Tx<'_>) -> Result<()> {
    let app = tx.app();
    tx.run(sql!("DELETE FROM devices WHERE app = $1"), (app,))?;
    tx.run(sql!("DELETE FROM device_aliases WHERE app = $1"), (app,))?;
    tx.run(sql!("DELETE FROM tag_bindings WHERE app = $1"), (app,))?;
    Ok(())
}

/// Lets a device hang on a node without a login.
pub fn connect(tx: &mut Tx<'_>, device: &DeviceId, node: i64) -> Result<()> {
    let app = tx.app();
    tx.run(sql!("UPDATE devices SET node = $3 WHERE app = $1 AND id = $2"), (app, device, node))?;
    Ok(())
}
