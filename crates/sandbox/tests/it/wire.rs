//! A bare HTTP/2 client and a signer, made of parts that the sandbox does not use itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use sandbox::{Patience, Sandbox, SandboxSettings};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) const BUNDLE: &str = "com.example.app";
pub(crate) const ALERT: &str = r#"{"aps":{"alert":"hi"}}"#;
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// A sandbox with one app, one key and one phone.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) key: Value,
    pub(crate) token: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn reason(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or(Value::Null);
        body["reason"].as_str().unwrap_or("").to_owned()
    }
}

pub(crate) fn machine_s() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "a signer needs the machine's time")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Patience::default()).await
    }

    pub(crate) async fn with(patience: Patience) -> Self {
        let settings = SandboxSettings { patience, ..SandboxSettings::default() };
        let sandbox = Sandbox::start(settings).await.unwrap();
        sandbox.control("POST", "/apns/apps", &json!({"bundle": BUNDLE, "team": "TEAM000001"})).unwrap();
        let key = sandbox.control("POST", "/apns/keys", &json!({"team": "TEAM000001"})).unwrap();
        let device = sandbox.control("POST", "/apns/devices", &json!({"bundle": BUNDLE})).unwrap();
        let token = device["token"].as_str().unwrap().to_owned();
        Self { sandbox, key, token }
    }

    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        self.sandbox.control(method, path, body).unwrap()
    }

    pub(crate) fn jwt(&self, iat: i64) -> String {
        sign(&self.key, self.key["team"].as_str().unwrap(), iat)
    }

    pub(crate) async fn connect(&self) -> Peer {
        Peer::open(&self.sandbox, &self.sandbox.apns_url(), None, true).await
    }

    /// A request that would be accepted.
    pub(crate) fn good(&self) -> http::request::Builder {
        self.good_with(&self.jwt(machine_s()))
    }

    pub(crate) fn good_with(&self, jwt: &str) -> http::request::Builder {
        Request::post(format!("{}/3/device/{}", self.sandbox.apns_url(), self.token))
            .header("authorization", format!("bearer {jwt}"))
            .header("apns-topic", BUNDLE)
            .header("apns-push-type", "alert")
    }
}

pub(crate) fn sign(key: &Value, team: &str, iat: i64) -> String {
    let header = Header { kid: Some(key["key"].as_str().unwrap().to_owned()), ..Header::new(Algorithm::ES256) };
    let private = EncodingKey::from_ec_pem(key["p8"].as_str().unwrap().as_bytes()).unwrap();
    jsonwebtoken::encode(&header, &json!({"iss": team, "iat": iat}), &private).unwrap()
}

/// A TLS stream with or without a certificate of its own.
pub(crate) async fn tls(
    sandbox: &Sandbox,
    url: &str,
    identity: Option<&Value>,
    has_alpn: bool,
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(sandbox.ca_pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let pem = |field: &str| identity[field].as_str().unwrap().as_bytes().to_vec();
            let certificate = CertificateDer::from_pem_slice(&pem("certificate_pem")).unwrap();
            let key = PrivateKeyDer::from_pem_slice(&pem("key_pem")).unwrap();
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        }
    };
    if has_alpn {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    let socket = TcpStream::connect(url.trim_start_matches("https://")).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
}

/// One connection.
pub(crate) struct Peer {
    pub(crate) send: SendRequest<Bytes>,
    driver: JoinSet<Result<(), h2::Error>>,
}

impl Peer {
    pub(crate) async fn open(sandbox: &Sandbox, url: &str, identity: Option<&Value>, has_alpn: bool) -> Self {
        Self::open_rude(sandbox, url, identity, has_alpn, 1).await
    }

    /// A client that opens more streams than it was allowed, until it hears of the cap.
    pub(crate) async fn open_rude(
        sandbox: &Sandbox,
        url: &str,
        identity: Option<&Value>,
        has_alpn: bool,
        streams: usize,
    ) -> Self {
        let tls = tls(sandbox, url, identity, has_alpn).await;
        let (send, connection) =
            h2::client::Builder::new().initial_max_send_streams(streams).handshake(tls).await.unwrap();
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        Self { send, driver }
    }

    pub(crate) async fn ask(&mut self, request: http::request::Builder, body: &str) -> Result<Got, h2::Error> {
        let future = self.begin(request, body).await?;
        tokio::time::timeout(DEADLINE, receive(future)).await.expect("an answer in time")
    }

    /// Sends a request; the answer is awaited elsewhere.
    pub(crate) async fn begin(
        &mut self,
        request: http::request::Builder,
        body: &str,
    ) -> Result<h2::client::ResponseFuture, h2::Error> {
        self.send = tokio::time::timeout(DEADLINE, self.send.clone().ready()).await.expect("room for a stream")?;
        let (response, mut stream) = self.send.send_request(request.body(()).unwrap(), body.is_empty())?;
        if !body.is_empty() {
            stream.send_data(Bytes::copy_from_slice(body.as_bytes()), true)?;
        }
        Ok(response)
    }

    /// Waits until the connection ends, with the handle still in hand, so that only the sandbox can have ended it.
    pub(crate) async fn end(&mut self) -> Option<h2::Error> {
        let ended = tokio::time::timeout(DEADLINE, self.driver.join_next()).await.expect("an end in time");
        ended.expect("a driver").expect("no panic").err()
    }

    /// Waits until the peer has closed the connection.
    pub(crate) async fn closed(mut self) {
        drop(self.send);
        let ended = tokio::time::timeout(DEADLINE, self.driver.join_next()).await;
        assert!(ended.is_ok(), "the connection is still open");
    }
}

pub(crate) async fn receive(future: h2::client::ResponseFuture) -> Result<Got, h2::Error> {
    let (head, mut body) = future.await?.into_parts();
    let mut read = Vec::new();
    while let Some(chunk) = body.data().await {
        read.extend_from_slice(&chunk?);
    }
    Ok(Got { status: head.status.as_u16(), headers: head.headers, body: String::from_utf8(read).unwrap() })
}

/// Polls until a condition holds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = tokio::time::Instant::now() + DEADLINE;
    while !holds() {
        assert!(tokio::time::Instant::now() < until, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
