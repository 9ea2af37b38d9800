//! Cloud accounts and access keys of the push OpenAPIs: secrets are told once, when a key is made, and never again.

use std::sync::Arc;

use contract::AppId;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::Tx;
use store::cloud::{self, CloudSettings, Grant, KeyKind, KeySecrets, KeySettings};
use store::platform::{self, Entry};

use super::ask::{Answer, Ask};
use super::audit;
use super::refusal::{Refusal, invalid};
use crate::node::Node;
use crate::openapi::cloud::Key;
use crate::openapi::{self, action::Product};
use crate::vault::random;

/// Keys of one account.
const KEYS_MAX: usize = 1_000;
/// Grants of a key, and actions or apps of a grant.
const GRANTS_MAX: usize = 64;
/// Bytes of a name, an id, a secret or a note.
const TEXT_BYTES: usize = 128;
/// The longest that a temporary key lives: the contract's tokens do so for hours.
const TEMPORARY_S_MAX: i64 = 7 * 86_400;

/// Dispatches what follows `cloud/`.
pub(super) async fn answer(node: &Arc<Node>, ask: &Ask, parts: &[&str]) -> Result<Answer, Refusal> {
    let method = ask.method.as_str();
    match (method, parts) {
        ("GET", ["accounts"]) => Ok(list(node)),
        ("PATCH", ["accounts", name]) => change(node, ask, name).await,
        ("GET", ["accounts", name, "keys"]) => Ok(keys(node, name)),
        ("POST", ["accounts", name, "keys"]) => add_key(node, ask, name).await,
        ("PATCH", ["keys", id]) => change_key(node, ask, id).await,
        ("DELETE", ["keys", id]) => remove_key(node, ask, id).await,
        (_, ["accounts"] | ["accounts" | "keys", _] | ["accounts", _, "keys"]) => Err(Refusal::MethodUnknown),
        _ => Err(Refusal::PathUnknown),
    }
}

fn account(name: &str, settings: &CloudSettings) -> Value {
    let mut shown = json!(settings);
    shown["account"] = name.into();
    shown
}

fn list(node: &Node) -> Answer {
    let all: Vec<Value> = node.clouds.accounts().iter().map(|(name, own)| account(name, own)).collect();
    Answer::ok(json!({ "accounts": all }))
}

