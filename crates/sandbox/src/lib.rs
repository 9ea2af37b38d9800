//! The vendor push services, played strictly by their documents: to develop without vendor accounts, to test against,
//! to measure against.
//!
//! One room per vendor (`apns` so far); what rooms share is beside them: the certificate authority (`tls`), bounded
//! listeners (`listener`), fault rules (`faults`), what arrived (`inbox`), a clock that can be moved, the control API
//! (`api`) and the page that shows the phones. Stands alone: nothing else of the workspace is used here.

mod api;
mod apns;
mod clock;
pub mod faults;
pub mod inbox;
mod listener;
mod page;
mod tls;

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
use crate::clock::Clock;
use crate::faults::{Faults, Rule};
use crate::inbox::Inbox;

pub use crate::listener::Patience;
pub use crate::tls::Authority;

/// Where the sandbox listens and what it begins with.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// Apple's production service; port 0 takes a free one.
    pub apns: SocketAddr,
    /// Apple's development service.
    pub apns_development: SocketAddr,
    /// The control API and the page.
    pub api: SocketAddr,
    /// None makes a new one.
    pub authority: Option<Authority>,
    /// Fault rules that stand from the start.
    pub faults: Vec<Rule>,
    /// How long the rooms wait for slow clients.
    pub patience: Patience,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            apns: any,
            apns_development: any,
            api: any,
            authority: None,
            faults: Vec::new(),
            patience: Patience::default(),
        }
    }
}

/// A running sandbox. Dropping it ends its tasks; [`Sandbox::shutdown`] also waits for them.
pub struct Sandbox {
    house: Arc<House>,
    authority: Authority,
    apns: SocketAddr,
    apns_development: SocketAddr,
    api: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Sandbox {
    /// Binds every listener and begins to serve.
    pub async fn start(settings: SandboxSettings) -> io::Result<Self> {
        let authority = settings.authority.map_or_else(Authority::generate, Ok)?;
        let (clock, faults, inbox) = (Arc::<Clock>::default(), Arc::<Faults>::default(), Arc::<Inbox>::default());
        for rule in settings.faults {
            faults.add(rule).map_err(io::Error::other)?;
        }
        let room = apns::Room::new(
            Arc::clone(&clock),
            Arc::clone(&faults),
            Arc::clone(&inbox),
            authority.clone(),
            settings.patience,
        );
        let house = Arc::new(House {
            clock,
            faults,
            inbox,
            apns: Arc::new(room),
            ca_pem: authority.certificate_pem().to_owned(),
        });
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();

        let acceptor = TlsAcceptor::from(authority.server_config(apns::ALPN)?);
        let mut apns_addresses = Vec::new();
        for (address, environment) in
            [(settings.apns, Environment::Production), (settings.apns_development, Environment::Development)]
        {
            let listener = TcpListener::bind(address).await?;
            apns_addresses.push(listener.local_addr()?);
            let (room, acceptor, stop) = (Arc::clone(&house.apns), acceptor.clone(), stopping.clone());
            tasks.spawn(listener::serve(listener, stopping.clone(), move |socket, _| {
                apns::serve(socket, acceptor.clone(), Arc::clone(&room), environment, stop.clone())
            }));
        }

        let listener = TcpListener::bind(settings.api).await?;
        let api = listener.local_addr()?;
        let (serving, stop_api) = (Arc::clone(&house), stopping.clone());
        tasks.spawn(listener::serve(listener, stopping, move |socket, _| {
            api::serve(socket, Arc::clone(&serving), stop_api.clone())
        }));
        let (apns, apns_development) = (apns_addresses[0], apns_addresses[1]);
        Ok(Self { house, authority, apns, apns_development, api, stop, tasks })
    }

    /// Apple's production service.
    pub fn apns_url(&self) -> String {
        format!("https://{}", self.apns)
    }

    /// Apple's development service.
    pub fn apns_development_url(&self) -> String {
        format!("https://{}", self.apns_development)
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
