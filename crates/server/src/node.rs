//! A node: everything that runs in one process, and how it stops.
//!
//! The order of the start is the order of dependence: store, apps, gateway, delivery engine, listeners; the stop goes
//! the other way round, so that nothing acknowledged is lost and nothing is asked that is gone already.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::seal::KeyPair;
use contract::{AppId, Millis, Result};
use gateway::Hub;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use parking_lot::Mutex;
use push::broadcast::Broadcasts;
use push::credential::Credentials;
use push::engine::Engine;
use store::{Hooks, Store, platform};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::apps::Apps;
use crate::clock::Clock;
use crate::config::{Addresses, Bounds, Config, OpenApi};
use crate::front::{self, Arrival, Ears, Front, SelfBuilt};
use crate::im::broadcast::hands::Hands;
use crate::im::operations::tally::Tally;
use crate::listen::{Listener, ended};
use crate::media::Media;
use crate::moderation::Moderation;
use crate::openapi::cloud::Clouds;
use crate::openapi::mpaas;
use crate::openapi::nonces::Nonces;
use crate::openapi::quota::Quotas;
use crate::rates::Rates;
use crate::sigs::Sigs;
use crate::vault::{self, Vault};
use crate::webhook::{Switches, Webhooks};
use crate::{admin, im, media, moderation, route, tls};

/// What is under way at a shutdown may take this long.
const STOP_WAIT: Duration = Duration::from_secs(20);
/// Devices are sent elsewhere within this time.
const DRAIN_WAIT: Duration = Duration::from_secs(5);
/// How often a node says that it is alive, and looks whether apps changed elsewhere.
const BEAT: Duration = Duration::from_secs(5);
const REFRESH: Duration = Duration::from_secs(2);

