//! Our notification → Huawei's message, and what Huawei would refuse anyway.
//!
//! A notification for one that is shown, `data` alone for one that the app gets without a sign. Overrides are put over
//! the `message` object before it is looked at.
//!
//! <https://developer.huawei.com/consumer/en/doc/HMSCore-References/https-send-api-0000001050986197>

use contract::Millis;
use contract::notification::{Attention, Badge, Click, Kind, Notification, Priority, Style, Weight};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::batching::{
    cut, data, has_no_target, intent_missing, layered, local, notify_id, parse_seconds, seconds_until, tokens,
    with_member,
};
use super::verdict;
use crate::channel::Outgoing;

/// The channel's name.
pub(super) const VENDOR: &str = "huawei";
/// Bytes of a body without its tokens.
pub(super) const BODY_BYTES: usize = 4_096;
/// Fifteen days, in seconds.
const TTL_MAX: i64 = 1_296_000;
/// What fits on a phone, in UTF-16 units.
const TITLE_UNITS: usize = 60;
const TEXT_UNITS: usize = 600;
/// The largest number on an icon.
const BADGE_MAX: i64 = 99;

/// What all devices of a notification have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Prepared {
    message: String,
    /// A repetition replaces what is shown.
    pub(super) is_repeatable: bool,
}

/// A token that is no token is not worth a call.
pub(super) fn check_token(token: &str) -> Result<(), Refusal> {
    if token.trim().is_empty() { Err(local(verdict::TOKEN_LIST_INVALID, "no token")) } else { Ok(()) }
}

/// Builds the message without its tokens.
pub(super) fn prepare(
    outgoing: &Outgoing,
    defaults: &Map<String, Value>,
    badge_class: Option<&str>,
    now: Millis,
) -> Result<Prepared, Refusal> {
    let notification = &*outgoing.notification;
    let ttl = seconds_until(outgoing.expires_at, now).min(TTL_MAX);
    let built = message(notification, badge_class, ttl);
    let message = layered(defaults, &built, notification, VENDOR);
    check(notification, &message)?;
    let message = Value::Object(message).to_string();
    if message.len() > BODY_BYTES {
        return Err(local(verdict::BODY_TOO_LARGE, "the body is over 4096 bytes"));
    }
    Ok(Prepared { message, is_repeatable: notify_id(notification).is_some() })
}

/// The body of one call.
pub(super) fn body(prepared: &Prepared, messages: &[&Outgoing]) -> String {
    let message = with_member(&prepared.message, "token", &tokens(messages));
    with_member("{\"validate_only\":false}", "message", &message)
}

/// The body that takes a notification back.
pub(super) fn recall(number: i64, tokens: &[&str]) -> String {
    json!({ "notifyId": number, "token": tokens }).to_string()
}

fn message(notification: &Notification, badge_class: Option<&str>, ttl: i64) -> Map<String, Value> {
    let mut android = Map::from_iter([("ttl".to_owned(), json!(format!("{ttl}s")))]);
    if let Some(subject) = &notification.subject {
        android.insert("category".to_owned(), json!(subject));
    }
    if notification.is_test {
        android.insert("target_user_type".to_owned(), json!(1));
    }
    let mut message = Map::new();
    if let Some(data) = data(notification) {
        message.insert("data".to_owned(), json!(data));
    }
    if notification.kind == Kind::Background {
        if notification.priority == Some(Priority::High) {
            android.insert("urgency".to_owned(), json!("HIGH"));
        }
    } else {
        android.insert("notification".to_owned(), Value::Object(shown(notification, badge_class)));
    }
    message.insert("android".to_owned(), Value::Object(android));
    message
}

