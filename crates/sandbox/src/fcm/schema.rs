//! The shape of a message as Google's front end reads it: unknown names and wrong types are refused before anybody
//! looks at the message, all of them at once, by field.
//!
//! Names may be written as in the protocol buffer (`ttl_seconds`) or in lower camel case; refusals say the former.

use serde_json::Value;

/// What a field holds.
pub(super) enum Kind {
    Text,
    Bool,
    Int,
    Float,
    /// Text to text.
    Map,
    /// Any object.
    Any,
    Texts,
    Durations,
    Duration,
    Timestamp,
    /// The type's name and its values.
    Enum(&'static str, &'static [&'static str]),
    /// The type's name and its fields.
    Message(&'static str, &'static [Field]),
}

pub(super) type Field = (&'static str, Kind);

use Kind::{Any, Bool, Duration, Durations, Enum, Float, Int, Map, Message, Text, Texts, Timestamp};

/// The request of `messages:send`.
pub(super) const REQUEST: &[Field] = &[("validate_only", Bool), ("message", Message("Message", MESSAGE))];

const MESSAGE: &[Field] = &[
    ("name", Text),
    ("data", Map),
    ("notification", Message("Notification", NOTIFICATION)),
    ("android", Message("AndroidConfig", ANDROID)),
    ("webpush", Message("WebpushConfig", WEBPUSH)),
    ("apns", Message("ApnsConfig", APNS)),
    ("fcm_options", Message("FcmOptions", OPTIONS)),
    ("token", Text),
    ("topic", Text),
    ("condition", Text),
    ("fid", Text),
];

const NOTIFICATION: &[Field] = &[("title", Text), ("body", Text), ("image", Text)];
const OPTIONS: &[Field] = &[("analytics_label", Text)];

const ANDROID: &[Field] = &[
    ("collapse_key", Text),
    ("priority", Enum("AndroidConfig.AndroidMessagePriority", &["NORMAL", "HIGH", "normal", "high"])),
    ("ttl", Duration),
    ("restricted_package_name", Text),
    ("data", Map),
    ("notification", Message("AndroidNotification", ANDROID_NOTIFICATION)),
    ("fcm_options", Message("AndroidFcmOptions", OPTIONS)),
    ("direct_boot_ok", Bool),
    ("bandwidth_constrained_ok", Bool),
    ("restricted_satellite_ok", Bool),
];

const ANDROID_NOTIFICATION: &[Field] = &[
    ("title", Text),
    ("body", Text),
    ("icon", Text),
    ("color", Text),
    ("sound", Text),
    ("tag", Text),
    ("click_action", Text),
    ("body_loc_key", Text),
    ("body_loc_args", Texts),
    ("title_loc_key", Text),
    ("title_loc_args", Texts),
    ("channel_id", Text),
    ("ticker", Text),
    ("sticky", Bool),
    ("event_time", Timestamp),
    ("local_only", Bool),
    (
        "notification_priority",
        Enum(
            "AndroidNotification.NotificationPriority",
            &[
                "PRIORITY_UNSPECIFIED",
                "PRIORITY_MIN",
                "PRIORITY_LOW",
                "PRIORITY_DEFAULT",
                "PRIORITY_HIGH",
                "PRIORITY_MAX",
            ],
        ),
    ),
    ("default_sound", Bool),
    ("default_vibrate_timings", Bool),
    ("default_light_settings", Bool),
    ("vibrate_timings", Durations),
    ("visibility", Enum("AndroidNotification.Visibility", &["VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET"])),
    ("notification_count", Int),
    ("light_settings", Message("LightSettings", LIGHTS)),
    ("image", Text),
    ("bypass_proxy_notification", Bool),
    ("proxy", Enum("AndroidNotification.Proxy", &["PROXY_UNSPECIFIED", "ALLOW", "DENY", "IF_PRIORITY_LOWERED"])),
];

const LIGHTS: &[Field] = &[
    ("color", Message("Color", &[("red", Float), ("green", Float), ("blue", Float), ("alpha", Float)])),
    ("light_on_duration", Duration),
    ("light_off_duration", Duration),
];

const APNS: &[Field] = &[
    ("headers", Map),
    ("payload", Any),
    ("fcm_options", Message("ApnsFcmOptions", &[("analytics_label", Text), ("image", Text)])),
    ("live_activity_token", Text),
];

const WEBPUSH: &[Field] = &[
    ("headers", Map),
    ("data", Map),
    ("notification", Any),
    ("fcm_options", Message("WebpushFcmOptions", &[("link", Text), ("analytics_label", Text)])),
];

/// A field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) field: String,
    pub(super) text: String,
}

/// Everything that the front end would complain about.
pub(super) fn check(value: &Value, fields: &[Field]) -> Vec<Violation> {
    let mut found = Vec::new();
    check_message(value, fields, "", &mut found);
    found
}

/// Rewrites the names of a message as the protocol buffer has them, so that rules need to know one spelling.
pub(super) fn normalize(value: &Value, fields: &[Field]) -> Value {
    let Some(object) = value.as_object() else { return value.clone() };
    let mut normal = serde_json::Map::new();
    for (name, value) in object {
        let Some((name, kind)) = find(fields, name) else { continue };
        // An explicit null is the same as no field.
        if value.is_null() {
            continue;
        }
        let value = if let Message(_, fields) = kind { normalize(value, fields) } else { value.clone() };
        normal.insert((*name).to_owned(), value);
    }
    Value::Object(normal)
}

fn check_message(value: &Value, fields: &[Field], path: &str, found: &mut Vec<Violation>) {
    let Some(object) = value.as_object() else { return };
    for (name, value) in object {
        let Some((name, kind)) = find(fields, name) else {
            let place = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
            let text = format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field.");
            found.push(Violation { field: path.to_owned(), text });
            continue;
        };
        let path = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
        check_value(value, kind, &path, found);
    }
}

fn check_value(value: &Value, kind: &Kind, path: &str, found: &mut Vec<Violation>) {
    if value.is_null() {
        return;
    }
    let wrong = |path: &str, kind: &str, value: &Value| Violation {
        field: path.to_owned(),
        text: format!("Invalid value at '{path}' ({kind}), {value}"),
    };
    let duration = "type.googleapis.com/google.protobuf.Duration";
    let problem = match kind {
        Text if !value.is_string() => Some("TYPE_STRING".to_owned()),
        Bool if !value.is_boolean() => Some("TYPE_BOOL".to_owned()),
        Int if !is_int(value) => Some("TYPE_INT32".to_owned()),
        Float if !value.is_number() => Some("TYPE_FLOAT".to_owned()),
        Any if !value.is_object() => Some("type.googleapis.com/google.protobuf.Struct".to_owned()),
        Duration if !value.as_str().is_some_and(is_duration) => Some(duration.to_owned()),
        Timestamp if !value.as_str().is_some_and(is_timestamp) => {
            Some("type.googleapis.com/google.protobuf.Timestamp".to_owned())
        }
        Enum(name, values) if !is_one_of(value, values) => {
            Some(format!("type.googleapis.com/google.firebase.fcm.v1.{name}"))
        }
        Message(name, _) if !value.is_object() => Some(format!("type.googleapis.com/google.firebase.fcm.v1.{name}")),
        Map if !value.is_object() => Some("Map".to_owned()),
        Texts | Durations if !value.is_array() => Some("TYPE_STRING".to_owned()),
        _ => None,
    };
    if let Some(problem) = problem {
        return found.push(wrong(path, &problem, value));
    }
    match (kind, value) {
        (Message(_, fields), _) => check_message(value, fields, path, found),
        (Map, Value::Object(entries)) => {
            for (at, (_, value)) in entries.iter().enumerate().filter(|(_, (_, value))| !value.is_string()) {
                found.push(wrong(&format!("{path}[{at}].value"), "TYPE_STRING", value));
            }
        }
        (Texts, Value::Array(items)) => {
            for (at, value) in items.iter().enumerate().filter(|(_, value)| !value.is_string()) {
                found.push(wrong(&format!("{path}[{at}]"), "TYPE_STRING", value));
            }
        }
        (Durations, Value::Array(items)) => {
            for (at, value) in items.iter().enumerate() {
                if !value.as_str().is_some_and(is_duration) {
                    found.push(wrong(&format!("{path}[{at}]"), duration, value));
                }
            }
        }
        _ => {}
    }
}

fn find<'a>(fields: &'a [Field], name: &str) -> Option<&'a Field> {
    fields.iter().find(|(known, _)| *known == name || camel(known) == name)
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        camel.push_str(&first.to_uppercase());
        camel.push_str(rest);
    }
    camel
}

