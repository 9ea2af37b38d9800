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

#[tokio::test]
async fn the_control_api_names_what_it_does_not_know() {
    let house = House::open("vivo").await;
    let wrong = |method: &str, path: &str, body: serde_json::Value| {
        house.sandbox.control(method, &format!("/vivo/{path}"), &body).unwrap_err()
    };
    assert!(wrong("POST", "apps", json!({"colour": "red"})).starts_with("no field colour; there are app_id, app_key"));
    assert!(wrong("POST", "devices", json!({})).starts_with("no such app"));
    house.control("POST", "apps", json!({"app_id": "1"}));
    assert_eq!(wrong("POST", "devices", json!({"token": "zz"})), "the vendor gives no such tokens");
    let token = house.phone(json!({}));
    let state = wrong("PUT", &format!("devices/{token}/state"), json!({"state": "lost"}));
    assert_eq!(state, "a state is one of active, unregistered, offline, muted");
    assert_eq!(wrong("POST", "devices", json!({"count": 0})), "count is 1 to 10000");
    assert_eq!(wrong("PATCH", "apps/2", json!({})), "no such thing");
    let many = house.control("POST", "devices", json!({"count": 1_000, "alias": "al"}));
    assert_eq!(many["tokens"].as_array().unwrap().len(), 1_000);
    assert_eq!(house.control("GET", "devices", json!({}))["devices"].as_array().unwrap().len(), 1_001);
}

#[tokio::test]
async fn the_page_shows_phones_of_all_rooms() {
    let house = House::open("oppo").await;
    for (room, app) in [("fcm", "project_id"), ("huawei", "app_id"), ("oppo", "app_key")] {
        let key = json!({app: format!("app-of-{room}")});
        // A key of its own, so that none is made.
        let key = if room == "fcm" { json!({app: "app-of-fcm", "public_key_pem": crate::keys::pair().1}) } else { key };
        house.call("POST", &format!("/{room}/apps"), key);
        house.call("POST", &format!("/{room}/devices"), json!({}));
    }
    let page = crate::control::call(&house.sandbox.api_url(), "GET", "/", "").await.1;
    for room in ["fcm", "huawei", "oppo"] {
        assert!(page.contains(&format!("<b>{room}</b> · app-of-{room} · active")), "{page}");
    }
}

#[tokio::test]
async fn a_receiver_that_is_not_on_the_loopback_is_not_called() {
    let house = House::open("honor").await;
    let receivers = json!({"default": "http://192.0.2.1/receipts"});
    house.control(
        "POST",
        "apps",
        json!({"app_id": "1", "client_id": "c", "client_secret": "s", "receivers": receivers}),
    );
    let token = house.phone(json!({}));
    let fields = [("grant_type", "client_credentials"), ("client_id", "c"), ("client_secret", "s")];
    let got = house.post("/auth/token", &[crate::client::FORM], &crate::client::form(&fields)).await;
    let bearer = format!("Bearer {}", got.json()["access_token"].as_str().unwrap());
    let now = (crate::wire::machine_s() * 1_000).to_string();
    let headers = [crate::client::JSON, ("authorization", bearer.as_str()), ("timestamp", now.as_str())];
    let shown = json!({"title": "t", "body": "b", "clickAction": {"type": 3}});
    let body = json!({"android": {"notification": shown}, "token": [token]}).to_string();
    assert_eq!(house.post("/api/v1/1/sendMessage", &headers, &body).await.json()["code"], 200);
    let sent = || house.call("GET", "/receipts", json!({}))["receipts"].clone();
    crate::wire::eventually("the receipt is given up", || sent()[0]["answer"].is_string()).await;
    assert_eq!(
        (&sent()[0]["status"], &sent()[0]["answer"]),
        (&json!(0), &json!("the sandbox calls the loopback only"))
    );
}
