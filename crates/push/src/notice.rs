//! From the notice of a chat message to a notification: titles, badges and Apple's fields (tencent-im-rest
//! reference, §7).
//!
//! Texts in other languages (`MultiLanguageContent`) wait until devices tell their language: the top-level text is
//! used, which is what the contract says for a device whose language is not known. `LiveActivity` and templates are
//! not translated. Length limits belong to the channels.

use contract::notification::{Badge, Interruption, Kind, Notification};
use serde_json::{Map, Value};

use crate::chat::Notice;

/// Makes the notification of a notice. `nick` is the sender's; empty if there is none.
pub fn notification(notice: &Notice, nick: &str) -> Notification {
    let none = Map::new();
    let info = &notice.info;
    let apns = info.get("ApnsInfo").and_then(Value::as_object).unwrap_or(&none);
    let title = text(apns, "Title").or_else(|| text(info, "Title")).unwrap_or_else(|| nick.to_owned());
    let is_set = |field| number(apns, field) == Some(1);
    let has_content = is_set("ContentAvailable");
    let kind = if is_set("IsVoipPush") { Kind::Voip } else { Kind::Alert };
    Notification {
        kind,
        title,
        subtitle: text(apns, "SubTitle").unwrap_or_default(),
        body: notice.text.clone(),
        badge: badge(info, apns),
        sound: text(apns, "Sound"),
        image: text(apns, "Image"),
        has_content,
        is_mutable: is_set("MutableContent"),
        interruption: text(apns, "InterruptionLevel").and_then(|level| interruption(&level)),
        ext: text(info, "Ext"),
        ..Notification::default()
    }
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
}
