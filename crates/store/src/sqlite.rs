//! The embedded engine: one file, one writer thread that commits many jobs at once, readers on their own
//! connections, and a thread that moves the log into the file.
//!
//! The writer takes what waits, gives each job a savepoint when it first changes something (a job that only looks and
//! refuses pays none, and neither do sends), commits once, announces, then answers. `checkpoint` keeps the log short
//! without making a commit wait. `planner` says how large the tables are taken to be.

mod checkpoint;
mod lite;
mod planner;
mod writer;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use contract::{AppId, Failure, Result};
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

pub(crate) use lite::{Lite, translate};

use crate::append::Waiting;
use crate::job::Work;
use crate::queue::Fair;
use crate::tx::{Link, Tx};
use crate::{Hooks, migrate};
use checkpoint::Checkpoints;

/// `NSHI` in the header tells our files from others.
pub(crate) const APPLICATION_ID: i64 = 0x4e53_4849;

/// What waits for the writer.
pub(crate) enum Item {
    Job(Box<dyn Work>),
    Send(Box<Waiting>),
}

/// The running engine.
pub(crate) struct Sqlite {
    pub(crate) path: PathBuf,
    pub(crate) writes: Arc<Fair<Item>>,
    pub(crate) reads: Arc<Fair<Box<dyn Work>>>,
    checkpoints: Arc<Checkpoints>,
    running: Mutex<Option<Running>>,
}

/// What lives until the engine is closed.
struct Running {
    threads: Vec<JoinHandle<()>>,
    checkpointer: JoinHandle<()>,
    /// Held so that no other process opens the file.
    lock: File,
}

impl Sqlite {
    /// Opens the file, migrates it and starts the threads.
    pub(crate) fn open(path: &Path, cache_mb: u32, readers: usize, hooks: Hooks) -> Result<Self> {
        let lock = lock(path)?;
        let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, cache_mb)?;
        // EXTRA is FULL for a write-ahead log. It also makes durable that the journal of the step before the log is gone:
        // one that came back after a power cut would empty the file.
        conn.execute_batch("PRAGMA synchronous = EXTRA; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0")
            .map_err(translate)?;
        migrate::sqlite(&conn)?;
        planner::describe(&conn)?;
        let (writes, reads) = (Arc::new(Fair::new()), Arc::new(Fair::new()));
        let checkpoints = Arc::new(Checkpoints::new(cache_mb));
        let mut threads = Vec::new();
        // Readers get a share of the writer's cache each: pages that are hot for both are in the system's cache too.
        for number in 0..readers.max(1) {
            let lite = Lite::reader(connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, (cache_mb / 8).max(2))?);
            let reads = Arc::clone(&reads);
            threads.push(spawn(&format!("store-read-{number}"), move || read(lite, &reads))?);
        }
        let own = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, 2)?;
        let checkpointer = {
            let checkpoints = Arc::clone(&checkpoints);
            spawn("store-checkpoint", move || checkpoints.run(&own))?
        };
        let lite = Lite::writer(conn);
        lite.fit_cache(cache_mb)?;
        let writer = writer::Writer::new(lite, hooks, Arc::clone(&checkpoints));
        {
            let writes = Arc::clone(&writes);
            threads.push(spawn("store-write", move || writer.run(&writes))?);
        }
        let running = Mutex::new(Some(Running { threads, checkpointer, lock }));
        Ok(Self { path: path.to_owned(), writes, reads, checkpoints, running })
    }

    /// Drains the queues and stops the threads; the file may be opened again after it.
    pub(crate) fn close(&self) {
        self.stop();
        let Some(Running { threads, checkpointer, lock }) = self.running.lock().take() else { return };
        for thread in threads {
            // A thread that panicked has said so; there is nothing left to stop.
            drop(thread.join());
        }
        self.checkpoints.close();
        drop(checkpointer.join());
        drop(lock);
    }

    /// Refuses new work; what is queued is still done.
    pub(crate) fn stop(&self) {
        self.writes.close();
        self.reads.close();
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // Nobody waits here: the threads end by themselves once their queues are empty.
        self.stop();
        self.checkpoints.close();
    }
}

/// Makes sure that this process is the only one with the file.
fn lock(path: &Path) -> Result<File> {
    let held = || Failure::Unavailable(format!("{}: another process has this store open", path.display()));
    Ok(try_lock(path)?.ok_or_else(held)?)
}

/// Whether a process has the file open, this one or another.
pub(crate) fn is_held(path: &Path) -> Result<bool> {
    Ok(try_lock(path)?.is_none())
}

/// Takes the lock beside the file; none if somebody holds it.
fn try_lock(path: &Path) -> Result<Option<File>> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let cannot = |error: std::io::Error| Failure::Unavailable(format!("{}: {error}", path.display()));
    let file = File::options().create(true).truncate(false).write(true).open(PathBuf::from(name)).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(cannot(error).into()),
    }
}

/// Opens one connection.
pub(crate) fn connect(path: &Path, flags: OpenFlags, cache_mb: u32) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(translate)?;
    conn.set_prepared_statement_cache_capacity(1_024);
    // Plans do not look at values: a statement that could use a partial index for some of them would be prepared anew
    // for each.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(translate)?;
    conn.busy_timeout(std::time::Duration::from_millis(20)).map_err(translate)?;
    conn.execute_batch(&format!(
        "PRAGMA cache_size = -{}; PRAGMA temp_store = MEMORY; PRAGMA automatic_index = OFF",
        u64::from(cache_mb) * 1024
    ))
    .map_err(translate)?;
    Ok(conn)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let started = std::thread::Builder::new().name(name.into()).spawn(run);
    started.map_err(|error| Failure::Unavailable(format!("no thread {name}: {error}")).into())
}

/// Runs read jobs one by one until the queue is closed and empty.
fn read(mut lite: Lite, reads: &Fair<Box<dyn Work>>) {
    let mut taken: Vec<(AppId, Box<dyn Work>)> = Vec::with_capacity(1);
    while reads.take(1, &mut taken) {
        for (app, mut job) in taken.drain(..) {
            if job.is_abandoned() {
                continue;
            }
            // One moment for all statements of a job.
            let trouble = lite.at_one_moment(|lite| {
                job.run(&mut Tx::new(app, Link::Sqlite(lite)));
            });
            job.answer(trouble);
        }
    }
}
