//! Which surface a request belongs to.
//!
//! One dynamic route a surface: the table of commands is the surface's own business.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use bytes::Bytes;
use contract::{Fault, Result, limit};
use http_body_util::{BodyExt, Limited};
use tracing::Instrument;

use crate::im;
use crate::node::Node;
use crate::request_id::{self, RequestId};

/// A body must arrive within this time, or it is refused: half-sent bodies hold memory.
const BODY_WAIT: Duration = Duration::from_secs(20);

/// The public surfaces.
pub fn public(node: Arc<Node>) -> Router {
    Router::new()
        .route("/v4/{*command}", any(im_command))
        .route("/ws", get(gateway))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(node)
}

async fn im_command(
    State(node): State<Arc<Node>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let id = RequestId::next();
    let answer = im::answer(
        &node,
        im::Request {
            from: from.ip(),
            is_post: head.method == Method::POST,
            path: head.uri.path().strip_prefix("/v4/").unwrap_or_default(),
            query: head.uri.query().unwrap_or_default(),
            body: read_body(body, limit::BODY_BYTES),
        },
    )
    // Every line that the call logs carries its id. The query holds a UserSig and is in no line.
    .instrument(tracing::error_span!("request", %id))
    .await;
    let mut headers = HeaderMap::with_capacity(5);
    headers.insert(request_id::HEADER, id.header());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("X-Requested-With"));
    (headers, answer).into_response()
}

/// Reads a body of bounded size in bounded time; nothing over the bound is held.
pub(crate) async fn read_body(body: Body, max: usize) -> Result<Bytes> {
    let too_large = Fault::BodyTooLarge { max };
    match tokio::time::timeout(BODY_WAIT, Limited::new(body, max).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large.into()),
        // The caller went away, or sends a byte now and then.
        Ok(Err(_)) => Err(Fault::BodyMalformed.into()),
        Err(_) => Err(Fault::ServiceTimeout.into()),
    }
}

async fn gateway(State(node): State<Arc<Node>>, request: Request) -> Response {
    node.hub.serve(request)
}

/// Ready means: the store answers.
async fn ready(State(node): State<Arc<Node>>) -> Response {
    match node.check_ready().await {
        Ok(()) => "ready".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready").into_response()
        }
    }
}

async fn metrics(State(node): State<Arc<Node>>) -> String {
    node.metrics()
}
