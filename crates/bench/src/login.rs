//! Full logins over TLS: a new connection, a new handshake, a UserSig never seen before, a write to the store.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use contract::{AppId, user_sig};
use rustls::client::Resumption;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use server::clock::Clock;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::figure::{Figure, Rate};
use crate::process::Server;
use crate::socket::Socket;
use crate::{Effort, Outcome};

/// Logins under way at a time.
const UNDER_WAY: usize = 64;
/// UserSigs that are signed before the clock starts.
const SIGS_PER_SECOND: u64 = 4_000;

/// What the clients share.
struct Plan {
    address: SocketAddr,
    connector: TlsConnector,
    app: i64,
    /// An account each, with its UserSig.
    sigs: Vec<(String, String)>,
    next: AtomicUsize,
}

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let server = Server::start()?;
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for round in 0..effort.rounds {
        let plan = Arc::new(plan(&server, round, effort.seconds)?);
        let before = server.usage()?.cpu_s;
        let rate = phase(&plan, effort.seconds, false).await?;
        raw.push(rate.with_busy(server.usage()?.cpu_s - before));
        let before = server.usage()?.cpu_s;
        let rate = phase(&plan, effort.seconds, true).await?;
        ours.push(rate.with_busy(server.usage()?.cpu_s - before));
    }
    let (ours, raw) = (Rate::median(ours), Rate::median(raw));
    let name = format!("full logins over TLS, {UNDER_WAY} at a time");
    Ok(vec![Figure::of_rates(&name, "logins/s", "≥ 1,000/s", &ours, ("TLS handshakes alone", &raw))])
}

/// What trusts the server of development mode; without resumption, so that every handshake is a full one.
pub(crate) fn connector(ca_file: &str) -> Outcome<TlsConnector> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn plan(server: &Server, round: u64, seconds: u64) -> Outcome<Plan> {
    let app = server.app();
    let key = server.text("secret_key");
    let now = Clock::default().now();
    let sign = |n: u64| {
        let user = format!("r{round}n{n}");
        let sig = user_sig::sign(AppId(app), key, &user, now, 86_400);
        (user, sig)
    };
    Ok(Plan {
        address: server.address("https")?,
        connector: connector(server.text("ca_file"))?,
        app,
        sigs: (0..seconds * SIGS_PER_SECOND).map(sign).collect(),
        next: AtomicUsize::new(0),
    })
}

async fn phase(plan: &Arc<Plan>, seconds: u64, is_login: bool) -> Outcome<Rate> {
    let began = Instant::now();
    let end = began + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for _ in 0..UNDER_WAY {
        let plan = Arc::clone(plan);
        tasks.spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < end {
                let at = Instant::now();
                let stream = connect(&plan.connector, plan.address).await?;
                if is_login {
                    let number = plan.next.fetch_add(1, Ordering::Relaxed);
                    let Some((user, sig)) = plan.sigs.get(number) else { break };
                    Socket::open(stream).await?.log_in(plan.app, user, user, sig).await?;
                }
                took.push(at.elapsed().as_micros() as u32);
            }
            Outcome::Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        took.append(&mut ended??);
    }
    Ok(Rate::of(took.len() as u64, began.elapsed(), &mut took))
}

/// Opens a connection and shakes hands.
pub(crate) async fn connect(connector: &TlsConnector, address: SocketAddr) -> Outcome<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(connector.connect(ServerName::try_from("localhost")?, stream).await?)
}
