//! The endpoint of one app: its target, its circuit, and how many calls may wait for it.
//!
//! An app has an endpoint of its own, so a dead one slows nobody else: its calls fill their own places, its circuit
//! shuts, and from then on a call is refused at once instead of waiting for its time to run out.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contract::webhook::{Origin, Via, Webhook};
use contract::{AppId, Millis, limit};
use http::Uri;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use store::apps::App;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::circuit::{Circuit, Gate};
use crate::im::operations::tally::Tally;
use crate::outbound::{Papers, Reply, Target, Trouble};

/// Calls of before webhooks of one app that wait for their answer: a few hundred a second at a tenth of a second each.
const ASKED_MAX: usize = 256;

/// Where an app's webhooks go.
pub(super) struct Endpoint {
    tally: Arc<Tally>,
    /// For calls that somebody waits for, and for those that tell what happened, which are made on another runtime.
    asked: Result<Target, String>,
    told: Result<Target, String>,
    circuit: Mutex<Circuit>,
    /// Places of calls that somebody waits for.
    pub(super) places: Semaphore,
    url: String,
    ca_pem: String,
    client_pem: String,
    signed: Mutex<Signed>,
    line: Mutex<Option<Line>>,
}

/// The signature of the second under way: many calls share it.
#[derive(Default)]
struct Signed {
    token: String,
    second: i64,
    sign: String,
}

/// What the last call asked for: those of the same second, by the same caller and of the same webhook ask for it, too.
struct Line {
    token: String,
    second: i64,
    webhook: Webhook,
    origin: Origin,
    uri: Uri,
}

/// Why a call brought no answer that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Miss {
    /// It was not made: the endpoint is left alone until then.
    Shut(Instant),
    /// There was none.
    Trouble(Trouble),
    /// Its HTTP status is not 200.
    Status(u16),
    /// The URL cannot be called.
    Url(String),
}

impl Miss {
    /// A word for metrics.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Shut(_) => "shut",
            Self::Trouble(trouble) => trouble.as_str(),
            Self::Status(_) => "status",
            Self::Url(_) => "url",
        }
    }
}

/// The endpoints that were used.
pub(super) struct Endpoints {
    all: Mutex<HashMap<AppId, Arc<Endpoint>>>,
    tally: Arc<Tally>,
}

impl Endpoints {
    /// None yet; calls will be counted there.
    pub(super) fn new(tally: Arc<Tally>) -> Self {
        Self { all: Mutex::default(), tally }
    }

    /// The endpoint of an app as its settings are now.
    pub(super) fn of(&self, app: &App, allowed: &Arc<[String]>) -> Arc<Endpoint> {
        let (settings, client_pem) = (&app.settings.webhook, &app.secrets.webhook_client_pem);
        let mut all = self.all.lock();
        if let Some(known) = all.get(&app.id)
            && known.url == settings.url
            && known.ca_pem == settings.ca_pem
            && known.client_pem == *client_pem
        {
            return Arc::clone(known);
        }
        let papers = Papers { ca_pem: &settings.ca_pem, client_pem };
        let target = || Target::new(&settings.url, papers, Arc::clone(allowed));
        let endpoint = Arc::new(Endpoint {
            tally: Arc::clone(&self.tally),
            asked: target(),
            told: target(),
            circuit: Mutex::default(),
            places: Semaphore::new(ASKED_MAX),
            url: settings.url.clone(),
            ca_pem: settings.ca_pem.clone(),
            client_pem: client_pem.clone(),
            signed: Mutex::default(),
            line: Mutex::default(),
        });
        all.insert(app.id, Arc::clone(&endpoint));
        endpoint
    }
}

/// One call of a webhook.
pub(super) struct Call<'a> {
    pub(super) app: &'a App,
    pub(super) webhook: Webhook,
    pub(super) origin: Origin,
    /// JSON.
    pub(super) body: Bytes,
    pub(super) now: Millis,
}

impl Endpoint {
    /// Asks before something happens, unless the endpoint is left alone at the moment.
    pub(super) async fn ask(&self, call: Call<'_>) -> Result<Reply, Miss> {
        self.call(&self.asked, call).await
    }

    /// Tells what happened, unless the endpoint is left alone at the moment.
    pub(super) async fn tell(&self, call: Call<'_>) -> Result<(), Miss> {
        self.call(&self.told, call).await.map(drop)
    }

    async fn call(&self, target: &Result<Target, String>, call: Call<'_>) -> Result<Reply, Miss> {
        let target = target.as_ref().map_err(|what| Miss::Url(what.clone()))?;
        if let Gate::Shut(until) = self.circuit.lock().enter(Instant::now()) {
            return Err(Miss::Shut(until));
        }
        let wait = call.app.settings.webhook.commands.get(call.webhook.command()).map(|own| own.timeout_ms);
        let wait = Duration::from_millis(wait.unwrap_or(limit::WEBHOOK_TIMEOUT_MS));
        let started = Instant::now();
        let line = self.line(target, &call);
        let posting = async { target.post(line?, call.body, wait, limit::WEBHOOK_ANSWER_BYTES).await };
        let outcome = match posting.await {
            Ok(reply) if reply.status == 200 => Ok(reply),
            Ok(reply) => Err(Miss::Status(reply.status)),
            Err(trouble) => Err(Miss::Trouble(trouble)),
        };
        let (app, command) = (call.app.id, call.webhook.command());
        let word = outcome.as_ref().map_or_else(Miss::as_str, |_| "ok");
        metrics::histogram!("noroshi_webhook_call_seconds", "command" => command)
            .record(started.elapsed().as_secs_f64());
        metrics::counter!("noroshi_webhook_calls_total", "command" => command, "outcome" => word).increment(1);
        self.tally.hear_call(app, call.now, outcome.is_ok());
        self.learn(app, outcome.as_ref().err());
        outcome
    }

