//! The words of pushes: each is read in any case, from a form and from JSON alike.

use std::borrow::Cow;
use std::collections::BTreeMap;

use push::task::Audience;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use store::bindings::Os;

use crate::openapi::fields::Flaw;

/// Makes a choice of words.
macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $word_doc:literal])+ $word:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $word_doc])+ $word,)+
        }

        impl $name {
            /// As the contract spells it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)+
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                match text.trim() {
                    "" if text.is_empty() => Err(D::Error::custom(Flaw::Empty)),
                    "" => Err(D::Error::custom(Flaw::Blank)),
                    $(word if word.eq_ignore_ascii_case($text) => Ok(Self::$word),)+
                    _ => Err(D::Error::custom(Flaw::Malformed)),
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": [$($text),+] })
            }
        }
    )+};
}

words! {
    /// By what a push names whom it is for.
    Target {
        /// Devices.
        Device = "DEVICE",
        /// Accounts.
        Account = "ACCOUNT",
        /// Aliases.
        Alias = "ALIAS",
        /// A tag, or an expression of tags.
        Tag = "TAG",
        /// All devices.
        All = "ALL",
        /// Whoever is named later.
        Tbd = "TBD",
    }
    /// Which systems are meant.
    DeviceType {
        /// Apple's.
        Ios = "iOS",
        /// Android's.
        Android = "ANDROID",
        /// HarmonyOS.
        Harmony = "HARMONY",
        /// All of them.
        All = "ALL",
    }
    /// What is pushed.
    PushType {
        /// Something that is shown.
        Notice = "NOTICE",
        /// Something for the app, which must be connected.
        Message = "MESSAGE",
        /// What an app shows live; such pushes are asked for as notices, and told apart where they are listed.
        LiveActivity = "LIVE_ACTIVITY",
    }
    /// Apple's environment.
    ApnsEnv {
        /// For development.
        Dev = "DEV",
        /// For everybody.
        Product = "PRODUCT",
    }
    /// What a tap opens.
    OpenType {
        /// The app.
        Application = "APPLICATION",
        /// A page of the app.
        Activity = "ACTIVITY",
        /// An address.
        Url = "URL",
        /// Nothing.
        None = "NONE",
    }
    /// How long each line of a statistic is.
    Granularity {
        /// An hour.
        Hour = "HOUR",
        /// A day.
        Day = "DAY",
        /// A month.
        Month = "MONTH",
    }
    /// Which devices are counted.
    QueryType {
        /// Those that registered.
        New = "NEW",
        /// All that had.
        Total = "TOTAL",
    }
    /// How a phone calls for attention.
    NotifyType {
        /// It vibrates.
        Vibrate = "VIBRATE",
        /// It sounds.
        Sound = "SOUND",
        /// Both.
        Both = "BOTH",
        /// Neither.
        None = "NONE",
    }
}

impl DeviceType {
    /// The systems that are meant, as a bit for each; 0 for all.
    pub const fn systems(self) -> i64 {
        match self {
            Self::Ios => 1 << Os::Ios as i64,
            Self::Android => 1 << Os::Android as i64,
            Self::Harmony => 1 << Os::Harmony as i64,
            Self::All => 0,
        }
    }
}

impl PushType {
    /// As tasks are counted.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Message => "message",
            Self::LiveActivity => "live",
        }
    }

    /// As the contract spells a task's kind.
    pub fn spell(kind: &str) -> &'static str {
        let all = [Self::Message, Self::LiveActivity];
        all.into_iter().find(|one| one.kind() == kind).unwrap_or(Self::Notice).as_str()
    }
}

/// Targets of a push that adds few rows.
const LIGHT_MAX: usize = 10;

