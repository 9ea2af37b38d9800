//! What Huawei's two services have in common: codes with their words, answers, receipts and their signature.
//!
//! The words are those of the vendor's published table and, where somebody has shown a real answer, of that. The HTTP
//! status is what the documents say in general (200, 400 with a code inside, 401 for credentials, 500, 503); which of
//! 200 and 400 goes with a code is known for few and derived for the others: whatever is about tokens or permission is
//! 200, whatever is about the request is 400.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::courier::Parcel;
use crate::random;
use crate::service::{Call, Hall, Reply};

/// Phones of one request.
pub(crate) const TOKENS_MAX: usize = 1_000;
/// Bytes of a request without its tokens.
pub(crate) const BYTES_MAX: usize = 4_096;
/// Fifteen days.
pub(crate) const TTL_S_MAX: i64 = 1_296_000;
/// Entries of one receipt.
const STATUSES_MAX: usize = 100;
/// Categories of notifications.
pub(crate) const CATEGORIES: [&str; 13] = [
    "IM",
    "VOIP",
    "SUBSCRIPTION",
    "TRAVEL",
    "HEALTH",
    "WORK",
    "ACCOUNT",
    "EXPRESS",
    "FINANCE",
    "DEVICE_REMINDER",
    "MAIL",
    "PLAY_VOICE",
    "MARKETING",
];

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) text: String,
}

impl Refusal {
    /// A code with the vendor's words.
    pub(crate) fn new(code: &str) -> Self {
        Self { code: code.to_owned(), text: words(code).to_owned() }
    }

    /// A code with other words.
    pub(crate) fn saying(code: &str, text: impl Into<String>) -> Self {
        Self { code: code.to_owned(), text: text.into() }
    }

    pub(crate) fn reply(&self, request_id: &str) -> Reply {
        let body = json!({ "code": self.code, "msg": self.text, "requestId": request_id });
        Reply::json(status(&self.code), &body, self.code.as_str())
    }
}

/// An accepted request.
pub(crate) fn success(request_id: &str) -> Reply {
    Reply::json(200, &json!({ "code": "80000000", "msg": "Success", "requestId": request_id }), "")
}

/// A code as a fault rule names it.
pub(crate) fn spell(hall: &Hall, code: &Value, reason: &str) -> Reply {
    let code = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
    let text = if reason.is_empty() { words(&code) } else { reason };
    Refusal::saying(&code, text).reply(&request_id(hall))
}

/// As the vendor prints them: the moment, then digits.
pub(crate) fn request_id(hall: &Hall) -> String {
    format!("{}{}000309", hall.clock.now_ms(), random::digits(5))
}

fn status(code: &str) -> u16 {
    match code {
        "80000000" | "80100000" | "80300002" | "80300007" | "80300037" => 200,
        "80200001" | "80200003" | "80200005" | "80300036" => 401,
        "81000001" | "80600003" => 500,
        // The results of a message that was carried while the caller waited.
        code if code.starts_with("800") => 200,
        _ => 400,
    }
}

fn words(code: &str) -> &'static str {
    match code {
        "80000003" => "Terminal offline",
        "80000004" => "Application uninstalled",
        "80000005" => "Response timeout",
        "80000006" => "No route, the terminal has never been connected",
        "80000007" => "The terminal is in another area and does not use messages of this area",
        "80000008" => "Incorrect route, the terminal may have switched its push server",
        "80100000" => "Some tokens are right, the others are illegal",
        "80100001" => "Parameters check error",
        "80100002" => "Token number should be one when send sys message",
        "80100003" => "Message structure error",
        "80100004" => "TTL is less than current time, please check",
        "80100013" => "Collapse_key is illegal, please check",
        "80100016" => "Message contains sensitive information, please check",
        "80100017" => "A maximum of 100 topic-based messages can be sent at the same time",
        "80100022" => "The image is not verified",
        "80200001" => "Oauth authentication error",
        "80200003" => "Access token expired",
        "80200005" => "The JWT is expired",
        "80300002" => "No permission to send message to these tmIDs",
        "80300007" => "All the tokens are invalid",
        "80300008" => "The message body size exceeds the default value set by the system (4K)",
        "80300010" => "Tokens exceed the default value",
        "80300011" => "You are not authorized to send high-priority notification messages",
        "80300013" => "Receipt URL is error",
        "80300029" => "The number of test messages exceeds the limit",
        "80300030" => "The number of tokens in a test message exceeds the limit",
        "80300036" => "The validity period of the JWT exceeds one day",
        "80300037" => "Sending is disabled because of a penalty",
        "80600003" => "Failed to request the OAuth service",
        "81000001" => "System inner error",
        "82000007" => "Invalid topic",
        "82000008" => "Token array null or transfinited",
        "82000009" => "Topic num transfinited, at most 2000",
        "82000010" => "Some token is wrong",
        "82000011" => "Token is null",
        _ => "",
    }
}

