//! HarmonyOS's push service. `request`, `verdict` and `receipt` are pure, `token` signs; only this file talks.

pub mod receipt;
mod request;
#[cfg(test)]
mod tests;
mod token;
mod verdict;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value};

use self::request::Prepared;
use self::token::Signer;
use super::wire::{Call, Judged, Line, Session};
use super::{Access, Malformed, batching};
use crate::channel::{Answer, Channel, Limits, Outgoing, Recall};

/// The service.
pub const BASE_URL: &str = "https://push-api.cloud.huawei.com";
/// Tokens of one call.
const TOKENS_MAX: usize = 1_000;

/// What the channel is made of.
pub struct Settings {
    /// Where and how.
    pub access: Access,
    /// The service account's key file, as it was downloaded.
    pub key_file: String,
    /// The app's id, which taking back goes by.
    pub client_id: Option<String>,
}

/// What is read of a key file.
#[derive(Deserialize)]
struct KeyFile {
    project_id: String,
    key_id: String,
    private_key: String,
    sub_account: String,
}

/// The channel.
pub struct Harmony {
    line: Line,
    send_path: String,
    recall_path: Option<String>,
    defaults: Map<String, Value>,
}

impl Harmony {
    /// Checks the settings; connects with the first message.
    pub fn new(settings: Settings) -> Result<Self, Malformed> {
        let Settings { access, key_file, client_id } = settings;
        let file: KeyFile = serde_json::from_str(&key_file)
            .map_err(|_| Malformed("the key file lacks project_id, key_id, private_key or sub_account"))?;
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_word(&file.project_id) || client_id.as_deref().is_some_and(|id| !is_word(id)) {
            return Err(Malformed("project_id and client_id are numbers"));
        }
        let signer = Signer::new(&file.private_key, &file.key_id, &file.sub_account)
            .ok_or(Malformed("the private key is no RSA key in PKCS#8"))?;
        let line = Line { client: access.client()?, session: Some(Session::new(signer)), clock: access.clock };
        Ok(Self {
            line,
            send_path: format!("/v3/{}/messages:send", file.project_id),
            recall_path: client_id.map(|id| format!("/v1/{id}/messages:revoke")),
            defaults: access.defaults,
        })
    }

    async fn ask(&self, path: &str, push_type: i64, body: &str, is_repeatable: bool) -> Judged {
        let build = |token: &str, _| {
            Call::json(path, body.to_owned())
                .with_secret("authorization", &format!("Bearer {token}"))
                .with("push-type", &push_type.to_string())
        };
        self.line.ask(is_repeatable, build, verdict::judge).await
    }

    async fn send(&self, prepared: Arc<Prepared>, messages: Vec<&Outgoing>) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(messages.len());
        // Some kinds take one token a call, tests take ten.
        for part in messages.chunks(prepared.tokens_max) {
            let body = request::body(&prepared, part);
            let judged = self.ask(&self.send_path, prepared.push_type, &body, prepared.is_repeatable).await;
            answers.extend(judged.answers(part));
        }
        answers
    }
}

impl Channel for Harmony {
    fn limits(&self) -> Limits {
        Limits { batch_max: TOKENS_MAX, payload_bytes_max: request::BODY_BYTES, can_add_badge: true }
    }

    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        async move {
            let now = (self.line.clock)();
            let prepare = |message: &Outgoing| request::prepare(message, &self.defaults, now);
            let send = |prepared, messages| self.send(prepared, messages);
            batching::deliver(batch, TOKENS_MAX, request::check_token, prepare, send).await
        }
        .boxed()
    }

    fn recall<'a>(&'a self, recalls: &'a [Recall]) -> Option<BoxFuture<'a, Vec<Answer>>> {
        let path = self.recall_path.as_deref()?;
        let ask = move |number, tokens: Vec<&'a str>| async move {
            self.ask(path, request::ALERT, &request::recall(number, &tokens), true).await
        };
        Some(batching::recall(recalls, TOKENS_MAX, ask).boxed())
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.line.close().boxed()
    }
}
