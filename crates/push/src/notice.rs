//! From the notice of a chat message to a notification: titles, badges, Apple's fields, and those of the other vendors,
//! which become overrides in each vendor's spelling (tencent-im-rest reference, §7).
//!
//! Texts in other languages (`MultiLanguageContent`) wait until devices tell their language: the top-level text is
//! used, which is what the contract says for a device whose language is not known. `LiveActivity`, our own templates,
//! `ExtAsHuaweiIntentParam` and Meizu's field are not translated. Texts are cut by the channels, each to its bound.

use std::collections::BTreeMap;

use contract::notification::{Badge, Interruption, Kind, Notification, Style};
use serde_json::{Map, Value, json};

use crate::chat::Notice;

/// Makes the notification of a notice. `nick` is the sender's; empty if there is none.
pub fn notification(notice: &Notice, nick: &str) -> Notification {
    let none = Map::new();
    let info = &notice.info;
    let apns = info.get("ApnsInfo").and_then(Value::as_object).unwrap_or(&none);
    let title = text(apns, "Title").or_else(|| text(info, "Title")).unwrap_or_else(|| nick.to_owned());
    let android = info.get("AndroidInfo").and_then(Value::as_object).unwrap_or(&none);
    let is_set = |field| number(apns, field) == Some(1);
    let has_content = is_set("ContentAvailable");
    let kind = if is_set("IsVoipPush") { Kind::Voip } else { Kind::Alert };
    Notification {
        kind,
        title,
        sender: notice.sender.clone(),
        subtitle: text(apns, "SubTitle").unwrap_or_default(),
        body: notice.text.clone(),
        badge: badge(info, apns),
        sound: text(apns, "Sound"),
        image: text(apns, "Image"),
        has_content,
        is_mutable: is_set("MutableContent"),
        interruption: text(apns, "InterruptionLevel").and_then(|level| interruption(&level)),
        ext: text(info, "Ext"),
        style: if number(android, "PushStyle") == Some(1) { long() } else { Style::Plain },
        is_cut: true,
        vendors: vendors(info, apns, android),
        ..Notification::default()
    }
}

fn long() -> Style {
    Style::Long { title: String::new(), body: String::new() }
}

/// What the contract says to single vendors, in each vendor's own spelling.
fn vendors(
    info: &Map<String, Value>,
    apns: &Map<String, Value>,
    android: &Map<String, Value>,
) -> BTreeMap<String, Map<String, Value>> {
    let none = Map::new();
    let harmony = info.get("HarmonyInfo").and_then(Value::as_object).unwrap_or(&none);
    let of = |field: &str| android.get(field).filter(|value| !value.is_null() && **value != json!("")).cloned();
    let upper = |field: &str| text(android, field).map(|word| json!(word.to_ascii_uppercase()));
    // Parameters of a template travel as JSON in a text.
    let packed = |field: &str| of(field).map(|value| if value.is_string() { value } else { json!(value.to_string()) });
    let sound = text(android, "Sound");
    // A file of Apple's app is none of the others'.
    let is_apples = sound.is_none() && apns.contains_key("Sound");
    let sound = |spelt: fn(&str) -> String| match &sound {
        Some(name) => Some(json!(spelt(name))),
        None => is_apples.then_some(Value::Null),
    };
    let plain = sound(str::to_owned);
    let shown = [
        ("channel_id", of("HuaWeiChannelID")),
        ("importance", of("HuaWeiImportance")),
        ("image", of("HuaWeiImage")),
        ("sound", sound(|name| format!("/raw/{name}"))),
    ];
    let huawei = [("category", of("HuaWeiCategory")), ("notification", object(shown))];
    let honor = object([("importance", of("HonorImportance")), ("image", of("HonorImage"))]);
    let google = object([("channel_id", of("GoogleChannelID")), ("sound", plain.clone())]);
    let fcm = [("priority", upper("GooglePriority")), ("notification", google)];
    let oppo = [
        ("channel_id", of("OPPOChannelID")),
        ("category", of("OPPOCategory")),
        // A level goes with a category only.
        ("notify_level", of("OPPOCategory").and_then(|_| of("OPPONotifyLevel"))),
        ("private_msg_template_id", of("OPPOPrivateMsgTemplateId")),
        ("private_title_parameters", packed("OPPOPrivateTitleParameters")),
        ("private_content_parameters", packed("OPPOPrivateContentParameters")),
    ];
    let vivo = [
        ("classification", of("VIVOClassification")),
        ("category", of("VIVOCategory")),
        ("notifyType", number_or_text(android, "VIVONotifyType").map(|kind| json!(kind))),
    ];
    // The app's resource needs its package's name, which the credential's defaults know: only Apple's name is taken out.
    let xiaomi = [("extra.channel_id", of("XiaoMiChannelID")), ("extra.sound_uri", plain.filter(Value::is_null))];
    let own = |field: &str| harmony.get(field).filter(|value| !value.is_null() && **value != json!("")).cloned();
    let own_sound = own("Sound").or_else(|| apns.contains_key("Sound").then_some(Value::Null));
    let shown = [
        ("title", own("Title")),
        ("category", own("Category")),
        ("image", own("Image")),
        ("sound", own_sound),
        ("soundDuration", own("SoundDuration")),
    ];
    let picture = object([("image", of("GoogleImage"))]);
    let all = [
        ("huawei", object([("android", object(huawei))])),
        ("honor", object([("android", object([("notification", honor)]))])),
        ("fcm", object([("notification", picture), ("android", object(fcm))])),
        ("oppo", object(oppo)),
        ("vivo", object(vivo)),
        ("xiaomi", object(xiaomi)),
        ("harmony", object([("payload", object([("notification", object(shown))]))])),
    ];
    all.into_iter()
        .filter_map(|(vendor, over)| match over {
            Some(Value::Object(over)) => Some((vendor.to_owned(), over)),
            _ => None,
        })
        .collect()
}

