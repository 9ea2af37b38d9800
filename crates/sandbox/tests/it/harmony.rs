//! Huawei's room for HarmonyOS: credentials, kinds of messages, refusals with their bodies, revoking, receipts.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::client::{House, JSON};
use crate::keys;
use crate::receiver::Receiver;
use crate::wire::{Got, machine_s};

const SEND: &str = "/v3/p1/messages:send";
const AUDIENCE: &str = "https://oauth-login.cloud.huawei.com/oauth2/v3/token";

async fn open() -> House {
    let house = House::open("harmony").await;
    let project = json!({"project_id": "p1", "client_id": "c1", "key_id": "k1", "sub_account": "acc", "public_key_pem": keys::pair().1});
    house.control("POST", "apps", project);
    house
}

fn sign(algorithm: Algorithm, kid: &str, claims: &Value) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
    let key = EncodingKey::from_rsa_pem(keys::pair().0.as_bytes()).unwrap();
    format!("Bearer {}", jsonwebtoken::encode(&header, claims, &key).unwrap())
}

fn claims() -> Value {
    json!({"iss": "acc", "aud": AUDIENCE, "iat": machine_s(), "exp": machine_s() + 3_600})
}

fn bearer() -> String {
    sign(Algorithm::PS256, "k1", &claims())
}

fn good(tokens: &[&str]) -> Value {
    let notification = json!({"category": "IM", "title": "t", "body": "b", "clickAction": {"actionType": 0}});
    json!({"payload": {"notification": notification}, "target": {"token": tokens}})
}

async fn send(house: &House, bearer: &str, push_type: &str, body: &Value) -> Got {
    house.post(SEND, &[JSON, ("authorization", bearer), ("push-type", push_type)], &body.to_string()).await
}

fn said(got: &Got) -> (u16, String, String) {
    let body = got.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (got.status, text("code"), text("msg"))
}

fn expected(status: u16, code: &str, text: &str) -> (u16, String, String) {
    (status, code.to_owned(), text.to_owned())
}

#[tokio::test]
async fn a_message_reaches_its_phones_and_is_taken_back() {
    let house = open().await;
    let token = house.phone(json!({}));
    let mut body = good(&[&token]);
    body["payload"]["notification"]["notifyId"] = json!(5);
    let bearer = bearer();
    assert_eq!(said(&send(&house, &bearer, "0", &body).await), expected(200, "80000000", "Success"));
    assert_eq!((&house.inbox(&token)[0]["title"], &house.inbox(&token)[0]["kind"]), (&json!("t"), &json!("IM")));
    let headers = [JSON, ("authorization", bearer.as_str()), ("push-type", "0")];
    let revoke = json!({"notifyId": 5, "token": [token]}).to_string();
    assert_eq!(said(&house.post("/v1/c1/messages:revoke", &headers, &revoke).await).1, "80000000");
    assert_eq!(house.inbox(&token)[0]["is_revoked"], true);
}

#[tokio::test]
async fn a_credential_is_checked_in_every_part() {
    let house = open().await;
    let token = house.phone(json!({}));
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        sign(Algorithm::PS256, "k1", &claims)
    };
    let wrong = expected(401, "80200001", "Oauth authentication error");
    let past = json!({"iss": "acc", "aud": AUDIENCE, "iat": machine_s() - 7_200, "exp": machine_s() - 3_600});
    let cases = [
        (String::new(), wrong.clone()),
        ("Bearer x".to_owned(), wrong.clone()),
        (sign(Algorithm::RS256, "k1", &claims()), wrong.clone()),
        (sign(Algorithm::PS256, "k2", &claims()), wrong.clone()),
        (with("iss", json!("other")), wrong.clone()),
        (with("aud", json!("https://example.com")), wrong.clone()),
        (
            with("exp", json!(machine_s() + 86_402)),
            expected(401, "80300036", "The validity period of the JWT exceeds one day"),
        ),
        (sign(Algorithm::PS256, "k1", &past), expected(401, "80200005", "The JWT is expired")),
    ];
    for (bearer, expected) in cases {
        assert_eq!(said(&send(&house, &bearer, "0", &good(&[&token])).await), expected, "{bearer}");
    }
    let bearer = bearer();
    let headers = [JSON, ("authorization", bearer.as_str()), ("push-type", "0")];
    let body = good(&[&token]).to_string();
    assert_eq!(said(&house.post("/v1/p1/messages:send", &headers, &body).await), wrong);
    assert_eq!(said(&house.post("/v3/p2/messages:send", &headers, &body).await).1, "80300002");
    assert_eq!(said(&house.post(SEND, &headers, &body).await).1, "80000000");
    house.call("PUT", "/clock", json!({"offset_ms": 3_700_000}));
    assert_eq!(said(&house.post(SEND, &headers, &body).await).1, "80200005", "also one that was verified before");
}