fn shown(notification: &Notification, badge_class: Option<&str>) -> Map<String, Value> {
    let may_cut = notification.is_cut;
    let mut shown = Map::from_iter([
        ("title".to_owned(), json!(cut(&notification.title, TITLE_UNITS, may_cut))),
        ("body".to_owned(), json!(cut(&notification.body, TEXT_UNITS, may_cut))),
        ("click_action".to_owned(), click(&notification.click)),
    ]);
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value);
        }
    };
    put("channel_id", notification.channel_id.as_ref().map(|id| json!(id)));
    put(
        "importance",
        notification.weight.map(|weight| match weight {
            Weight::Marketing => json!("LOW"),
            Weight::Service => json!("NORMAL"),
        }),
    );
    put("notify_id", notify_id(notification).map(|id| json!(id)));
    put("group", notification.thread.as_ref().map(|thread| json!(thread)));
    let picture = match &notification.style {
        Style::Picture(picture) => Some(picture),
        _ => notification.image.as_ref(),
    };
    put("image", picture.map(|url| json!(url)));
    match &notification.style {
        Style::Plain | Style::Picture(_) => {}
        Style::Long { title, body } => {
            let (title, body) = (or(title, &notification.title), or(body, &notification.body));
            put("style", Some(json!(1)));
            put("big_title", Some(json!(title)));
            put("big_body", Some(json!(body)));
        }
        Style::Lines(lines) => {
            put("style", Some(json!(3)));
            put("inbox_content", Some(json!(lines)));
        }
    }
    match notification.sound.as_deref() {
        Some("default") => put("default_sound", Some(json!(true))),
        Some(sound) => put("sound", Some(json!(sound))),
        None => {}
    }
    if matches!(notification.attention, Some(Attention::Vibration | Attention::Both)) {
        put("use_default_vibrate", Some(json!(true)));
    }
    put("badge", notification.badge.map(|badge| self::badge(badge, badge_class)));
    shown
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

fn click(click: &Click) -> Value {
    match click {
        Click::App => json!({ "type": 3 }),
        Click::Url(url) => json!({ "type": 2, "url": url }),
        Click::Intent(intent) => json!({ "type": 1, "intent": intent }),
        Click::Action(action) | Click::Page(action) => json!({ "type": 1, "action": action }),
    }
}

fn badge(badge: Badge, class: Option<&str>) -> Value {
    let mut value = match badge {
        Badge::Set(number) => json!({ "set_num": i64::from(number).min(BADGE_MAX) }),
        Badge::Add(number) => json!({ "add_num": i64::from(number).min(BADGE_MAX) }),
    };
    if let Some(class) = class {
        value["class"] = json!(class);
    }
    value
}

fn check(notification: &Notification, message: &Map<String, Value>) -> Result<(), Refusal> {
    let invalid = |text: &str| Err(local(verdict::PAYLOAD_INVALID, text));
    let none = Map::new();
    let android = message.get("android").and_then(Value::as_object).unwrap_or(&none);
    let ttl = android.get("ttl").map(|ttl| ttl.as_str().and_then(parse_seconds));
    if ttl.is_some_and(|ttl| !ttl.is_some_and(|ttl| (1.0..=TTL_MAX as f64).contains(&ttl))) {
        return Err(local(verdict::LIFE_TIME_INVALID, "the life time is not 1 to 1296000 seconds"));
    }
    let Some(shown) = android.get("notification").and_then(Value::as_object) else {
        let has_data = message.contains_key("data") || android.contains_key("data");
        return if has_data { Ok(()) } else { invalid("neither a notification nor data") };
    };
    let outer = message.get("notification").and_then(Value::as_object).unwrap_or(&none);
    for name in ["title", "body"] {
        let is_there =
            |part: &Map<String, Value>| part.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        if !is_there(shown) && !is_there(outer) {
            return invalid(&format!("{name} is missing"));
        }
    }
    let click = shown.get("click_action").and_then(Value::as_object).unwrap_or(&none);
    let has = |name: &str| click.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    match click.get("type").and_then(Value::as_i64) {
        Some(1) if !has("intent") && !has("action") => return Err(intent_missing(verdict::PAYLOAD_INVALID)),
        Some(2) if has_no_target(notification) => return Err(intent_missing(verdict::PAYLOAD_INVALID)),
        Some(1..=3) => {}
        _ => return invalid("click_action is missing"),
    }
    let badge = shown.get("badge").and_then(Value::as_object).unwrap_or(&none);
    for (name, least) in [("add_num", 1), ("set_num", 0)] {
        let number = badge.get(name).map(|number| number.as_i64().unwrap_or(-1));
        if number.is_some_and(|number| !(least..=BADGE_MAX).contains(&number)) {
            return invalid(&format!("badge.{name} is out of range"));
        }
    }
    Ok(())
}
