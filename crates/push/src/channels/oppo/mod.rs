//! OPPO's push service, which realme and OnePlus share. `request`, `verdict` and `receipt` are pure; only this file
//! talks.

pub mod receipt;
mod request;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::HashMap;
use std::sync::Arc;

use contract::Millis;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::wire::{Call, Client, Fresh, Grant, Line, Session, lost};
use super::{Access, Malformed, Refusal, batching};
use crate::channel::{Answer, Channel, Limits, Outgoing};

/// The service in China; the one for other countries has a host of its own.
pub const BASE_URL: &str = "https://api.push.oppomobile.com";
/// Messages of one call.
const MESSAGES_MAX: usize = 1_000;
const AUTH_PATH: &str = "/server/v1/auth";
const ONE_PATH: &str = "/server/v1/message/notification/unicast";
const MANY_PATH: &str = "/server/v1/message/notification/unicast_batch";
/// A session holds for a day; an hour is what the vendor advises.
const RENEW_MS: i64 = 3_600_000;
const LIFE_MS: i64 = 23 * 3_600_000;

/// What the channel is made of.
pub struct Settings {
    /// Where and how.
    pub access: Access,
    /// The app's key.
    pub app_key: String,
    /// The server's secret, not the one that is built into the app.
    pub master_secret: String,
}

/// The channel.
pub struct Oppo {
    line: Line,
    own: Own,
}

/// What every request of the channel says.
pub(super) struct Own {
    pub(super) callback_url: Option<String>,
    pub(super) defaults: Map<String, Value>,
}

/// Notifications as they were built, by where their notification lies in memory: a batch holds it for as long.
type Built = Mutex<HashMap<usize, Result<Arc<str>, Refusal>>>;

impl Oppo {
    /// Checks the settings; connects with the first message.
    pub fn new(settings: Settings) -> Result<Self, Malformed> {
        let Settings { access, app_key, master_secret } = settings;
        if app_key.is_empty() || master_secret.is_empty() {
            return Err(Malformed("app_key and master_secret are needed"));
        }
        let door = Door { client: access.client()?, app_key, master_secret };
        let line = Line { client: access.client()?, session: Some(Session::new(door)), clock: access.clock };
        Ok(Self { line, own: Own { callback_url: access.callback_url, defaults: access.defaults } })
    }

    fn build(&self, built: &Built, message: &Outgoing, now: Millis) -> Result<Arc<str>, Refusal> {
        let place = Arc::as_ptr(&message.notification).addr();
        let make = || request::notification(message, &self.own, now).map(Arc::from);
        built.lock().entry(place).or_insert_with(make).clone()
    }

    async fn send(&self, built: &Built, messages: Vec<&Outgoing>, now: Millis) -> Vec<Answer> {
        let notifications: Vec<Arc<str>> =
            messages.iter().filter_map(|message| self.build(built, message, now).ok()).collect();
        let (path, name, text) = match (&messages[..], &notifications[..]) {
            ([message], [notification]) => (ONE_PATH, "message", request::one(message, notification)),
            _ => (MANY_PATH, "messages", request::many(&messages, &notifications)),
        };
        let call = |token: &str, _| Call::form(path, [("auth_token", token), (name, &text)]);
        // Each message has an id of its own by which the vendor knows it again.
        self.line.ask(true, call, verdict::judge).await.answers(&messages)
    }
}

impl Channel for Oppo {
    fn limits(&self) -> Limits {
        Limits { batch_max: MESSAGES_MAX, payload_bytes_max: request::PARAMETERS_BYTES, can_add_badge: false }
    }

    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        async move {
            let now = (self.line.clock)();
            let built = Built::default();
            // One call carries different words to different devices, so all of them are one group.
            let prepare = |message: &Outgoing| self.build(&built, message, now).map(drop);
            let send = |_, messages| self.send(&built, messages, now);
            batching::deliver(batch, MESSAGES_MAX, request::check_token, prepare, send).await
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
    app_key: String,
    master_secret: String,
}

/// The signature of a moment.
fn sign(app_key: &str, master_secret: &str, now: Millis) -> String {
    let mut hash = Sha256::new();
    hash.update(app_key);
    hash.update(now.0.to_string());
    hash.update(master_secret);
    hex::encode(hash.finalize())
}

impl Grant for Door {
    fn fetch(&self, now: Millis) -> BoxFuture<'_, Result<Fresh, Refusal>> {
        async move {
            let (time, sign) = (now.0.to_string(), sign(&self.app_key, &self.master_secret, now));
            let call = Call::form(AUTH_PATH, [("app_key", &*self.app_key), ("timestamp", &time), ("sign", &sign)]);
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
