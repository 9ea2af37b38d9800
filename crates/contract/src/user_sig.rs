//! The UserSig: what an app signs so that one of its accounts may speak.
//!
//! Version 2.0 only (HMAC-SHA256); format and signing order follow the vendor's published signing libraries
//! (<https://www.tencentcloud.com/document/product/1047/34385>, read 2026-11). The order of the checks in
//! [`verify`] is part of the contract: a forged sig never learns whether it would have expired.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::fault::Fault;
use crate::id::{AppId, Millis, UserId};
use crate::limit;

/// A verified claim: who may speak, since when and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The account.
    pub user: UserId,
    /// When the app signed it, in whole seconds.
    pub signed_at: Millis,
    /// The first moment at which it is no longer valid.
    pub expires_at: Millis,
}

#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(rename = "TLS.ver")]
    version: String,
    #[serde(rename = "TLS.identifier")]
    identifier: String,
    #[serde(rename = "TLS.sdkappid", deserialize_with = "number")]
    app: i64,
    #[serde(rename = "TLS.expire", deserialize_with = "number")]
    expire: i64,
    #[serde(rename = "TLS.time", deserialize_with = "number")]
    time: i64,
    #[serde(rename = "TLS.userbuf", default, skip_serializing_if = "Option::is_none")]
    user_buf: Option<String>,
    #[serde(rename = "TLS.sig")]
    sig: String,
}

impl Document {
    fn signature(&self, key: &str) -> Hmac<Sha256> {
        // The key is the literal text that the console shows, never the bytes that its hex digits spell.
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(
            format!(
                "TLS.identifier:{}\nTLS.sdkappid:{}\nTLS.time:{}\nTLS.expire:{}\n",
                self.identifier, self.app, self.time, self.expire
            )
            .as_bytes(),
        );
        if let Some(user_buf) = &self.user_buf {
            mac.update(format!("TLS.userbuf:{user_buf}\n").as_bytes());
        }
        mac
    }
}

/// Signs a UserSig that is valid for `expire_s` seconds.
pub fn sign(app: AppId, key: &str, user: &str, now: Millis, expire_s: i64) -> String {
    let mut document = Document {
        version: "2.0".into(),
        identifier: user.into(),
        app: app.0,
        expire: expire_s,
        time: now.secs(),
        user_buf: None,
        sig: String::new(),
    };
    document.sig = STANDARD.encode(document.signature(key).finalize().into_bytes());
    let json = serde_json::to_vec(&document).expect("strings and numbers always serialize");
    let mut zlib = ZlibEncoder::new(Vec::with_capacity(256), Compression::default());
    zlib.write_all(&json).expect("a vector takes every write");
    let packed = zlib.finish().expect("a vector takes every write");
    STANDARD.encode(packed).replace('+', "*").replace('/', "-").replace('=', "_")
}

/// Verifies a UserSig for `user` of `app` against the app's signing keys, of which several may be valid at a time.
pub fn verify(sig: &str, app: AppId, user: &UserId, keys: &[String], now: Millis) -> Result<Claim, Fault> {
    if sig.is_empty() {
        return Err(Fault::UserSigEmpty);
    }
    let json = unpack(sig).ok_or(Fault::UserSigUndecodable)?;
    let document: Document = serde_json::from_slice(&json).map_err(|_| Fault::UserSigMalformed)?;
    if document.version != "2.0" {
        return Err(Fault::UserSigMalformed);
    }
    if document.app != app.0 {
        return Err(Fault::UserSigOtherApp);
    }
    if document.identifier != user.as_str() {
        return Err(Fault::UserSigOtherAccount);
    }
    if keys.is_empty() {
        return Err(Fault::KeyMissing);
    }
    let given = STANDARD.decode(&document.sig).map_err(|_| Fault::UserSigMalformed)?;
    if !keys.iter().any(|key| document.signature(key).verify_slice(&given).is_ok()) {
        return Err(Fault::UserSigForged);
    }
    let expires_at = Millis::from_secs(document.time.saturating_add(document.expire));
    if now >= expires_at {
        return Err(Fault::UserSigExpired);
    }
    Ok(Claim { user: user.clone(), signed_at: Millis::from_secs(document.time), expires_at })
}

