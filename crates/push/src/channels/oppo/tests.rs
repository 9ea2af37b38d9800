//! Golden requests and recorded answers. What needs a wire is in `tests/it`.

use std::collections::BTreeMap;

use contract::codes::{Family, OfflinePush};
use contract::notification::{Click, Kind, Notification, Style, Weight};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::batching::until_china;
use super::super::testing::{NOW, hello, outgoing, reaches_every_row, reply};
use super::super::wire::NONE;
use super::request::{check_token, many, notification, one};
use super::verdict::{INVALID_REGISTRATION_ID, judge, session};
use super::{Own, sign};
use crate::channel::{Outgoing, Scope, Verdict};

fn made(own: Notification) -> Result<String, Refusal> {
    let settings = Own { callback_url: Some("https://example.com/cb".into()), defaults: Map::new() };
    notification(&outgoing("t1", own), &settings, NOW)
}

fn built(own: Notification) -> Value {
    serde_json::from_str(&one(&outgoing("t1", hello()), &made(own).unwrap())).unwrap()
}

#[test]
fn a_full_notification_uses_every_word_of_the_vendor() {
    let notification = Notification {
        subtitle: "Sub".into(),
        data: Map::from_iter([("order".to_owned(), json!(7))]),
        click: Click::Page("com.example.Order".into()),
        style: Style::Long { title: String::new(), body: "All of it".into() },
        channel_id: Some("chat".into()),
        subject: Some("IM".into()),
        weight: Some(Weight::Service),
        notify_id: Some(9),
        ..hello()
    };
    let expected = json!({
        "target_type": 2,
        "target_value": "t1",
        "verify_registration_id": false,
        "notification": {
            "style": 2,
            "title": "Title",
            "sub_title": "Sub",
            "content": "All of it",
            "click_action_type": 4,
            "click_action_activity": "com.example.Order",
            "action_parameters": "{\"order\":7}",
            "off_line": true,
            "off_line_ttl": 86_400,
            "channel_id": "chat",
            "category": "IM",
            "notify_level": 2,
            "notify_id": 9,
            "call_back_url": "https://example.com/cb",
            "app_message_id": "12121212-1212-1212-1212-121212121212",
        },
    });
    assert_eq!(built(notification), expected);
}

#[test]
fn a_tap_opens_what_it_should() {
    let check = |click: Click, expected: Value| {
        let built = built(Notification { click, ..hello() });
        let own = |name: &str| built["notification"].get(name).cloned().unwrap_or_default();
        assert_eq!(json!([own("click_action_type"), own("click_action_activity"), own("click_action_url")]), expected);
    };
    check(Click::App, json!([0, null, null]));
    check(Click::Action("a".into()), json!([1, "a", null]));
    check(Click::Url("u".into()), json!([2, null, "u"]));
    check(Click::Page("p".into()), json!([4, "p", null]));
    check(Click::Intent("i".into()), json!([5, null, "i"]));
}

#[test]
fn different_words_go_to_different_devices_in_one_call() {
    let (one, two) = (outgoing("t1", hello()), Outgoing { id: [0x34; 16], ..outgoing("t2", hello()) });
    let texts = [made(hello()).unwrap(), made(Notification { title: "Other".into(), ..hello() }).unwrap()];
    let built: Value = serde_json::from_str(&many(&[&one, &two], &texts)).unwrap();
    assert_eq!((&built[0]["target_value"], &built[1]["target_value"]), (&json!("t1"), &json!("t2")));
    assert_eq!(built[1]["notification"]["title"], "Other");
    assert_eq!(built[1]["notification"]["app_message_id"], "34343434-3434-3434-3434-343434343434");
}

