//! An engine on a real store, with scripted vendors, scripted connections and a clock that tests move.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use contract::notification::Notification;
use contract::{AppId, DeviceId, Millis, UserId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use push::channel::{Channel, Clock, Limits};
use push::channels::scripted::Scripted;
use push::credential::{ChannelFactory, Opened, Trouble};
use push::delivery::Acked;
use push::engine::{Audience, Engine, Request, SelfBuilt, Settings};
use store::deliveries::{self, Delivery, Route, Task};
use store::devices::{self, Login, Token};
use store::{Hooks, Store, accounts, platform};
use tempfile::TempDir;
use tokio::sync::Notify;

pub(crate) const APP: AppId = AppId(1);
pub(crate) const OTHER: AppId = AppId(2);
/// The channel of the scripted vendor, and the credential that most tests use.
pub(crate) const VENDOR: &str = "vendor";
pub(crate) const CREDENTIAL: i64 = 7;
pub(crate) const HOUR: i64 = 3_600_000;
const START: i64 = 1_800_000_000_000;

/// Credentials as tests set them.
#[derive(Default)]
pub(crate) struct Vendors {
    known: Mutex<HashMap<(AppId, i64), (u64, Made)>>,
}

/// What a credential makes.
type Made = Result<Arc<dyn Channel>, Trouble>;

impl Vendors {
    /// Sets a credential; setting it again is a change.
    pub(crate) fn set(&self, app: AppId, credential: i64, channel: Made) {
        let mut known = self.known.lock();
        let print = known.get(&(app, credential)).map_or(1, |(print, _)| print + 1);
        known.insert((app, credential), (print, channel));
    }
}

impl ChannelFactory for Vendors {
    fn print(&self, app: AppId, _: &str, credential: i64) -> u64 {
        self.known.lock().get(&(app, credential)).map_or(0, |(print, _)| *print)
    }

    fn open(&self, app: AppId, _: &str, credential: i64) -> Result<Opened, Trouble> {
        let known = self.known.lock();
        let (_, channel) = known.get(&(app, credential)).ok_or(Trouble::Unknown)?;
        channel.clone().map(|channel| Opened { channel, rate: 1_000_000 })
    }
}

/// Connections of devices as tests set them.
#[derive(Default)]
pub(crate) struct Connections {
    pub(crate) online: Mutex<HashSet<DeviceId>>,
    /// Connected, but they acknowledge nothing.
    pub(crate) silent: Mutex<HashSet<DeviceId>>,
    pub(crate) got: Mutex<Vec<(DeviceId, Notification)>>,
    /// Connected, and silent until they are freed.
    pub(crate) stuck: Mutex<HashSet<DeviceId>>,
    pub(crate) waiting: AtomicUsize,
    pub(crate) free: Notify,
}

impl SelfBuilt for Connections {
    fn push<'a>(
        &'a self,
        _: AppId,
        device: &'a DeviceId,
        _: [u8; 16],
        notification: &'a Notification,
        _: Millis,
    ) -> BoxFuture<'a, Acked> {
        if self.stuck.lock().contains(device) {
            return async {
                self.waiting.fetch_add(1, Ordering::SeqCst);
                self.free.notified().await;
                Acked::NoAnswer
            }
            .boxed();
        }
        let acked = if self.silent.lock().contains(device) {
            Acked::NoAnswer
        } else if self.online.lock().contains(device) {
            self.got.lock().push((device.clone(), notification.clone()));
            Acked::Acked
        } else {
            Acked::NotConnected
        };
        std::future::ready(acked).boxed()
    }
}

pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) vendors: Arc<Vendors>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) engine: Engine,
    time: Arc<AtomicI64>,
    _folder: TempDir,
}

/// A scripted vendor that is wired to an app.
pub(crate) fn scripted() -> Arc<Scripted> {
    Arc::new(Scripted::new(Limits { batch_max: 100, payload_bytes_max: 4_096, can_add_badge: false }))
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::trusted(name)
}

pub(crate) fn device(name: &str) -> DeviceId {
    DeviceId::trusted(name)
}

impl Bench {
    /// An engine whose first app has a vendor that accepts everything unless it is told otherwise.
    pub(crate) async fn new() -> (Self, Arc<Scripted>) {
        let folder = TempDir::with_prefix("noroshi-push-").unwrap();
        let hooks = Hooks::new(|_, _| Ok(()), Arc::new(|_, _| {}));
        let store = Store::open(&store::Settings::sqlite(folder.path().join("noroshi.db")), hooks).await.unwrap();
        let (time, vendors) = (Arc::new(AtomicI64::new(START)), Arc::new(Vendors::default()));
        let connections = Arc::new(Connections::default());
        let vendor = scripted();
        vendors.set(APP, CREDENTIAL, Ok(Arc::clone(&vendor) as Arc<dyn Channel>));
        let settings = Settings { stop: Duration::from_millis(200), ..Settings::default() };
        let engine = start(settings, &store, &vendors, &connections, &time);
        (Self { store, vendors, connections, engine, time, _folder: folder }, vendor)
    }

    /// Takes the engine's place with another node's; the old one is dropped as a crash would.
    pub(crate) fn restart(&mut self, settings: Settings) {
        self.engine = start(settings, &self.store, &self.vendors, &self.connections, &self.time);
    }

