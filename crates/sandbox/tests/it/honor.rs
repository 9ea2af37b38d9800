//! Honor's room: the token endpoint, sends, refusals with their bodies.

use serde_json::{Value, json};

use crate::client::{FORM, House, JSON, form};
use crate::receiver::Receiver;
use crate::wire::{Got, machine_s};

const SEND: &str = "/api/v1/200000001/sendMessage";

async fn open() -> House {
    let house = House::open("honor").await;
    house.control("POST", "apps", json!({"app_id": "200000001", "client_id": "c", "client_secret": "s"}));
    house
}

async fn bearer(house: &House) -> String {
    let fields = [("grant_type", "client_credentials"), ("client_id", "c"), ("client_secret", "s")];
    let got = house.post("/auth/token", &[FORM], &form(&fields)).await;
    format!("Bearer {}", got.json()["access_token"].as_str().unwrap())
}

fn good(tokens: &[&str]) -> Value {
    json!({"android": {"notification": {"title": "t", "body": "b", "clickAction": {"type": 3}}}, "token": tokens})
}

async fn send(house: &House, bearer: &str, body: &str) -> Got {
    let now = (machine_s() * 1_000).to_string();
    house.post(SEND, &[JSON, ("authorization", bearer), ("timestamp", &now)], body).await
}

fn said(got: &Got) -> (u16, i64, String) {
    let body = got.json();
    (got.status, body["code"].as_i64().unwrap(), body["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_message_reaches_its_phones_and_names_those_that_left() {
    let house = open().await;
    let (here, gone) = (house.phone(json!({})), house.phone(json!({})));
    house.control("PUT", &format!("devices/{gone}/state"), json!({"state": "unregistered"}));
    let bearer = bearer(&house).await;
    let got = send(&house, &bearer, &good(&[&here, &gone]).to_string()).await;
    let body = got.json();
    let data =
        json!({"sendResult": true, "requestId": body["data"]["requestId"], "failTokens": [], "expireTokens": [gone]});
    assert_eq!((got.status, body), (200, json!({"code": 200, "message": "success", "data": data})));
    assert_eq!((house.inbox(&here).len(), house.inbox(&gone).len()), (1, 0));
}

#[tokio::test]
async fn a_partial_failure_names_its_tokens() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let got = send(&house, &bearer, &good(&[&token, "zz"]).to_string()).await;
    assert_eq!(
        (got.status, &got.json()["code"], &got.json()["data"]["failTokens"]),
        (200, &json!(80_100_000), &json!(["zz"]))
    );
    assert_eq!(house.inbox(&token).len(), 1);
    let got = send(&house, &bearer, &good(&["zz"]).to_string()).await;
    assert_eq!(said(&got), (200, 80_300_007, "All tokens are invalid".into()));
    assert_eq!(got.json()["data"]["sendResult"], false);
}

#[tokio::test]
async fn messages_are_refused_in_the_vendors_envelope() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = good(&[&token]);
        change(&mut body);
        body.to_string()
    };
    let structure = |field: &str| format!("Incorrect message structure: {field}");
    let cases = [
        ("{".to_owned(), 400, 400, "Parameter error".to_owned()),
        (with(&|it| it["token"] = json!([])), 200, 10_300, "The token list is empty".into()),
        (
            with(&|it| it["token"] = json!(vec!["t"; 1_001])),
            200,
            80_300_010,
            "The number of tokens exceeds the default value".into(),
        ),
        (with(&|it| it["token"] = json!([token, token])), 200, 80_300_006, "Duplicate token".into()),
        (
            with(&|it| it["data"] = json!("x".repeat(4_096))),
            200,
            80_300_008,
            "The message body size exceeds the default value".into(),
        ),
        (with(&|it| it["android"]["receiptId"] = json!("r")), 200, 80_200_020, "The receiptId does not match".into()),
        (with(&|it| it["android"]["ttl"] = json!("1296001s")), 200, 80_100_003, structure("ttl")),
        (with(&|it| it["android"]["notification"]["title"] = json!("")), 200, 80_100_003, structure("title")),
        (
            with(&|it| it["android"]["notification"]["clickAction"] = Value::Null),
            200,
            80_100_003,
            structure("clickAction"),
        ),
        (
            with(&|it| it["android"]["notification"]["clickAction"] = json!({"type": 2, "url": "http://a"})),
            200,
            80_100_003,
            structure("clickAction"),
        ),
        (
            with(&|it| it["android"]["notification"]["importance"] = json!("HIGH")),
            200,
            80_100_003,
            structure("importance"),
        ),
        (
            with(&|it| it["android"]["notification"]["badge"] = json!({"setNum": 100})),
            200,
            80_100_003,
            structure("badge"),
        ),
        (json!({"token": [token]}).to_string(), 200, 80_100_003, structure("notification or data is required")),
    ];
    for (body, status, code, text) in cases {
        assert_eq!(said(&send(&house, &bearer, &body).await), (status, code, text), "{body}");
    }
    assert!(house.inbox(&token).is_empty());
}

