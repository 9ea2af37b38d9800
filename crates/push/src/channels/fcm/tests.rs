//! Golden requests and recorded answers. What needs a wire is in `tests/it`.

use std::collections::BTreeMap;

use contract::codes::{Family, OfflinePush};
use contract::notification::{Attention, Badge, Click, Kind, Notification, Priority, Style};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::testing::{NOW, hello, outgoing, reaches_every_row, reply, with_header};
use super::super::wire::NONE;
use super::request::{body, check_token, prepare};
use super::verdict::{self, judge};
use super::{AUTHENTICATION, Own};
use crate::channel::{Scope, Verdict};

fn built(notification: Notification) -> Result<Value, Refusal> {
    let own = Own { package_name: Some("com.example.app".into()), defaults: Map::new() };
    let message = outgoing("t1", notification);
    Ok(serde_json::from_str(&body(&prepare(&message, &own, NOW)?, &message)).unwrap())
}

fn over(over: Value) -> Notification {
    let vendors = BTreeMap::from([("fcm".to_owned(), over.as_object().unwrap().clone())]);
    Notification { vendors, ..hello() }
}

#[test]
fn a_full_notification_uses_every_word_of_the_vendor() {
    let notification = Notification {
        badge: Some(Badge::Set(5)),
        sound: Some("ding".into()),
        collapse_key: Some("order-7".into()),
        priority: Some(Priority::Normal),
        data: Map::from_iter([("order".to_owned(), json!(7)), ("word".to_owned(), json!("w"))]),
        ext: Some("raw".into()),
        click: Click::Action("OPEN".into()),
        style: Style::Picture("https://example.com/a.png".into()),
        channel_id: Some("chat".into()),
        attention: Some(Attention::Vibration),
        ..hello()
    };
    let expected = json!({"message": {
        "data": {"order": "7", "word": "w", "ext": "raw"},
        "notification": {"title": "Title", "body": "Body", "image": "https://example.com/a.png"},
        "android": {
            "collapse_key": "order-7",
            "priority": "NORMAL",
            "ttl": "86400s",
            "restricted_package_name": "com.example.app",
            "notification": {
                "channel_id": "chat",
                "tag": "order-7",
                "sound": "ding",
                "default_vibrate_timings": true,
                "click_action": "OPEN",
                "notification_count": 5,
            },
        },
        "token": "t1",
    }});
    assert_eq!(built(notification).unwrap(), expected);
}

#[test]
fn a_background_push_is_data_alone() {
    let notification = Notification { kind: Kind::Background, ext: Some("raw".into()), ..Notification::default() };
    let expected = json!({"message": {
        "data": {"ext": "raw"},
        "android": {"priority": "NORMAL", "ttl": "86400s", "restricted_package_name": "com.example.app"},
        "token": "t1",
    }});
    assert_eq!(built(notification).unwrap(), expected);
}

#[test]
fn what_google_would_refuse_is_refused_with_its_number() {
    let check = |notification: Notification, status| {
        let answer = built(notification).unwrap_err();
        assert_eq!(answer.verdict, Verdict::Refused { status, scope: Scope::Message }, "{answer:?}");
        assert!(answer.said.is_local);
    };
    for ttl in ["2419201s", "-1s", "abc", "infs"] {
        check(over(json!({"android": {"ttl": ttl}})), verdict::INVALID_TTL);
    }
    for ttl in ["0s", "3.5s", "2419200s"] {
        assert!(built(over(json!({"android": {"ttl": ttl}}))).is_ok(), "{ttl}");
    }
    check(Notification { body: "x".repeat(4_097), ..hello() }, verdict::MESSAGE_TOO_BIG);
    for name in ["from", "message_type", "google.x", "gcm.y"] {
        check(Notification { data: Map::from_iter([(name.to_owned(), json!("x"))]), ..hello() }, NONE);
    }
    let intent = built(Notification { click: Click::Intent(String::new()), ..hello() }).unwrap_err();
    assert_eq!(intent.said.class, Some(OfflinePush::IntentMissing));
}

fn error(http: u16, status: &str, message: &str, details: Value) -> super::super::wire::Judged {
    let body = json!({"error": {"code": http, "message": message, "status": status, "details": details}});
    judge(&reply(http, &body.to_string()), NOW)
}

