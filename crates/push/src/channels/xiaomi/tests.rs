//! Golden requests and recorded answers. What needs a wire is in `tests/it`.

use std::collections::BTreeMap;

use contract::codes::{Family, OfflinePush};
use contract::notification::{Attention, Click, Kind, Notification, Style};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::super::batching::until_china;
use super::super::testing::{NOW, hello, outgoing, reaches_every_row, reply, with_header};
use super::super::wire::NONE;
use super::Own;
use super::request::{check_token, fields, prepare};
use super::verdict::{self, judge};
use crate::channel::{Scope, Verdict};

fn built(notification: Notification) -> Result<BTreeMap<String, String>, Refusal> {
    let own = Own {
        package_name: "com.example.app".into(),
        callback_url: Some("https://example.com/cb".into()),
        defaults: Map::new(),
    };
    let message = outgoing("t1", notification);
    let prepared = prepare(&message, &own, NOW)?;
    let other = outgoing("t2", hello());
    let messages = [&message, &other];
    let fields = fields(&prepared, &messages);
    Ok(fields.map(|(name, value)| (name.to_owned(), value.into_owned())).collect())
}

fn over(over: Value) -> Notification {
    let vendors = BTreeMap::from([("xiaomi".to_owned(), over.as_object().unwrap().clone())]);
    Notification { vendors, ..hello() }
}

fn check(notification: Notification, expected: &[(&str, &str)]) {
    let mut built = built(notification).unwrap();
    assert_eq!(built.remove("extra.jobkey").map(|key| key.len()), Some(20));
    let always = [
        ("registration_id", "t1,t2"),
        ("restricted_package_name", "com.example.app"),
        ("time_to_live", "86400000"),
        ("extra.callback", "https://example.com/cb"),
        ("extra.callback.type", "243"),
    ];
    let expected: BTreeMap<String, String> =
        always.iter().chain(expected).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(built, expected);
}

#[test]
fn a_full_notification_uses_every_word_of_the_vendor() {
    let notification = Notification {
        sound: Some("android.resource://com.example.app/raw/ding".into()),
        data: Map::from_iter([("order".to_owned(), json!(7))]),
        click: Click::Intent("intent:#Intent;end".into()),
        style: Style::Picture("https://example.com/a.png".into()),
        channel_id: Some("104".into()),
        attention: Some(Attention::Both),
        notify_id: Some(9),
        ..hello()
    };
    let expected = [
        ("pass_through", "0"),
        ("payload", "{\"order\":7}"),
        ("title", "Title"),
        ("description", "Body"),
        ("notify_type", "3"),
        ("notify_id", "9"),
        ("extra.channel_id", "104"),
        ("extra.sound_uri", "android.resource://com.example.app/raw/ding"),
        ("extra.notify_effect", "2"),
        ("extra.intent_uri", "intent:#Intent;end"),
        ("extra.notification_style_type", "2"),
        ("extra.notification_bigPic_uri", "https://example.com/a.png"),
    ];
    check(notification, &expected);
}

#[test]
fn a_background_push_passes_through() {
    let notification = Notification { kind: Kind::Background, ext: Some("raw".into()), ..Notification::default() };
    check(notification, &[("pass_through", "1"), ("payload", "raw")]);
}

#[test]
fn what_the_vendor_would_refuse_is_refused_with_its_number() {
    let check = |notification: Notification, status| {
        let answer = built(notification).unwrap_err();
        assert_eq!(answer.verdict, Verdict::Refused { status, scope: Scope::Message }, "{answer:?}");
        assert!(answer.said.is_local);
    };
    check(Notification { body: String::new(), ..hello() }, verdict::NOTIFICATION_INVALID);
    check(Notification { title: "  ".into(), ..hello() }, verdict::NOTIFICATION_INVALID);
    check(Notification { title: "t".repeat(50), ..hello() }, verdict::VALUE_INVALID);
    check(Notification { body: "狼".repeat(128), ..hello() }, verdict::VALUE_INVALID);
    check(Notification { ext: Some("x".repeat(4_097)), ..hello() }, verdict::REQUEST_TOO_LARGE);
    for id in [-5, 2_147_483_648] {
        check(Notification { notify_id: Some(id), ..hello() }, verdict::NOTIFICATION_ID_INVALID);
    }
    check(over(json!({"time_to_live": -1})), verdict::PARAMETER_ERROR);
    check(over(json!({"notify_type": 99})), verdict::VALUE_INVALID);
    check(over(json!({"extra.jobkey": "what!"})), verdict::VALUE_INVALID);
    let intent = built(Notification { click: Click::Url(String::new()), ..hello() }).unwrap_err();
    assert_eq!(intent.said.class, Some(OfflinePush::IntentMissing));
    for bad in ["", " ", "a,b"] {
        assert!(matches!(check_token(bad).unwrap_err().verdict, Verdict::Gone { .. }), "{bad:?}");
    }
}

#[test]
fn texts_are_cut_only_where_that_is_wanted() {
    let long = Notification { title: "t".repeat(60), body: "b".repeat(200), is_cut: true, ..hello() };
    let built = built(long).unwrap();
    assert_eq!((built["title"].len(), built["description"].len()), (49, 127));
    assert!(built["description"].ends_with("b..."));
}

#[test]
fn every_published_number_is_reached() {
    let answer = |number: i32| {
        judge(&reply(200, &json!({"result": "error", "code": number, "reason": "r", "trace_id": "t"}).to_string()), NOW)
    };
    reaches_every_row(Family::Xiaomi, answer, &[]);
}

#[test]
fn an_acceptance_keeps_the_messages_id_and_names_bad_tokens() {
    for bad in [json!("t2"), json!(["t2"])] {
        let body = json!({"result": "ok", "code": 0, "data": {"id": "slm1", "bad_regids": bad}}).to_string();
        let answers = judge(&reply(200, &body), NOW).answers(&[&outgoing("t1", hello()), &outgoing("t2", hello())]);
        assert_eq!((answers[0].verdict, answers[0].said.request.as_str()), (Verdict::Accepted, "slm1"));
        assert_eq!(answers[1].verdict, Verdict::Gone { status: verdict::TARGET_INVALID, since: None });
    }
}

#[test]
fn what_is_no_json_is_the_vendors_gateway() {
    let verdict = |status, body| judge(&reply(status, body), NOW).all.verdict;
    assert_eq!(verdict(502, "<html>"), Verdict::Later { status: NONE, scope: Scope::Node, after_ms: None });
    assert_eq!(verdict(404, ""), Verdict::Refused { status: NONE, scope: Scope::Message });
    let wished = judge(&with_header(reply(200, r#"{"code":10027}"#), "retry-after", "5"), NOW).all.verdict;
    assert!(matches!(wished, Verdict::Later { scope: Scope::App, after_ms: Some(5_000), .. }));
    let newer = judge(&reply(200, r#"{"code":65009,"reason":"too large"}"#), NOW).all;
    assert_eq!(newer.verdict.status().map(|status| (status.family, status.number)), Some(("xiaomi", 65_009)));
}

#[test]
fn a_day_that_is_used_up_is_waited_out() {
    for number in [22_101, 10_034, 200_001] {
        let verdict = judge(&reply(200, &json!({"result": "error", "code": number}).to_string()), NOW).all.verdict;
        let tomorrow = Some(until_china(0, NOW));
        assert!(
            matches!(verdict, Verdict::Later { scope: Scope::Day, after_ms, .. } if after_ms == tomorrow),
            "{number}: {verdict:?}"
        );
    }
}
