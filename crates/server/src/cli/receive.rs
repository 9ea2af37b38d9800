//! `noroshi receive`: an endpoint for webhooks to try them with. It prints what it is sent and answers as it is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use contract::{Result, limit};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use super::desk::value_or_file;
use super::{print, refuse};
use crate::listen::Listener;
use crate::route::read_body;
use crate::webhook::is_signed;

/// Callers at a time: a node and a few more.
const PLACES: usize = 256;
/// Calls that wait to be printed.
const CALLS: usize = 1_024;
/// How long a caller may take to send a call, and how long a stop waits.
const WAIT: Duration = Duration::from_secs(5);
/// What is answered unless something else is said.
const YES: &str = r#"{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}"#;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// What the calls must be signed with, or @FILE; absent: they are not looked at.
    #[arg(long)]
    token: Option<String>,
    /// What is answered: JSON, or @FILE.
    #[arg(long, default_value = YES)]
    answer: String,
    /// Stop after so many calls.
    #[arg(long)]
    count: Option<usize>,
}

struct Desk {
    token: Option<String>,
    answer: String,
    calls: mpsc::Sender<String>,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let answer = value_or_file(&args.answer)?;
    if serde_json::from_str::<Value>(&answer).is_err() {
        return Err(refuse("an answer is JSON"));
    }
    let token = args.token.as_deref().map(value_or_file).transpose()?;
    let (calls, mut called) = mpsc::channel(CALLS);
    let router = Router::new().fallback(take).with_state(Arc::new(Desk { token, answer, calls }));
    let listener = Listener::bind(args.listen, None, router, Arc::new(Semaphore::new(PLACES)))?;
    let (stop, stopped) = watch::channel(false);
    let mut serving = JoinSet::new();
    serving.spawn(listener.serve(stopped, WAIT));
    let mut left = args.count.unwrap_or(usize::MAX);
    while left > 0 {
        tokio::select! {
            Some(call) = called.recv() => print(&call),
            () = super::asked_to_stop() => break,
        }
        left -= 1;
    }
    stop.send_replace(true);
    while serving.join_next().await.is_some() {}
    Ok(())
}

async fn take(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let (head, mut body) = request.into_parts();
    let is_right = desk.token.as_ref().is_none_or(|token| is_signed(token, head.uri.query().unwrap_or_default()));
    if !is_right {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let call: Bytes = match read_body(&mut body, limit::BODY_BYTES, WAIT).await {
        Ok(body) => body,
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    };
    // A reader that is slower than the calls makes them wait.
    if desk.calls.send(String::from_utf8_lossy(&call).into_owned()).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    ([(header::CONTENT_TYPE, "application/json")], Body::from(desk.answer.clone())).into_response()
}
