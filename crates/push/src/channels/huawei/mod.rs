//! Huawei's push service for Android. `request`, `verdict` and `receipt` are pure; only this file talks.

pub mod receipt;
mod request;
#[cfg(test)]
mod tests;
mod verdict;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use self::request::Prepared;
use super::wire::{Call, ClientCredentials, Judged, Line, NONE, Session};
use super::{Access, Malformed, batching};
use crate::channel::{Answer, Channel, Limits, Outgoing, Recall};

/// The service.
pub const BASE_URL: &str = "https://push-api.cloud.huawei.com";
/// Where tokens are handed out.
pub const AUTH_URL: &str = "https://oauth-login.cloud.huawei.com/oauth2/v3/token";
const AUTH_PATH: &str = "/oauth2/v3/token";
/// Tokens of one call.
const TOKENS_MAX: usize = 1_000;

/// What the channel is made of.
pub struct Settings {
    /// Where and how.
    pub access: Access,
    /// The app's id, which is also who asks for tokens.
    pub app_id: String,
    /// The app's secret.
    pub app_secret: String,
    /// The project, where the app's tokens belong to several senders.
    pub project_id: Option<String>,
    /// The class of the app's first page, which some launchers need for a badge.
    pub badge_class: Option<String>,
}

/// The channel.
pub struct Huawei {
    line: Line,
    send_path: String,
    recall_path: String,
    badge_class: Option<String>,
    defaults: Map<String, Value>,
}

impl Huawei {
    /// Checks the settings; connects with the first message.
    pub fn new(settings: Settings) -> Result<Self, Malformed> {
        let Settings { access, app_id, app_secret, project_id, badge_class } = settings;
        if app_id.is_empty() || !app_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) || app_secret.is_empty() {
            return Err(Malformed("app_id and app_secret are needed"));
        }
        let grant = ClientCredentials::new(
            (&access.auth_url, AUTH_PATH),
            (&app_id, &app_secret),
            NONE,
            Arc::clone(&access.roots),
            access.tuning.clone(),
        )?;
        let client = access.client()?;
        let send_path = match project_id.filter(|project| !project.is_empty()) {
            Some(project) => format!("/v2/{project}/messages:send"),
            None => format!("/v1/{app_id}/messages:send"),
        };
        let recall_path = format!("/v1/{app_id}/messages:revoke");
        let line = Line { client, session: Some(Session::new(grant)), clock: access.clock };
        Ok(Self { line, send_path, recall_path, badge_class, defaults: access.defaults })
    }

    async fn ask(&self, path: &str, body: &str, is_repeatable: bool) -> Judged {
        let build =
            |token: &str, _| Call::json(path, body.to_owned()).with_secret("authorization", &format!("Bearer {token}"));
        self.line.ask(is_repeatable, build, verdict::judge).await
    }

    async fn send(&self, prepared: Arc<Prepared>, messages: Vec<&Outgoing>) -> Vec<Answer> {
        let body = request::body(&prepared, &messages);
        self.ask(&self.send_path, &body, prepared.is_repeatable).await.answers(&messages)
    }
}

impl Channel for Huawei {
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

    fn recall<'a>(&'a self, recalls: &'a [Recall]) -> Option<BoxFuture<'a, Vec<Answer>>> {
        let ask = move |number, tokens: Vec<&'a str>| async move {
            self.ask(&self.recall_path, &request::recall(number, &tokens), true).await
        };
        Some(batching::recall(recalls, TOKENS_MAX, ask).boxed())
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.line.close().boxed()
    }
}
