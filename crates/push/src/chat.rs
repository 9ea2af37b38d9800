//! The offline notification of a chat message: `OfflinePushInfo` in, a notice for the outbox out.
//!
//! Rules and field names from the message page of the contract (tencent-im-rest reference, §7). The notice is kept
//! as JSON in the outbox, in the transaction of its message; the engine turns it into a notification for each
//! device of the receiver that is not connected.

use contract::{Fault, UserId, message};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What is kept until the engine takes it up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Who wrote.
    pub sender: UserIdText,
    /// The text of the notification.
    pub text: String,
    /// `OfflinePushInfo` as it was given.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub info: Map<String, Value>,
}

/// A UserID as text.
pub type UserIdText = String;

/// Checks the types of `OfflinePushInfo` (§7.2). Unknown fields travel unchanged.
pub fn check_push_info(info: &Map<String, Value>) -> Result<(), Fault> {
    let fits = has_types(info, &TOP)
        && part_fits(info, "ApnsInfo", &APNS)
        && part_fits(info, "AndroidInfo", &ANDROID)
        && part_fits(info, "HarmonyInfo", &HARMONY)
        && info.get("MultiLanguageContent").is_none_or(|content| {
            content.as_array().is_some_and(|items| {
                items.iter().all(|item| item.as_object().is_some_and(|item| has_types(item, &LANGUAGE)))
            })
        });
    if fits { Ok(()) } else { Err(Fault::PushInfoInvalid) }
}

/// Makes the notice of a message, or none if the message must stay silent: its sender wants no push, or nothing in
/// it can be shown. What a custom element says of its notification counts where the message says nothing itself.
pub fn notice(sender: &UserId, body: &Value, info: Option<&Value>) -> Option<String> {
    let info = info.and_then(Value::as_object).cloned().unwrap_or_else(|| said_by_element(body));
    if info.get("PushFlag").and_then(Value::as_i64) == Some(1) {
        return None;
    }
    let given = info.get("Desc").and_then(Value::as_str).filter(|text| !text.is_empty());
    let text = given.map(str::to_owned).or_else(|| message::announcement(body))?;
    serde_json::to_string(&Notice { sender: sender.to_string(), text, info }).ok()
}

/// `Ext` and `Sound` of a custom element, of which a message has one at most, in the words of `OfflinePushInfo`.
fn said_by_element(body: &Value) -> Map<String, Value> {
    let mut info = Map::new();
    let mut elements = body.as_array().into_iter().flatten();
    let Some(custom) = elements.find(|element| element["MsgType"] == "TIMCustomElem") else { return info };
    let text = |field: &str| custom["MsgContent"][field].as_str().filter(|text| !text.is_empty());
    if let Some(ext) = text("Ext") {
        info.insert("Ext".into(), ext.into());
    }
    if let Some(sound) = text("Sound") {
        info.insert("ApnsInfo".into(), json!({ "Sound": sound }));
    }
    info
}

#[derive(Clone, Copy)]
enum Type {
    Text,
    Number,
    TextOrNumber,
    Object,
}

const TOP: [(&str, Type); 8] = [
    ("PushFlag", Type::Number),
    ("Title", Type::Text),
    ("Desc", Type::Text),
    ("Ext", Type::Text),
    ("BadgeAddNum", Type::Number),
    ("BadgeSetNum", Type::Number),
    ("PushTemplateId", Type::Text),
    ("PushTemplateParam", Type::Object),
];

const APNS: [(&str, Type); 10] = [
    ("Sound", Type::Text),
    ("BadgeMode", Type::Number),
    ("Title", Type::Text),
    ("SubTitle", Type::Text),
    ("Image", Type::Text),
    ("MutableContent", Type::Number),
    ("InterruptionLevel", Type::Text),
    ("ContentAvailable", Type::Number),
    ("IsVoipPush", Type::Number),
    ("LiveActivity", Type::Object),
];

const ANDROID: [(&str, Type); 24] = [
    ("Sound", Type::Text),
    ("PushStyle", Type::Number),
    ("XiaoMiChannelID", Type::Text),
    ("OPPOChannelID", Type::Text),
    ("OPPOCategory", Type::Text),
    ("OPPONotifyLevel", Type::Number),
    ("OPPOPrivateMsgTemplateId", Type::Text),
    ("OPPOPrivateTitleParameters", Type::Object),
    ("OPPOPrivateContentParameters", Type::Object),
    ("VIVOClassification", Type::Number),
    ("VIVOCategory", Type::Text),
    ("VIVONotifyType", Type::TextOrNumber),
    ("HuaWeiChannelID", Type::Text),
    ("HuaWeiImportance", Type::Text),
    ("HuaWeiCategory", Type::Text),
    ("ExtAsHuaweiIntentParam", Type::Number),
    ("HuaWeiImage", Type::Text),
    ("HonorImage", Type::Text),
    ("HonorImportance", Type::Text),
    ("GoogleChannelID", Type::Text),
    ("GoogleImage", Type::Text),
    ("GooglePriority", Type::Text),
    ("MeiZuNoticeMsgType", Type::Number),
    ("FCMChannelID", Type::Text),
];

