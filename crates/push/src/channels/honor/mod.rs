//! Honor's push service. `request`, `verdict` and `receipt` are pure; only this file talks.

pub mod receipt;
mod request;
#[cfg(test)]
mod tests;
mod verdict;

use std::sync::Arc;

use contract::Millis;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use self::request::Prepared;
use super::wire::{Call, ClientCredentials, Line, Session};
use super::{Access, Malformed, batching};
use crate::channel::{Answer, Channel, Limits, Outgoing};

/// The service.
pub const BASE_URL: &str = "https://push-api.cloud.honor.com";
/// Where tokens are handed out.
pub const AUTH_URL: &str = "https://iam.developer.honor.com/auth/token";
const AUTH_PATH: &str = "/auth/token";
/// Tokens of one call.
const TOKENS_MAX: usize = 1_000;

/// What the channel is made of.
pub struct Settings {
    /// Where and how.
    pub access: Access,
    /// The app's id, as it stands in the address of calls.
    pub app_id: String,
    /// Who asks for tokens.
    pub client_id: String,
    /// The secret that proves it.
    pub client_secret: String,
    /// The class of the app's first page, which a badge needs.
    pub badge_class: Option<String>,
}

/// The channel.
pub struct Honor {
    line: Line,
    path: String,
    badge_class: Option<String>,
    defaults: Map<String, Value>,
}

impl Honor {
    /// Checks the settings; connects with the first message.
    pub fn new(settings: Settings) -> Result<Self, Malformed> {
        let Settings { access, app_id, client_id, client_secret, badge_class } = settings;
        let is_word = !app_id.is_empty() && app_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_word || client_id.is_empty() || client_secret.is_empty() {
            return Err(Malformed("app_id, client_id and client_secret are needed"));
        }
        let grant = ClientCredentials::new(
            (&access.auth_url, AUTH_PATH),
            (&client_id, &client_secret),
            verdict::AUTHENTICATION_FAILED,
            Arc::clone(&access.roots),
            access.tuning.clone(),
        )?;
        let client = access.client()?;
        let line = Line { client, session: Some(Session::new(grant)), clock: access.clock };
        Ok(Self { line, path: format!("/api/v1/{app_id}/sendMessage"), badge_class, defaults: access.defaults })
    }

    async fn send(&self, prepared: Arc<Prepared>, messages: Vec<&Outgoing>) -> Vec<Answer> {
        let body = request::body(&prepared, &messages);
        let build = |token: &str, now: Millis| {
            // Milliseconds; seconds are refused.
            Call::json(&*self.path, body.clone())
                .with_secret("authorization", &format!("Bearer {token}"))
                .with("timestamp", &now.0.to_string())
        };
        self.line.ask(prepared.is_repeatable, build, verdict::judge).await.answers(&messages)
    }
}

impl Channel for Honor {
    fn limits(&self) -> Limits {
        Limits { batch_max: TOKENS_MAX, payload_bytes_max: request::BODY_BYTES, can_add_badge: true }
    }

    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        async move {
            let now = (self.line.clock)();
            let prepare =
                |message: &Outgoing| request::prepare(message, &self.defaults, self.badge_class.as_deref(), now);
            let send = |prepared, messages| self.send(prepared, messages);
            batching::deliver(batch, TOKENS_MAX, request::check_token, prepare, send).await
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.line.close().boxed()
    }
}
