//! Decides what runs: one task that owns all others.
//!
//! Something is looked at because somebody rang for its app, because its time has come, or because the sweep found
//! it. A lane runs at most once at a time; what is rung meanwhile makes it run again.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use contract::{AppId, Failure, Millis, Result};
use futures_util::FutureExt;
use store::deliveries::{self, Due, SELF_LANE};
use store::outbox;
use store::{GROUP_PUSH, OFFLINE_PUSH, PUSH_RECALL, tasks};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::errands::Errand;
use super::lane::Lane;
use super::{Phase, Rings, Shared, intake};

/// Lanes and intakes that run at once; the others wait in line.
const RUNNING_MAX: usize = 512;
/// A lane that was idle for so long is forgotten and its channel closed.
const IDLE_MS: i64 = 600_000;
/// What failed is tried again after this.
const FAILED_MS: i64 = 1_000;
/// How often what is long over is forgotten.
const PURGE_MS: i64 = 3_600_000;
/// How long pushes are remembered, with what became of them: what the contract lets be asked for, and a month.
const RECORDS_MS: i64 = 92 * 86_400_000;
/// Purges of one app in one round.
const PURGES: usize = 20;
/// How long a channel may take to close.
const CLOSE: Duration = Duration::from_secs(5);

/// An app and a lane of it; without a lane its intake.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) app: AppId,
    pub(super) lane: Arc<str>,
}

/// What a task answers.
enum Ended {
    /// Still on its way until the lanes that it found are running.
    Intake(AppId, Result<Vec<Due>>, Errand),
    Lane(Key, Result<Option<Millis>>),
    Sweep(Result<Vec<Due>>),
    Closed,
}

