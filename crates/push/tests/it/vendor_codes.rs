//! What a channel sees by itself, told with the vendor's number, and each class of trouble.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::codes::{Fcm, Harmony, Honor, Huawei, OfflinePush, Oppo, Row, Vivo, Xiaomi};
use contract::ledger::{How, note};
use contract::notification::{Click, Notification};
use push::channel::Channel;
use push::credential::Trouble;
use push::engine::Request;
use serde_json::{Map, Value, json};
use store::deliveries::Delivery;

use crate::bench::{APP, Bench, CREDENTIAL, is};
use crate::endpoint::{Endpoint, Say};
use crate::rooms::{Room, sandbox};
use crate::vendors::{channel, hello, open};

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
    let sandbox = sandbox().await;
    let room = Room::new(&sandbox, "huawei", &json!({}));
    let check = async |class: OfflinePush, made, token: &str, notification| {
        let delivery = deliver(&bench, class.row().name, made, token, notification).await;
        assert_eq!(Some(delivery.class), class.row().number(), "{delivery:?}");
        note(class.row(), How::Delivery);
    };
    let rule = |token: &str, answer: Value| {
        let mut rule = json!({"room": "huawei", "token": token, "effect": "answer", "count": 0});
        rule.as_object_mut().unwrap().extend(answer.as_object().unwrap().clone());
        sandbox.control("POST", "/faults", &rule).unwrap();
    };
    let phone = || room.phone();

    let file = [("key_file", r#"{"type":"service_account"}"#)];
    check(OfflinePush::FcmRequestFailed, open("fcm", &endpoint, &[], &file), "a", hello()).await;

    let nowhere = Notification { click: Click::Intent(String::new()), ..hello() };
    check(OfflinePush::IntentMissing, Ok(room.channel(&[])), &phone(), nowhere).await;

    let stranger = Ok(room.channel(&[("app_secret", "wrong")]));
    check(OfflinePush::CredentialInvalid, stranger, &phone(), hello()).await;

    let failing = phone();
    rule(&failing, json!({"code": "81000001"}));
    check(OfflinePush::VendorRefused, Ok(room.channel(&[])), &failing, hello()).await;

    let away = [("base_url", "https://127.0.0.1:1"), ("auth_url", "https://127.0.0.1:1")];
    check(OfflinePush::VendorUnreachable, open("huawei", &endpoint, &away, &[]), &phone(), hello()).await;

    check(OfflinePush::TokenInvalid, Ok(room.channel(&[])), "wrong", hello()).await;

    let huge = Notification { body: "x".repeat(4_200), ..hello() };
    check(OfflinePush::RequestBuildFailed, Ok(room.channel(&[])), &phone(), huge).await;

    let used_up = phone();
    rule(&used_up, json!({"code": 503, "retry_after_s": 36_000}));
    check(OfflinePush::HuaweiDailyQuota, Ok(room.channel(&[])), &used_up, hello()).await;
}
