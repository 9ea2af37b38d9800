//! Who may send: provider tokens really verified, client certificates judged by issuer, validity and environment.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rustls_pki_types::CertificateDer;
use serde::Deserialize;
use x509_parser::der_parser::ber::{BerObject, BerObjectContent};
use x509_parser::der_parser::oid;
use x509_parser::der_parser::parse_der;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Environment, Refusal};
use crate::tls::ClientCertificate;

/// A provider token lives for an hour.
const TOKEN_LIFE_S: i64 = 3_600;
/// A connection may see a new provider token this often.
const TOKEN_UPDATE_MS: i64 = 20 * 60 * 1_000;
/// How far ahead a sender's clock may be. Apple names no number; this is generous.
const TOKEN_AHEAD_S: i64 = 600;
/// Bytes of a provider token; real ones are under 300.
const TOKEN_BYTES: usize = 2_048;

const OID_DEVELOPMENT: &[u64] = &[1, 2, 840, 113_635, 100, 6, 3, 1];
const OID_PRODUCTION: &[u64] = &[1, 2, 840, 113_635, 100, 6, 3, 2];
const OID_TOPICS: &[u64] = &[1, 2, 840, 113_635, 100, 6, 3, 6];

/// A team's signing key.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) team: String,
    pub(super) public: DecodingKey,
    /// None means both.
    pub(super) environment: Option<Environment>,
    /// Empty means every bundle of the team.
    pub(super) bundles: Vec<String>,
    pub(super) is_enabled: bool,
}

/// What a connection has shown of itself.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) environment: Environment,
    pub(super) certificate: Option<Result<Certified, Refusal>>,
    /// The provider token that was accepted last, and when.
    token: Option<Accepted>,
}

#[derive(Debug)]
struct Accepted {
    text: String,
    key_id: String,
    issued_s: i64,
    at_ms: i64,
}

/// What a valid client certificate allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certified {
    pub(super) bundle: String,
    /// Empty for a certificate of one topic.
    pub(super) topics: Vec<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    iat: Option<serde_json::Number>,
}

impl Session {
    pub(super) fn new(environment: Environment, certificate: Option<Result<Certified, Refusal>>) -> Self {
        Self { environment, certificate, token: None }
    }

    /// Verifies the `authorization` header and remembers the token; answers with the key that signed it.
    pub(super) fn check_token(
        &mut self,
        authorization: Option<&str>,
        now_ms: i64,
        key_of: impl Fn(&str) -> Option<Key>,
    ) -> Result<Key, Refusal> {
        let invalid = || Refusal::new(403, "InvalidProviderToken");
        let Some(authorization) = authorization else { return Err(Refusal::new(403, "MissingProviderToken")) };
        let (scheme, text) = authorization.split_once(' ').ok_or_else(invalid)?;
        if !scheme.eq_ignore_ascii_case("bearer") || text.len() > TOKEN_BYTES {
            return Err(invalid());
        }
        if text.is_empty() {
            return Err(Refusal::new(403, "MissingProviderToken"));
        }
        let known = self.token.as_ref().filter(|accepted| accepted.text == text);
        let (key_id, key, issued_s) = if let Some(known) = known {
            (known.key_id.clone(), key_of(&known.key_id).ok_or_else(invalid)?, known.issued_s)
        } else {
            verify(text, &key_of).ok_or_else(invalid)?
        };
        let age_s = now_ms.div_euclid(1_000) - issued_s;
        if age_s > TOKEN_LIFE_S {
            return Err(Refusal::new(403, "ExpiredProviderToken"));
        }
        if age_s < -TOKEN_AHEAD_S {
            return Err(invalid());
        }
        if !key.is_enabled {
            return Err(Refusal::new(403, "Forbidden"));
        }
        if key.environment.is_some_and(|only| only != self.environment) {
            return Err(Refusal::new(403, "BadEnvironmentKeyIdInToken"));
        }
        self.remember(text, key_id, issued_s, now_ms)?;
        Ok(key)
    }

    fn remember(&mut self, text: &str, key_id: String, issued_s: i64, now_ms: i64) -> Result<(), Refusal> {
        if let Some(accepted) = &self.token {
            if accepted.text == text {
                return Ok(());
            }
            // A connection belongs to the first key it showed.
            if accepted.key_id != key_id {
                return Err(Refusal::new(403, "UnrelatedKeyIdInToken"));
            }
            if now_ms - accepted.at_ms < TOKEN_UPDATE_MS {
                return Err(Refusal::new(429, "TooManyProviderTokenUpdates"));
            }
        }
        self.token = Some(Accepted { text: text.to_owned(), key_id, issued_s, at_ms: now_ms });
        Ok(())
    }
}

