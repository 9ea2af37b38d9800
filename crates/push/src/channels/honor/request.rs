//! Our notification → Honor's body, and what Honor would refuse anyway. Overrides are put over the whole body.
//!
//! <https://developer.honor.com/cn/docs/11002/guides/downlink-message>

use contract::Millis;
use contract::notification::{Badge, Click, Kind, Notification, Style, Weight};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::batching::{
    cut, data, has_no_target, intent_missing, layered, local, notify_id, parse_seconds, seconds_until, tokens,
    with_member,
};
use super::verdict;
use crate::channel::Outgoing;

/// The channel's name.
pub(super) const VENDOR: &str = "honor";
/// Bytes of a body.
pub(super) const BODY_BYTES: usize = 4_096;
/// Fifteen days, in seconds.
const TTL_MAX: i64 = 1_296_000;
/// What fits on a phone, in UTF-16 units.
const TITLE_UNITS: usize = 50;
const TEXT_UNITS: usize = 400;
/// The largest number on an icon.
const BADGE_MAX: i64 = 99;

/// What all devices of a notification have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Prepared {
    body: String,
    /// A repetition replaces what is shown.
    pub(super) is_repeatable: bool,
}

/// A token that is no token is not worth a call.
pub(super) fn check_token(token: &str) -> Result<(), Refusal> {
    if token.trim().is_empty() { Err(local(verdict::TOKEN_MISSING, "no token")) } else { Ok(()) }
}

/// Builds the body without its tokens.
pub(super) fn prepare(
    outgoing: &Outgoing,
    defaults: &Map<String, Value>,
    badge_class: Option<&str>,
    now: Millis,
) -> Result<Prepared, Refusal> {
    let notification = &*outgoing.notification;
    let ttl = seconds_until(outgoing.expires_at, now).min(TTL_MAX);
    let body = layered(defaults, &whole(notification, badge_class, ttl), notification, VENDOR);
    check(notification, &body)?;
    let body = Value::Object(body).to_string();
    if body.len() > BODY_BYTES {
        return Err(local(verdict::BODY_TOO_LARGE, "the body is over 4096 bytes"));
    }
    Ok(Prepared { body, is_repeatable: notify_id(notification).is_some() })
}

/// The body of one call.
pub(super) fn body(prepared: &Prepared, messages: &[&Outgoing]) -> String {
    with_member(&prepared.body, "token", &tokens(messages))
}

fn whole(notification: &Notification, badge_class: Option<&str>, ttl: i64) -> Map<String, Value> {
    let mut android = Map::from_iter([("ttl".to_owned(), json!(format!("{ttl}s")))]);
    if notification.is_test {
        android.insert("targetUserType".to_owned(), json!(1));
    }
    if notification.kind != Kind::Background {
        android.insert("notification".to_owned(), Value::Object(shown(notification, badge_class)));
    }
    let mut body = Map::new();
    if let Some(data) = data(notification) {
        body.insert("data".to_owned(), json!(data));
    }
    body.insert("android".to_owned(), Value::Object(android));
    body
}

fn shown(notification: &Notification, badge_class: Option<&str>) -> Map<String, Value> {
    let may_cut = notification.is_cut;
    let mut shown = Map::from_iter([
        ("title".to_owned(), json!(cut(&notification.title, TITLE_UNITS, may_cut))),
        ("body".to_owned(), json!(cut(&notification.body, TEXT_UNITS, may_cut))),
        ("clickAction".to_owned(), click(&notification.click)),
    ]);
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value);
        }
    };
    put(
        "importance",
        notification.weight.map(|weight| match weight {
            Weight::Marketing => json!("LOW"),
            Weight::Service => json!("NORMAL"),
        }),
    );
    put("notifyId", notify_id(notification).map(|id| json!(id)));
    put("group", notification.thread.as_ref().map(|thread| json!(thread)));
    let picture = match &notification.style {
        Style::Picture(picture) => Some(picture),
        _ => notification.image.as_ref(),
    };
    put("image", picture.map(|url| json!(url)));
    if let Style::Long { title, body } = &notification.style {
        let or = |text: &String, other: &String| json!(if text.is_empty() { other } else { text });
        put("style", Some(json!(1)));
        put("bigTitle", Some(or(title, &notification.title)));
        put("bigBody", Some(or(body, &notification.body)));
    }
    put("badge", notification.badge.map(|badge| self::badge(badge, badge_class)));
    shown
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
        Badge::Set(number) => json!({ "setNum": i64::from(number).min(BADGE_MAX) }),
        Badge::Add(number) => json!({ "addNum": i64::from(number).min(BADGE_MAX) }),
    };
    if let Some(class) = class {
        value["badgeClass"] = json!(class);
    }
    value
}

fn check(notification: &Notification, body: &Map<String, Value>) -> Result<(), Refusal> {
    let invalid = |text: &str| Err(local(verdict::MESSAGE_INVALID, text));
    let none = Map::new();
    let android = body.get("android").and_then(Value::as_object).unwrap_or(&none);
    let ttl = android.get("ttl").map(|ttl| ttl.as_str().and_then(parse_seconds));
    if ttl.is_some_and(|ttl| !ttl.is_some_and(|ttl| (1.0..=TTL_MAX as f64).contains(&ttl))) {
        return invalid("the life time is not 1 to 1296000 seconds");
    }
    let Some(shown) = android.get("notification").and_then(Value::as_object) else {
        let has_data = body.contains_key("data") || android.contains_key("data");
        return if has_data { Ok(()) } else { invalid("neither a notification nor data") };
    };
    let outer = body.get("notification").and_then(Value::as_object).unwrap_or(&none);
    for name in ["title", "body"] {
        let is_there =
            |part: &Map<String, Value>| part.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        if !is_there(shown) && !is_there(outer) {
            return invalid(&format!("{name} is missing"));
        }
    }
    let click = shown.get("clickAction").and_then(Value::as_object).unwrap_or(&none);
    let text = |name: &str| click.get(name).and_then(Value::as_str).unwrap_or_default();
    match click.get("type").and_then(Value::as_i64) {
        Some(1) if text("intent").is_empty() && text("action").is_empty() => {
            Err(intent_missing(verdict::MESSAGE_INVALID))
        }
        Some(2) if has_no_target(notification) => Err(intent_missing(verdict::MESSAGE_INVALID)),
        Some(2) if !text("url").starts_with("https://") => invalid("clickAction.url is not https"),
        Some(1..=3) => Ok(()),
        _ => invalid("clickAction is missing"),
    }
}
