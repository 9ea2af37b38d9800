//! The control API over real HTTP, the page, and a sandbox that starts again with its old authority.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use sandbox::{Authority, Sandbox, SandboxSettings};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::wire::{ALERT, World};

pub(crate) async fn call(url: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let socket = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    let (mut send, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = Request::builder().method(method).uri(path).header("host", "localhost");
    let response = send.send_request(request.body(Full::new(Bytes::from(body.to_owned()))).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_phone_is_registered_over_http_and_shown_on_the_page() {
    let sandbox = Sandbox::start(SandboxSettings::default()).await.unwrap();
    let url = sandbox.api_url();
    let (status, body) = call(&url, "POST", "/apns/devices", r#"{"bundle":"com.<b>"}"#).await;
    assert_eq!(status, 200, "{body}");
    let token = serde_json::from_str::<Value>(&body).unwrap()["token"].as_str().unwrap().to_owned();
    let (status, page) = call(&url, "GET", "/", "").await;
    assert_eq!(status, 200);
    assert!(page.contains(&token) && page.contains("com.&lt;b&gt;") && !page.contains("com.<b>"));
    assert_eq!(call(&url, "GET", "/ca.pem", "").await.1, sandbox.ca_pem());
    sandbox.shutdown().await;
}

#[tokio::test]
async fn a_wrong_call_is_told_what_is_wrong() {
    let sandbox = Sandbox::start(SandboxSettings::default()).await.unwrap();
    let url = sandbox.api_url();
    assert_eq!(call(&url, "GET", "/nowhere", "").await.0, 404);
    assert_eq!(call(&url, "POST", "/apns/devices", "{}").await.0, 400);
    assert_eq!(call(&url, "POST", "/apns/devices", r#"{"bundle":"a","token":"zz"}"#).await.0, 400);
    assert_eq!(call(&url, "PUT", "/apns/devices/ab/state", r#"{"state":"active"}"#).await.0, 404);
    assert_eq!(call(&url, "POST", "/faults", r#"{"effect":"unheard of"}"#).await.0, 400);
    assert_eq!(call(&url, "POST", "/faults", &"x".repeat(70_000)).await.0, 413);
}

#[tokio::test]
async fn the_page_shows_what_arrived() {
    let world = World::new().await;
    world.connect().await.ask(world.good(), ALERT).await.unwrap();
    let (_, page) = call(&world.sandbox.api_url(), "GET", "/", "").await;
    assert!(page.contains("<div>hi</div>"), "{page}");
}

#[tokio::test]
async fn the_page_shows_the_phones_of_every_vendor() {
    let world = World::new().await;
    for room in ["fcm", "huawei", "honor", "harmony", "xiaomi", "oppo", "vivo"] {
        world.control("POST", &format!("/{room}/apps"), &json!({}));
        let phone = world.control("POST", &format!("/{room}/devices"), &json!({}));
        let (_, page) = call(&world.sandbox.api_url(), "GET", "/", "").await;
        assert!(page.contains(&format!("<b>{room}</b>")) && page.contains(phone["token"].as_str().unwrap()), "{room}");
    }
}

#[tokio::test]
async fn reset_forgets_phones_rules_requests_and_the_clock() {
    let world = World::new().await;
    world.connect().await.ask(world.good(), ALERT).await.unwrap();
    world.control("POST", "/faults", &json!({"effect": "drop"}));
    world.control("PUT", "/clock", &json!({"offset_ms": 5_000_000}));
    world.control("POST", "/reset", &json!({}));
    assert_eq!(world.control("GET", "/apns/devices", &json!({})), json!({"devices": []}));
    assert_eq!(world.control("GET", "/faults", &json!({})), json!({"faults": []}));
    assert_eq!(world.control("GET", "/requests", &json!({})), json!({"requests": []}));
}

#[tokio::test]
async fn a_request_is_kept_without_its_secret() {
    let world = World::new().await;
    world.connect().await.ask(world.good(), ALERT).await.unwrap();
    let requests = world.control("GET", "/requests", &json!({}));
    let request = &requests["requests"][0];
    assert_eq!((&request["status"], &request["method"]), (&json!(200), &json!("POST")));
    assert_eq!(request["headers"]["authorization"], "bearer …");
}

#[tokio::test]
async fn an_authority_survives_a_restart() {
    let first = World::new().await;
    let (certificate, key) = (first.sandbox.authority().certificate_pem(), first.sandbox.authority().key_pem());
    let authority = Authority::from_pem(certificate, key).unwrap();
    let ca_before = first.sandbox.ca_pem().to_owned();
    let settings = SandboxSettings { authority: Some(authority), ..SandboxSettings::default() };
    let second = Sandbox::start(settings).await.unwrap();
    assert_eq!(second.ca_pem(), ca_before);
    // A client that trusts the first sandbox's certificate completes a handshake with the second.
    let peer = crate::wire::Peer::open(&first.sandbox, &second.apns_url(), None, true).await;
    drop(peer);
    second.shutdown().await;
}

#[tokio::test]
async fn rules_of_a_file_stand_from_the_start() {
    let folder = std::env::temp_dir().join(format!("noroshi-faults-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("faults.toml");
    std::fs::write(&path, "[[faults]]\ncount = 0\neffect = \"delay\"\nms = 5\n").unwrap();
    let faults = sandbox::faults::read(&path).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let sandbox = Sandbox::start(SandboxSettings { faults, ..SandboxSettings::default() }).await.unwrap();
    let listed = sandbox.control("GET", "/faults", &json!({})).unwrap();
    assert_eq!(listed, json!({"faults": [{"count": 0, "effect": "delay", "ms": 5}]}));
}

#[tokio::test]
async fn a_rule_that_names_what_its_vendor_does_not_document_is_refused() {
    let sandbox = Sandbox::start(SandboxSettings::default()).await.unwrap();
    let url = sandbox.api_url();
    let refused = async |rule: &str| {
        let (status, body) = call(&url, "POST", "/faults", rule).await;
        assert_eq!(status, 400, "{rule}");
        serde_json::from_str::<Value>(&body).unwrap()["error"].as_str().unwrap().to_owned()
    };
    let text = refused(r#"{"room":"oppo","effect":"answer","code":99}"#).await;
    assert!(text.starts_with("oppo documents no code 99; there are -2, -1, 0, 11, "), "{text}");
    let text = refused(r#"{"room":"apns","effect":"answer","code":"BadWeather"}"#).await;
    assert!(text.starts_with("apns documents no code BadWeather; there are BadCollapseId, "), "{text}");
    assert_eq!(refused(r#"{"effect":"answer","code":10009}"#).await, "code 10009 is a vendor's own: name the room");
    assert_eq!(refused(r#"{"room":"moon","effect":"drop"}"#).await, "there is no room moon");
    assert_eq!(refused(r#"{"effect":"answer"}"#).await, "an answer has a code, a status or a body");
    assert_eq!(sandbox.control("GET", "/faults", &json!({})).unwrap(), json!({"faults": []}));
    // A file is no other way in.
    let rule = serde_json::from_str(r#"{"room":"vivo","effect":"answer","code":1}"#).unwrap();
    let started = Sandbox::start(SandboxSettings { faults: vec![rule], ..SandboxSettings::default() }).await;
    let text = started.err().unwrap().to_string();
    assert!(text.starts_with("fault rule 1: vivo documents no code 1; there are 0, 10000, "), "{text}");
}

/// The published numbers of push are in a table beside the catalogue; Google's numbers stand for words.
const PUBLISHED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/codes.tsv"));

#[tokio::test]
async fn every_published_number_of_a_vendor_can_be_answered_by_a_rule() {
    let sandbox = Sandbox::start(SandboxSettings::default()).await.unwrap();
    let codes = sandbox.control("GET", "/codes", &json!({})).unwrap();
    let mut count = 0;
    for line in PUBLISHED.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let ["push-status", room, code, ..] = fields[..] else { continue };
        if matches!(room, "common" | "apns" | "fcm") {
            continue;
        }
        assert!(codes[room].as_array().unwrap().contains(&json!(code)), "{room} {code}");
        sandbox.control("POST", "/faults", &json!({"room": room, "effect": "answer", "code": code})).unwrap();
        count += 1;
    }
    assert!(count > 100, "{count}");
}
