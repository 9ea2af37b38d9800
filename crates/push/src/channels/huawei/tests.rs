//! Golden requests and recorded answers. What needs a wire is in `tests/it`.

use std::collections::BTreeMap;

use contract::codes::{Family, OfflinePush};
use contract::notification::{Attention, Badge, Click, Kind, Notification, Priority, Style, Weight};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::testing::{NOW, hello, outgoing, reaches_every_row, reply, with_header};
use super::super::wire::NONE;
use super::request::{self, body, check_token, prepare};
use super::verdict::{self, judge};
use crate::channel::{Scope, Verdict};

fn built(notification: Notification) -> Result<Value, Refusal> {
    let message = outgoing("t1", notification);
    let prepared = prepare(&message, &Map::new(), Some("com.example.Main"), NOW)?;
    Ok(serde_json::from_str(&body(&prepared, &[&message, &outgoing("t2", hello())])).unwrap())
}

fn over(notification: Notification, over: Value) -> Notification {
    let vendors = BTreeMap::from([("huawei".to_owned(), over.as_object().unwrap().clone())]);
    Notification { vendors, ..notification }
}

#[test]
fn a_full_notification_uses_every_word_of_the_vendor() {
    let notification = Notification {
        title: "Title".into(),
        body: "Body".into(),
        badge: Some(Badge::Set(120)),
        sound: Some("/raw/ding".into()),
        thread: Some("room".into()),
        image: Some("https://example.com/a.png".into()),
        data: Map::from_iter([("order".to_owned(), json!(7))]),
        click: Click::Intent("intent://x".into()),
        style: Style::Long { title: String::new(), body: "All of it".into() },
        channel_id: Some("chat".into()),
        subject: Some("IM".into()),
        weight: Some(Weight::Service),
        attention: Some(Attention::Both),
        notify_id: Some(9),
        is_test: true,
        ..Notification::default()
    };
    let expected = json!({
        "validate_only": false,
        "message": {
            "data": "{\"order\":7}",
            "android": {
                "ttl": "86400s",
                "category": "IM",
                "target_user_type": 1,
                "notification": {
                    "title": "Title",
                    "body": "Body",
                    "click_action": {"type": 1, "intent": "intent://x"},
                    "channel_id": "chat",
                    "importance": "NORMAL",
                    "notify_id": 9,
                    "group": "room",
                    "image": "https://example.com/a.png",
                    "style": 1,
                    "big_title": "Title",
                    "big_body": "All of it",
                    "sound": "/raw/ding",
                    "use_default_vibrate": true,
                    "badge": {"set_num": 99, "class": "com.example.Main"},
                },
            },
            "token": ["t1", "t2"],
        },
    });
    assert_eq!(built(notification).unwrap(), expected);
}

#[test]
fn a_background_push_is_data_alone() {
    let notification = Notification {
        kind: Kind::Background,
        priority: Some(Priority::High),
        ext: Some("raw".into()),
        ..Notification::default()
    };
    let expected = json!({"data": "raw", "android": {"ttl": "86400s", "urgency": "HIGH"}, "token": ["t1", "t2"]});
    assert_eq!(built(notification).unwrap()["message"], expected);
}

#[test]
fn defaults_lie_under_a_notification_and_overrides_over_it() {
    let defaults = json!({"android": {"category": "WORK", "notification": {"channel_id": "d", "importance": "LOW"}}});
    let notification = Notification { channel_id: Some("own".into()), ..hello() };
    let notification = over(notification, json!({"android": {"bi_tag": "b", "ttl": null}}));
    let prepared = prepare(&outgoing("t", notification), defaults.as_object().unwrap(), None, NOW).unwrap();
    let built: Value = serde_json::from_str(&body(&prepared, &[])).unwrap();
    let android = &built["message"]["android"];
    assert_eq!((&android["category"], &android["bi_tag"], android.get("ttl")), (&json!("WORK"), &json!("b"), None));
    let shown = &android["notification"];
    assert_eq!((&shown["channel_id"], &shown["importance"]), (&json!("own"), &json!("LOW")));
}

#[test]
fn what_the_vendor_would_refuse_is_refused_with_its_number() {
    let check = |notification: Notification, status| {
        let answer = built(notification).unwrap_err();
        assert_eq!(answer.verdict, Verdict::Refused { status, scope: Scope::Message }, "{answer:?}");
        assert!(answer.said.is_local);
    };
    check(Notification { title: String::new(), ..hello() }, verdict::PAYLOAD_INVALID);
    check(Notification { body: String::new(), ..hello() }, verdict::PAYLOAD_INVALID);
    check(Notification { kind: Kind::Background, ..hello() }, verdict::PAYLOAD_INVALID);
    check(Notification { badge: Some(Badge::Add(0)), ..hello() }, verdict::PAYLOAD_INVALID);
    check(over(hello(), json!({"android": {"notification": {"click_action": null}}})), verdict::PAYLOAD_INVALID);
    for ttl in ["0s", "-1s", "1296001s", "1e3s", "NaNs", "60"] {
        check(over(hello(), json!({"android": {"ttl": ttl}})), verdict::LIFE_TIME_INVALID);
    }
    check(Notification { body: "x".repeat(4_096), ..hello() }, verdict::BODY_TOO_LARGE);
    let intent = built(Notification { click: Click::Intent(String::new()), ..hello() }).unwrap_err();
    assert_eq!(intent.said.class, Some(OfflinePush::IntentMissing));
}

