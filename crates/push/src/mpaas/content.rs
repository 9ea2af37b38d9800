//! What a push by mPaaS carries, and the notification that it becomes. Pure.
//!
//! Extended parameters reach the app untouched but for a few that mean something to channels. A title or a content may
//! still be over what one vendor shows: that vendor's channel then cuts or refuses it, as the vendor does.

use std::collections::BTreeMap;

use contract::Fault;
use contract::notification::{Badge, Click, Kind, Notification, Style};
use serde_json::{Map, Value, json};

use super::{EXTENDED, TARGET_EXTENDED};
use crate::template::Texts;

/// The content alone.
pub const CONTENT_BYTES: usize = 2_048;
/// All that an app gets: texts, address and extended parameters.
pub const PAYLOAD_BYTES: usize = 2_048;

/// Names that the service gives to apps by itself, so that no caller may.
const RESERVED: [&str; 7] = ["notifyType", "action", "silent", "pushType", "templateCode", "channel", "taskId"];

/// Extended parameters in the order of their names.
pub type Extended = BTreeMap<String, String>;

/// Reads extended parameters: a flat object, whose numbers and switches become texts.
pub fn extended(given: &Map<String, Value>) -> Result<Extended, Fault> {
    let all = flat(given)?;
    if all.len() > EXTENDED { Err(Fault::ExtendedTooMany { max: EXTENDED }) } else { Ok(all) }
}

/// Reads those of one target of a batch.
pub fn target_extended(given: &Map<String, Value>) -> Result<Extended, Fault> {
    let all = flat(given)?;
    if all.len() >= TARGET_EXTENDED {
        return Err(Fault::TargetExtendedTooMany { max: TARGET_EXTENDED - 1 });
    }
    Ok(all)
}

fn flat(given: &Map<String, Value>) -> Result<Extended, Fault> {
    let mut all = Extended::new();
    for (name, value) in given {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(switch) => switch.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return Err(Fault::ExtendedInvalid),
        };
        if name.is_empty() || RESERVED.contains(&name.as_str()) {
            return Err(Fault::ExtendedInvalid);
        }
        all.insert(name.clone(), text);
    }
    Ok(all)
}

/// How a push is shown, besides its texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// Given to the app without a sign to the user.
    pub is_silent: bool,
    /// 1 if `uri` is an activity of the app instead of a URL.
    pub jump: i64,
    /// 0 plain, 1 long text, 2 with a picture.
    pub style: i64,
    /// Addresses of pictures; `defaultUrl` is for every channel.
    pub images: Map<String, Value>,
}

/// Makes the notification, or says that it is too long.
pub fn notification(texts: &Texts, look: &Look, extended: &Extended) -> Result<Notification, Fault> {
    if texts.content.len() > CONTENT_BYTES {
        return Err(Fault::PushContentTooLong { max: CONTENT_BYTES });
    }
    let pairs: usize = extended.iter().map(|(name, value)| name.len() + value.len()).sum();
    if texts.title.len() + texts.content.len() + texts.uri.len() + pairs > PAYLOAD_BYTES {
        return Err(Fault::PushPayloadTooLong { max: PAYLOAD_BYTES });
    }
    let number = |name: &str| extended.get(name).and_then(|text| text.parse::<i64>().ok());
    let badge = match (number("badge"), number("badge_add_num")) {
        (Some(set), _) => Some(Badge::Set(set.clamp(0, BADGE_MAX) as u32)),
        (None, Some(add)) => Some(Badge::Add(add.clamp(-BADGE_MAX, BADGE_MAX) as i32)),
        (None, None) => None,
    };
    let is_meant = |name: &String| MEANT.contains(&name.as_str());
    let kept = extended.iter().filter(|(name, _)| !is_meant(name));
    let mut data: Map<String, Value> = kept.map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    if !texts.uri.is_empty() {
        data.insert("uri".into(), Value::from(texts.uri.as_str()));
        data.insert("action".into(), Value::from(look.jump.to_string()));
    }
    Ok(Notification {
        kind: if look.is_silent { Kind::Background } else { Kind::Alert },
        title: texts.title.clone(),
        body: texts.content.clone(),
        badge,
        sound: extended.get("sound").filter(|sound| !sound.is_empty()).cloned(),
        image: picture(look),
        click: click(texts, look),
        style: style(texts, look, extended),
        vendors: extended.get("badge_class").filter(|class| !class.is_empty()).map(badge_class).unwrap_or_default(),
        has_content: look.is_silent,
        is_mutable: number("mutable-content") == Some(1),
        data,
        ..Notification::default()
    })
}

/// Parameters that mean something to channels.
const MEANT: [&str; 6] = ["sound", "badge", "badge_add_num", "badge_class", "big_text", "mutable-content"];

/// The activity whose icon shows the number, where a vendor wants to know it.
fn badge_class(class: &String) -> BTreeMap<String, Map<String, Value>> {
    let badge = |badge: Value| Map::from_iter([("android".to_owned(), json!({ "notification": { "badge": badge } }))]);
    let (huawei, honor) = (badge(json!({ "class": class })), badge(json!({ "badgeClass": class })));
    BTreeMap::from([("huawei".to_owned(), huawei), ("honor".to_owned(), honor)])
}

/// The largest number that an icon shows.
const BADGE_MAX: i64 = 99_999;

/// The picture for every channel, or any there is.
fn picture(look: &Look) -> Option<String> {
    let filled = |url: &Value| url.as_str().filter(|url| !url.is_empty()).map(str::to_owned);
    let usual = look.images.get("defaultUrl").and_then(filled);
    let found = usual.or_else(|| look.images.values().find_map(filled));
    if look.style == PICTURE { found } else { None }
}

