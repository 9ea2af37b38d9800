//! Calls that go out to where an app wants them: bounded, and only to addresses that they may reach.
//!
//! A [`Target`] is one URL with the connections that are kept open to it. The name is resolved first and the connection
//! goes to the very address that was checked, so a name that changes in between leads nowhere new. Redirects are not
//! followed. A connection is driven by the call that uses it: there is no task beside it, and nothing is left behind by
//! a call that was given up.

mod guard;

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use crate::tls;

/// A URL as a setting.
pub const URL_BYTES_MAX: usize = 1_000;
/// Connections that are kept open to one target.
const IDLE_MAX: usize = 64;
/// How long they are kept: shorter than common servers keep theirs, so that a call rarely meets one that is closing.
const IDLE_FOR: Duration = Duration::from_secs(4);
/// The head of an answer.
const HEAD_BYTES: usize = 16 * 1024;

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The name leads to no address.
    Unresolved,
    /// The name leads only to addresses that must not be reached.
    Forbidden(IpAddr),
    /// Nobody accepts the connection.
    Unreachable,
    /// The TLS handshake failed.
    Tls(String),
    /// The time is over.
    Timeout,
    /// The connection broke, or what came was not HTTP.
    Broken,
    /// The answer is over the bound.
    TooLarge,
}

impl Trouble {
    /// A word for metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::Forbidden(_) => "forbidden",
            Self::Unreachable => "unreachable",
            Self::Tls(_) => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
            Self::TooLarge => "too_large",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden(target) => write!(f, "{target} is not public; outbound.networks may allow it"),
            Self::Tls(what) => write!(f, "TLS: {what}"),
            other => f.write_str(other.as_str()),
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Bytes,
}

/// A URL and the connections to it.
pub struct Target {
    host: String,
    port: u16,
    /// `Host`.
    authority: HeaderValue,
    path: String,
    query: Option<String>,
    /// The name that its certificate must bear.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    allowed: Arc<[String]>,
    idle: Mutex<Vec<Link>>,
}

/// A connection with what drives it.
struct Link {
    sender: SendRequest<Full<Bytes>>,
    driver: Pin<Box<dyn Future<Output = ()> + Send>>,
    since: Instant,
}

/// How one attempt failed: whether the request may have been seen.
enum Miss {
    /// The connection was closed before; nobody saw the request.
    Stale,
    Trouble(Trouble),
}

/// Whom a target has to be, and who calls it; empty texts for the usual.
#[derive(Debug, Clone, Copy, Default)]
pub struct Papers<'a> {
    /// Authorities to trust instead of the system's, as PEM.
    pub ca_pem: &'a str,
    /// What the caller shows of itself: a certificate, its chain and its key, as PEM.
    pub client_pem: &'a str,
}

