//! Who may send: provider tokens and client certificates.

use serde_json::{Value, json};

use crate::wire::{ALERT, BUNDLE, Got, Peer, World, machine_s, sign};

async fn ask_with(world: &World, jwt: &str) -> Got {
    world.connect().await.ask(world.good_with(jwt), ALERT).await.unwrap()
}

/// A push with a client certificate instead of a token.
async fn ask_certified(world: &World, certificate: &Value, url: &str, topic: Option<&str>) -> Got {
    let identity = world.control("POST", "/apns/certificates", certificate);
    let mut peer = Peer::open(&world.sandbox, url, Some(&identity), true).await;
    let mut request = http::Request::post(format!("{url}/3/device/{}", world.token));
    if let Some(topic) = topic {
        request = request.header("apns-topic", topic);
    }
    peer.ask(request, ALERT).await.unwrap()
}

#[tokio::test]
async fn a_token_is_valid_for_60_minutes_and_no_second_longer() {
    let world = World::new().await;
    let jwt = world.jwt(machine_s());
    world.control("PUT", "/clock", &json!({"offset_ms": 3_590_000}));
    assert_eq!(ask_with(&world, &jwt).await.status, 200);
    world.control("PUT", "/clock", &json!({"offset_ms": 3_602_000}));
    let got = ask_with(&world, &jwt).await;
    assert_eq!((got.status, got.reason().as_str()), (403, "ExpiredProviderToken"));
}

#[tokio::test]
async fn a_token_expires_on_a_connection_that_knows_it() {
    let world = World::new().await;
    let jwt = world.jwt(machine_s());
    let mut peer = world.connect().await;
    assert_eq!(peer.ask(world.good_with(&jwt), ALERT).await.unwrap().status, 200);
    world.control("PUT", "/clock", &json!({"offset_ms": 3_602_000}));
    assert_eq!(peer.ask(world.good_with(&jwt), ALERT).await.unwrap().reason(), "ExpiredProviderToken");
}

#[tokio::test]
async fn a_token_that_does_not_verify_is_refused() {
    let world = World::new().await;
    let other = world.control("POST", "/apns/keys", &json!({"team": "TEAM000001"}));
    let mut unknown = world.key.clone();
    unknown["key"] = json!("NOBODYSKEY");
    let mut swapped = world.key.clone();
    swapped["p8"] = other["p8"].clone();
    let now = machine_s();
    let tokens = [
        ("wrong team", sign(&world.key, "TEAM000002", now)),
        ("unknown key", sign(&unknown, "TEAM000001", now)),
        ("wrong signature", sign(&swapped, "TEAM000001", now)),
        ("no time", {
            let full = sign(&world.key, "TEAM000001", now);
            full[..full.len() - 10].to_owned()
        }),
        ("nonsense", "nonsense".to_owned()),
        ("from the future", sign(&world.key, "TEAM000001", now + 3_600)),
    ];
    for (what, jwt) in tokens {
        let got = ask_with(&world, &jwt).await;
        assert_eq!((got.status, got.reason().as_str()), (403, "InvalidProviderToken"), "{what}");
    }
}

#[tokio::test]
async fn a_request_without_any_proof_is_refused() {
    let world = World::new().await;
    let mut request = world.good();
    request.headers_mut().unwrap().remove("authorization");
    let got = world.connect().await.ask(request, ALERT).await.unwrap();
    assert_eq!((got.status, got.reason().as_str()), (403, "MissingProviderToken"));
}

