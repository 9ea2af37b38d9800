//! Who sends: the JWT is the credential itself, signed anew by its sender (PS256), never exchanged.

use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, Validation};
use parking_lot::Mutex;
use serde::Deserialize;

use super::{Project, Room};
use crate::hms::Refusal;
use crate::keys;
use crate::service::Call;

const AUDIENCE: &str = "https://oauth-login.cloud.huawei.com/oauth2/v3/token";
const DAY_S: i64 = 86_400;
/// How far ahead a sender's clock may be; the vendor names no number.
const SKEW_S: i64 = 600;
/// Bytes of a credential; real ones are under 1,200.
const JWT_BYTES: usize = 4_096;
/// Credentials whose signature was found right. Checking an RSA signature for every request would cost more than the
/// rest of it.
const VERIFIED_MAX: usize = 1_000;

/// Credentials that were verified: their project, key and end.
#[derive(Debug, Default)]
pub(super) struct Verified(Mutex<HashMap<String, (String, String, i64)>>);

impl Verified {
    pub(super) fn clear(&self) {
        self.0.lock().clear();
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<String>,
    iat: Option<i64>,
    exp: Option<i64>,
}

impl Room {
    /// The project whose key signed the credential.
    pub(super) fn caller(&self, call: &Call) -> Result<Arc<Project>, Refusal> {
        let wrong = || Refusal::new("80200001");
        let jwt = call.bearer().filter(|jwt| jwt.len() <= JWT_BYTES).ok_or_else(wrong)?;
        let now_s = self.hall.clock.now_ms() / 1_000;
        let known = self.verified.0.lock().get(jwt).cloned();
        if let Some((project, key_id, exp)) = known {
            let project = self.desk.app(&project).filter(|project| project.key_id == key_id).ok_or_else(wrong)?;
            return if exp < now_s { Err(Refusal::new("80200005")) } else { Ok(project) };
        }
        let header = jsonwebtoken::decode_header(jwt).map_err(|_| wrong())?;
        let key_id = header.kid.unwrap_or_default();
        let project = self.desk.find(|project| project.key_id == key_id).ok_or_else(wrong)?;
        if header.alg != Algorithm::PS256 {
            return Err(wrong());
        }
        let mut validation = Validation::new(Algorithm::PS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let key = keys::public(&project.public_key_pem).map_err(|_| wrong())?;
        let claims = jsonwebtoken::decode::<Claims>(jwt, &key, &validation).map_err(|_| wrong())?.claims;
        let is_own = claims.iss.as_deref() == Some(project.sub_account.as_str());
        if !is_own || claims.aud.as_deref() != Some(AUDIENCE) {
            return Err(wrong());
        }
        let (Some(iat), Some(exp)) = (claims.iat, claims.exp) else { return Err(wrong()) };
        if iat > now_s + SKEW_S || exp <= iat {
            return Err(wrong());
        }
        if exp - iat > DAY_S {
            return Err(Refusal::new("80300036"));
        }
        if exp < now_s {
            return Err(Refusal::new("80200005"));
        }
        let mut verified = self.verified.0.lock();
        if verified.len() >= VERIFIED_MAX {
            verified.retain(|_, (_, _, exp)| *exp >= now_s);
        }
        if verified.len() < VERIFIED_MAX {
            verified.insert(jwt.to_owned(), (project.project_id.clone(), key_id, exp));
        }
        Ok(project)
    }
}
