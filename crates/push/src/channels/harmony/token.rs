//! Signed tokens: nobody exchanges them, they are the credential. One an hour, because signing with a long RSA key takes
//! milliseconds; on a thread where that stops nobody.
//!
//! <https://developer.huawei.com/consumer/cn/doc/harmonyos-guides/push-jwt-token>

use std::sync::Arc;

use contract::Millis;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::super::Refusal;
use super::super::wire::{Fresh, Grant};
use super::verdict;
use crate::channel::{Answer, Said, Scope, Verdict};

/// How long a token holds; the vendor refuses more than a day.
const LIFE_S: i64 = 3_600;
/// Whom tokens are for, whatever host is called.
const AUDIENCE: &str = "https://oauth-login.cloud.huawei.com/oauth2/v3/token";

/// Signs for one service account.
pub(super) struct Signer {
    own: Arc<Own>,
}

struct Own {
    key: EncodingKey,
    key_id: String,
    account: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'static str,
    iat: i64,
    exp: i64,
}

impl Signer {
    /// Reads the key; none when it is no RSA key.
    pub(super) fn new(key: &str, key_id: &str, account: &str) -> Option<Self> {
        let key = EncodingKey::from_rsa_pem(key.as_bytes()).ok()?;
        Some(Self { own: Arc::new(Own { key, key_id: key_id.to_owned(), account: account.to_owned() }) })
    }
}

impl Own {
    fn sign(&self, now: Millis) -> Option<String> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::PS256) };
        let iat = now.secs();
        let claims = Claims { iss: &self.account, aud: AUDIENCE, iat, exp: iat + LIFE_S };
        jsonwebtoken::encode(&header, &claims, &self.key).ok()
    }
}

impl Grant for Signer {
    fn fetch(&self, now: Millis) -> BoxFuture<'_, Result<Fresh, Refusal>> {
        let own = Arc::clone(&self.own);
        async move {
            let signed = tokio::task::spawn_blocking(move || own.sign(now)).await;
            let token = signed.ok().flatten().ok_or_else(|| {
                let verdict = Verdict::Refused { status: verdict::AUTHENTICATION_FAILED, scope: Scope::App };
                Box::new(Answer { verdict, said: Said::local("the token could not be signed") })
            })?;
            // Renewed ten minutes before its end.
            Ok(Fresh { token, renew_ms: (LIFE_S - 600) * 1_000, life_ms: (LIFE_S - 60) * 1_000 })
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }
}