impl Target {
    /// By which word a task names its audience.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Account => "account",
            Self::Alias => "alias",
            Self::Tag => "tag",
            Self::All => "all",
            Self::Tbd => "open",
        }
    }

    /// Whether a value names a few devices or accounts, so that a push to them adds a few rows and reads none.
    pub fn is_light(self, value: &str) -> bool {
        matches!(self, Self::Device | Self::Account) && value.split(',').take(LIGHT_MAX + 1).count() <= LIGHT_MAX
    }

    /// As the contract spells a task's target.
    pub fn spell(word: &str) -> &'static str {
        let all = [Self::Device, Self::Account, Self::Alias, Self::Tag, Self::All, Self::Tbd];
        all.into_iter().find(|target| target.word() == word).map_or("DEVICE", Self::as_str)
    }

    /// Whom a value names.
    pub fn audience(self, value: &str) -> Result<Audience, contract::Fault> {
        let field = "TargetValue";
        let max = push::audience::NAMED_MAX;
        let list = || {
            if value.split(',').take(max + 1).count() > max {
                return Err(contract::Fault::FieldItemsTooMany { field, max });
            }
            let named: Vec<String> = value.split(',').map(|one| one.trim().to_owned()).collect();
            if named.iter().any(String::is_empty) {
                return Err(contract::Fault::FieldInvalid { field });
            }
            Ok(named)
        };
        match self {
            Self::Device => Ok(Audience::Devices(list()?)),
            Self::Account => Ok(Audience::Accounts(list()?)),
            Self::Alias => Ok(Audience::Aliases(list()?)),
            Self::Tag => push::audience::Expression::parse(value, field).map(Audience::Tags),
            Self::All if value.trim().eq_ignore_ascii_case("ALL") => Ok(Audience::All),
            Self::Tbd if value.trim().eq_ignore_ascii_case("TBD") => Ok(Audience::Open),
            Self::All | Self::Tbd => Err(contract::Fault::FieldInvalid { field }),
        }
    }
}

/// What an app gets beside the text: a JSON object, or a text that is one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extra(pub Map<String, Value>);

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let malformed = || D::Error::custom(Flaw::Malformed);
        match Value::deserialize(from)? {
            Value::Object(map) => Ok(Self(map)),
            Value::String(text) if text.is_empty() => Ok(Self::default()),
            Value::String(text) => serde_json::from_str(&text).map(Self).map_err(|_| malformed()),
            _ => Err(malformed()),
        }
    }
}

impl JsonSchema for Extra {
    fn schema_name() -> Cow<'static, str> {
        "Extra".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A JSON object." })
    }
}

/// A word that is copied into receipts: 1–32 letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobKey(pub String);

impl<'de> Deserialize<'de> for JobKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let fits = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        match text.len() {
            0 => Err(D::Error::custom(Flaw::Empty)),
            33.. => Err(D::Error::custom(Flaw::Letters(32))),
            _ if fits => Ok(Self(text)),
            _ => Err(D::Error::custom(Flaw::Malformed)),
        }
    }
}

impl JsonSchema for JobKey {
    fn schema_name() -> Cow<'static, str> {
        "JobKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$" })
    }
}

/// A UUID by which a repetition is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let is_uuid = text.len() == 36 && uuid::Uuid::try_parse(&text).is_ok();
        if is_uuid { Ok(Self(text)) } else { Err(D::Error::custom(Flaw::Malformed)) }
    }
}

impl JsonSchema for Token {
    fn schema_name() -> Cow<'static, str> {
        "IdempotentToken".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 36, "maxLength": 36 })
    }
}

/// The channels by which a push may go, as the contract names them; ours where they differ.
pub fn channels(names: &str) -> Result<Vec<String>, contract::Fault> {
    let ours = BTreeMap::from([("accs", "noroshi"), ("gcm", "fcm")]);
    let known = ["accs", "huawei", "honor", "xiaomi", "oppo", "vivo", "meizu", "gcm", "fcm", "apns", "harmony"];
    let read = |name: &str| {
        let name = name.trim().to_ascii_lowercase();
        let is_known = known.contains(&name.as_str());
        let own = ours.get(name.as_str()).map_or(name.clone(), |own| (*own).to_owned());
        is_known.then_some(own).ok_or(contract::Fault::FieldInvalid { field: "SendChannels" })
    };
    names.split(',').take(known.len() * 2).map(read).collect()
}
