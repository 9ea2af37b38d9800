//! A node: everything that runs in one process, and how it stops.
//!
//! The order of the start is the order of dependence: store, apps, gateway, delivery engine, listeners; the stop goes
//! the other way round, so that nothing acknowledged is lost and nothing is asked that is gone already.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use contract::event::Event;
use contract::{AppId, Millis, Result};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use parking_lot::Mutex;
use store::append::{Draft, Sent};
use store::{Hooks, Store, platform};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::{error, info};

use crate::apps::Apps;
use crate::clock::Clock;
use crate::config::{Bounds, Config};
use crate::listen::{Listener, ended};
use crate::rates::Rates;
use crate::sigs::Sigs;
use crate::vault::{self, Vault};
use crate::{im, route};

/// What is under way at a shutdown may take this long.
const STOP_WAIT: Duration = Duration::from_secs(20);
/// How often a node says that it is alive, and looks whether apps changed elsewhere.
const BEAT: Duration = Duration::from_secs(5);
const REFRESH: Duration = Duration::from_secs(2);

/// One process that serves.
pub struct Node {
    /// What is remembered.
    pub store: Store,
    /// The apps.
    pub apps: Apps,
    /// The time.
    pub clock: Clock,
    /// Who speaks.
    pub sigs: Arc<Sigs>,
    /// How often.
    pub rates: Rates,
    /// How much is taken on.
    pub bounds: Bounds,
    /// REST calls that may be under way at a time.
    pub im_places: Semaphore,
    /// Tells this process from all others, also from its own predecessors.
    pub id: i64,
    name: String,
    prometheus: PrometheusHandle,
}

/// A node that serves, with where it does.
pub struct Running {
    /// The node.
    pub node: Arc<Node>,
    /// Where plain HTTP is.
    pub http: Option<SocketAddr>,
    /// Where HTTPS is.
    pub https: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Node {
    /// Opens the store and everything that needs no socket.
    pub async fn open(config: &Config, clock: Clock) -> Result<Arc<Self>> {
        let vault = Arc::new(Vault::new(&config.secrets.master_key()?)?);
        let sigs = Arc::new(Sigs::default());
        let heard = Arc::clone(&sigs);
        let hooks = Hooks {
            decide: chat::message::decide,
            announce: Arc::new(move |app, events| announce(&heard, app, events)),
        };
        let store = Store::open(&config.store(), hooks).await?;
        let apps = Apps::load(store.clone(), vault).await?;
        Ok(Arc::new(Self {
            store,
            apps,
            clock,
            sigs,
            rates: Rates::default(),
            bounds: config.bounds.clone(),
            im_places: Semaphore::new(config.bounds.calls),
            id: i64::from_le_bytes(vault::random()) & i64::MAX,
            name: config.name.clone(),
            prometheus: prometheus(),
        }))
    }

    /// Whether the store answers.
    pub async fn check_ready(&self) -> Result<()> {
        self.store.read(AppId::PLATFORM, platform::apps_version).await.map(drop)
    }

    /// What Prometheus reads.
    pub fn metrics(&self) -> String {
        let depths = self.store.depths();
        metrics::gauge!("noroshi_store_queue_depth", "queue" => "reads").set(depths.reads as f64);
        metrics::gauge!("noroshi_store_queue_depth", "queue" => "writes").set(depths.writes as f64);
        metrics::gauge!("noroshi_store_queue_depth", "queue" => "sends").set(depths.sends as f64);
        self.prometheus.render()
    }

    /// Passes an online-only message to connected devices; nothing of it is stored.
    pub async fn pass(&self, app: AppId, draft: Draft) -> Result<Sent> {
        let _ = (app, draft);
        Err(contract::Failure::internal("no gateway yet").into())
    }
}

/// Hears what was committed, before the callers do.
fn announce(sigs: &Sigs, app: AppId, events: &[Event]) {
    for event in events {
        if let Event::EpochRaised { account, sig_from, .. } = event {
            sigs.void(app, account, *sig_from);
        }
    }
}

/// The one recorder of the process; tests start many nodes in one.
fn prometheus() -> PrometheusHandle {
    static RECORDER: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut recorder = RECORDER.lock();
    recorder
        .get_or_insert_with(|| {
            let recorder = PrometheusBuilder::new().set_buckets(&SECONDS).expect("there are buckets").build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                error!("another recorder of metrics is installed: /metrics stays empty");
            }
            handle
        })
        .clone()
}

/// Buckets of latencies.
const SECONDS: [f64; 12] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0];

impl Running {
    /// Serves a node until [`Self::stop`].
    pub async fn start(node: Arc<Node>, config: &Config, tls: Option<Arc<rustls::ServerConfig>>) -> Result<Self> {
        let places = Arc::new(Semaphore::new(config.bounds.connections));
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut open = |address: Option<SocketAddr>, tls: Option<Arc<rustls::ServerConfig>>| -> Result<_> {
            let Some(address) = address else { return Ok(None) };
            let listener = Listener::bind(address, tls, route::public(Arc::clone(&node)), Arc::clone(&places))?
                .with_head_wait(Duration::from_millis(config.bounds.head_ms));
            let address = listener.address()?;
            tasks.spawn(listener.serve(stopped.clone(), STOP_WAIT));
            Ok(Some(address))
        };
        let http = open(config.listen.http, None)?;
        let https = if tls.is_some() { open(config.listen.https, tls)? } else { None };
        node.beat().await?;
        tasks.spawn(keep(Arc::clone(&node), stopped));
        im::note_start(&node);
        info!(?http, ?https, "serving");
        Ok(Self { node, http, https, stop, tasks })
    }

    /// Stops: no new work, what is under way ends, then the store closes.
    pub async fn stop(mut self) {
        info!("stopping");
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        let id = self.node.id;
        let now = self.node.clock.now();
        if let Err(error) = self.node.store.write(AppId::PLATFORM, move |tx| platform::leave(tx, now, id)).await {
            error!(%error, "the node could not say that it leaves");
        }
        self.node.store.close().await;
        info!("stopped");
    }
}

impl Node {
    async fn beat(&self) -> Result<()> {
        let (now, id, name): (Millis, i64, String) = (self.clock.now(), self.id, self.name.clone());
        self.store.write(AppId::PLATFORM, move |tx| platform::beat(tx, now, id, &name)).await
    }
}

/// Says again and again that the node is alive, and reads apps that others changed.
async fn keep(node: Arc<Node>, mut stopped: watch::Receiver<bool>) {
    let mut beat = tokio::time::interval(BEAT);
    let mut refresh = tokio::time::interval(REFRESH);
    loop {
        let outcome = tokio::select! {
            _ = beat.tick() => node.beat().await,
            _ = refresh.tick(), if !node.store.is_exclusive() => node.apps.refresh().await,
            () = ended(&mut stopped) => return,
        };
        if let Err(error) = outcome {
            error!(%error, "the node could not keep itself up to date");
        }
    }
}
