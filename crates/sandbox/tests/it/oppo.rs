//! OPPO's room: golden requests and answers, made from the vendor's field tables; refusals; receipts.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::client::{FORM, House, form};
use crate::receiver::Receiver;
use crate::wire::{Got, machine_s};

const UNICAST: &str = "/server/v1/message/notification/unicast";
const BATCH: &str = "/server/v1/message/notification/unicast_batch";
const SAVE: &str = "/server/v1/message/notification/save_message_content";
const BROADCAST: &str = "/server/v1/message/notification/broadcast";

async fn open() -> House {
    let house = House::open("oppo").await;
    house.control(
        "POST",
        "apps",
        json!({"app_key": "k", "master_secret": "m", "app_secret": "a", "app_id": "30000001"}),
    );
    house
}

async fn sign_in(house: &House, timestamp: &str, secret: &str) -> Got {
    let sign = hex::encode(Sha256::digest(format!("k{timestamp}{secret}")));
    house.post("/server/v1/auth", &[FORM], &form(&[("app_key", "k"), ("timestamp", timestamp), ("sign", &sign)])).await
}

async fn token(house: &House) -> String {
    let got = sign_in(house, &(machine_s() * 1_000).to_string(), "m").await;
    got.json()["data"]["auth_token"].as_str().unwrap().to_owned()
}

fn message(target: &str) -> Value {
    let notification =
        json!({"app_message_id": "1", "title": "t", "content": "c", "channel_id": "messages", "click_action_type": 0});
    json!({"target_type": 2, "target_value": target, "notification": notification})
}

async fn unicast(house: &House, token: &str, message: &Value) -> Got {
    house.post(UNICAST, &[FORM], &form(&[("auth_token", token), ("message", &message.to_string())])).await
}

