//! The process is told to stop while many send: what is under way is answered, what was acknowledged is there.

use std::time::Instant;

use contract::UserId;
use serde_json::{Value, json};
use store::accounts;
use store::testing::TestEngine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::process::{PATIENCE, Process, Site};
use super::say;
use super::traffic::{Caller, Traffic, add_accounts, check_history};
use crate::harness::{APP, message, with};
use crate::raw::until;

/// Requests that are half sent when the signal comes.
const LATE: u32 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_on_sqlite_that_is_told_to_stop_answers_what_is_under_way() {
    stop(TestEngine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_on_postgres_that_is_told_to_stop_answers_what_is_under_way() {
    stop(TestEngine::Postgres).await;
}

async fn stop(engine: TestEngine) {
    let Some(site) = Site::make(engine).await else { return };
    site.visit(async |node| {
        add_accounts(&node).await;
        let now = node.clock.now();
        let late = node.store.write(APP, move |tx| accounts::import(tx, now, &UserId::trusted("late")));
        late.await.expect("the account is added");
    })
    .await;
    let process = site.start().await;
    let traffic = Traffic::start();
    traffic.set_address(Some(process.address));
    until(async || traffic.acknowledged() > 200).await;
    let mut late = Vec::new();
    for number in 1..=LATE {
        late.push(Late::begin(&process, number).await);
    }
    let asked = Instant::now();
    process.ask_to_stop().await;
    let address = process.address;
    // The listener is closed before the last requests are answered.
    until(async || TcpStream::connect(address).await.is_err()).await;
    for late in late {
        let answer = late.end().await;
        assert_eq!(answer["ErrorCode"], 0, "{answer}");
    }
    let status = process.wait().await;
    let took = asked.elapsed();
    assert!(status.success(), "{status}");
    traffic.set_address(None);
    let (acknowledged, unanswered) = (traffic.acknowledged(), traffic.unanswered());

    let process = site.start().await;
    traffic.set_address(Some(process.address));
    let refusals = traffic.refusals();
    let told = traffic.finish().await;
    assert!(refusals.is_empty(), "a node that stops refuses nothing that it took: {refusals:?}");
    check_history(process.address, &told).await;
    let span = json!({ "Operator_Account": "late", "Peer_Account": "s0", "MaxCnt": 100, "MinTime": 0,
        "MaxTime": 4_000_000_000_u32 });
    let history = Caller::new().call(process.address, "openim/admin_getroammsg", &span).await.expect("an answer");
    assert_eq!(history["MsgList"].as_array().map(Vec::len), Some(LATE as usize), "{history}");
    process.ask_to_stop().await;
    assert!(process.wait().await.success());
    say(&format!(
        "{engine:?}: {acknowledged} acknowledged before the stop, which took {took:?}; {unanswered} to repeat"
    ));
}

/// A request whose body is half sent.
struct Late {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Late {
    /// Sends the head and half of the body, once the server says that it reads the body.
    async fn begin(process: &Process, number: u32) -> Self {
        let body = with(message("late", "s0", number, "under way"), json!({ "MsgSeq": number })).to_string();
        let head = format!(
            "POST /v4/openim/sendmsg?{} HTTP/1.1\r\nhost: noroshi.test\r\nexpect: 100-continue\r\n\
             content-length: {}\r\n\r\n",
            Caller::new().query,
            body.len()
        );
        let mut stream = TcpStream::connect(process.address).await.expect("the server accepts");
        stream.write_all(head.as_bytes()).await.expect("the server takes bytes");
        let mut said = [0; 25];
        let reading = tokio::time::timeout(PATIENCE, stream.read_exact(&mut said)).await;
        reading.expect("the server asks for the body").expect("the server asks for the body");
        assert!(said.starts_with(b"HTTP/1.1 100 Continue"), "{}", String::from_utf8_lossy(&said));
        let (half, rest) = body.as_bytes().split_at(body.len() / 2);
        stream.write_all(half).await.expect("the server takes bytes");
        Self { stream, rest: rest.to_vec() }
    }

    /// Sends the rest and reads the answer, after which the connection ends.
    async fn end(mut self) -> Value {
        self.stream.write_all(&self.rest).await.expect("the server takes bytes");
        let mut text = String::new();
        let reading = tokio::time::timeout(PATIENCE, self.stream.read_to_string(&mut text)).await;
        reading.expect("the connection ends").expect("the answer comes whole");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        serde_json::from_str(body).expect("the answer is JSON")
    }
}
