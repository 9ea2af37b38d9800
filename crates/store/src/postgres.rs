//! The engine of clusters: PostgreSQL, or what speaks its protocol.
//!
//! Each worker thread drives one connection. General workers run jobs, one at a time; append workers take sends, many
//! at a time, and a conversation always goes to the same one; the gatherer runs small jobs together; one more keeps the
//! planner informed. Isolation is READ COMMITTED: a write locks its roots in
//! key order before it reads what it decides on. Connections carry no TLS of their own yet: they belong on loopback, a
//! socket or a private network.

mod appender;
mod gatherer;
mod posted;
mod session;
mod statistics;
mod worker;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use contract::{AppId, Failure, Result};
use parking_lot::Mutex;
use tokio_postgres::Config;

pub(crate) use session::{Args, Role, Session};

use crate::append::Waiting;
use crate::job::Work;
use crate::queue::Fair;
use crate::{Hooks, migrate};
use worker::Queued;

/// Threads that append. More gain nothing on small machines and cost batches their size (measured).
const APPENDERS: usize = 2;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// One statement, by the server's clock.
    pub(crate) statement: Duration,
    /// A job, while the server is away.
    pub(crate) away: Duration,
}

/// The running engine.
pub(crate) struct Postgres {
    jobs: Arc<Fair<Queued>>,
    /// Jobs that may share a transaction.
    shared: Arc<Fair<Queued>>,
    sends: Vec<Arc<Fair<Waiting>>>,
    statistics: Arc<statistics::Stop>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Postgres {
    /// Connects, migrates and starts the threads.
    pub(crate) fn open(url: &str, threads: usize, patience: Patience, hooks: &Hooks) -> Result<Self> {
        // The parser's error does not repeat the url, which may hold a password.
        let config: Config =
            url.parse().map_err(|error| Failure::Unavailable(format!("the database url is malformed: {error}")))?;
        migrate::postgres(&mut Session::new(&config, Role::Migrate, patience)?)?;
        let appenders = APPENDERS.min(threads.saturating_sub(1)).max(1);
        let (jobs, shared) = (Arc::new(Fair::new()), Arc::new(Fair::new()));
        let mut engine =
            Self { jobs, shared, sends: Vec::new(), statistics: Arc::default(), threads: Mutex::default() };
        for number in 0..threads.saturating_sub(appenders).max(1) {
            let (session, hooks) = (Session::new(&config, Role::Work, patience)?, hooks.clone());
            let jobs = Arc::clone(&engine.jobs);
            engine.spawn(&format!("store-work-{number}"), move || worker::run(session, &jobs, &hooks))?;
        }
        for number in 0..appenders {
            let session = Session::new(&config, Role::Append, patience)?;
            let sends = Arc::new(Fair::new());
            let appender = appender::Appender::new(session, hooks.clone());
            engine.sends.push(Arc::clone(&sends));
            engine.spawn(&format!("store-append-{number}"), move || appender.run(&sends))?;
        }
        let session = Session::new(&config, Role::Work, patience)?;
        let gatherer = gatherer::Gatherer::new(session, hooks.clone(), Arc::clone(&engine.jobs));
        let shared = Arc::clone(&engine.shared);
        engine.spawn("store-gather", move || gatherer.run(&shared))?;
        let session = Session::new(&config, Role::Migrate, patience)?;
        let stop = Arc::clone(&engine.statistics);
        engine.spawn("store-statistics", move || statistics::run(session, &stop))?;
        Ok(engine)
    }

    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
        let started = std::thread::Builder::new().name(name.into()).spawn(run);
        let thread = started.map_err(|error| Failure::Unavailable(format!("no thread {name}: {error}")))?;
        self.threads.lock().push(thread);
        Ok(())
    }

    pub(crate) fn read(&self, app: AppId, work: Box<dyn Work>) -> Result<()> {
        self.jobs.push(app, Queued::new(work, false))
    }

    pub(crate) fn write(&self, app: AppId, work: Box<dyn Work>) -> Result<()> {
        self.jobs.push(app, Queued::new(work, true))
    }

    /// A job that may share its transaction.
    pub(crate) fn write_shared(&self, app: AppId, work: Box<dyn Work>) -> Result<()> {
        self.shared.push(app, Queued::new(work, true))
    }

    pub(crate) fn send(&self, app: AppId, waiting: Waiting) -> Result<()> {
        // The id is a hash: any byte of it spreads evenly.
        let shard = usize::from(waiting.conversation.0[0]) % self.sends.len();
        self.sends[shard].push(app, waiting)
    }

    pub(crate) fn depths(&self) -> (usize, usize) {
        (self.jobs.len() + self.shared.len(), self.sends.iter().map(|queue| queue.len()).sum())
    }

    /// Drains the queues and stops the threads.
    pub(crate) fn close(&self) {
        self.stop();
        for thread in std::mem::take(&mut *self.threads.lock()) {
            // A thread that panicked has said so; there is nothing left to stop.
            drop(thread.join());
        }
    }

    fn stop(&self) {
        self.statistics.stop();
        self.jobs.close();
        self.shared.close();
        self.sends.iter().for_each(|queue| queue.close());
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nobody waits here: the threads end by themselves once their queues are empty.
        self.stop();
    }
}
