//! Moves the write-ahead log into the file from a connection of its own, so that no commit pays for it.
//!
//! Such a (passive) checkpoint never catches up with a busy writer, and the log begins anew only when it has. So when
//! the log is long and this thread is idle, the writer itself moves the short rest between two commits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use super::Lite;

/// Pages that wait before a checkpoint is worth its two flushes: 4 MB.
const BEHIND: i64 = 1_000;
/// Pages after which the log begins anew: 64 MB.
const LONG: i64 = 16_384;
/// Pages at which the writer waits for a checkpoint that is under way: 128 MB. A disk that cannot keep up slows the
/// writer down instead of filling itself with the log.
const TOO_LONG: i64 = 2 * LONG;
/// How long the writer waits for it.
const WAIT: Duration = Duration::from_secs(5);
/// Pages between two attempts, when a long read kept the last one from ending.
const RETRY: i64 = 4_096;

/// What the writer and the checkpoint thread tell each other.
pub(super) struct Checkpoints {
    state: Mutex<State>,
    wake: Condvar,
    done: Condvar,
    is_busy: AtomicBool,
    /// The writer's cache, once the file is long enough for it.
    cache_mb: u32,
}

#[derive(Default)]
struct State {
    is_wanted: bool,
    is_closed: bool,
}

impl Checkpoints {
    pub(super) fn new(cache_mb: u32) -> Self {
        let is_busy = AtomicBool::new(false);
        Self { state: Mutex::default(), wake: Condvar::new(), done: Condvar::new(), is_busy, cache_mb }
    }

    /// The thread.
    pub(super) fn run(&self, conn: &Connection) {
        loop {
            {
                let mut state = self.state.lock();
                while !state.is_wanted {
                    if state.is_closed {
                        return;
                    }
                    self.wake.wait(&mut state);
                }
                state.is_wanted = false;
            }
            if let Err(error) = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
                tracing::warn!(%error, "checkpoint failed");
            }
            self.is_busy.store(false, Ordering::Release);
            // Under the lock, so that a writer that is about to wait does not miss it.
            let state = self.state.lock();
            self.done.notify_one();
            drop(state);
        }
    }

    /// Looks at the log after a commit. `next` is the length at which the writer helps, kept by the writer.
    pub(super) fn after_commit(&self, lite: &Lite, next: &mut i64) {
        let (log, done) = match lite.log_pages() {
            Ok(pages) => pages,
            Err(error) => {
                tracing::warn!(%error, "the length of the log cannot be read");
                return;
            }
        };
        if log < LONG {
            *next = LONG;
        }
        if log >= TOO_LONG.max(*next) {
            self.wait_until_idle();
        }
        let is_idle = !self.is_busy.load(Ordering::Acquire);
        if log >= *next && is_idle {
            match lite.restart_log() {
                Ok(true) => {
                    if let Err(error) = lite.fit_cache(self.cache_mb) {
                        tracing::warn!(%error, "the size of the cache could not be set");
                    }
                }
                Ok(false) => *next = log + RETRY,
                Err(error) => {
                    *next = log + RETRY;
                    tracing::warn!(%error, "checkpoint failed");
                }
            }
        } else if log - done > BEHIND && is_idle {
            self.is_busy.store(true, Ordering::Release);
            self.state.lock().is_wanted = true;
            self.wake.notify_one();
        }
    }

    fn wait_until_idle(&self) {
        let deadline = Instant::now() + WAIT;
        let mut state = self.state.lock();
        let waited = self.done.wait_while_until(&mut state, |_| self.is_busy.load(Ordering::Acquire), deadline);
        if waited.timed_out() {
            tracing::warn!("the disk does not keep up: a checkpoint is still under way");
        }
    }

    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
        self.wake.notify_one();
    }
}
