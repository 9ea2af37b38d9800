//! A message and its body.
//!
//! A body is kept as the JSON text that the sender gave, because every surface shows it as the REST contract
//! spells it and unknown extra fields travel unchanged. It is checked once, by [`check_body`].

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::id::{Millis, MsgKey, Seq, UserId};
use crate::limit;

/// A message as a member of its conversation sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who sent it.
    pub sender: UserId,
    /// Who received it.
    pub receiver: UserId,
    /// Its key in the conversation.
    pub key: MsgKey,
    /// Its place in the order of arrival; 0 for online-only messages.
    pub seq: Seq,
    /// When it arrived.
    pub at: Millis,
    /// The JSON text of `MsgBody`.
    pub body: Arc<str>,
    /// `CloudCustomData`; empty means none.
    pub cloud: Arc<str>,
    /// What is special about it.
    pub flags: Flags,
}

impl Message {
    /// Whether an account sees the message in its view, as far as the message itself says.
    pub fn is_seen_by(&self, account: &UserId) -> bool {
        let other = if *account == self.sender { &self.receiver } else { &self.sender };
        let is_hidden = *account == self.sender && *account != self.receiver && !self.flags.has(Flags::IN_SENDER_VIEW);
        !is_hidden && !self.flags.has(Flags::deleted_for(account, other))
    }
}

/// A key-value pair that is attached to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The key.
    pub key: String,
    /// The value; empty where only the key matters.
    pub value: String,
    /// Its place in the order of changes of the message's pairs, from 1; 0 means that it is not there.
    pub seq: i64,
}

/// What is done with pairs of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtensionChange {
    /// Sets those that are given.
    Set = 1,
    /// Removes those that are given.
    Remove = 2,
    /// Removes all.
    Clear = 3,
}

impl ExtensionChange {
    /// By the number that the contract has for it.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Set),
            2 => Some(Self::Remove),
            3 => Some(Self::Clear),
            _ => None,
        }
    }
}

/// Properties of a message, one bit each; the store keeps the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Flags(pub i64);

impl Flags {
    /// Counts as unread for the receiver.
    pub const COUNTS: Self = Self(1);
    /// Is part of the sender's own history.
    pub const IN_SENDER_VIEW: Self = Self(1 << 1);
    /// The sender asked for a receipt.
    pub const RECEIPT_WANTED: Self = Self(1 << 2);
    /// Key-value extensions may be attached.
    pub const EXTENSIBLE: Self = Self(1 << 3);
    /// Moves the conversation in the list.
    pub const MOVES_LIST: Self = Self(1 << 4);
    /// Came by import, with a time of its own.
    pub const IMPORTED: Self = Self(1 << 5);
    /// Was recalled.
    pub const RECALLED: Self = Self(1 << 6);
    /// The receiver gave the receipt.
    pub const RECEIPT_GIVEN: Self = Self(1 << 7);
    /// Deleted from the view of the conversation's lower account.
    pub const DELETED_LOW: Self = Self(1 << 8);
    /// Deleted from the view of the conversation's higher account.
    pub const DELETED_HIGH: Self = Self(1 << 9);
    /// Passes by connected devices only and is not stored.
    pub const ONLINE_ONLY: Self = Self(1 << 10);
    /// Extensions were attached at some time.
    pub const EXTENDED: Self = Self(1 << 11);
    /// In a group: the urgency, two bits; none of them means a normal one.
    pub const URGENCY: Self = Self(0b11 << 12);
    /// In a group: told by the system, not by a member.
    pub const TIP: Self = Self(1 << 14);
    /// In a group: for some members only.
    pub const TARGETED: Self = Self(1 << 15);
    /// In a group: recalled without telling devices; they find out when they read.
    pub const SILENT: Self = Self(1 << 16);
    /// One change of the body or the custom data. The changes are counted from here upwards, so that a message that
    /// was never changed, as most are, pays nothing for its version.
    pub const CHANGE: Self = Self(1 << 32);

    /// The flag that hides a message from one of the two accounts of its conversation.
    pub fn deleted_for(account: &UserId, other: &UserId) -> Self {
        if account <= other { Self::DELETED_LOW } else { Self::DELETED_HIGH }
    }

    /// Whether all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// How often body or custom data changed.
    pub const fn version(self) -> i64 {
        self.0 >> 32
    }

    /// These and those of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These and those of `other` if `on`.
    #[must_use]
    pub const fn with_if(self, on: bool, other: Self) -> Self {
        if on { self.with(other) } else { self }
    }
}

