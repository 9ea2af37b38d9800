//! Golden requests and recorded answers. What needs a wire is in `tests/it`.

use std::collections::BTreeMap;

use contract::codes::{Family, OfflinePush};
use contract::notification::{Attention, Click, Kind, Notification, Weight};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::batching::until_china;
use super::super::testing::{NOW, hello, outgoing, reaches_every_row, reply};
use super::super::wire::NONE;
use super::request::{Prepared, check_token, devices, list, one, prepare};
use super::verdict::{self, judge, session, task};
use super::{Own, sign};
use crate::channel::{Scope, Verdict};

fn own() -> Own {
    Own { app_id: 10_004, callback_url: Some("https://example.com/cb".into()), defaults: Map::new() }
}

fn prepared(notification: Notification) -> Result<Prepared, Refusal> {
    prepare(&outgoing("t1", notification), &own(), NOW)
}

fn over(over: Value) -> Notification {
    let vendors = BTreeMap::from([("vivo".to_owned(), over.as_object().unwrap().clone())]);
    Notification { vendors, ..hello() }
}

#[test]
fn a_full_notification_uses_every_word_of_the_vendor() {
    let notification = Notification {
        data: Map::from_iter([("order".to_owned(), json!(7))]),
        ext: Some("raw".into()),
        click: Click::Intent("intent:#Intent;end".into()),
        subject: Some("ORDER".into()),
        weight: Some(Weight::Marketing),
        attention: Some(Attention::Sound),
        notify_id: Some(9),
        is_test: true,
        ..hello()
    };
    let prepared = prepared(notification).unwrap();
    let mut expected = json!({
        "appId": 10_004,
        "notifyType": 2,
        "title": "Title",
        "content": "Body",
        "timeToLive": 86_400,
        "skipType": 3,
        "classification": 0,
        "pushMode": 1,
        "skipContent": "intent:#Intent;end",
        "category": "ORDER",
        "notifyId": 9,
        "clientCustomMap": {"order": "7", "ext": "raw"},
        "extra": {"callback": "https://example.com/cb"},
        "requestId": "r-save",
    });
    assert_eq!(serde_json::from_str::<Value>(&list(&prepared, "r-save")).unwrap(), expected);
    expected["regId"] = json!("t1");
    expected["requestId"] = json!("12121212121212121212121212121212");
    assert_eq!(serde_json::from_str::<Value>(&one(&prepared, &outgoing("t1", hello()))).unwrap(), expected);
    let (first, second) = (outgoing("t1", hello()), outgoing("t2", hello()));
    let listed: Value = serde_json::from_str(&devices(&own(), &[&first, &second], "task-1", "r")).unwrap();
    assert_eq!(listed, json!({"appId": 10_004, "regIds": ["t1", "t2"], "taskId": "task-1", "requestId": "r"}));
}

#[test]
fn what_the_vendor_would_refuse_is_refused_with_its_number() {
    let check = |notification: Notification, status| {
        let answer = prepared(notification).unwrap_err();
        assert_eq!(answer.verdict, Verdict::Refused { status, scope: Scope::Message }, "{answer:?}");
        assert!(answer.said.is_local);
    };
    check(Notification { title: String::new(), ..hello() }, verdict::TITLE_EMPTY);
    check(Notification { title: "狼".repeat(41), ..hello() }, verdict::TITLE_TOO_LONG);
    check(Notification { body: "b".repeat(101), ..hello() }, verdict::CONTENT_TOO_LONG);
    let many = |count: usize| (0..count).map(|number| (format!("k{number}"), json!("v"))).collect::<Map<_, _>>();
    check(Notification { data: many(11), ..hello() }, verdict::PAIRS_TOO_MANY);
    assert!(prepared(Notification { data: many(10), ..hello() }).is_ok());
    check(Notification { ext: Some("x".repeat(1_022)), ..hello() }, verdict::PAIRS_INVALID);
    assert!(prepared(Notification { ext: Some("x".repeat(1_021)), ..hello() }).is_ok());
    check(over(json!({"clientCustomMap": {"a": 1}})), verdict::PAIRS_INVALID);
    check(over(json!({"clientCustomMap": "a"})), verdict::PAIRS_INVALID);
    check(Notification { kind: Kind::Background, ..hello() }, NONE);
    let intent = prepared(Notification { click: Click::Page(String::new()), ..hello() }).unwrap_err();
    assert_eq!(intent.said.class, Some(OfflinePush::IntentMissing));
    assert!(prepared(Notification { title: "狼".repeat(41), is_cut: true, ..hello() }).is_ok());
    assert_eq!(check_token(" ").unwrap_err().verdict.status(), Some(verdict::TARGET_MISSING));
}

