//! Golden requests, recorded answers, the life of provider tokens. What needs a wire is in `tests/it/apns.rs`.

use std::sync::Arc;

use contract::Millis;
use contract::notification::{Badge, Interruption, Kind, Live, LiveEvent, Notification, Priority};
use http::HeaderValue;
use serde_json::{Map, Value, json};

use super::request::{check_token, prepare, request};
use super::token::Signer;
use super::verdict::{self, Consequence, Raw, judge};
use super::{Credential, CredentialFault};
use crate::channel::{Outgoing, Scope, Status, Verdict};

const TOKEN: &str = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";

/// A key of the format that Apple gives out.
fn p8() -> String {
    rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem()
}

fn outgoing(notification: Notification) -> Outgoing {
    Outgoing {
        id: [0x12; 16],
        token: TOKEN.to_owned(),
        notification: Arc::new(notification),
        expires_at: Millis(1_800_000_000_999),
        attempt: 1,
    }
}

fn check(notification: Notification, topic: Option<&str>, headers: &[(&str, &str)], body: &Value) {
    let outgoing = outgoing(notification);
    let prepared = prepare(&outgoing.notification, topic).unwrap();
    let built = request("https://localhost:1", &prepared, &outgoing, Some(&HeaderValue::from_static("bearer x")));
    assert_eq!(built.uri().to_string(), format!("https://localhost:1/3/device/{TOKEN}"));
    assert_eq!(serde_json::from_slice::<Value>(&prepared.body).unwrap(), *body);
    let always = [
        ("apns-id", "12121212-1212-1212-1212-121212121212"),
        ("apns-expiration", "1800000000"),
        ("authorization", "bearer x"),
    ];
    let mut expected: Vec<(&str, &str)> = always.iter().chain(headers).copied().collect();
    let mut found: Vec<(&str, &str)> =
        built.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn a_full_alert_uses_every_word_apple_has() {
    let notification = Notification {
        title: "Title".into(),
        subtitle: "Sub".into(),
        body: "Body".into(),
        badge: Some(Badge::Set(0)),
        sound: Some("bell.caf".into()),
        category: Some("MESSAGE".into()),
        thread: Some("room".into()),
        collapse_key: Some("order-7".into()),
        image: Some("https://example.com/a.png".into()),
        has_content: true,
        interruption: Some(Interruption::TimeSensitive),
        relevance: Some(0.5),
        priority: Some(Priority::Normal),
        data: Map::from_iter([("order".to_owned(), json!(7)), ("aps".to_owned(), json!({"badge": 99}))]),
        ext: Some("raw".into()),
        ..Notification::default()
    };
    let headers = [
        ("apns-push-type", "alert"),
        ("apns-priority", "5"),
        ("apns-topic", "com.example.app"),
        ("apns-collapse-id", "order-7"),
    ];
    let body = json!({
        "aps": {
            "alert": {"title": "Title", "subtitle": "Sub", "body": "Body"},
            "badge": 0,
            "sound": "bell.caf",
            "category": "MESSAGE",
            "thread-id": "room",
            "content-available": 1,
            "mutable-content": 1,
            "interruption-level": "time-sensitive",
            "relevance-score": 0.5,
        },
        "image": "https://example.com/a.png",
        "ext": "raw",
        "order": 7,
    });
    check(notification, Some("com.example.app"), &headers, &body);
}

#[test]
fn a_background_push_has_priority_5_and_wakes_the_app() {
    let notification = Notification { kind: Kind::Background, ..Notification::default() };
    let headers = [("apns-push-type", "background"), ("apns-priority", "5"), ("apns-topic", "com.a")];
    check(notification, Some("com.a"), &headers, &json!({"aps": {"content-available": 1}}));
}

#[test]
fn a_voip_push_goes_to_the_topic_for_calls() {
    let call = || Notification {
        kind: Kind::Voip,
        data: Map::from_iter([("call".to_owned(), json!("1"))]),
        ..Notification::default()
    };
    let headers = [("apns-push-type", "voip"), ("apns-priority", "10"), ("apns-topic", "com.a.voip")];
    check(call(), Some("com.a"), &headers, &json!({"aps": {}, "call": "1"}));
    check(call(), Some("com.a.voip"), &headers, &json!({"aps": {}, "call": "1"}));
    check(call(), None, &headers[..2], &json!({"aps": {}, "call": "1"}));
}

#[test]
fn a_live_activity_has_a_topic_and_members_of_its_own() {
    let object = |value: Value| value.as_object().cloned();
    let live = |event, attributes| Live {
        token: "of the activity".into(),
        name: "Parcel".into(),
        event,
        at: 1_800_000_000,
        state: object(json!({"stops": 3})),
        attributes,
        stale_at: Some(1_800_000_100),
        dismissed_at: None,
    };
    let push = |live| Notification { kind: Kind::Live, title: "t".into(), live: Some(live), ..Notification::default() };
    let headers =
        [("apns-push-type", "liveactivity"), ("apns-priority", "10"), ("apns-topic", "com.a.push-type.liveactivity")];
    let update = json!({"aps": {
        "alert": {"title": "t"}, "timestamp": 1_800_000_000, "event": "update", "content-state": {"stops": 3},
        "stale-date": 1_800_000_100,
    }});
    check(push(live(LiveEvent::Update, None)), Some("com.a"), &headers, &update);
    let start = json!({"aps": {
        "alert": {"title": "t"}, "timestamp": 1_800_000_000, "event": "start", "content-state": {"stops": 3},
        "stale-date": 1_800_000_100, "attributes-type": "Parcel", "attributes": {"number": 7},
    }});
    check(push(live(LiveEvent::Start, object(json!({"number": 7})))), Some("com.a"), &headers, &start);
}

#[test]
fn a_payload_is_refused_one_byte_over_its_bound() {
    let sized = |kind, bytes: usize| {
        let build = |body: String| Notification { kind, body, ..Notification::default() };
        let empty = prepare(&build("x".to_owned()), None).unwrap().body.len() - 1;
        prepare(&build("x".repeat(bytes - empty)), None)
    };
    for (kind, max) in [(Kind::Alert, 4_096), (Kind::Background, 4_096), (Kind::Voip, 5_120)] {
        assert_eq!(sized(kind, max).unwrap().body.len(), max);
        let (verdict, word) = sized(kind, max + 1).unwrap_err();
        assert_eq!((verdict.status(), word), (Some(verdict::PAYLOAD_TOO_LARGE), "PayloadTooLarge"));
    }
}

#[test]
fn a_notification_that_says_nothing_is_refused() {
    let (verdict, _) = prepare(&Notification::default(), None).unwrap_err();
    assert_eq!(verdict, Verdict::Refused { status: verdict::PAYLOAD_EMPTY, scope: Scope::Message });
    let only_adds = Notification { badge: Some(Badge::Add(1)), ..Notification::default() };
    assert!(prepare(&only_adds, None).is_err());
}

#[test]
fn a_collapse_key_over_64_bytes_is_refused() {
    let with = |key: String| Notification { body: "b".into(), collapse_key: Some(key), ..Notification::default() };
    assert!(prepare(&with("k".repeat(64)), None).is_ok());
    assert_eq!(prepare(&with("k".repeat(65)), None).unwrap_err().1, "BadCollapseId");
    assert_eq!(prepare(&with("line\nbreak".into()), None).unwrap_err().1, "BadCollapseId");
}

#[test]
fn a_token_is_checked_by_its_looks() {
    assert!(check_token(TOKEN).is_ok());
    assert_eq!(check_token("").unwrap_err().0.status(), Some(verdict::MISSING_DEVICE_TOKEN));
    for bad in ["zz", &TOKEN[1..], &"ab".repeat(101), &TOKEN.replace('0', "/")] {
        let (verdict, _) = check_token(bad).unwrap_err();
        assert_eq!(verdict, Verdict::Gone { status: verdict::BAD_DEVICE_TOKEN, since: None }, "{bad}");
    }
}

fn raw(status: u16, body: &str) -> Raw {
    Raw { status, body: body.as_bytes().to_vec(), ..Raw::default() }
}

fn judged(status: u16, reason: &str) -> Verdict {
    judge(&raw(status, &json!({ "reason": reason }).to_string())).0
}

#[test]
fn every_published_reason_has_its_verdict() {
    let refused = |status, scope| Verdict::Refused { status, scope };
    let gone = |status| Verdict::Gone { status, since: None };
    let table = [
        (400, "PayloadEmpty", refused(verdict::PAYLOAD_EMPTY, Scope::Message)),
        (413, "PayloadTooLarge", refused(verdict::PAYLOAD_TOO_LARGE, Scope::Message)),
        (400, "BadTopic", refused(verdict::BAD_TOPIC, Scope::App)),
        (400, "TopicDisallowed", refused(verdict::TOPIC_DISALLOWED, Scope::App)),
        (400, "BadMessageId", refused(verdict::BAD_MESSAGE_ID, Scope::Message)),
        (400, "BadExpirationDate", refused(verdict::BAD_EXPIRATION_DATE, Scope::Message)),
        (400, "BadPriority", refused(verdict::BAD_PRIORITY, Scope::Message)),
        (400, "MissingDeviceToken", refused(verdict::MISSING_DEVICE_TOKEN, Scope::Message)),
        (400, "BadDeviceToken", gone(verdict::BAD_DEVICE_TOKEN)),
        (400, "DeviceTokenNotForTopic", gone(verdict::DEVICE_TOKEN_NOT_FOR_TOPIC)),
        (410, "Unregistered", gone(verdict::UNREGISTERED)),
        (410, "ExpiredToken", gone(verdict::UNREGISTERED)),
        (403, "BadCertificateEnvironment", refused(verdict::BAD_CERTIFICATE_ENVIRONMENT, Scope::App)),
        (403, "BadCertificate", refused(verdict::BAD_CERTIFICATE, Scope::App)),
        (403, "InvalidProviderToken", refused(verdict::BAD_CERTIFICATE, Scope::App)),
        (400, "MissingTopic", refused(verdict::MISSING_TOPIC, Scope::Message)),
        (400, "SomethingNew", refused(verdict::NONE, Scope::Message)),
    ];
    for (status, reason, expected) in table {
        assert_eq!(judged(status, reason), expected, "{reason}");
    }
}

#[test]
fn trouble_on_their_side_is_tried_again() {
    let later = |status: Status, scope, after_ms| Verdict::Later { status, scope, after_ms };
    assert_eq!(judged(429, "TooManyRequests"), later(verdict::NONE, Scope::Token, Some(60_000)));
    assert_eq!(judged(500, "InternalServerError"), later(verdict::NONE, Scope::Message, None));
    assert_eq!(judged(503, "Shutdown"), later(verdict::CONN_CLOSED, Scope::Node, Some(0)));
    assert_eq!(judged(502, "<html>"), later(verdict::NONE, Scope::Node, None));
    let wished = Raw { retry_after_s: Some(7), ..raw(503, r#"{"reason":"ServiceUnavailable"}"#) };
    assert_eq!(judge(&wished).0, later(verdict::CONN_CLOSED, Scope::Node, Some(7_000)));
}

#[test]
fn a_gone_token_keeps_apples_moment_and_an_unknown_answer_its_text() {
    let (verdict, consequence, text) = judge(&raw(410, r#"{"reason":"Unregistered","timestamp":1700000000123}"#));
    assert_eq!(verdict, Verdict::Gone { status: verdict::UNREGISTERED, since: Some(Millis(1_700_000_000_123)) });
    assert_eq!((consequence, text.as_str()), (Consequence::Nothing, "Unregistered"));
    assert_eq!(judge(&raw(418, "tea?")).2, "tea?");
    assert_eq!(judge(&raw(200, "")).0, Verdict::Accepted);
}

const MINUTE: i64 = 60_000;

#[test]
fn a_provider_token_lives_20_to_50_minutes_and_never_longer() {
    let p8 = p8();
    for start in 0..60 {
        let signer = Signer::new(&p8, "KEY0000001", "TEAM000001").unwrap();
        let begin = 1_700_000_000_000 + start * MINUTE;
        let (mut changes, mut last) = (Vec::new(), None);
        for minute in 0..300 {
            let header = signer.authorization(Millis(begin + minute * MINUTE)).unwrap();
            let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(&header.as_bytes()[7..]).unwrap().claims;
            let age_s = (begin + minute * MINUTE) / 1_000 - claims["iat"].as_i64().unwrap();
            assert!((0..50 * 60).contains(&age_s), "{age_s}");
            if last.as_ref() != Some(&header) {
                changes.push(minute);
                last = Some(header);
            }
        }
        assert!(changes.windows(2).all(|pair| (20..=50).contains(&(pair[1] - pair[0]))), "{start}: {changes:?}");
    }
}

#[test]
fn two_signers_with_one_key_send_the_same_token() {
    let now = Millis(1_700_000_000_000);
    let p8 = p8();
    let sign = |now| Signer::new(&p8, "KEY0000001", "TEAM000001").unwrap().authorization(now).unwrap();
    assert_eq!(sign(now), sign(now.plus(MINUTE)));
    assert!(sign(now).is_sensitive());
}

#[test]
fn a_young_token_is_not_given_up() {
    let signer = Signer::new(&p8(), "KEY0000001", "TEAM000001").unwrap();
    let now = Millis(1_700_000_000_000);
    let used = signer.authorization(now).unwrap();
    assert!(!signer.give_up(&used, now.plus(20 * MINUTE - 1)));
    assert!(signer.give_up(&used, now.plus(20 * MINUTE)));
    // The next token of another half hour is a new one; giving up the old one again changes nothing.
    let renewed = signer.authorization(now.plus(31 * MINUTE)).unwrap();
    assert_ne!(used, renewed);
    assert!(signer.give_up(&used, now.plus(31 * MINUTE)));
    assert_eq!(signer.authorization(now.plus(32 * MINUTE)).unwrap(), renewed);
}

#[test]
fn a_p12_opens_in_the_ciphers_of_old_and_new_exports() {
    use p12_keystore::{Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm};
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let leaf = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    let mut store = KeyStore::new();
    let private = p12_keystore::PrivateKey::from_der(key.serialized_der()).unwrap();
    let chain = p12_keystore::PrivateKeyChain::new("1", private, [Certificate::from_der(leaf.der()).unwrap()]);
    store.add_entry("push", KeyStoreEntry::PrivateKeyChain(chain));
    let exports = [
        (EncryptionAlgorithm::PbeWithShaAnd40BitRc4Cbc, MacAlgorithm::HmacSha1),
        (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
        (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
    ];
    for (cipher, mac) in exports {
        let p12 = store.writer("secret").encryption_algorithm(cipher).mac_algorithm(mac).write().unwrap();
        let Credential::Certificate { chain, .. } = Credential::from_p12(&p12, "secret").unwrap() else {
            panic!("a p12 holds a certificate")
        };
        assert_eq!(chain, [leaf.der().clone()]);
        assert_eq!(Credential::from_p12(&p12, "").err(), Some(CredentialFault::PasswordWrong));
    }
}

#[test]
fn credentials_that_cannot_work_are_refused_at_once() {
    assert!(Signer::new("nonsense", "k", "t").is_none());
    assert_eq!(Credential::from_p12(b"nonsense", "").err(), Some(CredentialFault::CertificateMalformed));
    assert_eq!(Credential::from_pem(&p8()).err(), Some(CredentialFault::CertificateMalformed));
}
