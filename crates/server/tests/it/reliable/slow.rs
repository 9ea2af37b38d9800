//! Clients that send little, nothing, or do not read: they are few, they are cut in bounded time, and others are served.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use contract::{codes, limit};
use futures_util::future::join_all;
use serde_json::json;
use store::testing::TestEngine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::harness::{ADMIN, Im, query};
use crate::raw::{Raw, until};

const CLIENTS: usize = 200;

/// Calls of a decent client, which must not wait for others.
async fn others_are_served(im: &Im) {
    // Where heads have little time, so have connections that are kept open between two calls.
    im.hang_up();
    for _ in 0..20 {
        im.call("im_open_login_svc/account_check", json!({ "CheckItem": [{ "UserID": "alice" }] })).await.ok();
    }
}

#[tokio::test]
async fn clients_that_send_one_byte_of_a_request_are_cut_and_others_are_served() {
    let im = Im::start_with(TestEngine::Sqlite, |config| config.bounds.head_ms = 1_500).await.expect("SQLite");
    let began = Instant::now();
    let slow = join_all((0..CLIENTS).map(|_| async { Raw::open(&im).await.write(b"P").await })).await;
    others_are_served(&im).await;
    let ends = join_all(slow.into_iter().map(async |mut slow| slow.read_end().await)).await;
    assert_eq!(ends.len(), CLIENTS);
    assert!(began.elapsed() >= Duration::from_millis(1_400), "nobody is cut before the time");
    others_are_served(&im).await;
}

#[tokio::test]
async fn clients_that_send_one_byte_of_a_body_are_answered_and_others_are_served() {
    let im = Im::start_with(TestEngine::Sqlite, |config| config.bounds.body_ms = 1_500).await.expect("SQLite");
    let head = format!(
        "POST /v4/openim/sendmsg?{} HTTP/1.1\r\nhost: noroshi.test\r\ncontent-length: 100\r\n\r\n{{",
        query(ADMIN, &im.sig(ADMIN))
    );
    let slow = join_all((0..CLIENTS).map(|_| async { Raw::open(&im).await.write(head.as_bytes()).await })).await;
    others_are_served(&im).await;
    let number = codes::Common::ServiceTimeout.row().number().expect("a number");
    for answer in join_all(slow.into_iter().map(async |mut slow| slow.read_answer().await)).await {
        assert!(answer.contains(&format!("\"ErrorCode\":{number}")), "{answer}");
    }
    others_are_served(&im).await;
}

#[tokio::test]
async fn devices_that_send_one_byte_of_a_login_are_cut_and_others_are_served() {
    let im = Im::start(TestEngine::Sqlite).await.expect("SQLite");
    let handshake = b"GET /ws HTTP/1.1\r\nhost: noroshi.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut slow = Vec::new();
    for _ in 0..CLIENTS {
        let mut raw = Raw::open(&im).await.write(handshake).await;
        let mut answer = [0; 12];
        raw.0.read_exact(&mut answer).await.expect("the handshake is answered");
        assert_eq!(&answer, b"HTTP/1.1 101");
        slow.push(raw.write(&[0x82]).await);
    }
    until(async || im.node().hub.counters().connections == CLIENTS).await;
    others_are_served(&im).await;
    im.clock.advance(limit::LOGIN_WAIT_MS / 2);
    others_are_served(&im).await;
    assert_eq!(im.node().hub.counters().connections, CLIENTS, "nobody is cut before the time");
    im.clock.advance(limit::LOGIN_WAIT_MS);
    join_all(slow.iter_mut().map(async |slow| slow.read_to_close().await)).await;
    until(async || im.node().hub.counters().connections == 0).await;
    others_are_served(&im).await;
}

/// Whether the node takes a connection and answers on it.
async fn is_served(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address).await else { return false };
    let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: noroshi.test\r\n\r\n").await;
    let mut answer = [0; 15];
    asked.is_ok() && stream.read_exact(&mut answer).await.is_ok() && &answer == b"HTTP/1.1 200 OK"
}

#[tokio::test]
async fn a_client_that_does_not_read_gives_its_place_back() {
    let bounds = |config: &mut server::config::Config| {
        config.bounds.connections = 1;
        config.bounds.write_ms = 1_000;
    };
    let im = Im::start_with(TestEngine::Sqlite, bounds).await.expect("SQLite");
    let address = im.address();
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let mut deaf = socket.connect(address).await.expect("the server accepts");
    let ask = b"GET /metrics HTTP/1.1\r\nhost: noroshi.test\r\n\r\n".repeat(4_000);
    // More answers than all buffers between the two hold; the server stops reading at some point.
    let asked = tokio::time::timeout(Duration::from_millis(500), deaf.write_all(&ask)).await;
    assert!(!is_served(address).await, "the only place is taken ({asked:?})");
    until(async || is_served(address).await).await;
}
