//! The control API: plain HTTP with JSON, on the loopback, for developers and tests. Also callable in process.
//!
//! | call | does |
//! | --- | --- |
//! | `GET /` | the page with the phones |
//! | `GET /ca.pem` | the certificate that clients must trust |
//! | `GET /requests` | every request that is kept, with its answer |
//! | `GET`, `POST`, `DELETE /faults` | lists, adds, clears fault rules |
//! | `GET /codes` | the codes that rules may name, by room |
//! | `PUT /clock` `{offset_ms}` | moves the sandbox's clock |
//! | `POST /reset` | forgets everything but the certificates |
//! | `GET /receipts` | the receipts that were sent, with what was answered |
//! | `PUT /receipts` `{ca_pem}` | whom to trust when a receiver speaks TLS |
//! | `/apns/…` | Apple's room: see `apns::control` |
//! | `/{room}/…` | the room of another vendor: see `desk` and the room |

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tracing::debug;

use crate::faults::{self, Rule};
use crate::listener::{Stop, stopped};
use crate::page;
use crate::room::Room;
use crate::service::Hall;

/// Bytes of a call's body.
const BODY_BYTES: usize = 64 * 1_024;
/// How long a caller may take for headers, and for the whole of a connection.
const HEADERS: Duration = Duration::from_secs(5);
const CONNECTION: Duration = Duration::from_mins(5);

/// What a call gets.
pub(crate) type Answer = Result<Value, Wrong>;

/// Why a call was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    status: StatusCode,
    text: String,
}

impl Wrong {
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    pub(crate) fn unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no such thing")
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// Everything that can be controlled.
pub(crate) struct House {
    pub(crate) hall: Hall,
    pub(crate) rooms: Vec<Arc<dyn Room>>,
    pub(crate) ca_pem: String,
}

#[derive(Deserialize)]
struct Offset {
    offset_ms: i64,
}

#[derive(Deserialize)]
struct Trust {
    ca_pem: Option<String>,
}

impl House {
    /// Answers one call.
    pub(crate) fn call(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let decoded: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
        let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let hall = &self.hall;
        match (method, segments.as_slice()) {
            ("GET", ["requests"]) => Ok(json!({ "requests": hall.inbox.requests() })),
            ("GET", ["receipts"]) => Ok(json!({ "receipts": hall.courier.sent() })),
            ("PUT", ["receipts"]) => {
                hall.courier.set_trust(parse::<Trust>(body)?.ca_pem);
                Ok(json!({}))
            }
            ("GET", ["codes"]) => {
                Ok(self.rooms.iter().map(|room| (room.name().to_owned(), json!(room.codes()))).collect())
            }
            ("GET", ["faults"]) => Ok(json!({ "faults": hall.faults.list() })),
            ("POST", ["faults"]) => {
                let rule: Rule = parse(body)?;
                self.check_rule(&rule).map_err(|text| Wrong::new(StatusCode::BAD_REQUEST, text))?;
                hall.faults.add(rule).map_err(|text| Wrong::new(StatusCode::INSUFFICIENT_STORAGE, text))?;
                Ok(json!({}))
            }
            ("DELETE", ["faults"]) => {
                hall.faults.clear();
                Ok(json!({}))
            }
            ("PUT", ["clock"]) => {
                hall.clock.set_offset_ms(parse::<Offset>(body)?.offset_ms);
                Ok(json!({ "offset_ms": hall.clock.offset_ms(), "now_ms": hall.clock.now_ms() }))
            }
            ("POST", ["reset"]) => {
                hall.faults.clear();
                hall.inbox.clear();
                hall.courier.clear();
                hall.clock.set_offset_ms(0);
                self.rooms.iter().for_each(|room| room.reset());
                Ok(json!({}))
            }
            (_, [name, rest @ ..]) => {
                let room = self.rooms.iter().find(|room| room.name() == *name).ok_or_else(Wrong::unknown)?;
                room.control(method, rest, body)
            }
            _ => Err(Wrong::unknown()),
        }
    }

    /// Refuses a fault rule that no vendor could follow.
    pub(crate) fn check_rule(&self, rule: &Rule) -> Result<(), String> {
        faults::check(rule, |name| self.rooms.iter().find(|room| room.name() == name).map(|room| room.codes()))
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_BYTES).collect().await else {
            return json_response(StatusCode::PAYLOAD_TOO_LARGE, &json!({ "error": "the body is too large" }));
        };
        match (head.method.as_str(), head.uri.path()) {
            ("GET", "/") => text_response("text/html; charset=utf-8", page::render(self)),
            ("GET", "/ca.pem") => text_response("application/x-pem-file", self.ca_pem.clone()),
            (method, path) => match self.call(method, path, &body.to_bytes()) {
                Ok(answer) => json_response(StatusCode::OK, &answer),
                Err(wrong) => json_response(wrong.status, &json!({ "error": wrong.text })),
            },
        }
    }
}

/// Tokens of some vendors hold characters that a path cannot.
fn decode(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Wrong> {
    serde_json::from_slice(body).map_err(|error| Wrong::new(StatusCode::BAD_REQUEST, error.to_string()))
}

fn json_response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = text_response("application/json", body.to_string());
    *response.status_mut() = status;
    response
}

fn text_response(kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    response
}

/// Serves one caller.
pub(crate) async fn serve(socket: TcpStream, house: Arc<House>, mut stop: Stop) {
    let service = service_fn(move |request| {
        let house = Arc::clone(&house);
        async move { Ok::<_, std::convert::Infallible>(house.respond(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(socket), service);
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = tokio::time::sleep(CONNECTION) => return,
    };
    if let Err(error) = served {
        debug!(%error, "a control connection failed");
    }
}
