//! The delivery engine: drains the outbox and the deliveries, hands them to channels in batches, writes down verdicts.
//!
//! Rows are claimed by lease, so a node may die at any line and another finishes the work: a device may see a
//! notification twice, never zero times. A *lane* is one credential of one app; each has its own claims, circuit,
//! rate and bound, so that an expired certificate slows nobody else.
//!
//! * `driver`: the one task that decides what runs; it sleeps until something is due or somebody rings.
//! * `intake`: from outbox rows and named targets to deliveries by lane. One short transaction at a time.
//! * `grouped`: from a message to a group to deliveries, looking at its members on snapshots.
//! * `lane`: claims, sends, settles. `work`: one claimed batch. `health`: circuit, rate, guard.
//! * `dispatch`: sends without rows, for broadcasts. `errands`: what is on its way, so that they let it pass.

mod dispatch;
mod driver;
mod errands;
mod grouped;
mod health;
mod intake;
mod lane;
mod work;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use contract::codes::PushCommon;
use contract::event::Event;
use contract::notification::Notification;
use contract::{AppId, DeviceId, Failure, Fault, Millis, Result, UserId};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use store::Store;
use store::deliveries::{self, Depth, Route, Target, Task};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::channel::Clock;
use crate::credential::ChannelFactory;
use crate::delivery::{Acked, status};
use crate::task;
pub(crate) use dispatch::Dispatched;
use driver::Key;
use errands::Errand;
pub(crate) use errands::Errands;
use lane::Lane;

/// Targets that one push may name; more are several tasks.
pub const TARGETS_MAX: usize = 1_000;

/// Rows that one claim takes; a channel whose vendor takes more in one call gets a call's worth.
pub const CLAIM_MAX: usize = 256;

/// The most that one call of any vendor takes, and so the most that one claim takes.
pub const BATCH_MAX: usize = 1_000;

/// Times and bounds; the default suits production.
#[derive(Debug, Clone)]
pub struct Settings {
    /// This node, as its leases name it; never 0.
    pub node: i64,
    /// How long a claim holds without being renewed.
    pub lease_ms: i64,
    /// How often all lanes are looked through: for the work of dead nodes and for rings that were lost.
    pub sweep: Duration,
    /// Deliveries in memory at once, in all lanes together: half a kilobyte each, beside the texts of their tasks.
    pub rows_max: usize,
    /// Batches of one lane under way at once.
    pub batches_max: usize,
    /// Attempts after the first.
    pub retries: u32,
    /// How long a device has to acknowledge.
    pub ack: Duration,
    /// How long a channel may take for a batch; its own bounds are tighter.
    pub batch: Duration,
    /// How long a stop waits for what is under way.
    pub stop: Duration,
    /// How long a task is remembered after its expiry.
    pub memory_ms: i64,
    /// How long a slice of a broadcast lets pushes to named targets pass before it begins. On a node on which some are
    /// always on their way every slice waits for so long, so that it also says how fast a broadcast is there.
    pub give_way: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            node: 1,
            lease_ms: 30_000,
            sweep: Duration::from_secs(5),
            rows_max: 32_768,
            batches_max: 4,
            retries: 3,
            ack: Duration::from_secs(10),
            batch: Duration::from_mins(2),
            stop: Duration::from_secs(10),
            memory_ms: 7 * 86_400_000,
            give_way: Duration::from_millis(20),
        }
    }
}

/// Our own connections to devices.
pub trait SelfBuilt: Send + Sync {
    /// Pushes over the device's connection, on whichever node it is, and waits for its word until the deadline.
    fn push<'a>(
        &'a self,
        app: AppId,
        device: &'a DeviceId,
        id: [u8; 16],
        notification: &'a Notification,
        deadline: Millis,
    ) -> BoxFuture<'a, Acked>;
}

/// Whom a push is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// All devices of these accounts.
    Accounts(Vec<UserId>),
    /// These devices.
    Devices(Vec<DeviceId>),
}

/// A push to named targets.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whom it is for.
    pub audience: Audience,
    /// What is pushed.
    pub notification: Notification,
    /// When it is not worth delivering any more.
    pub expires_at: Millis,
    /// Whether a device that is away gets it on our own connection when it is back.
    pub store_offline: bool,
    /// Whether it waits for [`Engine::release`].
    pub hold: bool,
}

/// How far the engine is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    /// Nothing new is claimed.
    Draining,
    /// What is under way gives its rows back.
    Closing,
}

