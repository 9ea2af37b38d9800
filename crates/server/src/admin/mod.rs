//! The operators' surface: `/admin/v1/…` on a listener of its own.
//!
//! [`answer`] is the surface without HTTP: the command line calls it when no node runs. [`listener`] puts it behind a
//! bearer token. Every change writes an entry of the audit log in its own transaction; no entry and no log line holds
//! a secret.
//!
//! * `ask`: what is asked and how it is parsed. `refusal`: why the answer is no. `client`: the caller's side.
//! * `clouds`: cloud accounts and access keys. `devices`: those that a team brings with it.
//! * `apps`, `settings`, `keys`, `credentials`, `webhooks`, `content`: what an app has. `accounts`, `broadcasts`, `pushes`, `audit`, `node`: what is
//!   looked at, and the backup.

mod accounts;
mod apps;
mod ask;
mod audit;
mod broadcasts;
pub mod client;
mod clouds;
mod content;
mod credentials;
pub(crate) mod devices;
mod keys;
mod mpaas;
mod node;
mod pushes;
mod refusal;
mod settings;
mod webhooks;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contract::{Failure, Result};
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use tracing::{Instrument, debug, error, warn};

pub use ask::{Answer, Ask};
pub(crate) use audit::next_id;
pub use keys::{fingerprint, fresh_secret};
pub use refusal::Refusal;

use crate::listen::Listener;
use crate::node::Node;
use crate::request_id::{self, RequestId};
use crate::route::read_body;

/// What every path begins with.
pub const PREFIX: &str = "/admin/v1/";
/// Connections of the listener: a few people and their scripts.
const PLACES: usize = 64;
/// A body: the largest holds a list of blocked accounts or a certificate.
const BODY_BYTES: usize = 256 * 1024;
/// A token shorter than this could be guessed.
pub const TOKEN_BYTES_MIN: usize = 32;

/// Who is served.
struct Door {
    node: Arc<Node>,
    /// Hashes are compared, so that neither the time nor the length tells anything of the token.
    token: [u8; 32],
}

/// Binds the operators' listener.
pub fn listener(node: &Arc<Node>, address: SocketAddr, token: &str) -> Result<Listener> {
    if token.len() < TOKEN_BYTES_MIN {
        let what = format!("the admin token has fewer than {TOKEN_BYTES_MIN} characters; `noroshi init` makes one");
        return Err(Failure::Unavailable(what).into());
    }
    let door = Arc::new(Door { node: Arc::clone(node), token: Sha256::digest(token).into() });
    let router = Router::new().fallback(enter).with_state(door);
    Listener::bind(address, None, router, Arc::new(Semaphore::new(PLACES)))
}

/// Answers one request, whoever brought it.
pub async fn answer(node: &Arc<Node>, ask: &Ask) -> std::result::Result<Answer, Refusal> {
    let parts: Vec<&str> = ask.path.split('/').collect();
    let is = |method: Method| ask.method == method;
    match parts.as_slice() {
        ["apps"] if is(Method::GET) => apps::list(node, ask),
        ["apps"] if is(Method::POST) => apps::create(node, ask).await,
        ["apps", id] if is(Method::GET) => apps::show(node, ask, ask::app(id)?).await,
        ["apps", id] if is(Method::PATCH) => settings::change(node, ask, ask::app(id)?).await,
        ["apps", id, "keys"] if is(Method::POST) => keys::rotate(node, ask, ask::app(id)?).await,
        ["apps", id, "keys"] if is(Method::DELETE) => keys::retire(node, ask, ask::app(id)?).await,
        ["apps", id, "keys", key] if is(Method::DELETE) => keys::remove(node, ask, ask::app(id)?, key).await,
        ["apps", id, "credentials"] if is(Method::GET) => credentials::list(node, ask::app(id)?),
        ["apps", id, "credentials"] if is(Method::POST) => credentials::add(node, ask, ask::app(id)?).await,
        ["apps", id, "credentials", own] if is(Method::DELETE) => {
            credentials::remove(node, ask, ask::app(id)?, own).await
        }
        ["apps", id, "words" | "blocked" | "reviews", ..] => {
            content::answer(node, ask, ask::app(id)?, &parts[2..]).await
        }
        ["apps", id, "broadcasts"] if is(Method::GET) => broadcasts::list(node, ask, ask::app(id)?).await,
        ["apps", id, "broadcasts", own] if is(Method::DELETE) => broadcasts::end(node, ask, ask::app(id)?, own).await,
        ["apps", id, "mpaas"] if is(Method::GET) => mpaas::show(node, ask::app(id)?),
        ["apps", id, "mpaas"] if is(Method::PATCH) => mpaas::change(node, ask, ask::app(id)?).await,
        ["apps", id, "webhook"] if is(Method::GET) => webhooks::show(node, ask::app(id)?),
        ["apps", id, "webhook"] if is(Method::PATCH) => webhooks::change(node, ask, ask::app(id)?).await,
        ["apps", id, "webhook", own] if is(Method::PUT) => webhooks::switch_on(node, ask, ask::app(id)?, own).await,
        ["apps", id, "webhook", own] if is(Method::DELETE) => webhooks::switch_off(node, ask, ask::app(id)?, own).await,
        ["apps", id, "devices"] if is(Method::POST) => devices::import(node, ask, ask::app(id)?).await,
        ["apps", id, "push", own] if is(Method::GET) => pushes::show(node, ask, ask::app(id)?, own).await,
        ["apps", id, "push", sender, receiver, seq] if is(Method::GET) => {
            pushes::of_message(node, ask::app(id)?, [sender, receiver, seq]).await
        }
        ["cloud", ..] => clouds::answer(node, ask, &parts[1..]).await,
        ["audit"] if is(Method::GET) => audit::list(node, ask).await,
        ["node"] if is(Method::GET) => Ok(node::show(node)),
        ["backup"] if is(Method::POST) => node::backup(node, ask).await,
        ["accounts", app, user] if is(Method::GET) => accounts::show(node, ask::app(app)?, user).await,
        ["apps" | "audit" | "node" | "backup"]
        | ["apps", _]
        | ["apps", _, "keys" | "credentials" | "broadcasts" | "webhook" | "devices" | "mpaas"]
        | ["apps", _, "keys" | "credentials" | "broadcasts" | "webhook" | "push", _]
        | ["apps", _, "push", _, _, _]
        | ["accounts", _, _] => Err(Refusal::MethodUnknown),
        _ => Err(Refusal::PathUnknown),
    }
}

