//! Our notification → Google's message, and what Google would refuse anyway. Overrides are put over the `message` object.
//!
//! <https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages>

use contract::Millis;
use contract::notification::{Attention, Badge, Click, Kind, Notification, Priority, Style};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::batching::{
    data_members, gone, intent_missing, layered, local, parse_seconds, seconds_until, with_member,
};
use super::super::wire::NONE;
use super::{Own, verdict};
use crate::channel::Outgoing;

/// The channel's name.
pub(super) const VENDOR: &str = "fcm";
/// Bytes of what a message says.
pub(super) const PAYLOAD_BYTES: usize = 4_096;
/// Four weeks, in seconds.
const TTL_MAX: i64 = 2_419_200;

/// What all devices of a notification have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prepared {
    message: String,
    /// A repetition replaces what is shown.
    pub(super) is_repeatable: bool,
}

/// A token that is no token is not worth a call.
pub(super) fn check_token(token: &str) -> Result<(), Refusal> {
    if token.trim().is_empty() { Err(gone(verdict::INVALID_REGISTRATION, "no token")) } else { Ok(()) }
}

/// Builds the message without its token.
pub(super) fn prepare(outgoing: &Outgoing, own: &Own, now: Millis) -> Result<Prepared, Refusal> {
    let notification = &*outgoing.notification;
    if notification.click.target() == Some("") {
        return Err(intent_missing(NONE));
    }
    // Without a life time Google keeps it for four weeks, which is the longest there is.
    let ttl = seconds_until(outgoing.expires_at, now).min(TTL_MAX);
    let message = layered(&own.defaults, &message(notification, own, ttl), notification, VENDOR);
    check(&message)?;
    let is_repeatable = tag(notification).is_some() && notification.kind != Kind::Background;
    Ok(Prepared { message: Value::Object(message).to_string(), is_repeatable })
}

/// The body of one call.
pub(super) fn body(prepared: &Prepared, message: &Outgoing) -> String {
    let message = with_member(&prepared.message, "token", &Value::from(&*message.token).to_string());
    with_member("{}", "message", &message)
}

/// By this a later notification replaces an earlier one where it is shown.
fn tag(notification: &Notification) -> Option<String> {
    let key = notification.collapse_key.clone().filter(|key| !key.is_empty());
    notification.notify_id.map(|id| id.to_string()).or(key)
}

fn message(notification: &Notification, own: &Own, ttl: i64) -> Map<String, Value> {
    let is_shown = notification.kind != Kind::Background;
    let mut android = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            android.insert(name.to_owned(), value);
        }
    };
    put("collapse_key", notification.collapse_key.as_ref().filter(|key| !key.is_empty()).map(|key| json!(key)));
    let priority = match (notification.priority, is_shown) {
        (Some(Priority::High), _) | (None, true) => "HIGH",
        (Some(Priority::Normal | Priority::Low), _) | (None, false) => "NORMAL",
    };
    put("priority", Some(json!(priority)));
    put("ttl", Some(json!(format!("{ttl}s"))));
    put("restricted_package_name", own.package_name.as_ref().map(|name| json!(name)));
    if is_shown {
        put("notification", Some(Value::Object(shown(notification))).filter(|shown| *shown != json!({})));
    }
    let mut message = Map::new();
    let data = data(notification);
    if !data.is_empty() {
        message.insert("data".to_owned(), Value::Object(data));
    }
    if is_shown {
        let texts = [
            ("title", Some(&notification.title)),
            ("body", Some(&notification.body)),
            ("image", picture(notification)),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(name, text)| text.filter(|text| !text.is_empty()).map(|text| (name.to_owned(), json!(text))));
        message.insert("notification".to_owned(), Value::Object(texts.collect()));
    }
    message.insert("android".to_owned(), Value::Object(android));
    message
}

fn picture(notification: &Notification) -> Option<&String> {
    match &notification.style {
        Style::Picture(url) => Some(url),
        _ => notification.image.as_ref(),
    }
}

fn shown(notification: &Notification) -> Map<String, Value> {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value);
        }
    };
    put("channel_id", notification.channel_id.as_ref().map(|id| json!(id)));
    put("tag", tag(notification).map(|tag| json!(tag)));
    match notification.sound.as_deref() {
        Some("default") => put("default_sound", Some(json!(true))),
        Some(sound) => put("sound", Some(json!(sound))),
        None => {}
    }
    match notification.attention {
        Some(Attention::Vibration) => put("default_vibrate_timings", Some(json!(true))),
        Some(Attention::Both) => {
            put("default_vibrate_timings", Some(json!(true)));
            put("default_sound", Some(json!(true)));
        }
        Some(Attention::Sound) => put("default_sound", Some(json!(true))),
        Some(Attention::Silent) | None => {}
    }
    match &notification.click {
        // An address is opened by the app, which finds it among the data.
        Click::App | Click::Url(_) => {}
        Click::Intent(action) | Click::Action(action) | Click::Page(action) => {
            put("click_action", Some(json!(action)));
        }
    }
    // The number is what the app shows beside its icon; adding is nothing that Google can do.
    if let Some(Badge::Set(number)) = notification.badge {
        put("notification_count", Some(json!(number)));
    }
    shown
}

/// Values are text; what is not, is written as JSON.
fn data(notification: &Notification) -> Map<String, Value> {
    let text = |value: Value| if value.is_string() { value } else { json!(value.to_string()) };
    let mut data: Map<String, Value> =
        data_members(notification).into_iter().map(|(name, value)| (name, text(value))).collect();
    if let Click::Url(url) = &notification.click {
        data.insert("url".to_owned(), json!(url));
    }
    data
}

fn check(message: &Map<String, Value>) -> Result<(), Refusal> {
    let none = Map::new();
    let android = message.get("android").and_then(Value::as_object).unwrap_or(&none);
    let ttl = android.get("ttl").map(|ttl| ttl.as_str().and_then(parse_seconds));
    if ttl.is_some_and(|ttl| !ttl.is_some_and(|ttl| (0.0..=TTL_MAX as f64).contains(&ttl))) {
        return Err(local(verdict::INVALID_TTL, "the life time is not 0 to 2419200 seconds"));
    }
    let data = message.get("data").and_then(Value::as_object).unwrap_or(&none);
    let is_reserved = |name: &String| {
        name == "from" || name == "message_type" || name.starts_with("google.") || name.starts_with("gcm.")
    };
    if let Some(name) = data.keys().find(|name| is_reserved(name)) {
        return Err(local(NONE, format!("data.{name} is Google's own")));
    }
    let says = |name: &str| message.get(name).map_or(0, |part| part.to_string().len());
    if says("data") + says("notification") > PAYLOAD_BYTES {
        return Err(local(verdict::MESSAGE_TOO_BIG, "the message is over 4096 bytes"));
    }
    Ok(())
}
