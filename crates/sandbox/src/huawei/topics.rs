//! Topics of Huawei's service: a list of phones in and out, what one phone is subscribed to.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Room;
use crate::hms::{self, Refusal, TOKENS_MAX};
use crate::service::{Call, Reply};

/// Topics of one app.
const TOPICS_MAX: usize = 2_000;
const NAME_MAX: usize = 900;

impl Room {
    /// Subscribes phones to a topic, or takes them out of it.
    pub(super) fn subscribe(&self, call: &Call, wanted: &str, is_add: bool) -> Result<Reply, Refusal> {
        let app = self.caller(call, wanted, false)?;
        let body = call.json().ok_or_else(|| Refusal::new("80100003"))?;
        let topic = body["topic"].as_str().filter(|topic| is_topic(topic)).ok_or_else(|| Refusal::new("82000007"))?;
        let tokens = hms::texts(&body["tokenArray"]).filter(|it| !it.is_empty() && it.len() <= TOKENS_MAX);
        let tokens = tokens.ok_or_else(|| Refusal::new("82000008"))?;
        let mut errors = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let changed = self.desk.change(token, |device| {
                if device.app != app.app_id || (is_add && device.topics.len() >= TOPICS_MAX) {
                    return false;
                }
                if is_add {
                    device.topics.insert(topic.to_owned());
                } else {
                    device.topics.remove(topic);
                }
                true
            });
            if changed != Some(true) {
                errors.push(json!({ "index": at, "reason": "Invalid token" }));
            }
        }
        let code = if errors.len() == tokens.len() { "82000010" } else { "80000000" };
        let body = json!({
            "code": code,
            "msg": if code == "80000000" { "Success" } else { "Some token is wrong" },
            "requestId": hms::request_id(&self.hall),
            "successCount": tokens.len() - errors.len(),
            "failureCount": errors.len(),
            "errors": errors,
        });
        let word = if code == "80000000" { "" } else { code };
        Ok(Reply::json(if word.is_empty() { 200 } else { 400 }, &body, word))
    }

    /// What a phone is subscribed to. The vendor adds since when; the room does not keep that.
    pub(super) fn topics(&self, call: &Call, wanted: &str) -> Result<Reply, Refusal> {
        let app = self.caller(call, wanted, false)?;
        let body = call.json().ok_or_else(|| Refusal::new("80100003"))?;
        let token = body["token"].as_str().filter(|it| !it.is_empty()).ok_or_else(|| Refusal::new("82000011"))?;
        let device = self.desk.device(token).filter(|device| device.app == app.app_id);
        let device = device.ok_or_else(|| Refusal::new("82000010"))?;
        let topics: Vec<Value> = device.topics.iter().map(|name| json!({ "name": name })).collect();
        let request_id = hms::request_id(&self.hall);
        let body = json!({ "code": "80000000", "msg": "Success", "requestId": request_id, "topics": topics });
        Ok(Reply::json(200, &body, ""))
    }
}

fn is_topic(name: &str) -> bool {
    let is_part = |c: char| ('\u{4e00}'..='\u{9fa5}').contains(&c) || c.is_ascii_alphanumeric() || "-_.~%".contains(c);
    (1..=NAME_MAX).contains(&name.chars().count()) && name.chars().all(is_part)
}

/// Reads `'a' in topics && 'b' in topics` or the same with `||`: the vendor takes one operator and at most five topics.
pub(super) fn matching(condition: &str) -> Option<impl Fn(&BTreeSet<String>) -> bool> {
    let is_and = condition.contains("&&");
    if is_and && condition.contains("||") {
        return None;
    }
    let name = |part: &str| {
        let name = part.trim().strip_suffix("topics")?.trim_end().strip_suffix("in")?.trim();
        let name = name.strip_prefix('\'')?.strip_suffix('\'')?;
        is_topic(name).then(|| name.to_owned())
    };
    let names: Vec<String> = condition.split(if is_and { "&&" } else { "||" }).map(name).collect::<Option<_>>()?;
    (names.len() <= 5).then_some(move |topics: &BTreeSet<String>| {
        if is_and {
            names.iter().all(|name| topics.contains(name))
        } else {
            names.iter().any(|name| topics.contains(name))
        }
    })
}
