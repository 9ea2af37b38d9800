//! vivo's room: golden requests and answers, made from the vendor's field tables; refusals; receipts.

use md5::{Digest, Md5};
use serde_json::{Value, json};

use crate::client::{House, JSON};
use crate::receiver::Receiver;
use crate::wire::{Got, machine_s};

async fn open() -> House {
    let house = House::open("vivo").await;
    house.control("POST", "apps", json!({"app_id": "10004", "app_key": "k", "app_secret": "s"}));
    house
}

fn credentials(timestamp: i64, secret: &str) -> Value {
    let sign = hex::encode(Md5::digest(format!("10004k{timestamp}{secret}")));
    json!({"appId": 10_004, "appKey": "k", "timestamp": timestamp, "sign": sign})
}

async fn token(house: &House) -> String {
    let got = house.post("/message/auth", &[JSON], &credentials(machine_s() * 1_000, "s").to_string()).await;
    assert_eq!(got.json(), json!({"result": 0, "desc": "请求成功", "authToken": got.json()["authToken"]}));
    got.json()["authToken"].as_str().unwrap().to_owned()
}

/// A message of the system class, which goes at any hour.
fn good(phone: &str, request: &str) -> Value {
    json!({
        "appId": 10_004, "regId": phone, "notifyType": 1, "title": "你好", "content": "有新消息", "timeToLive": 3_600,
        "skipType": 1, "classification": 1, "category": "IM", "requestId": request,
    })
}

async fn ask(house: &House, path: &str, token: &str, body: &Value) -> Got {
    house.post(path, &[JSON, ("authToken", token)], &body.to_string()).await
}

fn said(got: &Got) -> i64 {
    assert_eq!(got.status, 200);
    assert!(got.json()["desc"].as_str().is_some_and(|text| !text.is_empty() && text != "未知错误"), "{}", got.body);
    got.json()["result"].as_i64().unwrap()
}