fn unpack(sig: &str) -> Option<Vec<u8>> {
    if sig.len() > limit::USER_SIG_BYTES {
        return None;
    }
    let packed = STANDARD.decode(sig.replace('*', "+").replace('-', "/").replace('_', "=")).ok()?;
    let mut json = Vec::with_capacity(512);
    // One byte over the bound is enough to know that it is a bomb.
    let mut reader = ZlibDecoder::new(packed.as_slice()).take(limit::USER_SIG_INFLATED_BYTES as u64 + 1);
    reader.read_to_end(&mut json).ok()?;
    (json.len() <= limit::USER_SIG_INFLATED_BYTES).then_some(json)
}

/// Some signing libraries write numbers as text.
fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Plain(i64),
        Text(String),
    }
    match Number::deserialize(from)? {
        Number::Plain(number) => Ok(number),
        Number::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: AppId = AppId(1_400_000_000);
    const KEY: &str = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
    const SIGNED: Millis = Millis::from_secs(1_700_000_000);
    /// Made by the published algorithm at zlib level 6, and at level 0 with a newline after the JSON.
    const VECTORS: [&str; 2] = [
        "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl5mcUlRYkl*UVQBcUp2YkFBZkpSlaGJgZQAJFJrSjILEpVsjIzMLGAiZVk5gJFDM1RVRZnpgNNzzY09Q-NDgrPSMwK9HULDSvwNjDOt3SMjPIx1A4MMol0LvaJDMzPCQ8y97VVqgUA3CIzeA__",
        "eAEBrwBQ-3siVExTLnZlciI6IjIuMCIsIlRMUy5pZGVudGlmaWVyIjoiYWRtaW5pc3RyYXRvciIsIlRMUy5zZGthcHBpZCI6MTQwMDAwMDAwMCwiVExTLmV4cGlyZSI6NjA0ODAwLCJUTFMudGltZSI6MTcwMDAwMDAwMCwiVExTLnNpZyI6ImsxNU9Va1JXaGFqUU1GVVZwSzAzbzlBWVpMMStRUjRZQ3NMWVFvbFdSN009In3cIjN4",
    ];

    fn check(sig: &str, user: &str, app: AppId, keys: &[&str], now: Millis) -> Result<Claim, Fault> {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        verify(sig, app, &UserId::trusted(user), &keys, now)
    }

    #[test]
    fn published_vectors_verify() {
        for sig in VECTORS {
            let claim = check(sig, "administrator", APP, &["another", KEY], SIGNED.plus(604_799_999)).expect("valid");
            assert_eq!(claim.signed_at, SIGNED);
            assert_eq!(claim.expires_at, SIGNED.plus(604_800_000));
        }
    }

    #[test]
    fn each_refusal_has_its_own_fault_and_forgery_comes_before_expiry() {
        let now = SIGNED;
        let late = SIGNED.plus(604_800_000);
        let sig = VECTORS[0];
        let cases = [
            (check("", "administrator", APP, &[KEY], now), Fault::UserSigEmpty),
            (check(&sig[..80], "administrator", APP, &[KEY], now), Fault::UserSigUndecodable),
            (check("!", "administrator", APP, &[KEY], now), Fault::UserSigUndecodable),
            (check(sig, "administrator", AppId(1), &[KEY], now), Fault::UserSigOtherApp),
            (check(sig, "alice", APP, &[KEY], now), Fault::UserSigOtherAccount),
            (check(sig, "administrator", APP, &[], now), Fault::KeyMissing),
            (check(sig, "administrator", APP, &["wrong"], late), Fault::UserSigForged),
            (check(sig, "administrator", APP, &[KEY], late), Fault::UserSigExpired),
        ];
        for (got, expected) in cases {
            assert_eq!(got, Err(expected));
        }
    }

    #[test]
    fn what_we_sign_we_verify() {
        let sig = sign(APP, KEY, "alice", SIGNED, 60);
        assert!(check(&sig, "alice", APP, &[KEY], SIGNED).is_ok());
    }
}