/// One process that serves.
pub struct Node {
    /// What is remembered.
    pub store: Store,
    /// The apps.
    pub apps: Arc<Apps>,
    /// The time.
    pub clock: Clock,
    /// Who speaks.
    pub sigs: Arc<Sigs>,
    /// How often.
    pub rates: Arc<Rates>,
    /// Cloud accounts and access keys.
    pub clouds: Arc<Clouds>,
    /// Signed calls, each counted once.
    pub nonces: Arc<Nonces>,
    /// How often a cloud account calls.
    pub quotas: Quotas,
    /// How the push OpenAPIs are served.
    pub openapi: OpenApi,
    /// Connected devices.
    pub hub: Arc<Hub>,
    /// Notifications.
    pub engine: Arc<Engine>,
    /// Files.
    pub media: Arc<Media>,
    /// What apps do not want to be said.
    pub moderation: Arc<Moderation>,
    /// What is for many.
    pub broadcasts: Arc<Broadcasts>,
    /// Apps that are asked and told.
    pub webhooks: Arc<Webhooks>,
    arriving: Mutex<Option<mpsc::Receiver<Arrival>>>,
    /// What clients pin to seal their frames.
    pub seal_public: Vec<u8>,
    /// What happens in apps, counted.
    pub tally: Arc<Tally>,
    /// What firewalls must let through.
    pub addresses: Addresses,
    /// How much is taken on.
    pub bounds: Bounds,
    /// REST calls that may be under way at a time.
    pub im_places: Semaphore,
    /// Tells this process from all others, also from its own predecessors.
    pub id: i64,
    /// What operators call it.
    pub name: String,
    /// The folder of everything that is kept in files.
    pub data: PathBuf,
    /// When it was opened.
    pub started: Instant,
    /// Public connections that may be open at a time.
    pub places: Arc<Semaphore>,
    /// How many they are when none is open.
    pub places_max: usize,
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
    /// Where the operators' listener is.
    pub admin: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Node {
    /// Opens the store and everything that needs no socket.
    pub async fn open(config: &Config, clock: Clock) -> Result<Arc<Self>> {
        let vault = Arc::new(Vault::new(&config.secrets.master_key()?)?);
        let (sigs, tally) = (Arc::new(Sigs::default()), Arc::new(Tally::default()));
        let ears = Arc::new(Ears::new(Arc::clone(&sigs), Arc::clone(&tally), clock.clone()));
        let (hearing, switches) = (Arc::clone(&ears), Arc::new(Switches::default()));
        let switched = Arc::clone(&switches);
        let hooks = Hooks {
            decide: chat::message::decide,
            announce: Arc::new(move |app, events| hearing.hear(app, events)),
            wanted: Arc::new(move |app| switched.wanted(app)),
        };
        let store = Store::open(&config.store(), hooks).await?;
        let apps = Arc::new(Apps::load(store.clone(), Arc::clone(&vault), switches).await?);
        let clouds = Arc::new(Clouds::load(store.clone(), Arc::clone(&apps), Arc::clone(&vault)).await?);
        let rates = Arc::new(Rates::default());
        // Never 0, which in the table of devices means no node.
        let id = (i64::from_le_bytes(vault::random()) & i64::MAX).max(1);
        let (ticket, seal) = front::gateway_secrets(&store, &vault).await?;
        let seal_public = seal.public.clone();
        let moderation = Arc::new(Moderation::load(store.clone()).await?);
        let media = Arc::new(open_media(config, front::media_secret(&store, &vault).await?)?);
        let (known, counted) = (Arc::clone(&apps), Arc::clone(&tally));
        let webhooks = Webhooks::new(store.clone(), known, counted, clock.clone(), id, &config.outbound.networks);
        let (arrivals, arriving) = mpsc::channel(config.bounds.gateway_connections.max(1));
        let front = Front {
            store: store.clone(),
            apps: Arc::clone(&apps),
            clock: clock.clone(),
            sigs: Arc::clone(&sigs),
            rates: Arc::clone(&rates),
            webhooks: Arc::clone(&webhooks),
            arrivals,
            media: Arc::clone(&media),
            moderation: Arc::clone(&moderation),
        };
        let hub = open_hub(config, id, ticket, seal, front).await?;
        let engine = open_engine(id, &store, &apps, &hub, &clock);
        let hands = Hands { store: store.clone(), clock: clock.clone(), hub: Arc::clone(&hub) };
        let broadcasts = Arc::new(Broadcasts::start(Arc::clone(&engine), Arc::new(hands)));
        ears.meet(&hub, &engine, &broadcasts, &webhooks);
        Ok(Arc::new(Self {
            store,
            apps,
            clock,
            sigs,
            rates,
            clouds,
            nonces: Arc::default(),
            quotas: Quotas::default(),
            openapi: config.openapi.clone(),
            hub,
            engine,
            media,
            moderation,
            broadcasts,
            webhooks,
            arriving: Mutex::new(Some(arriving)),
            seal_public,
            tally,
            addresses: config.addresses.clone(),
            bounds: config.bounds.clone(),
            im_places: Semaphore::new(config.bounds.calls),
            id,
            name: config.name.clone(),
            data: config.data.clone(),
            started: Instant::now(),
            places: Arc::new(Semaphore::new(config.bounds.connections)),
            places_max: config.bounds.connections,
            prometheus: prometheus(),
        }))
    }

    /// Whether the store answers.
    pub async fn check_ready(&self) -> Result<()> {
        self.store.read(AppId::PLATFORM, platform::apps_version).await.map(drop)
    }

    /// Public connections that are open.
    pub fn connections(&self) -> usize {
        self.places_max.saturating_sub(self.places.available_permits())
    }

    /// What Prometheus reads.
    pub fn metrics(&self) -> String {
        let depths = self.store.depths();
        metrics::gauge!("noroshi_store_queue_depth", "queue" => "reads").set(depths.reads as f64);
        metrics::gauge!("noroshi_store_queue_depth", "queue" => "writes").set(depths.writes as f64);
        metrics::gauge!("noroshi_store_queue_depth", "queue" => "sends").set(depths.sends as f64);
        metrics::counter!("noroshi_store_writes_total").absolute(self.store.writes());
        let gateway = self.hub.counters();
        metrics::gauge!("noroshi_gateway_connections").set(gateway.connections as f64);
        metrics::gauge!("noroshi_gateway_requests").set(gateway.requests as f64);
        metrics::counter!("noroshi_gateway_logins_total").absolute(gateway.logins);
        metrics::counter!("noroshi_gateway_frames_total", "way" => "in").absolute(gateway.frames_in);
        metrics::counter!("noroshi_gateway_frames_total", "way" => "out").absolute(gateway.frames_out);
        metrics::counter!("noroshi_gateway_ended_total", "why" => "stuck").absolute(gateway.stuck);
        metrics::counter!("noroshi_gateway_ended_total", "why" => "silent").absolute(gateway.silent);
        metrics::counter!("noroshi_gateway_ended_total", "why" => "kicked").absolute(gateway.kicked);
        self.moderation.measure();
        self.media.measure();
        let broadcasts = self.broadcasts.counters();
        metrics::counter!("noroshi_broadcast_accounts_total", "what" => "matched").absolute(broadcasts.matched);
        metrics::counter!("noroshi_broadcast_accounts_total", "what" => "told").absolute(broadcasts.told);
        metrics::counter!("noroshi_broadcast_notifications_total").absolute(broadcasts.pushed);
        metrics::counter!("noroshi_broadcast_chunks_total").absolute(broadcasts.chunks);
        metrics::gauge!("noroshi_connections").set(self.connections() as f64);
        metrics::gauge!("noroshi_uptime_seconds").set(self.started.elapsed().as_secs_f64());
        self.prometheus.render()
    }
}

fn open_media(config: &Config, secret: [u8; 32]) -> Result<Media> {
    let folder = config.media.folder.clone().unwrap_or_else(|| Media::usual_folder(&config.data));
    Media::open(folder, secret, config.media.url.as_deref(), config.bounds.transfers)
}

/// Where devices of the same network reach the node, unless its configuration says better.
fn reached_at(http: Option<SocketAddr>, https: Option<SocketAddr>) -> Option<String> {
    let at = |scheme: &str, address: SocketAddr| format!("{scheme}://{}", crate::cli::reachable(address));
    https.map(|address| at("https", address)).or_else(|| http.map(|address| at("http", address)))
}

async fn open_hub(config: &Config, id: i64, ticket: [u8; 32], seal: KeyPair, front: Front) -> Result<Arc<Hub>> {
    let store = front.store.clone();
    let settings = gateway::Settings {
        life: store.read(AppId::PLATFORM, platform::life).await?,
        connections_max: config.bounds.gateway_connections,
        ..gateway::Settings::new(id, vec![ticket], seal)
    };
    Ok(Hub::new(settings, Arc::new(front), store))
}

fn open_engine(id: i64, store: &Store, apps: &Arc<Apps>, hub: &Arc<Hub>, clock: &Clock) -> Arc<Engine> {
    let (known, time) = (Arc::clone(apps), clock.clone());
    let now: push::channel::Clock = Arc::new(move || time.now());
    let lookup: push::credential::Apps = Arc::new(move |app| known.get(app));
    // Vendors are verified against what their credential names, or the authorities that the system trusts.
    let channels = Credentials::new(lookup, tls::system_roots(), Arc::clone(&now));
    let self_built = SelfBuilt { hub: Arc::clone(hub), clock: clock.clone() };
    let settings = push::engine::Settings { node: id, ..push::engine::Settings::default() };
    Arc::new(Engine::start(settings, store.clone(), Arc::new(channels), Arc::new(self_built), now))
}

/// Tells the delivery engine of every device that has become reachable.
async fn welcome(node: Arc<Node>, mut arriving: mpsc::Receiver<Arrival>, mut stopped: watch::Receiver<bool>) {
    loop {
        let arrival = tokio::select! {
            arrival = arriving.recv() => arrival,
            () = ended(&mut stopped) => return,
        };
        let Some((app, account, device)) = arrival else { return };
        if let Err(error) = node.engine.arrived(app, &account, &device).await {
            warn!(%app, %error, "what waits for a device could not be looked up");
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
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let since = node.clock.now();
        let mut open = |address: Option<SocketAddr>, tls: Option<Arc<rustls::ServerConfig>>| -> Result<_> {
            let Some(address) = address else { return Ok(None) };
            let routes = route::public(Arc::clone(&node), tls.is_some());
            let listener = Listener::bind(address, tls, routes, Arc::clone(&node.places))?
                .with_head_wait(Duration::from_millis(config.bounds.head_ms))
                .with_write_wait(Duration::from_millis(config.bounds.write_ms));
            let address = listener.address()?;
            tasks.spawn(listener.serve(stopped.clone(), STOP_WAIT));
            Ok(Some(address))
        };
        let http = open(config.listen.http, None)?;
        let https = if tls.is_some() { open(config.listen.https, tls)? } else { None };
        let admin = match config.listen.admin {
            Some(address) => {
                let listener = admin::listener(&node, address, &config.secrets.admin_token()?)?;
                let address = listener.address()?;
                tasks.spawn(listener.serve(stopped.clone(), STOP_WAIT));
                Some(address)
            }
            None => None,
        };
        if let Some(url) = reached_at(http, https) {
            node.media.reached_at(url);
        }
        node.beat().await?;
        if let Some(arriving) = node.arriving.lock().take() {
            tasks.spawn(welcome(Arc::clone(&node), arriving, stopped.clone()));
        }
        tasks.spawn(moderation::follow(Arc::clone(&node), stopped.clone()));
        tasks.spawn(media::keep(Arc::clone(&node), since, stopped.clone()));
        tasks.spawn(Arc::clone(&node.webhooks).run(stopped.clone()));
        tasks.spawn(mpaas::clock::follow(Arc::clone(&node), stopped.clone()));
        tasks.spawn(mpaas::results::follow(
            Arc::clone(&node),
            config.outbound.networks.clone().into(),
            stopped.clone(),
        ));
        tasks.spawn(Arc::clone(&node.nonces).run(node.store.clone(), node.clock.clone(), stopped.clone()));
        tasks.spawn(keep(Arc::clone(&node), stopped));
        im::note_start(&node);
        info!(?http, ?https, ?admin, "serving");
        Ok(Self { node, http, https, admin, stop, tasks })
    }

    /// Stops: no new work, what is under way ends, then the store closes.
    pub async fn stop(mut self) {
        info!("stopping");
        let cut = self.node.hub.drain(DRAIN_WAIT).await;
        if cut > 0 {
            warn!(cut, "devices did not leave in time");
        }
        self.node.broadcasts.stop().await;
        self.node.engine.stop().await;
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        self.node.tally.flush_all(&self.node.store).await;
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
        self.store.write(AppId::PLATFORM, move |tx| platform::beat(tx, now, id, &name)).await?;
        if !self.store.is_exclusive() {
            let alone = move |snapshot: &mut store::Snapshot<'_>| platform::is_alone(snapshot, now, id);
            self.webhooks.be_alone(self.store.read(AppId::PLATFORM, alone).await?);
        }
        Ok(())
    }
}

/// Reads what other nodes changed.
async fn read_again(node: &Node) -> Result<()> {
    node.apps.refresh().await?;
    node.clouds.refresh().await
}

/// Says again and again that the node is alive, and reads apps that others changed.
async fn keep(node: Arc<Node>, mut stopped: watch::Receiver<bool>) {
    let mut beat = tokio::time::interval(BEAT);
    let mut refresh = tokio::time::interval(REFRESH);
    loop {
        let outcome = tokio::select! {
            _ = beat.tick() => {
                // What a histogram was told is folded into its buckets here; without a scraper it would only grow.
                node.prometheus.run_upkeep();
                node.tally.flush_all(&node.store).await;
                node.beat().await
            }
            _ = refresh.tick(), if !node.store.is_exclusive() => read_again(&node).await,
            () = ended(&mut stopped) => return,
        };
        if let Err(error) = outcome {
            error!(%error, "the node could not keep itself up to date");
        }
    }
}