/// What all parts of the engine use.
struct Shared {
    settings: Settings,
    store: Store,
    channels: Arc<dyn ChannelFactory>,
    self_built: Arc<dyn SelfBuilt>,
    clock: Clock,
    rings: Mutex<Rings>,
    bell: Notify,
    phase: watch::Sender<Phase>,
    /// One for each delivery in memory.
    permits: Arc<Semaphore>,
    /// The lanes that are in use, by whatever way work comes to them.
    lanes: Mutex<HashMap<Key, Arc<Lane>>>,
    errands: Arc<Errands>,
    /// How far messages to groups were looked through, by app and outbox row.
    walks: Mutex<HashMap<(AppId, i64), grouped::Walked>>,
}

/// Who has rung since the driver looked last.
#[derive(Default)]
struct Rings {
    apps: HashMap<AppId, Errand>,
    all: bool,
}

/// Apps that are noted one by one; beyond them all are looked through.
const RINGS_MAX: usize = 4_096;

impl Shared {
    fn now(&self) -> Millis {
        (self.clock)()
    }

    fn ring(&self, app: AppId) {
        {
            let mut rings = self.rings.lock();
            if rings.apps.len() < RINGS_MAX {
                rings.apps.entry(app).or_insert_with(|| self.errands.begin());
            } else {
                rings.all = true;
            }
        }
        self.bell.notify_one();
    }

    /// A lane, made where there was none.
    fn lane(&self, key: &Key) -> Arc<Lane> {
        Arc::clone(self.lanes.lock().entry(key.clone()).or_insert_with(|| Arc::new(Lane::new(key.clone()))))
    }

    fn is_running(&self) -> bool {
        *self.phase.borrow() == Phase::Running
    }
}

/// A number that nothing else in the app has.
pub(crate) fn unique() -> i64 {
    (Uuid::new_v4().as_u64_pair().0 >> 1) as i64
}

/// The engine; dropping it without [`Engine::stop`] leaves its leases to run out, as a crash does.
pub struct Engine {
    shared: Arc<Shared>,
    driver: Mutex<JoinSet<()>>,
}

impl Engine {
    /// Starts to drain. Must be called in a runtime.
    pub fn start(
        settings: Settings,
        store: Store,
        channels: Arc<dyn ChannelFactory>,
        self_built: Arc<dyn SelfBuilt>,
        clock: Clock,
    ) -> Self {
        let shared = Arc::new(Shared {
            permits: Arc::new(Semaphore::new(settings.rows_max.max(CLAIM_MAX))),
            settings,
            store,
            channels,
            self_built,
            clock,
            rings: Mutex::new(Rings { all: true, ..Rings::default() }),
            bell: Notify::new(),
            phase: watch::Sender::new(Phase::Running),
            lanes: Mutex::default(),
            errands: Arc::default(),
            walks: Mutex::default(),
        });
        let mut driver = JoinSet::new();
        driver.spawn(driver::Driver::new(Arc::clone(&shared)).run());
        Self { shared, driver: Mutex::new(driver) }
    }

    /// What is remembered.
    pub(crate) fn store(&self) -> &Store {
        &self.shared.store
    }

    /// The moment.
    pub(crate) fn now(&self) -> Millis {
        self.shared.now()
    }

    /// What is on its way.
    pub(crate) fn errands(&self) -> &Errands {
        &self.shared.errands
    }