/// Key id, key and time of issue of a token whose signature and team are right.
fn verify(text: &str, key_of: impl Fn(&str) -> Option<Key>) -> Option<(String, Key, i64)> {
    let header = jsonwebtoken::decode_header(text).ok()?;
    if header.alg != Algorithm::ES256 {
        return None;
    }
    let key_id = header.kid?;
    let key = key_of(&key_id)?;
    let mut validation = Validation::new(Algorithm::ES256);
    // The vendor's tokens carry no `exp`; age is checked by the sandbox's own clock.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let claims = jsonwebtoken::decode::<Claims>(text, &key.public, &validation).ok()?.claims;
    if claims.iss.as_deref() != Some(key.team.as_str()) {
        return None;
    }
    let iat = claims.iat?;
    let issued_s = iat.as_i64().or_else(|| iat.as_f64().map(|seconds| seconds as i64))?;
    Some((key_id, key, issued_s))
}

/// Reads what a certificate allows; `is_trusted` is what the authority said of its chain.
pub(super) fn certified(
    leaf: &CertificateDer<'_>,
    is_trusted: bool,
    environment: Environment,
) -> Result<Certified, Refusal> {
    let bad = || Refusal::new(403, "BadCertificate");
    if !is_trusted {
        return Err(bad());
    }
    let (_, certificate) = X509Certificate::from_der(leaf).map_err(|_| bad())?;
    let uid = certificate.subject().iter_by_oid(&oid!(0.9.2342.19200300.100.1.1)).next();
    let bundle = uid.and_then(|uid| uid.as_str().ok()).ok_or_else(bad)?.to_owned();
    let content = |oid: &[u64]| {
        let oid = Oid::from(oid).ok()?;
        certificate.extensions().iter().find(|extension| extension.oid == oid).map(|extension| extension.value)
    };
    let wanted = match environment {
        Environment::Production => OID_PRODUCTION,
        Environment::Development => OID_DEVELOPMENT,
    };
    if content(wanted).is_none() {
        return Err(Refusal::new(403, "BadCertificateEnvironment"));
    }
    let topics = content(OID_TOPICS).map(read_topics).unwrap_or_default();
    Ok(Certified { bundle, topics })
}

/// A certificate to issue, with the vendor's extensions.
pub(super) fn certificate(
    bundle: &str,
    topics: &[String],
    environments: &[Environment],
    valid_ms: (i64, i64),
) -> ClientCertificate {
    const NULL: [u8; 2] = [5, 0];
    let mut extensions: Vec<(Vec<u64>, Vec<u8>)> = environments
        .iter()
        .map(|environment| match environment {
            Environment::Production => (OID_PRODUCTION.to_vec(), NULL.to_vec()),
            Environment::Development => (OID_DEVELOPMENT.to_vec(), NULL.to_vec()),
        })
        .collect();
    if !topics.is_empty() {
        extensions.push((OID_TOPICS.to_vec(), write_topics(topics)));
    }
    ClientCertificate { uid: bundle.to_owned(), extensions, valid_ms }
}

/// `SEQUENCE { UTF8String topic, SEQUENCE { UTF8String kind }, … }`.
fn write_topics(topics: &[String]) -> Vec<u8> {
    let mut list = Vec::new();
    for topic in topics {
        let kind = if topic.rsplit('.').next() == Some("voip") { "voip" } else { "app" };
        list.extend(der(0x0c, topic.as_bytes()));
        list.extend(der(0x30, &der(0x0c, kind.as_bytes())));
    }
    der(0x30, &list)
}

fn read_topics(content: &[u8]) -> Vec<String> {
    let Ok((_, list)) = parse_der(content) else { return Vec::new() };
    let text = |item: &BerObject<'_>| match &item.content {
        BerObjectContent::UTF8String(text) => Some((*text).to_owned()),
        _ => None,
    };
    list.as_sequence().map(|items| items.iter().filter_map(text).collect()).unwrap_or_default()
}

/// One DER value of at most 65,535 bytes.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let mut value = match content.len() {
        0..=127 => vec![tag, low],
        128..=255 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    value.extend_from_slice(content);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_of_a_certificate_survive_a_round_trip() {
        for count in [1, 5, 30] {
            let topics: Vec<String> = (0..count).map(|at| format!("com.example.app{at}.voip")).collect();
            assert_eq!(read_topics(&write_topics(&topics)), topics);
        }
        assert!(read_topics(b"nonsense").is_empty());
    }
}
