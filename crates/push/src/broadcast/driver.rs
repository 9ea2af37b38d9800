//! Turns: one task that owns all others. An app takes a place in line; a turn is one chunk; whoever had a turn and has
//! more goes to the end of the line.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use contract::{AppId, Failure, Millis, Result};
use futures_util::FutureExt;
use store::broadcasts;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::chunk::{self, Turn};
use super::{Shared, TURNS_MAX, TURNS_PER_APP};

/// What failed is tried again after this.
const FAILED_MS: i64 = 1_000;
/// How often what is long over is forgotten.
const PURGE_MS: i64 = 3_600_000;
/// Purges of one app in one round.
const PURGES: usize = 20;

enum Ended {
    Turn(AppId, Result<Turn>),
    Sweep(Result<Vec<AppId>>),
}

pub(super) struct Driver {
    shared: Arc<Shared>,
    /// Apps that want a turn, each once.
    line: VecDeque<AppId>,
    /// Turns that run.
    running: HashMap<AppId, usize>,
    timers: BTreeSet<(Millis, AppId)>,
    tasks: JoinSet<Ended>,
    is_sweeping: bool,
    sweep_at: Instant,
    purge_at: Millis,
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            line: VecDeque::new(),
            running: HashMap::new(),
            timers: BTreeSet::new(),
            tasks: JoinSet::new(),
            is_sweeping: false,
            sweep_at: Instant::now(),
            purge_at: Millis(0),
        }
    }

    pub(super) async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut stop = shared.stop.subscribe();
        while !*stop.borrow_and_update() {
            let sleep = self.sleep();
            tokio::select! {
                () = shared.bell.notified() => self.rung(),
                Some(ended) = self.tasks.join_next() => self.ended(ended.ok()),
                () = tokio::time::sleep(sleep) => self.tick(),
                _ = stop.changed() => {}
            }
            self.start();
        }
        while self.tasks.join_next().await.is_some() {}
    }

    /// How long nothing is due. A clock that stands still is looked at again now and then.
    fn sleep(&self) -> Duration {
        let sweep = self.sweep_at.saturating_duration_since(Instant::now());
        let Some((at, _)) = self.timers.first() else { return sweep };
        sweep.min(Duration::from_millis((at.0 - self.shared.engine.now().0).max(1) as u64))
    }

    fn rung(&mut self) {
        let apps = std::mem::take(&mut *self.shared.rings.lock());
        for app in apps {
            self.stand(app);
        }
    }

    fn stand(&mut self, app: AppId) {
        if !self.line.contains(&app) {
            self.line.push_back(app);
        }
    }

    fn tick(&mut self) {
        let now = self.shared.engine.now();
        while let Some((at, app)) = self.timers.pop_first() {
            if at > now {
                self.timers.insert((at, app));
                break;
            }
            self.stand(app);
        }
        if Instant::now() >= self.sweep_at && !self.is_sweeping {
            self.is_sweeping = true;
            self.sweep_at = Instant::now() + self.shared.sweep;
            let purges = now >= self.purge_at;
            if purges {
                self.purge_at = now.plus(PURGE_MS);
            }
            let shared = Arc::clone(&self.shared);
            self.tasks.spawn(async move { Ended::Sweep(guarded(sweep(&shared, now, purges)).await) });
        }
    }

    /// Starts turns while there is room. An app with more to do stands in line again at once, behind the others.
    fn start(&mut self) {
        let mut tried = 0;
        while self.running.values().sum::<usize>() < TURNS_MAX && tried < self.line.len() {
            let Some(app) = self.line.pop_front() else { return };
            let count = self.running.entry(app).or_default();
            if *count >= TURNS_PER_APP {
                self.line.push_back(app);
                tried += 1;
                continue;
            }
            *count += 1;
            // More of the app may run beside it, once the others had their turn.
            if *count < TURNS_PER_APP {
                self.line.push_back(app);
            }
            let shared = Arc::clone(&self.shared);
            self.tasks.spawn(async move { Ended::Turn(app, guarded(chunk::turn(&shared, app)).await) });
            tried = 0;
        }
    }

    fn ended(&mut self, ended: Option<Ended>) {
        let now = self.shared.engine.now();
        match ended {
            // Every task catches its own panics; one that was cancelled has nothing to tell.
            None => {}
            Some(Ended::Sweep(found)) => {
                self.is_sweeping = false;
                match found {
                    Ok(apps) => apps.into_iter().for_each(|app| self.stand(app)),
                    Err(error) => tracing::error!(%error, "the sweep for open broadcasts failed"),
                }
            }
            Some(Ended::Turn(app, turn)) => {
                if let Some(count) = self.running.get_mut(&app) {
                    *count -= 1;
                    if *count == 0 {
                        self.running.remove(&app);
                    }
                }
                match turn {
                    Ok(Turn::Worked) => self.stand(app),
                    Ok(Turn::Nothing(next)) => next.into_iter().for_each(|at| self.note(at, app)),
                    Err(error) => {
                        tracing::error!(%app, %error, "a turn of a broadcast failed");
                        self.note(now.plus(FAILED_MS), app);
                    }
                }
            }
        }
    }

    /// Remembers a moment, if it comes before the sweep after the next would find it.
    fn note(&mut self, at: Millis, app: AppId) {
        let horizon = self.shared.sweep.as_millis() as i64 * 2;
        if at.0 <= self.shared.engine.now().0 + horizon {
            self.timers.insert((at, app));
        }
    }
}

/// Turns a panic into a failure: one app's trouble must not end the driver's work.
async fn guarded<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.unwrap_or_else(|_| Err(Failure::internal("a turn of a broadcast panicked").into()))
}

/// Finds the apps that have open broadcasts.
async fn sweep(shared: &Shared, now: Millis, purges: bool) -> Result<Vec<AppId>> {
    let store = shared.engine.store();
    if purges {
        let before = now.plus(-shared.engine.settings().memory_ms);
        let apps = store.read(AppId::PLATFORM, move |snapshot| broadcasts::apps_expired(snapshot, now)).await?;
        for app in apps {
            for _ in 0..PURGES {
                if store.write(app, move |tx| broadcasts::purge(tx, now, before)).await? == 0 {
                    break;
                }
            }
        }
    }
    let mut found = Vec::new();
    let mut after = AppId::PLATFORM;
    loop {
        let page = store.read(AppId::PLATFORM, move |snapshot| broadcasts::apps(snapshot, after)).await?;
        let Some(last) = page.last() else { break };
        after = *last;
        found.extend(page);
    }
    Ok(found)
}
