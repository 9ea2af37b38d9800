//! Google's room: the token endpoint, sends, refusals as they are on the wire, topics, quotas, rules.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::client::{FORM, House, JSON, form};
use crate::keys;
use crate::wire::{Got, machine_s};

const PROJECT: &str = "demo-project";
const SEND: &str = "/v1/projects/demo-project/messages:send";
const ACCOUNT: &str = "push@demo-project.iam.gserviceaccount.com";
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";
const FCM_ERROR: &str = "type.googleapis.com/google.firebase.fcm.v1.FcmError";

async fn open() -> House {
    let house = House::open("fcm").await;
    let project = json!({"project_id": PROJECT, "client_email": ACCOUNT, "private_key_id": "k1", "public_key_pem": keys::pair().1});
    house.control("POST", "apps", project);
    house
}

fn claims() -> Value {
    let now = machine_s();
    json!({
        "iss": ACCOUNT, "aud": "https://oauth2.googleapis.com/token", "iat": now, "exp": now + 3_600,
        "scope": "https://www.googleapis.com/auth/firebase.messaging",
    })
}

fn sign(claims: &Value, kid: &str) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_rsa_pem(keys::pair().0.as_bytes()).unwrap()).unwrap()
}

async fn ask_token(house: &House, assertion: &str) -> Got {
    let fields = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)];
    house.post("/token", &[FORM], &form(&fields)).await
}

async fn bearer(house: &House) -> String {
    let got = ask_token(house, &sign(&claims(), "k1")).await;
    format!("Bearer {}", got.json()["access_token"].as_str().unwrap())
}

async fn send(house: &House, bearer: &str, message: Value) -> Got {
    let body = json!({ "message": message }).to_string();
    house.post(SEND, &[JSON, ("authorization", bearer)], &body).await
}

fn violation(field: &str, text: &str) -> Value {
    json!({"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": text}]})
}

fn fcm_error(code: &str) -> Value {
    json!({"@type": FCM_ERROR, "errorCode": code})
}

#[tokio::test]
async fn a_message_reaches_the_phone_over_both_versions_of_http() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let message = json!({"token": token, "notification": {"title": "hello", "body": "there"}, "data": {"a": "b"}});
    let got = send(&house, &bearer, message.clone()).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let name = got.json()["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("projects/demo-project/messages/0:"), "{name}");
    let body = json!({ "message": message }).to_string();
    let got = house.ask_h2(SEND, &[JSON, ("authorization", &bearer)], &body).await.unwrap();
    assert_eq!(got.status, 200, "{}", got.body);
    let inbox = house.inbox(&token);
    assert_eq!((inbox.len(), &inbox[0]["title"], &inbox[0]["body"]), (2, &json!("hello"), &json!("there")));
    assert_eq!(inbox[0]["payload"]["data"], json!({"a": "b"}));
}

#[tokio::test]
async fn validation_alone_delivers_nothing() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let body = json!({"validate_only": true, "message": {"token": token}}).to_string();
    let got = house.post(SEND, &[JSON, ("authorization", &bearer)], &body).await;
    assert_eq!(got.json(), json!({"name": "projects/demo-project/messages/fake_message_id"}));
    assert!(house.inbox(&token).is_empty());
}

#[tokio::test]
async fn a_made_account_has_a_key_file_that_works() {
    let house = House::open("fcm").await;
    let app = house.control("POST", "apps", json!({"project_id": PROJECT, "client_email": ACCOUNT}));
    let file = &app["service_account"];
    assert_eq!((&file["type"], &file["project_id"]), (&json!("service_account"), &json!(PROJECT)));
    let mut claims = claims();
    claims["aud"] = file["token_uri"].clone();
    let kid = file["private_key_id"].as_str().unwrap().to_owned();
    let header = Header { kid: Some(kid), ..Header::new(Algorithm::RS256) };
    let key = EncodingKey::from_rsa_pem(file["private_key"].as_str().unwrap().as_bytes()).unwrap();
    let got = ask_token(&house, &jsonwebtoken::encode(&header, &claims, &key).unwrap()).await;
    assert_eq!((got.status, &got.json()["expires_in"]), (200, &json!(3_599)), "{}", got.body);
}

