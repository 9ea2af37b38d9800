//! Huawei's room for Android: the token endpoint, sends, refusals with their bodies, topics, receipts, the old gateway.

use serde_json::{Value, json};

use crate::client::{FORM, House, JSON, form};
use crate::receiver::Receiver;
use crate::wire::{Got, machine_s};

const SEND: &str = "/v1/100000001/messages:send";

const TTL: &str = "TTL is less than current time, please check";
const GROUP: &str = "Collapse_key is illegal, please check";

async fn open() -> House {
    let house = House::open("huawei").await;
    house.control("POST", "apps", json!({"app_id": "100000001", "secret": "s1"}));
    house
}

async fn ask_token(house: &House, id: &str, secret: &str) -> Got {
    let fields = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    house.post("/oauth2/v3/token", &[FORM], &form(&fields)).await
}

async fn bearer(house: &House) -> String {
    let got = ask_token(house, "100000001", "s1").await;
    format!("Bearer {}", got.json()["access_token"].as_str().unwrap())
}

fn good(tokens: &[&str]) -> Value {
    json!({"message": {
        "android": {"notification": {"title": "t", "body": "b", "click_action": {"type": 3}}}, "token": tokens,
    }})
}

async fn send(house: &House, bearer: &str, body: &Value) -> Got {
    house.post(SEND, &[JSON, ("authorization", bearer)], &body.to_string()).await
}

/// Status, code and words; every answer has a request id.
fn said(got: &Got) -> (u16, String, String) {
    let body = got.json();
    assert!(body["requestId"].as_str().is_some_and(|id| id.len() > 20), "{body}");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (got.status, text("code"), text("msg"))
}

fn expected(status: u16, code: &str, text: &str) -> (u16, String, String) {
    (status, code.to_owned(), text.to_owned())
}

#[tokio::test]
async fn a_message_reaches_its_phones() {
    let house = open().await;
    let (first, second) = (house.phone(json!({})), house.phone(json!({})));
    let bearer = bearer(&house).await;
    let got = send(&house, &bearer, &good(&[&first, &second])).await;
    assert_eq!(said(&got), expected(200, "80000000", "Success"));
    assert_eq!((house.inbox(&first)[0]["title"].clone(), house.inbox(&second).len()), (json!("t"), 1));
    let mut dry = good(&[&first]);
    dry["validate_only"] = json!(true);
    assert_eq!(said(&send(&house, &bearer, &dry).await), expected(200, "80000000", "Success"));
    assert_eq!(house.inbox(&first).len(), 1);
}

#[tokio::test]
async fn the_access_token_is_escaped_as_the_vendor_does_and_checked() {
    let house = open().await;
    let got = ask_token(&house, "100000001", "s1").await;
    assert!(got.body.contains("\\/"), "{}", got.body);
    assert_eq!((&got.json()["expires_in"], &got.json()["token_type"]), (&json!(3_600), &json!("Bearer")));
    let got = ask_token(&house, "100000001", "wrong").await;
    let body = json!({"sub_error": 12_304, "error_description": "invalid client_secret", "error": 1_101});
    assert_eq!((got.status, got.json()), (400, body));
    let token = house.phone(json!({}));
    let got = house.post(SEND, &[JSON], &good(&[&token]).to_string()).await;
    assert_eq!(said(&got), expected(401, "80200001", "Oauth authentication error"));
    let bearer = bearer(&house).await;
    let got = send(&house, &format!("{bearer}x"), &good(&[&token])).await;
    assert_eq!(said(&got), expected(401, "80200003", "Access token expired"));
    house.control("POST", "apps", json!({"app_id": "100000002", "secret": "s2"}));
    let headers = [JSON, ("authorization", bearer.as_str())];
    let got = house.post("/v1/100000002/messages:send", &headers, &good(&[&token]).to_string()).await;
    assert_eq!(said(&got), expected(401, "80200001", "Oauth authentication error"));
    let got = house.post("/v1/999/messages:send", &headers, &good(&[&token]).to_string()).await;
    assert_eq!(said(&got), expected(200, "80300002", "No permission to send message to these tmIDs"));
    house.call("PUT", "/clock", json!({"offset_ms": 3_600_000}));
    assert_eq!(said(&send(&house, &bearer, &good(&[&token])).await).1, "80200003");
}