fn is_int(value: &Value) -> bool {
    let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    number.is_some_and(|number| i32::try_from(number).is_ok())
}

/// A number with at most nine decimals and an `s`.
fn is_duration(text: &str) -> bool {
    seconds(text).is_some()
}

/// The seconds of a duration.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let number = text.strip_suffix('s')?;
    let digits = number.strip_prefix('-').unwrap_or(number);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str, max: usize| {
        !text.is_empty() && text.len() <= max && text.bytes().all(|digit| digit.is_ascii_digit())
    };
    if is_digits(whole, 12) && is_digits(part, 9) { number.parse().ok() } else { None }
}

/// RFC 3339 in as far as its shape goes: `2014-10-02T15:01:23Z`, with decimals or an offset.
fn is_timestamp(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let Some(rest) = shape.strip_prefix("0000-00-00T00:00:00") else { return false };
    let zone = rest.strip_prefix('.').map_or(rest, |decimals| decimals.trim_start_matches('0'));
    matches!(zone, "Z" | "+00:00" | "-00:00")
}

fn is_one_of(value: &Value, values: &[&str]) -> bool {
    value.as_str().is_some_and(|text| values.contains(&text)) || value.as_i64().is_some_and(|n| n >= 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn complaints(message: Value) -> Vec<(String, String)> {
        let found = check(&json!({ "message": message }), REQUEST);
        found.into_iter().map(|violation| (violation.field, violation.text)).collect()
    }

    #[test]
    fn both_spellings_are_read_and_one_is_kept() {
        let message = json!({"fcmOptions": {"analyticsLabel": "a"}, "android": {"collapse_key": "k", "ttl": null}});
        assert_eq!(complaints(message.clone()), []);
        assert_eq!(
            normalize(&message, MESSAGE),
            json!({"fcm_options": {"analytics_label": "a"}, "android": {"collapse_key": "k"}})
        );
    }

    #[test]
    fn complaints_name_the_field_and_the_type() {
        let text = "Invalid value at 'message.data[1].value' (TYPE_STRING), 12";
        assert_eq!(
            complaints(json!({"data": {"a": "b", "c": 12}})),
            [("message.data[1].value".to_owned(), text.to_owned())]
        );
        let text = "Invalid JSON payload received. Unknown name \"colour\" at 'message.android.notification': Cannot find field.";
        assert_eq!(
            complaints(json!({"android": {"notification": {"colour": "red"}}})),
            [("message.android.notification".to_owned(), text.to_owned())]
        );
        assert_eq!(complaints(json!({"android": {"ttl": "3.5s", "priority": "HIGH"}, "token": 1})).len(), 1);
        for bad in ["abc", "3", "s", "1.s", "1.0123456789s"] {
            assert_eq!(complaints(json!({"android": {"ttl": bad}})).len(), 1, "{bad}");
        }
    }

    #[test]
    fn a_timestamp_has_a_zone() {
        assert!(is_timestamp("2014-10-02T15:01:23.045Z") && is_timestamp("2014-10-02T15:01:23+08:00"));
        assert!(!is_timestamp("2014-10-02 15:01:23") && !is_timestamp("2014-10-02T15:01:23"));
    }
}
