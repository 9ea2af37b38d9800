//! A vendor's door as a test scripts it: TLS, HTTP/2 or HTTP/1.1, one answer for each request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) connection: usize,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The connection breaks, or the stream, with the request read.
    Break,
}

impl Say {
    pub(crate) fn json(body: impl ToString) -> Self {
        Self::Answer(200, Vec::new(), body.to_string())
    }

    pub(crate) fn status(status: u16, body: impl ToString) -> Self {
        Self::Answer(status, Vec::new(), body.to_string())
    }
}

/// Decides what is answered.
pub(crate) type Script = dyn Fn(&Seen) -> Say + Send + Sync;

pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) ca_pem: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    _tasks: JoinSet<()>,
}

impl Endpoint {
    /// Listens on the loopback; `protocols` are what TLS offers.
    pub(crate) async fn start(protocols: &[&str], script: impl Fn(&Seen) -> Say + Send + Sync + 'static) -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let script: Arc<Script> = Arc::new(script);
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, acceptor, script, Arc::clone(&seen)));
        Self { url, ca_pem: certificate.pem(), seen, _tasks: tasks }
    }

    /// What was seen on paths that end so.
    pub(crate) fn seen(&self, ending: &str) -> Vec<Seen> {
        self.seen.lock().iter().filter(|seen| seen.path.ends_with(ending)).cloned().collect()
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, script: Arc<Script>, seen: Arc<Mutex<Vec<Seen>>>) {
    let count = AtomicUsize::new(0);
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let number = count.fetch_add(1, Ordering::SeqCst);
        connections.spawn(serve(socket, acceptor.clone(), number, Arc::clone(&script), Arc::clone(&seen)));
    }
}

async fn serve(
    socket: TcpStream,
    acceptor: TlsAcceptor,
    connection: usize,
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<Seen>>>,
) {
    let Ok(tls) = acceptor.accept(socket).await else { return };
    let is_h2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = service_fn(move |request: Request<Incoming>| {
        let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
            let own = Seen {
                path: head.uri.path_and_query().map_or(String::new(), ToString::to_string),
                headers: head.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
                connection,
            };
            seen.lock().push(own.clone());
            match script(&own) {
                Say::Answer(status, headers, body) => {
                    let mut response = Response::builder().status(status);
                    for (name, value) in headers {
                        response = response.header(name, value);
                    }
                    Ok::<_, std::io::Error>(response.body(Full::new(Bytes::from(body))).unwrap())
                }
                Say::Break => Err(std::io::Error::other("as the script says")),
            }
        }
    });
    let io = TokioIo::new(tls);
    // A client that goes away, and a script that breaks off, end a connection in disorder.
    if is_h2 {
        drop(hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await);
    } else {
        drop(hyper::server::conn::http1::Builder::new().serve_connection(io, service).await);
    }
}
