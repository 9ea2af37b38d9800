//! What the benchmarks of push have in common: a store with devices, an engine whose one vendor takes everything, and
//! connections that note when something comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use contract::notification::Notification;
use contract::{AppId, DeviceId, Millis, Result, UserId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use push::broadcast::{Broadcasts, Devices, Hands};
use push::channel::{Answer, Channel, Limits, Outgoing, Said, Verdict};
use push::credential::{ChannelFactory, Opened, Trouble};
use push::delivery::Acked;
use push::engine::{Engine, SelfBuilt, Settings};
use push::task::{Audience, Spec};
use server::clock::Clock;
use store::bindings::{self, Registration};
use store::bound_tags::{self, Holder};
use store::broadcasts::Order;
use store::devices::{self, Login, Token};
use store::{Hooks, Store, Tx, accounts, platform};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::cluster::Cluster;
use crate::figure::Figure;
use crate::process::folder;

/// The app whose devices are many.
pub(crate) const APP: AppId = AppId(1);
/// An app beside it.
pub(crate) const OTHER: AppId = AppId(2);
/// The channel of the vendor.
const VENDOR: &str = "vendor";
/// Arrivals that nobody has looked at yet.
const ARRIVALS: usize = 65_536;
/// Devices that are registered in one transaction.
const BATCH: usize = 1_000;
/// Transactions at once, where the store can have several.
const PARTS: usize = 4;
/// More than a month.
const MONTH_MS: i64 = 32 * 86_400_000;
/// The node of the connections.
const NODE: i64 = 1;

/// A vendor that takes everything at once.
#[derive(Default)]
pub(crate) struct Taker {
    pub(crate) taken: AtomicU64,
}

impl Channel for Taker {
    fn limits(&self) -> Limits {
        Limits { batch_max: 1_000, payload_bytes_max: 4_096, can_add_badge: false }
    }

    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        self.taken.fetch_add(batch.len() as u64, Ordering::Relaxed);
        let taken = Answer { verdict: Verdict::Accepted, said: Said::default() };
        std::future::ready(vec![taken; batch.len()]).boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }
}

struct Factory(Arc<Taker>);

impl ChannelFactory for Factory {
    fn print(&self, _: AppId, _: &str, _: i64) -> u64 {
        1
    }

    fn open(&self, _: AppId, _: &str, _: i64) -> std::result::Result<Opened, Trouble> {
        Ok(Opened { channel: Arc::clone(&self.0) as Arc<dyn Channel>, rate: 1_000_000 })
    }
}

/// Connections that tell when something came to which device.
struct Connections(mpsc::Sender<(DeviceId, Instant)>);

impl SelfBuilt for Connections {
    fn push<'a>(
        &'a self,
        _: AppId,
        device: &'a DeviceId,
        _: [u8; 16],
        _: &'a Notification,
        _: Millis,
    ) -> BoxFuture<'a, Acked> {
        let heard = self.0.try_send((device.clone(), Instant::now())).is_ok();
        std::future::ready(if heard { Acked::Acked } else { Acked::NotConnected }).boxed()
    }
}

struct NoHands;

impl Hands for NoHands {
    fn hand<'a>(&'a self, _: AppId, _: &'a Order, _: &'a [UserId]) -> BoxFuture<'a, Result<u64>> {
        std::future::ready(Ok(0)).boxed()
    }

    fn devices(&self, _: &Order) -> Devices {
        Devices::All
    }
}

/// A node's push.
pub(crate) struct Deck {
    pub(crate) store: Store,
    pub(crate) engine: Arc<Engine>,
    pub(crate) broadcasts: Broadcasts,
    pub(crate) taker: Arc<Taker>,
    pub(crate) arrived: mpsc::Receiver<(DeviceId, Instant)>,
}

impl Deck {
    /// Opens a store and starts to drain it.
    pub(crate) async fn open(settings: &store::Settings) -> Outcome<Self> {
        let hooks = Hooks::new(|_, _| Ok(()), Arc::new(|_, _| {}));
        let store = Store::open(settings, hooks).await?;
        let taker = Arc::new(Taker::default());
        let (told, arrived) = mpsc::channel(ARRIVALS);
        let clock = Clock::default();
        let engine = Arc::new(Engine::start(
            Settings::default(),
            store.clone(),
            Arc::new(Factory(Arc::clone(&taker))),
            Arc::new(Connections(told)),
            Arc::new(move || clock.now()),
        ));
        let broadcasts = Broadcasts::start(Arc::clone(&engine), Arc::new(NoHands));
        Ok(Self { store, engine, broadcasts, taker, arrived })
    }

