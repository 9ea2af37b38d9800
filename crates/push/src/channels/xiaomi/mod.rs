//! Xiaomi's push service. `request`, `verdict` and `receipt` are pure; only this file talks.

pub mod receipt;
mod request;
#[cfg(test)]
mod tests;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join};
use serde_json::{Map, Value};

use self::request::Prepared;
use super::wire::{Call, Line};
use super::{Access, Malformed, batching};
use crate::channel::{Answer, Channel, Limits, Outgoing, Scope, Verdict};

/// The service in mainland China; other regions have hosts of their own.
pub const BASE_URL: &str = "https://api.xmpush.xiaomi.com";
/// Tokens of one call.
const TOKENS_MAX: usize = 1_000;
/// Calls by which wrong tokens are searched for in one that was refused for some of them.
const SEARCHES_MAX: usize = 64;
const PATH: &str = "/v3/message/regid";

/// What the channel is made of.
pub struct Settings {
    /// Where and how.
    pub access: Access,
    /// The app's secret, not its key.
    pub app_secret: String,
    /// The app's package name.
    pub package_name: String,
}

/// The channel.
pub struct Xiaomi {
    line: Line,
    key: String,
    own: Own,
}

/// What every request of the channel says.
pub(super) struct Own {
    pub(super) package_name: String,
    pub(super) callback_url: Option<String>,
    pub(super) defaults: Map<String, Value>,
}

impl Xiaomi {
    /// Checks the settings; connects with the first message.
    pub fn new(settings: Settings) -> Result<Self, Malformed> {
        let Settings { access, app_secret, package_name } = settings;
        if app_secret.is_empty() || package_name.is_empty() {
            return Err(Malformed("app_secret and package_name are needed"));
        }
        let line = Line { client: access.client()?, session: None, clock: access.clock };
        let own = Own { package_name, callback_url: access.callback_url, defaults: access.defaults };
        Ok(Self { line, key: format!("key={app_secret}"), own })
    }

    async fn send(&self, prepared: Arc<Prepared>, messages: Vec<&Outgoing>) -> Vec<Answer> {
        let searches = AtomicUsize::new(0);
        self.part(&prepared, &messages, &searches).await
    }

    /// Sends to some devices. A call that is refused for a wrong token among many reached nobody, and the vendor does
    /// not say which one it is: it is searched for by halves.
    fn part<'a>(
        &'a self,
        prepared: &'a Prepared,
        messages: &'a [&'a Outgoing],
        searches: &'a AtomicUsize,
    ) -> BoxFuture<'a, Vec<Answer>> {
        async move {
            let call = Call::form(PATH, request::fields(prepared, messages)).with_secret("authorization", &self.key);
            let judged = self.line.ask(prepared.is_repeatable, |_, _| call.clone(), verdict::judge).await;
            let is_gone = matches!(judged.all.verdict, Verdict::Gone { .. });
            if !is_gone || messages.len() == 1 {
                return judged.answers(messages);
            }
            if searches.fetch_add(2, Ordering::Relaxed) >= SEARCHES_MAX {
                return judged.answers(messages).into_iter().map(undecided).collect();
            }
            let (one, two) = messages.split_at(messages.len() / 2);
            let (mut answers, more) =
                join(self.part(prepared, one, searches), self.part(prepared, two, searches)).await;
            answers.extend(more);
            answers
        }
        .boxed()
    }
}

/// A token among many of which some are wrong is not dropped.
fn undecided(answer: Answer) -> Answer {
    match answer.verdict {
        Verdict::Gone { status, .. } => Answer { verdict: Verdict::Refused { status, scope: Scope::Token }, ..answer },
        _ => answer,
    }
}

impl Channel for Xiaomi {
    fn limits(&self) -> Limits {
        Limits { batch_max: TOKENS_MAX, payload_bytes_max: request::PAYLOAD_BYTES, can_add_badge: false }
    }

    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        async move {
            let now = (self.line.clock)();
            let prepare = |message: &Outgoing| request::prepare(message, &self.own, now);
            let send = |prepared, messages| self.send(prepared, messages);
            batching::deliver(batch, TOKENS_MAX, request::check_token, prepare, send).await
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.line.close().boxed()
    }
}