fn word(http: u16, status: &str, word: &str, message: &str) -> Verdict {
    let detail = json!([{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": word}]);
    error(http, status, message, detail).all.verdict
}

fn field(field: &str, description: &str) -> Verdict {
    let violations = json!([{"field": field, "description": description}]);
    let detail = json!([{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}]);
    error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.", detail).all.verdict
}

#[test]
fn todays_words_are_translated_to_the_published_names() {
    let gone = |status| Verdict::Gone { status, since: None };
    let refused = |status, scope| Verdict::Refused { status, scope };
    let later = |scope, after_ms| Verdict::Later { status: verdict::INTERNAL, scope, after_ms };
    assert_eq!(word(404, "NOT_FOUND", "UNREGISTERED", "x"), gone(verdict::NOT_REGISTERED));
    assert_eq!(word(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", "x"), gone(verdict::INVALID_REGISTRATION));
    let text = "The registration token is not a valid FCM registration token";
    assert_eq!(word(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", text), gone(verdict::INVALID_REGISTRATION));
    assert_eq!(word(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "y"), refused(NONE, Scope::Message));
    assert_eq!(field("message.token", "x"), gone(verdict::INVALID_REGISTRATION));
    let package = refused(verdict::INVALID_PACKAGE_NAME, Scope::Message);
    assert_eq!(field("message.android.restricted_package_name", "x"), package);
    assert_eq!(field("message.android.ttl", "x"), refused(verdict::INVALID_TTL, Scope::Message));
    assert_eq!(field("message.data", "Message too big"), refused(verdict::MESSAGE_TOO_BIG, Scope::Message));
    assert_eq!(field("message.data[0].value", "Invalid value"), refused(NONE, Scope::Message));
    assert_eq!(word(500, "INTERNAL", "INTERNAL", "x"), later(Scope::Message, Some(10_000)));
    assert_eq!(word(503, "UNAVAILABLE", "UNAVAILABLE", "x"), later(Scope::Node, None));
    assert_eq!(word(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "x"), later(Scope::App, Some(60_000)));
    let third = refused(AUTHENTICATION, Scope::Message);
    assert_eq!(word(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR", "x"), third);
    assert!(error(401, "UNAUTHENTICATED", "x", json!([])).is_session_refused);
    assert_eq!(error(403, "PERMISSION_DENIED", "x", json!([])).all.verdict, refused(AUTHENTICATION, Scope::App));
    assert_eq!(error(404, "NOT_FOUND", "x", json!([])).all.verdict, refused(AUTHENTICATION, Scope::App));
}

#[test]
fn a_quota_of_one_device_stops_no_other() {
    let detail = json!([
        {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "QUOTA_EXCEEDED"},
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"subject": "device:t1"}]},
    ]);
    let verdict = error(429, "RESOURCE_EXHAUSTED", "x", detail).all.verdict;
    assert!(matches!(verdict, Verdict::Later { scope: Scope::Token, .. }));
}

#[test]
fn googles_wish_to_be_left_alone_is_kept() {
    let body = r#"{"error":{"status":"UNAVAILABLE","details":[{"errorCode":"UNAVAILABLE"}]}}"#;
    let wished = judge(&with_header(reply(503, body), "retry-after", "30"), NOW).all.verdict;
    assert!(matches!(wished, Verdict::Later { after_ms: Some(30_000), .. }));
    let quick = r#"{"error":{"status":"INTERNAL","details":[]}}"#;
    let wished = judge(&with_header(reply(500, quick), "retry-after", "1"), NOW).all.verdict;
    assert!(matches!(wished, Verdict::Later { after_ms: Some(10_000), .. }));
}

#[test]
fn every_published_number_is_reached() {
    // Google answers words: each published number is the translation of one of them.
    let own = [
        check_token("").unwrap_err(),
        built(Notification { body: "x".repeat(4_097), ..hello() }).unwrap_err(),
        built(over(json!({"android": {"ttl": "-1s"}}))).unwrap_err(),
    ];
    let words = [
        error(404, "NOT_FOUND", "x", json!([{"errorCode": "UNREGISTERED"}])),
        error(400, "INVALID_ARGUMENT", "package", json!([{"errorCode": "INVALID_ARGUMENT"}])),
        error(500, "INTERNAL", "x", json!([])),
        error(403, "PERMISSION_DENIED", "x", json!([])),
    ];
    let next = std::cell::Cell::new(0);
    let answer = |_| {
        let at = next.replace(next.get() + 1);
        words[at % words.len()].clone()
    };
    reaches_every_row(Family::Fcm, answer, &own);
}

#[test]
fn an_acceptance_keeps_the_messages_name() {
    let accepted = judge(&reply(200, r#"{"name":"projects/p/messages/7"}"#), NOW).all;
    assert_eq!((accepted.verdict, accepted.said.request.as_str()), (Verdict::Accepted, "projects/p/messages/7"));
    assert_eq!(judge(&reply(200, "{}"), NOW).all.verdict, Verdict::Refused { status: NONE, scope: Scope::Message });
    assert!(matches!(judge(&reply(502, "<html>"), NOW).all.verdict, Verdict::Later { scope: Scope::Node, .. }));
}
