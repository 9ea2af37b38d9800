//! vivo's push service, which iQOO shares. `request`, `verdict` and `receipt` are pure; only this file talks.
//!
//! One device gets a notification by one call; for several, the words are handed over first and the devices then.

pub mod receipt;
mod request;
#[cfg(test)]
mod tests;
mod verdict;

use std::sync::Arc;

use contract::Millis;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use self::request::Prepared;
use super::wire::{Call, Client, Fresh, Grant, Line, Session, lost};
use super::{Access, Malformed, Refusal, batching};
use crate::channel::{Answer, Channel, Limits, Outgoing};

/// The service.
pub const BASE_URL: &str = "https://api-push.vivo.com.cn";
/// Devices of one list.
const LIST_MAX: usize = 1_000;
const AUTH_PATH: &str = "/message/auth";
const SEND_PATH: &str = "/message/send";
const SAVE_PATH: &str = "/message/saveListPayload";
const LIST_PATH: &str = "/message/pushToList";
/// A session holds for a day; an hour is what the vendor advises.
const RENEW_MS: i64 = 3_600_000;
const LIFE_MS: i64 = 23 * 3_600_000;

/// What the channel is made of.
pub struct Settings {
    /// Where and how.
    pub access: Access,
    /// The app's id, a number.
    pub app_id: String,
    /// The app's key.
    pub app_key: String,
    /// The app's secret.
    pub app_secret: String,
}

/// The channel.
pub struct Vivo {
    line: Line,
    own: Own,
}

/// What every request of the channel says.
pub(super) struct Own {
    pub(super) app_id: i64,
    pub(super) callback_url: Option<String>,
    pub(super) defaults: Map<String, Value>,
}

impl Vivo {
    /// Checks the settings; connects with the first message.
    pub fn new(settings: Settings) -> Result<Self, Malformed> {
        let Settings { access, app_id, app_key, app_secret } = settings;
        let number = app_id.parse().map_err(|_| Malformed("app_id is a number"))?;
        if app_key.is_empty() || app_secret.is_empty() {
            return Err(Malformed("app_key and app_secret are needed"));
        }
        let door = Door { client: access.client()?, app_id: number, app_key, app_secret };
        let line = Line { client: access.client()?, session: Some(Session::new(door)), clock: access.clock };
        let own = Own { app_id: number, callback_url: access.callback_url, defaults: access.defaults };
        Ok(Self { line, own })
    }

    async fn send(&self, prepared: Arc<Prepared>, messages: Vec<&Outgoing>) -> Vec<Answer> {
        if let [message] = messages[..] {
            let body = request::one(&prepared, message);
            let build = |token: &str, _| Call::json(SEND_PATH, body.clone()).with_secret("authtoken", token);
            // The vendor knows a repetition by its request id.
            return self.line.ask(true, build, verdict::judge).await.answers(&messages);
        }
        let key = batching::call_key(&prepared.message, &messages);
        let body = request::list(&prepared, &format!("{key}-save"));
        let build = |token: &str, _| Call::json(SAVE_PATH, body.clone()).with_secret("authtoken", token);
        // Words that are handed over twice reach nobody twice.
        let saved = self.line.ask(true, build, verdict::judge).await;
        let Some(task) = verdict::task(&saved) else { return saved.answers(&messages) };
        let body = request::devices(&self.own, &messages, task, &key);
        let build = |token: &str, _| Call::json(LIST_PATH, body.clone()).with_secret("authtoken", token);
        // A list that is tried again is mostly another list, which the vendor would not know again.
        let mut judged = self.line.ask(false, build, verdict::judge).await;
        // Receipts name the task.
        for answer in judged.named.values_mut().chain([&mut judged.all]) {
            task.clone_into(&mut answer.said.request);
        }
        judged.answers(&messages)
    }
}

impl Channel for Vivo {
    fn limits(&self) -> Limits {
        Limits { batch_max: LIST_MAX, payload_bytes_max: request::PAIRS_UNITS, can_add_badge: false }
    }

    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        async move {
            let now = (self.line.clock)();
            let prepare = |message: &Outgoing| request::prepare(message, &self.own, now);
            let send = |prepared, messages| self.send(prepared, messages);
            batching::deliver(batch, LIST_MAX, request::check_token, prepare, send).await
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.line.close().boxed()
    }
}

/// Hands out sessions for a signature.
struct Door {
    client: Client,
    app_id: i64,
    app_key: String,
    app_secret: String,
}

/// The signature of a moment.
fn sign(app_id: i64, app_key: &str, app_secret: &str, now: Millis) -> String {
    let mut hash = Md5::new();
    for part in [&app_id.to_string(), app_key.trim(), &now.0.to_string(), app_secret.trim()] {
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

impl Grant for Door {
    fn fetch(&self, now: Millis) -> BoxFuture<'_, Result<Fresh, Refusal>> {
        async move {
            let sign = sign(self.app_id, &self.app_key, &self.app_secret, now);
            let body = json!({ "appId": self.app_id, "appKey": self.app_key, "timestamp": now.0, "sign": sign });
            let call = Call::json(AUTH_PATH, body.to_string());
            let reply = self.client.call(&call).await.map_err(|trouble| Box::new(lost(trouble, true)))?;
            let token = verdict::session(&reply, now)?;
            Ok(Fresh { token, renew_ms: RENEW_MS, life_ms: LIFE_MS })
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.client.close().boxed()
    }
}

/// The id by which the vendor knows a message to one device again.
fn request_id(message: &Outgoing) -> String {
    Uuid::from_bytes(message.id).simple().to_string()
}