fn click(texts: &Texts, look: &Look) -> Click {
    match (texts.uri.is_empty(), look.jump) {
        (true, _) => Click::App,
        (false, 1) => Click::Intent(texts.uri.clone()),
        (false, _) => Click::Url(texts.uri.clone()),
    }
}

fn style(texts: &Texts, look: &Look, extended: &Extended) -> Style {
    let is_long = extended.get("big_text").is_some_and(|text| text == "1");
    match look.style {
        LONG => Style::Long { title: texts.title.clone(), body: texts.content.clone() },
        0 if is_long => Style::Long { title: texts.title.clone(), body: texts.content.clone() },
        PICTURE => picture(look).map_or(Style::Plain, Style::Picture),
        _ => Style::Plain,
    }
}

/// Styles as the contract numbers them.
const LONG: i64 = 1;
const PICTURE: i64 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    fn texts(title: &str, content: &str, uri: &str) -> Texts {
        Texts { title: title.into(), content: content.into(), uri: uri.into() }
    }

    #[test]
    fn extended_parameters_are_a_flat_object_without_reserved_names() {
        let read = extended(&object(json!({"b": 1, "a": "x", "c": true}))).unwrap();
        assert_eq!(
            read.into_iter().collect::<Vec<_>>(),
            [("a".to_owned(), "x".to_owned()), ("b".to_owned(), "1".to_owned()), ("c".to_owned(), "true".to_owned())]
        );
        for bad in [json!({"a": {}}), json!({"a": []}), json!({"a": null}), json!({"": "x"})] {
            assert_eq!(extended(&object(bad.clone())), Err(Fault::ExtendedInvalid), "{bad}");
        }
        for name in RESERVED {
            assert_eq!(extended(&object(json!({ name: "x" }))), Err(Fault::ExtendedInvalid), "{name}");
        }
    }

    #[test]
    fn twenty_extended_parameters_fit_and_nine_of_one_target() {
        let some = |count: usize| {
            object(json!({})).into_iter().chain((0..count).map(|n| (format!("k{n}"), json!("v")))).collect()
        };
        assert_eq!(extended(&some(20)).unwrap().len(), 20);
        assert_eq!(extended(&some(21)), Err(Fault::ExtendedTooMany { max: 20 }));
        assert_eq!(target_extended(&some(9)).unwrap().len(), 9);
        assert_eq!(target_extended(&some(10)), Err(Fault::TargetExtendedTooMany { max: 9 }));
    }

    #[test]
    fn a_payload_ends_at_its_bounds() {
        let made = |texts: Texts, extended: &Extended| notification(&texts, &Look::default(), extended).map(|_| ());
        let none = Extended::new();
        assert_eq!(made(texts("", &"c".repeat(2_048), ""), &none), Ok(()));
        let long = texts("t", &"c".repeat(2_049), "");
        assert_eq!(made(long, &none), Err(Fault::PushContentTooLong { max: 2_048 }));
        let full = Err(Fault::PushPayloadTooLong { max: 2_048 });
        assert_eq!(made(texts("t", &"c".repeat(2_048), ""), &none), full);
        assert_eq!(made(texts("", &"c".repeat(2_046), "u"), &none), Ok(()));
        let pair = Extended::from([("k".to_owned(), "v".to_owned())]);
        assert_eq!(made(texts("", &"c".repeat(2_046), ""), &pair), Ok(()));
        assert_eq!(made(texts("", &"c".repeat(2_046), "u"), &pair), full);
    }

    #[test]
    fn what_means_something_to_channels_is_taken_and_the_rest_reaches_the_app() {
        let given = extended(&object(json!({
            "sound": "ding.caf", "badge": 3, "badge_add_num": 1, "mutable-content": "1", "order": "7"
        })))
        .unwrap();
        let look = Look {
            jump: 1,
            style: 2,
            images: object(json!({"defaultUrl": "https://e/i.png", "oppoUrl": "https://e/o.png"})),
            ..Look::default()
        };
        let made = notification(&texts("t", "c", "app://o/7"), &look, &given).unwrap();
        assert_eq!((made.title.as_str(), made.body.as_str(), made.kind), ("t", "c", Kind::Alert));
        assert_eq!((made.sound.as_deref(), made.badge, made.is_mutable), (Some("ding.caf"), Some(Badge::Set(3)), true));
        assert_eq!(made.image.as_deref(), Some("https://e/i.png"));
        assert_eq!(made.data, object(json!({"order": "7", "uri": "app://o/7", "action": "1"})));
        assert_eq!(made.click, Click::Intent("app://o/7".into()));
        assert_eq!(made.style, Style::Picture("https://e/i.png".into()));
        let large =
            Extended::from([("big_text".to_owned(), "1".to_owned()), ("badge_class".to_owned(), "a.B".to_owned())]);
        let shown = notification(&texts("t", "c", ""), &Look::default(), &large).unwrap();
        assert_eq!((shown.style, shown.data.len()), (Style::Long { title: "t".into(), body: "c".into() }, 0));
        assert_eq!(
            json!(shown.vendors),
            json!({
                "huawei": { "android": { "notification": { "badge": { "class": "a.B" } } } },
                "honor": { "android": { "notification": { "badge": { "badgeClass": "a.B" } } } },
            })
        );
        let added = Extended::from([("badge_add_num".to_owned(), "2".to_owned())]);
        assert_eq!(notification(&texts("t", "c", ""), &Look::default(), &added).unwrap().badge, Some(Badge::Add(2)));
    }

    #[test]
    fn a_silent_push_wakes_the_app_and_shows_nothing() {
        let look = Look { is_silent: true, ..Look::default() };
        let made = notification(&texts("t", "c", ""), &look, &Extended::new()).unwrap();
        assert_eq!((made.kind, made.has_content), (Kind::Background, true));
        assert!(made.data.is_empty());
    }
}