const HARMONY: [(&str, Type); 5] = [
    ("Title", Type::Text),
    ("Category", Type::Text),
    ("Image", Type::Text),
    ("Sound", Type::Text),
    ("SoundDuration", Type::Number),
];

const LANGUAGE: [(&str, Type); 3] = [("Language", Type::Text), ("Title", Type::Text), ("Desc", Type::Text)];

fn part_fits(info: &Map<String, Value>, part: &str, types: &[(&str, Type)]) -> bool {
    info.get(part).is_none_or(|part| part.as_object().is_some_and(|part| has_types(part, types)))
}

fn has_types(object: &Map<String, Value>, types: &[(&str, Type)]) -> bool {
    types.iter().all(|(field, wanted)| {
        object.get(*field).is_none_or(|value| match wanted {
            Type::Text => value.is_string(),
            Type::Number => value.is_i64(),
            Type::TextOrNumber => value.is_string() || value.is_i64(),
            Type::Object => value.is_object(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_types_are_refused_wherever_they_stand() {
        let check = |info: Value, expected: Result<(), Fault>| {
            assert_eq!(check_push_info(info.as_object().expect("an object")), expected, "{info}");
        };
        check(json!({}), Ok(()));
        check(json!({"PushFlag": 0, "Title": "t", "ApnsInfo": {"Sound": "a.caf"}, "Unknown": [1]}), Ok(()));
        check(json!({"AndroidInfo": {"VIVONotifyType": "4"}}), Ok(()));
        for bad in [
            json!({"PushFlag": "0"}),
            json!({"ApnsInfo": []}),
            json!({"ApnsInfo": {"MutableContent": true}}),
            json!({"AndroidInfo": {"OPPOChannelID": 1}}),
            json!({"MultiLanguageContent": [1]}),
            json!({"HarmonyInfo": {"SoundDuration": "1"}}),
        ] {
            check(bad, Err(Fault::PushInfoInvalid));
        }
    }

    #[test]
    fn the_given_text_comes_before_that_of_the_message_and_silence_is_kept() {
        let sender = UserId::trusted("alice");
        let body = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi"}}]);
        let silent = json!([{"MsgType": "TIMCustomElem", "MsgContent": {"Data": "d"}}]);
        let text = |notice: Option<String>| {
            notice.map(|notice| serde_json::from_str::<Notice>(&notice).expect("a notice").text)
        };
        assert_eq!(text(notice(&sender, &body, None)).as_deref(), Some("hi"));
        assert_eq!(text(notice(&sender, &body, Some(&json!({"Desc": "news"})))).as_deref(), Some("news"));
        assert_eq!(text(notice(&sender, &body, Some(&json!({"PushFlag": 1})))), None);
        assert_eq!(text(notice(&sender, &silent, None)), None);
        assert_eq!(text(notice(&sender, &silent, Some(&json!({"Desc": "d"})))).as_deref(), Some("d"));
    }

    #[test]
    fn a_custom_element_speaks_for_its_notification_where_the_message_does_not() {
        let sender = UserId::trusted("alice");
        let body = json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "a " } },
            { "MsgType": "TIMCustomElem", "MsgContent": { "Desc": "b", "Data": "d", "Ext": "www.qq.com", "Sound": "ding.caf" } }]);
        let made = |info: Option<Value>| -> Notice {
            let text = notice(&sender, &body, info.as_ref()).expect("something is shown");
            serde_json::from_str(&text).expect("a notice")
        };
        let own = json!({ "Ext": "www.qq.com", "ApnsInfo": { "Sound": "ding.caf" } });
        let said = made(None);
        assert_eq!((said.text.as_str(), json!(said.info)), ("a b", own));
        let given = json!({ "Title": "t" });
        assert_eq!(json!(made(Some(given.clone())).info), given);
        let plain = json!([{ "MsgType": "TIMCustomElem", "MsgContent": { "Desc": "b", "Ext": "" } }]);
        let text = notice(&sender, &plain, None).expect("something is shown");
        assert!(serde_json::from_str::<Notice>(&text).expect("a notice").info.is_empty());
    }
}
