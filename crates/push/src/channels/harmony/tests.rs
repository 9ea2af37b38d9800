//! Golden requests, recorded answers, signed tokens. What needs a wire is in `tests/it`.

use std::collections::BTreeMap;

use contract::codes::{Family, OfflinePush};
use contract::notification::{Badge, Click, Kind, Notification, Style};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::testing::{NOW, hello, outgoing, reaches_every_row, reply};
use super::super::wire::Grant;
use super::request::{self, Prepared, body, check_token, prepare};
use super::token::Signer;
use super::verdict::{self, judge};
use crate::channel::{Scope, Verdict};

const KEY: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/keys/rsa-2048.pem"));

fn prepared(notification: Notification) -> Result<Prepared, Refusal> {
    prepare(&outgoing("t1", notification), &Map::new(), NOW)
}

fn built(notification: Notification) -> Result<Value, Refusal> {
    let message = outgoing("t1", notification);
    let prepared = prepare(&message, &Map::new(), NOW)?;
    Ok(serde_json::from_str(&body(&prepared, &[&message, &outgoing("t2", hello())])).unwrap())
}

/// What every good notification here is about.
fn work() -> Notification {
    Notification { subject: Some("WORK".into()), ..hello() }
}

fn over(over: Value) -> Notification {
    let vendors = BTreeMap::from([("harmony".to_owned(), over.as_object().unwrap().clone())]);
    Notification { vendors, ..work() }
}

#[test]
fn a_full_notification_uses_every_word_of_the_vendor() {
    let notification = Notification {
        badge: Some(Badge::Set(5)),
        sound: Some("ding.mp3".into()),
        image: Some("https://example.com/a.png".into()),
        data: Map::from_iter([("order".to_owned(), json!(7))]),
        ext: Some("raw".into()),
        click: Click::Page("pages/order".into()),
        style: Style::Lines(vec!["one".into(), "two".into()]),
        notify_id: Some(9),
        ..work()
    };
    let mut built = built(notification).unwrap();
    let id = built["payload"]["notification"].as_object_mut().unwrap().shift_remove("appMessageId").unwrap();
    assert_eq!(id.as_str().unwrap().len(), 32);
    let expected = json!({
        "payload": {"notification": {
            "category": "WORK",
            "title": "Title",
            "body": "Body",
            "clickAction": {"actionType": 1, "uri": "pages/order", "data": {"order": 7, "ext": "raw"}},
            "notifyId": 9,
            "image": "https://example.com/a.png",
            "style": 3,
            "inboxContent": ["one", "two"],
            "sound": "ding.mp3",
            "badge": {"setNum": 5},
        }},
        "pushOptions": {"ttl": 86400},
        "target": {"token": ["t1", "t2"]},
    });
    assert_eq!(built, expected);
}

#[test]
fn a_background_push_is_extra_data_of_its_own_type() {
    let notification = Notification { kind: Kind::Background, ext: Some("raw".into()), ..Notification::default() };
    assert_eq!(prepared(notification.clone()).unwrap().push_type, 6);
    let expected = json!({
        "payload": {"extraData": "{\"ext\":\"raw\"}"},
        "pushOptions": {"ttl": 86400},
        "target": {"token": ["t1", "t2"]},
    });
    assert_eq!(built(notification).unwrap(), expected);
}

#[test]
fn tests_and_cards_go_to_few_devices_a_call() {
    let tokens_max = |notification| prepared(notification).unwrap().tokens_max;
    assert_eq!(tokens_max(work()), 1_000);
    assert_eq!(tokens_max(Notification { is_test: true, ..work() }), 10);
    let card = over(json!({"push_type": 1, "payload": {"notification": null, "formData": {"a": 1}}}));
    assert_eq!(tokens_max(card), 1);
    let subscription = over(json!({"payload": {"notification": null, "subscription": {"entityId": "e"}}}));
    assert_eq!(tokens_max(subscription), 1);
}

