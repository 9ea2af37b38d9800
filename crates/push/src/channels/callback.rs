//! What vendors tell of notifications afterwards: receipts, and how they are proved. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::Millis;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::channel::Status;

/// Receipts of one call that are read; vendors bundle a hundred, some a thousand.
pub(super) const RECEIPTS_MAX: usize = 10_000;
/// How far a vendor's clock may be from ours.
const DRIFT_MS: i64 = 300_000;

/// What became of one notification on one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The vendor's name for the request: its request, message or task id.
    pub request: String,
    /// The device's token.
    pub token: String,
    /// What happened.
    pub fate: Fate,
    /// The vendor's own code.
    pub code: String,
    /// When; none where the vendor does not say.
    pub at: Option<Millis>,
}

/// What a receipt means for its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The device has it.
    Arrived,
    /// Its reader tapped it.
    Opened,
    /// It did not arrive. The status is none where the published table has no word for it.
    Failed(Option<Status>),
    /// It did not arrive, because the token is dead.
    Gone(Option<Status>),
    /// The vendor's daily number is used up.
    OverQuota,
}

/// Why receipts are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The proof is missing, wrong or too old.
    Unproved,
    /// The body is not what the vendor describes.
    Malformed,
}

/// Who may call, as it was agreed with the vendor.
#[derive(Clone, Default)]
pub struct CallbackKey {
    /// The user that the vendor names.
    pub user: String,
    /// The key of the signature.
    pub key: String,
}

/// The header of a signed call.
pub const CALLBACK_HEADER: &str = "x-huawei-callback-id";

/// Checks `timestamp=…; nonce=…; value=…`: the value is the MAC of time, nonce and user, one behind the other. Answers
/// the nonce, which the caller remembers for as long as the clocks may differ.
pub(super) fn prove<'a>(header: Option<&'a str>, own: &CallbackKey, now: Millis) -> Result<&'a str, Unreadable> {
    let header = header.ok_or(Unreadable::Unproved)?;
    let part = |name: &str| {
        let found = header.split(';').filter_map(|part| part.trim().split_once('=')).find(|(own, _)| *own == name);
        found.map(|(_, value)| value.trim()).ok_or(Unreadable::Unproved)
    };
    let (time, nonce, value) = (part("timestamp")?, part("nonce")?, part("value")?);
    let at: i64 = time.parse().map_err(|_| Unreadable::Unproved)?;
    if (now.0 - at).abs() > DRIFT_MS {
        return Err(Unreadable::Unproved);
    }
    let value = STANDARD.decode(value).map_err(|_| Unreadable::Unproved)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(own.key.as_bytes()).map_err(|_| Unreadable::Unproved)?;
    for text in [time, nonce, &own.user] {
        mac.update(text.as_bytes());
    }
    // Compared in constant time.
    mac.verify_slice(&value).map_err(|_| Unreadable::Unproved)?;
    Ok(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(time: &str, key: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(format!("{time}nonce-1user").as_bytes());
        format!("timestamp={time}; nonce=nonce-1; value={}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    #[test]
    fn a_call_is_proved_by_its_key_its_user_and_its_time() {
        let own = CallbackKey { user: "user".into(), key: "key".into() };
        let check = |header: Option<&str>, now: i64, expected: Result<&str, Unreadable>| {
            assert_eq!(prove(header, &own, Millis(now)), expected, "{header:?} {now}");
        };
        let good = header("1000000", "key");
        check(Some(&good), 1_000_000, Ok("nonce-1"));
        check(Some(&good), 1_300_000, Ok("nonce-1"));
        check(Some(&good), 1_300_001, Err(Unreadable::Unproved));
        check(Some(&good), 699_999, Err(Unreadable::Unproved));
        check(Some(&header("1000000", "other")), 1_000_000, Err(Unreadable::Unproved));
        check(Some(&good.replace("nonce-1", "nonce-2")), 1_000_000, Err(Unreadable::Unproved));
        check(Some("timestamp=1000000; nonce=n"), 1_000_000, Err(Unreadable::Unproved));
        check(Some("timestamp=x; nonce=n; value=eA=="), 1_000_000, Err(Unreadable::Unproved));
        check(None, 1_000_000, Err(Unreadable::Unproved));
    }
}
