//! Parsed identifiers. A value of these types is well-formed: text is checked once, at the edge.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::fault::Fault;
use crate::limit;

/// A tenant: SDKAppID for chat, AppKey for EMAS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppId(pub i64);

impl AppId {
    /// The operator's own rows (apps, access keys, nodes) are bound to this id, which no tenant has.
    pub const PLATFORM: Self = Self(0);
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Millis(pub i64);

impl Millis {
    /// From whole seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Whole seconds, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment and `ms` more.
    #[must_use]
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// The place of a message in its conversation, from 1, in the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Seq(pub i64);

/// A place in a conversation: arrival order with the second in which it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// In order of arrival.
    pub seq: Seq,
    /// Seconds since the epoch.
    pub time: i64,
}

/// Makes a bounded, cheaply cloned text type.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

text_id! {
    /// The key of an account in its app: 1–32 bytes of printable ASCII, case-sensitive.
    UserId
}

text_id! {
    /// What a device calls itself, chosen by the SDK at installation: 1–64 bytes of printable ASCII.
    DeviceId
}

impl UserId {
    /// The system conversation, robots, groups and topics own these prefixes; no account may be imported under them.
    pub const RESERVED: [&str; 4] = ["@RBT#", "@TGS#", "@TOPIC#", "@TIM#"];

    /// Parses any well-formed UserID.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if is_printable(text, limit::USER_ID_BYTES) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(Fault::FieldInvalid { field: "UserID" })
        }
    }

    /// Takes text that a store or a verified ticket holds: it was parsed before.
    pub fn trusted(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// Whether the id is that of a robot: an account that only the back end speaks for.
    pub fn is_robot(&self) -> bool {
        self.0.starts_with(Self::RESERVED[0])
    }

    /// Whether the id is kept for something that is not an ordinary account.
    pub fn is_reserved(&self) -> bool {
        Self::RESERVED.iter().any(|prefix| self.0.starts_with(prefix))
    }
}

impl DeviceId {
    /// Parses a device's own name.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if is_printable(text, limit::DEVICE_ID_BYTES) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(Fault::FieldInvalid { field: "device" })
        }
    }

    /// Takes text that a store or a verified ticket holds: it was parsed before.
    pub fn trusted(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

fn is_printable(text: &str, max: usize) -> bool {
    !text.is_empty() && text.len() <= max && text.bytes().all(|b| (0x20..=0x7e).contains(&b))
}

/// The class of a device; numbers are those of the wire contract and of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Platform {
    /// iPhone.
    IPhone = 1,
    /// Android.
    Android = 2,
    /// Browsers, mini programs and what else counts as web.
    Web = 3,
    /// Windows.
    Pc = 4,
    /// iPad.
    IPad = 5,
    /// macOS.
    Mac = 6,
    /// Linux.
    Linux = 7,
}

impl Platform {
    const ALL: [Self; 7] = [Self::IPhone, Self::Android, Self::Web, Self::Pc, Self::IPad, Self::Mac, Self::Linux];

    /// The platform of that number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| *platform as i64 == number)
    }

    /// As the REST contract spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IPhone => "iPhone",
            Self::Android => "Android",
            Self::Web => "Web",
            Self::Pc => "PC",
            Self::IPad => "iPad",
            Self::Mac => "Mac",
            Self::Linux => "Linux",
        }
    }

    /// Whether its system keeps a push channel open for the app: such a device stays reachable without a connection.
    pub const fn is_mobile(self) -> bool {
        matches!(self, Self::IPhone | Self::Android | Self::IPad)
    }
}

/// The key of a conversation: a hash of its canonical name, so that it has one size for pairs and groups
/// and is made by the application, not by a sequence of the database.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId(pub [u8; 16]);

impl ConversationId {
    /// The conversation of two accounts, whichever writes first.
    pub fn pair(one: &UserId, other: &UserId) -> Self {
        let (low, high) = if one <= other { (one, other) } else { (other, one) };
        // A UserID holds no control character, so the separator keeps pairs apart.
        Self::of("c2c", &[low.as_str(), high.as_str()])
    }

    /// The conversation of a group. A group that takes the id of one that ended has another life, and so another
    /// conversation: what the old one left behind belongs to nobody.
    pub fn group(id: &str, life: i64) -> Self {
        Self::of("group", &[id, &life.to_string()])
    }

    fn of(kind: &str, parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        hash.update(kind);
        for part in parts {
            hash.update([0]);
            hash.update(part);
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        Self(id)
    }
}

impl fmt::Debug for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Identifies a C2C message within its conversation: `<MsgSeq>_<MsgRandom>_<MsgTime>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MsgKey {
    /// Seconds since the Unix epoch; first, because the contract orders a conversation by time, then sequence.
    pub time: i64,
    /// Chosen by the sender; not unique.
    pub seq: u32,
    /// Chosen by the sender.
    pub random: u32,
}

impl fmt::Display for MsgKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}", self.seq, self.random, self.time)
    }
}

impl FromStr for MsgKey {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let parse = || {
            if text.len() > limit::MSG_KEY_BYTES {
                return None;
            }
            let mut parts = text.split('_');
            let key = Self {
                seq: digits(parts.next()?)?.try_into().ok()?,
                random: digits(parts.next()?)?.try_into().ok()?,
                time: digits(parts.next()?)?.try_into().ok()?,
            };
            parts.next().is_none().then_some(key)
        };
        parse().ok_or(Fault::MsgKeyInvalid)
    }
}

/// Decimal digits only: `+1` and ` 1` are no keys.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_one_conversation_whoever_writes() {
        let (a, b) = (UserId::trusted("alice"), UserId::trusted("bob"));
        assert_eq!(ConversationId::pair(&a, &b), ConversationId::pair(&b, &a));
        assert_ne!(ConversationId::pair(&a, &b), ConversationId::pair(&a, &a));
    }

    #[test]
    fn a_user_id_is_bounded_printable_ascii() {
        assert!(UserId::parse(&"a".repeat(32)).is_ok());
        for bad in ["", &"a".repeat(33), "tab\t", "ä"] {
            assert!(UserId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_message_key_has_three_plain_numbers() {
        let key = MsgKey { seq: 89541, random: 2_574_206, time: 1_572_870_301 };
        assert_eq!("89541_2574206_1572870301".parse(), Ok(key));
        assert_eq!(key.to_string(), "89541_2574206_1572870301");
        for bad in ["", "1_2", "1_2_3_4", "+1_2_3", "4294967296_1_1", "1__2", "1_2_x"] {
            assert_eq!(bad.parse::<MsgKey>(), Err(Fault::MsgKeyInvalid), "{bad:?}");
        }
    }
}