#[tokio::test]
async fn a_golden_request_gets_the_golden_answer() {
    let house = open().await;
    let phone = house.phone(json!({}));
    let token = token(&house).await;
    let got = ask(&house, "/message/send", &token, &good(&phone, "r1")).await;
    let task = got.json()["taskId"].as_str().unwrap().to_owned();
    assert_eq!(got.json(), json!({"result": 0, "desc": "请求成功", "taskId": task}));
    assert_eq!((&house.inbox(&phone)[0]["title"], &house.inbox(&phone)[0]["kind"]), (&json!("你好"), &json!("IM")));
    let got = ask(&house, "/message/send", &token, &good(&phone, "r1")).await;
    assert_eq!(got.json(), json!({"result": 10_303, "desc": "requestId已存在"}));
    let path = format!("/report/getStatistics?taskIds={task}");
    let got = house.ask("GET", &path, &[("authToken", &token)], "").await;
    let statistics = &got.json()["statistics"][0];
    assert_eq!((&statistics["send"], &statistics["receive"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn signing_in_is_checked_part_by_part() {
    let house = open().await;
    let now = machine_s() * 1_000;
    let auth = async |change: &dyn Fn(&mut Value)| {
        let mut body = credentials(now, "s");
        change(&mut body);
        said(&house.post("/message/auth", &[JSON], &body.to_string()).await)
    };
    assert_eq!(auth(&|it| it["appId"] = Value::Null).await, 10_200);
    assert_eq!(auth(&|it| it["appKey"] = json!("")).await, 10_201);
    assert_eq!(auth(&|it| it["appKey"] = json!("other")).await, 10_202);
    assert_eq!(auth(&|it| it["timestamp"] = Value::Null).await, 10_203);
    assert_eq!(auth(&|it| it["sign"] = json!("")).await, 10_204);
    assert_eq!(auth(&|it| it["appId"] = json!(1)).await, 10_205);
    assert_eq!(auth(&|it| it["sign"] = json!("x")).await, 10_206);
    assert_eq!(auth(&|it| *it = credentials(now - 601_000, "s")).await, 10_207);
    let mut seen = Vec::new();
    for _ in 0..40 {
        seen.push(auth(&|_| {}).await);
    }
    assert!(seen.contains(&10_250), "over ten in a second");
}

#[tokio::test]
async fn a_call_needs_a_living_token_of_its_app() {
    let house = open().await;
    let phone = house.phone(json!({}));
    let token = token(&house).await;
    for bad in ["", "other"] {
        let got = ask(&house, "/message/send", bad, &good(&phone, "r1")).await;
        assert_eq!(got.json(), json!({"result": 10_000, "desc": "权限认证失败"}));
    }
    let mut body = good(&phone, "r1");
    body["appId"] = json!(1);
    assert_eq!(said(&ask(&house, "/message/send", &token, &body).await), 10_094);
    house.call("PUT", "/clock", json!({"offset_ms": 86_400_000}));
    assert_eq!(said(&ask(&house, "/message/send", &token, &good(&phone, "r1")).await), 10_000);
}

#[tokio::test]
async fn fields_out_of_bounds_are_refused() {
    let house = open().await;
    house.control("PATCH", "apps/10004", json!({"sensitive_words": ["禁"], "audited_words": ["审"]}));
    let phone = house.phone(json!({}));
    let token = token(&house).await;
    let pairs =
        |count: usize| json!((0..count).map(|at| (at.to_string(), json!("v"))).collect::<serde_json::Map<_, _>>());
    for (name, value, code) in [
        ("regId", Value::Null, 10_050),
        ("requestId", json!("r".repeat(65)), 10_089),
        ("notifyType", json!(5), 10_054),
        ("title", json!(""), 10_055),
        ("title", json!("题".repeat(41)), 10_056),
        ("content", json!(""), 10_057),
        ("content", json!("容".repeat(101)), 10_058),
        ("timeToLive", json!(59), 10_059),
        ("timeToLive", json!(86_401), 10_059),
        ("skipType", json!(9), 10_060),
        ("skipType", json!(2), 10_061),
        ("clientCustomMap", pairs(11), 10_066),
        ("clientCustomMap", json!({"a": "x".repeat(1_024)}), 10_067),
        ("clientCustomMap", json!({"a": 1}), 10_067),
        ("category", json!("PARTY"), 10_096),
        ("category", json!("NEWS"), 10_097),
        ("content", json!("禁止"), 10_103),
        ("content", json!("审核"), 10_101),
        ("title", json!("12345"), 10_104),
        ("title", json!("hello"), 10_104),
        ("content", json!("一个测试"), 10_104),
        ("regId", json!("zz"), 10_302),
    ] {
        let mut body = good(&phone, "r1");
        body[name] = value;
        assert_eq!(said(&ask(&house, "/message/send", &token, &body).await), code, "{name}");
    }
    assert!(house.inbox(&phone).is_empty());
    let mut body = good(&phone, "r2");
    body["title"] = json!("题".repeat(40));
    body["content"] = json!("容".repeat(100));
    body["clientCustomMap"] = pairs(10);
    assert_eq!(said(&ask(&house, "/message/send", &token, &body).await), 0);
}

#[tokio::test]
async fn an_invalid_user_is_named_with_the_reason() {
    let house = open().await;
    let phone = house.phone(json!({}));
    let token = token(&house).await;
    let unknown = "1".repeat(23);
    let got = ask(&house, "/message/send", &token, &good(&unknown, "r1")).await;
    let invalid = json!({"userid": unknown, "status": 1});
    assert_eq!(got.json(), json!({"result": 10_302, "desc": "regId不合法", "invalidUser": invalid}));
    let mut test = good(&phone, "r2");
    test["pushMode"] = json!(1);
    let got = ask(&house, "/message/send", &token, &test).await;
    assert_eq!(got.json()["invalidUser"]["status"], 4);
    house.control("PUT", &format!("devices/{phone}/state"), json!({"state": "unregistered"}));
    let got = ask(&house, "/message/send", &token, &good(&phone, "r3")).await;
    assert_eq!(got.json()["invalidUser"]["status"], 2);
}

#[tokio::test]
async fn operational_messages_have_hours_and_allowances() {
    let house = open().await;
    let phone = house.phone(json!({}));
    // Moves the clock to an hour in Shanghai and signs in there.
    let at = async |hour: i64| {
        let shanghai_s = machine_s() + 8 * 3_600;
        let offset_s = hour * 3_600 + 60 - shanghai_s.rem_euclid(86_400);
        house.call("PUT", "/clock", json!({"offset_ms": offset_s * 1_000}));
        let body = credentials((machine_s() + offset_s) * 1_000, "s").to_string();
        house.post("/message/auth", &[JSON], &body).await.json()["authToken"].as_str().unwrap().to_owned()
    };
    let operational = |request: &str| {
        let mut body = good(&phone, request);
        body["classification"] = json!(0);
        body["category"] = json!("MARKETING");
        body
    };
    let token = at(23).await;
    assert_eq!(said(&ask(&house, "/message/send", &token, &operational("r1")).await), 10_071);
    assert_eq!(
        said(&ask(&house, "/message/send", &token, &good(&phone, "r2")).await),
        0,
        "the system's go at any time"
    );
    let token = at(7).await;
    assert_eq!(said(&ask(&house, "/message/send", &token, &operational("r3")).await), 0);
    house.control("PATCH", "apps/10004", json!({"operational_per_day": 1}));
    assert_eq!(said(&ask(&house, "/message/send", &token, &operational("r4")).await), 10_070);
    house.control("PATCH", "apps/10004", json!({"is_frequency_configured": false}));
    assert_eq!(said(&ask(&house, "/message/send", &token, &operational("r5")).await), 10_110);
    house.control("PATCH", "apps/10004", json!({"per_s": 0}));
    assert_eq!(said(&ask(&house, "/message/send", &token, &good(&phone, "r6")).await), 10_072);
    house.call("POST", "/faults", json!({"room": "vivo", "effect": "answer", "code": 10_102}));
    assert_eq!(said(&ask(&house, "/message/send", &token, &good(&phone, "r7")).await), 10_102);
}

#[tokio::test]
async fn lists_are_stored_then_pushed() {
    let house = open().await;
    let (first, second) = (house.phone(json!({})), house.phone(json!({"alias": "al", "topics": ["vip"]})));
    let token = token(&house).await;
    let mut stored = good("", "r1");
    stored.as_object_mut().unwrap().remove("regId");
    let task = ask(&house, "/message/saveListPayload", &token, &stored).await.json()["taskId"].clone();
    let list =
        |ids: &[&str], request: &str| json!({"appId": 10_004, "regIds": ids, "taskId": task, "requestId": request});
    let got = ask(&house, "/message/pushToList", &token, &list(&[&first, &second, "zz"], "r2")).await;
    let invalid = json!([{"status": 1, "userid": "zz"}]);
    assert_eq!((said(&got), &got.json()["invalidUsers"], &got.json()["requestId"]), (0, &invalid, &json!("r2")));
    assert_eq!((house.inbox(&first).len(), house.inbox(&second).len()), (1, 1));
    assert_eq!(said(&ask(&house, "/message/pushToList", &token, &list(&[&first], "r3")).await), 10_252);
    assert_eq!(said(&ask(&house, "/message/pushToList", &token, &list(&[], "r3")).await), 10_050);
    let mut everybody = stored.clone();
    everybody["requestId"] = json!("r4");
    assert_eq!(said(&ask(&house, "/message/all", &token, &everybody).await), 0);
    everybody["requestId"] = json!("r5");
    assert_eq!(said(&ask(&house, "/message/all", &token, &everybody).await), 10_254);
    everybody["requestId"] = json!("r6");
    everybody["tagExpression"] = json!({"orTags": ["vip"]});
    assert_eq!(said(&ask(&house, "/message/tagPush", &token, &everybody).await), 0);
    assert_eq!((house.inbox(&first).len(), house.inbox(&second).len()), (2, 3));
    house.control("PATCH", "apps/10004", json!({"tasks_max": 0}));
    stored["requestId"] = json!("r7");
    assert_eq!(said(&ask(&house, "/message/saveListPayload", &token, &stored).await), 10_040);
}

#[tokio::test]
async fn a_receipt_is_keyed_by_its_task() {
    let house = open().await;
    let receiver = Receiver::open().await;
    let phone = house.phone(json!({}));
    let token = token(&house).await;
    let mut body = good(&phone, "r1");
    body["extra"] = json!({"callback": receiver.url(), "callback.param": "p"});
    let task = ask(&house, "/message/send", &token, &body).await.json()["taskId"].as_str().unwrap().to_owned();
    let entry = receiver.next().await.json()[&task].clone();
    assert_eq!((&entry["param"], &entry["targets"]), (&json!("p"), &json!(phone)));
}