#[test]
fn what_the_vendor_would_refuse_is_refused_with_its_number() {
    let check = |notification: Notification, status| {
        let answer = prepared(notification).unwrap_err();
        assert_eq!(answer.verdict, Verdict::Refused { status, scope: Scope::Message }, "{answer:?}");
        assert!(answer.said.is_local);
    };
    check(Notification { title: String::new(), ..work() }, verdict::MESSAGE_INVALID);
    check(Notification { subject: Some("GOSSIP".into()), ..work() }, verdict::MESSAGE_INVALID);
    check(Notification { badge: Some(Badge::Add(-1)), ..work() }, verdict::MESSAGE_INVALID);
    check(over(json!({"payload": {"notification": {"badge": {"addNum": 100}}}})), verdict::MESSAGE_INVALID);
    check(over(json!({"payload": {"notification": {"clickAction": null}}})), verdict::MESSAGE_INVALID);
    check(over(json!({"payload": null})), verdict::MESSAGE_INVALID);
    check(over(json!({"push_type": 99})), verdict::PARAMETER_INVALID);
    check(over(json!({"pushOptions": {"biTag": "b".repeat(65)}})), verdict::PARAMETER_INVALID);
    for ttl in [json!(0), json!(-1), json!(1_296_001), json!("86400")] {
        check(over(json!({"pushOptions": {"ttl": ttl}})), verdict::LIFE_TIME_INVALID);
    }
    check(Notification { body: "x".repeat(4_096), ..work() }, verdict::BODY_TOO_LARGE);
    let intent = prepared(Notification { click: Click::Intent(String::new()), ..work() }).unwrap_err();
    assert_eq!(intent.said.class, Some(OfflinePush::IntentMissing));
}

#[test]
fn every_published_number_is_reached() {
    let own = [
        check_token("").unwrap_err(),
        prepared(Notification { body: "x".repeat(4_096), ..work() }).unwrap_err(),
        prepared(over(json!({"pushOptions": {"ttl": 0}}))).unwrap_err(),
    ];
    let answer = |number: i32| {
        let text = json!({"illegalTokens": {"noRight": ["t2"]}, "success": 1, "failure": 1}).to_string();
        judge(&reply(200, &json!({"code": number.to_string(), "msg": text, "requestId": "r"}).to_string()), NOW)
    };
    reaches_every_row(Family::Harmony, answer, &own);
}

#[test]
fn only_tokens_that_are_wrong_themselves_are_dropped() {
    let (one, two, three) = (outgoing("t1", work()), outgoing("t2", work()), outgoing("t3", work()));
    let text = json!({"illegalTokens": {"tokenFormatError": ["t2"], "noPushTypeRight": ["t3"]}, "success": 1});
    let answers = |code: &str| {
        let body = json!({"code": code, "msg": text.to_string(), "requestId": "r"}).to_string();
        judge(&reply(200, &body), NOW).answers(&[&one, &two, &three])
    };
    let partial = answers("80100000");
    assert_eq!((partial[0].verdict, partial[0].said.request.as_str()), (Verdict::Accepted, "r"));
    assert!(matches!(partial[1].verdict, Verdict::Gone { .. }));
    assert!(matches!(partial[2].verdict, Verdict::Refused { scope: Scope::Message, .. }));
    assert_eq!(partial[2].said.text, "noPushTypeRight");
    let all = answers("80300007");
    assert!(matches!(all[0].verdict, Verdict::Refused { scope: Scope::Message, .. }));
    assert!(matches!(all[1].verdict, Verdict::Gone { status, .. } if status.number == 80_300_007));
}

#[test]
fn what_is_no_json_is_judged_by_its_http_status() {
    let verdict = |status, body| judge(&reply(status, body), NOW).all.verdict;
    assert!(judge(&reply(401, ""), NOW).is_session_refused);
    assert!(matches!(verdict(503, ""), Verdict::Later { scope: Scope::App, after_ms: Some(1_000), .. }));
    assert!(matches!(verdict(502, "<html>"), Verdict::Later { scope: Scope::Node, .. }));
    assert!(judge(&reply(200, r#"{"code":"80200005","msg":"m"}"#), NOW).is_session_refused);
}

#[tokio::test]
async fn a_token_says_who_signed_for_whom_and_for_an_hour() {
    let signer = Signer::new(KEY, "key-1", "account-1").unwrap();
    let fresh = signer.fetch(NOW).await.unwrap();
    assert!(fresh.renew_ms < fresh.life_ms && fresh.life_ms <= 3_600_000);
    let header = jsonwebtoken::decode_header(&fresh.token).unwrap();
    assert_eq!((header.alg, header.kid.as_deref()), (jsonwebtoken::Algorithm::PS256, Some("key-1")));
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(&fresh.token).unwrap().claims;
    let expected = json!({
        "iss": "account-1",
        "aud": "https://oauth-login.cloud.huawei.com/oauth2/v3/token",
        "iat": NOW.secs(),
        "exp": NOW.secs() + 3_600,
    });
    assert_eq!(claims, expected);
    assert!(Signer::new("nonsense", "k", "a").is_none());
}

#[test]
fn a_recall_names_the_number_and_the_tokens() {
    assert_eq!(request::recall(9, &["t1"]), r#"{"notifyId":9,"token":["t1"]}"#);
}
