//! Every refusal of the room that a request provokes, and the moment where valid becomes invalid.

use http::Request;
use serde_json::json;

use crate::wire::{ALERT, BUNDLE, World};

/// Sends the good request with one change and expects a refusal.
async fn refuses(
    change: impl FnOnce(&World, http::request::Builder) -> http::request::Builder,
    body: &str,
    status: u16,
    reason: &str,
) {
    let world = World::new().await;
    let mut peer = world.connect().await;
    let request = change(&world, world.good());
    let got = peer.ask(request, body).await.unwrap();
    assert_eq!((got.status, got.reason().as_str()), (status, reason));
    world.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_good_request_is_answered_with_an_empty_200_and_its_own_id() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    let id = "eabeae54-14a8-11e5-b60b-1697f925ec7b";
    let got = peer.ask(world.good().header("apns-id", id), ALERT).await.unwrap();
    assert_eq!((got.status, got.body.as_str(), got.headers["apns-id"].to_str().unwrap()), (200, "", id));
    let inbox = world.control("GET", &format!("/apns/devices/{}/inbox", world.token), &json!({}));
    assert_eq!(inbox["notifications"][0]["payload"]["aps"]["alert"], "hi");
    assert_eq!(inbox["notifications"][0]["headers"]["apns-id"], id);
}

#[tokio::test]
async fn an_id_is_given_when_the_request_has_none() {
    let world = World::new().await;
    let got = world.connect().await.ask(world.good(), ALERT).await.unwrap();
    assert_eq!((got.status, got.headers["apns-id"].len()), (200, 36));
}

#[tokio::test]
async fn only_the_development_service_names_a_push_for_its_console() {
    let world = World::new().await;
    let device = json!({"bundle": BUNDLE, "environment": "development"});
    let token = world.control("POST", "/apns/devices", &device)["token"].as_str().unwrap().to_owned();
    let url = world.sandbox.apns_development_url();
    let mut peer = crate::wire::Peer::open(&world.sandbox, &url, None, true).await;
    let got = peer.ask(path(&world, &world.good(), &format!("/3/device/{token}")), ALERT).await.unwrap();
    assert_eq!((got.status, got.headers["apns-unique-id"].len()), (200, 36));
    let got = world.connect().await.ask(world.good(), ALERT).await.unwrap();
    assert!(!got.headers.contains_key("apns-unique-id"));
}

#[tokio::test]
async fn an_empty_body_is_refused() {
    refuses(|_, good| good, "", 400, "PayloadEmpty").await;
}

