//! What noroshi remembers: one transaction over SQLite and PostgreSQL; all SQL.
//!
//! A caller hands over a function of a [`Snapshot`] or a [`Tx`]; the engine runs it on a thread of its own and
//! answers after the commit. Messages come in through [`Store::send`], which commits many at once.
//!
//! * `value`, `tx`: what a job sees. `job`, `queue`: how it gets to its thread, fairly among apps.
//! * `sqlite`, `postgres`: the engines. `migrate`: the schema. `append`: the hot path on both.
//! * `backup`: copies while serving. `inspect`: a look from outside.
//! * `accounts` … `platform`: the tables, as functions.

#[macro_use]
mod tx;
mod ask;

pub mod accounts;
pub mod activity;
pub mod append;
pub mod apps;
pub mod audiences;
mod backup;
pub mod bindings;
pub mod bound_tags;
pub mod broadcasts;
pub mod cloud;
pub mod conversations;
pub mod deliveries;
pub mod device_counts;
pub mod devices;
pub mod exports;
pub mod extensions;
pub mod follows;
pub mod group_attributes;
pub mod groups;
pub mod heard;
mod inspect;
mod job;
pub mod live_activities;
pub mod live_rooms;
pub mod media;
pub mod messages;
mod migrate;
pub mod mutes;
pub mod nonces;
pub mod outbox;
pub mod permissions;
pub mod plans;
pub mod platform;
mod postgres;
pub mod profiles;
pub mod push_counts;
mod queue;
pub mod receipts;
pub mod relations;
pub mod reports;
pub mod results;
pub mod retention;
pub mod robots;
mod sqlite;
pub mod statistics;
pub mod streams;
pub mod tags;
pub mod tasks;
pub mod templates;
#[cfg(feature = "testing")]
pub mod testing;
pub mod topics;
mod value;
pub mod webhooks;
pub mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contract::event::Event;
use contract::webhook::Wanted;
use contract::{AppId, Error, Failure, Result};
use tokio::sync::oneshot;

use append::{Decide, Draft, Sent, Waiting};
pub use backup::restore;
pub use inspect::{Inspection, inspect, is_held};
use job::{Work, pack};
use postgres::{Patience, Postgres};
use sqlite::{Item, Sqlite};
pub use tx::{Snapshot, Sql, Tx};
pub use value::{Bind, FromRow, FromValue, Params, Row, Value};

/// The outbox topic of offline pushes.
pub const OFFLINE_PUSH: &str = "offline-push";

/// The outbox topic of the offline push of a group's message: one row, whatever the group's size.
pub const GROUP_PUSH: &str = "group-push";

/// The outbox topic of notifications that are to disappear: those of a message, or those of a task.
pub const PUSH_RECALL: &str = "push-recall";

/// Where the data is and how much may be spent on it.
#[derive(Clone)]
pub enum Settings {
    /// One file, for one node.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Page cache of the writer in MB; readers have an eighth of it each.
        cache_mb: u32,
        /// Threads that read.
        readers: usize,
    },
    /// A server that several nodes share.
    Postgres {
        /// Where it is and who we are.
        url: String,
        /// Threads with a connection each; two of them append.
        threads: usize,
        /// How long the server may work on one statement.
        statement_ms: u64,
        /// How long a job waits while the server is away.
        away_ms: u64,
    },
}

/// A url may hold a password, so it is not shown.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path, .. } => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres { threads, .. } => {
                f.debug_struct("Postgres").field("threads", threads).finish_non_exhaustive()
            }
        }
    }
}

impl Settings {
    /// A file with the usual cache and readers.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::Sqlite { path: path.into(), cache_mb: 256, readers: 3 }
    }

    /// A server with the usual threads and patience.
    pub fn postgres(url: impl Into<String>) -> Self {
        Self::Postgres { url: url.into(), threads: 8, statement_ms: 10_000, away_ms: 5_000 }
    }
}

/// Hears what was committed in an app.
pub type Announce = dyn Fn(AppId, &[Event]) + Send + Sync;

/// What the store asks and tells the rest.
#[derive(Clone)]
pub struct Hooks {
    /// Decides about a draft, with the facts that hold under the locks of its append.
    pub decide: Decide,
    /// Hears what was committed, before the callers do.
    pub announce: Arc<Announce>,
    /// Tells which webhooks an app has on: only of these anything is kept.
    pub wanted: Arc<dyn Fn(AppId) -> Wanted + Send + Sync>,
}

