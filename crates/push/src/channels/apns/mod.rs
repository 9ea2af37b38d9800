//! Apple's push service. `request` and `verdict` are pure, `token` signs, `stages` chooses between the two services; the wire's pool keeps HTTP/2 connections, and
//! only it, driven from here, talks.

mod request;
mod stages;
#[cfg(test)]
mod tests;
mod token;
pub mod verdict;

use std::fmt;
use std::sync::Arc;

use contract::notification::Notification;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use http::HeaderValue;
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsConnector;

use self::request::{Local, Prepared};
pub use self::stages::Stages;
use self::token::Signer;
use self::verdict::{Consequence, Raw, judge};
pub use super::Tuning;
use super::wire::{self, Pool, Protocol, Reply, Trouble};
use crate::channel::{Answer, Channel, Clock, Limits, Outgoing, Said, Scope, Verdict};

/// The service for apps from the store.
pub const PRODUCTION: &str = "https://api.push.apple.com";
/// The service for apps signed for development.
pub const DEVELOPMENT: &str = "https://api.sandbox.push.apple.com";

/// Messages in flight at once; a batch over this is worked off in rounds.
const BATCH: usize = 1_000;
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 4 * 1_024;

/// What the channel is made of.
pub struct Settings {
    /// How the app proves itself.
    pub credential: Credential,
    /// The bundle id; may be absent with a certificate of one topic.
    pub topic: Option<String>,
    /// [`PRODUCTION`], [`DEVELOPMENT`] or a service that plays it.
    pub base_url: String,
    /// Whom to trust.
    pub roots: Arc<RootCertStore>,
    /// Tells the time for provider tokens.
    pub clock: Clock,
    /// Bounds and times.
    pub tuning: Tuning,
}

/// How an app proves itself.
pub enum Credential {
    /// A signing key of a team.
    Key {
        /// The text of the `.p8` file.
        p8: String,
        /// The ten characters that name the key.
        key: String,
        /// The ten characters that name the team.
        team: String,
    },
    /// A client certificate with its key, leaf first.
    Certificate {
        /// The chain.
        chain: Vec<CertificateDer<'static>>,
        /// The key of the leaf.
        key: PrivateKeyDer<'static>,
    },
}

/// Why a channel cannot be made of its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialFault {
    /// The `.p8` text is no EC P-256 key in PKCS#8.
    KeyMalformed,
    /// The p12 or PEM text is damaged, or holds no certificate with a fitting key.
    CertificateMalformed,
    /// The p12 does not open with this password.
    PasswordWrong,
    /// The base URL is not `https://host[:port]`.
    UrlMalformed,
    /// The topic cannot stand in a header.
    TopicMalformed,
}

impl fmt::Display for CredentialFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyMalformed => "the signing key is not an EC P-256 key in PKCS#8",
            Self::CertificateMalformed => "no certificate with a fitting key",
            Self::PasswordWrong => "the p12 does not open with this password",
            Self::UrlMalformed => "the base URL is not https://host[:port]",
            Self::TopicMalformed => "the topic cannot stand in a header",
        })
    }
}

impl std::error::Error for CredentialFault {}

impl Credential {
    /// Opens a p12 file.
    pub fn from_p12(p12: &[u8], password: &str) -> Result<Self, CredentialFault> {
        let store = KeyStore::from_pkcs12(p12, password, Pkcs12ImportPolicy::Relaxed).map_err(|error| match error {
            p12_keystore::error::Error::MacError(_) => CredentialFault::PasswordWrong,
            _ => CredentialFault::CertificateMalformed,
        })?;
        let (_, entry) = store.private_key_chain().ok_or(CredentialFault::CertificateMalformed)?;
        let chain: Vec<_> =
            entry.certs().iter().map(|certificate| CertificateDer::from(certificate.as_der().to_vec())).collect();
        if chain.is_empty() {
            return Err(CredentialFault::CertificateMalformed);
        }
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(entry.key().as_der().to_vec()));
        Ok(Self::Certificate { chain, key })
    }

    /// Reads certificate and key from PEM text, in one file or two put together.
    pub fn from_pem(pem: &str) -> Result<Self, CredentialFault> {
        let chain = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| CredentialFault::CertificateMalformed)?;
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| CredentialFault::CertificateMalformed)?;
        if chain.is_empty() { Err(CredentialFault::CertificateMalformed) } else { Ok(Self::Certificate { chain, key }) }
    }
}

/// A notification built, or the refusal that needs no wire.
type Ready = Result<Arc<Prepared>, Local>;

/// The channel.
pub struct Apns {
    pool: Pool,
    signer: Option<Signer>,
    base_url: String,
    topic: Option<String>,
    clock: Clock,
}