#[tokio::test]
async fn messages_out_of_bounds_are_refused() {
    let house = open().await;
    house.control("PATCH", "apps/100000001", json!({"sensitive_words": ["forbidden"]}));
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = good(&[&token]);
        change(&mut body["message"]);
        body
    };
    let android = |name: &str, value: Value| with(&|message| message["android"][name] = value.clone());
    let own = |name: &str, value: Value| with(&|message| message["android"]["notification"][name] = value.clone());
    let cases = [
        (json!([]), "80100003", "Message structure error"),
        (json!({"messager": {}}), "80300010", "Tokens exceed the default value"),
        (with(&|it| it["token"] = json!("x")), "80100002", "Token number should be one when send sys message"),
        (with(&|it| it["token"] = json!([])), "80100002", "Token number should be one when send sys message"),
        (with(&|it| it["token"] = json!(vec!["t"; 1_001])), "80300010", "Tokens exceed the default value"),
        (with(&|it| it["topic"] = json!("a")), "80100001", "Parameters check error: one of token, topic and condition"),
        (
            with(&|it| it["android"]["notification"] = Value::Null),
            "80100003",
            "Message structure error: notification or data is required",
        ),
        (
            with(&|it| it["data"] = json!("x".repeat(4_096))),
            "80300008",
            "The message body size exceeds the default value set by the system (4K)",
        ),
        (with(&|it| it["data"] = json!({})), "80100001", "Parameters check error: data"),
        (android("ttl", json!("0s")), "80100004", TTL),
        (android("ttl", json!("-1s")), "80100004", TTL),
        (android("ttl", json!("1296001s")), "80100004", TTL),
        (android("ttl", json!("soon")), "80100001", "Parameters check error: ttl"),
        (android("collapse_key", json!(101)), "80100013", GROUP),
        (android("collapse_key", json!(-2)), "80100013", GROUP),
        (android("urgency", json!("LOUD")), "80100001", "Parameters check error: urgency"),
        (
            android("urgency", json!("HIGH")),
            "80300011",
            "You are not authorized to send high-priority notification messages",
        ),
        (android("category", json!("PARTY")), "80100001", "Parameters check error: category"),
        (android("receipt_id", json!("nobody")), "80300013", "Receipt URL is error"),
        (own("body", json!("")), "80100003", "Message structure error: body"),
        (own("body", json!("a forbidden word")), "80100016", "Message contains sensitive information, please check"),
        (own("click_action", Value::Null), "80100003", "Message structure error: click_action"),
        (own("click_action", json!({"type": 1})), "80100003", "Message structure error: click_action"),
        (
            own("click_action", json!({"type": 2, "url": "http://a"})),
            "80100003",
            "Message structure error: click_action",
        ),
        (own("badge", json!({"add_num": 0})), "80100003", "Message structure error: badge"),
        (own("badge", json!({"set_num": 100})), "80100003", "Message structure error: badge"),
        (own("style", json!(1)), "80100003", "Message structure error: big_title and big_body"),
        (own("style", json!(2)), "80100001", "Parameters check error: style"),
        (own("image", json!("http://a/b.png")), "80100003", "Message structure error: image"),
        (own("importance", json!("MAX")), "80100001", "Parameters check error: importance"),
        (own("buttons", json!([{"name": ""}])), "80100003", "Message structure error: buttons"),
    ];
    for (body, code, text) in cases {
        let got = send(&house, &bearer, &body).await;
        assert_eq!(said(&got), expected(400, code, text), "{body}");
    }
    assert!(house.inbox(&token).is_empty());
    for (name, value) in [("ttl", json!("1296000s")), ("collapse_key", json!(100)), ("category", json!("IM"))] {
        assert_eq!(said(&send(&house, &bearer, &android(name, value)).await).1, "80000000");
    }
}

