//! Each published status of the vendors' tables as the status of a delivery, and each class of trouble.
//!
//! What a channel sees by itself comes about by a notification or a token; the rest is what the vendor answers, played by
//! a scripted door.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::codes::{Family, Fcm, Harmony, Honor, Huawei, OfflinePush, Oppo, PushCommon, Row, Vivo, Xiaomi};
use contract::ledger::{How, note};
use contract::notification::{Click, Notification};
use push::channel::Channel;
use push::credential::Trouble;
use push::engine::Request;
use serde_json::{Map, Value, json};
use store::deliveries::Delivery;

use crate::bench::{APP, Bench, CREDENTIAL, is};
use crate::endpoint::{Endpoint, Say, Seen};
use crate::vendors::{VENDORS, channel, hello, is_auth, open, session, success};

fn family(vendor: &str) -> Family {
    *Family::ALL
        .iter()
        .find(|family| family.as_str() == vendor && family.surface() == contract::codes::Surface::Push)
        .unwrap()
}

/// The answer in which a vendor says a number.
fn says(vendor: &str, row: &Row, token: &str) -> Say {
    let number = row.number().unwrap();
    match vendor {
        "fcm" => google(number),
        "honor" => {
            let data = json!({"sendResult": false, "requestId": "r1", "failTokens": [token]});
            let data = if number == Honor::Success.row().number().unwrap() { json!({"requestId": "r1"}) } else { data };
            Say::json(json!({"code": number, "message": "m", "data": data}))
        }
        "oppo" => Say::json(json!({"code": number, "message": "m"})),
        "vivo" => Say::json(json!({"result": number, "desc": "m"})),
        "xiaomi" => Say::json(json!({"result": "error", "code": number, "reason": "m", "trace_id": "t"})),
        "harmony" => {
            let text = json!({"success": 0, "failure": 1, "illegalTokens": {"tokenFormatError": [token]}});
            Say::json(json!({"code": number.to_string(), "msg": text.to_string(), "requestId": "r1"}))
        }
        _ => {
            let text = json!({"success": 0, "failure": 1, "illegal_tokens": [token]});
            Say::json(json!({"code": number.to_string(), "msg": text.to_string(), "requestId": "r1"}))
        }
    }
}

/// Google answers words, which are translated to the published numbers.
fn google(number: i32) -> Say {
    let is = |code: Fcm| code.row().number() == Some(number);
    let error = |http: u16, word: &str, fields: Value| {
        let details = json!([{"errorCode": word}, {"fieldViolations": fields}]);
        Say::status(http, json!({"error": {"code": http, "message": "m", "status": word, "details": details}}))
    };
    let field = |name: &str| error(400, "INVALID_ARGUMENT", json!([{"field": name, "description": "too big"}]));
    if is(Fcm::NotRegistered) {
        error(404, "UNREGISTERED", json!([]))
    } else if is(Fcm::InvalidRegistration) {
        error(403, "SENDER_ID_MISMATCH", json!([]))
    } else if is(Fcm::InvalidPackageName) {
        field("message.android.restricted_package_name")
    } else if is(Fcm::MessageTooBig) {
        field("message.data")
    } else if is(Fcm::InvalidTtl) {
        field("message.android.ttl")
    } else if is(Fcm::InternalServerError) {
        error(500, "INTERNAL", json!([]))
    } else {
        Say::status(403, json!({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "m"}}))
    }
}