#[tokio::test]
async fn a_body_without_aps_is_refused() {
    refuses(|_, good| good, r#"{"alert":"hi"}"#, 400, "PayloadEmpty").await;
}

#[tokio::test]
async fn a_payload_of_4097_bytes_is_refused_and_one_of_4096_is_not() {
    let body = |bytes: usize| format!(r#"{{"aps":{{}},"x":"{}"}}"#, "y".repeat(bytes - 17));
    refuses(|_, good| good, &body(4_097), 413, "PayloadTooLarge").await;
    let world = World::new().await;
    assert_eq!(world.connect().await.ask(world.good(), &body(4_096)).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_body_far_over_the_bound_is_refused_in_words() {
    refuses(|_, good| good, &"x".repeat(50_000), 413, "PayloadTooLarge").await;
}

#[tokio::test]
async fn a_voip_payload_may_weigh_5120_bytes() {
    let world = World::new().await;
    let body = |bytes: usize| format!(r#"{{"aps":{{}},"x":"{}"}}"#, "y".repeat(bytes - 17));
    let voip = || {
        let mut request = world.good();
        let headers = request.headers_mut().unwrap();
        headers.insert("apns-push-type", "voip".parse().unwrap());
        headers.insert("apns-topic", format!("{BUNDLE}.voip").parse().unwrap());
        request
    };
    let mut peer = world.connect().await;
    assert_eq!(peer.ask(voip(), &body(5_120)).await.unwrap().status, 200);
    assert_eq!(peer.ask(voip(), &body(5_121)).await.unwrap().reason(), "PayloadTooLarge");
}

#[tokio::test]
async fn a_topic_that_is_no_bundle_id_is_refused() {
    refuses(|_, good| set(good, "apns-topic", "com example"), ALERT, 400, "BadTopic").await;
}

#[tokio::test]
async fn a_topic_without_the_suffix_of_its_push_type_is_refused() {
    refuses(|_, good| set(good, "apns-push-type", "voip"), ALERT, 400, "BadTopic").await;
}

#[tokio::test]
async fn a_missing_topic_is_refused() {
    refuses(|_, good| remove(good, "apns-topic"), ALERT, 400, "MissingTopic").await;
}

#[tokio::test]
async fn a_topic_of_another_team_is_refused() {
    refuses(
        |world, good| {
            world.control("POST", "/apns/apps", &json!({"bundle": "com.other", "team": "TEAM000002"}));
            set(good, "apns-topic", "com.other")
        },
        ALERT,
        400,
        "TopicDisallowed",
    )
    .await;
}

#[tokio::test]
async fn an_id_that_is_no_uuid_is_refused() {
    refuses(|_, good| good.header("apns-id", "not-a-uuid"), ALERT, 400, "BadMessageId").await;
}

#[tokio::test]
async fn an_expiration_is_seconds_from_zero() {
    for bad in ["tomorrow", "-1", "", "1.5"] {
        refuses(|_, good| good.header("apns-expiration", bad), ALERT, 400, "BadExpirationDate").await;
    }
}

#[tokio::test]
async fn a_priority_is_1_5_or_10() {
    for bad in ["7", "0", "high"] {
        refuses(|_, good| good.header("apns-priority", bad), ALERT, 400, "BadPriority").await;
    }
}

#[tokio::test]
async fn a_background_push_may_not_have_priority_10() {
    let change = |_: &World, good| set(good, "apns-push-type", "background").header("apns-priority", "10");
    refuses(change, r#"{"aps":{"content-available":1}}"#, 400, "BadPriority").await;
}

#[tokio::test]
async fn a_collapse_id_of_65_bytes_is_refused() {
    refuses(|_, good| good.header("apns-collapse-id", "c".repeat(65)), ALERT, 400, "BadCollapseId").await;
}

#[tokio::test]
async fn an_unknown_push_type_is_refused() {
    refuses(|_, good| set(good, "apns-push-type", "foo"), ALERT, 400, "InvalidPushType").await;
}

#[tokio::test]
async fn a_header_that_stands_twice_is_refused() {
    refuses(|_, good| good.header("apns-topic", BUNDLE), ALERT, 400, "DuplicateHeaders").await;
}

#[tokio::test]
async fn a_path_without_a_token_is_refused() {
    refuses(|world, good| path(world, &good, "/3/device/"), ALERT, 400, "MissingDeviceToken").await;
}

#[tokio::test]
async fn another_path_is_refused() {
    refuses(|world, good| path(world, &good, "/4/device/x"), ALERT, 404, "BadPath").await;
}

#[tokio::test]
async fn another_method_is_refused() {
    refuses(|_, good| good.method("GET"), "", 405, "MethodNotAllowed").await;
}

#[tokio::test]
async fn a_token_that_is_not_hex_is_refused() {
    refuses(|world, good| path(world, &good, "/3/device/zz"), ALERT, 400, "BadDeviceToken").await;
}

#[tokio::test]
async fn a_token_that_nobody_registered_is_refused() {
    let unknown = format!("/3/device/{}", "ab".repeat(32));
    refuses(|world, good| path(world, &good, &unknown), ALERT, 400, "BadDeviceToken").await;
}

#[tokio::test]
async fn a_token_of_the_other_environment_is_refused() {
    let change = |world: &World, good| {
        let device = json!({"bundle": BUNDLE, "environment": "development"});
        let token = world.control("POST", "/apns/devices", &device)["token"].as_str().unwrap().to_owned();
        path(world, &good, &format!("/3/device/{token}"))
    };
    refuses(change, ALERT, 400, "BadDeviceToken").await;
}

#[tokio::test]
async fn a_token_of_another_bundle_is_refused() {
    let change = |world: &World, good| {
        world.control("POST", "/apns/apps", &json!({"bundle": "com.other", "team": "TEAM000001"}));
        set(good, "apns-topic", "com.other")
    };
    refuses(change, ALERT, 400, "DeviceTokenNotForTopic").await;
}

#[tokio::test]
async fn the_token_of_a_live_activity_takes_nothing_else_and_is_over_with_it() {
    let world = World::new().await;
    let device = json!({"bundle": BUNDLE, "live": true});
    let token = world.control("POST", "/apns/devices", &device)["token"].as_str().unwrap().to_owned();
    let mut peer = world.connect().await;
    // One signature for all: Apple refuses those that are made anew at every turn.
    let signed = world.good().headers_ref().unwrap()["authorization"].to_str().unwrap().to_owned();
    let good = || set(world.good(), "authorization", &signed);
    let to = |request: http::request::Builder| path(&world, &request, &format!("/3/device/{token}"));
    let live = |request: http::request::Builder| {
        let request = set(request, "apns-push-type", "liveactivity");
        set(request, "apns-topic", &format!("{BUNDLE}.push-type.liveactivity"))
    };
    let got = peer.ask(to(good()), ALERT).await.unwrap();
    assert_eq!((got.status, got.reason().as_str()), (400, "DeviceTokenNotForTopic"));
    let update = r#"{"aps":{"timestamp":1,"event":"update","content-state":{}}}"#;
    let got = peer.ask(live(good()), update).await.unwrap();
    assert_eq!((got.status, got.reason().as_str()), (400, "DeviceTokenNotForTopic"));
    assert_eq!(peer.ask(to(live(good())), update).await.unwrap().status, 200);
    let end = r#"{"aps":{"timestamp":2,"event":"end"}}"#;
    assert_eq!(peer.ask(to(live(good())), end).await.unwrap().status, 200);
    let got = peer.ask(to(live(good())), update).await.unwrap();
    assert_eq!((got.status, got.reason().as_str()), (410, "ExpiredToken"));
    world.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_phone_that_is_gone_is_answered_with_the_moment() {
    let world = World::new().await;
    let state = format!("/apns/devices/{}/state", world.token);
    let mut peer = world.connect().await;
    let jwt = world.jwt(crate::wire::machine_s());
    for (state_name, reason) in [("unregistered", "Unregistered"), ("expired", "ExpiredToken")] {
        world.control("PUT", &state, &json!({"state": state_name, "since_ms": 1_700_000_000_123_i64}));
        let got = peer.ask(world.good_with(&jwt), ALERT).await.unwrap();
        let body: serde_json::Value = serde_json::from_str(&got.body).unwrap();
        assert_eq!((got.status, body), (410, json!({"reason": reason, "timestamp": 1_700_000_000_123_i64})));
    }
    world.control("PUT", &state, &json!({"state": "active"}));
    assert_eq!(peer.ask(world.good_with(&jwt), ALERT).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_sender_is_checked_before_the_headers_and_the_device_last() {
    let change = |world: &World, good| {
        let bad = path(world, &good, "/3/device/zz").header("apns-priority", "7");
        remove(remove(bad, "authorization"), "apns-topic")
    };
    refuses(change, "", 403, "MissingProviderToken").await;
    let change = |world: &World, good| path(world, &good, "/3/device/zz").header("apns-priority", "7");
    refuses(change, "", 400, "BadPriority").await;
}

fn set(mut request: http::request::Builder, name: &'static str, value: &str) -> http::request::Builder {
    request.headers_mut().unwrap().insert(name, value.parse().unwrap());
    request
}

fn remove(mut request: http::request::Builder, name: &'static str) -> http::request::Builder {
    request.headers_mut().unwrap().remove(name);
    request
}

fn path(world: &World, request: &http::request::Builder, path: &str) -> http::request::Builder {
    let uri = format!("{}{path}", world.sandbox.apns_url());
    let mut moved = Request::post(uri);
    *moved.headers_mut().unwrap() = request.headers_ref().unwrap().clone();
    moved
}
