//! What a push says to single vendors, in the words of the contract, put into the words of the channels. Pure.

use std::collections::BTreeMap;

use contract::notification::{Notification, Priority, Weight};
use serde_json::{Map, Value, json};

use super::device::vendor;

/// What a push says to vendors alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// vivo's: 0 for what somebody wants to be read, 1 for what its reader waits for.
    pub classification: Option<i64>,
    /// The kind of message by vendor.
    pub category: Map<String, Value>,
    /// How much it may disturb, by vendor; OPPO's alone.
    pub level: Map<String, Value>,
    /// The channel of the phone in which it is shown.
    pub channel: Option<String>,
    /// The same at Xiaomi.
    pub xiaomi_channel: Option<String>,
    /// What the app gets by vendor instead of what all get.
    pub payload: Map<String, Value>,
    /// Whether what the app gets without a sign is urgent.
    pub is_urgent: Option<bool>,
    /// Members of vendors' own requests, by vendor.
    pub template: Map<String, Value>,
}

/// Says to vendors what is said to them alone.
pub fn say(notification: &mut Notification, words: &Words) {
    let mut own: BTreeMap<String, Map<String, Value>> = std::mem::take(&mut notification.vendors);
    let mut put = |name: &str, members: fn(&str, &Value) -> Value, value: &Value| {
        let Some(channel) = vendor(name) else { return };
        if let Value::Object(members) = members(channel, value) {
            merge(own.entry(channel.to_owned()).or_default(), members);
        }
    };
    for (name, value) in &words.category {
        put(name, category, value);
    }
    for (name, value) in words.level.iter().filter(|(name, _)| vendor(name) == Some("oppo")) {
        put(name, |_, level| json!({ "notify_level": number(level) }), value);
    }
    if let Some(channel) = &words.xiaomi_channel {
        put("xiaomi", |_, channel| json!({ "extra.channel_id": channel }), &Value::from(channel.as_str()));
    }
    if let Some(kind) = words.classification {
        put("vivo", |_, kind| json!({ "classification": kind }), &Value::from(kind));
    }
    for (name, value) in &words.payload {
        put(name, payload, value);
    }
    for (name, value) in &words.template {
        put(name, |_, members| members.clone(), value);
    }
    notification.vendors = own;
    notification.channel_id = words.channel.clone().filter(|channel| !channel.is_empty());
    notification.weight = words.classification.map(|kind| if kind == 0 { Weight::Marketing } else { Weight::Service });
    notification.priority = words.is_urgent.map(|is_urgent| if is_urgent { Priority::High } else { Priority::Normal });
}

/// Where a vendor's request tells the kind of a message.
fn category(channel: &str, value: &Value) -> Value {
    match channel {
        "huawei" => json!({ "android": { "category": value } }),
        "honor" => json!({ "android": { "notification": { "importance": value } } }),
        "harmony" => json!({ "payload": { "notification": { "category": value } } }),
        _ => json!({ "category": value }),
    }
}

/// Where a vendor's request tells what the app gets.
fn payload(channel: &str, value: &Value) -> Value {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match channel {
        "fcm" if value.is_object() => json!({ "data": value }),
        "harmony" => json!({ "payload": { "extraData": text } }),
        _ => json!({ "data": text }),
    }
}

/// A number that came as a text.
fn number(value: &Value) -> Value {
    value.as_str().and_then(|text| text.parse::<i64>().ok()).map_or_else(|| value.clone(), Value::from)
}

fn merge(into: &mut Map<String, Value>, members: Map<String, Value>) {
    for (name, value) in members {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(known)), Value::Object(members)) => merge(known, members),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn each_vendor_is_told_in_its_own_words() {
        let words = Words {
            classification: Some(0),
            category: object(
                json!({ "hms": "IM", "vivo": "ORDER", "honor": "NORMAL", "harmonyos": "WORK", "none": 1 }),
            ),
            level: object(json!({ "oppo": "16" })),
            channel: Some("c".into()),
            xiaomi_channel: Some("x".into()),
            payload: object(json!({ "hms": { "a": 1 }, "fcm": { "b": "2" }, "harmonyos": "t" })),
            is_urgent: Some(true),
            template: object(json!({ "oppo": { "notify_level": 2, "extra": { "k": "v" } } })),
        };
        let mut made = Notification::default();
        say(&mut made, &words);
        let expected = json!({
            "fcm": { "data": { "b": "2" } },
            "harmony": { "payload": { "notification": { "category": "WORK" }, "extraData": "t" } },
            "honor": { "android": { "notification": { "importance": "NORMAL" } } },
            "huawei": { "android": { "category": "IM" }, "data": "{\"a\":1}" },
            "oppo": { "notify_level": 2, "extra": { "k": "v" } },
            "vivo": { "category": "ORDER", "classification": 0 },
            "xiaomi": { "extra.channel_id": "x" },
        });
        assert_eq!(serde_json::to_value(&made.vendors).unwrap(), expected);
        assert_eq!((made.channel_id.as_deref(), made.weight), (Some("c"), Some(Weight::Marketing)));
        assert_eq!(made.priority, Some(Priority::High));
    }

    #[test]
    fn who_says_nothing_to_vendors_changes_nothing() {
        let mut made = Notification::default();
        say(&mut made, &Words::default());
        assert_eq!(made, Notification::default());
    }
}
