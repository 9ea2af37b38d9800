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
use crate::faults::Told;
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

/// A code as a fault rule names it. Where some tokens are wrong, `listed` writes them as the service does.
pub(crate) fn spell(hall: &Hall, told: &Told<'_>, listed: impl Fn(&[String]) -> Value) -> Reply {
    if let Some(status) = GATEWAY.into_iter().find(|status| status.to_string() == told.code) {
        return Reply::html(status);
    }
    let request_id = request_id(hall);
    match told.code {
        "80000000" => success(&request_id),
        "80100000" if told.reason.is_empty() => {
            Refusal::saying(told.code, listed(told.tokens).to_string()).reply(&request_id)
        }
        code => Refusal::saying(code, told.text(words(code))).reply(&request_id),
    }
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

/// Which of the two services has a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Android,
    Harmony,
    Both,
}

/// Every code of both services, with the vendor's words.
const WORDS: &[(&str, Whose, &str)] = &[
    ("80000000", Whose::Both, "Success"),
    ("80000003", Whose::Android, "Terminal offline"),
    ("80000004", Whose::Android, "Application uninstalled"),
    ("80000005", Whose::Android, "Response timeout"),
    ("80000006", Whose::Android, "No route, the terminal has never been connected"),
    ("80000007", Whose::Android, "The terminal is in another area and does not use messages of this area"),
    ("80000008", Whose::Android, "Incorrect route, the terminal may have switched its push server"),
    ("80100000", Whose::Both, "Some tokens are right, the others are illegal"),
    ("80100001", Whose::Both, "Parameters check error"),
    ("80100002", Whose::Android, "Token number should be one when send sys message"),
    ("80100003", Whose::Both, "Message structure error"),
    ("80100004", Whose::Both, "TTL is less than current time, please check"),
    ("80100013", Whose::Android, "Collapse_key is illegal, please check"),
    ("80100016", Whose::Both, "Message contains sensitive information, please check"),
    ("80100017", Whose::Android, "A maximum of 100 topic-based messages can be sent at the same time"),
    ("80100018", Whose::Android, "The audit signature does not match the message"),
    ("80100022", Whose::Harmony, "The image is not verified"),
    ("80200001", Whose::Both, "Oauth authentication error"),
    ("80200003", Whose::Android, "Access token expired"),
    ("80200005", Whose::Harmony, "The JWT is expired"),
    ("80300002", Whose::Both, "No permission to send message to these tmIDs"),
    ("80300007", Whose::Both, "All the tokens are invalid"),
    ("80300008", Whose::Both, "The message body size exceeds the default value set by the system (4K)"),
    ("80300010", Whose::Both, "Tokens exceed the default value"),
    ("80300011", Whose::Android, "You are not authorized to send high-priority notification messages"),
    ("80300013", Whose::Android, "Receipt URL is error"),
    ("80300029", Whose::Harmony, "The number of test messages exceeds the limit"),
    ("80300030", Whose::Harmony, "The number of tokens in a test message exceeds the limit"),
    ("80300036", Whose::Harmony, "The validity period of the JWT exceeds one day"),
    ("80300037", Whose::Harmony, "Sending is disabled because of a penalty"),
    ("80600003", Whose::Android, "Failed to request the OAuth service"),
    ("81000001", Whose::Both, "System inner error"),
    ("82000007", Whose::Android, "Invalid topic"),
    ("82000008", Whose::Android, "Token array null or transfinited"),
    ("82000009", Whose::Android, "Topic num transfinited, at most 2000"),
    ("82000010", Whose::Android, "Some token is wrong"),
    ("82000011", Whose::Android, "Token is null"),
];

fn words(code: &str) -> &'static str {
    WORDS.iter().find(|(known, ..)| *known == code).map_or("", |(.., words)| *words)
}

/// Statuses that come without a code: flow control, and trouble behind the front end.
const GATEWAY: [u16; 3] = [500, 502, 503];

/// The codes of one service, and what its front end answers by HTTP alone.
pub(crate) fn codes(service: Whose) -> impl Iterator<Item = String> {
    let is_own = move |whose: Whose| whose == service || whose == Whose::Both;
    let own = WORDS.iter().filter(move |(_, whose, _)| is_own(*whose)).map(|(code, ..)| (*code).to_owned());
    own.chain(GATEWAY.map(|status| status.to_string()))
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

/// A moment as these services read them, in as far as its shape goes: `2014-10-02T15:01:23.045123456Z`.
pub(crate) fn is_moment(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let rest = shape.strip_prefix("0000-00-00T00:00:00").and_then(|rest| rest.strip_suffix('Z'));
    let is_part = |part: &str| part.len() <= 9 && !part.is_empty() && part.bytes().all(|digit| digit == b'0');
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('.').is_some_and(is_part))
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
    fn a_moment_has_a_zone_and_at_most_nine_decimals() {
        assert!(is_moment("2014-10-02T15:01:23Z") && is_moment("2014-10-02T15:01:23.045123456Z"));
        for text in ["2014-10-02T15:01:23", "2014-10-02 15:01:23Z", "2014-10-02T15:01:23.Z", "soon", ""] {
            assert!(!is_moment(text), "{text}");
        }
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