    /// Registers so many devices, each with a token; every tenth has the tag `rare`, all have `common`.
    pub(crate) async fn register(&self, app: AppId, count: usize, has_tags: bool) -> Outcome {
        let mut parts = JoinSet::new();
        for part in 0..PARTS {
            let store = self.store.clone();
            // All new devices of a day are counted in the same row: each part has days of its own.
            let now = Clock::default().now().plus(-(part as i64) * MONTH_MS);
            parts.spawn(async move {
                for first in (part * BATCH..count).step_by(PARTS * BATCH) {
                    let last = (first + BATCH).min(count);
                    store.write(app, move |tx| register(tx, now, first, last, has_tags)).await?;
                }
                Outcome::Ok(())
            });
        }
        while let Some(ended) = parts.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// Connects a device of an account, as a living node does.
    pub(crate) async fn connect(&self, app: AppId, account: &str, device: &str) -> Outcome {
        let now = Clock::default().now();
        let (account, device) = (UserId::trusted(account), DeviceId::trusted(device));
        // A living node, for as long as this may take.
        let alive = now.plus(3_600_000);
        self.store.write(AppId::PLATFORM, move |tx| platform::beat(tx, alive, NODE, "bench")).await?;
        let write = move |tx: &mut Tx<'_>| {
            accounts::import(tx, now, &account)?;
            let login = Login { device: device.clone(), account: account.clone(), platform: 2, node: NODE, session: 1 };
            devices::log_in(tx, now, &login).map(drop)
        };
        Ok(self.store.write(app, write).await?)
    }

    /// Ends everything.
    pub(crate) async fn close(self) {
        self.broadcasts.stop().await;
        self.engine.stop().await;
        self.store.close().await;
    }
}

fn register(tx: &mut Tx<'_>, now: Millis, first: usize, last: usize, has_tags: bool) -> Result<()> {
    let nobody = UserId::trusted("nobody");
    for number in first..last {
        let device = DeviceId::trusted(&name(number));
        bindings::register(tx, now, &device, 2, &Registration { os: 2, ..Registration::default() })?;
        let (channel, token) = (VENDOR.to_owned(), format!("t{number}"));
        devices::set_token(tx, &nobody, &Token { device, channel, token, credential: 1, bound_at: now })?;
        if has_tags {
            let tags =
                if number.is_multiple_of(10) { vec!["common".into(), "rare".into()] } else { vec!["common".into()] };
            bound_tags::bind(tx, now, Holder::Device, &[name(number)], &tags)?;
        }
    }
    Ok(())
}

/// The engines by which a benchmark is run, one after the other; what goes with each lives as long as its run.
pub(crate) async fn on_both<F: Future<Output = Outcome<Figure>>>(
    run: impl Fn(&'static str, store::Settings) -> F,
) -> Outcome<Vec<Figure>> {
    let folder = folder()?;
    let sqlite = run("SQLite", store::Settings::sqlite(folder.path().join("bench.db"))).await?;
    let cluster = Cluster::start()?;
    let postgres = run("PostgreSQL", store::Settings::postgres(Cluster::url(cluster.port))).await?;
    Ok(vec![sqlite, postgres])
}

/// The name of a device.
pub(crate) fn name(number: usize) -> String {
    // Spread, so that neighbours in the table are none in the order of registration.
    format!("{:016x}{number:016x}", (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A push of the usual size.
pub(crate) fn spec(audience: Audience) -> Spec {
    let notification = Notification {
        title: "a title".into(),
        body: "a notification of the usual length, to all of them".into(),
        ..Notification::default()
    };
    Spec { is_fleeting: true, ..Spec::new("bench", "notice", audience, notification) }
}

/// Memory of this process that is not backed by a file, in MB.
pub(crate) fn anonymous_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|kb| kb.parse::<f64>().ok());
    kb.unwrap_or_default() / 1_024.0
}