#[tokio::test]
async fn a_made_account_has_a_key_file_that_works() {
    let house = House::open("harmony").await;
    let file = house.control("POST", "apps", json!({"project_id": "p1"}))["service_account"].clone();
    let token = house.phone(json!({}));
    let header = Header { kid: Some(file["key_id"].as_str().unwrap().to_owned()), ..Header::new(Algorithm::PS256) };
    let key = EncodingKey::from_rsa_pem(file["private_key"].as_str().unwrap().as_bytes()).unwrap();
    let mut claims = claims();
    claims["iss"] = file["sub_account"].clone();
    let bearer = format!("Bearer {}", jsonwebtoken::encode(&header, &claims, &key).unwrap());
    assert_eq!(said(&send(&house, &bearer, "0", &good(&[&token])).await).1, "80000000");
}

#[tokio::test]
async fn messages_out_of_bounds_are_refused() {
    let house = open().await;
    let project = json!({"sensitive_words": ["forbidden"], "verified_images": ["https://a/ok.png"]});
    house.control("PATCH", "apps/p1", project);
    let token = house.phone(json!({}));
    let bearer = bearer();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = good(&[&token]);
        change(&mut body);
        body
    };
    let own = |name: &str, value: Value| with(&|it| it["payload"]["notification"][name] = value.clone());
    let option = |name: &str, value: Value| with(&|it| it["pushOptions"] = json!({ name: value.clone() }));
    let ttl = "TTL is less than current time, please check";
    let cases = [
        ("99", good(&[&token]), "80100001", "Parameters check error: push-type"),
        ("", good(&[&token]), "80100001", "Parameters check error: push-type"),
        ("0", with(&|it| it["target"] = Value::Null), "80100001", "Parameters check error: target"),
        (
            "0",
            with(&|it| it["target"]["token"] = json!(vec!["t"; 1_001])),
            "80300010",
            "Tokens exceed the default value",
        ),
        ("0", json!([]), "80100003", "Message structure error"),
        (
            "0",
            own("x", json!("x".repeat(4_096))),
            "80300008",
            "The message body size exceeds the default value set by the system (4K)",
        ),
        ("0", own("badge", json!({"addNum": 100})), "80100003", "Illegal payload, badge.addNum"),
        ("0", own("clickAction", Value::Null), "80100003", "Illegal payload, clickAction"),
        ("0", own("category", json!("PARTY")), "80100003", "Illegal payload, category"),
        ("0", own("title", json!("")), "80100003", "Illegal payload, title"),
        ("0", own("style", json!(3)), "80100003", "Illegal payload, inboxContent"),
        ("0", own("image", json!("https://a/other.png")), "80100022", "The image is not verified"),
        ("0", own("body", json!("forbidden")), "80100016", "Message contains sensitive information, please check"),
        ("0", option("ttl", json!(0)), "80100004", ttl),
        ("0", option("ttl", json!(-1)), "80100004", ttl),
        ("0", option("biTag", json!("x".repeat(65))), "80100003", "Illegal payload, biTag"),
        ("0", option("collapseKey", json!(101)), "80100003", "Illegal payload, collapseKey"),
        ("6", good(&[&token]), "80100003", "Illegal payload, extraData"),
        ("1", with(&|it| it["target"]["token"] = json!(["a", "b"])), "80300010", "Tokens exceed the default value"),
        (
            "0",
            with(&|it| {
                it["pushOptions"] = json!({"testMessage": true});
                it["target"]["token"] = json!(vec!["t"; 11]);
            }),
            "80300030",
            "The number of tokens in a test message exceeds the limit",
        ),
    ];
    for (push_type, body, code, text) in cases {
        let got = send(&house, &bearer, push_type, &body).await;
        assert_eq!(said(&got), expected(400, code, text), "{push_type} {body}");
    }
    assert!(house.inbox(&token).is_empty());
    assert_eq!(said(&send(&house, &bearer, "0", &own("image", json!("https://a/ok.png"))).await).1, "80000000");
}