#[tokio::test]
async fn the_token_endpoint_refuses_with_the_reason() {
    let house = open().await;
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        sign(&claims, "k1")
    };
    let times = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat \
                 and exp values in the JWT claim.";
    for (assertion, error, text) in [
        ("x.y.z".to_owned(), "invalid_grant", "Invalid JWT: Failed to parse."),
        (with("iss", json!("nobody")), "invalid_grant", "Invalid grant: account not found"),
        (sign(&claims(), "k2"), "invalid_grant", "Invalid JWT Signature."),
        (with("aud", json!("https://example.com")), "invalid_grant", "Invalid JWT: Failed audience check."),
        (with("exp", json!(machine_s() + 3_700)), "invalid_grant", times),
        (with("iat", json!(machine_s() + 1_000)), "invalid_grant", times),
        (with("scope", json!("email")), "invalid_scope", "Invalid OAuth scope or ID token audience provided."),
    ] {
        let got = ask_token(&house, &assertion).await;
        assert_eq!((got.status, got.json()), (400, json!({"error": error, "error_description": text})));
    }
    let got = house.post("/token", &[FORM], "grant_type=password").await;
    let body = json!({"error": "unsupported_grant_type", "error_description": "Invalid grant_type: password"});
    assert_eq!((got.status, got.json()), (400, body));
}

#[tokio::test]
async fn a_send_without_a_valid_access_token_is_401() {
    let house = open().await;
    let token = house.phone(json!({}));
    let got = house.post(SEND, &[JSON], &json!({"message": {"token": token}}).to_string()).await;
    assert_eq!(got.status, 401);
    let text = "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or \
                other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";
    assert_eq!(
        (&got.json()["error"]["message"], &got.json()["error"]["status"]),
        (&json!(text), &json!("UNAUTHENTICATED"))
    );
    let got = send(&house, "Bearer ya29.c.other", json!({"token": token})).await;
    assert_eq!(got.json()["error"]["details"][0]["reason"], "ACCESS_TOKEN_TYPE_UNSUPPORTED");
    let bearer = bearer(&house).await;
    house.call("PUT", "/clock", json!({"offset_ms": 3_599_000}));
    let got = send(&house, &bearer, json!({"token": token})).await;
    assert_eq!((got.status, &got.json()["error"]["details"][0]["reason"]), (401, &json!("ACCESS_TOKEN_EXPIRED")));
}

#[tokio::test]
async fn messages_are_refused_as_on_the_wire() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let invalid = |text: &str, details: Value| json!({"error": {"code": 400, "message": text, "status": "INVALID_ARGUMENT", "details": details}});
    let ours = |field: &str, text: &str| invalid(text, json!([violation(field, text), fcm_error("INVALID_ARGUMENT")]));
    let front = |field: &str, text: &str| invalid(text, json!([violation(field, text)]));
    let bad_token = "The registration token is not a valid FCM registration token";
    let large = "Message is too large. The maximum is 4K (4096 bytes).";
    let duration = "Invalid value at 'message.android.ttl' (type.googleapis.com/google.protobuf.Duration), \"abc\"";
    let unknown = "Invalid JSON payload received. Unknown name \"to\" at 'message': Cannot find field.";
    let ttl = "Invalid TTL: it must be between 0 and 2419200 seconds.";
    let cases = [
        (json!({}), ours("message", "Recipient of the message is not set.")),
        (
            json!({"token": "abc"}),
            invalid(bad_token, json!([fcm_error("INVALID_ARGUMENT"), violation("message.token", bad_token)])),
        ),
        (json!({"topic": "a b"}), ours("message", "Topic name contains invalid characters.")),
        (
            json!({"condition": "'a' in"}),
            json!({"error": {"code": 400, "message": "Request contains an invalid argument.", "status": "INVALID_ARGUMENT"}}),
        ),
        (
            json!({"token": token, "topic": "a"}),
            front(
                "message",
                "Invalid value at 'message' (oneof), oneof field 'target' is already set. Cannot set 'topic'",
            ),
        ),
        (json!({"to": token}), front("message", unknown)),
        (
            json!({"token": token, "data": {"n": 12}}),
            front("message.data[0].value", "Invalid value at 'message.data[0].value' (TYPE_STRING), 12"),
        ),
        (json!({"token": token, "data": {"from": "x"}}), ours("message.data", "Invalid data payload key: from")),
        (
            json!({"token": token, "data": {"a": "x".repeat(4_096)}}),
            invalid(large, json!([{"@type": BAD_REQUEST}, fcm_error("INVALID_ARGUMENT")])),
        ),
        (
            json!({"topic": "a", "data": {"a": "x".repeat(2_048)}}),
            invalid(
                "Message is too large. The maximum is 2K (2048 bytes).",
                json!([{"@type": BAD_REQUEST}, fcm_error("INVALID_ARGUMENT")]),
            ),
        ),
        (json!({"token": token, "android": {"ttl": "abc"}}), front("message.android.ttl", duration)),
        (json!({"token": token, "android": {"ttl": "2419201s"}}), ours("message.android.ttl", ttl)),
        (json!({"token": token, "android": {"ttl": "-1s"}}), ours("message.android.ttl", ttl)),
        (
            json!({"token": token, "webpush": {"headers": {"TTL": "-1"}}}),
            ours("message.webpush.headers.TTL", "TTL must be a non-negative integer."),
        ),
        (
            json!({"token": token, "android": {"restricted_package_name": "com.other"}}),
            ours(
                "message.android.restricted_package_name",
                "The restricted package name does not match the package of the registration token.",
            ),
        ),
    ];
    for (message, expected) in cases {
        let got = send(&house, &bearer, message.clone()).await;
        assert_eq!((got.status, got.json()), (400, expected), "{message}");
    }
    assert!(house.inbox(&token).is_empty());
    let got = send(&house, &bearer, json!({"token": token, "data": {"a": "x".repeat(4_095)}})).await;
    assert_eq!(got.status, 200, "{}", got.body);
}

