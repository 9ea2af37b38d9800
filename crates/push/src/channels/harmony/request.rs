//! Our notification → HarmonyOS's body, and what the vendor would refuse anyway.
//!
//! Overrides are put over the whole body; `push_type` in them is the header's number. Kinds that we have no word for
//! (cards, live views, speech) are sent by overrides alone.
//!
//! <https://developer.huawei.com/consumer/cn/doc/harmonyos-references/push-scenariozed-api-request-param>

use contract::Millis;
use contract::notification::{Badge, Click, Kind, Notification, Style};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::batching::{
    content_key, cut, data_members, intent_missing, layered, local, notify_id, patch, seconds_until, tokens,
    with_member,
};
use super::verdict;
use crate::channel::Outgoing;

/// The channel's name.
pub(super) const VENDOR: &str = "harmony";
/// Bytes of a body without its tokens.
pub(super) const BODY_BYTES: usize = 4_096;
/// Fifteen days, in seconds.
const TTL_MAX: i64 = 1_296_000;
/// What fits on a phone, in UTF-16 units.
const TITLE_UNITS: usize = 60;
const TEXT_UNITS: usize = 600;
/// The largest number on an icon.
const BADGE_MAX: i64 = 99;
/// Bytes of the tag that receipts repeat.
const TAG_BYTES: usize = 64;

/// The header of a notification that is shown.
pub(super) const ALERT: i64 = 0;
/// A card.
const CARD: i64 = 1;
/// For the app alone.
const BACKGROUND: i64 = 6;
/// What the header may say.
const PUSH_TYPES: [i64; 7] = [ALERT, CARD, 2, BACKGROUND, 7, 10, 11];
/// What a notification may be about.
const SUBJECTS: [&str; 13] = [
    "IM",
    "VOIP",
    "SUBSCRIPTION",
    "TRAVEL",
    "HEALTH",
    "WORK",
    "ACCOUNT",
    "EXPRESS",
    "FINANCE",
    "DEVICE_REMINDER",
    "MAIL",
    "CUSTOMER_SERVICE",
    "MARKETING",
];

/// What all devices of a notification have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Prepared {
    body: String,
    pub(super) push_type: i64,
    pub(super) tokens_max: usize,
    /// A repetition is known by the device.
    pub(super) is_repeatable: bool,
}

/// A token that is no token is not worth a call.
pub(super) fn check_token(token: &str) -> Result<(), Refusal> {
    if token.trim().is_empty() { Err(local(verdict::PARAMETER_INVALID, "no token")) } else { Ok(()) }
}

/// Builds the body without its tokens.
pub(super) fn prepare(outgoing: &Outgoing, defaults: &Map<String, Value>, now: Millis) -> Result<Prepared, Refusal> {
    let notification = &*outgoing.notification;
    let ttl = seconds_until(outgoing.expires_at, now).min(TTL_MAX);
    let mut body = layered(defaults, &whole(notification, ttl), notification, VENDOR);
    let own_type = if notification.kind == Kind::Background { BACKGROUND } else { ALERT };
    let push_type = body.shift_remove("push_type").map_or(Some(own_type), |own| own.as_i64());
    let Some(push_type) = push_type.filter(|push_type| PUSH_TYPES.contains(push_type)) else {
        return Err(local(verdict::PARAMETER_INVALID, "push-type is none of the vendor's"));
    };
    let is_test = body.get("pushOptions").and_then(|options| options.get("testMessage")) == Some(&Value::Bool(true));
    check_options(&body)?;
    if push_type == ALERT {
        classify(&mut body);
        check_alert(&body)?;
        identify(&mut body, outgoing);
    }
    let is_single =
        push_type == CARD || body.get("payload").is_some_and(|payload| payload.get("subscription").is_some());
    let tokens_max = match (is_single, is_test) {
        (true, _) => 1,
        (false, true) => 10,
        (false, false) => 1_000,
    };
    let body = Value::Object(body).to_string();
    if body.len() > BODY_BYTES {
        return Err(local(verdict::BODY_TOO_LARGE, "the body is over 4096 bytes"));
    }
    Ok(Prepared { body, push_type, tokens_max, is_repeatable: push_type == ALERT })
}

/// The body of one call.
pub(super) fn body(prepared: &Prepared, messages: &[&Outgoing]) -> String {
    with_member(&prepared.body, "target", &format!("{{\"token\":{}}}", tokens(messages)))
}

/// The body that takes a notification back.
pub(super) fn recall(number: i64, tokens: &[&str]) -> String {
    json!({ "notifyId": number, "token": tokens }).to_string()
}

fn whole(notification: &Notification, ttl: i64) -> Map<String, Value> {
    let mut options = Map::from_iter([("ttl".to_owned(), json!(ttl))]);
    if notification.is_test {
        options.insert("testMessage".to_owned(), json!(true));
    }
    let payload = if notification.kind == Kind::Background {
        json!({ "extraData": Value::Object(data_members(notification)).to_string() })
    } else {
        json!({ "notification": shown(notification) })
    };
    Map::from_iter([("payload".to_owned(), payload), ("pushOptions".to_owned(), Value::Object(options))])
}