    /// Times and bounds.
    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Pushes to named targets. Answers the id of the task, by which its deliveries are asked for.
    pub async fn push(&self, app: AppId, request: Request) -> Result<i64> {
        let targets = targets(request.audience)?;
        let now = self.shared.now();
        let task = Task {
            id: unique(),
            notification: serde_json::to_string(&request.notification).map_err(Failure::internal)?,
            created_at: now,
            expires_at: request.expires_at,
            is_kept: request.store_offline,
            message: None,
            route: Route::default(),
        };
        let id = task.id;
        let held = request.hold.then(|| status(PushCommon::WaitingForVerify));
        let write = move |tx: &mut store::Tx<'_>| {
            deliveries::add_task(tx, &task)?;
            deliveries::add_targets(tx, &task, &targets, held.clone())?;
            tx.after(Event::DeliveryQueued);
            Ok(())
        };
        self.shared.store.write(app, write).await?;
        self.shared.ring(app);
        Ok(id)
    }

    /// Lets go a task that was held. Answers how many of its targets were waiting.
    pub async fn release(&self, app: AppId, task: i64) -> Result<u64> {
        let now = self.shared.now();
        self.woken(app, move |tx| deliveries::wake_task(tx, now, task)).await
    }

    /// Sends what waits for a device, which has just connected and can be reached by [`SelfBuilt`] from now on.
    pub async fn device_connected(&self, app: AppId, device: &DeviceId) -> Result<u64> {
        let (now, device) = (self.shared.now(), device.clone());
        self.woken(app, move |tx| deliveries::wake_device(tx, now, &device)).await
    }

    /// Sends what waits for a binding of an account, which has just got one.
    pub async fn account_bound(&self, app: AppId, account: &UserId) -> Result<u64> {
        let (now, account) = (self.shared.now(), account.clone());
        self.woken(app, move |tx| deliveries::wake_account(tx, now, &account)).await
    }

    /// Sends what waits for a device or for its account: it has just connected, or registered a token. Costs a read
    /// where nothing waits, because every login comes here.
    pub async fn arrived(&self, app: AppId, account: &UserId, device: &DeviceId) -> Result<u64> {
        let (who, what) = (account.clone(), device.clone());
        let store = &self.shared.store;
        let now = self.shared.now();
        let (awaited, kept) = store
            .read(app, move |snapshot| {
                let awaited = deliveries::is_awaited(snapshot, &who, &what)?;
                Ok((awaited, task::is_awaited(snapshot, now, &what)?))
            })
            .await?;
        if kept {
            let device = device.clone();
            self.woken(app, move |tx| Ok(task::hand_over(tx, now, &device)? as u64)).await?;
        }
        if !awaited {
            return Ok(0);
        }
        Ok(self.account_bound(app, account).await? + self.device_connected(app, device).await?)
    }

    async fn woken(
        &self,
        app: AppId,
        wake: impl Fn(&mut store::Tx<'_>) -> Result<u64> + Send + 'static,
    ) -> Result<u64> {
        let count = self.shared.store.write(app, wake).await?;
        if count > 0 {
            self.shared.ring(app);
        }
        Ok(count)
    }

    /// Hears what was committed, here or on another node.
    pub fn announced(&self, app: AppId, events: &[Event]) {
        let concerns = |event: &Event| {
            matches!(event, Event::DeliveryQueued | Event::NotificationQueued { .. } | Event::AppChanged)
        };
        if events.iter().any(concerns) {
            self.shared.ring(app);
        }
    }

    /// Looks through everything at once, for example because the clock was moved.
    pub fn wake(&self) {
        self.shared.rings.lock().all = true;
        self.shared.bell.notify_one();
    }

    /// Counts open deliveries by lane.
    pub async fn depths(&self) -> Result<Vec<Depth>> {
        let now = self.shared.now();
        self.shared.store.read(AppId::PLATFORM, move |snapshot| deliveries::depths(snapshot, now)).await
    }

    /// Tells how many deliveries are in memory.
    pub fn in_memory(&self) -> usize {
        self.shared.settings.rows_max.max(CLAIM_MAX) - self.shared.permits.available_permits()
    }

    /// Claims nothing more, finishes what is under way or gives it back, and ends. Takes at most twice the bound that
    /// the settings name.
    pub async fn stop(&self) {
        let mut driver = std::mem::take(&mut *self.driver.lock());
        self.shared.phase.send_replace(Phase::Draining);
        let grace = self.shared.settings.stop;
        if tokio::time::timeout(grace, driver.join_next()).await.is_err() {
            self.shared.phase.send_replace(Phase::Closing);
            if tokio::time::timeout(grace, driver.join_next()).await.is_err() {
                tracing::error!("the engine did not end in time; its leases run out");
                driver.shutdown().await;
            }
        }
    }
}

/// Checks the audience; a target that is named twice gets one notification.
fn targets(audience: Audience) -> Result<Vec<Target>> {
    let mut named: Vec<Target> = match audience {
        Audience::Accounts(accounts) => accounts.into_iter().map(Target::Account).collect(),
        Audience::Devices(devices) => devices.into_iter().map(Target::Device).collect(),
    };
    if named.is_empty() || named.len() > TARGETS_MAX {
        return contract::error::refuse(Fault::BatchSizeInvalid { max: TARGETS_MAX });
    }
    let mut seen = HashSet::new();
    named.retain(|target| seen.insert(target.clone()));
    Ok(named)
}
