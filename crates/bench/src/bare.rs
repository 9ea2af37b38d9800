//! The raw limit of a vendor channel: a bare HTTP/2 client that repeats one request of the channel's to the same room.
//!
//! The sandbox keeps requests without what is secret in `authorization`. Rooms that know their callers by something else
//! judge the repeated request as they judged the first; the others turn it away at the door, which costs them less: there
//! the limit is that of the wire.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::Outcome;
use crate::figure::Rate;
use crate::vendor_rooms::Room;

/// Requests at once.
const UNDER_WAY: usize = 100;

/// The request that is repeated.
pub(crate) struct Repeated {
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    /// How many tokens it names.
    pub(crate) tokens: u64,
}

/// Takes the last large request of a room from what the sandbox keeps.
pub(crate) fn last_of(room: &Room) -> Outcome<Repeated> {
    let kept = room.control("GET", "/requests", &json!({}))?;
    let all = kept["requests"].as_array().cloned().unwrap_or_default();
    let own = all.iter().filter(|request| request["room"] == room.vendor && request["status"] == 200);
    let size = |request: &&Value| request["body"].as_str().map_or(0, str::len);
    let found = own.max_by_key(size).ok_or("the room keeps no request")?;
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    let hidden = ["authorization", "content-length", "host", "connection"];
    let headers = found["headers"].as_object().cloned().unwrap_or_default();
    let headers = headers
        .into_iter()
        .filter(|(name, _)| !name.starts_with(':') && !hidden.contains(&name.as_str()))
        .map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let body = text("body");
    let named = room.tokens.iter().filter(|token| body.contains(token.as_str())).count();
    Ok(Repeated { path: text("path"), headers, body: Bytes::from(body), tokens: named.max(1) as u64 })
}

/// Repeats a request on one connection until the time is over; a rate of requests.
pub(crate) async fn repeat(room: &Room, request: &Arc<Repeated>, wait: Duration) -> Outcome<Rate> {
    let port = room.port()?;
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let stream = connector(room)?.connect(ServerName::try_from("127.0.0.1")?, stream).await?;
    let (client, connection) = h2::client::Builder::new()
        .initial_window_size(1 << 20)
        .initial_connection_window_size(1 << 24)
        .handshake::<_, Bytes>(stream)
        .await?;
    let began = Instant::now();
    let (mut wire, mut workers) = (JoinSet::new(), JoinSet::new());
    wire.spawn(connection);
    for _ in 0..UNDER_WAY {
        let (client, request) = (client.clone(), Arc::clone(request));
        workers.spawn(ask(client, port, request, began + wait));
    }
    let mut took = Vec::new();
    while let Some(ended) = workers.join_next().await {
        took.extend(ended??);
    }
    let rate = Rate::of(took.len() as u64, began.elapsed(), &mut took);
    drop(client);
    wire.shutdown().await;
    Ok(rate)
}

async fn ask(
    mut client: h2::client::SendRequest<Bytes>,
    port: u16,
    request: Arc<Repeated>,
    end: Instant,
) -> Outcome<Vec<u32>> {
    let mut took = Vec::new();
    while Instant::now() < end {
        let began = Instant::now();
        client = client.ready().await?;
        let mut head = axum::http::Request::post(format!("https://127.0.0.1:{port}{}", request.path));
        for (name, value) in &request.headers {
            head = head.header(name, value);
        }
        let (answer, mut body) = client.send_request(head.body(())?, false)?;
        body.send_data(request.body.clone(), true)?;
        let mut answer = answer.await?.into_body();
        while let Some(chunk) = answer.data().await {
            let chunk = chunk?;
            answer.flow_control().release_capacity(chunk.len())?;
        }
        took.push(began.elapsed().as_micros() as u32);
    }
    Ok(took)
}

fn connector(room: &Room) -> Outcome<TlsConnector> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(room.ca_pem().as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let mut config = match room.certificate() {
        Some(pem) => {
            let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>()?;
            builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(pem.as_bytes())?)?
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