fn said(got: &Got) -> (i64, String) {
    assert_eq!(got.status, 200);
    (got.json()["code"].as_i64().unwrap(), got.json()["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_golden_request_gets_the_golden_answer() {
    let house = open().await;
    let phone = house.phone(json!({}));
    let got = sign_in(&house, &(machine_s() * 1_000).to_string(), "m").await;
    let data = &got.json()["data"];
    let golden = json!({"code": 0, "message": "Success", "data": {"auth_token": data["auth_token"], "create_time": data["create_time"]}});
    assert_eq!((got.status, got.json()), (200, golden));
    let token = data["auth_token"].as_str().unwrap();
    let got = unicast(&house, token, &message(&phone)).await;
    let golden = json!({"code": 0, "message": "Success", "data": {"messageId": got.json()["data"]["messageId"]}});
    assert_eq!(got.json(), golden);
    assert_eq!((&house.inbox(&phone)[0]["title"], &house.inbox(&phone)[0]["body"]), (&json!("t"), &json!("c")));
    let headers = [FORM, ("auth_token", token)];
    let got = house.post(UNICAST, &headers, &form(&[("message", &message(&phone).to_string())])).await;
    assert_eq!(said(&got).0, 0, "the token may travel as a header");
}

#[tokio::test]
async fn signing_in_is_checked_part_by_part() {
    let house = open().await;
    let now = (machine_s() * 1_000).to_string();
    let auth = async |fields: &[(&str, &str)]| said(&house.post("/server/v1/auth", &[FORM], &form(fields)).await);
    assert_eq!(auth(&[("timestamp", &now), ("sign", "x")]).await, (15, "Missing App Key".into()));
    assert_eq!(auth(&[("app_key", "k"), ("timestamp", &now)]).await, (17, "Missing Signature".into()));
    assert_eq!(auth(&[("app_key", "k"), ("sign", "x")]).await, (18, "Missing Timestamp".into()));
    assert_eq!(auth(&[("app_key", "other"), ("timestamp", &now), ("sign", "x")]).await, (14, "Invalid App Key".into()));
    assert_eq!(said(&sign_in(&house, &now, "a").await), (16, "Invalid Signature".into()), "the secret of the phone");
    let late = ((machine_s() - 601) * 1_000).to_string();
    assert_eq!(said(&sign_in(&house, &late, "m").await), (19, "Invalid Timestamp".into()));
    assert_eq!(said(&house.ask("GET", "/server/v1/auth", &[], "").await), (12, "HTTP Action Not Allowed".into()));
    house.control("PATCH", "apps/k", json!({"is_disabled": true}));
    assert_eq!(said(&sign_in(&house, &now, "m").await), (28, "App Disabled".into()));
}

#[tokio::test]
async fn calls_without_a_right_are_refused() {
    let house = open().await;
    let phone = house.phone(json!({}));
    let token = token(&house).await;
    let ask = async |token: &str| said(&unicast(&house, token, &message(&phone)).await);
    assert_eq!(ask("").await, (29, "Missing Auth Token".into()));
    assert_eq!(ask("other").await, (11, "Invalid Auth Token".into()));
    for (change, code, text) in [
        (json!({"is_disabled": true}), 28, "App Disabled"),
        (json!({"is_disabled": false, "has_push_right": false}), 30, "Api Permission Denied"),
        (json!({"has_push_right": true, "per_s": 0}), -2, "Service in Flow Control"),
        (json!({"per_s": 1_000, "per_day": 0}), 13, "App Call Limited"),
        (json!({"per_day": 1_000, "channels": ["other"]}), 30, "Api Permission Denied"),
        (json!({"channels": [], "messages_per_day": 0}), 33, "Daily Message Count Exceeded"),
    ] {
        house.control("PATCH", "apps/k", change);
        assert_eq!(ask(&token).await, (code, text.to_owned()));
    }
    house.call("POST", "/faults", json!({"room": "oppo", "effect": "answer", "code": -1}));
    assert_eq!(ask(&token).await, (-1, "Service Currently Unavailable".into()));
    house.call("PUT", "/clock", json!({"offset_ms": 86_400_000}));
    assert_eq!(ask(&token).await.0, 11, "after a day");
}

#[tokio::test]
async fn arguments_out_of_bounds_are_refused() {
    let house = open().await;
    let phone = house.phone(json!({}));
    let token = token(&house).await;
    for (name, value, code, text) in [
        ("title", json!(""), 40, "Missing Required Arguments: title"),
        ("title", json!("t".repeat(51)), 41, "Invalid Arguments: title"),
        ("sub_title", json!("s".repeat(11)), 41, "Invalid Arguments: sub_title"),
        ("content", json!("c".repeat(51)), 41, "Invalid Arguments: content"),
        ("style", json!(3), 41, "Invalid Arguments: style"),
        ("click_action_type", json!(3), 41, "Invalid Arguments: click_action_type"),
        ("click_action_type", json!(1), 41, "Invalid Arguments: click_action_activity"),
        ("click_action_type", json!(5), 41, "Invalid Arguments: click_action_url"),
        ("action_parameters", json!("[]"), 41, "Invalid Arguments: action_parameters"),
        ("notify_level", json!(2), 41, "Invalid Arguments: notify_level"),
        ("call_back_url", json!("u".repeat(201)), 41, "Invalid Arguments: call_back_url"),
    ] {
        let mut message = message(&phone);
        message["notification"][name] = value;
        assert_eq!(said(&unicast(&house, &token, &message).await), (code, text.to_owned()));
    }
    let mut long = message(&phone);
    long["notification"]["style"] = json!(2);
    long["notification"]["content"] = json!("🙂".repeat(128));
    assert_eq!(said(&unicast(&house, &token, &long).await).0, 0, "an emoji is one character");
    assert_eq!(house.inbox(&phone).len(), 1);
}

#[tokio::test]
async fn targets_that_are_none_are_told_one_by_one() {
    let house = open().await;
    let phone = house.phone(json!({"topics": ["vip"]}));
    let token = token(&house).await;
    let unknown = format!("OPPO_CN_{}", "0".repeat(32));
    for id in ["zz", unknown.as_str()] {
        assert_eq!(said(&unicast(&house, &token, &message(id)).await), (10_000, "Invalid RegistrationId".into()));
    }
    let messages = json!([message(&phone), message("zz")]).to_string();
    let got = house.post(BATCH, &[FORM], &form(&[("auth_token", &token), ("messages", &messages)])).await;
    let data = got.json()["data"].clone();
    assert_eq!(
        data,
        json!([
            {"messageId": data[0]["messageId"], "registrationId": phone},
            {"registrationId": "zz", "errorCode": 10_000, "errorMessage": "Invalid RegistrationId"},
        ])
    );
    let fields =
        [("auth_token", token.as_str()), ("title", "t"), ("content", "c"), ("style", "1"), ("channel_id", "messages")];
    let id = house.post(SAVE, &[FORM], &form(&fields)).await.json()["data"]["message_id"].as_str().unwrap().to_owned();
    let targets = format!("{phone};zz");
    let broadcast = async |kind: &str, targets: &str| {
        let fields = [
            ("auth_token", token.as_str()),
            ("message_id", id.as_str()),
            ("target_type", kind),
            ("target_value", targets),
        ];
        house.post(BROADCAST, &[FORM], &form(&fields)).await.json()
    };
    let answer = broadcast("2", &targets).await;
    let data = json!({"message_id": id, "task_id": answer["data"]["task_id"], "10000": ["zz"]});
    assert_eq!((&answer["code"], &answer["data"]), (&json!(0), &data));
    assert_eq!(broadcast("1", "").await["code"], 0);
    assert_eq!(broadcast("6", "vip").await["code"], 0);
    assert_eq!(house.inbox(&phone).len(), 4);
}

#[tokio::test]
async fn receipts_tell_by_event_and_invalid_ids_can_be_fetched() {
    let house = open().await;
    let receiver = Receiver::open().await;
    let phone = house.phone(json!({}));
    let token = token(&house).await;
    let mut message = message(&phone);
    message["notification"]["call_back_url"] = json!(receiver.url());
    message["notification"]["call_back_parameter"] = json!("p");
    let id = unicast(&house, &token, &message).await.json()["data"]["messageId"].clone();
    let receipt = receiver.next().await.json();
    assert_eq!(
        receipt,
        json!([{
            "messageId": id, "appId": "30000001", "taskId": id, "registrationIds": phone,
            "eventTime": receipt[0]["eventTime"], "param": "p", "eventType": "push_arrive",
        }])
    );
    house.control("PUT", &format!("devices/{phone}/state"), json!({"state": "unregistered"}));
    message["notification"]["app_message_id"] = json!("2");
    unicast(&house, &token, &message).await;
    assert_eq!(receiver.next().await.json()[0]["eventType"], "regid_invalid");
    let got =
        house.post("/server/v1/feedback/fetch_invalid_regidList", &[FORM], &form(&[("auth_token", &token)])).await;
    assert_eq!(got.json()["data"], json!({"registration_ids": [phone], "totalCount": 1}));
}

#[tokio::test]
async fn of_the_same_message_a_target_gets_one() {
    let house = open().await;
    let (phone, token) = (house.phone(json!({})), token(&house).await);
    let mut other = message(&phone);
    other["notification"]["app_message_id"] = json!("2");
    for (message, count) in [(message(&phone), 1), (message(&phone), 1), (other.clone(), 2), (other, 2)] {
        assert_eq!(said(&unicast(&house, &token, &message).await).0, 0);
        assert_eq!(house.inbox(&phone).len(), count);
    }
}

#[tokio::test]
async fn times_have_a_beginning_and_an_end_and_a_single_message_has_none_to_be_sent() {
    let house = open().await;
    let (phone, token) = (house.phone(json!({})), token(&house).await);
    let check = async |fields: Value, field: &str| {
        let mut message = message(&phone);
        message["notification"].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let said = said(&unicast(&house, &token, &message).await);
        let expected =
            if field.is_empty() { (0, "Success".to_owned()) } else { (41, format!("Invalid Arguments: {field}")) };
        assert_eq!(said, expected);
    };
    check(json!({"show_time_type": 1}), "show_time_type").await;
    check(json!({"show_time_type": 1, "show_start_time": 2, "show_end_time": 2}), "show_time_type").await;
    check(json!({"show_time_type": 1, "show_start_time": 1, "show_end_time": 2}), "").await;
    check(json!({"push_time_type": 1, "push_start_time": 1}), "push_time_type").await;
}
