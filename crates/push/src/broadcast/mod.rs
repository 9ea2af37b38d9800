//! Broadcasts: one thing for an audience of any size.
//!
//! A broadcast is one row. Its audience is walked in pages by key; each page is a *chunk* under a lease, moved on slice
//! by slice, so a crash repeats at most the slice in flight and loses nobody. What connected accounts get is handed to
//! [`Hands`]; devices that are away get a notification by the lanes of the engine, without a row for each. A lane that
//! takes nothing for the moment is left behind with its place, and the others go on. What a vendor wants later becomes a
//! delivery of its own: the exception, not the rule.
//!
//! * `audience`: who matches, in pages. `begin`: the rules of beginning and revoking.
//! * `driver`: turns, app by app: one broadcast never holds up another app's. `pace`: nor what else the node does.
//!   `chunk`: one turn. `tally`: counts. `outcomes`: what became of single devices.

mod audience;
mod begin;
mod chunk;
mod driver;
mod outcomes;
mod pace;
mod tally;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contract::event::Event;
use contract::{AppId, Result, UserId};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use store::broadcasts::Order;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

pub use self::audience::{Audience, Condition, Traits, Walk};
pub use self::begin::{Begun, Request, Rule, Undo, batch, begin, end, revoke, revoke_batch};
pub(crate) use self::chunk::number_of;
pub use self::outcomes::{Outcome, outcomes};
pub use self::tally::Tally;
use crate::engine::Engine;

/// Candidates of a chunk.
pub const CHUNK: usize = 1_000;

/// Accounts of a slice: few enough that all their ways fit into one answer of the store.
pub const SLICE: usize = 64;

/// Devices of a slice, where devices are walked: what a crash may repeat, and as few writes as the pace needs.
pub const SLICE_DEVICES: usize = 1_000;

/// Chunks that a node works on at a time, in all apps together.
const TURNS_MAX: usize = 4;

/// Chunks of one app at a time.
const TURNS_PER_APP: usize = 2;

/// Hands what a broadcast carries to connected accounts.
pub trait Hands: Send + Sync {
    /// Hands it to the accounts of a slice; after a crash some of them may be named again. Answers how many were
    /// reached.
    fn hand<'a>(&'a self, app: AppId, order: &'a Order, accounts: &'a [UserId]) -> BoxFuture<'a, Result<u64>>;

    /// Which devices of an account get the notification.
    fn devices(&self, order: &Order) -> Devices;
}

/// Which devices get a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Devices {
    /// Those that are away: the others have what was handed to them.
    Away,
    /// Those that hold a connection.
    Connected,
    /// All of them: over their connection, or by their vendor.
    All,
}

/// What was done since the start, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Accounts, or devices, that matched.
    pub matched: u64,
    /// Accounts that were reached over their connections.
    pub told: u64,
    /// Notifications that were sent to devices which are away.
    pub pushed: u64,
    /// Chunks that ended.
    pub chunks: u64,
}

#[derive(Default)]
struct Counts {
    matched: AtomicU64,
    told: AtomicU64,
    pushed: AtomicU64,
    chunks: AtomicU64,
}

struct Shared {
    engine: Arc<Engine>,
    hands: Arc<dyn Hands>,
    sweep: Duration,
    rings: Mutex<Vec<AppId>>,
    bell: Notify,
    pace: pace::Pace,
    stop: watch::Sender<bool>,
    counts: Counts,
}

/// Rings that are noted one by one; beyond them the sweep finds the apps.
const RINGS_MAX: usize = 4_096;

/// The broadcasts of a node; dropping it without [`Broadcasts::stop`] leaves its leases to run out, as a crash does.
pub struct Broadcasts {
    shared: Arc<Shared>,
    driver: Mutex<JoinSet<()>>,
}

impl Broadcasts {
    /// Starts to work on what is open. Must be called in a runtime.
    pub fn start(engine: Arc<Engine>, hands: Arc<dyn Hands>) -> Self {
        let shared = Arc::new(Shared {
            sweep: engine.settings().sweep,
            engine,
            hands,
            rings: Mutex::default(),
            bell: Notify::new(),
            pace: pace::Pace::new(),
            stop: watch::Sender::new(false),
            counts: Counts::default(),
        });
        let mut driver = JoinSet::new();
        driver.spawn(driver::Driver::new(Arc::clone(&shared)).run());
        Self { shared, driver: Mutex::new(driver) }
    }

    /// Hears what was committed, here or on another node.
    pub fn announced(&self, app: AppId, events: &[Event]) {
        if events.iter().any(|event| matches!(event, Event::BroadcastQueued | Event::AppChanged)) {
            self.ring(app);
        }
    }

    /// Looks at an app at once.
    pub fn ring(&self, app: AppId) {
        {
            let mut rings = self.shared.rings.lock();
            if rings.len() < RINGS_MAX && !rings.contains(&app) {
                rings.push(app);
            }
        }
        self.shared.bell.notify_one();
    }

    /// What was done since the start.
    pub fn counters(&self) -> Counters {
        let counts = &self.shared.counts;
        Counters {
            matched: counts.matched.load(Ordering::Relaxed),
            told: counts.told.load(Ordering::Relaxed),
            pushed: counts.pushed.load(Ordering::Relaxed),
            chunks: counts.chunks.load(Ordering::Relaxed),
        }
    }

    /// Begins no further slice, lets those under way end, and ends. Stop it before its engine.
    pub async fn stop(&self) {
        let mut driver = std::mem::take(&mut *self.driver.lock());
        self.shared.stop.send_replace(true);
        let grace = self.shared.engine.settings().stop;
        if tokio::time::timeout(grace, driver.join_next()).await.is_err() {
            tracing::warn!("a broadcast did not pause in time; its lease runs out");
            driver.shutdown().await;
        }
    }
}

impl Shared {
    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }
}
