//! The keys that UserSigs are signed with: several hold at a time, so that an app can change them without a pause.

use std::fmt::Write;
use std::sync::Arc;

use contract::AppId;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::apps::SigningKey;

use super::ask::{Answer, Ask};
use super::refusal::{Refusal, invalid};
use super::{apps, audit};
use crate::node::Node;
use crate::vault::random;

/// Keys of an app: every forged UserSig costs one try of each.
const KEYS_MAX: usize = 5;
/// Bytes of an imported key; the cloud's have 64.
const KEY_BYTES_MAX: usize = 256;

/// How people and the audit log call a key: it tells keys apart and nothing about them.
pub fn fingerprint(secret: &str) -> String {
    Sha256::digest(secret).iter().take(6).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes more text");
        text
    })
}

/// A key as the cloud makes them: 64 hex digits.
pub fn fresh_secret() -> String {
    hex::encode(random::<32>())
}

/// A key without its secret.
pub(super) fn view(key: &SigningKey) -> Value {
    json!({ "key": fingerprint(&key.secret), "added_at": key.added_at })
}

/// Refuses what cannot be a key, such as a line that was copied with its end.
pub(super) fn check(secret: &str) -> Result<(), Refusal> {
    if (16..=KEY_BYTES_MAX).contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(invalid(format!("a signing key has 16 to {KEY_BYTES_MAX} visible ASCII characters")))
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    /// The new key; absent makes a fresh one.
    secret_key: Option<String>,
    /// Whether every older key stops at once.
    retire: bool,
}

/// `POST apps/ID/keys`: a new key in front. UserSigs of the older ones hold until those are retired.
pub(super) async fn rotate(node: &Arc<Node>, ask: &Ask, id: AppId) -> Result<Answer, Refusal> {
    let wanted: Wanted = ask.parse()?;
    let secret = wanted.secret_key.unwrap_or_else(fresh_secret);
    check(&secret)?;
    let now = node.clock.now();
    let name = fingerprint(&secret);
    let detail = if wanted.retire { format!("{name}; all older keys retired") } else { name };
    let entry = audit::entry(now, ask, "app.keys.rotate", id.to_string(), detail);
    let app = node
        .apps
        .change_noted(id, Some(entry), |_, own| {
            let keys = &mut own.signing_keys;
            if keys.iter().any(|key| key.secret == secret) {
                return Err(Refusal::KeyTaken);
            }
            if wanted.retire {
                keys.clear();
            }
            if keys.len() >= KEYS_MAX {
                return Err(Refusal::TooMany("an app has at most five signing keys; retire old ones"));
            }
            keys.insert(0, SigningKey { secret: secret.clone(), added_at: now.0 });
            Ok(())
        })
        .await?
        .ok_or(Refusal::AppUnknown)?;
    let mut body = apps::view(&app);
    body["secrets"] = json!({ "secret_keys": [secret] });
    Ok(Answer::created(body))
}

/// `DELETE apps/ID/keys`: every key but the newest stops at once.
pub(super) async fn retire(node: &Arc<Node>, ask: &Ask, id: AppId) -> Result<Answer, Refusal> {
    let entry = audit::entry(node.clock.now(), ask, "app.keys.retire", id.to_string(), "all but the newest".into());
    let app = node
        .apps
        .change_noted(id, Some(entry), |_, own| {
            own.signing_keys.truncate(1);
            Ok::<_, Refusal>(())
        })
        .await?
        .ok_or(Refusal::AppUnknown)?;
    Ok(Answer::ok(apps::view(&app)))
}

/// `DELETE apps/ID/keys/KEY`: one key stops at once.
pub(super) async fn remove(node: &Arc<Node>, ask: &Ask, id: AppId, name: &str) -> Result<Answer, Refusal> {
    let entry = audit::entry(node.clock.now(), ask, "app.keys.remove", id.to_string(), name.to_owned());
    let app = node
        .apps
        .change_noted(id, Some(entry), |_, own| {
            let keys = &mut own.signing_keys;
            let place = keys.iter().position(|key| fingerprint(&key.secret) == name).ok_or(Refusal::KeyUnknown)?;
            if keys.len() == 1 {
                return Err(Refusal::KeyLast);
            }
            keys.remove(place);
            Ok(())
        })
        .await?
        .ok_or(Refusal::AppUnknown)?;
    Ok(Answer::ok(apps::view(&app)))
}
