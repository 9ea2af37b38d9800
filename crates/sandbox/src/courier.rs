//! Carries receipts to the address that the sender named: at most three times each, to the loopback only.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use crate::listener::{Stop, stopped};

/// Receipts that wait to be carried; more are dropped, and said so.
const WAITING_MAX: usize = 10_000;
/// Receipts under way at a time.
const CARRIED_MAX: usize = 16;
/// Receipts that are remembered.
const SENT_MAX: usize = 2_000;
/// How often one is tried, how long a try may take, and the pause between.
const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 64 * 1_024;

/// A receipt on its way.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) room: &'static str,
    pub(crate) url: String,
    pub(crate) kind: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// A receipt and what came of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sent {
    pub(crate) room: &'static str,
    pub(crate) url: String,
    pub(crate) body: String,
    /// The HTTP status of the last try; 0 when there was no answer.
    pub(crate) status: u16,
    pub(crate) answer: String,
    pub(crate) tries: u32,
}

/// Takes receipts from the rooms.
pub(crate) struct Courier {
    waiting: mpsc::Sender<Parcel>,
    sent: Mutex<VecDeque<Sent>>,
    /// Whom receivers with TLS are trusted by.
    trust: Mutex<Option<String>>,
}

impl Courier {
    /// The courier and what it is to carry; [`run`] carries it.
    pub(crate) fn new() -> (Arc<Self>, mpsc::Receiver<Parcel>) {
        let (waiting, parcels) = mpsc::channel(WAITING_MAX);
        (Arc::new(Self { waiting, sent: Mutex::default(), trust: Mutex::default() }), parcels)
    }

    /// Takes a receipt; never waits.
    pub(crate) fn send(&self, parcel: Parcel) {
        if let Err(refused) = self.waiting.try_send(parcel) {
            let parcel = refused.into_inner();
            self.note(&parcel, 0, "too many receipts wait".to_owned(), 0);
        }
    }

    /// What was carried, oldest first.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.sent.lock().clear();
    }

    /// Says whose certificates receivers may have.
    pub(crate) fn set_trust(&self, ca_pem: Option<String>) {
        *self.trust.lock() = ca_pem;
    }

    fn note(&self, parcel: &Parcel, status: u16, answer: String, tries: u32) {
        let mut sent = self.sent.lock();
        if sent.len() >= SENT_MAX {
            sent.pop_front();
        }
        let (room, url, body) = (parcel.room, parcel.url.clone(), parcel.body.clone());
        sent.push_back(Sent { room, url, body, status, answer, tries });
    }

    async fn carry(self: Arc<Self>, parcel: Parcel) {
        let mut last = (0, String::new());
        for attempt in 1..=TRIES {
            last = match timeout(PATIENCE, self.post(&parcel)).await {
                Ok(Ok((status, answer))) => (status, answer),
                Ok(Err(error)) => (0, error.to_string()),
                Err(_) => (0, "no answer in time".to_owned()),
            };
            if last.0 / 100 == 2 || attempt == TRIES {
                return self.note(&parcel, last.0, last.1, attempt);
            }
            sleep(PAUSE).await;
        }
        self.note(&parcel, last.0, last.1, TRIES);
    }

    async fn post(&self, parcel: &Parcel) -> io::Result<(u16, String)> {
        let uri: Uri = parcel.url.parse().map_err(io::Error::other)?;
        let host = uri.host().unwrap_or_default();
        let address = loopback(host).ok_or_else(|| io::Error::other("the sandbox calls the loopback only"))?;
        let is_tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::post(path)
            .header("host", format!("{host}:{port}"))
            .header("content-type", parcel.kind)
            .header("connection", "close");
        for (name, value) in &parcel.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(parcel.body.clone()))).map_err(io::Error::other)?;
        let socket = TcpStream::connect((address, port)).await?;
        if !is_tls {
            return exchange(socket, request).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let tls = self.connector()?.connect(name, socket).await?;
        exchange(tls, request).await
    }

    fn connector(&self) -> io::Result<TlsConnector> {
        let mut roots = RootCertStore::empty();
        let trust = self.trust.lock().clone().unwrap_or_default();
        for certificate in CertificateDer::pem_slice_iter(trust.as_bytes()) {
            roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

/// Carries receipts until the sandbox stops.
pub(crate) async fn run(courier: Arc<Courier>, mut parcels: mpsc::Receiver<Parcel>, mut stop: Stop) {
    let mut carried = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = carried.join_next(), if !carried.is_empty() => {}
            parcel = parcels.recv(), if carried.len() < CARRIED_MAX => match parcel {
                Some(parcel) => {
                    carried.spawn(Arc::clone(&courier).carry(parcel));
                }
                None => break,
            },
        }
    }
    carried.shutdown().await;
}

fn loopback(host: &str) -> Option<IpAddr> {
    if host == "localhost" {
        return Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let address: IpAddr = host.trim_matches(['[', ']']).parse().ok()?;
    address.is_loopback().then_some(address)
}

async fn exchange<T>(io: T, request: Request<Full<Bytes>>) -> io::Result<(u16, String)>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut send, connection) = http1::handshake(TokioIo::new(io)).await.map_err(io::Error::other)?;
    let asking = async {
        let response = send.send_request(request).await.map_err(io::Error::other)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await.map_err(io::Error::other)?;
        Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    };
    let mut connection = std::pin::pin!(connection);
    let mut asking = std::pin::pin!(asking);
    tokio::select! {
        answered = asking.as_mut() => answered,
        // The connection may end as soon as the answer is whole.
        _ended = connection.as_mut() => asking.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_is_called() {
        assert!(loopback("127.0.0.1").is_some() && loopback("localhost").is_some() && loopback("[::1]").is_some());
        assert!(loopback("example.com").is_none() && loopback("10.0.0.1").is_none() && loopback("").is_none());
    }
}