/// A delivery of one notification to one token by a channel.
async fn deliver(
    bench: &Bench,
    name: &str,
    made: Result<Arc<dyn Channel>, Trouble>,
    token: &str,
    notification: Notification,
) -> Delivery {
    bench.vendors.set(APP, CREDENTIAL, made);
    bench.bind(APP, name, name, Some(token)).await;
    let request = Request { notification, ..bench.request(&[name]) };
    let task = bench.engine.push(APP, request).await.unwrap();
    bench.sees(APP, task, |delivery| delivery.attempts > 0 || delivery.ended_at.0 != 0).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_number_that_a_vendor_answers_is_the_status_of_a_delivery() {
    let (bench, _) = Bench::new().await;
    for vendor in VENDORS {
        let endpoint = Endpoint::start(&["h2"], |_| Say::Break).await;
        for row in family(vendor).rows() {
            // A token of its own for each: a dead one is dropped wherever it is bound.
            let name = format!("{vendor}-{}", row.name);
            let answer = says(vendor, row, &name);
            endpoint.play(move |seen: &Seen| if is_auth(seen) { session(vendor, 1) } else { answer.clone() });
            let delivery = deliver(&bench, &name, Ok(channel(vendor, &endpoint)), &name, hello()).await;
            let is_said = delivery.said.code == row.code.to_string();
            let is_taken = delivery.status == Some(push::delivery::status(PushCommon::Acked)) && is_said;
            assert!(is_taken || delivery.status == Some(push::delivery::status(row)), "{name}: {delivery:?}");
            note(row, How::FaultRule);
        }
    }
}

/// A situation that a channel sees by itself.
struct Case {
    vendor: &'static str,
    row: &'static Row,
    /// None for one that is well.
    token: Option<&'static str>,
    notification: Notification,
}

fn case(vendor: &'static str, row: impl Into<&'static Row>, notification: Notification) -> Case {
    Case { vendor, row: row.into(), token: None, notification }
}

fn without(vendor: &'static str, row: impl Into<&'static Row>, token: &'static str) -> Case {
    Case { vendor, row: row.into(), token: Some(token), notification: hello() }
}

fn over(vendor: &str, over: Value) -> Notification {
    let vendors = BTreeMap::from([(vendor.to_owned(), over.as_object().unwrap().clone())]);
    Notification { vendors, ..hello() }
}

fn cases() -> Vec<Case> {
    let untitled = || Notification { title: String::new(), ..hello() };
    let huge = || Notification { body: "x".repeat(4_200), ..hello() };
    let titled = |length: usize| Notification { title: "t".repeat(length), ..hello() };
    let pairs = |count: usize| {
        let data: Map<String, Value> = (0..count).map(|number| (format!("k{number}"), json!("v"))).collect();
        Notification { data, ..hello() }
    };
    vec![
        without("fcm", Fcm::InvalidRegistration, " "),
        case("fcm", Fcm::InvalidTtl, over("fcm", json!({"android": {"ttl": "-1s"}}))),
        case("fcm", Fcm::MessageTooBig, huge()),
        case("harmony", Harmony::ParameterInvalid, over("harmony", json!({"push_type": 99}))),
        case("harmony", Harmony::MessageInvalid, untitled()),
        case("harmony", Harmony::LifeTimeInvalid, over("harmony", json!({"pushOptions": {"ttl": 0}}))),
        case("harmony", Harmony::BodyTooLarge, huge()),
        without("honor", Honor::TokenMissing, " "),
        case("honor", Honor::MessageInvalid, untitled()),
        case("honor", Honor::BodyTooLarge, huge()),
        without("huawei", Huawei::TokenListInvalid, " "),
        case("huawei", Huawei::PayloadInvalid, untitled()),
        case("huawei", Huawei::LifeTimeInvalid, over("huawei", json!({"android": {"ttl": "0s"}}))),
        case("huawei", Huawei::BodyTooLarge, huge()),
        without("oppo", Oppo::InvalidRegistrationId, " "),
        without("vivo", Vivo::TargetMissing, " "),
        case("vivo", Vivo::TitleEmpty, untitled()),
        case("vivo", Vivo::TitleTooLong, titled(41)),
        case("vivo", Vivo::ContentTooLong, Notification { body: "b".repeat(101), ..hello() }),
        case("vivo", Vivo::CustomPairsTooMany, pairs(11)),
        case("vivo", Vivo::CustomPairsInvalid, over("vivo", json!({"clientCustomMap": {"a": 1}}))),
        without("xiaomi", Xiaomi::TargetInvalid, "a,b"),
        case("xiaomi", Xiaomi::NotificationInvalid, untitled()),
        case("xiaomi", Xiaomi::ValueInvalid, titled(50)),
        case("xiaomi", Xiaomi::ParameterError, over("xiaomi", json!({"time_to_live": -1}))),
        case("xiaomi", Xiaomi::RequestTooLarge, Notification { ext: Some("x".repeat(5_000)), ..hello() }),
        case("xiaomi", Xiaomi::NotificationIdInvalid, Notification { notify_id: Some(-5), ..hello() }),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_channel_sees_by_itself_is_told_with_the_vendors_number_and_sends_nothing() {
    let (bench, _) = Bench::new().await;
    let endpoint = Endpoint::start(&["h2"], |_| Say::Break).await;
    for (number, Case { vendor, row, token, notification }) in cases().into_iter().enumerate() {
        let name = format!("{vendor}-{number}");
        let delivery =
            deliver(&bench, &name, Ok(channel(vendor, &endpoint)), token.unwrap_or(&name), notification).await;
        assert!(is(&delivery, row), "{} {}: {delivery:?}", vendor, row.name);
        assert!(delivery.said.is_local && delivery.ended_at.0 != 0, "{delivery:?}");
    }
    assert!(endpoint.seen("").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_trouble_has_its_class() {
    let (bench, _) = Bench::new().await;
    let endpoint = Endpoint::start(&["h2"], |_| Say::Break).await;
    let check = async |class: OfflinePush, delivery: Delivery| {
        assert_eq!(Some(delivery.class), class.row().number(), "{delivery:?}");
        note(class.row(), How::Delivery);
    };
    let huawei = |script: Box<dyn Fn(&Seen) -> Say + Send + Sync>| {
        endpoint.play(script);
        Ok(channel("huawei", &endpoint))
    };
    let well = |seen: &Seen| if is_auth(seen) { session("huawei", 1) } else { success("huawei", seen) };

    let file = [("key_file", r#"{"type":"service_account"}"#)];
    let delivery = deliver(&bench, "a", open("fcm", &endpoint, &[], &file), "a", hello()).await;
    check(OfflinePush::FcmRequestFailed, delivery).await;

    let nowhere = Notification { click: Click::Intent(String::new()), ..hello() };
    check(OfflinePush::IntentMissing, deliver(&bench, "b", huawei(Box::new(well)), "b", nowhere).await).await;

    let refused = |_: &Seen| Say::status(400, json!({"error": 1_101, "error_description": "invalid client"}));
    check(OfflinePush::CredentialInvalid, deliver(&bench, "c", huawei(Box::new(refused)), "c", hello()).await).await;

    let failed = says("huawei", Huawei::InternalError.row(), "d");
    let fails = move |seen: &Seen| if is_auth(seen) { session("huawei", 1) } else { failed.clone() };
    check(OfflinePush::VendorRefused, deliver(&bench, "d", huawei(Box::new(fails)), "d", hello()).await).await;

    let away = [("base_url", "https://127.0.0.1:1"), ("auth_url", "https://127.0.0.1:1")];
    let delivery = deliver(&bench, "e", open("huawei", &endpoint, &away, &[]), "e", hello()).await;
    check(OfflinePush::VendorUnreachable, delivery).await;

    let gone = says("huawei", Huawei::AllTokensInvalid.row(), "f");
    let drops = move |seen: &Seen| if is_auth(seen) { session("huawei", 1) } else { gone.clone() };
    check(OfflinePush::TokenInvalid, deliver(&bench, "f", huawei(Box::new(drops)), "f", hello()).await).await;

    let huge = Notification { body: "x".repeat(4_200), ..hello() };
    check(OfflinePush::RequestBuildFailed, deliver(&bench, "g", huawei(Box::new(well)), "g", huge).await).await;

    let used_up = Say::Answer(503, vec![("retry-after", "36000".to_owned())], String::new());
    let quota = move |seen: &Seen| if is_auth(seen) { session("huawei", 1) } else { used_up.clone() };
    check(OfflinePush::HuaweiDailyQuota, deliver(&bench, "h", huawei(Box::new(quota)), "h", hello()).await).await;
}