/// Checks `MsgBody`: a list of elements that each have a known type and the content that it demands.
///
/// The order is the contract's: list, elements, then contents (tencent-im-rest reference, §5.0 rows 9–11 and §6).
pub fn check_body(body: &Value) -> Result<(), Fault> {
    let elements = elements(body)?;
    let mut customs = 0;
    for element in elements {
        let (kind, content) = element_parts(element).ok_or(Fault::MsgBodyInvalid)?;
        if !KINDS.contains(&kind) {
            return Err(Fault::MsgBodyInvalid);
        }
        customs += usize::from(kind == "TIMCustomElem");
        if customs > 1 {
            return Err(Fault::MsgBodyInvalid);
        }
        check_content(kind, content)?;
        if content.values().any(|value| is_deeper(value, limit::ELEMENT_DEPTH)) {
            return Err(Fault::MsgElementInvalid { what: "the content is nested too deep" });
        }
    }
    Ok(())
}

/// Whether lists and objects lie in one another more often than `depth` times.
fn is_deeper(value: &Value, depth: usize) -> bool {
    match (value, depth) {
        (Value::Array(_) | Value::Object(_), 0) => true,
        (Value::Array(items), _) => items.iter().any(|item| is_deeper(item, depth - 1)),
        (Value::Object(fields), _) => fields.values().any(|field| is_deeper(field, depth - 1)),
        _ => false,
    }
}

/// The elements of a body, which is a list with at least one of them.
pub(crate) fn elements(body: &Value) -> Result<&[Value], Fault> {
    match body {
        Value::Array(elements) if elements.is_empty() => Err(Fault::MsgBodyInvalid),
        Value::Array(elements) => Ok(elements),
        _ => Err(Fault::MsgBodyNotList),
    }
}

/// The text by which an offline notification announces the message, or none if it must stay silent.
///
/// Texts of several elements stand together without a separator; a lone custom element without a description is
/// silent (§6 of the reference).
pub fn announcement(body: &Value) -> Option<String> {
    let elements = body.as_array()?;
    let mut text = String::new();
    for (kind, content) in elements.iter().filter_map(element_parts) {
        let of = |field: &str| content.get(field).and_then(Value::as_str).unwrap_or_default();
        text.push_str(match kind {
            "TIMTextElem" => of("Text"),
            "TIMCustomElem" => of("Desc"),
            "TIMLocationElem" => "[Location]",
            "TIMFaceElem" => "[Face]",
            "TIMSoundElem" => "[Audio]",
            "TIMImageElem" => "[Image]",
            "TIMFileElem" => "[File]",
            "TIMVideoFileElem" => "[Video]",
            "TIMRelayElem" => of("Title"),
            "TIMStreamElem" => of("CompatibleText"),
            _ => "",
        });
    }
    (!text.is_empty()).then_some(text)
}

const KINDS: [&str; 9] = [
    "TIMTextElem",
    "TIMLocationElem",
    "TIMFaceElem",
    "TIMCustomElem",
    "TIMSoundElem",
    "TIMImageElem",
    "TIMFileElem",
    "TIMVideoFileElem",
    "TIMRelayElem",
];

pub(crate) fn element_parts(element: &Value) -> Option<(&str, &Map<String, Value>)> {
    Some((element.get("MsgType")?.as_str()?, element.get("MsgContent")?.as_object()?))
}

fn check_content(kind: &str, content: &Map<String, Value>) -> Result<(), Fault> {
    let bad = |what| Err(Fault::MsgElementInvalid { what });
    let text = |field: &str| content.get(field).is_some_and(Value::is_string);
    let number = |field: &str| content.get(field).is_some_and(Value::is_number);
    let text_or_absent = |field: &str| content.get(field).is_none_or(Value::is_string);
    let number_or_absent = |field: &str| content.get(field).is_none_or(Value::is_number);
    let is_two = |field: &str| content.get(field).and_then(Value::as_i64) == Some(2);
    match kind {
        "TIMTextElem" if !text("Text") => bad("TIMTextElem needs Text"),
        "TIMLocationElem" if !(text_or_absent("Desc") && number("Latitude") && number("Longitude")) => {
            bad("TIMLocationElem needs Latitude and Longitude as numbers")
        }
        "TIMFaceElem" if !(number("Index") && text_or_absent("Data")) => bad("TIMFaceElem needs Index as a number"),
        "TIMCustomElem" if !["Data", "Desc", "Ext", "Sound"].into_iter().all(text_or_absent) => {
            bad("Data, Desc, Ext and Sound of TIMCustomElem are strings")
        }
        "TIMSoundElem" | "TIMFileElem" if !(text("UUID") && text("Url") && is_two("Download_Flag")) => {
            bad("a file element needs Url, UUID and Download_Flag 2")
        }
        "TIMSoundElem" if !(number_or_absent("Size") && number_or_absent("Second")) => {
            bad("Size and Second of TIMSoundElem are numbers")
        }
        "TIMFileElem" if !(number_or_absent("FileSize") && text_or_absent("FileName")) => {
            bad("FileSize is a number and FileName a string")
        }
        "TIMImageElem" if !text("UUID") => bad("TIMImageElem needs UUID"),
        "TIMImageElem" => check_images(content),
        "TIMVideoFileElem"
            if !(["VideoUrl", "VideoUUID", "ThumbUrl", "ThumbUUID"].into_iter().all(text)
                && ["ThumbWidth", "ThumbHeight"].into_iter().all(number)
                && is_two("VideoDownloadFlag")
                && is_two("ThumbDownloadFlag")) =>
        {
            bad("TIMVideoFileElem needs its URLs, UUIDs, thumb sizes and both download flags 2")
        }
        "TIMRelayElem" if !(text_or_absent("Title") && (content.contains_key("MsgList") || text("JsonMsgKey"))) => {
            bad("TIMRelayElem needs MsgList or JsonMsgKey")
        }
        _ => Ok(()),
    }
}

