//! From an HTTP request to a connection of the hub.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::hub::Hub;

impl Hub {
    /// Answers a WebSocket handshake and takes the connection over. Use it as the handler of `GET /ws`.
    pub fn serve(self: &Arc<Self>, mut request: Request) -> Response {
        let Some(accept) = accept_of(&request) else { return refuse(StatusCode::BAD_REQUEST) };
        let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
            return refuse(StatusCode::UPGRADE_REQUIRED);
        };
        let from = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip());
        let hub = Arc::clone(self);
        let wait = std::time::Duration::from_millis(self.settings.login_wait_ms.max(0) as u64);
        self.spawn(async move {
            // The answer below is on its way; a peer that does not wait for it has no connection.
            if let Ok(Ok(stream)) = tokio::time::timeout(wait, upgrade).await {
                hub.adopt_from(TokioIo::new(stream), from);
            }
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        response
    }
}

/// The answer to a well-formed handshake.
fn accept_of(request: &Request) -> Option<HeaderValue> {
    let headers = request.headers();
    let is_handshake = request.method() == Method::GET
        && has_word(headers, CONNECTION, "upgrade")
        && has_word(headers, UPGRADE, "websocket")
        && has_word(headers, SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| is_handshake)?;
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok()
}

fn has_word(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|given| given.trim().eq_ignore_ascii_case(word))
}

fn refuse(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
