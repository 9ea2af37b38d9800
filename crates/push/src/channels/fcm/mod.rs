//! Google's push service, HTTP v1. `request` and `verdict` are pure, `token` signs and exchanges; only this file talks.
//!
//! A message goes to one device; many are under way at once, as streams of few connections.

mod request;
#[cfg(test)]
mod tests;
mod token;
mod verdict;

use std::sync::Arc;

use contract::notification::Notification;
use contract::{Millis, codes};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use serde::Deserialize;
use serde_json::{Map, Value};

use self::request::Prepared;
use self::token::Exchange;
use super::wire::{Call, Line, Session};
use super::{Access, Malformed, Refusal};
use crate::channel::{Answer, Channel, Limits, Outgoing, Status};

/// The service.
pub const BASE_URL: &str = "https://fcm.googleapis.com";
/// Where tokens are handed out if the key file does not say.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
/// Messages in flight at once; a batch over this is worked off in rounds.
const BATCH: usize = 1_000;

/// What a refusal of the service account is called.
const AUTHENTICATION: Status = Status::of(codes::Fcm::Authentication.row());

/// What the channel is made of.
pub struct Settings {
    /// Where and how; an empty token URL leaves it to the key file.
    pub access: Access,
    /// The service account's key file, as it was downloaded.
    pub key_file: String,
    /// The package that messages are limited to.
    pub package_name: Option<String>,
}

/// What is read of a key file.
#[derive(Deserialize)]
struct KeyFile {
    project_id: String,
    private_key_id: String,
    private_key: String,
    client_email: String,
    #[serde(default)]
    token_uri: String,
}

/// The channel.
pub struct Fcm {
    line: Line,
    path: String,
    own: Own,
}

/// What every request of the channel says.
pub(super) struct Own {
    pub(super) package_name: Option<String>,
    pub(super) defaults: Map<String, Value>,
}

/// A notification built, or the refusal that needs no wire.
type Ready = Result<Arc<Prepared>, Refusal>;

impl Fcm {
    /// Checks the settings; connects with the first message.
    pub fn new(settings: Settings) -> Result<Self, Malformed> {
        let Settings { access, key_file, package_name } = settings;
        let file: KeyFile = serde_json::from_str(&key_file)
            .map_err(|_| Malformed("the key file lacks project_id, private_key_id, private_key or client_email"))?;
        let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:_".contains(&byte));
        if file.project_id.is_empty() || !is_word(&file.project_id) {
            return Err(Malformed("project_id is a word"));
        }
        let token_url = [&access.auth_url, &file.token_uri].into_iter().find(|url| !url.is_empty());
        let token_url = token_url.map_or(TOKEN_URL, String::as_str);
        let exchange = Exchange::new(&file, token_url, Arc::clone(&access.roots), access.tuning.clone())?;
        let line = Line { client: access.client()?, session: Some(Session::new(exchange)), clock: access.clock };
        let path = format!("/v1/projects/{}/messages:send", file.project_id);
        Ok(Self { line, path, own: Own { package_name, defaults: access.defaults } })
    }

    async fn send(&self, prepared: &Prepared, message: &Outgoing) -> Answer {
        let body = request::body(prepared, message);
        let build = |token: &str, _: Millis| {
            Call::json(&*self.path, body.clone()).with_secret("authorization", &format!("Bearer {token}"))
        };
        self.line.ask(prepared.is_repeatable, build, verdict::judge).await.all
    }

    /// Builds each notification once per run of messages that share it.
    fn prepare(&self, batch: &[Outgoing], now: Millis) -> Vec<Ready> {
        let mut last: Option<(&Arc<Notification>, Millis, Ready)> = None;
        let mut all = Vec::with_capacity(batch.len());
        for message in batch {
            let prepared = match &last {
                Some((notification, expires_at, prepared))
                    if Arc::ptr_eq(notification, &message.notification) && *expires_at == message.expires_at =>
                {
                    prepared.clone()
                }
                _ => request::prepare(message, &self.own, now).map(Arc::new),
            };
            last = Some((&message.notification, message.expires_at, prepared.clone()));
            // Without a token nothing else matters.
            all.push(request::check_token(&message.token).and(prepared));
        }
        all
    }
}

impl Channel for Fcm {
    fn limits(&self) -> Limits {
        Limits { batch_max: BATCH, payload_bytes_max: request::PAYLOAD_BYTES, can_add_badge: false }
    }

    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        async move {
            let mut answers = Vec::with_capacity(batch.len());
            for round in batch.chunks(BATCH) {
                let prepared = self.prepare(round, (self.line.clock)());
                let sent = round.iter().zip(&prepared).map(|(message, prepared)| async move {
                    match prepared {
                        Ok(prepared) => self.send(prepared, message).await,
                        Err(refusal) => (**refusal).clone(),
                    }
                });
                answers.extend(join_all(sent).await);
            }
            answers
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.line.close().boxed()
    }
}