#[tokio::test]
async fn tokens_that_are_none_are_named_and_the_others_get_it() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let got = send(&house, &bearer, &good(&[&token, "zz"])).await;
    let (status, code, text) = said(&got);
    assert_eq!((status, code.as_str()), (200, "80100000"));
    let text: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(text, json!({"success": 1, "failure": 1, "illegal_tokens": ["zz"]}));
    assert_eq!(house.inbox(&token).len(), 1);
    house.control("POST", "apps", json!({"app_id": "100000002"}));
    let foreign = house.phone(json!({"app": "100000002"}));
    for tokens in [vec!["zz"], vec![foreign.as_str()], vec!["zz", &foreign]] {
        let got = send(&house, &bearer, &good(&tokens)).await;
        assert_eq!(said(&got), expected(200, "80300007", "All the tokens are invalid"));
    }
    house.control("PATCH", "apps/100000001", json!({"is_push_enabled": false}));
    assert_eq!(said(&send(&house, &bearer, &good(&[&token])).await).1, "80300002");
}

#[tokio::test]
async fn who_is_too_fast_gets_a_page() {
    let house = open().await;
    house.control("PATCH", "apps/100000001", json!({"per_s": 0}));
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let got = send(&house, &bearer, &good(&[&token])).await;
    assert_eq!((got.status, got.headers["content-type"].to_str().unwrap()), (503, "text/html"));
    assert!(got.body.contains("503 Service Unavailable"));
    house.call("POST", "/faults", json!({"room": "huawei", "effect": "answer", "code": "81000001"}));
    let got = send(&house, &bearer, &good(&[&token])).await;
    assert_eq!(said(&got), expected(500, "81000001", "System inner error"));
}

#[tokio::test]
async fn receipts_tell_each_phones_fate_and_are_signed() {
    let house = open().await;
    let receiver = Receiver::open().await;
    let receivers = json!({"default": {"url": receiver.url(), "user": "u", "key": "k"}});
    house.control("PATCH", "apps/100000001", json!({"receivers": receivers, "device_per_day": 1}));
    let mut tokens = Vec::new();
    for state in ["active", "unregistered", "reset", "muted", "offline", "silent", "locked", "controlled"] {
        let token = house.phone(json!({}));
        house.control("PUT", &format!("devices/{token}/state"), json!({"state": state}));
        tokens.push(token);
    }
    let asked: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let bearer = bearer(&house).await;
    let mut body = good(&asked);
    body["message"]["android"]["bi_tag"] = json!("tag");
    let got = send(&house, &bearer, &body).await;
    assert_eq!(said(&got).1, "80000000");
    let receipt = receiver.next().await;
    let statuses = receipt.json()["statuses"].as_array().unwrap().clone();
    let fates: Vec<i64> = statuses.iter().map(|it| it["status"].as_i64().unwrap()).collect();
    assert_eq!(fates, [0, 2, 5, 6, 10, 14, 51, 201]);
    let first = json!({
        "biTag": "tag", "appid": "100000001", "token": tokens[0], "status": 0,
        "timestamp": statuses[0]["timestamp"], "requestId": got.json()["requestId"],
    });
    assert_eq!(statuses[0], first);
    let signature = receipt.headers["x-huawei-callback-id"].to_str().unwrap();
    let part = |name: &str| signature.split("; ").find_map(|part| part.strip_prefix(&format!("{name}="))).unwrap();
    assert_eq!(part("value"), crate::receiver::hmac("k", &format!("{}{}u", part("timestamp"), part("nonce"))));
    send(&house, &bearer, &good(&[&tokens[0]])).await;
    assert_eq!(receiver.next().await.json()["statuses"][0]["status"], 102, "one a day");
    assert_eq!(house.call("GET", "/receipts", json!({}))["receipts"][0]["status"], 200);
}

