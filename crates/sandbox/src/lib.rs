//! The vendor push services, played strictly by their documents: to develop without vendor accounts, to test against,
//! to measure against.
//!
//! One room per vendor. Apple's (`apns`) speaks HTTP/2 by itself, because it bends what a library would not; the others
//! are judges of single requests (`service`) behind one listener (`http`) that takes TLS and plain text on the same port.
//! What rooms share is beside them: the certificate authority (`tls`), bounded listeners (`listener`), fault rules
//! (`faults`), what arrived (`inbox`), apps and phones (`desk`), access tokens (`tickets`), rates and quotas (`meter`),
//! what is not shown twice (`seen`), receipts (`courier`), a clock that can be moved, the control API (`api`) and the
//! page that shows the phones. Stands alone: nothing else of the workspace is used here.

mod api;
mod apns;
mod clock;
mod courier;
mod desk;
pub mod faults;
mod fcm;
mod harmony;
mod hms;
mod honor;
mod http;
mod huawei;
pub mod inbox;
mod keys;
mod listener;
mod meter;
mod oppo;
mod page;
mod random;
mod room;
mod seen;
mod service;
mod tickets;
mod tls;
mod vivo;
mod xiaomi;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::api::House;
use crate::apns::Environment;
use crate::courier::Courier;
use crate::faults::Rule;
use crate::inbox::Inbox;
use crate::room::Room;
use crate::service::{Hall, Service};

pub use crate::listener::Patience;
pub use crate::tls::Authority;

/// Where the sandbox listens and what it begins with.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// Apple's production service; port 0 takes a free one.
    pub apns: SocketAddr,
    /// Apple's development service.
    pub apns_development: SocketAddr,
    /// Google's service and its token endpoint.
    pub fcm: SocketAddr,
    /// Huawei's service for Android and its token endpoint.
    pub huawei: SocketAddr,
    /// Honor's service and its token endpoint.
    pub honor: SocketAddr,
    /// Huawei's service for HarmonyOS.
    pub harmony: SocketAddr,
    /// Xiaomi's service.
    pub xiaomi: SocketAddr,
    /// OPPO's service.
    pub oppo: SocketAddr,
    /// vivo's service.
    pub vivo: SocketAddr,
    /// The control API and the page.
    pub api: SocketAddr,
    /// None makes a new one.
    pub authority: Option<Authority>,
    /// Fault rules that stand from the start.
    pub faults: Vec<Rule>,
    /// How long the rooms wait for slow clients.
    pub patience: Patience,
    /// Notifications of all phones together that inboxes keep; beyond them the oldest are forgotten.
    pub kept_notifications: usize,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            apns: any,
            apns_development: any,
            fcm: any,
            huawei: any,
            honor: any,
            harmony: any,
            xiaomi: any,
            oppo: any,
            vivo: any,
            api: any,
            authority: None,
            faults: Vec::new(),
            patience: Patience::default(),
            kept_notifications: inbox::NOTIFICATIONS,
        }
    }
}

