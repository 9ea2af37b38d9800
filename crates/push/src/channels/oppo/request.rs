//! Our notification → OPPO's, and what OPPO would refuse anyway. Overrides are put over the fields of one notification.
//!
//! <https://open.oppomobile.com/new/developmentDoc/info?id=12968>

use contract::Millis;
use contract::notification::{Click, Kind, Notification, Style, Weight};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::Refusal;
use super::super::batching::{
    cut, data_members, gone, intent_missing, layered, local, notify_id, seconds_until, with_member,
};
use super::super::wire::NONE;
use super::{Own, verdict};
use crate::channel::Outgoing;

/// The channel's name.
pub(super) const VENDOR: &str = "oppo";
/// Characters of what the app gets.
pub(super) const PARAMETERS_BYTES: usize = 4_000;
/// Ten days, in seconds.
const TTL_MAX: i64 = 864_000;
/// Characters.
const TITLE_MAX: usize = 50;
const SUBTITLE_MAX: usize = 10;
const TEXT_MAX: usize = 50;
const LONG_TEXT_MAX: usize = 128;
const ACTIVITY_MAX: usize = 500;
const URL_MAX: usize = 2_000;

/// A token that is no token is not worth a call; one with a semicolon would be two.
pub(super) fn check_token(token: &str) -> Result<(), Refusal> {
    if token.trim().is_empty() || token.contains(';') {
        return Err(gone(verdict::INVALID_REGISTRATION_ID, "no token"));
    }
    Ok(())
}

/// Builds the notification without the id that tells its messages apart.
pub(super) fn notification(outgoing: &Outgoing, own: &Own, now: Millis) -> Result<String, Refusal> {
    let notification = &*outgoing.notification;
    if notification.kind == Kind::Background {
        return Err(local(NONE, "the vendor shows notifications and passes nothing through"));
    }
    if notification.click.target() == Some("") {
        return Err(intent_missing(NONE));
    }
    let ttl = seconds_until(outgoing.expires_at, now).clamp(0, TTL_MAX);
    let fields = layered(&own.defaults, &fields(notification, own, ttl), notification, VENDOR);
    check(&fields)?;
    Ok(Value::Object(fields).to_string())
}

/// The message to one device.
pub(super) fn one(message: &Outgoing, notification: &str) -> String {
    let id = Value::from(Uuid::from_bytes(message.id).to_string()).to_string();
    let notification = with_member(notification, "app_message_id", &id);
    let head = json!({ "target_type": 2, "target_value": message.token, "verify_registration_id": false });
    with_member(&head.to_string(), "notification", &notification)
}

/// The messages to several.
pub(super) fn many(messages: &[&Outgoing], notifications: &[impl AsRef<str>]) -> String {
    let each = messages.iter().zip(notifications).map(|(message, notification)| one(message, notification.as_ref()));
    let each: Vec<String> = each.collect();
    format!("[{}]", each.join(","))
}

fn fields(notification: &Notification, own: &Own, ttl: i64) -> Map<String, Value> {
    let may_cut = notification.is_cut;
    let (style, text, text_max) = match &notification.style {
        Style::Long { body, .. } if body.is_empty() => (2, &notification.body, LONG_TEXT_MAX),
        Style::Long { body, .. } => (2, body, LONG_TEXT_MAX),
        // A picture has to be uploaded first; an override gives its id.
        Style::Plain | Style::Picture(_) | Style::Lines(_) => (1, &notification.body, TEXT_MAX),
    };
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    put("style", Some(json!(style)));
    put("title", Some(json!(cut(&notification.title, TITLE_MAX, may_cut))));
    if !notification.subtitle.is_empty() {
        put("sub_title", Some(json!(cut(&notification.subtitle, SUBTITLE_MAX, may_cut))));
    }
    put("content", Some(json!(cut(text, text_max, may_cut))));
    let (kind, target) = click(&notification.click);
    put("click_action_type", Some(json!(kind)));
    if let Some((name, target)) = target {
        put(name, Some(json!(target)));
    }
    let data = data_members(notification);
    if !data.is_empty() {
        put("action_parameters", Some(json!(Value::Object(data).to_string())));
    }
    put("off_line", Some(json!(ttl > 0)));
    put("off_line_ttl", Some(json!(ttl)));
    put("channel_id", notification.channel_id.as_ref().map(|id| json!(id)));
    put("category", notification.subject.as_ref().map(|subject| json!(subject)));
    // A level goes with a category only.
    if notification.subject.is_some() {
        let level = notification.weight.map(|weight| match weight {
            Weight::Marketing => 1,
            Weight::Service => 2,
        });
        put("notify_level", level.map(|level| json!(level)));
    }
    put("notify_id", notify_id(notification).map(|id| json!(id)));
    put("call_back_url", own.callback_url.as_ref().map(|url| json!(url)));
    fields
}

fn click(click: &Click) -> (i64, Option<(&'static str, &str)>) {
    match click {
        Click::App => (0, None),
        Click::Action(target) => (1, Some(("click_action_activity", target))),
        Click::Url(target) => (2, Some(("click_action_url", target))),
        Click::Page(target) => (4, Some(("click_action_activity", target))),
        Click::Intent(target) => (5, Some(("click_action_url", target))),
    }
}

/// The vendor publishes no numbers for these; it would refuse the call, and with it the messages of others.
fn check(fields: &Map<String, Value>) -> Result<(), Refusal> {
    let length = |name: &str| fields.get(name).and_then(Value::as_str).map_or(0, |text| text.chars().count());
    let text_max = if fields.get("style") == Some(&json!(2)) { LONG_TEXT_MAX } else { TEXT_MAX };
    if length("title") == 0 || length("content") == 0 {
        return Err(local(NONE, "title or content is missing"));
    }
    let bounds = [
        ("title", TITLE_MAX),
        ("sub_title", SUBTITLE_MAX),
        ("content", text_max),
        ("click_action_activity", ACTIVITY_MAX),
        ("click_action_url", URL_MAX),
        ("action_parameters", PARAMETERS_BYTES),
    ];
    for (name, max) in bounds {
        if length(name) > max {
            return Err(local(NONE, format!("{name} is over {max} characters")));
        }
    }
    Ok(())
}
