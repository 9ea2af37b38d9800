//! The surface `/media/…`.
//!
//! * `POST /media/APP?identifier=…&usersig=…&name=…`: an upload by UserSig, in one request.
//! * `PUT` and `DELETE` on an upload link: the bytes, or giving them up.
//! * `GET` and `HEAD` on a link: the file.
//!
//! Both ways up take `X-Part-MD5: BYTES;MD5,MD5,…`, digests of the parts of a file. Refusals are JSON with the published
//! code, and the HTTP status that fits it. Pages of other hosts may call.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contract::codes::{self, Family};
use contract::{AppId, Error, Failure, Fault, Result, UserId};
use serde_json::{Value, json};
use store::apps::{App, Status};
use store::media::{self, File};
use tracing::{Instrument, error};

use super::desk::{self, Announced};
use super::download::{self, Wanted};
use super::parts::{HEADER as PART_DIGESTS, PartDigests};
use super::{Purpose, upload};
use crate::im::query::percent_decode;
use crate::node::Node;
use crate::request_id::{self, RequestId};
use crate::route::discard;

/// Serves a request of this surface.
pub async fn serve(State(node): State<Arc<Node>>, request: Request) -> Response {
    let id = RequestId::next();
    let (head, mut body) = request.into_parts();
    let parts = Parts { method: head.method, headers: head.headers, uri: head.uri };
    let outcome = answer(&node, &parts, &mut body).instrument(tracing::error_span!("request", %id)).await;
    let (mut response, code) = match outcome {
        Ok(response) => (response, 0),
        Err(error) => {
            if let Error::Failure(failure) = &error {
                error!(%id, %failure, "a transfer failed");
            }
            // Who is refused before it sent everything hears why, if it stops soon.
            if !parts.headers.contains_key(header::EXPECT) {
                discard(body).await;
            }
            refusal(&error)
        }
    };
    let way = if matches!(parts.method, Method::GET | Method::HEAD) { "out" } else { "in" };
    metrics::counter!("noroshi_media_requests_total", "way" => way, "code" => code.to_string()).increment(1);
    let headers = response.headers_mut();
    headers.insert(request_id::HEADER, id.header());
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

struct Parts {
    method: Method,
    headers: HeaderMap,
    uri: axum::http::Uri,
}

impl Parts {
    fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    /// A value of the query, decoded.
    fn param(&self, name: &'static str) -> Result<Option<String>, Fault> {
        let raw = self.query().split('&').filter_map(|pair| pair.split_once('=')).find(|(own, _)| *own == name);
        raw.map(|(_, value)| percent_decode(value).ok_or(Fault::TransferInvalid { field: name })).transpose()
    }
}

async fn answer(node: &Arc<Node>, parts: &Parts, body: &mut Body) -> Result<Response> {
    let path: Vec<&str> = parts.uri.path().trim_start_matches("/media/").split('/').collect();
    let (app, id) = match path.as_slice() {
        [app] => (*app, None),
        [app, id] => (*app, Some(*id)),
        _ => return Err(Fault::FileUnknown.into()),
    };
    if parts.method == Method::OPTIONS {
        return Ok(preflight());
    }
    let app = app.parse().ok().map(AppId).and_then(|id| node.apps.get(id)).ok_or(Fault::AppUnknown)?;
    check_app(node, &app)?;
    let Some(id) = id else {
        return match parts.method {
            Method::POST => post(node, parts, &app, body).await,
            _ => Err(Fault::UrlMalformed.into()),
        };
    };
    let purpose = node.media.open_link(node.clock.now(), app.id, id, parts.query())?;
    match (&parts.method, purpose) {
        (&Method::PUT, Purpose::Put) => {
            let own = id.to_owned();
            let file = node.store.read(app.id, move |snapshot| media::get(snapshot, &own)).await?;
            let file = file.ok_or(Fault::FileUnknown)?;
            check_length(parts, &app, &file)?;
            let file = upload::receive(node, &app, file, part_digests(parts)?, body).await?;
            Ok(view(node, &app, &file))
        }
        (&Method::DELETE, Purpose::Put) => {
            upload::give_up(node, app.id, id).await?;
            Ok(good(json!({})))
        }
        (&Method::GET | &Method::HEAD, Purpose::Get | Purpose::Look | Purpose::History) => {
            let range = parts.headers.get(header::RANGE).and_then(|range| range.to_str().ok());
            let is_head = parts.method == Method::HEAD;
            download::send(node, &Wanted { app: app.id, id, purpose, range, is_head }).await
        }
        _ => Err(Fault::FileForbidden.into()),
    }
}

/// An app that is closed to devices or back ends is closed here.
fn check_app(node: &Node, app: &App) -> Result<(), Fault> {
    match app.settings.status {
        Status::Active if app.is_paid(node.clock.now()) => Ok(()),
        Status::Active | Status::Arrears => Err(Fault::PlanExpired),
        Status::Disabled | Status::Stopped | Status::Blocked => Err(Fault::AppDisabled),
    }
}

/// An upload in one request, by UserSig.
async fn post(node: &Arc<Node>, parts: &Parts, app: &App, body: &mut Body) -> Result<Response> {
    let caller = parts.param("identifier")?.and_then(|text| UserId::parse(&text).ok()).ok_or(Fault::CallerInvalid)?;
    let sig = parts.param("usersig")?.ok_or(Fault::UserSigMissing)?;
    node.sigs.verify(&node.store, &node.rates, app, &caller, &sig, node.clock.now()).await?;
    if app.settings.accounts_off.iter().any(|off| off == caller.as_str()) {
        return Err(Fault::AccountBlocked.into());
    }
    let kind = match parts.param("kind")?.as_deref() {
        None | Some("file") => 0,
        Some("picture") => 1,
        Some("sound") => 2,
        Some("video") => 3,
        Some(_) => return Err(Fault::TransferInvalid { field: "kind" }.into()),
    };
    let announced = Announced {
        name: parts.param("name")?.ok_or(Fault::TransferInvalid { field: "name" })?,
        size: length(parts)?.unwrap_or(0),
        md5: parts.param("md5")?.unwrap_or_default(),
        kind,
    };
    let digests = part_digests(parts)?;
    let file = desk::begin(&node.store, app, &caller, node.clock.now(), announced).await?;
    let file = upload::receive(node, app, file, digests, body).await?;
    Ok(view(node, app, &file))
}

/// The digests of parts that an upload announces, if it does.
fn part_digests(parts: &Parts) -> Result<Option<PartDigests>, Fault> {
    let Some(header) = parts.headers.get(PART_DIGESTS) else { return Ok(None) };
    let text = header.to_str().map_err(|_| Fault::TransferInvalid { field: PART_DIGESTS })?;
    PartDigests::parse(text).map(Some)
}

fn length(parts: &Parts) -> Result<Option<u64>, Fault> {
    let Some(length) = parts.headers.get(header::CONTENT_LENGTH) else { return Ok(None) };
    let number = length.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or(Fault::TransferInvalid { field: "size" })
}

/// What is announced too large or otherwise than it was asked for is refused before a byte of it is read.
fn check_length(parts: &Parts, app: &App, file: &File) -> Result<(), Fault> {
    let max = upload::bytes_max(app, file.kind);
    match length(parts)? {
        Some(length) if length > max => Err(Fault::FileTooLarge { max }),
        Some(length) if file.size > 0 && length > file.size as u64 => Err(Fault::TransferInvalid { field: "size" }),
        _ => Ok(()),
    }
}

/// What a complete upload answers: what the message's element needs.
fn view(node: &Node, app: &App, file: &File) -> Response {
    good(json!({
        "Url": node.media.url(app.id, &file.id),
        "UUID": file.md5,
        "FileName": file.name,
        "FileSize": file.size,
        "MD5": file.md5,
        "SHA256": file.sha256,
    }))
}

fn good(fields: Value) -> Response {
    let mut body = json!({ "ErrorCode": 0, "ErrorInfo": "" });
    if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
        body.extend(fields);
    }
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, DELETE"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, Range, X-Part-MD5"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn refusal(error: &Error) -> (Response, i32) {
    let row = match error {
        Error::Fault(fault) => codes::render(Family::Resource, fault),
        Error::Failure(failure) => codes::failure(Family::Resource, failure),
    };
    let code = row.number().expect("every code of this surface is a number");
    let info = match error {
        Error::Fault(Fault::TransferInvalid { field }) => format!("{}: {field}", row.text),
        Error::Fault(Fault::PartDigestMismatch { part }) => format!("{}: {part}", row.text),
        _ => row.text.to_owned(),
    };
    let body = json!({ "ErrorCode": code, "ErrorInfo": info }).to_string();
    ((status(error), [(header::CONTENT_TYPE, "application/json")], body).into_response(), code)
}

const fn status(error: &Error) -> StatusCode {
    match error {
        Error::Fault(fault) => match fault {
            Fault::FileUnknown | Fault::AppUnknown => StatusCode::NOT_FOUND,
            Fault::FileTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::TransferCanceled => StatusCode::CONFLICT,
            Fault::TransferTimeout => StatusCode::REQUEST_TIMEOUT,
            Fault::FileDigestMismatch | Fault::PartDigestMismatch { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Fault::TransferInvalid { field } if matches!(field.as_bytes(), b"range") => {
                StatusCode::RANGE_NOT_SATISFIABLE
            }
            Fault::TransferInvalid { .. } | Fault::FileReadFailed | Fault::UrlMalformed | Fault::CallerInvalid => {
                StatusCode::BAD_REQUEST
            }
            Fault::NodeBusy => StatusCode::SERVICE_UNAVAILABLE,
            Fault::VerifyThrottled => StatusCode::TOO_MANY_REQUESTS,
            Fault::UserSigMissing
            | Fault::UserSigEmpty
            | Fault::UserSigUndecodable
            | Fault::UserSigMalformed
            | Fault::UserSigForged
            | Fault::UserSigOtherAccount
            | Fault::UserSigOtherApp
            | Fault::UserSigExpired
            | Fault::UserSigRevoked => StatusCode::UNAUTHORIZED,
            _ => StatusCode::FORBIDDEN,
        },
        Error::Failure(Failure::Full(_)) => StatusCode::INSUFFICIENT_STORAGE,
        Error::Failure(Failure::Internal(_)) => StatusCode::INTERNAL_SERVER_ERROR,
        Error::Failure(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