#[test]
fn every_published_number_is_reached() {
    let answer = |number: i32| judge(&reply(200, &json!({"result": number, "desc": "d"}).to_string()), NOW);
    reaches_every_row(Family::Vivo, answer, &[]);
    assert!(answer(10_000).is_session_refused);
    assert_eq!(answer(10_303).all.verdict, Verdict::Accepted, "a repetition is on its way already");
}

#[test]
fn users_that_are_named_did_not_get_it() {
    let (one, two, three) = (outgoing("t1", hello()), outgoing("t2", hello()), outgoing("t3", hello()));
    let body = json!({"result": 0, "desc": "ok", "requestId": "r", "invalidUsers": [
        {"status": 2, "userid": "t2"}, {"status": "4", "userid": "t3"},
    ]});
    let answers = judge(&reply(200, &body.to_string()), NOW).answers(&[&one, &two, &three]);
    assert_eq!(answers[0].verdict, Verdict::Accepted);
    assert!(matches!(answers[1].verdict, Verdict::Gone { status, .. } if status.number == 10_302));
    assert_eq!(answers[2].verdict, Verdict::Refused { status: NONE, scope: Scope::Token });
    let single = r#"{"result":10302,"desc":"bad","invalidUser":{"userid":"t1","status":1}}"#;
    let answers = judge(&reply(200, single), NOW).answers(&[&one]);
    assert!(matches!(answers[0].verdict, Verdict::Gone { .. }));
}

#[test]
fn a_list_goes_by_the_task_of_its_words() {
    let saved = judge(&reply(200, r#"{"result":0,"desc":"ok","taskId":"task-1"}"#), NOW);
    assert_eq!(task(&saved), Some("task-1"));
    assert_eq!(task(&judge(&reply(200, r#"{"result":10056,"desc":"d","taskId":"x"}"#), NOW)), None);
    assert_eq!(task(&judge(&reply(200, r#"{"result":0,"desc":"ok"}"#), NOW)), None);
}

#[test]
fn a_session_is_signed_for_and_a_refusal_concerns_the_app() {
    assert_eq!(sign(10_004, " key ", "secret\n", NOW), "9d79fa5ff908a4750436d29f647447fa");
    let good = r#"{"result":0,"desc":"ok","authToken":"session-1"}"#;
    assert_eq!(session(&reply(200, good), NOW).unwrap(), "session-1");
    let wrong = session(&reply(200, r#"{"result":10206,"desc":"sign"}"#), NOW).unwrap_err();
    assert!(matches!(wrong.verdict, Verdict::Refused { status, scope: Scope::App } if status.number == 10_000));
    assert_eq!(wrong.said.code, "10206", "the vendor's own number is kept");
    assert!(matches!(session(&reply(500, "oops"), NOW).unwrap_err().verdict, Verdict::Later { .. }));
    let often = session(&reply(200, r#"{"result":10250,"desc":"d"}"#), NOW).unwrap_err();
    assert!(matches!(often.verdict, Verdict::Later { scope: Scope::App, .. }));
}

#[test]
fn a_day_that_is_used_up_is_waited_out() {
    for number in [10_070, 10_073, 10_252, 10_254] {
        let verdict = judge(&reply(200, &json!({"result": number, "desc": "d"}).to_string()), NOW).all.verdict;
        let tomorrow = Some(until_china(0, NOW));
        assert!(
            matches!(verdict, Verdict::Later { scope: Scope::Day, after_ms, .. } if after_ms == tomorrow),
            "{number}: {verdict:?}"
        );
    }
}