    /// Another node's engine on the same store.
    pub(crate) fn node(&self, node: i64) -> Arc<Engine> {
        let settings = Settings { node, stop: Duration::from_millis(200), ..Settings::default() };
        Arc::new(start(settings, &self.store, &self.vendors, &self.connections, &self.time))
    }

    pub(crate) fn now(&self) -> Millis {
        Millis(self.time.load(Ordering::SeqCst))
    }

    /// Moves the clock and tells the engine so.
    pub(crate) fn advance(&self, ms: i64) {
        self.time.fetch_add(ms, Ordering::SeqCst);
        self.engine.wake();
    }

    /// Logs an account in on a device that holds no connection, with a token of the vendor if one is given.
    pub(crate) async fn bind(&self, app: AppId, account: &str, name: &str, token: Option<&str>) {
        let (now, account, id) = (self.now(), user(account), device(name));
        let token = token.map(str::to_owned);
        let write = move |tx: &mut store::Tx<'_>| {
            accounts::import(tx, now, &account)?;
            let login = Login { device: id.clone(), account: account.clone(), platform: 1, node: 0, session: 1 };
            devices::log_in(tx, now, &login)?;
            let Some(token) = token.clone() else { return Ok(()) };
            let (device, channel) = (id.clone(), VENDOR.to_owned());
            let token = Token { device, channel, token, credential: CREDENTIAL, bound_at: now };
            devices::set_token(tx, &account, &token)
        };
        self.store.write(app, write).await.unwrap();
    }

    /// Lets a device be connected, to a node that lives, and tells the engine.
    pub(crate) async fn connect(&self, app: AppId, account: &str, name: &str) {
        let (now, account, id) = (self.now(), user(account), device(name));
        self.store.write(AppId::PLATFORM, move |tx| platform::beat(tx, now, 5, "node")).await.unwrap();
        let login = Login { device: id.clone(), account: account.clone(), platform: 1, node: 5, session: 2 };
        let write = move |tx: &mut store::Tx<'_>| {
            accounts::import(tx, now, &account)?;
            devices::log_in(tx, now, &login).map(|_| ())
        };
        self.store.write(app, write).await.unwrap();
        self.connections.online.lock().insert(id.clone());
        self.engine.device_connected(app, &id).await.unwrap();
    }

    pub(crate) fn request(&self, accounts: &[&str]) -> Request {
        Request {
            audience: Audience::Accounts(accounts.iter().map(|name| user(name)).collect()),
            notification: Notification { title: "t".into(), body: "b".into(), ..Notification::default() },
            expires_at: self.now().plus(HOUR),
            store_offline: false,
            hold: false,
        }
    }

    /// A task whose deliveries a test makes itself.
    pub(crate) fn task(&self, id: i64) -> Task {
        Task {
            id,
            notification: r#"{"body":"b"}"#.into(),
            created_at: self.now(),
            expires_at: self.now().plus(HOUR),
            is_kept: false,
            message: None,
            route: Route::default(),
        }
    }

    pub(crate) async fn push(&self, app: AppId, accounts: &[&str]) -> i64 {
        self.engine.push(app, self.request(accounts)).await.unwrap()
    }

    pub(crate) async fn deliveries(&self, app: AppId, task: i64) -> Vec<Delivery> {
        self.store.read(app, move |snapshot| deliveries::of_task(snapshot, task, -1)).await.unwrap()
    }

    /// Waits until the only delivery of a task is as expected, and answers it.
    pub(crate) async fn sees(&self, app: AppId, task: i64, expected: impl Fn(&Delivery) -> bool) -> Delivery {
        let mut last = Vec::new();
        for _ in 0..TRIES {
            last = self.deliveries(app, task).await;
            if let [delivery] = &last[..]
                && expected(delivery)
            {
                return delivery.clone();
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("not as expected: {last:#?}");
    }

    /// Waits until the only delivery of a task has ended, and answers it.
    pub(crate) async fn ends(&self, app: AppId, task: i64) -> Delivery {
        self.sees(app, task, |delivery| delivery.ended_at.0 != 0).await
    }
}

/// Half a minute and more: the machine may be busy with other tests.
const TRIES: usize = 8_000;
const PAUSE: Duration = Duration::from_millis(5);

/// Waits, within a bound, until something holds.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..TRIES {
        if holds().await {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("it never came about: {what}");
}

/// An engine on a store.
pub(crate) fn start(
    settings: Settings,
    store: &Store,
    vendors: &Arc<Vendors>,
    connections: &Arc<Connections>,
    time: &Arc<AtomicI64>,
) -> Engine {
    let time = Arc::clone(time);
    let clock: Clock = Arc::new(move || Millis(time.load(Ordering::SeqCst)));
    let vendors = Arc::clone(vendors) as Arc<dyn ChannelFactory>;
    let connections = Arc::clone(connections) as Arc<dyn SelfBuilt>;
    Engine::start(settings, store.clone(), vendors, connections, clock)
}

/// Whether a delivery has a published status.
pub(crate) fn is(delivery: &Delivery, row: impl Into<&'static contract::codes::Row>) -> bool {
    let row = row.into();
    let holds = delivery.status == Some(push::delivery::status(row));
    if holds {
        contract::ledger::note(row, contract::ledger::How::Delivery);
    }
    holds
}
