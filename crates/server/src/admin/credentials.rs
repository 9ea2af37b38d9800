//! Push credentials of an app: by businessID, the channel with its settings; its secrets go in and never come out.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::AppId;
use serde::Deserialize;
use serde_json::json;
use store::apps::Credential;

use super::ask::{Answer, Ask};
use super::refusal::{Refusal, invalid};
use super::{apps, audit};
use crate::node::Node;

/// Credentials of an app.
const CREDENTIALS_MAX: usize = 64;
/// Settings, and secrets, of a credential.
const FIELDS_MAX: usize = 32;
/// A value; certificates with their chains are the largest.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// `GET apps/ID/credentials`.
pub(super) fn list(node: &Arc<Node>, id: AppId) -> Result<Answer, Refusal> {
    let app = node.apps.get(id).ok_or(Refusal::AppUnknown)?;
    let all: Vec<_> = app.settings.credentials.iter().map(|(id, own)| apps::credential(&app, *id, own)).collect();
    Ok(Answer::ok(json!({ "credentials": all })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// businessID; absent takes the next free one.
    id: Option<i64>,
    channel: String,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
}

impl Wanted {
    fn check(&self) -> Result<(), Refusal> {
        if self.id.is_some_and(|id| id <= 0) {
            return Err(invalid("id is a positive number"));
        }
        if !is_word(&self.channel) {
            return Err(invalid("channel is a short word such as apns"));
        }
        for (what, fields) in [("settings", &self.settings), ("secrets", &self.secrets)] {
            if fields.len() > FIELDS_MAX {
                return Err(invalid(format!("{what} has at most {FIELDS_MAX} fields")));
            }
            // Which field is told, never its value.
            if let Some((name, _)) = fields.iter().find(|(name, value)| !is_word(name) || value.len() > VALUE_BYTES_MAX)
            {
                return Err(invalid(format!("{what}.{name}: the name is a word, a value has at most 64 KB")));
            }
        }
        Ok(())
    }
}

fn is_word(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-'))
}

/// `POST apps/ID/credentials`.
pub(super) async fn add(node: &Arc<Node>, ask: &Ask, app: AppId) -> Result<Answer, Refusal> {
    let wanted: Wanted = ask.parse()?;
    wanted.check()?;
    let known = node.apps.get(app).ok_or(Refusal::AppUnknown)?;
    let next = || known.settings.credentials.keys().next_back().map_or(1, |last| last.saturating_add(1));
    let id = wanted.id.unwrap_or_else(next);
    let detail = format!("{} for {}", id, wanted.channel);
    let entry = audit::entry(node.clock.now(), ask, "app.credentials.add", app.to_string(), detail);
    let changed = node
        .apps
        .change_noted(app, Some(entry), |settings, secrets| {
            if settings.credentials.contains_key(&id) {
                return Err(Refusal::CredentialTaken);
            }
            if settings.credentials.len() >= CREDENTIALS_MAX {
                return Err(Refusal::TooMany("an app has at most 64 credentials"));
            }
            let own = Credential { channel: wanted.channel.clone(), settings: wanted.settings.clone() };
            settings.credentials.insert(id, own);
            secrets.credentials.insert(id, wanted.secrets.clone());
            Ok(())
        })
        .await?
        .ok_or(Refusal::AppUnknown)?;
    let own = changed.settings.credentials.get(&id).ok_or(Refusal::CredentialUnknown)?;
    Ok(Answer::created(apps::credential(&changed, id, own)))
}

/// `DELETE apps/ID/credentials/BUSINESSID`.
pub(super) async fn remove(node: &Arc<Node>, ask: &Ask, app: AppId, own: &str) -> Result<Answer, Refusal> {
    let id: i64 = own.parse().map_err(|_| Refusal::CredentialUnknown)?;
    let entry = audit::entry(node.clock.now(), ask, "app.credentials.remove", app.to_string(), id.to_string());
    let changed = node
        .apps
        .change_noted(app, Some(entry), |settings, secrets| {
            secrets.credentials.remove(&id);
            settings.credentials.remove(&id).map(drop).ok_or(Refusal::CredentialUnknown)
        })
        .await?
        .ok_or(Refusal::AppUnknown)?;
    Ok(Answer::ok(apps::view(&changed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words() {
        for good in ["apns", "key_id", "harmony-os", "p8"] {
            assert!(is_word(good), "{good}");
        }
        for bad in ["", "Key", "a b", "a.b", &"a".repeat(41)] {
            assert!(!is_word(bad), "{bad:?}");
        }
    }
}
