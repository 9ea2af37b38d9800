//! The room's part of the control API.
//!
//! | call | does |
//! | --- | --- |
//! | `POST /apns/apps` `{bundle, team?}` | registers an app |
//! | `POST /apns/keys` `{team?, key?, environment?, bundles?, public_key_pem?}` | makes (or takes) a signing key |
//! | `PATCH /apns/keys/{key}` `{enabled}` | disables a key |
//! | `POST /apns/certificates` `{bundle, topics?, environment?, expires_in_ms?, is_foreign?}` | issues a client certificate |
//! | `GET`, `POST /apns/devices` `{bundle, environment?, token?, live?}` | lists phones, adds one, or a token of live activities |
//! | `PUT /apns/devices/{token}/state` `{state, since_ms?}` | active, unregistered, expired |
//! | `GET /apns/devices/{token}/inbox` | what the phone got |

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::auth::{Key, certificate};
use super::{Device, DeviceState, Environment, REGISTERED_MAX, ROOM, Room};
use crate::api::{Answer, Wrong, parse};
use crate::tls::{Authority, P12_PASSWORD, new_key};

const DAY_MS: i64 = 86_400_000;
/// The team of whoever names none.
const TEAM: &str = "SANDBOX001";

#[derive(Deserialize)]
struct NewApp {
    bundle: String,
    team: Option<String>,
}

#[derive(Deserialize)]
struct NewKey {
    team: Option<String>,
    key: Option<String>,
    /// A public key to register instead of making a pair.
    public_key_pem: Option<String>,
    environment: Option<Environment>,
    #[serde(default)]
    bundles: Vec<String>,
}

#[derive(Deserialize)]
struct KeyChange {
    enabled: bool,
}

#[derive(Deserialize)]
struct NewCertificate {
    bundle: String,
    #[serde(default)]
    topics: Vec<String>,
    /// None means both.
    environment: Option<Environment>,
    /// Negative for one that has expired.
    #[serde(default = "a_year")]
    expires_in_ms: i64,
    /// Issued by somebody else.
    #[serde(default)]
    is_foreign: bool,
}

#[derive(Deserialize)]
struct NewDevice {
    bundle: String,
    #[serde(default = "production")]
    environment: Environment,
    token: Option<String>,
    #[serde(default)]
    live: bool,
}

fn a_year() -> i64 {
    365 * DAY_MS
}

fn production() -> Environment {
    Environment::Production
}

impl Room {
    /// Answers a call under `/apns`.
    pub(super) fn call(&self, method: &str, path: &[&str], body: &[u8]) -> Answer {
        match (method, path) {
            ("POST", ["apps"]) => self.add_app(parse(body)?),
            ("POST", ["keys"]) => self.add_key(parse(body)?),
            ("PATCH", ["keys", id]) => self.change_key(id, &parse(body)?),
            ("POST", ["certificates"]) => self.issue(&parse(body)?),
            ("POST", ["devices"]) => self.add_device(parse(body)?),
            ("GET", ["devices"]) => Ok(json!({ "devices": self.devices() })),
            ("PUT", ["devices", token, "state"]) => self.set_state(token, parse(body)?),
            ("GET", ["devices", token, "inbox"]) => Ok(json!({ "notifications": self.hall.inbox.of(ROOM, token) })),
            _ => Err(Wrong::unknown()),
        }
    }

    fn add_app(&self, new: NewApp) -> Answer {
        let team = new.team.unwrap_or_else(|| TEAM.to_owned());
        let mut state = self.state.lock();
        check_room(state.apps.len())?;
        state.apps.insert(new.bundle.clone(), team.clone());
        Ok(json!({ "bundle": new.bundle, "team": team }))
    }

    fn add_key(&self, new: NewKey) -> Answer {
        let team = new.team.unwrap_or_else(|| TEAM.to_owned());
        let id = new.key.unwrap_or_else(|| random_id(10));
        let (public_pem, p8) = if let Some(pem) = new.public_key_pem {
            (pem, None)
        } else {
            let pair = new_key().map_err(failed)?;
            (pair.public_key_pem(), Some(pair.serialize_pem()))
        };
        let public = DecodingKey::from_ec_pem(public_pem.as_bytes())
            .map_err(|error| Wrong::new(StatusCode::BAD_REQUEST, format!("public_key_pem: {error}")))?;
        let key =
            Key { team: team.clone(), public, environment: new.environment, bundles: new.bundles, is_enabled: true };
        let mut state = self.state.lock();
        check_room(state.keys.len())?;
        state.keys.insert(id.clone(), key);
        Ok(json!({ "team": team, "key": id, "p8": p8 }))
    }

    fn change_key(&self, id: &str, change: &KeyChange) -> Answer {
        let mut state = self.state.lock();
        let key = state.keys.get_mut(id).ok_or_else(Wrong::unknown)?;
        key.is_enabled = change.enabled;
        Ok(json!({ "key": id, "enabled": key.is_enabled }))
    }

    fn issue(&self, new: &NewCertificate) -> Answer {
        let both = [Environment::Production, Environment::Development];
        let environments = new.environment.map_or(both.to_vec(), |only| vec![only]);
        let until = self.hall.clock.now_ms().saturating_add(new.expires_in_ms);
        let since = self.hall.clock.now_ms().min(until).saturating_sub(DAY_MS);
        let wanted = certificate(&new.bundle, &new.topics, &environments, (since, until));
        let stranger = if new.is_foreign { Some(Authority::generate().map_err(failed)?) } else { None };
        let issued = stranger.as_ref().unwrap_or(&self.authority).issue(&wanted).map_err(failed)?;
        Ok(json!({
            "certificate_pem": issued.certificate_pem,
            "key_pem": issued.key_pem,
            "p12_base64": STANDARD.encode(issued.p12),
            "p12_password": P12_PASSWORD,
        }))
    }

    fn add_device(&self, new: NewDevice) -> Answer {
        let token = new.token.map_or_else(|| random_id(64), |token| token.to_lowercase());
        super::headers::check_token(&token).map_err(|refusal| Wrong::new(StatusCode::BAD_REQUEST, refusal.reason))?;
        let device = Device {
            token: token.clone(),
            bundle: new.bundle,
            environment: new.environment,
            live: new.live,
            state: DeviceState::Active,
        };
        let mut state = self.state.lock();
        check_room(state.devices.len())?;
        let answer = json!(device);
        state.devices.insert(token, device);
        Ok(answer)
    }

    fn set_state(&self, token: &str, new: DeviceState) -> Answer {
        let mut state = self.state.lock();
        let device = state.devices.get_mut(token).ok_or_else(Wrong::unknown)?;
        device.state = new;
        Ok(json!(device))
    }
}

fn check_room(count: usize) -> Result<(), Wrong> {
    if count < REGISTERED_MAX {
        return Ok(());
    }
    Err(Wrong::new(StatusCode::INSUFFICIENT_STORAGE, "the room is full: reset it"))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn failed(error: io::Error) -> Wrong {
    Wrong::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

/// Hex digits, upper case for short ids as the vendor prints them.
fn random_id(digits: usize) -> String {
    let hex = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    if digits < 32 { hex[..digits].to_uppercase() } else { hex[..digits].to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_vendors_lengths() {
        assert_eq!(random_id(10).len(), 10);
        assert_eq!(random_id(64).len(), 64);
        let value = json!(DeviceState::Unregistered { since_ms: 5 });
        assert_eq!(value, json!({"state": "unregistered", "since_ms": 5}));
    }
}
