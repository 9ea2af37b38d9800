//! Provider tokens: one for all connections, seldom renewed.
//!
//! Apple refuses tokens older than 60 minutes, and connections that show a second one within 20. The time of issue is
//! rounded down to half an hour and a token is used until it is 50 minutes old, so each is in use for 20 to 50
//! minutes; signatures are deterministic, so several processes with one key mostly send the very same text.
//!
//! <https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns>

use contract::Millis;
use http::HeaderValue;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parking_lot::Mutex;
use serde::Serialize;

const MINUTE_MS: i64 = 60_000;
const GRID_MS: i64 = 30 * MINUTE_MS;
const LIFE_MS: i64 = 50 * MINUTE_MS;
/// No two tokens are made closer than this, whatever Apple says of the first.
const APART_MS: i64 = 20 * MINUTE_MS;

/// Signs for one team with one key.
pub(super) struct Signer {
    key: EncodingKey,
    key_id: String,
    team: String,
    made: Mutex<Option<Made>>,
}

struct Made {
    header: HeaderValue,
    issued: Millis,
    at: Millis,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
}

impl Signer {
    /// Reads a `.p8` file; none when it is not an EC key in PKCS#8.
    pub(super) fn new(p8: &str, key_id: &str, team: &str) -> Option<Self> {
        let key = EncodingKey::from_ec_pem(p8.as_bytes()).ok()?;
        let signer = Self { key, key_id: key_id.to_owned(), team: team.to_owned(), made: Mutex::new(None) };
        // A key of another curve is only found out by signing.
        signer.sign(Millis(0)).is_some().then_some(signer)
    }

    /// The `authorization` header of the moment. Signing happens under the lock: it takes less than waking a waiter.
    pub(super) fn authorization(&self, now: Millis) -> Option<HeaderValue> {
        let mut made = self.made.lock();
        if let Some(made) = made.as_ref().filter(|made| now.0 - made.issued.0 < LIFE_MS && now.0 >= made.issued.0) {
            return Some(made.header.clone());
        }
        let issued = Millis(now.0 - now.0.rem_euclid(GRID_MS));
        let header = self.sign(issued)?;
        *made = Some(Made { header: header.clone(), issued, at: now });
        Some(header)
    }

    /// Gives up a token that Apple called expired. False when it is too young for that to be true: then a clock is
    /// wrong, and a new token would fare the same.
    pub(super) fn give_up(&self, used: &HeaderValue, now: Millis) -> bool {
        let mut made = self.made.lock();
        match made.as_ref() {
            Some(current) if current.header == *used => {
                let is_old = now.0 - current.at.0 >= APART_MS;
                if is_old {
                    *made = None;
                }
                is_old
            }
            // Somebody else renewed it meanwhile.
            _ => true,
        }
    }

    fn sign(&self, issued: Millis) -> Option<HeaderValue> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::ES256) };
        let claims = Claims { iss: &self.team, iat: issued.secs() };
        let token = jsonwebtoken::encode(&header, &claims, &self.key).ok()?;
        let mut value = HeaderValue::from_str(&format!("bearer {token}")).ok()?;
        // Apple asks for this field without indexing, and it keeps the token out of debug output.
        value.set_sensitive(true);
        Some(value)
    }
}
