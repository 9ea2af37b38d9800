//! Our notification → Apple's headers and body, and what Apple would refuse anyway.
//!
//! `data` goes to the top level of the payload, beside `aps`; `ext` and `image` become top-level members of these
//! names. A picture needs the app's extension, so it makes the notification mutable.
//!
//! <https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification>

use bytes::Bytes;
use contract::notification::{Badge, Interruption, Kind, Live, Notification, Priority};
use http::{HeaderValue, Request};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::verdict;
use crate::channel::{Outgoing, Scope, Status, Verdict};

/// Bytes of an ordinary payload, and of a VoIP one.
pub(super) const PAYLOAD_BYTES: usize = 4_096;
const PAYLOAD_BYTES_VOIP: usize = 5_120;
/// Bytes of a collapse id.
const COLLAPSE_ID_BYTES: usize = 64;
/// Hex digits of a device token that Apple might know.
const TOKEN_DIGITS: std::ops::RangeInclusive<usize> = 64..=200;
const VOIP: &str = ".voip";
const LIVE: &str = ".push-type.liveactivity";

/// What all devices of a notification have in common.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) body: Bytes,
    push_type: HeaderValue,
    priority: HeaderValue,
    topic: Option<HeaderValue>,
    collapse: Option<HeaderValue>,
}

