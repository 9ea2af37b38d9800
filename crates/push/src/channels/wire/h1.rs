//! HTTP/1.1: one request after the other. A connection that is left in the middle of an answer ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use super::Reply;
use super::connection::{Connection, Life, Lost};

/// What requests are written to; absent while one is under way, and for ever after a broken one.
pub(super) struct Sender {
    idle: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

/// One request with the connection in its hands.
pub(super) struct Turn {
    sender: Option<SendRequest<Full<Bytes>>>,
    request: Option<Request<Full<Bytes>>>,
}

/// The future drives the connection until its end.
pub(super) async fn open<T>(
    io: T,
    life: Arc<Life>,
    freed: Arc<Notify>,
) -> Result<(Sender, BoxFuture<'static, ()>), hyper::Error>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(io)).await?;
    let driven = async move {
        if let Err(error) = connection.await {
            debug!(%error, "a connection failed");
        }
        life.is_over.store(true, Ordering::Relaxed);
        freed.notify_waiters();
    };
    Ok((Sender { idle: Mutex::new(Some(sender)) }, driven.boxed()))
}

impl Sender {
    /// Takes the connection. None when it is gone.
    pub(super) fn begin(&self, request: &Request<()>, body: &Bytes) -> Option<Turn> {
        let sender = self.idle.lock().take().filter(|sender| !sender.is_closed())?;
        let mut own = Request::builder().method(request.method().clone());
        own = own.uri(request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str));
        let mut own = own.body(Full::new(body.clone())).ok()?;
        own.headers_mut().clone_from(request.headers());
        let host = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok())?;
        own.headers_mut().insert(header::HOST, host);
        Some(Turn { sender: Some(sender), request: Some(own) })
    }

    /// Lets the connection go when nobody uses it.
    pub(super) fn retire(&self) {
        self.idle.lock().take();
    }

    /// Takes the connection back after a whole answer.
    pub(super) fn give_back(&self, turn: &mut Turn) {
        if let Some(sender) = turn.sender.take() {
            *self.idle.lock() = Some(sender);
        }
    }
}

impl Turn {
    /// Sends and waits for the whole answer. Everything but that costs the connection.
    pub(super) async fn finish(&mut self, connection: &Connection, until: Instant) -> Result<Reply, Lost> {
        let (Some(mut sender), Some(request)) = (self.sender.take(), self.request.take()) else {
            return Err(Lost::Refused);
        };
        let max = connection.answer_bytes;
        let answered = timeout_at(until, async {
            // Not even written: the peer closed the connection while it was idle.
            let response = sender.try_send_request(request).await.map_err(|mut error| match error.take_message() {
                Some(_) => Lost::Refused,
                None => Lost::Unknown(error.into_error().to_string()),
            })?;
            let (head, body) = response.into_parts();
            let (body, is_whole) = read(body, max).await.map_err(|error| Lost::Unknown(error.to_string()))?;
            Ok((Reply { status: head.status.as_u16(), headers: head.headers, body }, is_whole))
        })
        .await;
        match answered {
            Ok(Ok((reply, is_whole))) => {
                let is_closing = reply.text("connection").is_some_and(|word| word.eq_ignore_ascii_case("close"));
                let is_kept = is_whole && !is_closing && sender.ready().await.is_ok();
                if is_kept && !connection.is_over() {
                    self.sender = Some(sender);
                } else {
                    connection.retire();
                }
                Ok(reply)
            }
            Ok(Err(lost)) => {
                connection.retire();
                Err(lost)
            }
            Err(_) => {
                connection.retire();
                Err(Lost::Unknown("no answer in time".to_owned()))
            }
        }
    }
}

/// Reads up to a bound, and tells whether that was all.
async fn read(mut body: Incoming, max: usize) -> Result<(Vec<u8>, bool), hyper::Error> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            read.extend_from_slice(&data);
        }
        if read.len() > max {
            read.truncate(max);
            return Ok((read, false));
        }
    }
    Ok((read, true))
}