/// Takes a request of the listener.
async fn enter(
    State(door): State<Arc<Door>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let id = RequestId::next();
    let started = std::time::Instant::now();
    let method = request.method().clone();
    async {
        let outcome = admit(&door, from, request).await;
        let (status, body, name) = match outcome {
            Ok(answer) => (answer.status, answer.body, "Ok"),
            Err(refusal) => {
                let (name, status, text) = refusal.spell();
                if let Refusal::Failure(failure) = &refusal {
                    error!(%failure, "an operator's request failed");
                }
                if matches!(refusal, Refusal::TokenMissing | Refusal::TokenWrong) {
                    warn!(%from, name, "a caller of the admin API was turned away");
                }
                (status, json!({ "code": name, "message": text, "request_id": id.to_string() }), name)
            }
        };
        // The path of a request may hold a UserID, its query nothing that matters: neither is logged.
        debug!(%from, %method, status = status.as_u16(), name, seconds = started.elapsed().as_secs_f64(), "answered");
        metrics::counter!("noroshi_admin_calls_total", "code" => name).increment(1);
        render(id, status, &body)
    }
    .instrument(tracing::error_span!("request", %id))
    .await
}

/// Lets a caller in, token first: nothing of a stranger's request is read.
async fn admit(door: &Door, from: SocketAddr, request: Request) -> std::result::Result<Answer, Refusal> {
    let (head, mut body) = request.into_parts();
    check_token(door, &head.headers)?;
    let path = head.uri.path().strip_prefix(PREFIX).ok_or(Refusal::PathUnknown)?.to_owned();
    let wait = Duration::from_millis(door.node.bounds.body_ms);
    let body = read_body(&mut body, BODY_BYTES, wait).await?;
    if !body.is_empty() && !is_json(&head.headers) {
        return Err(Refusal::NotJson);
    }
    let ask = Ask {
        method: head.method,
        path,
        query: head.uri.query().unwrap_or_default().to_owned(),
        body,
        actor: format!("admin@{}", from.ip()),
    };
    answer(&door.node, &ask).await
}

fn check_token(door: &Door, headers: &HeaderMap) -> std::result::Result<(), Refusal> {
    let token = headers.get(header::AUTHORIZATION).ok_or(Refusal::TokenMissing)?;
    let token = token.as_bytes().strip_prefix(b"Bearer ").ok_or(Refusal::TokenMissing)?;
    let hash: [u8; 32] = Sha256::digest(token).into();
    if bool::from(hash.ct_eq(&door.token)) { Ok(()) } else { Err(Refusal::TokenWrong) }
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    declared.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn render(id: RequestId, status: StatusCode, body: &serde_json::Value) -> Response {
    let mut headers = HeaderMap::with_capacity(3);
    headers.insert(request_id::HEADER, id.header());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // An answer may hold secrets.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (status, headers, body.to_string()).into_response()
}