/// A refusal that needs no wire, with its word.
pub(super) type Local = (Verdict, &'static str);

/// Refuses a token that Apple would refuse by its looks.
pub(super) fn check_token(token: &str) -> Result<(), Local> {
    if token.is_empty() {
        return Err(refused(verdict::MISSING_DEVICE_TOKEN, "MissingDeviceToken"));
    }
    let is_hex = token.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && token.len().is_multiple_of(2) && TOKEN_DIGITS.contains(&token.len()) {
        return Ok(());
    }
    Err((Verdict::Gone { status: verdict::BAD_DEVICE_TOKEN, since: None }, "BadDeviceToken"))
}

/// Builds headers and body once for all devices.
pub(super) fn prepare(notification: &Notification, topic: Option<&str>) -> Result<Prepared, Local> {
    let payload = payload(notification);
    if payload.is_empty() {
        return Err(refused(verdict::PAYLOAD_EMPTY, "PayloadEmpty"));
    }
    let body = Value::Object(payload).to_string();
    let (push_type, bytes_max) = match notification.kind {
        Kind::Alert => ("alert", PAYLOAD_BYTES),
        Kind::Background => ("background", PAYLOAD_BYTES),
        Kind::Voip => ("voip", PAYLOAD_BYTES_VOIP),
        Kind::Live => ("liveactivity", PAYLOAD_BYTES),
    };
    if body.len() > bytes_max {
        return Err(refused(verdict::PAYLOAD_TOO_LARGE, "PayloadTooLarge"));
    }
    let priority = match (notification.priority, notification.kind) {
        (Some(Priority::High), _) | (None, Kind::Alert | Kind::Voip | Kind::Live) => "10",
        (Some(Priority::Normal), _) | (None, Kind::Background) => "5",
        (Some(Priority::Low), _) => "1",
    };
    let topic = topic.map(|topic| match notification.kind {
        Kind::Voip if !topic.ends_with(VOIP) => format!("{topic}{VOIP}"),
        Kind::Live => format!("{topic}{LIVE}"),
        _ => topic.to_owned(),
    });
    let topic = topic.map(|topic| HeaderValue::from_str(&topic)).transpose();
    let topic = topic.map_err(|_| (Verdict::Refused { status: verdict::BAD_TOPIC, scope: Scope::App }, "BadTopic"))?;
    let collapse = collapse(notification)?;
    Ok(Prepared {
        body: Bytes::from(body),
        push_type: HeaderValue::from_static(push_type),
        priority: HeaderValue::from_static(priority),
        topic,
        collapse,
    })
}

/// A key that Apple would not take is refused: without it the phone would show what should have been replaced. A number
/// replaces as a key does.
fn collapse(notification: &Notification) -> Result<Option<HeaderValue>, Local> {
    let key = notification.collapse_key.clone().filter(|key| !key.is_empty());
    let number = || notification.notify_id.map(|number| number.to_string());
    let Some(key) = key.or_else(number) else { return Ok(None) };
    let value = HeaderValue::from_bytes(key.as_bytes()).ok().filter(|_| key.len() <= COLLAPSE_ID_BYTES);
    value.map(Some).ok_or_else(|| refused(verdict::NONE, "BadCollapseId"))
}

/// The request for one device.
pub(super) fn request(
    base_url: &str,
    prepared: &Prepared,
    outgoing: &Outgoing,
    authorization: Option<&HeaderValue>,
) -> Request<()> {
    let mut request = Request::post(format!("{base_url}/3/device/{}", outgoing.token))
        .header("apns-id", Uuid::from_bytes(outgoing.id).to_string())
        .header("apns-expiration", outgoing.expires_at.secs())
        .body(())
        .expect("the base URL was parsed and the token is hex");
    let headers = request.headers_mut();
    headers.insert("apns-push-type", prepared.push_type.clone());
    headers.insert("apns-priority", prepared.priority.clone());
    if let Some(topic) = &prepared.topic {
        headers.insert("apns-topic", topic.clone());
    }
    if let Some(collapse) = &prepared.collapse {
        headers.insert("apns-collapse-id", collapse.clone());
    }
    if let Some(authorization) = authorization {
        headers.insert(http::header::AUTHORIZATION, authorization.clone());
    }
    request
}

/// Empty when the notification says nothing at all.
fn payload(notification: &Notification) -> Map<String, Value> {
    let aps = aps(notification);
    let mut payload = notification.data.clone();
    if let Some(ext) = &notification.ext {
        payload.insert("ext".to_owned(), json!(ext));
    }
    if let Some(image) = &notification.image {
        payload.insert("image".to_owned(), json!(image));
    }
    // A key of this name in the app's data would change what the phone does; ours stands.
    payload.remove("aps");
    if payload.is_empty() && aps.is_empty() {
        return payload;
    }
    payload.insert("aps".to_owned(), Value::Object(aps));
    payload
}

/// What happens to something that is shown live.
///
/// <https://developer.apple.com/documentation/activitykit/starting-and-updating-live-activities-with-activitykit-push-notifications>
fn live(live: &Live) -> Map<String, Value> {
    let mut aps =
        Map::from_iter([("timestamp".to_owned(), json!(live.at)), ("event".to_owned(), json!(live.event.as_str()))]);
    let mut put = |key: &str, value: Option<Value>| aps.extend(value.map(|value| (key.to_owned(), value)));
    put("content-state", live.state.clone().map(Value::Object));
    put("attributes-type", live.attributes.as_ref().map(|_| json!(live.name)));
    put("attributes", live.attributes.clone().map(Value::Object));
    put("stale-date", live.stale_at.map(|at| json!(at)));
    put("dismissal-date", live.dismissed_at.map(|at| json!(at)));
    aps
}

fn aps(notification: &Notification) -> Map<String, Value> {
    let mut aps = notification.live.as_ref().map(live).unwrap_or_default();
    let alert: Map<String, Value> =
        [("title", &notification.title), ("subtitle", &notification.subtitle), ("body", &notification.body)]
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(key, text)| (key.to_owned(), json!(text)))
            .collect();
    if !alert.is_empty() {
        aps.insert("alert".to_owned(), Value::Object(alert));
    }
    // `Badge::Add` is nothing that Apple can do; the limits say so.
    if let Some(Badge::Set(badge)) = notification.badge {
        aps.insert("badge".to_owned(), json!(badge));
    }
    let texts =
        [("sound", &notification.sound), ("category", &notification.category), ("thread-id", &notification.thread)];
    for (key, text) in texts {
        if let Some(text) = text {
            aps.insert(key.to_owned(), json!(text));
        }
    }
    if notification.has_content || notification.kind == Kind::Background {
        aps.insert("content-available".to_owned(), json!(1));
    }
    if notification.is_mutable || notification.image.is_some() {
        aps.insert("mutable-content".to_owned(), json!(1));
    }
    if let Some(interruption) = notification.interruption {
        let level = match interruption {
            Interruption::Passive => "passive",
            Interruption::Active => "active",
            Interruption::TimeSensitive => "time-sensitive",
            Interruption::Critical => "critical",
        };
        aps.insert("interruption-level".to_owned(), json!(level));
    }
    if let Some(relevance) = notification.relevance {
        aps.insert("relevance-score".to_owned(), json!(relevance));
    }
    aps
}

fn refused(status: Status, word: &'static str) -> Local {
    (Verdict::Refused { status, scope: Scope::Message }, word)
}
