//! HTTP/2 as the vendor plays it: the cap of streams, GOAWAY, resets, silence, lost connections.

use std::time::Duration;

use futures_util::future::join_all;
use h2::Reason;
use sandbox::Patience;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::wire::{ALERT, BUNDLE, Peer, World, eventually, machine_s, receive};

#[tokio::test]
async fn one_stream_is_allowed_until_a_push_was_accepted_and_then_a_thousand() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    let jwt = world.jwt(machine_s());
    let refused = peer.ask(world.good_with(&jwt).header("apns-priority", "7"), ALERT).await.unwrap();
    assert_eq!(refused.status, 400);
    assert_eq!(peer.send.current_max_send_streams(), 1);
    assert_eq!(peer.ask(world.good_with(&jwt), ALERT).await.unwrap().status, 200);
    eventually("the cap is raised", || peer.send.current_max_send_streams() == 1_000).await;
}

#[tokio::test]
async fn streams_opened_before_the_cap_was_told_wait_their_turn() {
    let world = World::new().await;
    let mut peer = Peer::open_rude(&world.sandbox, &world.sandbox.apns_url(), None, true, 10).await;
    let jwt = world.jwt(machine_s());
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.push(receive(peer.begin(world.good_with(&jwt), ALERT).await.unwrap()));
    }
    assert!(join_all(answers).await.into_iter().all(|got| got.unwrap().status == 200));
}

#[tokio::test]
async fn a_stream_over_a_cap_that_was_acknowledged_is_refused() {
    let world = World::new().await;
    let mut raw = crate::wire::tls(&world.sandbox, &world.sandbox.apns_url(), None, true).await;
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        [&[0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream], payload].concat()
    };
    // POST, https, and the path that stands in HPACK's static table: enough to open a stream.
    let open = |stream| frame(1, 4, stream, &[0x83, 0x87, 0x84]);
    raw.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    raw.write_all(&[frame(4, 0, 0, &[]), frame(4, 1, 0, &[]), open(1), open(3)].concat()).await.unwrap();
    let refused = async {
        loop {
            let mut head = [0; 9];
            raw.read_exact(&mut head).await.unwrap();
            let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
            raw.read_exact(&mut payload).await.unwrap();
            if head[3] == 3 {
                return (head[8], payload[3]);
            }
        }
    };
    let (stream, reason) = tokio::time::timeout(crate::wire::DEADLINE, refused).await.unwrap();
    assert_eq!((stream, u32::from(reason)), (3, u32::from(Reason::REFUSED_STREAM)));
}

#[tokio::test]
async fn a_certificate_needs_no_proving_push() {
    let world = World::new().await;
    let identity = world.control("POST", "/apns/certificates", &json!({"bundle": BUNDLE}));
    let peer = Peer::open(&world.sandbox, &world.sandbox.apns_url(), Some(&identity), true).await;
    eventually("the cap is high", || peer.send.current_max_send_streams() == 1_000).await;
}

#[tokio::test]
async fn the_cap_changes_while_the_connection_lives() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    let jwt = world.jwt(machine_s());
    for streams in [3, 1, 200] {
        world.control("POST", "/faults", &json!({"effect": "stream_cap", "streams": streams}));
        assert_eq!(peer.ask(world.good_with(&jwt), ALERT).await.unwrap().status, 200);
        eventually("the cap is told", || peer.send.current_max_send_streams() == streams).await;
    }
}

#[tokio::test]
async fn many_streams_at_once_are_all_answered() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    let jwt = world.jwt(machine_s());
    assert_eq!(peer.ask(world.good_with(&jwt), ALERT).await.unwrap().status, 200);
    let mut answers = Vec::new();
    for _ in 0..300 {
        answers.push(receive(peer.begin(world.good_with(&jwt), ALERT).await.unwrap()));
    }
    assert!(join_all(answers).await.into_iter().all(|got| got.unwrap().status == 200));
}

#[tokio::test]
async fn a_client_without_alpn_and_with_a_host_header_is_served() {
    let world = World::new().await;
    let mut peer = Peer::open(&world.sandbox, &world.sandbox.apns_url(), None, false).await;
    assert_eq!(peer.ask(world.good().header("host", "localhost"), ALERT).await.unwrap().status, 200);
}

#[tokio::test]
async fn go_away_finishes_older_streams_and_refuses_the_newer() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    let jwt = world.jwt(machine_s());
    assert_eq!(peer.ask(world.good_with(&jwt), ALERT).await.unwrap().status, 200);
    eventually("the cap is raised", || peer.send.current_max_send_streams() == 1_000).await;
    let slow = world.control("POST", "/apns/devices", &json!({"bundle": BUNDLE}))["token"].as_str().unwrap().to_owned();
    world.control("POST", "/faults", &json!({"token": slow, "effect": "delay", "ms": 100}));
    world.control("POST", "/faults", &json!({"token": world.token, "effect": "go_away"}));
    let mut older = world.good_with(&jwt);
    older = older.uri(format!("{}/3/device/{slow}", world.sandbox.apns_url()));
    let older = peer.begin(older, ALERT).await.unwrap();
    let newer = peer.begin(world.good_with(&jwt), ALERT).await.unwrap();
    let error = receive(newer).await.unwrap_err();
    assert!(error.is_go_away() && error.is_remote(), "{error:?}");
    assert_eq!(receive(older).await.unwrap().status, 200);
    peer.closed().await;
}