#[test]
fn what_would_spoil_the_call_for_others_is_refused_before() {
    let refused = |notification: Notification| {
        let answer = made(notification).unwrap_err();
        assert_eq!(answer.verdict, Verdict::Refused { status: NONE, scope: Scope::Message });
        answer.said.class
    };
    refused(Notification { kind: Kind::Background, ..hello() });
    refused(Notification { body: String::new(), ..hello() });
    refused(Notification { title: "t".repeat(51), ..hello() });
    refused(Notification { body: "狼".repeat(51), ..hello() });
    refused(Notification { subtitle: "s".repeat(11), ..hello() });
    refused(Notification { ext: Some("x".repeat(4_000)), ..hello() });
    assert_eq!(
        refused(Notification { click: Click::Intent(String::new()), ..hello() }),
        Some(OfflinePush::IntentMissing)
    );
    assert!(made(Notification { title: "t".repeat(51), body: "b".repeat(51), is_cut: true, ..hello() }).is_ok());
    for bad in ["", " ", "a;b"] {
        let answer = check_token(bad).unwrap_err();
        assert_eq!(answer.verdict, Verdict::Gone { status: INVALID_REGISTRATION_ID, since: None });
    }
}

#[test]
fn overrides_reach_every_field() {
    let over = json!({"style": 3, "big_picture_id": "p1", "content": null, "content_": 1});
    let vendors = BTreeMap::from([("oppo".to_owned(), over.as_object().unwrap().clone())]);
    assert!(made(Notification { vendors, ..hello() }).is_err(), "the content was taken away");
}

#[test]
fn every_published_number_is_reached() {
    let answer = |number: i32| judge(&reply(200, &json!({"code": number, "message": "m"}).to_string()), NOW);
    reaches_every_row(Family::Oppo, answer, &[]);
    assert!(answer(11).is_session_refused && answer(29).is_session_refused);
}

#[test]
fn each_message_of_many_has_its_own_answer() {
    let body = json!({"code": 0, "message": "success", "data": [
        {"messageId": "m1", "registrationId": "t1"},
        {"messageId": "", "registrationId": "t2", "errorCode": 10_000, "errorMessage": "Invalid RegistrationId"},
    ]});
    let (one, two) = (outgoing("t1", hello()), outgoing("t2", hello()));
    let answers = judge(&reply(200, &body.to_string()), NOW).answers(&[&one, &two]);
    assert_eq!((answers[0].verdict, answers[0].said.request.as_str()), (Verdict::Accepted, "m1"));
    assert_eq!(answers[1].verdict, Verdict::Gone { status: INVALID_REGISTRATION_ID, since: None });
    let listed = json!({"code": 0, "data": {"task_id": "k", "10000": ["t2"]}});
    let answers = judge(&reply(200, &listed.to_string()), NOW).answers(&[&one, &two]);
    assert_eq!((answers[0].verdict, answers[1].verdict.status()), (Verdict::Accepted, Some(INVALID_REGISTRATION_ID)));
}

#[test]
fn a_session_is_signed_for_and_a_refusal_concerns_the_app() {
    let expected = "c7a197ee83a7089c733224668dc14d0846931e104ee347ee114de4f609c6a858";
    assert_eq!(sign("key", "secret", NOW), expected);
    let good = json!({"code": 0, "data": {"auth_token": "session-1", "create_time": 1}}).to_string();
    assert_eq!(session(&reply(200, &good), NOW).unwrap(), "session-1");
    for code in [14, 15, 16, 17, 28] {
        let body = json!({"code": code, "message": "m"}).to_string();
        let answer = session(&reply(200, &body), NOW).unwrap_err();
        assert!(
            matches!(answer.verdict, Verdict::Refused { status, scope: Scope::App } if status.number == code),
            "{answer:?}"
        );
    }
    let empty = session(&reply(200, r#"{"code":0,"data":{}}"#), NOW).unwrap_err();
    assert_eq!(empty.verdict, Verdict::Refused { status: NONE, scope: Scope::App });
    assert!(matches!(session(&reply(502, ""), NOW).unwrap_err().verdict, Verdict::Later { .. }));
}

#[test]
fn a_day_that_is_used_up_is_waited_out() {
    let verdict = judge(&reply(200, &json!({"code": 33, "message": "m"}).to_string()), NOW).all.verdict;
    let tomorrow = Some(until_china(0, NOW));
    assert!(
        matches!(verdict, Verdict::Later { scope: Scope::Day, after_ms, .. } if after_ms == tomorrow),
        "{verdict:?}"
    );
}
