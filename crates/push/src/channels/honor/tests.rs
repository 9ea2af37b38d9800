//! Golden requests and recorded answers. What needs a wire is in `tests/it`.

use std::collections::BTreeMap;

use contract::codes::{Family, OfflinePush};
use contract::notification::{Badge, Click, Kind, Notification, Style, Weight};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::testing::{NOW, hello, outgoing, reaches_every_row, reply, with_header};
use super::super::wire::NONE;
use super::request::{body, check_token, prepare};
use super::verdict::{self, judge};
use crate::channel::{Scope, Verdict};

fn built(notification: Notification) -> Result<Value, Refusal> {
    let message = outgoing("t1", notification);
    let prepared = prepare(&message, &Map::new(), Some("com.example.Main"), NOW)?;
    Ok(serde_json::from_str(&body(&prepared, &[&message])).unwrap())
}

fn over(over: Value) -> Notification {
    let vendors = BTreeMap::from([("honor".to_owned(), over.as_object().unwrap().clone())]);
    Notification { vendors, ..hello() }
}

#[test]
fn a_full_notification_uses_every_word_of_the_vendor() {
    let notification = Notification {
        badge: Some(Badge::Add(3)),
        thread: Some("room".into()),
        image: Some("https://example.com/a.png".into()),
        ext: Some("raw".into()),
        click: Click::Url("https://example.com".into()),
        style: Style::Long { title: "Big".into(), body: "All of it".into() },
        weight: Some(Weight::Marketing),
        notify_id: Some(9),
        is_test: true,
        ..hello()
    };
    let expected = json!({
        "data": "raw",
        "android": {
            "ttl": "86400s",
            "targetUserType": 1,
            "notification": {
                "title": "Title",
                "body": "Body",
                "clickAction": {"type": 2, "url": "https://example.com"},
                "importance": "LOW",
                "notifyId": 9,
                "group": "room",
                "image": "https://example.com/a.png",
                "style": 1,
                "bigTitle": "Big",
                "bigBody": "All of it",
                "badge": {"addNum": 3, "badgeClass": "com.example.Main"},
            },
        },
        "token": ["t1"],
    });
    assert_eq!(built(notification).unwrap(), expected);
}

#[test]
fn a_background_push_is_data_alone() {
    let notification = Notification { kind: Kind::Background, ext: Some("raw".into()), ..Notification::default() };
    assert_eq!(built(notification).unwrap(), json!({"data": "raw", "android": {"ttl": "86400s"}, "token": ["t1"]}));
}

#[test]
fn what_the_vendor_would_refuse_is_refused_with_its_number() {
    let check = |notification: Notification, status| {
        let answer = built(notification).unwrap_err();
        assert_eq!(answer.verdict, Verdict::Refused { status, scope: Scope::Message }, "{answer:?}");
        assert!(answer.said.is_local);
    };
    check(Notification { title: String::new(), ..hello() }, verdict::MESSAGE_INVALID);
    check(Notification { kind: Kind::Background, ..hello() }, verdict::MESSAGE_INVALID);
    check(Notification { click: Click::Url("http://example.com".into()), ..hello() }, verdict::MESSAGE_INVALID);
    check(over(json!({"android": {"notification": {"clickAction": null}}})), verdict::MESSAGE_INVALID);
    check(over(json!({"android": {"ttl": "1296001s"}})), verdict::MESSAGE_INVALID);
    check(Notification { body: "x".repeat(4_096), ..hello() }, verdict::BODY_TOO_LARGE);
    let intent = built(Notification { click: Click::Action(String::new()), ..hello() }).unwrap_err();
    assert_eq!(intent.said.class, Some(OfflinePush::IntentMissing));
}

#[test]
fn every_published_number_is_reached() {
    let own = [check_token("").unwrap_err(), built(Notification { body: "x".repeat(4_096), ..hello() }).unwrap_err()];
    let answer = |number: i32| {
        let data = json!({"sendResult": false, "requestId": "r", "failTokens": ["t2"], "expireTokens": []});
        judge(&reply(200, &json!({"code": number, "message": "m", "data": data}).to_string()), NOW)
    };
    reaches_every_row(Family::Honor, answer, &own);
}

#[test]
fn tokens_that_are_named_are_dropped_and_the_others_arrive() {
    let (one, two, three) = (outgoing("t1", hello()), outgoing("t2", hello()), outgoing("t3", hello()));
    let data = json!({"sendResult": true, "requestId": "r", "failTokens": ["t2"], "expireTokens": ["t3"]});
    for code in [json!(200), json!("80100000")] {
        let body = json!({"code": code, "message": "m", "data": data}).to_string();
        let answers = judge(&reply(200, &body), NOW).answers(&[&one, &two, &three]);
        assert_eq!((answers[0].verdict, answers[0].said.request.as_str()), (Verdict::Accepted, "r"));
        for answer in &answers[1..] {
            assert!(matches!(answer.verdict, Verdict::Gone { status, .. } if status.number == 80_100_000));
        }
    }
    let null = r#"{"code":200,"message":"success","data":{"sendResult":true,"requestId":"r","failTokens":null}}"#;
    assert_eq!(judge(&reply(200, null), NOW).all.verdict, Verdict::Accepted);
}

#[test]
fn what_is_no_json_is_judged_by_its_http_status() {
    assert!(judge(&reply(401, ""), NOW).is_session_refused);
    let verdict = |status, body| judge(&reply(status, body), NOW).all.verdict;
    assert!(matches!(verdict(502, "<html>"), Verdict::Later { scope: Scope::Node, .. }));
    assert_eq!(verdict(200, "<html>"), Verdict::Refused { status: NONE, scope: Scope::Message });
    let busy = judge(&with_header(reply(503, ""), "retry-after", "3"), NOW).all.verdict;
    assert!(matches!(busy, Verdict::Later { scope: Scope::App, after_ms: Some(3_000), .. }));
}
