//! Our notification → vivo's message, and what vivo would refuse anyway. Overrides are put over the message.
//!
//! <https://dev.vivo.com.cn/documentCenter/doc/362>

use contract::Millis;
use contract::notification::{Attention, Click, Kind, Notification, Weight};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::batching::{
    cut, data_members, intent_missing, layered, local, notify_id, seconds_until, with_member,
};
use super::super::wire::NONE;
use super::{Own, request_id, verdict};
use crate::channel::Outgoing;

/// The channel's name.
pub(super) const VENDOR: &str = "vivo";
/// Characters of all custom pairs together, and how many there may be.
pub(super) const PAIRS_UNITS: usize = 1_024;
const PAIRS_MAX: usize = 10;
/// A minute to a day, in seconds.
const TTL_MIN: i64 = 60;
const TTL_MAX: i64 = 86_400;
/// Characters.
const TITLE_MAX: usize = 40;
const TEXT_MAX: usize = 100;

/// What all devices of a notification have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Prepared {
    pub(super) message: String,
}

/// A token that is no token is not worth a call.
pub(super) fn check_token(token: &str) -> Result<(), Refusal> {
    if token.trim().is_empty() { Err(local(verdict::TARGET_MISSING, "no token")) } else { Ok(()) }
}

/// Builds the message without its devices.
pub(super) fn prepare(outgoing: &Outgoing, own: &Own, now: Millis) -> Result<Prepared, Refusal> {
    let notification = &*outgoing.notification;
    if notification.kind == Kind::Background {
        return Err(local(NONE, "the vendor shows notifications and passes nothing through"));
    }
    if notification.click.target() == Some("") {
        return Err(intent_missing(NONE));
    }
    let ttl = seconds_until(outgoing.expires_at, now).clamp(TTL_MIN, TTL_MAX);
    let message = layered(&own.defaults, &message(notification, own, ttl), notification, VENDOR);
    check(&message)?;
    Ok(Prepared { message: Value::Object(message).to_string() })
}

/// The message to one device.
pub(super) fn one(prepared: &Prepared, message: &Outgoing) -> String {
    let body = with_member(&prepared.message, "regId", &Value::from(&*message.token).to_string());
    with_member(&body, "requestId", &Value::from(request_id(message)).to_string())
}

/// The words for a list.
pub(super) fn list(prepared: &Prepared, request: &str) -> String {
    with_member(&prepared.message, "requestId", &Value::from(request).to_string())
}

/// The devices of a list.
pub(super) fn devices(own: &Own, messages: &[&Outgoing], task: &str, request: &str) -> String {
    let tokens: Vec<&str> = messages.iter().map(|message| message.token.as_str()).collect();
    json!({ "appId": own.app_id, "regIds": tokens, "taskId": task, "requestId": request }).to_string()
}

fn message(notification: &Notification, own: &Own, ttl: i64) -> Map<String, Value> {
    let may_cut = notification.is_cut;
    let (skip, target) = click(&notification.click);
    let class = i64::from(notification.weight != Some(Weight::Marketing));
    let mut message = Map::from_iter([
        ("appId".to_owned(), json!(own.app_id)),
        ("notifyType".to_owned(), json!(attention(notification.attention))),
        ("title".to_owned(), json!(cut(&notification.title, TITLE_MAX, may_cut))),
        ("content".to_owned(), json!(cut(&notification.body, TEXT_MAX, may_cut))),
        ("timeToLive".to_owned(), json!(ttl)),
        ("skipType".to_owned(), json!(skip)),
        ("classification".to_owned(), json!(class)),
        ("pushMode".to_owned(), json!(i64::from(notification.is_test))),
    ]);
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            message.insert(name.to_owned(), value);
        }
    };
    put("skipContent", target.map(|target| json!(target)));
    put("category", notification.subject.as_ref().map(|subject| json!(subject)));
    put("notifyId", notify_id(notification).map(|id| json!(id)));
    let pairs = pairs(notification);
    put("clientCustomMap", (!pairs.is_empty()).then_some(Value::Object(pairs)));
    put("extra", own.callback_url.as_ref().map(|url| json!({ "callback": url })));
    message
}

/// Pairs are text; what is not, is written as JSON.
fn pairs(notification: &Notification) -> Map<String, Value> {
    let text = |value: Value| if value.is_string() { value } else { json!(value.to_string()) };
    data_members(notification).into_iter().map(|(name, value)| (name, text(value))).collect()
}

fn attention(attention: Option<Attention>) -> i64 {
    match attention {
        Some(Attention::Silent) => 1,
        Some(Attention::Sound) => 2,
        Some(Attention::Vibration) => 3,
        None | Some(Attention::Both) => 4,
    }
}

fn click(click: &Click) -> (i64, Option<&str>) {
    match click {
        Click::App => (1, None),
        Click::Url(target) => (2, Some(target)),
        Click::Intent(target) | Click::Action(target) => (3, Some(target)),
        Click::Page(target) => (4, Some(target)),
    }
}

fn check(message: &Map<String, Value>) -> Result<(), Refusal> {
    let length = |name: &str| message.get(name).and_then(Value::as_str).map_or(0, |text| text.chars().count());
    if message.get("title").and_then(Value::as_str).is_none_or(|title| title.trim().is_empty()) {
        return Err(local(verdict::TITLE_EMPTY, "no title"));
    }
    if length("title") > TITLE_MAX {
        return Err(local(verdict::TITLE_TOO_LONG, "the title is over 40 characters"));
    }
    if length("content") > TEXT_MAX {
        return Err(local(verdict::CONTENT_TOO_LONG, "the text is over 100 characters"));
    }
    let none = Map::new();
    let pairs = match message.get("clientCustomMap") {
        None => &none,
        Some(Value::Object(pairs)) => pairs,
        Some(_) => return Err(local(verdict::PAIRS_INVALID, "the custom pairs are no pairs")),
    };
    if pairs.len() > PAIRS_MAX {
        return Err(local(verdict::PAIRS_TOO_MANY, "more than ten custom pairs"));
    }
    let units: usize = pairs
        .iter()
        .map(|(name, value)| value.as_str().map_or(PAIRS_UNITS + 1, |text| name.chars().count() + text.chars().count()))
        .sum();
    if units > PAIRS_UNITS {
        return Err(local(verdict::PAIRS_INVALID, "the custom pairs are no text, or over 1024 characters"));
    }
    Ok(())
}
