//! Tokens that a vendor hands out for a while: fetched once for all who wait, renewed early, given up when the vendor
//! refuses one.
//!
//! Nobody asks in a storm: one caller fetches while the others wait, and a failure is the answer of all who waited for
//! that attempt. While an old token still holds, its renewal keeps nobody but the renewing caller waiting.

use std::sync::Arc;

use contract::Millis;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use rustls::RootCertStore;
use serde::Deserialize;

use super::super::Refusal;
use super::{Call, Client, NONE, Tuning, UrlMalformed, lost, split_url};
use crate::channel::{Answer, Said, Scope, Status, Verdict};

/// How long a failed renewal is left alone while the old token holds.
const AGAIN_MS: i64 = 30_000;

/// A token, new.
#[derive(Debug, Clone)]
pub(crate) struct Fresh {
    pub(crate) token: String,
    /// When it is renewed.
    pub(crate) renew_ms: i64,
    /// How long it holds.
    pub(crate) life_ms: i64,
}

impl Fresh {
    /// Renewed when four fifths of its life are over.
    pub(crate) fn new(token: String, life_ms: i64) -> Self {
        Self { token, renew_ms: life_ms / 5 * 4, life_ms }
    }
}

/// How a vendor hands out tokens.
pub(crate) trait Grant: Send + Sync {
    /// Gets one. A failure is what every message is answered that needed it.
    fn fetch(&self, now: Millis) -> BoxFuture<'_, Result<Fresh, Refusal>>;

    /// Ends connections.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// The token of one credential.
pub(crate) struct Session {
    grant: Box<dyn Grant>,
    held: Mutex<Option<Held>>,
    /// Held while fetching; knows how many attempts there were and how the last one failed.
    gate: tokio::sync::Mutex<Failed>,
    attempts: Mutex<u64>,
}

#[derive(Clone)]
struct Held {
    token: Arc<str>,
    renew_at: Millis,
    ends_at: Millis,
}

#[derive(Default)]
struct Failed {
    attempt: u64,
    answer: Option<Refusal>,
}

impl Session {
    pub(crate) fn new(grant: impl Grant + 'static) -> Self {
        Self {
            grant: Box::new(grant),
            held: Mutex::default(),
            gate: tokio::sync::Mutex::default(),
            attempts: Mutex::default(),
        }
    }

    /// The token of the moment.
    pub(crate) async fn token(&self, now: Millis) -> Result<Arc<str>, Refusal> {
        let held = self.held(now);
        let seen = *self.attempts.lock();
        match held {
            Some(held) if now < held.renew_at => Ok(held.token),
            Some(held) => match self.gate.try_lock() {
                Ok(mut gate) => Ok(self.fetch(now, &mut gate).await.unwrap_or_else(|_| self.keep(held, now))),
                Err(_) => Ok(held.token),
            },
            None => {
                let mut gate = self.gate.lock().await;
                if let Some(held) = self.held(now) {
                    return Ok(held.token);
                }
                match &gate.answer {
                    // The attempt that this caller waited for.
                    Some(answer) if gate.attempt > seen => Err(answer.clone()),
                    _ => self.fetch(now, &mut gate).await,
                }
            }
        }
    }

    /// Gives up a token that the vendor refused; one that somebody has renewed meanwhile stays.
    pub(crate) fn give_up(&self, used: &str) {
        let mut held = self.held.lock();
        if held.as_ref().is_some_and(|held| *held.token == *used) {
            *held = None;
        }
    }

    pub(crate) async fn close(&self) {
        self.grant.close().await;
    }

    fn held(&self, now: Millis) -> Option<Held> {
        self.held.lock().clone().filter(|held| now < held.ends_at)
    }

    async fn fetch(&self, now: Millis, gate: &mut Failed) -> Result<Arc<str>, Refusal> {
        let fetched = self.grant.fetch(now).await;
        gate.attempt += 1;
        *self.attempts.lock() = gate.attempt;
        match fetched {
            Ok(fresh) => {
                let token: Arc<str> = Arc::from(fresh.token);
                let (renew_at, ends_at) = (now.plus(fresh.renew_ms), now.plus(fresh.life_ms));
                *self.held.lock() = Some(Held { token: Arc::clone(&token), renew_at, ends_at });
                gate.answer = None;
                Ok(token)
            }
            Err(answer) => {
                tracing::debug!(verdict = ?answer.verdict, "a vendor handed out no token");
                gate.answer = Some(answer.clone());
                Err(answer)
            }
        }
    }