impl Target {
    /// A target as a setting names it; says what is wrong with it. `allowed` are networks that may be reached although
    /// they are not public.
    pub fn new(url: &str, papers: Papers<'_>, allowed: Arc<[String]>) -> Result<Self, String> {
        let uri = parse(url)?;
        let is_tls = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let tls = if is_tls {
            let name = ServerName::try_from(host.clone()).map_err(|_| "the URL's host is no name".to_owned())?;
            Some((TlsConnector::from(config(papers)?), name))
        } else if papers.client_pem.is_empty() {
            None
        } else {
            // Whoever wants to be known by a certificate must not talk to anybody who does not ask for it.
            return Err("a client certificate is for https".into());
        };
        let usual = if is_tls { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(usual);
        let named = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let authority = if port == usual { named } else { format!("{named}:{port}") };
        Ok(Self {
            port,
            authority: HeaderValue::try_from(authority).map_err(|_| "the URL's host is no name".to_owned())?,
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            host,
            tls,
            allowed,
            idle: Mutex::default(),
        })
    }

    /// What a call asks for: the URL's path, and a query put behind that of the URL.
    pub fn line(&self, query: &str) -> Result<Uri, Trouble> {
        let path = match &self.query {
            Some(own) => format!("{}?{own}&{query}", self.path),
            None => format!("{}?{query}", self.path),
        };
        Uri::try_from(path).map_err(|_| Trouble::Broken)
    }

    /// Posts JSON to what [`Self::line`] says and reads the whole answer, all within `wait`.
    pub async fn post(&self, line: Uri, body: Bytes, wait: Duration, answer_max: usize) -> Result<Reply, Trouble> {
        let posting = async {
            while let Some(link) = self.take() {
                match self.exchange(link, line.clone(), body.clone(), answer_max).await {
                    Err(Miss::Stale) => {}
                    Err(Miss::Trouble(trouble)) => return Err(trouble),
                    Ok(reply) => return Ok(reply),
                }
            }
            // Of its own on the heap: most calls have a connection, and are smaller without the making of one.
            let link = Box::pin(self.connect()).await?;
            match self.exchange(link, line, body, answer_max).await {
                Ok(reply) => Ok(reply),
                Err(Miss::Stale) => Err(Trouble::Broken),
                Err(Miss::Trouble(trouble)) => Err(trouble),
            }
        };
        tokio::time::timeout(wait, posting).await.unwrap_or(Err(Trouble::Timeout))
    }

    /// A connection that was kept, is not too old and has not been closed meanwhile.
    fn take(&self) -> Option<Link> {
        loop {
            let mut link = self.idle.lock().pop()?;
            if link.since.elapsed() < IDLE_FOR && link.driver.as_mut().now_or_never().is_none() {
                return Some(link);
            }
        }
    }

    fn keep(&self, link: Link) {
        let mut idle = self.idle.lock();
        // The newest are used first, so those that are no longer needed grow old at the front.
        let old = idle.iter().take_while(|link| link.since.elapsed() >= IDLE_FOR).count();
        idle.drain(..old);
        if idle.len() < IDLE_MAX {
            idle.push(link);
        }
    }

    async fn connect(&self) -> Result<Link, Trouble> {
        let stream = self.dial().await?;
        stream.set_nodelay(true).map_err(|_| Trouble::Broken)?;
        match &self.tls {
            None => handshake(stream).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                handshake(stream.map_err(|error| Trouble::Tls(error.to_string()))?).await
            }
        }
    }

    /// Resolves the name and connects to the first address that may be reached and answers.
    async fn dial(&self) -> Result<TcpStream, Trouble> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|_| Trouble::Unresolved)?
            .take(ADDRESSES_MAX)
            .collect();
        let first = found.first().ok_or(Trouble::Unresolved)?.ip();
        let mut trouble = Trouble::Forbidden(first);
        for address in found.into_iter().filter(|address| guard::may_reach(&self.allowed, address.ip())) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(_) => trouble = Trouble::Unreachable,
            }
        }
        Err(trouble)
    }

    /// Sends one request over a connection and drives the connection meanwhile.
    async fn exchange(&self, link: Link, line: Uri, body: Bytes, answer_max: usize) -> Result<Reply, Miss> {
        let broken = || Miss::Trouble(Trouble::Broken);
        let request = Request::post(line)
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Full::new(body))
            .map_err(|_| broken())?;
        let Link { mut sender, mut driver, .. } = link;
        let exchange = async {
            sender.ready().await.map_err(|_| Miss::Stale)?;
            let answer = match sender.try_send_request(request).await {
                Ok(answer) => answer,
                // The request comes back where nothing of it was written.
                Err(mut error) => {
                    return Err(error.take_message().map_or_else(broken, |_| Miss::Stale));
                }
            };
            let status = answer.status().as_u16();
            match Limited::new(answer.into_body(), answer_max).collect().await {
                Ok(body) => Ok(Reply { status, body: body.to_bytes() }),
                Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Miss::Trouble(Trouble::TooLarge)),
                Err(_) => Err(broken()),
            }
        };
        let (outcome, is_open) = {
            let mut exchange = std::pin::pin!(exchange);
            tokio::select! {
                outcome = &mut exchange => (outcome, true),
                // What the connection had read is still given out.
                () = &mut driver => (exchange.await, false),
            }
        };
        let reply = outcome?;
        if is_open {
            self.keep(Link { sender, driver, since: Instant::now() });
        }
        Ok(reply)
    }
}

/// Addresses of a name that are tried.
const ADDRESSES_MAX: usize = 8;

