//! A signed statement for an access token, as OAuth 2.0 has it for service accounts.
//!
//! <https://developers.google.com/identity/protocols/oauth2/service-account>

use std::sync::Arc;

use contract::Millis;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls::RootCertStore;
use serde::Serialize;

use super::super::wire::{Call, Client, Fresh, Grant, Tuning, exchange, split_url};
use super::super::{Malformed, Refusal};
use super::{AUTHENTICATION, KeyFile};
use crate::channel::{Answer, Said, Scope, Verdict};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long a statement holds; it is used once and at once.
const STATEMENT_S: i64 = 3_600;

/// Exchanges statements of one service account.
pub(super) struct Exchange {
    client: Client,
    path: String,
    own: Arc<Own>,
}

struct Own {
    key: EncodingKey,
    key_id: String,
    email: String,
    audience: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'static str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

impl Exchange {
    pub(super) fn new(
        file: &KeyFile,
        token_url: &str,
        roots: Arc<RootCertStore>,
        tuning: Tuning,
    ) -> Result<Self, Malformed> {
        let key = EncodingKey::from_rsa_pem(file.private_key.as_bytes())
            .map_err(|_| Malformed("the private key is no RSA key in PEM"))?;
        let (base, path) = split_url(token_url, "/token")?;
        let client = Client::new(&base, roots, tuning)?;
        let (key_id, email) = (file.private_key_id.clone(), file.client_email.clone());
        let audience = format!("{base}{path}");
        Ok(Self { client, path, own: Arc::new(Own { key, key_id, email, audience }) })
    }
}

impl Own {
    fn sign(&self, now: Millis) -> Option<String> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::RS256) };
        let iat = now.secs();
        let claims = Claims { iss: &self.email, scope: SCOPE, aud: &self.audience, iat, exp: iat + STATEMENT_S };
        jsonwebtoken::encode(&header, &claims, &self.key).ok()
    }
}

impl Grant for Exchange {
    fn fetch(&self, now: Millis) -> BoxFuture<'_, Result<Fresh, Refusal>> {
        async move {
            let own = Arc::clone(&self.own);
            let signed = tokio::task::spawn_blocking(move || own.sign(now)).await;
            let statement = signed.ok().flatten().ok_or_else(|| {
                let verdict = Verdict::Refused { status: AUTHENTICATION, scope: Scope::App };
                Box::new(Answer { verdict, said: Said::local("the statement could not be signed") })
            })?;
            let call = Call::form(&*self.path, [("grant_type", GRANT_TYPE), ("assertion", &statement)]);
            exchange(&self.client, &call, AUTHENTICATION, now).await
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.client.close().boxed()
    }
}