#[tokio::test]
async fn the_causes_of_bad_tokens_are_told() {
    let house = open().await;
    let (token, abroad) = (house.phone(json!({})), house.phone(json!({})));
    house.control("PUT", &format!("devices/{abroad}/state"), json!({"state": "abroad"}));
    let bearer = bearer();
    let (status, code, text) = said(&send(&house, &bearer, "0", &good(&[&token, "zz", &abroad])).await);
    let text: Value = serde_json::from_str(&text).unwrap();
    let causes = json!({"countryNotSupport": [abroad], "tokenFormatError": ["zz"]});
    assert_eq!((status, code.as_str()), (200, "80100000"));
    assert_eq!(text, json!({"illegalTokens": causes, "success": 1, "failure": 2}));
    house.control("POST", "apps", json!({"project_id": "p2", "public_key_pem": keys::pair().1}));
    let foreign = house.phone(json!({"app": "p2"}));
    let (_, code, text) = said(&send(&house, &bearer, "0", &good(&[&foreign])).await);
    let text: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code.as_str(), &text["illegalTokens"]), ("80300007", &json!({"noRight": [foreign]})));
    let call = json!({"payload": {"extraData": "ring"}, "pushOptions": {"ttl": 30}, "target": {"token": [token]}});
    let (_, code, text) = said(&send(&house, &bearer, "10", &call).await);
    assert!(code == "80300007" && text.contains("noPushTypeRight"), "{code} {text}");
    house.control("PATCH", "apps/p1", json!({"rights": ["voip"]}));
    assert_eq!(said(&send(&house, &bearer, "10", &call).await).1, "80000000");
}

#[tokio::test]
async fn projects_that_may_not_send_are_refused() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer();
    let mut test = good(&[&token]);
    test["pushOptions"] = json!({"testMessage": true});
    house.control("PATCH", "apps/p1", json!({"tests_per_day": 1}));
    assert_eq!(said(&send(&house, &bearer, "0", &test).await).1, "80000000");
    let got = send(&house, &bearer, "0", &test).await;
    assert_eq!(said(&got), expected(400, "80300029", "The number of test messages exceeds the limit"));
    house.control("PATCH", "apps/p1", json!({"is_penalised": true}));
    assert_eq!(
        said(&send(&house, &bearer, "0", &test).await),
        expected(200, "80300037", "Sending is disabled because of a penalty")
    );
    house.control("PATCH", "apps/p1", json!({"is_push_enabled": false}));
    assert_eq!(said(&send(&house, &bearer, "0", &test).await).1, "80300002");
    house.control("PATCH", "apps/p1", json!({"is_push_enabled": true, "is_penalised": false, "per_s": 0}));
    assert_eq!(send(&house, &bearer, "0", &good(&[&token])).await.status, 503);
    house.call("POST", "/faults", json!({"room": "harmony", "effect": "answer", "code": "81000001"}));
    assert_eq!(said(&send(&house, &bearer, "0", &test).await), expected(500, "81000001", "System inner error"));
}

#[tokio::test]
async fn receipts_have_the_newer_shape() {
    let house = open().await;
    let receiver = Receiver::open().await;
    house.control("PATCH", "apps/p1", json!({"receivers": {"r": {"url": receiver.url(), "user": "u", "key": "k"}}}));
    let token = house.phone(json!({}));
    house.control("PUT", &format!("devices/{token}/state"), json!({"state": "muted"}));
    let mut body = good(&[&token]);
    body["pushOptions"] = json!({"receiptId": "r", "biTag": "tag"});
    let got = send(&house, &bearer(), "0", &body).await;
    let receipt = receiver.next().await;
    let status = receipt.json()["statuses"][0].clone();
    assert_eq!(
        status,
        json!({
            "token": token, "pushType": 0, "appPackageName": "com.example.app", "biTag": "tag",
            "requestId": got.json()["requestId"],
            "deliveryStatus": {"result": 6, "timestamp": status["deliveryStatus"]["timestamp"]},
        })
    );
    assert!(receipt.headers.contains_key("x-huawei-callback-id"));
}

#[tokio::test]
async fn a_phone_shows_an_id_of_its_sender_once_a_day() {
    let house = open().await;
    let token = house.phone(json!({}));
    let mut body = good(&[&token]);
    body["payload"]["notification"]["appMessageId"] = json!("m1");
    for _ in 0..2 {
        assert_eq!(said(&send(&house, &bearer(), "0", &body).await).1, "80000000");
    }
    assert_eq!(house.inbox(&token).len(), 1);
    body["payload"]["notification"]["appMessageId"] = json!("m2");
    send(&house, &bearer(), "0", &body).await;
    assert_eq!(house.inbox(&token).len(), 2);
}