fn check_images(content: &Map<String, Value>) -> Result<(), Fault> {
    let fits = content.get("ImageInfoArray").and_then(Value::as_array).is_some_and(|images| {
        !images.is_empty()
            && images.iter().all(|image| {
                image.get("URL").is_some_and(Value::is_string)
                    && ["Width", "Height"].iter().all(|field| image.get(*field).is_some_and(Value::is_number))
            })
    });
    if fits { Ok(()) } else { Err(Fault::MsgElementInvalid { what: "an image needs URL, Width and Height" }) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(body: Value, expected: Result<(), Fault>) {
        assert_eq!(check_body(&body), expected, "{body}");
    }

    #[test]
    fn the_shape_comes_before_the_elements_and_they_before_their_contents() {
        check(json!("text"), Err(Fault::MsgBodyNotList));
        check(json!([]), Err(Fault::MsgBodyInvalid));
        check(json!([{"MsgType": "TIMTextElem"}]), Err(Fault::MsgBodyInvalid));
        check(json!([{"MsgType": "Nope", "MsgContent": {}}]), Err(Fault::MsgBodyInvalid));
        check(
            json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": 1}}]),
            Err(Fault::MsgElementInvalid { what: "TIMTextElem needs Text" }),
        );
        check(json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi", "more": [1]}}]), Ok(()));
    }

    #[test]
    fn a_content_is_nested_as_deep_as_every_reader_can_follow() {
        let of = |depth: usize| {
            let deep = (0..depth).fold(json!(1), |inner, _| json!([inner]));
            json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi", "more": deep}}])
        };
        check(of(limit::ELEMENT_DEPTH), Ok(()));
        let too_deep = Fault::MsgElementInvalid { what: "the content is nested too deep" };
        check(of(limit::ELEMENT_DEPTH + 1), Err(too_deep));
    }

    #[test]
    fn only_one_custom_element_fits() {
        let custom = json!({"MsgType": "TIMCustomElem", "MsgContent": {"Data": "x"}});
        check(json!([custom]), Ok(()));
        check(json!([custom, custom]), Err(Fault::MsgBodyInvalid));
    }

    #[test]
    fn every_kind_has_an_example_that_fits_and_one_that_does_not() {
        let sound = json!({"UUID": "u", "Url": "http://x", "Download_Flag": 2, "Size": 1, "Second": 1});
        let video = json!({"VideoUrl": "v", "VideoUUID": "u", "ThumbUrl": "t", "ThumbUUID": "w", "ThumbWidth": 1,
            "ThumbHeight": 1, "VideoDownloadFlag": 2, "ThumbDownloadFlag": 2});
        let image = json!({"UUID": "u", "ImageInfoArray": [{"Type": 1, "URL": "x", "Width": 1, "Height": 1}]});
        let examples = [
            ("TIMLocationElem", json!({"Latitude": 1.5, "Longitude": 2}), json!({"Latitude": "1.5", "Longitude": 2})),
            ("TIMFaceElem", json!({"Index": 1}), json!({"Index": "1"})),
            ("TIMSoundElem", sound.clone(), json!({"UUID": "u", "Url": "x"})),
            ("TIMFileElem", sound, json!({"UUID": "u", "Url": "x", "Download_Flag": 1})),
            ("TIMImageElem", image, json!({"UUID": "u", "ImageInfoArray": []})),
            ("TIMVideoFileElem", video, json!({"VideoUrl": "v"})),
            ("TIMRelayElem", json!({"Title": "t", "MsgList": []}), json!({"Title": "t"})),
            ("TIMCustomElem", json!({}), json!({"Data": {}})),
        ];
        for (kind, good, bad) in examples {
            check(json!([{"MsgType": kind, "MsgContent": good}]), Ok(()));
            let body = json!([{"MsgType": kind, "MsgContent": bad}]);
            assert!(matches!(check_body(&body), Err(Fault::MsgElementInvalid { .. })), "{body}");
        }
    }

    #[test]
    fn texts_are_announced_together_and_a_silent_custom_element_not_at_all() {
        let text = json!({"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi "}});
        let face = json!({"MsgType": "TIMFaceElem", "MsgContent": {"Index": 1}});
        let custom = json!({"MsgType": "TIMCustomElem", "MsgContent": {"Data": "d"}});
        assert_eq!(announcement(&json!([text, face])), Some("hi [Face]".into()));
        assert_eq!(announcement(&json!([custom])), None);
    }
}
