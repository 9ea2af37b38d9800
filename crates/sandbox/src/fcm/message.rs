//! What the messaging service itself checks of a message whose shape is right.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::refusal::{self, Refusal};
use super::schema::{self, REQUEST, Violation};
use super::topics::{Condition, is_topic};
use crate::inbox::Content;

/// Bytes of data and notification, to a phone and to topics.
const BYTES_MAX: usize = 4_096;
const TOPIC_BYTES_MAX: usize = 2_048;
/// Four weeks.
const TTL_S_MAX: f64 = 2_419_200.0;

/// Whom a message is for.
#[derive(Debug)]
pub(super) enum Target {
    Token(String),
    Topics(Condition),
}

/// A message that may be sent.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) target: Target,
    pub(super) is_validate_only: bool,
    body: Value,
}

/// Reads a request in as far as the front end does.
pub(super) fn read(body: &[u8]) -> Result<Value, Refusal> {
    let shape = |text: String| refusal::bad_shape(&[Violation { field: String::new(), text }]);
    let request: Value = serde_json::from_slice(body)
        .map_err(|_| shape("Invalid JSON payload received. Unexpected token.".to_owned()))?;
    if !request.is_object() {
        return Err(shape(
            "Invalid JSON payload received. Unknown name \"\": Root element must be a message.".to_owned(),
        ));
    }
    let mut violations = schema::check(&request, REQUEST);
    let normal = schema::normalize(&request, REQUEST);
    let mut targets =
        ["token", "topic", "condition", "fid"].into_iter().filter(|name| !normal["message"][name].is_null());
    if let (Some(_), Some(second)) = (targets.next(), targets.next()) {
        let text =
            format!("Invalid value at 'message' (oneof), oneof field 'target' is already set. Cannot set '{second}'");
        violations.push(Violation { field: "message".to_owned(), text });
    }
    if violations.is_empty() { Ok(normal) } else { Err(refusal::bad_shape(&violations)) }
}

/// Judges a message in as far as that is possible without its phone.
pub(super) fn check(request: Value) -> Result<Message, Refusal> {
    let is_validate_only = request["validate_only"].as_bool().unwrap_or(false);
    let message = request["message"].clone();
    let target = target(&message)?;
    check_data(&message)?;
    check_ttl(&message)?;
    for place in ["", "android.", "apns.", "webpush."] {
        let options = place.trim_end_matches('.');
        let options = if options.is_empty() { &message["fcm_options"] } else { &message[options]["fcm_options"] };
        if options["analytics_label"].as_str().is_some_and(|label| !is_label(label)) {
            let field = format!("message.{place}fcm_options.analytics_label");
            return Err(refusal::bad_field(&field, "Invalid analytics label."));
        }
    }
    let max = if matches!(target, Target::Token(_)) { BYTES_MAX } else { TOPIC_BYTES_MAX };
    if weigh(&message) > max {
        return Err(refusal::too_large(max));
    }
    Ok(Message { target, is_validate_only, body: message })
}

fn target(message: &Value) -> Result<Target, Refusal> {
    let text = |name: &str| message[name].as_str().filter(|text| !text.is_empty());
    if let Some(token) = text("token").or_else(|| text("fid")) {
        return Ok(Target::Token(token.to_owned()));
    }
    if let Some(topic) = text("topic") {
        let name = topic.strip_prefix("/topics/").unwrap_or(topic);
        if !is_topic(name) {
            return Err(refusal::bad_field("message", "Topic name contains invalid characters."));
        }
        return Ok(Target::Topics(Condition::In(name.to_owned())));
    }
    if let Some(condition) = text("condition") {
        return Condition::parse(condition).map(Target::Topics).ok_or_else(refusal::bad_condition);
    }
    Err(refusal::bad_field("message", "Recipient of the message is not set."))
}

fn check_data(message: &Value) -> Result<(), Refusal> {
    for (place, data) in [("message.data", &message["data"]), ("message.android.data", &message["android"]["data"])] {
        for name in data.as_object().into_iter().flat_map(serde_json::Map::keys) {
            let is_reserved = matches!(name.as_str(), "from" | "message_type")
                || name.starts_with("google.")
                || name.starts_with("gcm.");
            if is_reserved || name.is_empty() {
                return Err(refusal::bad_field(place, &format!("Invalid data payload key: {name}")));
            }
        }
    }
    Ok(())
}

fn check_ttl(message: &Value) -> Result<(), Refusal> {
    if let Some(seconds) = message["android"]["ttl"].as_str().and_then(schema::seconds)
        && !(0.0..=TTL_S_MAX).contains(&seconds)
    {
        return Err(refusal::bad_field(
            "message.android.ttl",
            "Invalid TTL: it must be between 0 and 2419200 seconds.",
        ));
    }
    let is_number = |ttl: &str| !ttl.is_empty() && ttl.bytes().all(|digit| digit.is_ascii_digit());
    if message["webpush"]["headers"]["TTL"].as_str().is_some_and(|ttl| !is_number(ttl)) {
        return Err(refusal::bad_field("message.webpush.headers.TTL", "TTL must be a non-negative integer."));
    }
    Ok(())
}

fn is_label(label: &str) -> bool {
    (1..=50).contains(&label.len()) && label.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.~%".contains(&c))
}

/// Bytes of what the phone is given to show and to read.
fn weigh(message: &Value) -> usize {
    let entries = |map: &Value| -> usize {
        map.as_object().into_iter().flatten().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum()
    };
    let shown = |part: &Value| -> usize {
        ["title", "body", "image"].iter().map(|name| part[name].as_str().map_or(0, str::len)).sum()
    };
    let data = if message["android"]["data"].is_object() { &message["android"]["data"] } else { &message["data"] };
    entries(data) + shown(&message["notification"]).max(shown(&message["android"]["notification"]))
}

impl Message {
    /// Whether the phone's app is the one that is meant.
    pub(super) fn check_package(&self, package: &str) -> Result<(), Refusal> {
        let wanted = self.body["android"]["restricted_package_name"].as_str().unwrap_or(package);
        if wanted == package {
            return Ok(());
        }
        let text = "The restricted package name does not match the package of the registration token.";
        Err(refusal::bad_field("message.android.restricted_package_name", text))
    }

    /// What the phone makes of it.
    pub(super) fn content(&self, id: &str) -> Content {
        let message = &self.body;
        let own = &message["android"]["notification"];
        let text = |name: &str| {
            let value = own[name].as_str().or_else(|| message["notification"][name].as_str());
            value.unwrap_or_default().to_owned()
        };
        let is_shown = own.is_object() || message["notification"].is_object();
        let mut warnings = Vec::new();
        if is_shown && own["channel_id"].is_null() {
            warnings.push("no channel_id: Android shows it in the app's default channel");
        }
        Content {
            id: id.to_owned(),
            title: text("title"),
            body: text("body"),
            badge: own["notification_count"].as_i64(),
            kind: if is_shown { "notification" } else { "data" }.to_owned(),
            notify_id: None,
            headers: BTreeMap::new(),
            payload: json!(message),
            warnings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_is_that_of_data_and_the_larger_notification() {
        let message = json!({
            "data": {"ab": "cde"},
            "notification": {"title": "t", "body": "bb"},
            "android": {"notification": {"title": "title"}},
        });
        assert_eq!(weigh(&message), 10);
    }
}
