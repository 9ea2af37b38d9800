//! Xiaomi's room: golden requests and answers, made from the vendor's field tables; refusals; receipts.

use serde_json::{Value, json};

use crate::client::{FORM, House, form};
use crate::receiver::Receiver;
use crate::wire::Got;

const SEND: &str = "/v3/message/regid";
const SECRET: &str = "key=secret-of-24-characters-";

async fn open() -> House {
    let house = House::open("xiaomi").await;
    let app = json!({"app_id": "2882303761510000001", "app_secret": "secret-of-24-characters-", "package": "com.example.app"});
    house.control("POST", "apps", app);
    house
}

fn good(token: &str) -> Vec<(String, String)> {
    [
        ("registration_id", token),
        ("restricted_package_name", "com.example.app"),
        ("pass_through", "0"),
        ("title", "t"),
        ("description", "d"),
        ("notify_type", "-1"),
        ("extra.channel_id", "messages"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn with(token: &str, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = good(token);
    for (name, value) in changes {
        fields.retain(|(found, _)| found != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    fields
}

async fn send_to(house: &House, path: &str, key: &str, fields: &[(String, String)]) -> Got {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    house.post(path, &[FORM, ("authorization", key)], &form(&fields)).await
}

async fn send(house: &House, fields: &[(String, String)]) -> Got {
    send_to(house, SEND, SECRET, fields).await
}

/// Every refusal has the same five members in their order.
fn refused(got: &Got) -> (i64, String, String) {
    let body = got.json();
    let members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["result", "reason", "trace_id", "code", "description"], "{body}");
    assert_eq!((got.status, &body["result"]), (200, &json!("error")));
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (body["code"].as_i64().unwrap(), text("reason"), text("description"))
}

#[tokio::test]
async fn a_golden_request_gets_the_golden_answer() {
    let house = open().await;
    let token = house.phone(json!({}));
    let got = send(&house, &good(&token)).await;
    let body = got.json();
    let golden = json!({
        "result": "ok", "trace_id": body["trace_id"], "code": 0,
        "data": {"id": body["data"]["id"], "day_quota": "1000000000", "day_acked": "0"},
        "description": "成功", "info": "Received push messages for 1 REGID",
    });
    assert_eq!((got.status, &body), (200, &golden));
    let inbox = house.inbox(&token);
    assert_eq!(
        (&inbox[0]["title"], &inbox[0]["body"], &inbox[0]["id"]),
        (&json!("t"), &json!("d"), &body["data"]["id"])
    );
}

#[tokio::test]
async fn the_secret_is_the_credential() {
    let house = open().await;
    let token = house.phone(json!({}));
    let failed = (21_301, "Invalid application credentials".to_owned(), "认证失败".to_owned());
    for key in ["", "Key=secret-of-24-characters-", "key=secret-of-24-characters+", "key=", "secret-of-24-characters-"]
    {
        assert_eq!(refused(&send_to(&house, SEND, key, &good(&token)).await), failed, "{key}");
    }
    assert_eq!(refused(&send_to(&house, SEND, "key=short", &good(&token)).await).0, 22_008);
    for (state, code) in
        [("deleted", 22_000), ("unknown", 22_001), ("revoked", 22_002), ("review", 10_014), ("blacklisted", 10_026)]
    {
        house.control("PATCH", "apps/2882303761510000001", json!({"state": state}));
        assert_eq!(refused(&send(&house, &good(&token)).await).0, code);
    }
    house.control("PATCH", "apps/2882303761510000001", json!({"state": "active", "ips": ["10.0.0.1"]}));
    assert_eq!(refused(&send(&house, &good(&token)).await).0, 10_004);
}

#[tokio::test]
async fn parameters_out_of_bounds_are_refused() {
    let house = open().await;
    let token = house.phone(json!({}));
    let (title, description) = ("t".repeat(50), "d".repeat(128));
    let (payload, extra) = ("p".repeat(4_097), "e".repeat(1_024));
    for (changes, code, reason) in [
        (vec![("restricted_package_name", "com.other")], 22_022, "Invalid package name"),
        (vec![("description", "")], 22_100, "Invalid notification format: title and description"),
        (vec![("title", title.as_str())], 10_017, "Parameter value invalid: title"),
        (vec![("description", description.as_str())], 10_017, "Parameter value invalid: description"),
        (vec![("payload", payload.as_str())], 10_018, "Request body length over limit: payload"),
        (vec![("pass_through", "2")], 10_017, "Parameter value invalid: pass_through"),
        (vec![("notify_type", "99")], 10_017, "Parameter value invalid: notify_type"),
        (vec![("notify_type", "loud")], 10_008, "Parameter error: notify_type"),
        (vec![("time_to_live", "-1")], 10_008, "Parameter error: time_to_live"),
        (vec![("time_to_live", "864000001")], 10_017, "Parameter value invalid: time_to_live"),
        (vec![("notify_id", "-5")], 22_103, "Invalid notification id: notify_id"),
        (vec![("notify_id", "2147483648")], 22_103, "Invalid notification id: notify_id"),
        (vec![("extra.jobkey", "a!")], 10_017, "Parameter value invalid: extra.jobkey"),
        (vec![("extra.jobkey", "_a")], 10_017, "Parameter value invalid: extra.jobkey"),
        (vec![("extra.notify_effect", "2")], 10_017, "Parameter value invalid: extra.notify_effect"),
        (vec![("extra.mine", extra.as_str())], 10_017, "Parameter value invalid: extra"),
    ] {
        let got = refused(&send(&house, &with(&token, &changes)).await);
        assert_eq!((got.0, got.1.as_str()), (code, reason), "{changes:?}");
    }
    assert!(house.inbox(&token).is_empty());
    let fits = ("t".repeat(49), "d".repeat(127), "p".repeat(4_096));
    let changes =
        [("title", fits.0.as_str()), ("description", &fits.1), ("payload", &fits.2), ("notify_id", "2147483647")];
    assert_eq!(send(&house, &with(&token, &changes)).await.json()["code"], 0);
    let got = house.ask("GET", SEND, &[FORM, ("authorization", SECRET)], "").await;
    assert_eq!(refused(&got).0, 10_012);
    let got = house.post(SEND, &[("content-type", "application/json"), ("authorization", SECRET)], "{}").await;
    assert_eq!(refused(&got).0, 10_012);
}

#[tokio::test]
async fn targets_that_are_none_are_told_apart() {
    let house = open().await;
    let token = house.phone(json!({"alias": "al", "account": "acc", "topics": ["news"]}));
    house.control("POST", "apps", json!({"app_id": "2882303761510000002"}));
    let foreign = house.phone(json!({"app": "2882303761510000002"}));
    let unknown = "u".repeat(64);
    for (id, code) in [("zz", 20_301), (foreign.as_str(), 20_301), (unknown.as_str(), 10_029), ("", 20_301)] {
        assert_eq!(refused(&send(&house, &good(id)).await).0, code, "{id}");
    }
    assert_eq!(refused(&send(&house, &good("zz")).await).1, "No valid targets!");
    let got = send(&house, &good(&format!("{token},zz,{unknown}"))).await;
    assert_eq!((&got.json()["code"], &got.json()["data"]["bad_regids"]), (&json!(0), &json!(format!("zz,{unknown}"))));
    let ask = async |path: &str, changes: &[(&str, &str)]| send_to(&house, path, SECRET, &with("", changes)).await;
    for (path, name, value) in [
        ("/v3/message/alias", "alias", "al"),
        ("/v2/message/user_account", "user_account", "acc"),
        ("/v3/message/topic", "topic", "news"),
        ("/v3/message/all", "x", ""),
    ] {
        assert_eq!(ask(path, &[(name, value)]).await.json()["code"], 0, "{path}");
    }
    assert_eq!(house.inbox(&token).len(), 5);
    assert_eq!(refused(&ask("/v3/message/alias", &[("alias", "nobody")]).await).0, 20_301);
    assert_eq!(refused(&ask("/v2/message/user_account", &[("user_account", "nobody")]).await).0, 10_013);
    let topics = [("topics", "news;$;other"), ("topic_op", "EXCEPT")];
    assert_eq!(ask("/v3/message/multi_topic", &topics).await.json()["code"], 0);
    assert_eq!(house.inbox(&token).len(), 6);
    house.control("PUT", &format!("devices/{token}/state"), json!({"state": "unauthorised"}));
    assert_eq!(refused(&send(&house, &good(&token)).await).0, 22_021);
    house.control("PATCH", "apps/2882303761510000001", json!({"has_broadcast": false}));
    assert_eq!(refused(&ask("/v3/message/all", &[]).await).0, 10_005);
}

#[tokio::test]
async fn rates_quotas_and_rules_have_their_codes() {
    let house = open().await;
    let token = house.phone(json!({}));
    for (name, code) in [
        ("per_s_address", 10_022),
        ("per_s_developer", 10_023),
        ("per_s_path", 10_024),
        ("per_s", 10_027),
        ("per_day", 22_101),
    ] {
        house.control("PATCH", "apps/2882303761510000001", json!({name: 0}));
        assert_eq!(refused(&send(&house, &good(&token)).await).0, code);
        house.control("PATCH", "apps/2882303761510000001", json!({name: 1_000_000}));
    }
    for (code, description) in [
        (10_001, "系统错误"),
        (10_002, "服务暂停"),
        (10_009, "系统繁忙"),
        (22_003, "更新应用程序失败"),
        (22_020, "应用程序描述信息不合法"),
        (22_102, "发送应用通知消息失败"),
    ] {
        house.call("POST", "/faults", json!({"room": "xiaomi", "effect": "answer", "code": code}));
        let got = refused(&send(&house, &good(&token)).await);
        assert_eq!((got.0, got.2.as_str()), (code, description));
    }
}

#[tokio::test]
async fn receipts_are_forms_by_kind() {
    let house = open().await;
    let receiver = Receiver::open().await;
    let (here, gone) = (house.phone(json!({})), house.phone(json!({})));
    house.control("PUT", &format!("devices/{gone}/state"), json!({"state": "unregistered"}));
    let url = receiver.url();
    let both = format!("{here},{gone}");
    let fields = |kinds: &'static str| {
        let changes = [("extra.callback", url.as_str()), ("extra.callback.param", "p"), ("extra.callback.type", kinds)];
        with(&both, &changes)
    };
    // 3 is 1 and 2 already: who adds them again has no sum of kinds. The receipts that come are the second message's.
    assert_eq!(send(&house, &fields("246")).await.json()["code"], 0);
    let id = send(&house, &fields("17")).await.json()["data"]["id"].as_str().unwrap().to_owned();
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let receipt = receiver.next().await;
        let data = percent_decode(receipt.body.strip_prefix("data=").unwrap());
        let entry = serde_json::from_str::<Value>(&data).unwrap()[&id].clone();
        assert_eq!(entry["param"], "p");
        kinds.push((entry["type"].as_i64().unwrap(), entry["targets"].as_str().unwrap().to_owned()));
    }
    kinds.sort();
    assert_eq!(kinds, [(1, here), (16, gone)]);
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let hex = std::str::from_utf8(&tail[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn messages_of_one_job_are_one_message_to_a_phone() {
    let house = open().await;
    let (token, other) = (house.phone(json!({})), house.phone(json!({})));
    for (token, job) in [(&token, "a"), (&token, "a"), (&other, "a"), (&token, "b"), (&other, "")] {
        let got = send(&house, &with(token, &[("extra.jobkey", job)])).await;
        assert_eq!(got.json()["code"], 0, "{}", got.body);
    }
    assert_eq!((house.inbox(&token).len(), house.inbox(&other).len()), (2, 2));
}

#[tokio::test]
async fn a_message_is_planned_a_week_ahead_at_most() {
    let house = open().await;
    let token = house.phone(json!({}));
    let ahead = |days: i64| ((crate::wire::machine_s() + days * 86_400) * 1_000).to_string();
    assert_eq!(send(&house, &with(&token, &[("time_to_send", &ahead(6))])).await.json()["code"], 0);
    let got = send(&house, &with(&token, &[("time_to_send", &ahead(8))])).await;
    assert_eq!((refused(&got).0, refused(&got).1), (10_017, "Parameter value invalid: time_to_send".to_owned()));
}