    /// The request line of a call, whichever of the targets it is for: both have the same URL.
    fn line(&self, target: &Target, call: &Call<'_>) -> Result<Uri, Trouble> {
        let (token, second) = (&call.app.secrets.webhook_token, call.now.secs());
        let mut line = self.line.lock();
        if let Some(line) = &*line
            && (line.second, line.webhook, line.origin) == (second, call.webhook, call.origin)
            && line.token == *token
        {
            return Ok(line.uri.clone());
        }
        let uri = target.line(&self.query(call))?;
        let (token, webhook, origin) = (token.clone(), call.webhook, call.origin);
        *line = Some(Line { token, second, webhook, origin, uri: uri.clone() });
        Ok(uri)
    }

    /// The query of the contract, signed if the app has a token.
    fn query(&self, call: &Call<'_>) -> String {
        let Call { app, webhook, origin, now, .. } = call;
        let mut query = format!("SdkAppid={}&CallbackCommand={}&contenttype=json", app.id, webhook.command());
        let mut add = |name: &str, value: fmt::Arguments<'_>| {
            write!(query, "&{name}={value}").expect("a string takes every write");
        };
        // The contract says of the one neither whence nor by which client, of the other not whence.
        let has_platform = *webhook != Webhook::MemberStateChange;
        let has_ip = has_platform && *webhook != Webhook::GroupSendMsgException;
        if let Some(ip) = origin.ip.filter(|_| has_ip) {
            add("ClientIP", format_args!("{}", ip.to_canonical()));
        }
        if has_platform {
            let platform = match (webhook, origin.via) {
                // The contract spells it so in this webhook alone.
                (Webhook::StateChange, Via::Ios) => "IOS",
                (_, via) => via.as_str(),
            };
            add("OptPlatform", format_args!("{platform}"));
        }
        let token = &app.secrets.webhook_token;
        if !token.is_empty() {
            let mut signed = self.signed.lock();
            if signed.second != now.secs() || signed.token != *token {
                *signed = Signed { token: token.clone(), second: now.secs(), sign: sign(token, *now) };
            }
            add("Sign", format_args!("{}", signed.sign));
            add("RequestTime", format_args!("{}", signed.second));
        }
        query
    }

    /// Notes that an answer, though it came, was none: what it holds is not what the contract says.
    pub(super) fn note_garbage(&self, app: AppId) {
        if self.circuit.lock().learn(false, Instant::now()) {
            tracing::warn!(%app, "a webhook answers what is no answer and is left alone for a while");
        }
    }

    fn learn(&self, app: AppId, miss: Option<&Miss>) {
        let is_shut = self.circuit.lock().learn(miss.is_none(), Instant::now());
        match miss {
            // The URL may hold what an app's owner wants nobody to read: it is in no line.
            Some(miss) if is_shut => tracing::warn!(%app, ?miss, "a webhook fails and is left alone for a while"),
            Some(miss) => tracing::debug!(%app, ?miss, "a call of a webhook failed"),
            None => {}
        }
    }

    /// Whether a call ended well since a moment.
    pub(super) fn was_well_since(&self, moment: Instant) -> bool {
        self.circuit.lock().was_well_since(moment)
    }
}

/// Whether a query is signed with a token: what every receiver has to check, besides the second being a recent one.
pub fn is_signed(token: &str, query: &str) -> bool {
    let of = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let time = of("RequestTime").and_then(|time| time.parse().ok()).map(Millis::from_secs);
    time.is_some_and(|time| of("Sign").is_some_and(|given| given.as_bytes().ct_eq(sign(token, time).as_bytes()).into()))
}

/// The hexadecimal SHA-256 of the token and the second, one behind the other.
pub(super) fn sign(token: &str, now: Millis) -> String {
    hex::encode(Sha256::new().chain_update(token).chain_update(now.secs().to_string()).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_signed_with_the_token_and_the_second() {
        let expected = "e78a85473bed2cdc8d6fa8c4d5a4ba4735fd64156e15a99516b9890293e135de";
        assert_eq!(sign("xxxyyy", Millis(1_669_872_112_999)), expected);
        let query = format!("SdkAppid=1&Sign={expected}&RequestTime=1669872112");
        assert!(is_signed("xxxyyy", &query));
        for (token, query) in [("xxxyyz", query.as_str()), ("xxxyyy", "Sign=&RequestTime=1"), ("xxxyyy", "")] {
            assert!(!is_signed(token, query), "{query}");
        }
    }
}