#[tokio::test]
async fn phones_that_cannot_be_reached_are_told_apart() {
    let house = open().await;
    let token = house.phone(json!({"platform": "ios"}));
    let bearer = bearer(&house).await;
    let expect = |got: &Got, status: u16, code: &str, text: &str| {
        let error = &got.json()["error"];
        assert_eq!((got.status, &error["message"], &error["details"][0]), (status, &json!(text), &fcm_error(code)));
    };
    let unknown = format!("{}:APA91b{}", "a".repeat(22), "b".repeat(134));
    let got = send(&house, &bearer, json!({"token": unknown})).await;
    expect(&got, 404, "UNREGISTERED", "Requested entity was not found.");
    house.control("PATCH", &format!("apps/{PROJECT}"), json!({"has_apns_key": false}));
    let got = send(&house, &bearer, json!({"token": token})).await;
    expect(&got, 401, "THIRD_PARTY_AUTH_ERROR", "Auth error from APNS or Web Push Service");
    house.control("PUT", &format!("devices/{token}/state"), json!({"state": "unregistered"}));
    let got = send(&house, &bearer, json!({"token": token})).await;
    expect(&got, 404, "UNREGISTERED", "Requested entity was not found.");
    house.control("POST", "apps", json!({"project_id": "other", "public_key_pem": keys::pair().1}));
    let foreign = house.phone(json!({"app": "other"}));
    let got = send(&house, &bearer, json!({"token": foreign})).await;
    expect(&got, 403, "SENDER_ID_MISMATCH", "SenderId mismatch");
    let body = json!({"message": {"token": foreign}}).to_string();
    let headers = [JSON, ("authorization", bearer.as_str())];
    let got = house.post("/v1/projects/other/messages:send", &headers, &body).await;
    assert_eq!((got.status, &got.json()["error"]["status"]), (403, &json!("PERMISSION_DENIED")));
    let got = house.post("/v1/projects/nobody/messages:send", &headers, &body).await;
    assert_eq!((got.status, got.json()["error"].get("details")), (404, None));
    assert_eq!(house.post("/fcm/send", &headers, &body).await.status, 404);
}

