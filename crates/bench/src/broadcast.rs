//! A push to a hundred thousand accounts: how fast one node works through them, and what that takes.
//!
//! Two kinds: a message that passes by, which writes one row whatever the audience; and a message that becomes part of
//! everybody's history, which is a message each. The server is a process of its own; some of the accounts are
//! connected, and their devices count what they get.

use std::time::{Duration, Instant};

use axum::http::Method;
use bytes::Bytes;
use contract::{AppId, user_sig};
use serde_json::json;
use server::admin::client::call;
use server::clock::Clock;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::figure::Figure;
use crate::process::Server;
use crate::socket::Socket;
use crate::{Effort, Outcome};

/// Accounts; a quick run has a tenth of them.
const ACCOUNTS: usize = 100_000;
/// Connected ones among them.
const DEVICES: usize = 500;
/// How long a push may take.
const WAIT: Duration = Duration::from_mins(10);

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let accounts = if effort.rounds > 1 { ACCOUNTS } else { ACCOUNTS / 10 };
    let server = Server::start()?;
    server.import(accounts).await?;
    let mut devices = JoinSet::new();
    for number in 0..DEVICES {
        let socket = log_in(&server, number * (accounts / DEVICES)).await?;
        devices.spawn(receive_one(socket));
    }
    let passing = json!({ "MsgRandom": 1, "MsgLifeTime": 600, "MsgBody": body() });
    let passed = push(&server, "all_member_push/im_push", &passing, accounts).await?;
    while let Some(received) = devices.join_next().await {
        received??;
    }
    let stored = json!({ "From_Account": server.text("admin"), "MsgRandom": 2, "MsgBody": body() });
    let stored = push(&server, "timpush/push", &stored, accounts).await?;
    Ok(vec![
        figure(&format!("push to {accounts} accounts, {DEVICES} connected, passing by"), &passed),
        figure(&format!("push to {accounts} accounts, stored for each"), &stored),
    ])
}

/// What a push took.
struct Took {
    accounts: usize,
    seconds: f64,
    cpu_us: f64,
    grown_kb: f64,
}

async fn push(server: &Server, command: &str, body: &serde_json::Value, accounts: usize) -> Outcome<Took> {
    let (before, done) = (server.usage()?, matched(server).await?);
    let began = Instant::now();
    let answer = server.rest()?.call(command, body).await?;
    if answer["ErrorCode"] != 0 {
        return Err(format!("{command}: {answer}").into());
    }
    let mut most = before.anonymous_kb;
    while matched(server).await? < done + accounts as u64 {
        if began.elapsed() > WAIT {
            return Err(format!("{command} does not end").into());
        }
        most = most.max(server.usage()?.anonymous_kb);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (seconds, after) = (began.elapsed().as_secs_f64(), server.usage()?);
    let cpu_us = (after.cpu_s - before.cpu_s) * 1e6 / accounts as f64;
    Ok(Took { accounts, seconds, cpu_us, grown_kb: most - before.anonymous_kb })
}

/// Accounts that the node has worked through since its start.
async fn matched(server: &Server) -> Outcome<u64> {
    let authority = server.address("http")?.to_string();
    let asked = call(&authority, None, Method::GET, "/metrics", Bytes::new()).await;
    let (_, text) = asked.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().find(|line| line.starts_with("noroshi_broadcast_accounts_total{what=\"matched\"}"));
    let count = line.and_then(|line| line.rsplit(' ').next()).ok_or("no count of broadcasts in the metrics")?;
    Ok(count.parse::<f64>()? as u64)
}

fn figure(name: &str, took: &Took) -> Figure {
    Figure {
        name: name.into(),
        figure: format!("{:.0} accounts/s", took.accounts as f64 / took.seconds),
        goal: "within a minute".into(),
        raw: "–".into(),
        ratio: None,
        latency: format!("{:.1} s in all", took.seconds),
        note: format!("server CPU {:.1} µs each, memory +{:.1} MB at most", took.cpu_us, took.grown_kb / 1024.0),
    }
}

fn body() -> serde_json::Value {
    json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "a message of the usual length, to all of them" } }])
}

async fn log_in(server: &Server, number: usize) -> Outcome<Socket<TcpStream>> {
    let user = format!("u{number}");
    let sig = user_sig::sign(AppId(server.app()), server.text("secret_key"), &user, Clock::default().now(), 86_400);
    let mut socket = Socket::open(TcpStream::connect(server.address("http")?).await?).await?;
    socket.log_in(server.app(), &user, &user, &sig).await?;
    Ok(socket)
}

async fn receive_one(mut socket: Socket<TcpStream>) -> Outcome {
    tokio::time::timeout(WAIT, socket.next()).await.map_err(|_| "a connected device got nothing")??;
    Ok(())
}
