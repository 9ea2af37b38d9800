//! What an app's own server is told of a delivery, and the signature by which it knows who tells it. Pure.
//!
//! The contract signs with RSA (SHA-256, 2,048 bits) and writes the signature in the URL-safe letters of base 64. A key
//! that is no PEM signs with HMAC-SHA256 instead, for who would rather share a secret.

use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde::Serialize;

/// The smallest secret for HMAC.
pub const SECRET_BYTES: usize = 16;

/// What is told, as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// The app, as mPaaS names it.
    pub app_id: String,
    /// Its workspace.
    pub workspace_id: String,
    /// The caller's key of the message.
    pub msg_key: String,
    /// Our own number of it.
    pub message_id: String,
    /// The batch or broadcast that it is part of; empty for none.
    pub task_id: String,
    /// What the target is, as the contract numbers it.
    pub target_type: i64,
    /// The target as it was pushed to.
    pub target: String,
    /// The device that it became; empty if none was found.
    pub device_id: String,
    /// The channel; empty if none was chosen.
    pub channel: String,
    /// The published status of the channel's table.
    pub status: i32,
    /// Its name.
    pub status_desc: String,
    /// When it became known, in milliseconds.
    pub timestamp: i64,
}

/// Why a key signs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadKey {
    /// It looks like a PEM and holds no private RSA key.
    Pem,
    /// As a secret it is too short.
    Short,
}

/// Reads a key.
fn key(key: &str) -> Result<(Algorithm, EncodingKey), BadKey> {
    if key.trim_start().starts_with("-----BEGIN") {
        let key = EncodingKey::from_rsa_pem(key.as_bytes()).map_err(|_| BadKey::Pem)?;
        return Ok((Algorithm::RS256, key));
    }
    if key.len() < SECRET_BYTES {
        Err(BadKey::Short)
    } else {
        Ok((Algorithm::HS256, EncodingKey::from_secret(key.as_bytes())))
    }
}

/// Whether a key can sign.
pub fn check(text: &str) -> Result<(), BadKey> {
    let (algorithm, key) = key(text)?;
    crypto::sign(b"", &key, algorithm).map(drop).map_err(|_| BadKey::Pem)
}

/// Signs a body.
pub fn sign(text: &str, body: &[u8]) -> Result<String, BadKey> {
    let (algorithm, key) = key(text)?;
    crypto::sign(body, &key, algorithm).map_err(|_| BadKey::Pem)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::DecodingKey;

    use super::*;

    /// Made for this test alone.
    const PRIVATE: &str = include_str!("../../../../fixtures/keys/callback.pem");
    const PUBLIC: &str = include_str!("../../../../fixtures/keys/callback.pub.pem");

    #[test]
    fn a_body_is_signed_with_rsa_and_the_public_key_tells() {
        let sign = sign(PRIVATE, b"{\"status\":2}").unwrap();
        assert!(sign.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'), "{sign}");
        let public = DecodingKey::from_rsa_pem(PUBLIC.as_bytes()).unwrap();
        assert!(crypto::verify(&sign, b"{\"status\":2}", &public, Algorithm::RS256).unwrap());
        assert!(!crypto::verify(&sign, b"{\"status\":1}", &public, Algorithm::RS256).unwrap());
    }

    #[test]
    fn a_secret_signs_with_hmac() {
        // echo -n body | openssl dgst -sha256 -hmac 0123456789abcdef -binary | basenc --base64url
        assert_eq!(sign("0123456789abcdef", b"body").unwrap(), "w0wxlfTQKCri3ufduhnweHdZSJbs51eO7XBEhDZQxwg");
        assert_eq!(check("0123456789abcdef"), Ok(()));
    }

    #[test]
    fn what_is_no_key_signs_nothing() {
        assert_eq!(check("short"), Err(BadKey::Short));
        assert_eq!(check("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), Err(BadKey::Pem));
        assert_eq!(check(PUBLIC), Err(BadKey::Pem));
        assert_eq!(sign("", b"body"), Err(BadKey::Short));
    }

    #[test]
    fn what_is_told_has_the_names_of_the_contract() {
        let told = Told {
            app_id: "A".into(),
            workspace_id: "w".into(),
            msg_key: "k".into(),
            message_id: "1".into(),
            task_id: String::new(),
            target_type: 3,
            target: "u".into(),
            device_id: "d".into(),
            channel: "apns".into(),
            status: 2,
            status_desc: "Acked".into(),
            timestamp: 5,
        };
        let expected = "{\"appId\":\"A\",\"workspaceId\":\"w\",\"msgKey\":\"k\",\"messageId\":\"1\",\"taskId\":\"\",\
                        \"targetType\":3,\"target\":\"u\",\"deviceId\":\"d\",\"channel\":\"apns\",\"status\":2,\
                        \"statusDesc\":\"Acked\",\"timestamp\":5}";
        assert_eq!(serde_json::to_string(&told).unwrap(), expected);
    }
}