impl Apns {
    /// Checks the settings; connects with the first message.
    pub fn new(settings: Settings) -> Result<Self, CredentialFault> {
        let (target, base_url) = wire::target(&settings.base_url).map_err(|_| CredentialFault::UrlMalformed)?;
        if settings.topic.as_deref().is_some_and(|topic| HeaderValue::from_str(topic).is_err()) {
            return Err(CredentialFault::TopicMalformed);
        }
        let builder = wire::builder(settings.roots);
        let (mut config, signer) = match settings.credential {
            Credential::Key { p8, key, team } => {
                let signer = Signer::new(&p8, &key, &team).ok_or(CredentialFault::KeyMalformed)?;
                (builder.with_no_client_auth(), Some(signer))
            }
            Credential::Certificate { chain, key } => {
                let config = builder.with_client_auth_cert(chain, key);
                (config.map_err(|_| CredentialFault::CertificateMalformed)?, None)
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let tuning = Tuning { answer_bytes: ANSWER_BYTES, ..settings.tuning };
        let pool = Pool::new(target, TlsConnector::from(Arc::new(config)), tuning, Protocol::Http2);
        Ok(Self { pool, signer, base_url, topic: settings.topic, clock: settings.clock })
    }

    async fn send(&self, prepared: &Prepared, outgoing: &Outgoing) -> Answer {
        let authorization = match &self.signer {
            None => None,
            Some(signer) => match signer.authorization((self.clock)()) {
                Some(header) => Some(header),
                None => return unsigned(),
            },
        };
        let request = request::request(&self.base_url, prepared, outgoing, authorization.as_ref());
        match self.pool.send(&request, &prepared.body).await {
            Ok((reply, connection)) => {
                self.pool.praise();
                let (answer, consequence) = answer(&raw(reply));
                match consequence {
                    Consequence::Nothing => answer,
                    Consequence::ConnectionSpent => {
                        connection.retire();
                        answer
                    }
                    Consequence::TokenExpired => self.renew(answer, authorization.as_ref()),
                }
            }
            Err(Trouble::Closed(text)) => Answer {
                verdict: Verdict::Later { status: verdict::CONN_CLOSED, scope: Scope::Node, after_ms: None },
                said: Said::local(text),
            },
            Err(Trouble::Unavailable { text, after_ms }) => Answer {
                verdict: Verdict::Later { status: verdict::CONN_UNAVAILABLE, scope: Scope::Node, after_ms },
                said: Said::local(text),
            },
        }
    }

    /// A young token cannot have expired: then a clock is wrong, and every message would fare the same.
    fn renew(&self, answer: Answer, used: Option<&HeaderValue>) -> Answer {
        let is_renewed = match (&self.signer, used) {
            (Some(signer), Some(used)) => signer.give_up(used, (self.clock)()),
            _ => false,
        };
        if is_renewed {
            return answer;
        }
        let verdict = Verdict::Refused { status: verdict::BAD_CERTIFICATE, scope: Scope::App };
        Answer { verdict, ..answer }
    }

    /// Builds each notification once per run of messages that share it.
    fn prepare(&self, batch: &[Outgoing]) -> Vec<Ready> {
        let mut last: Option<(&Arc<Notification>, Ready)> = None;
        let mut all = Vec::with_capacity(batch.len());
        for outgoing in batch {
            let prepared = match &last {
                Some((notification, prepared)) if Arc::ptr_eq(notification, &outgoing.notification) => prepared.clone(),
                _ => request::prepare(&outgoing.notification, self.topic.as_deref()).map(Arc::new),
            };
            last = Some((&outgoing.notification, prepared.clone()));
            // Without a token nothing else matters.
            all.push(request::check_token(&outgoing.token).and(prepared));
        }
        all
    }
}

impl Channel for Apns {
    fn limits(&self) -> Limits {
        Limits { batch_max: BATCH, payload_bytes_max: request::PAYLOAD_BYTES, can_add_badge: false }
    }

    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        async move {
            let mut answers = Vec::with_capacity(batch.len());
            for round in batch.chunks(BATCH) {
                let prepared = self.prepare(round);
                let sent = round.iter().zip(&prepared).map(|(outgoing, prepared)| async move {
                    match prepared {
                        Ok(prepared) => self.send(prepared, outgoing).await,
                        Err((verdict, word)) => Answer { verdict: *verdict, said: Said::local(*word) },
                    }
                });
                answers.extend(join_all(sent).await);
            }
            answers
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.pool.close().boxed()
    }
}

fn answer(raw: &Raw) -> (Answer, Consequence) {
    let (verdict, consequence, text) = judge(raw);
    let said = Said { request: raw.request.clone(), ..Said::new(raw.status.to_string(), text) };
    (Answer { verdict, said }, consequence)
}

/// The key was tried when the channel was made, so this is a fault of the credential all the same.
fn unsigned() -> Answer {
    let verdict = Verdict::Refused { status: verdict::BAD_CERTIFICATE, scope: Scope::App };
    Answer { verdict, said: Said::local("the provider token could not be signed") }
}

fn raw(reply: Reply) -> Raw {
    Raw {
        status: reply.status,
        retry_after_s: reply.text("retry-after").and_then(|seconds| seconds.parse().ok()),
        request: reply.text("apns-id").unwrap_or("").chars().take(64).collect(),
        body: reply.body,
    }
}
