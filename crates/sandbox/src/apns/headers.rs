//! The request line and the `apns-*` headers, checked one by one in a fixed order.
//!
//! <https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns>

use http::{HeaderMap, Method};
use uuid::Uuid;

use super::Refusal;

/// Bytes of a collapse id.
const COLLAPSE_ID_BYTES: usize = 64;
/// Hex digits of a device token. The length is no contract; these are the lengths that have been seen, with room.
const TOKEN_DIGITS: std::ops::RangeInclusive<usize> = 64..=200;
const DEVICE_PATH: &str = "/3/device/";

/// Every push type with the suffix that its topic must carry.
const PUSH_TYPES: [(&str, &str); 11] = [
    ("alert", ""),
    ("background", ""),
    ("mdm", ""),
    ("voip", ".voip"),
    ("complication", ".complication"),
    ("fileprovider", ".pushkit.fileprovider"),
    ("location", ".location-query"),
    ("liveactivity", ".push-type.liveactivity"),
    ("pushtotalk", ".voip-ptt"),
    ("widgets", ".push-type.widgets"),
    ("controls", ".push-type.controls"),
];

/// What the headers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Headers {
    pub(super) push_type: &'static str,
    /// As sent; none when the header is absent.
    pub(super) topic: Option<String>,
}

/// A topic taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) bundle: String,
    pub(super) suffix: &'static str,
}

/// The device token of the path, which may be empty.
pub(super) fn token<'a>(method: &Method, path: &'a str) -> Result<&'a str, Refusal> {
    // Without its last segment the path is still the one of a device.
    let token = match path.strip_prefix(DEVICE_PATH) {
        Some(token) if !token.contains('/') => token,
        None if path == "/3/device" => "",
        _ => return Err(Refusal::new(404, "BadPath")),
    };
    if method == Method::POST { Ok(token) } else { Err(Refusal::new(405, "MethodNotAllowed")) }
}

/// Refuses what cannot be a token.
pub(super) fn check_token(token: &str) -> Result<(), Refusal> {
    if token.is_empty() {
        return Err(Refusal::new(400, "MissingDeviceToken"));
    }
    let is_hex = token.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && token.len().is_multiple_of(2) && TOKEN_DIGITS.contains(&token.len()) {
        Ok(())
    } else {
        Err(Refusal::new(400, "BadDeviceToken"))
    }
}

/// Refuses a header that stands twice.
pub(super) fn check_duplicates(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_ours = |name: &str| name.starts_with("apns-") || name == "authorization";
    if headers.keys().any(|name| is_ours(name.as_str()) && headers.get_all(name).iter().nth(1).is_some()) {
        return Err(Refusal::new(400, "DuplicateHeaders"));
    }
    Ok(())
}

/// An id as the vendor writes them.
pub(super) fn new_id() -> String {
    Uuid::new_v4().to_string().to_uppercase()
}

/// The id to echo: the request's own, or a new one.
pub(super) fn message_id(headers: &HeaderMap) -> Result<String, Refusal> {
    match text(headers, "apns-id") {
        None => Ok(new_id()),
        Some(id) if id.len() == 36 && Uuid::try_parse(id).is_ok() => Ok(id.to_owned()),
        Some(_) => Err(Refusal::new(400, "BadMessageId")),
    }
}

/// Checks the values of all other headers.
pub(super) fn parse(headers: &HeaderMap) -> Result<Headers, Refusal> {
    if let Some(expiration) = text(headers, "apns-expiration") {
        let is_digits = !expiration.is_empty() && expiration.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits || expiration.parse::<i64>().is_err() {
            return Err(Refusal::new(400, "BadExpirationDate"));
        }
    }
    let priority = text(headers, "apns-priority");
    if priority.is_some_and(|priority| !matches!(priority, "1" | "5" | "10")) {
        return Err(Refusal::new(400, "BadPriority"));
    }
    if text(headers, "apns-collapse-id").is_some_and(|id| id.is_empty() || id.len() > COLLAPSE_ID_BYTES) {
        return Err(Refusal::new(400, "BadCollapseId"));
    }
    let topic = text(headers, "apns-topic");
    let push_type = match text(headers, "apns-push-type") {
        Some(name) => PUSH_TYPES.iter().find(|(known, _)| *known == name).map(|(known, _)| *known),
        None => Some(inferred_type(topic)),
    };
    let Some(push_type) = push_type else { return Err(Refusal::new(400, "InvalidPushType")) };
    // "Specify 5 for background; 10 is an error" (the table of headers, apns-priority and apns-push-type).
    if push_type == "background" && priority == Some("10") {
        return Err(Refusal::new(400, "BadPriority"));
    }
    Ok(Headers { push_type, topic: topic.map(str::to_owned) })
}

/// Takes a topic apart; its suffix must be the one of the push type.
pub(super) fn topic(topic: &str, push_type: &str) -> Result<Topic, Refusal> {
    let bad = Refusal::new(400, "BadTopic");
    let is_bundle = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if topic.is_empty() || topic.len() > 255 || !topic.bytes().all(is_bundle) {
        return Err(bad);
    }
    let suffix = longest_suffix(topic);
    let wanted = PUSH_TYPES.iter().find(|(known, _)| *known == push_type).map_or("", |(_, suffix)| suffix);
    if suffix != wanted || suffix.len() == topic.len() {
        return Err(bad);
    }
    Ok(Topic { bundle: topic[..topic.len() - suffix.len()].to_owned(), suffix })
}

fn inferred_type(topic: Option<&str>) -> &'static str {
    let suffix = topic.map_or("", longest_suffix);
    PUSH_TYPES.iter().find(|(_, known)| *known == suffix).map_or("alert", |(name, _)| name)
}

fn longest_suffix(topic: &str) -> &'static str {
    let suffixes = PUSH_TYPES.iter().map(|(_, suffix)| *suffix).filter(|suffix| topic.ends_with(suffix));
    suffixes.max_by_key(|suffix| suffix.len()).unwrap_or("")
}

/// A header that is not plain text counts as an impossible value, never as absent.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_carries_the_suffix_of_its_push_type() {
        let check = |text: &str, push_type: &str| topic(text, push_type).map(|topic| topic.bundle);
        assert_eq!(check("com.a.b", "alert").unwrap(), "com.a.b");
        assert_eq!(check("com.a.b.voip", "voip").unwrap(), "com.a.b");
        assert_eq!(check("com.a.b.push-type.widgets", "widgets").unwrap(), "com.a.b");
        for (text, push_type) in
            [("com.a b", "alert"), ("com.a.b", "voip"), ("com.a.b.voip", "alert"), (".voip", "voip")]
        {
            assert_eq!(check(text, push_type).unwrap_err().reason, "BadTopic", "{text} {push_type}");
        }
    }

    #[test]
    fn the_push_type_follows_from_the_topic_when_it_is_absent() {
        let mut headers = HeaderMap::new();
        headers.insert("apns-topic", "com.a.b.voip".parse().unwrap());
        assert_eq!(parse(&headers).unwrap().push_type, "voip");
        headers.insert("apns-topic", "com.a.b".parse().unwrap());
        assert_eq!(parse(&headers).unwrap().push_type, "alert");
    }
}