    /// The old token holds on; its renewal is tried again soon.
    fn keep(&self, held: Held, now: Millis) -> Arc<str> {
        let token = Arc::clone(&held.token);
        *self.held.lock() = Some(Held { renew_at: now.plus(AGAIN_MS), ..held });
        token
    }
}

/// OAuth 2.0, client credentials: an app's id and secret for a bearer token.
pub(crate) struct ClientCredentials {
    client: Client,
    path: String,
    id: String,
    secret: String,
    /// What a refusal of id or secret is called.
    refused: Status,
}

/// Answers of OAuth endpoints; errors have words, sometimes numbers.
#[derive(Deserialize)]
pub(crate) struct Granted {
    #[serde(default)]
    pub(crate) access_token: String,
    #[serde(default)]
    pub(crate) expires_in: i64,
    #[serde(default)]
    pub(crate) error: serde_json::Value,
    #[serde(default)]
    pub(crate) error_description: String,
}

impl ClientCredentials {
    /// `url` is the endpoint; `path` stands in for a path that it lacks.
    pub(crate) fn new(
        (url, path): (&str, &str),
        (id, secret): (&str, &str),
        refused: Status,
        roots: Arc<RootCertStore>,
        tuning: Tuning,
    ) -> Result<Self, UrlMalformed> {
        let (base, path) = split_url(url, path)?;
        let client = Client::new(&base, roots, tuning)?;
        Ok(Self { client, path, id: id.to_owned(), secret: secret.to_owned(), refused })
    }
}

impl Grant for ClientCredentials {
    fn fetch(&self, now: Millis) -> BoxFuture<'_, Result<Fresh, Refusal>> {
        async move {
            let fields =
                [("grant_type", "client_credentials"), ("client_id", &*self.id), ("client_secret", &*self.secret)];
            let call = Call::form(&*self.path, fields);
            exchange(&self.client, &call, self.refused, now).await
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.client.close().boxed()
    }
}

/// Asks an OAuth endpoint. A token may be asked for again at any time, so an unknown outcome is only a delay.
pub(crate) async fn exchange(client: &Client, call: &Call, refused: Status, now: Millis) -> Result<Fresh, Refusal> {
    let reply = client.call(call).await.map_err(|trouble| Box::new(lost(trouble, true)))?;
    let granted = reply.json::<Granted>();
    match granted {
        Some(granted) if reply.status == 200 && !granted.access_token.is_empty() => {
            let life_ms = granted.expires_in.clamp(1, 86_400 * 7) * 1_000;
            Ok(Fresh::new(granted.access_token, life_ms))
        }
        _ => {
            let (code, text) = match &granted {
                Some(granted) if !granted.error.is_null() => (word(&granted.error), granted.error_description.clone()),
                // A body that may hold a token is not repeated.
                _ if reply.status == 200 => ("200".to_owned(), "an answer without a token".to_owned()),
                _ => (reply.status.to_string(), reply.body_text()),
            };
            let verdict = if reply.status == 429 || reply.status >= 500 {
                Verdict::Later { status: NONE, scope: Scope::Node, after_ms: reply.retry_after_ms(now) }
            } else {
                Verdict::Refused { status: refused, scope: Scope::App }
            };
            Err(Box::new(Answer { verdict, said: Said::new(code, text) }))
        }
    }
}

fn word(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures_util::future::join_all;

    use super::*;

    /// Hands out numbered tokens that live ten seconds, while it works.
    #[derive(Default)]
    struct Office {
        asked: AtomicU64,
        is_shut: AtomicU64,
    }

    impl Grant for Arc<Office> {
        fn fetch(&self, _: Millis) -> BoxFuture<'_, Result<Fresh, Refusal>> {
            async move {
                let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::task::yield_now().await;
                if self.is_shut.load(Ordering::SeqCst) == 1 {
                    let verdict = Verdict::Refused { status: NONE, scope: Scope::App };
                    return Err(Box::new(Answer { verdict, said: Said::new(number.to_string(), "shut") }));
                }
                Ok(Fresh::new(format!("token-{number}"), 10_000))
            }
            .boxed()
        }

        fn close(&self) -> BoxFuture<'_, ()> {
            std::future::ready(()).boxed()
        }
    }

    fn office() -> (Arc<Office>, Session) {
        let office = Arc::<Office>::default();
        (Arc::clone(&office), Session::new(office))
    }

    #[tokio::test]
    async fn a_hundred_callers_cause_one_request() {
        let (office, session) = office();
        let tokens = join_all((0..100).map(|_| session.token(Millis(0)))).await;
        assert!(tokens.iter().all(|token| token.as_deref() == Ok("token-1")));
        assert_eq!(office.asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn those_who_waited_for_a_failed_attempt_share_its_answer() {
        let (office, session) = office();
        office.is_shut.store(1, Ordering::SeqCst);
        let answers = join_all((0..100).map(|_| session.token(Millis(0)))).await;
        assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|answer| answer.said.code == "1")));
        assert_eq!(office.asked.load(Ordering::SeqCst), 1);
        office.is_shut.store(0, Ordering::SeqCst);
        assert_eq!(session.token(Millis(0)).await.as_deref(), Ok("token-2"), "the next caller asks anew");
    }

    #[tokio::test]
    async fn a_token_is_renewed_early_and_outlives_a_failed_renewal() {
        let (office, session) = office();
        assert_eq!(session.token(Millis(0)).await.as_deref(), Ok("token-1"));
        assert_eq!(session.token(Millis(7_999)).await.as_deref(), Ok("token-1"));
        office.is_shut.store(1, Ordering::SeqCst);
        assert_eq!(session.token(Millis(8_000)).await.as_deref(), Ok("token-1"));
        assert_eq!(session.token(Millis(9_000)).await.as_deref(), Ok("token-1"));
        assert_eq!(office.asked.load(Ordering::SeqCst), 2, "a failed renewal is left alone for a while");
        assert!(session.token(Millis(10_000)).await.is_err());
        office.is_shut.store(0, Ordering::SeqCst);
        assert_eq!(session.token(Millis(10_000)).await.as_deref(), Ok("token-4"));
        assert_eq!(session.token(Millis(18_000)).await.as_deref(), Ok("token-5"));
    }

    #[tokio::test]
    async fn a_refused_token_is_given_up_once() {
        let (office, session) = office();
        let used = session.token(Millis(0)).await.unwrap();
        for _ in 0..10 {
            session.give_up(&used);
            assert_eq!(session.token(Millis(1)).await.as_deref(), Ok("token-2"));
        }
        assert_eq!(office.asked.load(Ordering::SeqCst), 2);
    }
}