fn shown(notification: &Notification) -> Map<String, Value> {
    let may_cut = notification.is_cut;
    let mut shown = Map::from_iter([
        ("title".to_owned(), json!(cut(&notification.title, TITLE_UNITS, may_cut))),
        ("body".to_owned(), json!(cut(&notification.body, TEXT_UNITS, may_cut))),
        ("clickAction".to_owned(), Value::Object(click(notification))),
    ]);
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value);
        }
    };
    put("category", notification.subject.as_ref().map(|subject| json!(subject)));
    put("notifyId", notify_id(notification).map(|id| json!(id)));
    let picture = match &notification.style {
        Style::Picture(picture) => Some(picture),
        _ => notification.image.as_ref(),
    };
    put("image", picture.map(|url| json!(url)));
    if let Style::Lines(lines) = &notification.style {
        put("style", Some(json!(3)));
        put("inboxContent", Some(json!(lines)));
    }
    put("sound", notification.sound.as_ref().filter(|sound| *sound != "default").map(|sound| json!(sound)));
    let badge = notification.badge.map(|badge| match badge {
        Badge::Set(number) => json!({ "setNum": i64::from(number).min(BADGE_MAX) }),
        Badge::Add(number) => json!({ "addNum": i64::from(number).min(BADGE_MAX) }),
    });
    put("badge", badge);
    shown
}

fn click(notification: &Notification) -> Map<String, Value> {
    let mut click = match &notification.click {
        Click::App => json!({ "actionType": 0 }),
        Click::Action(action) => json!({ "actionType": 1, "action": action }),
        Click::Url(uri) | Click::Intent(uri) | Click::Page(uri) => json!({ "actionType": 1, "uri": uri }),
    };
    let data = data_members(notification);
    if !data.is_empty() {
        click["data"] = Value::Object(data);
    }
    match click {
        Value::Object(click) => click,
        _ => Map::new(),
    }
}

/// The vendor demands a category; what nobody has named has the one that needs no grant.
fn classify(body: &mut Map<String, Value>) {
    let shown = body.get_mut("payload").and_then(|payload| payload.get_mut("notification"));
    if let Some(Value::Object(shown)) = shown {
        shown.entry("category").or_insert_with(|| json!("MARKETING"));
    }
}

/// By this number the device knows a repetition for a day.
fn identify(body: &mut Map<String, Value>, outgoing: &Outgoing) {
    let key = content_key(&outgoing.notification, outgoing.expires_at);
    let own = json!({ "payload": { "notification": { "appMessageId": key } } });
    let has_own = body.get("payload").and_then(|payload| payload.get("notification"));
    if let (Some(Value::Object(notification)), Value::Object(own)) = (has_own, own)
        && !notification.contains_key("appMessageId")
    {
        patch(body, &own);
    }
}

fn check_options(body: &Map<String, Value>) -> Result<(), Refusal> {
    let none = Map::new();
    let options = body.get("pushOptions").and_then(Value::as_object).unwrap_or(&none);
    if options.get("ttl").is_some_and(|ttl| !ttl.as_i64().is_some_and(|ttl| (1..=TTL_MAX).contains(&ttl))) {
        return Err(local(verdict::LIFE_TIME_INVALID, "the life time is not 1 to 1296000 seconds"));
    }
    if options.get("biTag").is_some_and(|tag| tag.as_str().is_none_or(|tag| tag.len() > TAG_BYTES)) {
        return Err(local(verdict::PARAMETER_INVALID, "biTag is over 64 bytes"));
    }
    if !body.get("payload").is_some_and(Value::is_object) {
        return Err(local(verdict::MESSAGE_INVALID, "payload is missing"));
    }
    Ok(())
}

fn check_alert(body: &Map<String, Value>) -> Result<(), Refusal> {
    let invalid = |text: &str| Err(local(verdict::MESSAGE_INVALID, text));
    let shown = body.get("payload").and_then(|payload| payload.get("notification")).and_then(Value::as_object);
    // A number on the icon, or a subscription, has no notification.
    let Some(shown) = shown else {
        let has_other = |name: &str| body.get("payload").is_some_and(|payload| payload.get(name).is_some());
        return if has_other("badge") || has_other("subscription") {
            Ok(())
        } else {
            invalid("notification is missing")
        };
    };
    let text = |name: &str| shown.get(name).and_then(Value::as_str).unwrap_or_default();
    for name in ["title", "body"] {
        if text(name).is_empty() {
            return invalid(&format!("{name} is missing"));
        }
    }
    if !SUBJECTS.contains(&text("category")) {
        return invalid("category is none of the vendor's");
    }
    let none = Map::new();
    let click = shown.get("clickAction").and_then(Value::as_object).unwrap_or(&none);
    let has = |name: &str| click.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    match click.get("actionType").and_then(Value::as_i64) {
        Some(0) => {}
        Some(1) if has("action") || has("uri") => {}
        Some(1) => return Err(intent_missing(verdict::MESSAGE_INVALID)),
        _ => return invalid("clickAction is missing"),
    }
    let badge = shown.get("badge").and_then(Value::as_object).unwrap_or(&none);
    for (name, least) in [("addNum", 1), ("setNum", 0)] {
        let number = badge.get(name).map(|number| number.as_i64().unwrap_or(-1));
        if number.is_some_and(|number| !(least..=BADGE_MAX).contains(&number)) {
            return invalid(&format!("badge.{name} is out of range"));
        }
    }
    Ok(())
}