pub(super) struct Driver {
    shared: Arc<Shared>,
    /// What runs, and whether it has to run again.
    running: HashMap<Key, bool>,
    line: VecDeque<Key>,
    in_line: HashSet<Key>,
    timers: BTreeSet<(Millis, Key)>,
    tasks: JoinSet<Ended>,
    is_sweeping: bool,
    sweep_again: bool,
    sweep_at: Instant,
    purge_at: Millis,
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            running: HashMap::new(),
            line: VecDeque::new(),
            in_line: HashSet::new(),
            timers: BTreeSet::new(),
            tasks: JoinSet::new(),
            is_sweeping: false,
            sweep_again: false,
            sweep_at: Instant::now(),
            purge_at: Millis(0),
        }
    }

    pub(super) async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut phase = shared.phase.subscribe();
        while *phase.borrow_and_update() == Phase::Running {
            let sleep = self.sleep();
            tokio::select! {
                () = shared.bell.notified() => self.rung(),
                Some(ended) = self.tasks.join_next() => self.ended(ended.ok()),
                () = tokio::time::sleep(sleep) => self.tick(),
                _ = phase.changed() => {}
            }
        }
        while self.tasks.join_next().await.is_some() {}
        let lanes = std::mem::take(&mut *self.shared.lanes.lock());
        for (_, lane) in lanes {
            self.close(lane);
        }
        while self.tasks.join_next().await.is_some() {}
    }

    /// How long nothing is due.
    fn sleep(&self) -> Duration {
        let sweep = self.sweep_at.saturating_duration_since(Instant::now());
        let Some((at, _)) = self.timers.first() else { return sweep };
        let timer = (at.0 - self.shared.now().0).max(0) as u64;
        sweep.min(Duration::from_millis(timer))
    }

    fn rung(&mut self) {
        let Rings { apps, all } = std::mem::take(&mut *self.shared.rings.lock());
        // The errands of the rings end when those of what they start have begun.
        for app in apps.keys() {
            self.start(Key { app: *app, lane: Arc::from("") });
        }
        if all {
            self.tick();
            self.sweep();
        }
    }

    fn tick(&mut self) {
        let now = self.shared.now();
        while let Some(first) = self.timers.pop_first() {
            if first.0 > now {
                self.timers.insert(first);
                break;
            }
            self.start(first.1);
        }
        if Instant::now() >= self.sweep_at {
            self.sweep();
            self.forget(now);
        }
    }

    /// Looks through all lanes.
    fn sweep(&mut self) {
        self.sweep_at = Instant::now() + self.shared.settings.sweep;
        if self.is_sweeping {
            self.sweep_again = true;
            return;
        }
        self.is_sweeping = true;
        let shared = Arc::clone(&self.shared);
        let now = shared.now();
        let purges = now.0 >= self.purge_at.0;
        if purges {
            self.purge_at = now.plus(PURGE_MS);
        }
        self.tasks.spawn(async move {
            let swept = async {
                if purges {
                    purge(&shared, now).await?;
                }
                sweep(&shared, now).await
            };
            Ended::Sweep(guarded(swept).await)
        });
    }

    /// Runs a lane or an intake that has something to look for, now or as soon as there is room.
    fn start(&mut self, key: Key) {
        if !key.lane.is_empty() {
            self.shared.lane(&key).ring();
        }
        match self.running.get_mut(&key) {
            Some(again) => *again = true,
            None => self.begin(key),
        }
    }

    /// Runs a lane that was handed something, unless it runs: then it finds that by itself, or when it ends.
    fn wake(&mut self, key: Key) {
        let has_handed = self.shared.lanes.lock().get(&key).is_some_and(|lane| lane.has_handed());
        if has_handed && !self.running.contains_key(&key) {
            self.begin(key);
        }
    }

    fn begin(&mut self, key: Key) {
        if self.running.len() >= RUNNING_MAX {
            if self.in_line.insert(key.clone()) {
                self.line.push_back(key);
            }
            return;
        }
        self.running.insert(key.clone(), false);
        let (shared, errand) = (Arc::clone(&self.shared), self.shared.errands.begin());
        if key.lane.is_empty() {
            self.tasks.spawn(async move {
                let found = guarded(intake::run(&shared, key.app)).await;
                Ended::Intake(key.app, found, errand)
            });
        } else {
            let lane = self.shared.lane(&key);
            self.tasks.spawn(async move { Ended::Lane(key, guarded(lane.run(&shared, errand)).await) });
        }
    }

    fn ended(&mut self, ended: Option<Ended>) {
        let now = self.shared.now();
        match ended {
            // Every task catches its own panics; one that was cancelled has nothing to tell.
            None | Some(Ended::Closed) => {}
            Some(Ended::Sweep(found)) => {
                self.is_sweeping = false;
                match found {
                    Ok(found) => found.into_iter().for_each(|due| self.due(due, now)),
                    Err(error) => tracing::error!(%error, "the sweep for due deliveries failed"),
                }
                if std::mem::take(&mut self.sweep_again) {
                    self.sweep();
                }
            }
            Some(Ended::Intake(app, found, _errand)) => {
                let key = Key { app, lane: Arc::from("") };
                let failed = found.as_ref().err().map(|error| {
                    tracing::error!(%app, %error, "deliveries could not be taken in");
                    now.plus(FAILED_MS)
                });
                self.finish(key, failed);
                found.unwrap_or_default().into_iter().for_each(|due| self.due(due, now));
                self.wake(Key { app, lane: Arc::from(SELF_LANE) });
            }
            Some(Ended::Lane(key, next)) => {
                let next = next.unwrap_or_else(|error| {
                    tracing::error!(app = %key.app, lane = %key.lane, %error, "a lane failed");
                    Some(now.plus(FAILED_MS))
                });
                self.finish(key, next);
            }
        }
    }

    /// Makes room for the next.
    fn finish(&mut self, key: Key, next: Option<Millis>) {
        let again = self.running.remove(&key).unwrap_or(false);
        if let Some(waiting) = self.line.pop_front() {
            self.in_line.remove(&waiting);
            self.start(waiting);
        }
        if again {
            return self.start(key);
        }
        if let Some(at) = next {
            self.note(at, key.clone());
        }
        self.wake(key);
    }

    /// Remembers a moment, if it comes before the sweep after the next would find it.
    fn note(&mut self, at: Millis, key: Key) {
        let horizon = self.shared.settings.sweep.as_millis() as i64 * 2;
        if at.0 <= self.shared.now().0 + horizon {
            self.timers.insert((at, key));
        }
    }

    fn due(&mut self, due: Due, now: Millis) {
        let key = Key { app: due.app, lane: Arc::from(due.lane) };
        if due.due_at > now {
            self.note(due.due_at, key);
            return;
        }
        let known = self.shared.lanes.lock().get(&key).cloned();
        if known.is_none_or(|lane| lane.may_run(now) || lane.is_stale(&self.shared)) {
            self.start(key);
        }
    }

    /// Forgets lanes that were idle for long: their channels hold connections.
    fn forget(&mut self, now: Millis) {
        let since = now.plus(-IDLE_MS);
        let idle: Vec<Arc<Lane>> = {
            let mut lanes = self.shared.lanes.lock();
            // Whoever works on a lane holds it.
            lanes
                .extract_if(|_, lane| Arc::strong_count(lane) == 1 && lane.is_idle(since))
                .map(|(_, lane)| lane)
                .collect()
        };
        for lane in idle {
            self.close(lane);
        }
    }

    fn close(&mut self, lane: Arc<Lane>) {
        self.tasks.spawn(async move {
            if tokio::time::timeout(CLOSE, lane.close()).await.is_err() {
                tracing::warn!("a channel did not close in time");
            }
            Ended::Closed
        });
    }
}