#[tokio::test]
async fn topics_are_subscribed_reached_and_listed() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let headers = [JSON, ("authorization", bearer.as_str())];
    let ask = async |call: &str, body: Value| {
        house.post(&format!("/v1/100000001/topic:{call}"), &headers, &body.to_string()).await
    };
    let got = ask("subscribe", json!({"topic": "news", "tokenArray": [token, "zz"]})).await;
    let body = got.json();
    assert_eq!(
        (&body["code"], &body["successCount"], &body["failureCount"]),
        (&json!("80000000"), &json!(1), &json!(1))
    );
    assert_eq!(body["errors"], json!([{"index": 1, "reason": "Invalid token"}]));
    let mut message = good(&[]);
    message["message"].as_object_mut().unwrap().remove("token");
    message["message"]["topic"] = json!("news");
    assert_eq!(said(&send(&house, &bearer, &message).await).1, "80000000");
    assert_eq!(house.inbox(&token).len(), 1);
    assert_eq!(ask("list", json!({"token": token})).await.json()["topics"], json!([{"name": "news"}]));
    for (call, body, code, text) in [
        ("subscribe", json!({"topic": "a b", "tokenArray": [token]}), "82000007", "Invalid topic"),
        ("subscribe", json!({"topic": "a", "tokenArray": []}), "82000008", "Token array null or transfinited"),
        ("list", json!({}), "82000011", "Token is null"),
        ("list", json!({"token": "zz"}), "82000010", "Some token is wrong"),
    ] {
        assert_eq!(said(&ask(call, body).await), expected(400, code, text));
    }
}

#[tokio::test]
async fn a_notification_is_taken_back_by_its_id() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let mut body = good(&[&token]);
    body["message"]["android"]["notification"]["notify_id"] = json!(7);
    send(&house, &bearer, &body).await;
    let headers = [JSON, ("authorization", bearer.as_str())];
    let revoke = json!({"notifyId": 7, "token": [token]}).to_string();
    let got = house.post("/v1/100000001/messages:revoke", &headers, &revoke).await;
    assert_eq!(said(&got).1, "80000000");
    assert_eq!(house.inbox(&token)[0]["is_revoked"], true);
}

#[tokio::test]
async fn the_old_gateway_answers_only_when_it_is_switched_on() {
    let house = open().await;
    let token = house.phone(json!({}));
    let access = bearer(&house).await.trim_start_matches("Bearer ").to_owned();
    let payload = json!({"hps": {"msg": {"type": 3, "body": {"title": "t", "content": "c"}}}}).to_string();
    let ask = async |app: &str, change: (&str, &str)| {
        let (now, list) = (machine_s().to_string(), json!([token]).to_string());
        let mut fields = vec![
            ("access_token", access.as_str()),
            ("nsp_svc", "openpush.message.api.send"),
            ("nsp_ts", now.as_str()),
            ("device_token_list", list.as_str()),
            ("payload", payload.as_str()),
        ];
        fields.retain(|(name, _)| *name != change.0);
        fields.push(change);
        let context = format!("/pushsend.do?{}", form(&[("nsp_ctx", &json!({"ver": "1", "appId": app}).to_string())]));
        house.post(&context, &[FORM], &form(&fields)).await
    };
    assert_eq!(ask("100000001", ("a", "")).await.status, 404);
    house.control("PATCH", "apps/100000001", json!({"is_legacy": true}));
    assert_eq!(said(&ask("100000001", ("a", "")).await), expected(200, "80000000", "success"));
    assert_eq!(house.inbox(&token)[0]["body"], "c");
    let gateway = async |got: Got, code: &str, text: &str| {
        assert_eq!((got.headers["nsp_status"].to_str().unwrap(), got.json()), (code, json!({ "error": text })));
    };
    gateway(ask("100000001", ("nsp_svc", "other")).await, "100", "invalid unknown parameter").await;
    gateway(ask("999", ("a", "")).await, "101", "invalid API_KEY").await;
    gateway(ask("100000001", ("access_token", "x")).await, "102", "invalid SESSION_KEY").await;
    gateway(ask("100000001", ("nsp_ts", "5")).await, "109", "the nsp_ts difference is too large").await;
    house.control("PATCH", "apps/100000001", json!({"is_secret_rotated": true}));
    gateway(ask("100000001", ("a", "")).await, "107", "obtain the client and secret again").await;
    house.control("PATCH", "apps/100000001", json!({"is_secret_rotated": false, "is_push_enabled": false}));
    gateway(ask("100000001", ("a", "")).await, "106", "no permission to access the service").await;
    house.control("PATCH", "apps/100000001", json!({"is_push_enabled": true}));
    let rule = json!({"room": "huawei", "path": "/pushsend.do", "effect": "answer", "code": 111});
    house.call("POST", "/faults", rule);
    gateway(ask("100000001", ("a", "")).await, "111", "service busy").await;
    for (state, code) in [
        ("offline", "80000003"),
        ("unregistered", "80000004"),
        ("silent", "80000005"),
        ("unrouted", "80000006"),
        ("abroad", "80000007"),
        ("moved", "80000008"),
    ] {
        house.control("PUT", &format!("devices/{token}/state"), json!({"state": state}));
        assert_eq!(said(&ask("100000001", ("a", "")).await).1, code);
    }
}

