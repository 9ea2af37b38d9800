//! Our notification → Xiaomi's form, and what Xiaomi would refuse anyway. Overrides are fields of the form, with their
//! full names (`extra.channel_id`).
//!
//! <https://dev.mi.com/xiaomihyperos/ability/mipush>

use contract::Millis;
use contract::notification::{Attention, Click, Kind, Notification, Style};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::batching::{content_key, cut, data, gone, intent_missing, layered, local, notify_id};
use super::{Own, verdict};
use crate::channel::Outgoing;

/// The channel's name.
pub(super) const VENDOR: &str = "xiaomi";
/// Bytes of what the app gets.
pub(super) const PAYLOAD_BYTES: usize = 4_096;
/// Ten days, which private messages may live.
const TTL_MAX_MS: i64 = 864_000_000;
/// Characters, one less than what is refused.
const TITLE_MAX: usize = 49;
const TEXT_MAX: usize = 127;
const NOTIFY_ID_MAX: i64 = 2_147_483_647;
/// Characters of a key by which repetitions are known.
const JOB_KEY_MAX: usize = 20;
/// All events: arrived, tapped, dead, switched off, filtered, over quota. A sum that holds one twice asks for none.
const CALLBACK_TYPE: &str = "243";

/// What all devices of a notification have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Prepared {
    fields: Vec<(String, String)>,
    /// A repetition is known by its key.
    pub(super) is_repeatable: bool,
}

/// A token that is no token is not worth a call; one with a comma would be two.
pub(super) fn check_token(token: &str) -> Result<(), Refusal> {
    if token.trim().is_empty() || token.contains(',') {
        return Err(gone(verdict::TARGET_INVALID, "no token"));
    }
    Ok(())
}

/// Builds the fields without the tokens.
pub(super) fn prepare(outgoing: &Outgoing, own: &Own, now: Millis) -> Result<Prepared, Refusal> {
    let notification = &*outgoing.notification;
    if matches!(notification.click.target(), Some("")) {
        return Err(intent_missing(verdict::VALUE_INVALID));
    }
    let ttl_ms = (outgoing.expires_at.0 - now.0).min(TTL_MAX_MS);
    let mut built = fields_of(notification, own, ttl_ms);
    let key = content_key(notification, outgoing.expires_at);
    built.insert("extra.jobkey".to_owned(), json!(key[..JOB_KEY_MAX]));
    let fields = layered(&own.defaults, &built, notification, VENDOR);
    check(&fields)?;
    let fields: Vec<_> = fields.into_iter().map(|(name, value)| (name, text(&value))).collect();
    let is_repeatable = fields.iter().any(|(name, _)| name == "extra.jobkey" || name == "notify_id");
    Ok(Prepared { fields, is_repeatable })
}

/// The fields of one call.
pub(super) fn fields<'a>(
    prepared: &'a Prepared,
    messages: &[&Outgoing],
) -> impl Iterator<Item = (&'a str, std::borrow::Cow<'a, str>)> {
    let tokens: Vec<&str> = messages.iter().map(|message| message.token.as_str()).collect();
    let own = prepared.fields.iter().map(|(name, value)| (name.as_str(), value.as_str().into()));
    own.chain(std::iter::once(("registration_id", tokens.join(",").into())))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn fields_of(notification: &Notification, own: &Own, ttl_ms: i64) -> Map<String, Value> {
    let is_shown = notification.kind != Kind::Background;
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    put("restricted_package_name", Some(json!(own.package_name)));
    put("pass_through", Some(json!(i64::from(!is_shown))));
    put("payload", data(notification).map(|data| json!(data)));
    put("time_to_live", Some(json!(ttl_ms)));
    if is_shown {
        put("title", Some(json!(cut(&notification.title, TITLE_MAX, notification.is_cut))));
        put("description", Some(json!(cut(&notification.body, TEXT_MAX, notification.is_cut))));
        put("notify_type", Some(json!(attention(notification.attention))));
        put("notify_id", notify_id(notification).map(|id| json!(id)));
        put("extra.channel_id", notification.channel_id.as_ref().map(|id| json!(id)));
        put("extra.sound_uri", notification.sound.as_ref().filter(|sound| *sound != "default").map(|uri| json!(uri)));
        let (effect, target) = click(&notification.click);
        put("extra.notify_effect", Some(json!(effect)));
        if let Some((name, target)) = target {
            put(name, Some(json!(target)));
        }
        match &notification.style {
            Style::Long { body, .. } => {
                let body = if body.is_empty() { &notification.body } else { body };
                put("extra.notification_style_type", Some(json!("1")));
                put("description", Some(json!(cut(body, TEXT_MAX, notification.is_cut))));
            }
            Style::Picture(url) => {
                put("extra.notification_style_type", Some(json!("2")));
                put("extra.notification_bigPic_uri", Some(json!(url)));
            }
            Style::Plain | Style::Lines(_) => {}
        }
    }
    if let Some(url) = &own.callback_url {
        put("extra.callback", Some(json!(url)));
        put("extra.callback.type", Some(json!(CALLBACK_TYPE)));
    }
    fields
}

fn attention(attention: Option<Attention>) -> i64 {
    match attention {
        None => -1,
        Some(Attention::Silent) => 4,
        Some(Attention::Sound) => 1,
        Some(Attention::Vibration) => 2,
        Some(Attention::Both) => 3,
    }
}

fn click(click: &Click) -> (&'static str, Option<(&'static str, &str)>) {
    match click {
        Click::App => ("1", None),
        Click::Intent(target) | Click::Action(target) | Click::Page(target) => {
            ("2", Some(("extra.intent_uri", target)))
        }
        Click::Url(target) => ("3", Some(("extra.web_uri", target))),
    }
}

fn check(fields: &Map<String, Value>) -> Result<(), Refusal> {
    let has = |name: &str| fields.get(name).is_some_and(|value| !text(value).trim().is_empty());
    let length = |name: &str| fields.get(name).map_or(0, |value| text(value).chars().count());
    let number = |name: &str| fields.get(name).map(|value| text(value).trim().parse::<i64>().ok());
    if number("pass_through") == Some(Some(0)) {
        if !has("title") || !has("description") {
            return Err(local(verdict::NOTIFICATION_INVALID, "title or description is missing"));
        }
        if length("title") > TITLE_MAX || length("description") > TEXT_MAX {
            return Err(local(verdict::VALUE_INVALID, "title or description is too long"));
        }
    }
    if fields.get("payload").is_some_and(|payload| text(payload).len() > PAYLOAD_BYTES) {
        return Err(local(verdict::REQUEST_TOO_LARGE, "the payload is over 4096 bytes"));
    }
    if number("time_to_live").is_some_and(|ttl| ttl.is_none_or(|ttl| ttl < 0)) {
        return Err(local(verdict::PARAMETER_ERROR, "the life time is negative"));
    }
    if number("notify_type").is_some_and(|bits| bits.is_none_or(|bits| !(-1..=7).contains(&bits))) {
        return Err(local(verdict::VALUE_INVALID, "notify_type is none of the vendor's"));
    }
    if number("notify_id").is_some_and(|id| id.is_none_or(|id| !(0..=NOTIFY_ID_MAX).contains(&id))) {
        return Err(local(verdict::NOTIFICATION_ID_INVALID, "notify_id is out of range"));
    }
    let is_key = |key: String| {
        let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        key.len() <= JOB_KEY_MAX && is_plain && !key.starts_with('_')
    };
    if fields.get("extra.jobkey").is_some_and(|key| !is_key(text(key))) {
        return Err(local(verdict::VALUE_INVALID, "jobkey is malformed"));
    }
    Ok(())
}
