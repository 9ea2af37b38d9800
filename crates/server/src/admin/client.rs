//! The caller's side: asks a node that serves over its admin API, or the store itself when none does.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use bytes::Bytes;
use contract::{Failure, Result};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::{Ask, PREFIX, Refusal, answer};
use crate::node::Node;

/// A backup of a large store takes its time.
const WAIT: Duration = Duration::from_hours(1);
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// An answer: a page of a thousand audit entries at its longest.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Whom to ask.
pub enum Desk {
    /// The store, opened by this process, which does not serve.
    Own(Arc<Node>),
    /// A node that serves: host and port of its admin listener, and the token.
    Remote {
        /// `127.0.0.1:8081`.
        authority: String,
        /// The bearer token.
        token: String,
    },
}

impl Desk {
    /// A node at `http://HOST:PORT`. The listener speaks plain HTTP: it belongs on loopback or in a tunnel.
    pub fn remote(url: &str, token: String) -> Result<Self> {
        let authority = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let authority = authority.filter(|rest| !rest.is_empty() && !rest.contains('/'));
        let authority = authority.ok_or_else(|| {
            Failure::Unavailable(format!("{url}: the admin API is at a URL like http://127.0.0.1:8081"))
        })?;
        Ok(Self::Remote { authority: authority.to_owned(), token })
    }

    /// Asks; answers the body, or says why not in a sentence for people.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        match self {
            Self::Own(node) => {
                let (path, query) = path.split_once('?').unwrap_or((path, ""));
                let ask = Ask { method, path: path.into(), query: query.into(), body, actor: "command line".into() };
                match answer(node, &ask).await {
                    Ok(answer) => Ok(answer.body),
                    Err(Refusal::Failure(failure)) => Err(failure.into()),
                    Err(refusal) => Err(Failure::Unavailable(refusal.text()).into()),
                }
            }
            Self::Remote { authority, token } => {
                let (status, body) = call(authority, Some(token), method, &format!("{PREFIX}{path}"), body).await?;
                let value: Value = serde_json::from_slice(&body).map_err(|_| {
                    Failure::Unavailable(format!("{authority} answered {status} and no JSON: no admin API is there"))
                })?;
                if status.is_success() {
                    return Ok(value);
                }
                let text = |name: &str| value[name].as_str().unwrap_or("?").to_owned();
                let what = format!("{} ({}, request {})", text("message"), text("code"), text("request_id"));
                Err(Failure::Unavailable(what).into())
            }
        }
    }

    /// Lets the store go, if it is ours.
    pub async fn close(self) {
        if let Self::Own(node) = self {
            node.store.close().await;
        }
    }
}

/// One request over plain HTTP on a connection of its own.
pub async fn call(
    authority: &str,
    token: Option<&str>,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<(StatusCode, Bytes)> {
    let away = |what: &dyn std::fmt::Display| Failure::Unavailable(format!("http://{authority}: {what}"));
    let stream = tokio::time::timeout(CONNECT_WAIT, TcpStream::connect(authority)).await;
    let stream = stream.map_err(|_| away(&"no connection in time"))?.map_err(|error| away(&error))?;
    let mut request = hyper::Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, authority)
        .header(header::CONNECTION, "close");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request = request.body(Full::new(body)).map_err(|error| away(&error))?;
    let exchange = async {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| away(&error))?;
        let talk = async {
            let answer = sender.send_request(request).await.map_err(|error| away(&error))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await.map_err(|error| away(&error))?;
            Ok::<_, Failure>((status, body.to_bytes()))
        };
        let mut connection = std::pin::pin!(connection);
        let mut talk = std::pin::pin!(talk);
        tokio::select! {
            done = talk.as_mut() => done,
            // The connection ends by itself once the answer is read; whatever it held for us is still there.
            ended = connection.as_mut() => match ended {
                Ok(()) => talk.await,
                Err(error) => Err(away(&error)),
            },
        }
    };
    let done = tokio::time::timeout(WAIT, exchange).await.map_err(|_| away(&"no answer in time"))?;
    Ok(done?)
}
