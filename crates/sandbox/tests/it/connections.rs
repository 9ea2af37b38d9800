//! What all rooms over HTTP have in common: plain text beside TLS, cuts, goodbyes, bounds, rates.

use serde_json::json;

use crate::client::House;

#[tokio::test]
async fn a_room_speaks_plain_http_on_the_same_port() {
    let house = House::open("fcm").await;
    let got = house.ask_plain("/token", "").await.unwrap();
    assert_eq!((got.status, &got.json()["error"]), (400, &json!("invalid_request")));
}

#[tokio::test]
async fn a_dropped_request_gets_no_answer_and_stands_in_the_list() {
    let house = House::open("fcm").await;
    house.call("POST", "/faults", json!({"path": "/token", "effect": "drop"}));
    assert!(house.ask_plain("/token", "").await.is_err());
    let requests = house.call("GET", "/requests", json!({}));
    assert_eq!(
        (&requests["requests"][0]["status"], &requests["requests"][0]["reason"]),
        (&json!(0), &json!("fault rule"))
    );
    assert_eq!(house.ask_plain("/token", "").await.unwrap().status, 400, "the rule is used up");
}

#[tokio::test]
async fn a_reset_stream_carries_the_code() {
    let house = House::open("fcm").await;
    house.call("POST", "/faults", json!({"path": "/token", "effect": "reset", "code": 7}));
    let error = house.ask_h2("/token", &[], "").await.unwrap_err();
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<h2::Error>()).unwrap();
    assert_eq!(source.reason(), Some(h2::Reason::REFUSED_STREAM));
}

#[tokio::test]
async fn a_goodbye_answers_what_was_asked() {
    let house = House::open("fcm").await;
    house.call("POST", "/faults", json!({"path": "/token", "effect": "go_away"}));
    assert_eq!(house.ask_h2("/token", &[], "").await.unwrap().status, 400);
}

#[tokio::test]
async fn a_body_over_the_bound_is_refused() {
    let house = House::open("fcm").await;
    let got = house.ask_plain("/token", &"x".repeat(300_000)).await.unwrap();
    assert_eq!(got.status, 413);
}

#[tokio::test]
async fn a_rate_rule_refuses_in_the_vendors_words() {
    let house = House::open("fcm").await;
    house.call("POST", "/faults", json!({"room": "fcm", "path": ":send", "effect": "rate_limit", "per_s": 0}));
    let got = house.ask_plain("/v1/projects/p/messages:send", "").await.unwrap();
    assert_eq!((got.status, &got.json()["error"]["status"]), (429, &json!("RESOURCE_EXHAUSTED")));
}