#[tokio::test]
async fn allowances_run_out_and_say_when_to_come_back() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    house.control("PATCH", &format!("apps/{PROJECT}"), json!({"device_per_minute": 1}));
    assert_eq!(send(&house, &bearer, json!({"token": token})).await.status, 200);
    let got = send(&house, &bearer, json!({"token": token})).await;
    assert_eq!((got.status, got.headers["retry-after"].to_str().unwrap()), (429, "60"));
    assert_eq!(got.json()["error"]["details"][0], fcm_error("QUOTA_EXCEEDED"));
    house.call("PUT", "/clock", json!({"offset_ms": 60_000}));
    assert_eq!(send(&house, &bearer, json!({"token": token})).await.status, 200);
}

#[tokio::test]
async fn topics_are_subscribed_in_batches_and_reached_by_conditions() {
    let house = open().await;
    let (first, second) = (house.phone(json!({})), house.phone(json!({})));
    let bearer = bearer(&house).await;
    let headers = [JSON, ("authorization", bearer.as_str()), ("access_token_auth", "true")];
    let body = json!({"to": "/topics/news", "registration_tokens": [first, "abc"]}).to_string();
    let got = house.post("/iid/v1:batchAdd", &headers, &body).await;
    assert_eq!(got.json(), json!({"results": [{}, {"error": "INVALID_ARGUMENT"}]}));
    for message in [json!({"topic": "news"}), json!({"condition": "!('news' in topics)"})] {
        assert_eq!(send(&house, &bearer, message).await.status, 200);
    }
    assert_eq!((house.inbox(&first).len(), house.inbox(&second).len()), (1, 1));
    let body = json!({"to": "/topics/news", "registration_tokens": [first]}).to_string();
    assert_eq!(house.post("/iid/v1:batchRemove", &headers, &body).await.json(), json!({"results": [{}]}));
    send(&house, &bearer, json!({"topic": "news"})).await;
    assert_eq!(house.inbox(&first).len(), 1);
}

#[tokio::test]
async fn a_single_phone_is_subscribed_by_its_own_address() {
    let house = open().await;
    let token = house.phone(json!({}));
    let bearer = bearer(&house).await;
    let headers = [JSON, ("authorization", bearer.as_str())];
    let path = |token: &str| format!("/v1/projects/demo-project/registrations/{token}/topicSubscriptions");
    let got = house.post(&format!("{}?topic_name=news", path(&token)), &headers, "{}").await;
    let name = format!("projects/demo-project/registrations/{token}/topicSubscriptions/news");
    assert_eq!((got.status, got.json()), (200, json!({ "name": name })));
    send(&house, &bearer, json!({"topic": "news"})).await;
    assert_eq!(house.inbox(&token).len(), 1);
    assert_eq!(house.post(&format!("{}?topic_name=news", path("abc")), &headers, "{}").await.status, 400);
    let got = house.ask("DELETE", &format!("{}/news?allow_missing=true", path(&token)), &headers, "").await;
    assert_eq!(got.status, 200, "{}", got.body);
    send(&house, &bearer, json!({"topic": "news"})).await;
    assert_eq!(house.inbox(&token).len(), 1);
}

#[tokio::test]
async fn rules_say_what_no_request_provokes() {
    let house = open().await;
    let token = house.phone(json!({}));
    house.call(
        "POST",
        "/faults",
        json!({"room": "fcm", "effect": "answer", "code": "UNAVAILABLE", "retry_after_s": 30}),
    );
    let bearer = bearer(&house).await;
    let got = send(&house, &bearer, json!({"token": token})).await;
    let error = json!({"code": 503, "message": "The service is currently unavailable.", "status": "UNAVAILABLE", "details": [fcm_error("UNAVAILABLE")]});
    assert_eq!((got.status, got.json()["error"].clone()), (503, error));
    assert_eq!(got.headers["retry-after"].to_str().unwrap(), "30");
    house.call("POST", "/faults", json!({"room": "fcm", "effect": "answer", "code": "INTERNAL"}));
    let got = send(&house, &bearer, json!({"token": token})).await;
    assert_eq!((got.status, &got.json()["error"]["message"]), (500, &json!("Internal error encountered.")));
    house.call("POST", "/faults", json!({"room": "fcm", "effect": "answer", "status": 502, "body": "<b>no</b>"}));
    let got = send(&house, &bearer, json!({"token": token})).await;
    assert_eq!((got.status, got.body.as_str()), (502, "<b>no</b>"));
    assert!(house.inbox(&token).is_empty());
}