#[tokio::test]
async fn a_second_token_within_20_minutes_is_refused_and_the_first_still_works() {
    let world = World::new().await;
    let (first, second) = (world.jwt(machine_s() - 10), world.jwt(machine_s()));
    let mut peer = world.connect().await;
    assert_eq!(peer.ask(world.good_with(&first), ALERT).await.unwrap().status, 200);
    let got = peer.ask(world.good_with(&second), ALERT).await.unwrap();
    assert_eq!((got.status, got.reason().as_str()), (429, "TooManyProviderTokenUpdates"));
    assert_eq!(peer.ask(world.good_with(&first), ALERT).await.unwrap().status, 200);
    world.control("PUT", "/clock", &json!({"offset_ms": 20 * 60_000 + 1_000}));
    assert_eq!(peer.ask(world.good_with(&second), ALERT).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_connection_belongs_to_the_first_key_it_showed() {
    let world = World::new().await;
    let other = world.control("POST", "/apns/keys", &json!({"team": "TEAM000001"}));
    let mut peer = world.connect().await;
    assert_eq!(peer.ask(world.good(), ALERT).await.unwrap().status, 200);
    let jwt = sign(&other, "TEAM000001", machine_s());
    let got = peer.ask(world.good_with(&jwt), ALERT).await.unwrap();
    assert_eq!((got.status, got.reason().as_str()), (403, "UnrelatedKeyIdInToken"));
    assert_eq!(ask_with(&world, &jwt).await.status, 200);
}

#[tokio::test]
async fn a_key_of_one_environment_is_refused_by_the_other() {
    let world = World::new().await;
    let key = world.control("POST", "/apns/keys", &json!({"team": "TEAM000001", "environment": "development"}));
    let got = ask_with(&world, &sign(&key, "TEAM000001", machine_s())).await;
    assert_eq!((got.status, got.reason().as_str()), (403, "BadEnvironmentKeyIdInToken"));
}

#[tokio::test]
async fn a_key_of_some_bundles_may_not_send_to_others() {
    let world = World::new().await;
    let key = world.control("POST", "/apns/keys", &json!({"team": "TEAM000001", "bundles": ["com.example.other"]}));
    let got = ask_with(&world, &sign(&key, "TEAM000001", machine_s())).await;
    assert_eq!((got.status, got.reason().as_str()), (400, "TopicDisallowed"));
}

#[tokio::test]
async fn a_disabled_key_is_forbidden() {
    let world = World::new().await;
    world.control("PATCH", &format!("/apns/keys/{}", world.key["key"].as_str().unwrap()), &json!({"enabled": false}));
    let got = ask_with(&world, &world.jwt(machine_s())).await;
    assert_eq!((got.status, got.reason().as_str()), (403, "Forbidden"));
}

#[tokio::test]
async fn a_public_key_made_elsewhere_can_be_registered() {
    let world = World::new().await;
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let new = json!({"team": "TEAM000001", "key": "OWNKEY0001", "public_key_pem": pair.public_key_pem()});
    let mut key = world.control("POST", "/apns/keys", &new);
    assert_eq!(key["p8"], Value::Null);
    key["p8"] = json!(pair.serialize_pem());
    assert_eq!(ask_with(&world, &sign(&key, "TEAM000001", machine_s())).await.status, 200);
}

#[tokio::test]
async fn a_certificate_of_one_topic_needs_no_topic_header() {
    let world = World::new().await;
    let url = world.sandbox.apns_url();
    let certificate = json!({"bundle": BUNDLE});
    assert_eq!(ask_certified(&world, &certificate, &url, None).await.status, 200);
    assert_eq!(ask_certified(&world, &certificate, &url, Some(BUNDLE)).await.status, 200);
    assert_eq!(ask_certified(&world, &certificate, &url, Some("com.other")).await.reason(), "TopicDisallowed");
}

#[tokio::test]
async fn a_certificate_of_many_topics_needs_one_of_them() {
    let world = World::new().await;
    let url = world.sandbox.apns_url();
    let certificate = json!({"bundle": BUNDLE, "topics": [BUNDLE, format!("{BUNDLE}.voip")]});
    assert_eq!(ask_certified(&world, &certificate, &url, Some(BUNDLE)).await.status, 200);
    assert_eq!(ask_certified(&world, &certificate, &url, None).await.reason(), "MissingTopic");
    assert_eq!(ask_certified(&world, &certificate, &url, Some("com.other")).await.reason(), "TopicDisallowed");
}

#[tokio::test]
async fn a_certificate_is_bad_once_it_has_expired_or_is_somebody_elses() {
    let world = World::new().await;
    let url = world.sandbox.apns_url();
    for bad in [json!({"bundle": BUNDLE, "expires_in_ms": -1000}), json!({"bundle": BUNDLE, "is_foreign": true})] {
        let got = ask_certified(&world, &bad, &url, Some(BUNDLE)).await;
        assert_eq!((got.status, got.reason().as_str()), (403, "BadCertificate"), "{bad}");
    }
    let short = json!({"bundle": BUNDLE, "expires_in_ms": 60_000});
    assert_eq!(ask_certified(&world, &short, &url, Some(BUNDLE)).await.status, 200);
}

#[tokio::test]
async fn a_development_certificate_is_refused_by_production() {
    let world = World::new().await;
    let certificate = json!({"bundle": BUNDLE, "environment": "development"});
    let got = ask_certified(&world, &certificate, &world.sandbox.apns_url(), Some(BUNDLE)).await;
    assert_eq!((got.status, got.reason().as_str()), (403, "BadCertificateEnvironment"));
    let got = ask_certified(&world, &certificate, &world.sandbox.apns_development_url(), Some(BUNDLE)).await;
    assert_eq!(got.reason(), "BadDeviceToken", "past the certificate, the phone is a production one");
}