/// Reads a URL, or says what is wrong with it.
fn parse(url: &str) -> Result<Uri, String> {
    if url.len() > URL_BYTES_MAX {
        return Err(format!("a URL has at most {URL_BYTES_MAX} bytes"));
    }
    let uri: Uri = url.parse().map_err(|_| "the URL cannot be read".to_owned())?;
    let is_plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    if !matches!(uri.scheme_str(), Some("http" | "https")) || !is_plain || url.contains('#') {
        return Err("a URL begins with http:// or https://, names a host, and holds no password and no fragment".into());
    }
    Ok(uri)
}

async fn handshake<S>(stream: S) -> Result<Link, Trouble>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Bodies are small: one buffer with the head costs less than a write of two.
    let builder = http1::Builder::new().writev(false).max_buf_size(HEAD_BYTES.max(8 * 1024)).to_owned();
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|_| Trouble::Broken)?;
    let driver = Box::pin(async move { drop(connection.await) });
    Ok(Link { sender, driver, since: Instant::now() })
}

/// What TLS trusts and shows.
fn config(papers: Papers<'_>) -> Result<Arc<ClientConfig>, String> {
    static SYSTEM: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let Papers { ca_pem, client_pem } = papers;
    if ca_pem.is_empty() && client_pem.is_empty() {
        if let Some(config) = SYSTEM.get() {
            return Ok(Arc::clone(config));
        }
        let config = client(tls::system_roots(), None)?;
        return Ok(Arc::clone(SYSTEM.get_or_init(|| config)));
    }
    let roots = if ca_pem.is_empty() { tls::system_roots() } else { authorities(ca_pem)? };
    let identity = if client_pem.is_empty() { None } else { Some(identity(client_pem)?) };
    client(roots, identity)
}

fn authorities(pem: &str) -> Result<Arc<RootCertStore>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let added = certificate
            .map_err(|error| error.to_string())
            .and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string()));
        added.map_err(|error| format!("the authority's certificate cannot be read: {error}"))?;
    }
    if roots.is_empty() { Err("there is no certificate in the PEM".into()) } else { Ok(Arc::new(roots)) }
}

/// A chain with the key of its first certificate.
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Reads what a caller shows of itself, or says what is wrong with it; of the key nothing is said.
fn identity(pem: &str) -> Result<Identity, String> {
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|_| "the client certificate cannot be read".to_owned())?;
    if chain.is_empty() {
        return Err("there is no client certificate in the PEM".into());
    }
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes());
    Ok((chain, key.map_err(|_| "there is no key of the client certificate in the PEM".to_owned())?))
}

/// Says what is wrong with a client certificate, if anything is.
pub fn check_client(pem: &str) -> Result<(), String> {
    config(Papers { ca_pem: "", client_pem: pem }).map(drop)
}

fn client(roots: Arc<RootCertStore>, identity: Option<Identity>) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?.with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| format!("the client certificate and its key cannot be used: {error}"))?,
    };
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_plain_http_to_a_host() {
        for good in ["http://example.com", "https://example.com:8443/a?b=c", "http://[2001:db8::1]/x"] {
            assert!(Target::new(good, Papers::default(), Arc::default()).is_ok(), "{good}");
        }
        for bad in ["", "example.com", "/x", "ftp://example.com/", "http://", "http://a@example.com/", "http://a/#b"] {
            assert!(Target::new(bad, Papers::default(), Arc::default()).is_err(), "{bad}");
        }
        let papers = Papers { ca_pem: "no certificate", ..Papers::default() };
        assert!(Target::new("https://example.com/", papers, Arc::default()).is_err());
    }

    #[test]
    fn a_client_certificate_comes_with_its_own_key_and_is_for_https() {
        let (_, one) = tls::for_development().expect("a certificate");
        let (_, other) = tls::for_development().expect("another one");
        let whole = format!("{}{}", one.certificate, one.key);
        let check = |url: &str, client_pem: &str, expected: bool| {
            let target = Target::new(url, Papers { client_pem, ..Papers::default() }, Arc::default());
            assert_eq!(target.is_ok(), expected, "{url} {client_pem}");
        };
        check("https://example.com/", &whole, true);
        check("http://example.com/", &whole, false);
        check("https://example.com/", &one.certificate, false);
        check("https://example.com/", &one.key, false);
        check("https://example.com/", &format!("{}{}", one.certificate, other.key), false);
        check("https://example.com/", "nothing of that kind", false);
        assert!(check_client(&whole).is_ok() && check_client(&other.key).is_err());
    }
}