#[tokio::test]
async fn the_retired_gateway_stands_in_front_of_todays_path_only_where_it_is_asked_for() {
    let house = open().await;
    let (token, other) = (house.phone(json!({})), house.phone(json!({})));
    let bearer = bearer(&house).await;
    house.control("PUT", &format!("devices/{token}/state"), json!({"state": "offline"}));
    assert_eq!(said(&send(&house, &bearer, &good(&[&token])).await), expected(200, "80000000", "Success"));
    house.control("PATCH", "apps/100000001", json!({"is_legacy": true}));
    assert_eq!(said(&send(&house, &bearer, &good(&[&token])).await), expected(200, "80000003", "Terminal offline"));
    // Many phones were never waited for.
    assert_eq!(said(&send(&house, &bearer, &good(&[&token, &other])).await), expected(200, "80000000", "Success"));
    let status = |got: Got| got.headers["nsp_status"].to_str().unwrap().to_owned();
    assert_eq!(status(send(&house, "wrong", &good(&[&token])).await), "102");
    house.control("PATCH", "apps/100000001", json!({"is_push_enabled": false}));
    assert_eq!(status(send(&house, &bearer, &good(&[&token])).await), "106");
    house.control("PATCH", "apps/100000001", json!({"is_secret_rotated": true}));
    assert_eq!(status(send(&house, &bearer, &good(&[&token])).await), "107");
}

#[tokio::test]
async fn moments_have_a_zone_and_texts_at_most_three_languages() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let check = async |name: &str, value: Value, is_fine: bool| {
        let mut body = good(&[&token]);
        body["message"]["android"]["notification"][name] = value;
        let (_, code, text) = said(&send(&house, &bearer, &body).await);
        let refused = ("80100003", format!("Message structure error: {name}"));
        let expected = if is_fine { ("80000000", "Success".to_owned()) } else { refused };
        assert_eq!((code.as_str(), text), expected);
    };
    check("when", json!("2027-01-02T03:04:05.678Z"), true).await;
    check("when", json!("tomorrow"), false).await;
    let languages = |names: &[&str]| -> Value { names.iter().map(|name| ((*name).to_owned(), json!("x"))).collect() };
    check("multi_lang_key", json!({"title_key": languages(&["en", "zh", "fr"])}), true).await;
    check("multi_lang_key", json!({"title_key": languages(&["en", "zh", "fr", "de"])}), false).await;
}

#[tokio::test]
async fn so_many_topics_are_worked_on_at_once() {
    let house = open().await;
    let bearer = bearer(&house).await;
    let mut body = good(&[]);
    body["message"].as_object_mut().unwrap().remove("token");
    body["message"]["topic"] = json!("news");
    let mut codes = std::collections::BTreeMap::<String, usize>::new();
    // The sandbox's clock moves on meanwhile: a few seconds' worth are enough for one second to be too full.
    for _ in 0..2_000 {
        *codes.entry(said(&send(&house, &bearer, &body).await).1).or_default() += 1;
        if codes.contains_key("80100017") {
            return;
        }
    }
    panic!("never too many: {codes:?}");
}