#[tokio::test]
async fn headers_and_paths_are_checked() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let body = good(&[&token]).to_string();
    let now = (machine_s() * 1_000).to_string();
    let auth = ("authorization", bearer.as_str());
    let ask =
        async |method: &str, path: &str, headers: &[(&str, &str)]| said(&house.ask(method, path, headers, &body).await);
    assert_eq!(ask("POST", SEND, &[JSON, ("timestamp", &now)]).await, (403, 403, "Authentication failed".into()));
    assert_eq!(ask("POST", SEND, &[JSON, auth]).await, (200, 10_001, "The timestamp is missing".into()));
    let seconds = machine_s().to_string();
    let late = ((machine_s() - 601) * 1_000).to_string();
    for bad in [seconds.as_str(), "x", late.as_str()] {
        let expected = (200, 10_207, "The timestamp is invalid".into());
        assert_eq!(ask("POST", SEND, &[JSON, auth, ("timestamp", bad)]).await, expected);
    }
    let headers = [JSON, auth, ("timestamp", now.as_str())];
    let path = "/api/v1/999/sendMessage";
    assert_eq!(ask("POST", path, &headers).await, (200, 10_205, "The appId does not exist".into()));
    assert_eq!(
        ask("POST", "/v1/200000001/messages:send", &headers).await,
        (404, 404, "The service is not found".into())
    );
    assert_eq!(ask("GET", SEND, &headers).await, (500, 500, "Internal service error".into()));
    house.control("PATCH", "apps/200000001", json!({"per_s": 0}));
    assert_eq!(ask("POST", SEND, &headers).await, (503, 503, "Traffic control".into()));
    house.call("POST", "/faults", json!({"room": "honor", "effect": "answer", "code": 502}));
    assert_eq!(ask("POST", SEND, &headers).await, (502, 502, "Connection abnormal".into()));
    house.call("PUT", "/clock", json!({"offset_ms": 3_600_000}));
    assert_eq!(ask("POST", SEND, &headers).await.1, 403, "the access token has expired");
}

#[tokio::test]
async fn receipts_tell_each_phones_fate() {
    let house = open().await;
    let receiver = Receiver::open().await;
    house.control("PATCH", "apps/200000001", json!({"receivers": {"r": receiver.url()}}));
    let (here, gone) = (house.phone(json!({})), house.phone(json!({})));
    house.control("PUT", &format!("devices/{gone}/state"), json!({"state": "unregistered"}));
    let bearer = bearer(&house).await;
    let mut body = good(&[&here, &gone]);
    body["android"]["receiptId"] = json!("r");
    send(&house, &bearer, &body.to_string()).await;
    let statuses = receiver.next().await.json()["statuses"].clone();
    let fates: Vec<(&Value, &Value)> =
        statuses.as_array().unwrap().iter().map(|it| (&it["token"], &it["status"])).collect();
    assert_eq!(fates, [(&json!(gone), &json!(2)), (&json!(here), &json!(0))]);
}

#[tokio::test]
async fn the_token_endpoint_refuses_strangers() {
    let house = open().await;
    let fields = [("grant_type", "client_credentials"), ("client_id", "c"), ("client_secret", "wrong")];
    let path = "/auth/realms/developer/protocol/openid-connect/token";
    let got = house.post(path, &[FORM], &form(&fields)).await;
    assert_eq!((got.status, &got.json()["error"]), (401, &json!("invalid_client")));
    let got = house.post(path, &[FORM], "grant_type=password").await;
    assert_eq!((got.status, &got.json()["error"]), (400, &json!("unsupported_grant_type")));
}

#[tokio::test]
async fn a_moment_has_a_zone() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    for (when, code) in [("2027-01-02T03:04:05Z", 200), ("2027-01-02 03:04", 80_100_003)] {
        let mut body = good(&[&token]);
        body["android"]["notification"]["when"] = json!(when);
        assert_eq!(said(&send(&house, &bearer, &body.to_string()).await).1, code);
    }
}
