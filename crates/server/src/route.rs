//! Which surface a request belongs to.
//!
//! One dynamic route a surface: the table of commands is the surface's own business.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use bytes::Bytes;
use contract::{Fault, Result, limit};
use http_body_util::{BodyExt, Limited};
use tracing::Instrument;

use crate::im;
use crate::media;
use crate::node::Node;
use crate::openapi;
use crate::receipts;
use crate::request_id::{self, RequestId};

/// What is taken in and thrown away of a body that nobody reads. A caller that is cut off while it sends may never see
/// its answer.
const DISCARD_BYTES: usize = 8 * limit::BODY_BYTES;
/// How long that may take.
const DISCARD_WAIT: Duration = Duration::from_secs(1);

/// The public surfaces.
pub fn public(node: Arc<Node>, is_tls: bool) -> Router {
    let call = move |state, from, request| openapi_call(state, from, request, is_tls);
    let elsewhere = move |state, from, request| elsewhere(state, from, request, is_tls);
    Router::new()
        .route("/", any(call))
        .route("/v4/{*command}", any(im_command))
        .route("/v4/", any(im_command))
        // The description of the surface is not a command: whoever may reach the surface may read it.
        .route("/v4/openapi.json", get(description).fallback(im_command))
        .fallback(elsewhere)
        .route("/media/{*rest}", any(media::serve))
        .route("/push/receipts/{channel}/{app}/{credential}/{secret}", post(receipts::serve))
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
    let (head, mut body) = request.into_parts();
    let body_wait = Duration::from_millis(node.bounds.body_ms);
    let id = RequestId::next();
    let is_get = head.method == Method::GET;
    let answer = im::answer(
        &node,
        im::Request {
            from: from.ip(),
            is_call: head.method == Method::POST || is_get,
            path: head.uri.path().strip_prefix("/v4/").unwrap_or_default(),
            query: head.uri.query().unwrap_or_default(),
            body: async {
                let body = read_body(&mut body, limit::BODY_BYTES, body_wait).await?;
                // A published client lists an app's groups by GET, with nothing to say.
                Ok(if is_get && body.is_empty() { Bytes::from_static(b"{}") } else { body })
            },
        },
    )
    // Every line that the call logs carries its id. The query holds a UserSig and is in no line.
    .instrument(tracing::error_span!("request", %id))
    .await;
    // Who asks before it sends has sent nothing, and need not.
    if !head.headers.contains_key(header::EXPECT) {
        discard(body).await;
    }
    let mut headers = HeaderMap::with_capacity(5);
    headers.insert(request_id::HEADER, id.header());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("X-Requested-With"));
    (headers, answer).into_response()
}

async fn openapi_call(
    State(node): State<Arc<Node>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
    is_tls: bool,
) -> Response {
    let (head, mut body) = request.into_parts();
    let body_wait = Duration::from_millis(node.bounds.body_ms);
    let id = openapi::request_id();
    let answer = openapi::answer(
        &node,
        &id,
        openapi::Request {
            from: from.ip(),
            is_tls,
            method: &head.method,
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body: read_body(&mut body, limit::OPENAPI_BODY_BYTES, body_wait),
        },
    )
    .instrument(tracing::error_span!("request", %id))
    .await;
    if !head.headers.contains_key(header::EXPECT) {
        discard(body).await;
    }
    let mut headers = HeaderMap::with_capacity(3);
    if let Ok(id) = HeaderValue::try_from(&answer.id) {
        headers.insert("x-acs-request-id", id);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.format.content_type()));
    if let Some(seconds) = answer.retry_after {
        headers.insert("x-acs-retry-after", HeaderValue::from(seconds));
    }
    (answer.status, headers, answer.body).into_response()
}

/// A path of another version is a mistake in a call of the IM surface, which has an answer for it; so has the push
/// OpenAPI for a call that has lost its way.
async fn elsewhere(state: State<Arc<Node>>, from: ConnectInfo<SocketAddr>, request: Request, is_tls: bool) -> Response {
    let first = request.uri().path().split('/').nth(1).unwrap_or_default();
    let is_version = first.strip_prefix(['v', 'V']).is_some_and(|number| number.parse::<u32>().is_ok());
    if is_version {
        im_command(state, from, request).await
    } else if openapi::is_meant(request.headers(), request.uri().query().unwrap_or_default()) {
        openapi_call(state, from, request, is_tls).await
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// Reads a body of bounded size in bounded time, or it is refused: half-sent bodies hold memory.
pub(crate) async fn read_body(body: &mut Body, max: usize, wait: Duration) -> Result<Bytes> {
    let too_large = Fault::BodyTooLarge { max };
    // A length that is announced is refused before anything of it is held.
    if body.size_hint().lower() > max as u64 {
        return Err(too_large.into());
    }
    match tokio::time::timeout(wait, Limited::new(body, max).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large.into()),
        // The caller went away, or sends a byte now and then.
        Ok(Err(_)) => Err(Fault::BodyMalformed.into()),
        Err(_) => Err(Fault::ServiceTimeout.into()),
    }
}

pub(crate) async fn discard(mut body: Body) {
    let rest = async {
        let mut taken = 0;
        while taken < DISCARD_BYTES
            && let Some(Ok(frame)) = body.frame().await
        {
            taken += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    // Who is slower than that hears its answer while it sends, if it listens.
    drop(tokio::time::timeout(DISCARD_WAIT, rest).await);
}

async fn gateway(State(node): State<Arc<Node>>, request: Request) -> Response {
    node.hub.serve(request)
}

async fn description() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        // Tools in a browser read it from elsewhere.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, im::openapi::DOCUMENT.clone()).into_response()
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
