//! `POST /push/receipts/CHANNEL/APP/BUSINESSID/SECRET`: what a vendor tells of notifications afterwards.
//!
//! The secret is the credential's `callback_secret`; where the vendor signs its calls and the credential has a
//! `callback_key`, the signature is demanded too. Without a `callback_secret` there is no such address. A vendor repeats a
//! call that is not answered well, and every receipt may come again.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use contract::AppId;
use push::callback::{self, CALLBACK_HEADER, CallbackKey, Receipt, Unreadable};
use store::apps::App;
use subtle::ConstantTimeEq;

use crate::node::Node;
use crate::route;

/// A call: a thousand receipts with their tokens are about half of it.
const BODY_BYTES: usize = 1 << 20;
/// Receipts of one transaction.
const BATCH: usize = 64;

/// Where a call went: channel, app, businessID, secret.
type Place = (String, i64, i64, String);

pub(crate) async fn serve(State(node): State<Arc<Node>>, place: Option<Path<Place>>, request: Request) -> Response {
    let Some(Path((channel, app, credential, secret))) = place else { return StatusCode::NOT_FOUND.into_response() };
    let app = node.apps.get(AppId(app));
    let Some(app) = app.filter(|app| is_known(app, &channel, credential, &secret)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (head, mut body) = request.into_parts();
    let wait = Duration::from_millis(node.bounds.body_ms);
    let Ok(body) = route::read_body(&mut body, BODY_BYTES, wait).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let proof = head.headers.get(CALLBACK_HEADER).and_then(|value| value.to_str().ok());
    let now = node.clock.now();
    match callback::read(&channel, proof, &body, key(&app, credential).as_ref(), now) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(Err(Unreadable::Unproved)) => StatusCode::FORBIDDEN.into_response(),
        Some(Err(Unreadable::Malformed)) => StatusCode::BAD_REQUEST.into_response(),
        Some(Ok(told)) => match take(&node, app.id, &channel, told).await {
            Ok(()) => taken(),
            Err(error) => {
                tracing::error!(app = %app.id, channel, %error, "receipts could not be written down");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        },
    }
}

/// Whether the app has such a credential, and the address bears its secret.
fn is_known(app: &App, channel: &str, credential: i64, secret: &str) -> bool {
    let is_of_channel = app.settings.credentials.get(&credential).is_some_and(|own| own.channel == channel);
    let own = hidden(app, credential, "callback_secret").unwrap_or_default();
    is_of_channel && !own.is_empty() && bool::from(own.as_bytes().ct_eq(secret.as_bytes()))
}

fn hidden<'a>(app: &'a App, credential: i64, name: &str) -> Option<&'a str> {
    app.secrets.credentials.get(&credential)?.get(name).map(String::as_str).filter(|text| !text.is_empty())
}

/// What was agreed with a vendor that signs.
fn key(app: &App, credential: i64) -> Option<CallbackKey> {
    let key = hidden(app, credential, "callback_key")?.to_owned();
    let user = app.settings.credentials.get(&credential)?.settings.get("callback_user").cloned().unwrap_or_default();
    Some(CallbackKey { user, key })
}

async fn take(node: &Node, app: AppId, channel: &str, told: Vec<Receipt>) -> contract::Result<()> {
    let now = node.clock.now();
    for part in told.chunks(BATCH) {
        let (part, channel) = (part.to_vec(), channel.to_owned());
        node.store.write(app, move |tx| callback::take(tx, now, &channel, &part).map(drop)).await?;
    }
    Ok(())
}

/// What vendors take for a success, each in its own words.
fn taken() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], r#"{"code":"0","message":"success"}"#).into_response()
}