/// Turns a panic into a failure: one lane's trouble must not end the driver's work.
async fn guarded<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.unwrap_or_else(|_| Err(Failure::internal("a task of the engine panicked").into()))
}

/// Finds what is due, in all apps, and what will be soon.
async fn sweep(shared: &Shared, now: Millis) -> Result<Vec<Due>> {
    let horizon = now.plus(shared.settings.sweep.as_millis() as i64 * 2);
    let mut found: Vec<Due> = Vec::new();
    let mut after = None;
    loop {
        let from: Option<Due> = after.take();
        let page =
            shared.store.read(AppId::PLATFORM, move |snapshot| deliveries::all_lanes(snapshot, from.as_ref())).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        found.extend(page.into_iter().filter(|due| due.due_at <= horizon));
    }
    for topic in [OFFLINE_PUSH, GROUP_PUSH, PUSH_RECALL] {
        let mut app = AppId(i64::MIN);
        loop {
            let page =
                shared.store.read(AppId::PLATFORM, move |snapshot| outbox::apps(snapshot, topic, now, app)).await?;
            let Some(last) = page.last() else { break };
            app = *last;
            found.extend(page.into_iter().map(|app| Due { app, lane: String::new(), due_at: now }));
        }
    }
    let mut app = AppId::PLATFORM;
    loop {
        let page = shared.store.read(AppId::PLATFORM, move |snapshot| tasks::apps_due(snapshot, app)).await?;
        let Some((last, _)) = page.last() else { break };
        app = *last;
        let due = page.into_iter().filter(|(_, due_at)| *due_at <= horizon);
        found.extend(due.map(|(app, due_at)| Due { app, lane: String::new(), due_at }));
    }
    Ok(found)
}

/// Forgets what is long over.
async fn purge(shared: &Shared, now: Millis) -> Result<()> {
    let before = now.plus(-shared.settings.memory_ms);
    let apps = shared.store.read(AppId::PLATFORM, move |snapshot| deliveries::apps_before(snapshot, before)).await?;
    for app in apps {
        for _ in 0..PURGES {
            if shared.store.write(app, move |tx| deliveries::purge(tx, before)).await? == 0 {
                break;
            }
        }
    }
    let before = now.plus(-RECORDS_MS);
    let apps = shared.store.read(AppId::PLATFORM, move |snapshot| tasks::apps_before(snapshot, before)).await?;
    for app in apps {
        for _ in 0..PURGES {
            if shared.store.write(app, move |tx| tasks::purge(tx, before)).await? == 0 {
                break;
            }
        }
    }
    Ok(())
}