/// A running sandbox. Dropping it ends its tasks; [`Sandbox::shutdown`] also waits for them.
pub struct Sandbox {
    house: Arc<House>,
    authority: Authority,
    /// Every room with the address of its listener.
    addresses: Vec<(&'static str, SocketAddr)>,
    api: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// The room of Apple's development service in the list of addresses.
const APNS_DEVELOPMENT: &str = "apns_development";

/// Makes a room that is reached at this URL.
type Make = fn(Hall, &str) -> Arc<dyn Service>;

impl Sandbox {
    /// Binds every listener and begins to serve.
    pub async fn start(settings: SandboxSettings) -> io::Result<Self> {
        let authority = settings.authority.map_or_else(Authority::generate, Ok)?;
        let (courier, parcels) = Courier::new();
        let hall = Hall {
            clock: Arc::default(),
            faults: Arc::default(),
            inbox: Arc::new(Inbox::new(settings.kept_notifications)),
            courier: Arc::clone(&courier),
            patience: settings.patience,
        };
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(courier::run(courier, parcels, stopping.clone()));
        let mut addresses = Vec::new();

        let apns = Arc::new(apns::Room::new(hall.clone(), authority.clone()));
        let acceptor = TlsAcceptor::from(authority.server_config(apns::ALPN)?);
        for (name, address, environment) in [
            (apns::ROOM, settings.apns, Environment::Production),
            (APNS_DEVELOPMENT, settings.apns_development, Environment::Development),
        ] {
            let listener = TcpListener::bind(address).await?;
            addresses.push((name, listener.local_addr()?));
            let (room, acceptor, stop) = (Arc::clone(&apns), acceptor.clone(), stopping.clone());
            tasks.spawn(listener::serve(listener, stopping.clone(), move |socket, _| {
                apns::serve(socket, acceptor.clone(), Arc::clone(&room), environment, stop.clone())
            }));
        }

        let acceptor = TlsAcceptor::from(authority.server_config(http::ALPN)?);
        let mut rooms: Vec<Arc<dyn Room>> = vec![apns];
        let vendors: [(SocketAddr, Make); 7] = [
            (settings.fcm, fcm::open),
            (settings.huawei, huawei::open),
            (settings.honor, honor::open),
            (settings.harmony, harmony::open),
            (settings.xiaomi, xiaomi::open),
            (settings.oppo, oppo::open),
            (settings.vivo, vivo::open),
        ];
        for (address, make) in vendors {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            let service = make(hall.clone(), &format!("https://{address}"));
            addresses.push((service.name(), address));
            rooms.push(Arc::clone(&service) as Arc<dyn Room>);
            let (acceptor, hall, stop) = (acceptor.clone(), hall.clone(), stopping.clone());
            let counter = Arc::<http::Counter>::default();
            tasks.spawn(listener::serve(listener, stopping.clone(), move |socket, from| {
                let (service, counter) = (Arc::clone(&service), Arc::clone(&counter));
                http::serve(socket, from, acceptor.clone(), service, hall.clone(), counter, stop.clone())
            }));
        }

        let house = Arc::new(House { hall, rooms, ca_pem: authority.certificate_pem().to_owned() });
        for (number, rule) in (1..).zip(settings.faults) {
            let refused = |text: String| io::Error::other(format!("fault rule {number}: {text}"));
            house.check_rule(&rule).map_err(refused)?;
            house.hall.faults.add(rule).map_err(|text| refused(text.to_owned()))?;
        }
        let listener = TcpListener::bind(settings.api).await?;
        let api = listener.local_addr()?;
        let (serving, stop_api) = (Arc::clone(&house), stopping.clone());
        tasks.spawn(listener::serve(listener, stopping, move |socket, _| {
            api::serve(socket, Arc::clone(&serving), stop_api.clone())
        }));
        Ok(Self { house, authority, addresses, api, stop, tasks })
    }

    /// Apple's production service.
    pub fn apns_url(&self) -> String {
        self.url(apns::ROOM)
    }

    /// Apple's development service.
    pub fn apns_development_url(&self) -> String {
        self.url(APNS_DEVELOPMENT)
    }

    /// Google's service; `/token` gives access tokens.
    pub fn fcm_url(&self) -> String {
        self.url(fcm::ROOM)
    }

    /// Huawei's service for Android; `/oauth2/v3/token` gives access tokens.
    pub fn huawei_url(&self) -> String {
        self.url(huawei::ROOM)
    }

    /// Honor's service; `/auth/token` gives access tokens.
    pub fn honor_url(&self) -> String {
        self.url(honor::ROOM)
    }

    /// Huawei's service for HarmonyOS.
    pub fn harmony_url(&self) -> String {
        self.url(harmony::ROOM)
    }

    /// Xiaomi's service.
    pub fn xiaomi_url(&self) -> String {
        self.url(xiaomi::ROOM)
    }

    /// OPPO's service.
    pub fn oppo_url(&self) -> String {
        self.url(oppo::ROOM)
    }

    /// vivo's service.
    pub fn vivo_url(&self) -> String {
        self.url(vivo::ROOM)
    }

    /// Every room with its URL, by the names that the control API uses.
    pub fn urls(&self) -> Vec<(&'static str, String)> {
        self.addresses.iter().map(|(name, address)| (*name, format!("https://{address}"))).collect()
    }

    fn url(&self, wanted: &str) -> String {
        let found = self.addresses.iter().find(|(name, _)| *name == wanted);
        let (_, address) = found.expect("every room that has a method here was opened at the start");
        format!("https://{address}")
    }

    /// The control API and the page.
    pub fn api_url(&self) -> String {
        format!("http://{}", self.api)
    }

    /// The certificate that clients must trust.
    pub fn ca_pem(&self) -> &str {
        self.authority.certificate_pem()
    }

    /// The authority, to be kept for the next start.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Calls the control API in process; the paths and bodies are those of the HTTP calls. An error is the text that
    /// the HTTP caller would read.
    pub fn control(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        self.house.call(method, path, body.to_string().as_bytes()).map_err(api::Wrong::into_text)
    }

    /// Stops listening, says goodbye to every connection and waits for all tasks.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