#[tokio::test]
async fn a_reset_stream_leaves_the_connection_alive() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    let jwt = world.jwt(machine_s());
    world.control("POST", "/faults", &json!({"effect": "reset", "code": 7}));
    let error = peer.ask(world.good_with(&jwt), ALERT).await.unwrap_err();
    assert_eq!((error.is_reset(), error.reason()), (true, Some(Reason::REFUSED_STREAM)));
    assert_eq!(peer.ask(world.good_with(&jwt), ALERT).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_dropped_connection_has_read_the_request() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    world.control("POST", "/faults", &json!({"effect": "drop"}));
    let error = peer.ask(world.good(), ALERT).await.unwrap_err();
    assert!(!error.is_go_away(), "{error:?}");
    let requests = world.control("GET", "/requests", &json!({}));
    assert_eq!((&requests["requests"][0]["status"], &requests["requests"][0]["body"]), (&json!(0), &json!(ALERT)));
}

#[tokio::test]
async fn silence_lasts_until_the_client_gives_up() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    let jwt = world.jwt(machine_s());
    world.control("POST", "/faults", &json!({"effect": "silence"}));
    let silent = peer.begin(world.good_with(&jwt), ALERT).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(100), receive(silent)).await.is_err());
    // Giving up resets the stream, so its place is free again.
    assert_eq!(peer.ask(world.good_with(&jwt), ALERT).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_rule_answers_what_no_request_provokes() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    let jwt = world.jwt(machine_s());
    let rule = json!({"topic": BUNDLE, "effect": "answer", "status": 503, "reason": "Shutdown", "retry_after_s": 7});
    world.control("POST", "/faults", &rule);
    let got = peer.ask(world.good_with(&jwt), ALERT).await.unwrap();
    assert_eq!(
        (got.status, got.reason().as_str(), &got.headers["retry-after"]),
        (503, "Shutdown", &"7".parse().unwrap())
    );
    assert_eq!(peer.ask(world.good_with(&jwt), ALERT).await.unwrap().status, 200);
}

#[tokio::test]
async fn who_never_finishes_the_handshake_is_hung_up_on() {
    let world = World::with(Patience { handshake: Duration::from_secs(1), ..Patience::default() }).await;
    let address = world.sandbox.apns_url();
    let mut mute = TcpStream::connect(address.trim_start_matches("https://")).await.unwrap();
    let mut half = crate::wire::tls(&world.sandbox, &address, None, true).await;
    // The half-open one has read our SETTINGS before the end; how the end is spelt does not matter.
    let (mut nothing, mut settings) = (Vec::new(), Vec::new());
    let both = async { (mute.read_to_end(&mut nothing).await, half.read_to_end(&mut settings).await) };
    tokio::time::timeout(crate::wire::DEADLINE, both).await.expect("an end in time").0.unwrap_or(0);
    assert!(nothing.is_empty());
}

#[tokio::test]
async fn a_body_that_never_ends_is_cancelled() {
    let world = World::with(Patience { body: Duration::from_millis(50), ..Patience::default() }).await;
    let mut peer = world.connect().await;
    let (response, _unfinished) = peer.send.send_request(world.good().body(()).unwrap(), false).unwrap();
    let error = tokio::time::timeout(crate::wire::DEADLINE, receive(response)).await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CANCEL));
}

#[tokio::test]
async fn an_idle_connection_is_told_to_go() {
    let world = World::with(Patience { idle: Duration::from_secs(1), ..Patience::default() }).await;
    let mut peer = world.connect().await;
    assert_eq!(peer.ask(world.good(), ALERT).await.unwrap().status, 200);
    // The client only waits; its handle is still there, so the end is the sandbox's doing.
    let error = peer.end().await;
    assert!(error.is_none_or(|error| error.reason() == Some(Reason::NO_ERROR)));
    let mut peer = world.connect().await;
    assert_eq!(peer.ask(world.good(), ALERT).await.unwrap().status, 200);
    peer.closed().await;
}

#[tokio::test]
async fn shutdown_ends_open_connections_and_half_open_ones() {
    let world = World::new().await;
    let mut peer = world.connect().await;
    assert_eq!(peer.ask(world.good(), ALERT).await.unwrap().status, 200);
    // A client that connects and never speaks TLS.
    let address = world.sandbox.apns_url();
    let mut mute = TcpStream::connect(address.trim_start_matches("https://")).await.unwrap();
    tokio::time::timeout(crate::wire::DEADLINE, world.sandbox.shutdown()).await.expect("shutdown in time");
    let read = mute.read(&mut [0; 16]).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    peer.closed().await;
}