#[test]
fn a_message_that_is_over_is_not_sent_and_a_long_one_is_kept_as_long_as_can_be() {
    let mut message = outgoing("t", hello());
    message.expires_at = NOW;
    let answer = prepare(&message, &Map::new(), None, NOW).unwrap_err();
    assert_eq!(answer.verdict.status(), Some(verdict::LIFE_TIME_INVALID));
    message.expires_at = NOW.plus(40 * 86_400_000);
    let prepared = prepare(&message, &Map::new(), None, NOW).unwrap();
    assert!(body(&prepared, &[&message]).contains("\"1296000s\""));
}

#[test]
fn long_texts_are_cut_only_where_that_is_wanted() {
    let long = Notification { title: "t".repeat(80), ..hello() };
    let title = |notification: Notification| {
        built(notification).unwrap()["message"]["android"]["notification"]["title"].as_str().unwrap().len()
    };
    assert_eq!(title(Notification { is_cut: true, ..long.clone() }), 60);
    assert_eq!(title(long), 80);
}

#[test]
fn every_published_number_is_reached() {
    let own = [
        check_token(" ").unwrap_err(),
        built(Notification { title: String::new(), ..hello() }).unwrap_err(),
        built(Notification { body: "x".repeat(4_096), ..hello() }).unwrap_err(),
        built(over(hello(), json!({"android": {"ttl": "0s"}}))).unwrap_err(),
    ];
    let answer = |number: i32| {
        let text = json!({"success": 1, "failure": 1, "illegal_tokens": ["t2"]}).to_string();
        judge(&reply(200, &json!({"code": number.to_string(), "msg": text, "requestId": "r"}).to_string()), NOW)
    };
    reaches_every_row(Family::Huawei, answer, &own);
    let status = |number: i32| Verdict::status(&answer(number).all.verdict).map(|status| status.number);
    assert_eq!(status(80_300_008), Some(80_300_008), "the vendor's own word is read, too");
}

#[test]
fn some_wrong_tokens_do_not_spoil_the_others() {
    let text = r#"{"success":1,"failure":1,"illegal_tokens":["t2"]}"#;
    let body = json!({"code": "80100000", "msg": text, "requestId": "r7"}).to_string();
    let (one, two) = (outgoing("t1", hello()), outgoing("t2", hello()));
    let answers = judge(&reply(200, &body), NOW).answers(&[&one, &two]);
    assert_eq!(answers[0].verdict, Verdict::Accepted);
    assert!(matches!(answers[1].verdict, Verdict::Gone { status, since: None } if status.number == 80_100_000));
    assert!(answers.iter().all(|answer| answer.said.request == "r7" && answer.said.text.is_empty()));
}

#[test]
fn the_retired_gateway_answers_in_a_header() {
    let answer = judge(&with_header(reply(200, r#"{"error":"drift"}"#), "nsp_status", "109"), NOW);
    assert!(matches!(answer.all.verdict, Verdict::Later { status, scope: Scope::App, .. } if status.number == 109));
    assert!(judge(&with_header(reply(200, ""), "nsp_status", "102"), NOW).is_session_refused);
}

#[test]
fn what_is_no_json_is_judged_by_its_http_status() {
    let later = |scope, after_ms| Verdict::Later { status: NONE, scope, after_ms };
    assert_eq!(judge(&reply(502, "<html>"), NOW).all.verdict, later(Scope::Node, None));
    assert_eq!(judge(&reply(503, ""), NOW).all.verdict, later(Scope::App, Some(1_000)));
    assert!(judge(&reply(401, "<html>"), NOW).is_session_refused);
    assert_eq!(judge(&reply(404, ""), NOW).all.verdict, Verdict::Refused { status: NONE, scope: Scope::App });
    let quota = judge(&with_header(reply(503, ""), "retry-after", "36000"), NOW);
    assert_eq!(quota.all.said.class, Some(OfflinePush::HuaweiDailyQuota));
    assert_eq!(quota.all.verdict, later(Scope::Day, Some(36_000_000)));
    assert!(judge(&reply(200, r#"{"code":"80200003"}"#), NOW).is_session_refused);
    let unlisted = judge(&reply(200, r#"{"code":80300010,"msg":"m"}"#), NOW).all.verdict.status().unwrap();
    assert_eq!((unlisted.family, unlisted.number), ("huawei", 80_300_010));
}

#[test]
fn a_recall_names_the_number_and_the_tokens() {
    assert_eq!(request::recall(9, &["t1", "t2"]), r#"{"notifyId":9,"token":["t1","t2"]}"#);
}
