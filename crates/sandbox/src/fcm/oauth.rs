//! Google's token endpoint: a service account's signed word for an access token.

use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde_json::json;

use super::{Project, Room};
use crate::keys;
use crate::random;
use crate::service::{Call, Reply};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Where assertions may be addressed to, beside the sandbox itself.
const AUDIENCES: [&str; 3] = [
    "https://oauth2.googleapis.com/token",
    "https://www.googleapis.com/oauth2/v4/token",
    "https://accounts.google.com/o/oauth2/token",
];
/// Scopes that allow to send.
const SCOPES: [&str; 2] =
    ["https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform"];
/// An assertion lives an hour at most; clocks may differ by ten minutes, which is generous.
const LIFE_S: i64 = 3_600;
const SKEW_S: i64 = 600;
const TIMES: &str = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
                     Check your iat and exp values in the JWT claim.";

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<String>,
    scope: Option<String>,
    iat: Option<i64>,
    exp: Option<i64>,
}

impl Room {
    /// Answers a call of the token endpoint.
    pub(super) fn token(&self, call: &Call) -> Reply {
        match self.grant(call) {
            Ok(project) => {
                let token = format!("ya29.c.{}", random::letters(160));
                let now_ms = self.hall.clock.now_ms();
                self.tickets.issue(&token, &project.project_id, now_ms + project.token_life_s * 1_000);
                let body = json!({ "access_token": token, "expires_in": project.token_life_s, "token_type": "Bearer" });
                Reply::json(200, &body, "").header("cache-control", "private")
            }
            Err((error, text)) => {
                Reply::json(400, &json!({ "error": error, "error_description": text }), format!("{error}: {text}"))
            }
        }
    }

    fn grant(&self, call: &Call) -> Result<Project, (&'static str, String)> {
        let bad = |text: &str| ("invalid_request", text.to_owned());
        let form = call.form().ok_or_else(|| bad("Required parameter is missing: grant_type"))?;
        match form.get("grant_type") {
            None => return Err(bad("Required parameter is missing: grant_type")),
            Some(GRANT) => {}
            Some(other) => return Err(("unsupported_grant_type", format!("Invalid grant_type: {other}"))),
        }
        let assertion = form.get("assertion").ok_or_else(|| bad("Required parameter is missing: assertion"))?;
        let grant = |text: &str| ("invalid_grant", text.to_owned());
        let header = jsonwebtoken::decode_header(assertion).map_err(|_| grant("Invalid JWT: Failed to parse."))?;
        if header.alg != Algorithm::RS256 {
            return Err(grant("Invalid JWT Signature."));
        }
        let claims = jsonwebtoken::dangerous::insecure_decode::<Claims>(assertion)
            .map_err(|_| grant("Invalid JWT: Failed to parse."))?
            .claims;
        let issuer = claims.iss.unwrap_or_default();
        let project = self
            .desk
            .find(|project| project.client_email == issuer)
            .ok_or_else(|| grant("Invalid grant: account not found"))?;
        // A header without a key id is taken: the account has one key here.
        let is_key = header.kid.is_none_or(|kid| kid == project.private_key_id);
        if !is_key || project.is_key_deleted || !is_signed(assertion, &project) {
            return Err(grant("Invalid JWT Signature."));
        }
        let own = format!("{}/token", self.url);
        let audience = claims.aud.unwrap_or_default();
        if audience != own && !AUDIENCES.contains(&audience.as_str()) {
            return Err(grant("Invalid JWT: Failed audience check."));
        }
        let now_s = self.hall.clock.now_ms() / 1_000;
        let (Some(iat), Some(exp)) = (claims.iat, claims.exp) else { return Err(grant(TIMES)) };
        if exp - iat > LIFE_S || exp <= iat || iat > now_s + SKEW_S || exp < now_s - SKEW_S {
            return Err(grant(TIMES));
        }
        let scope = claims.scope.unwrap_or_default();
        if !scope.split(' ').any(|scope| SCOPES.contains(&scope)) {
            return Err(("invalid_scope", "Invalid OAuth scope or ID token audience provided.".to_owned()));
        }
        Ok((*project).clone())
    }
}

fn is_signed(assertion: &str, project: &Project) -> bool {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    keys::public(&project.public_key_pem)
        .is_ok_and(|key| jsonwebtoken::decode::<serde::de::IgnoredAny>(assertion, &key, &validation).is_ok())
}
