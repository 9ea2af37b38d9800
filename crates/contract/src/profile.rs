//! Profile fields: their tags, their types, and what bounds them (tencent-im-rest reference, §9.1).
//!
//! Standard fields are the same in every app. Custom ones are declared by the app: their tag is [`CUSTOM`] and a keyword
//! of 1 to 8 letters, and they hold text.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::limit;

/// What the tags of custom fields begin with.
pub const CUSTOM: &str = "Tag_Profile_Custom_";
/// Shown to others.
pub const NICK: &str = "Tag_Profile_IM_Nick";
/// What an account says of itself.
pub const SIGNATURE: &str = "Tag_Profile_IM_SelfSignature";
/// The picture.
pub const IMAGE: &str = "Tag_Profile_IM_Image";

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number of 32 bits.
    Number(u32),
}

impl Value {
    /// What it costs in an answer, about.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Number(_) => 10,
        }
    }
}

/// What a caller wants a field to hold, before anybody looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Text.
    Text(String),
    /// A number; none if it is not a whole one of 32 bits.
    Number(Option<u32>),
    /// Anything else.
    Other,
}

/// The type of a standard field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text of at most so many bytes.
    Text(usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A number of 32 bits.
    Number,
}

/// A standard field.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its tag.
    pub tag: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether only administrators write it.
    pub is_admins: bool,
}

/// Every standard field, in the documented order.
pub static STANDARD: [Field; 12] = [
    field(NICK, Kind::Text(limit::PROFILE_BYTES)),
    field("Tag_Profile_IM_Gender", Kind::Word(&["Gender_Type_Unknown", "Gender_Type_Female", "Gender_Type_Male"])),
    field("Tag_Profile_IM_BirthDay", Kind::Number),
    field("Tag_Profile_IM_Location", Kind::Text(limit::LOCATION_BYTES)),
    field("Tag_Profile_IM_SelfSignature", Kind::Text(limit::PROFILE_BYTES)),
    field(
        "Tag_Profile_IM_AllowType",
        Kind::Word(&["AllowType_Type_NeedConfirm", "AllowType_Type_AllowAny", "AllowType_Type_DenyAny"]),
    ),
    field("Tag_Profile_IM_Language", Kind::Number),
    field(IMAGE, Kind::Text(limit::PROFILE_BYTES)),
    field("Tag_Profile_IM_MsgSettings", Kind::Number),
    Field {
        tag: "Tag_Profile_IM_AdminForbidType",
        kind: Kind::Word(&["AdminForbid_Type_None", "AdminForbid_Type_SendOut"]),
        is_admins: true,
    },
    field("Tag_Profile_IM_Level", Kind::Number),
    field("Tag_Profile_IM_Role", Kind::Number),
];

const fn field(tag: &'static str, kind: Kind) -> Field {
    Field { tag, kind, is_admins: false }
}

/// The standard field of a tag.
pub fn standard(tag: &str) -> Option<&'static Field> {
    STANDARD.iter().find(|field| field.tag == tag)
}

/// Whether a word can be the keyword of a custom field.
pub fn is_keyword(word: &str) -> bool {
    (1..=limit::PROFILE_KEYWORD_BYTES).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

impl Kind {
    /// Reads a value of this type. Length comes before content: a text that is too long for every field has a code of
    /// its own, whatever the field.
    pub fn read(self, given: Given) -> Result<Value, Fault> {
        match (self, given) {
            (Self::Text(_) | Self::Word(_), Given::Text(text)) if text.len() > limit::PROFILE_BYTES => {
                Err(Fault::ProfileTooLong { max: limit::PROFILE_BYTES })
            }
            // One of the stores keeps no NUL in a text.
            (Self::Text(max), Given::Text(text)) if text.len() <= max && !text.contains('\0') => Ok(Value::Text(text)),
            (Self::Word(words), Given::Text(text)) if words.contains(&text.as_str()) => Ok(Value::Text(text)),
            (Self::Number, Given::Number(Some(number))) => Ok(Value::Number(number)),
            (Self::Text(_) | Self::Word(_), Given::Text(_)) | (Self::Number, Given::Number(None)) => {
                Err(Fault::ProfileValueInvalid)
            }
            _ => Err(Fault::ProfileValueTypeInvalid),
        }
    }
}

/// How often the two classes of an account's fields have changed: whoever holds the same numbers holds the same values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sequences {
    /// Of the standard fields.
    pub standard: i64,
    /// Of the custom ones.
    pub custom: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: &str, given: Given) -> Result<Value, Fault> {
        standard(tag).expect("a standard field").kind.read(given)
    }

    #[test]
    fn each_field_takes_what_its_type_says_and_tells_apart_why_not() {
        let text = |text: &str| Given::Text(text.into());
        let cases = [
            (NICK, text(&"x".repeat(500)), Ok(Value::Text("x".repeat(500)))),
            (NICK, text(&"日".repeat(167)), Err(Fault::ProfileTooLong { max: 500 })),
            (NICK, text("a\0b"), Err(Fault::ProfileValueInvalid)),
            (NICK, Given::Number(Some(1)), Err(Fault::ProfileValueTypeInvalid)),
            ("Tag_Profile_IM_Location", text(&"x".repeat(16)), Ok(Value::Text("x".repeat(16)))),
            ("Tag_Profile_IM_Location", text(&"x".repeat(17)), Err(Fault::ProfileValueInvalid)),
            ("Tag_Profile_IM_Location", text(&"x".repeat(501)), Err(Fault::ProfileTooLong { max: 500 })),
            ("Tag_Profile_IM_Gender", text("Gender_Type_Male"), Ok(Value::Text("Gender_Type_Male".into()))),
            ("Tag_Profile_IM_Gender", text("male"), Err(Fault::ProfileValueInvalid)),
            ("Tag_Profile_IM_Gender", Given::Other, Err(Fault::ProfileValueTypeInvalid)),
            ("Tag_Profile_IM_Level", Given::Number(Some(u32::MAX)), Ok(Value::Number(u32::MAX))),
            ("Tag_Profile_IM_Level", Given::Number(None), Err(Fault::ProfileValueInvalid)),
            ("Tag_Profile_IM_Level", text("1"), Err(Fault::ProfileValueTypeInvalid)),
        ];
        for (tag, given, expected) in cases {
            assert_eq!(read(tag, given.clone()), expected, "{tag} {given:?}");
        }
    }

    #[test]
    fn a_keyword_has_1_to_8_letters() {
        for (word, expected) in [("a", true), ("AbcdEfgh", true), ("", false), ("abcdefghi", false), ("a1", false)] {
            assert_eq!(is_keyword(word), expected, "{word}");
        }
    }
}