/// Bytes of a request when its tokens are left out, counted without making another.
pub(crate) fn weigh(body: &Value, tokens: &[&str]) -> usize {
    let (name, parents) = tokens.split_last().expect("the tokens are somewhere");
    let parent = parents.iter().fold(body, |value, name| &value[*name]);
    let all = length(body);
    let Some(tokens) = parent.get(name) else { return all };
    let is_alone = parent.as_object().is_some_and(|members| members.len() == 1);
    // The name in its quotes, a colon, and the comma that goes with it.
    all - length(tokens) - name.len() - 3 - usize::from(!is_alone)
}

/// Bytes of a value as JSON.
fn length(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).expect("a counter takes all bytes");
    count.0
}

/// The texts of a list; none when it is no list of texts.
pub(crate) fn texts(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

/// Whether a message says what may not be said.
pub(crate) fn is_sensitive(words: &[String], body: &Value) -> bool {
    !words.is_empty() && {
        let text = body.to_string();
        words.iter().any(|word| text.contains(word.as_str()))
    }
}

/// Where receipts go, and by what their receiver knows them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    /// Without a user and a key receipts are not signed.
    pub(crate) user: String,
    pub(crate) key: String,
}

/// Sends the fates of a message's phones, a hundred at a time.
pub(crate) fn tell(hall: &Hall, room: &'static str, receiver: &Receiver, statuses: &[Value]) {
    if receiver.url.is_empty() {
        return;
    }
    for part in statuses.chunks(STATUSES_MAX) {
        let mut headers = Vec::new();
        if !receiver.key.is_empty() {
            headers.push(("x-huawei-callback-id", sign(receiver, hall.clock.now_ms(), &random::uuid())));
        }
        hall.courier.send(Parcel {
            room,
            url: receiver.url.clone(),
            kind: "application/json; charset=UTF-8",
            headers,
            body: json!({ "statuses": part }).to_string(),
        });
    }
}

/// `value` is the HMAC of moment, nonce and user, one after the other.
fn sign(receiver: &Receiver, now_ms: i64, nonce: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(receiver.key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{now_ms}{nonce}{}", receiver.user).as_bytes());
    format!("timestamp={now_ms}; nonce={nonce}; value={}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// The tokens of a request for fault rules.
pub(crate) fn aim(call: &Call, place: &str) -> crate::faults::Aim {
    if !call.path.ends_with("/messages:send") {
        return crate::faults::Aim::default();
    }
    let body = call.json().unwrap_or_default();
    let tokens = body.pointer(place).and_then(texts).unwrap_or_default();
    let topic = body["message"]["topic"].as_str().unwrap_or_default();
    crate::faults::Aim::send(tokens.into_iter().map(str::to_owned).collect(), topic)
}

/// Takes a displayed notification back from these phones; answers how many had it.
pub(crate) fn revoke(hall: &Hall, room: &str, call: &Call) -> Result<usize, Refusal> {
    let body = call.json().ok_or_else(|| Refusal::new("80100003"))?;
    let notify_id = body["notifyId"].as_i64().ok_or_else(|| Refusal::new("80100001"))?;
    let tokens = texts(&body["token"]).ok_or_else(|| Refusal::new("80100001"))?;
    if tokens.is_empty() || tokens.len() > TOKENS_MAX {
        return Err(Refusal::new("80300010"));
    }
    Ok(tokens.into_iter().filter(|token| hall.inbox.revoke(room, token, notify_id)).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_signed_over_moment_nonce_and_user() {
        let receiver = Receiver { url: String::new(), user: "user".into(), key: "key".into() };
        // printf '1700000000000nonceuser' | openssl dgst -sha256 -hmac key -binary | base64
        assert_eq!(
            sign(&receiver, 1_700_000_000_000, "nonce"),
            "timestamp=1700000000000; nonce=nonce; value=YVWcA+VKKp4CqzbK2Mk6rW8+c4XNcsKRwVhqJHLzqTs="
        );
    }

    #[test]
    fn tokens_do_not_weigh() {
        let body = json!({"message": {"data": "x", "token": ["a", "b"]}});
        assert_eq!(weigh(&body, &["message", "token"]), r#"{"message":{"data":"x"}}"#.len());
        let body = json!({"message": {"token": ["a"]}, "validate_only": true});
        assert_eq!(weigh(&body, &["message", "token"]), r#"{"message":{},"validate_only":true}"#.len());
        assert_eq!(weigh(&json!({"a": 1}), &["message", "token"]), r#"{"a":1}"#.len());
    }
}