fn is_name(text: &str) -> bool {
    (1..=TEXT_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// Lays an object over settings: what is named changes, the rest stays.
fn merged<T: serde::Serialize + serde::de::DeserializeOwned>(
    own: &T,
    changes: &Map<String, Value>,
) -> Result<T, Refusal> {
    let mut whole = serde_json::to_value(own).map_err(|error| Refusal::BodyMalformed(error.to_string()))?;
    if let Value::Object(fields) = &mut whole {
        fields.extend(changes.clone());
    }
    serde_json::from_value(whole).map_err(|error| Refusal::BodyMalformed(error.to_string()))
}

/// `PATCH cloud/accounts/NAME`: makes the account or changes it.
async fn change(node: &Arc<Node>, ask: &Ask, name: &str) -> Result<Answer, Refusal> {
    let changes: Map<String, Value> = ask.parse()?;
    if !is_name(name) {
        return Err(invalid(format!("an account has 1 to {TEXT_BYTES} letters, digits, `.`, `-` and `_`")));
    }
    let held = node.clouds.accounts().into_iter().find(|(own, _)| own == name).map(|(_, own)| own).unwrap_or_default();
    let settings: CloudSettings = merged(&*held, &changes)?;
    let is_known = |action: &String| Product::ALL.into_iter().any(|product| openapi::find(product, action).is_some());
    if settings.name.len() > TEXT_BYTES {
        return Err(invalid(format!("name has at most {TEXT_BYTES} bytes")));
    }
    if let Some(unknown) = settings.rates.keys().find(|action| !is_known(action)) {
        return Err(invalid(format!("rates: there is no action {unknown}")));
    }
    let detail: String = Value::Object(changes).to_string().chars().take(1_000).collect();
    let entry = audit::entry(node.clock.now(), ask, "cloud.account.change", name.to_owned(), detail);
    let record = serde_json::to_string(&settings).map_err(|error| Refusal::BodyMalformed(error.to_string()))?;
    let (own, now) = (name.to_owned(), node.clock.now());
    write(node, entry, move |tx| cloud::set_account(tx, now, &own, &record).map(|()| true)).await?;
    Ok(Answer::ok(account(name, &settings)))
}

fn key(own: &Key) -> Value {
    let mut shown = json!(own.settings);
    shown["access_key_id"] = own.id.as_str().into();
    shown["account"] = own.account.as_str().into();
    shown
}

fn keys(node: &Node, name: &str) -> Answer {
    let all: Vec<Value> = node.clouds.keys_of(name).iter().map(|own| key(own)).collect();
    Answer::ok(json!({ "keys": all }))
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    /// An id of one's own; absent makes a fresh one, as with the secret.
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    kind: KeyKind,
    grants: Vec<Grant>,
    /// Seconds that a temporary key lives.
    expires_in_s: Option<i64>,
    note: String,
}

/// `POST cloud/accounts/NAME/keys`.
async fn add_key(node: &Arc<Node>, ask: &Ask, name: &str) -> Result<Answer, Refusal> {
    let wanted: Wanted = ask.parse()?;
    if !node.clouds.accounts().iter().any(|(own, _)| own == name) {
        return Err(Refusal::CloudUnknown);
    }
    if node.clouds.keys_of(name).len() >= KEYS_MAX {
        return Err(Refusal::TooMany("an account has at most 1000 access keys"));
    }
    let now = node.clock.now();
    let is_temporary = wanted.kind == KeyKind::Temporary;
    let lives = wanted.expires_in_s.or(is_temporary.then_some(3_600));
    if lives.is_some_and(|seconds| !(1..=TEMPORARY_S_MAX).contains(&seconds)) && is_temporary {
        return Err(invalid(format!("expires_in_s lies between 1 and {TEMPORARY_S_MAX}")));
    }
    let prefix = if is_temporary { "STS." } else { "LTAI" };
    let fresh_id = || format!("{prefix}{}", hex::encode(random::<10>()));
    let own = Key {
        id: wanted.access_key_id.unwrap_or_else(fresh_id),
        account: name.to_owned(),
        settings: KeySettings {
            kind: wanted.kind,
            is_off: false,
            grants: wanted.grants,
            expires_at: lives.map(|seconds| now.plus(seconds.saturating_mul(1_000)).0),
            note: wanted.note,
        },
        secrets: KeySecrets {
            secret: wanted.access_key_secret.unwrap_or_else(|| hex::encode(random::<15>())),
            token: if is_temporary { hex::encode(random::<32>()) } else { String::new() },
        },
        apps: None,
    };
    check(&own.settings)?;
    if !is_name(&own.id) || !(8..=TEXT_BYTES).contains(&own.secrets.secret.len()) {
        return Err(invalid("an access key's id is a word, its secret has 8 to 128 characters"));
    }
    // An app may have this key as its own; then the app's would never be found.
    if node.clouds.key(&own.id).is_some() {
        return Err(Refusal::AccessKeyTaken);
    }
    let row = node.clouds.close(&own)?;
    let entry = audit::entry(now, ask, "cloud.key.add", own.id.clone(), format!("{:?} of {name}", own.settings.kind));
    if !write(node, entry, move |tx| cloud::add_key(tx, now, &row)).await? {
        return Err(Refusal::AccessKeyTaken);
    }
    let mut shown = key(&own);
    shown["access_key_secret"] = own.secrets.secret.into();
    if is_temporary {
        shown["security_token"] = own.secrets.token.into();
    }
    Ok(Answer::created(shown))
}

fn check(settings: &KeySettings) -> Result<(), Refusal> {
    if settings.note.len() > TEXT_BYTES {
        return Err(invalid(format!("note has at most {TEXT_BYTES} bytes")));
    }
    let is_bounded = |grant: &Grant| {
        grant.actions.len() <= GRANTS_MAX
            && grant.apps.len() <= GRANTS_MAX
            && grant.actions.iter().all(|action| (1..=TEXT_BYTES).contains(&action.len()))
    };
    if settings.grants.len() > GRANTS_MAX || !settings.grants.iter().all(is_bounded) {
        return Err(invalid(format!("a key has at most {GRANTS_MAX} grants of as many actions and apps")));
    }
    Ok(())
}

/// `PATCH cloud/keys/ID`: `is_off`, `grants`, `expires_at`, `note`.
async fn change_key(node: &Arc<Node>, ask: &Ask, id: &str) -> Result<Answer, Refusal> {
    let changes: Map<String, Value> = ask.parse()?;
    if changes.contains_key("kind") {
        return Err(invalid("what a key stands for stays; make another key"));
    }
    let held = node.clouds.key(id).filter(|own| own.apps.is_none()).ok_or(Refusal::AccessKeyUnknown)?;
    let settings: KeySettings = merged(&held.settings, &changes)?;
    check(&settings)?;
    let detail: String = Value::Object(changes).to_string().chars().take(1_000).collect();
    let entry = audit::entry(node.clock.now(), ask, "cloud.key.change", id.to_owned(), detail);
    let record = serde_json::to_string(&settings).map_err(|error| Refusal::BodyMalformed(error.to_string()))?;
    let own = id.to_owned();
    if !write(node, entry, move |tx| cloud::set_key(tx, &own, &record)).await? {
        return Err(Refusal::AccessKeyUnknown);
    }
    Ok(Answer::ok(key(&Key { settings, ..(*held).clone() })))
}

/// `DELETE cloud/keys/ID`.
async fn remove_key(node: &Arc<Node>, ask: &Ask, id: &str) -> Result<Answer, Refusal> {
    let entry = audit::entry(node.clock.now(), ask, "cloud.key.remove", id.to_owned(), String::new());
    let own = id.to_owned();
    if !write(node, entry, move |tx| cloud::remove_key(tx, &own)).await? {
        return Err(Refusal::AccessKeyUnknown);
    }
    Ok(Answer::ok(json!({ "removed": id })))
}

/// Writes a change with its entry of the audit log, and reads all accounts again. Nothing is noted of what changed nothing.
async fn write(
    node: &Arc<Node>,
    entry: Entry,
    change: impl Fn(&mut Tx<'_>) -> contract::Result<bool> + Send + 'static,
) -> Result<bool, Refusal> {
    let job = move |tx: &mut Tx<'_>| {
        let changed = change(tx)?;
        if changed {
            platform::add_entry(tx, &entry)?;
        }
        Ok(changed)
    };
    let changed = node.store.write(AppId::PLATFORM, job).await?;
    node.clouds.refresh().await?;
    Ok(changed)
}