/// An object of the members that are there; none if none is.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Option<Value> {
    let members: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

/// A number that older callers write as a text.
fn number_or_text(map: &Map<String, Value>, field: &str) -> Option<i64> {
    number(map, field).or_else(|| text(map, field)?.parse().ok())
}

/// A number that is set wins over one that is added; without either, a message counts one unless it shall not count.
fn badge(info: &Map<String, Value>, apns: &Map<String, Value>) -> Option<Badge> {
    if let Some(set) = number(info, "BadgeSetNum") {
        return Some(Badge::Set(set.clamp(0, BADGE_MAX) as u32));
    }
    if let Some(add) = number(info, "BadgeAddNum") {
        return Some(Badge::Add(add.clamp(-BADGE_MAX, BADGE_MAX) as i32));
    }
    (number(apns, "BadgeMode") != Some(1)).then_some(Badge::Add(1))
}

/// The largest number that the contract lets an icon show.
const BADGE_MAX: i64 = 999;

fn interruption(level: &str) -> Option<Interruption> {
    match level {
        "passive" => Some(Interruption::Passive),
        "active" => Some(Interruption::Active),
        "time-sensitive" => Some(Interruption::TimeSensitive),
        "critical" => Some(Interruption::Critical),
        _ => None,
    }
}

fn text(map: &Map<String, Value>, field: &str) -> Option<String> {
    map.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn number(map: &Map<String, Value>, field: &str) -> Option<i64> {
    map.get(field).and_then(Value::as_i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(info: Value, nick: &str) -> Notification {
        let info = info.as_object().expect("an object").clone();
        notification(&Notice { sender: "alice".into(), text: "hi".into(), info }, nick)
    }

    #[test]
    fn the_title_is_apples_then_the_common_one_then_the_senders_nick() {
        let title = |info: Value| made(info, "Al").title;
        assert_eq!(title(json!({"Title": "t", "ApnsInfo": {"Title": "a"}})), "a");
        assert_eq!(title(json!({"Title": "t", "ApnsInfo": {"Title": ""}})), "t");
        assert_eq!(title(json!({})), "Al");
        assert_eq!(made(json!({}), "").title, "");
        assert_eq!(made(json!({}), "Al").body, "hi");
    }

    #[test]
    fn a_badge_is_set_or_added_to_or_counted_or_left_alone() {
        let badge = |info: Value| made(info, "").badge;
        assert_eq!(badge(json!({"BadgeSetNum": 5, "BadgeAddNum": 2})), Some(Badge::Set(5)));
        assert_eq!(badge(json!({"BadgeSetNum": 5000})), Some(Badge::Set(999)));
        assert_eq!(badge(json!({"BadgeAddNum": 2})), Some(Badge::Add(2)));
        assert_eq!(badge(json!({})), Some(Badge::Add(1)));
        assert_eq!(badge(json!({"ApnsInfo": {"BadgeMode": 1}})), None);
    }

    #[test]
    fn apples_fields_are_carried_over() {
        let made = made(
            json!({"Ext": "{\"k\":1}", "ApnsInfo": {
                "Sound": "ding.caf", "SubTitle": "s", "Image": "https://e/i.png", "MutableContent": 1,
                "InterruptionLevel": "time-sensitive", "ContentAvailable": 1, "IsVoipPush": 1,
            }}),
            "",
        );
        assert_eq!((made.sound.as_deref(), made.subtitle.as_str()), (Some("ding.caf"), "s"));
        assert_eq!(made.image.as_deref(), Some("https://e/i.png"));
        assert!(made.is_mutable && made.has_content);
        assert_eq!((made.interruption, made.kind), (Some(Interruption::TimeSensitive), Kind::Voip));
        assert_eq!(made.ext.as_deref(), Some("{\"k\":1}"));
    }

    #[test]
    fn what_is_said_to_one_vendor_is_put_over_its_request_alone() {
        let made = made(
            json!({
                "AndroidInfo": {
                    "Sound": "ding", "PushStyle": 1, "XiaoMiChannelID": "104", "OPPOChannelID": "chat",
                    "OPPOCategory": "IM", "OPPONotifyLevel": 16, "OPPOPrivateTitleParameters": {"a": "b"},
                    "VIVOClassification": 0, "VIVOCategory": "IM", "VIVONotifyType": "2", "HuaWeiChannelID": "h",
                    "HuaWeiImportance": "LOW", "HuaWeiCategory": "IM", "HuaWeiImage": "https://e/h.png",
                    "HonorImportance": "NORMAL", "GoogleChannelID": "g", "GooglePriority": "high",
                    "GoogleImage": "https://e/g.png",
                },
                "HarmonyInfo": {"Category": "IM", "SoundDuration": 5},
                "ApnsInfo": {"Sound": "ding.caf"},
            }),
            "",
        );
        let expected = json!({
            "fcm": {
                "notification": {"image": "https://e/g.png"},
                "android": {"priority": "HIGH", "notification": {"channel_id": "g", "sound": "ding"}},
            },
            "harmony": {"payload": {"notification": {"category": "IM", "sound": null, "soundDuration": 5}}},
            "honor": {"android": {"notification": {"importance": "NORMAL"}}},
            "huawei": {"android": {
                "category": "IM",
                "notification":
                    {"channel_id": "h", "importance": "LOW", "image": "https://e/h.png", "sound": "/raw/ding"},
            }},
            "oppo": {
                "channel_id": "chat", "category": "IM", "notify_level": 16,
                "private_title_parameters": "{\"a\":\"b\"}",
            },
            "vivo": {"classification": 0, "category": "IM", "notifyType": 2},
            "xiaomi": {"extra.channel_id": "104"},
        });
        assert_eq!(serde_json::to_value(&made.vendors).unwrap(), expected);
        assert_eq!((made.style, made.is_cut), (long(), true));
    }

    #[test]
    fn a_sound_of_apples_app_is_none_of_the_others() {
        let made = made(json!({"ApnsInfo": {"Sound": "ding.caf"}}), "");
        let expected = json!({
            "fcm": {"android": {"notification": {"sound": null}}},
            "harmony": {"payload": {"notification": {"sound": null}}},
            "huawei": {"android": {"notification": {"sound": null}}},
            "xiaomi": {"extra.sound_uri": null},
        });
        assert_eq!(serde_json::to_value(&made.vendors).unwrap(), expected);
    }
}