impl Hooks {
    /// Hooks of a store whose apps have no webhooks.
    pub fn new(decide: Decide, announce: Arc<Announce>) -> Self {
        Self { decide, announce, wanted: Arc::new(|_| Wanted::default()) }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

/// Tells what was committed. A listener that panics must not stop the commits.
fn announce(hooks: &Hooks, events: &BTreeMap<AppId, Vec<Event>>) {
    for (app, events) in events {
        let told = job::guard(|| {
            (hooks.announce)(*app, events);
            Ok(())
        });
        if let Err(error) = told {
            tracing::error!(%app, %error, "announcement failed");
        }
    }
}

/// Jobs that wait, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depths {
    /// Reads; on PostgreSQL they wait in one queue with the writes.
    pub reads: usize,
    /// Writes; on SQLite they wait in one queue with the sends.
    pub writes: usize,
    /// Sends that have a queue of their own.
    pub sends: usize,
}

/// The store; a clone is the same store.
#[derive(Clone)]
pub struct Store {
    engine: Arc<Engine>,
    writes: Arc<AtomicU64>,
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("depths", &self.depths()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store and brings its schema up to date.
    pub async fn open(settings: &Settings, hooks: Hooks) -> Result<Self> {
        let settings = settings.clone();
        let engine = blocking(move || match settings {
            Settings::Sqlite { path, cache_mb, readers } => {
                Sqlite::open(&path, cache_mb, readers, hooks).map(Engine::Sqlite)
            }
            Settings::Postgres { url, threads, statement_ms, away_ms } => {
                let (statement, away) = (Duration::from_millis(statement_ms), Duration::from_millis(away_ms));
                Postgres::open(&url, threads, Patience { statement, away }, &hooks).map(Engine::Postgres)
            }
        })
        .await?;
        Ok(Self { engine: Arc::new(engine), writes: Arc::default() })
    }

    /// Runs a job that only reads.
    pub async fn read<T: Send + 'static>(
        &self,
        app: AppId,
        job: impl Fn(&mut Snapshot<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (work, answer) = pack(move |tx: &mut Tx<'_>| job(&mut *tx));
        match &*self.engine {
            Engine::Sqlite(engine) => engine.reads.push(app, work)?,
            Engine::Postgres(engine) => engine.read(app, work)?,
        }
        wait(answer).await
    }

    /// Runs a job that changes something: all of it is durable when this answers, or nothing of it stays.
    pub async fn write<T: Send + 'static>(
        &self,
        app: AppId,
        job: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.queue(app, job, Postgres::write).await
    }

    /// As [`Self::write`], for a job that comes thousands of times a second and does little but add rows: where the engine
    /// does not gather jobs anyway, those that wait share a transaction.
    pub async fn write_shared<T: Send + 'static>(
        &self,
        app: AppId,
        job: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.queue(app, job, Postgres::write_shared).await
    }

    async fn queue<T: Send + 'static>(
        &self,
        app: AppId,
        job: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
        on_postgres: fn(&Postgres, AppId, Box<dyn Work>) -> Result<()>,
    ) -> Result<T> {
        let (work, answer) = pack(job);
        self.writes.fetch_add(1, Ordering::Relaxed);
        match &*self.engine {
            Engine::Sqlite(engine) => engine.writes.push(app, Item::Job(work))?,
            Engine::Postgres(engine) => on_postgres(engine, app, work)?,
        }
        wait(answer).await
    }

    /// Stores a message, together with others that wait.
    pub async fn send(&self, app: AppId, draft: Draft) -> Result<Sent> {
        let (waiting, answer) = Waiting::new(draft)?;
        match &*self.engine {
            Engine::Sqlite(engine) => engine.writes.push(app, Item::Send(Box::new(waiting)))?,
            Engine::Postgres(engine) => engine.send(app, waiting)?,
        }
        wait(answer).await
    }

    /// Whether this process is the only writer, so that caches fed by events are exact.
    pub fn is_exclusive(&self) -> bool {
        match &*self.engine {
            Engine::Sqlite(_) => true,
            Engine::Postgres(_) => false,
        }
    }

    /// Tells how many jobs wait.
    pub fn depths(&self) -> Depths {
        match &*self.engine {
            Engine::Sqlite(engine) => Depths { reads: engine.reads.len(), writes: engine.writes.len(), sends: 0 },
            Engine::Postgres(engine) => {
                let (writes, sends) = engine.depths();
                Depths { reads: 0, writes, sends }
            }
        }
    }

    /// Tells how many writing jobs were asked for, sends not among them: each is a turn at the one writer of SQLite.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Copies the store into a new file while it serves.
    pub async fn backup(&self, file: &Path) -> Result<()> {
        match &*self.engine {
            Engine::Sqlite(engine) => {
                let (source, target) = (engine.path.clone(), file.to_owned());
                blocking(move || backup::backup(&source, &target)).await
            }
            Engine::Postgres(_) => {
                Err(Failure::Unavailable("a PostgreSQL store is backed up with pg_dump, not from here".into()).into())
            }
        }
    }

    /// Does what is queued, then stops; later calls answer [`Failure::Unavailable`].
    pub async fn close(&self) {
        let engine = Arc::clone(&self.engine);
        let closed = blocking(move || {
            engine.stop();
            Ok(())
        });
        if let Err(error) = closed.await {
            tracing::error!(%error, "the store did not close cleanly");
        }
    }
}

impl Engine {
    fn stop(&self) {
        match self {
            Self::Sqlite(engine) => engine.close(),
            Self::Postgres(engine) => engine.close(),
        }
    }
}

/// Runs what blocks away from the runtime's own threads.
async fn blocking<T: Send + 'static>(run: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(run).await.unwrap_or_else(|error| Err(Error::Failure(Failure::internal(error))))
}

async fn wait<T>(answer: oneshot::Receiver<Result<T>>) -> Result<T> {
    answer.await.unwrap_or_else(|_| Err(Failure::Unavailable("the store stopped before it answered".into()).into()))
}
