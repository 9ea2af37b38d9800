//! The push OpenAPIs: `/` with `Action` and `Version`, signed.
//!
//! [`answer`] is the gateway of both products; the version alone says which of them is called. A call goes: what is
//! called → who calls (`gate`) → parameters (`fields`) → app → the action. The order is the documented order of faults.
//!
//! * `action`: what an action is. `emas`, `mpaas`: the actions, a file each, in chapters as published.
//! * `cloud`: accounts and keys. `nonces`: each call counts once. `quota`: how often.
//! * `render`: answers in JSON and XML. `reference`: the pages of both surfaces, made of the actions' types.

pub mod action;
pub mod cloud;
pub mod emas;
pub mod fields;
mod gate;
pub mod mpaas;
pub mod nonces;
pub mod quota;
pub mod reference;
mod render;

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use contract::codes::{self, Family, Row};
use contract::openapi::{Params, Request as Raw};
use contract::{Error, Fault, Result, limit};
use serde_json::{Map, Value};
use tracing::{debug, error};

use self::action::{Command, Product};
pub use self::render::{Answer, Format};
use crate::node::Node;

/// Every action that is served of a product, sorted by name.
pub fn commands(product: Product) -> &'static [Command] {
    match product {
        Product::Emas => emas::ACTIONS,
        Product::Mpaas => mpaas::ACTIONS,
    }
}

/// The action of that name.
pub fn find(product: Product, name: &str) -> Option<&'static Command> {
    let all = commands(product);
    all.binary_search_by_key(&name, |command| command.name).ok().map(|place| &all[place])
}

/// A request as the listener hands it over; the body is not read yet.
pub struct Request<'a, B> {
    /// Whence it came.
    pub from: IpAddr,
    /// Whether it came over TLS.
    pub is_tls: bool,
    /// `GET` or `POST`; nothing else is a call.
    pub method: &'a Method,
    /// The path; `/` and nothing else.
    pub path: &'a str,
    /// The raw query.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// Reads the body, at most [`limit::OPENAPI_BODY_BYTES`].
    pub body: B,
}

/// What is known of a call, however far it got.
struct Seen {
    command: Option<&'static Command>,
    format: Format,
}

/// A fresh name for a request, as the contract writes it.
pub fn request_id() -> String {
    uuid::Uuid::new_v4().hyphenated().encode_upper(&mut uuid::Uuid::encode_buffer()).to_owned()
}

/// Answers one request.
pub async fn answer<B>(node: &Arc<Node>, id: &str, request: Request<'_, B>) -> Answer
where
    B: Future<Output = Result<Bytes>> + Send,
{
    let started = std::time::Instant::now();
    let (from, host) = (request.from, text(request.headers, "host"));
    let mut seen = Seen { command: None, format: Format::default() };
    let outcome = run(node, request, &mut seen).await;
    let name = seen.command.map_or("unknown", |command| command.name);
    let product = seen.command.map_or("unknown", |command| command.product.as_str());
    let (answer, code) = match outcome {
        Ok(fields) => (render::answer(name, id, seen.format, fields), "OK".to_owned()),
        Err(error) => {
            let row = spell(&error);
            if let Error::Failure(failure) = &error {
                error!(product, action = name, %failure, "a call failed");
            }
            let shows = node.openapi.echo_signature;
            (render::refusal(row, &error, id, &host, seen.format, shows), row.name.to_owned())
        }
    };
    let seconds = started.elapsed().as_secs_f64();
    debug!(%from, product, action = name, code, seconds, "answered");
    metrics::histogram!("noroshi_openapi_call_seconds", "product" => product, "action" => name).record(seconds);
    metrics::counter!("noroshi_openapi_calls_total", "product" => product, "action" => name, "code" => code)
        .increment(1);
    answer
}

async fn run<B>(node: &Arc<Node>, request: Request<'_, B>, seen: &mut Seen) -> Result<Map<String, Value>>
where
    B: Future<Output = Result<Bytes>> + Send,
{
    seen.format = Format::of(Params::of(&raw(&request, &[], &Bytes::new()))?.get("Format"));
    if node.openapi.require_tls && !request.is_tls {
        return Err(Fault::TlsRequired.into());
    }
    let is_call = matches!(*request.method, Method::GET | Method::POST) && request.path == "/";
    if !is_call || request.query.len() > limit::OPENAPI_QUERY_BYTES {
        return Err(Fault::UrlMalformed.into());
    }
    let _place = node.im_places.try_acquire().map_err(|_| Fault::NodeBusy)?;
    let headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let (method, path, query, from) = (request.method.as_str(), request.path, request.query, request.from);
    let body = request.body.await.map_err(too_large)?;
    let raw = Raw { method, path, query, headers: &headers, body: &body };
    let params = Params::of(&raw)?;
    seen.format = Format::of(params.get("Format"));
    let command = gate::target(&raw, &params)?;
    seen.command = Some(command);
    let call = gate::admit(node, &raw, &params, command, from).await?;
    (command.run)(call, params).await
}

/// The request as far as it is known before its body.
fn raw<'a, B>(request: &Request<'a, B>, headers: &'a [(String, String)], body: &'a [u8]) -> Raw<'a> {
    Raw { method: request.method.as_str(), path: request.path, query: request.query, headers, body }
}

/// A body over its bound has a spelling that names what is too large.
fn too_large(error: Error) -> Error {
    match error {
        Error::Fault(Fault::BodyTooLarge { max }) => Fault::FieldTooLong { field: "Request", max }.into(),
        error => error,
    }
}

/// The row that spells an error; whatever is our own trouble becomes an error of the server.
pub fn spell(error: &Error) -> &'static Row {
    match error {
        Error::Fault(fault) => codes::render(Family::OpenApiClient, fault),
        Error::Failure(failure) => codes::failure(Family::OpenApiServer, failure),
    }
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}

/// Whether a request that no other surface takes is meant for this one: then it gets an answer that its client reads.
pub fn is_meant(headers: &HeaderMap, query: &str) -> bool {
    headers.contains_key("x-acs-action")
        || headers.contains_key("x-acs-version")
        || query.split('&').any(|pair| pair.starts_with("Action=") || pair.starts_with("SignatureMethod="))
}

/// The actions that are served, in the columns of the published list.
pub fn commands_tsv() -> String {
    let mut text = String::new();
    for product in Product::ALL {
        for command in commands(product) {
            let (surface, chapter, version) = (product.as_str(), command.chapter, command.versions.first());
            text.push_str(&format!("{surface}\t{chapter}\t{}\t{}\n", command.name, version.unwrap_or(&"")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_by_name_and_hold_no_name_twice() {
        for product in Product::ALL {
            assert!(commands(product).is_sorted_by(|one, next| one.name < next.name), "{product:?}");
            for command in commands(product) {
                assert_eq!(command.product, product, "{}", command.name);
                assert!(command.versions.iter().all(|version| product.versions().contains(version)));
            }
        }
    }

    #[test]
    fn a_request_id_is_written_in_capitals() {
        let id = request_id();
        assert_eq!((id.len(), id.to_uppercase() == id), (36, true));
    }
}
