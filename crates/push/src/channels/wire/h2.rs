//! HTTP/2: the peer's cap of streams obeyed as it changes, and a clear word about every lost request.
//!
//! Checking for GOAWAY and opening a stream is one step, because h2 does both under its lock. A request is *refused*
//! when the peer said that it never looked at it (a stream above the last one of a GOAWAY, REFUSED_STREAM): only then
//! may it be sent again here. Everything else that ends without an answer has an unknown outcome.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use h2::client::{ResponseFuture, SendRequest};
use h2::{Ping, PingPong, Reason, RecvStream, SendStream};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;

use super::Reply;
use super::connection::{Connection, Life, Lost, Pulse};

/// Streams of one connection, whatever the peer allows.
const STREAMS_MAX: usize = 1_000;
/// Before the peer's first SETTINGS nothing is known; some vendors allow one until a token has proved itself.
const STREAMS_UNTOLD: usize = 1;

/// What streams are opened on.
pub(super) struct Sender {
    send: SendRequest<Bytes>,
}

/// A request that was written, or is about to be.
pub(super) struct Stream {
    response: ResponseFuture,
    stream: SendStream<Bytes>,
}

/// Speaks the preface. The future drives the connection until its end.
pub(super) async fn open<T>(
    io: T,
    pulse: Pulse,
    life: Arc<Life>,
    freed: Arc<Notify>,
) -> Result<(Sender, BoxFuture<'static, ()>), h2::Error>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (send, mut connection) = h2::client::Builder::new()
        .initial_max_send_streams(STREAMS_UNTOLD)
        .initial_connection_window_size(1 << 20)
        .enable_push(false)
        .max_concurrent_reset_streams(STREAMS_MAX)
        .handshake(io)
        .await?;
    let ping = connection.ping_pong();
    let driven = async move {
        tokio::select! {
            ended = connection => if let Err(error) = ended {
                debug!(%error, "a connection failed");
            },
            () = listen_for_silence(ping, pulse, Arc::clone(&life)) => debug!("a connection fell silent"),
        }
        life.is_over.store(true, Ordering::Relaxed);
        freed.notify_waiters();
    };
    Ok((Sender { send }, driven.boxed()))
}

impl Sender {
    /// Opens a stream. None when the connection takes no more.
    pub(super) fn begin(&self, request: &Request<()>, body: &Bytes) -> Option<Stream> {
        // A clone has no memory of a stream that still waits to be opened, so h2 queues instead of failing.
        let (response, mut stream) = self.send.clone().send_request(request.clone(), false).ok()?;
        if let Err(error) = stream.send_data(body.clone(), true) {
            // The answer's future ends with the reason.
            debug!(%error, "a body could not be written");
        }
        Some(Stream { response, stream })
    }

    /// What the peer allows at this moment.
    pub(super) fn cap(&self) -> usize {
        self.send.current_max_send_streams().min(STREAMS_MAX)
    }
}

impl Stream {
    /// Waits for the answer. When time is up the stream is reset, so that its place is free at the peer, too.
    pub(super) async fn finish(&mut self, connection: &Connection, until: Instant) -> Result<Reply, Lost> {
        let answered = timeout_at(until, async {
            let (head, body) = (&mut self.response).await?.into_parts();
            let body = read(body, connection.answer_bytes).await?;
            Ok::<_, h2::Error>(Reply { status: head.status.as_u16(), headers: head.headers, body })
        })
        .await;
        match answered {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(lost(connection, &error)),
            Err(_) => {
                self.stream.send_reset(Reason::CANCEL);
                connection.life.doubted.notify_one();
                Err(Lost::Unknown("no answer in time".to_owned()))
            }
        }
    }
}

fn lost(connection: &Connection, error: &h2::Error) -> Lost {
    let is_refused = error.is_reset() && error.is_remote() && error.reason() == Some(Reason::REFUSED_STREAM);
    if error.is_go_away() && error.is_remote() {
        connection.retire();
        return Lost::Refused;
    }
    if is_refused { Lost::Refused } else { Lost::Unknown(error.to_string()) }
}

async fn read(mut body: RecvStream, max: usize) -> Result<Vec<u8>, h2::Error> {
    let mut read = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        read.extend_from_slice(&chunk);
        if read.len() > max {
            read.truncate(max);
            break;
        }
    }
    Ok(read)
}

/// Ends when a ping stays unanswered. A connection that answered requests meanwhile needs none, until one of them
/// stays without an answer.
async fn listen_for_silence(ping: Option<PingPong>, pulse: Pulse, life: Arc<Life>) {
    let Some(mut ping) = ping else { return std::future::pending().await };
    loop {
        let is_doubted = timeout(pulse.every, life.doubted.notified()).await.is_ok();
        if life.was_active.swap(false, Ordering::Relaxed) && !is_doubted {
            continue;
        }
        if !matches!(timeout(pulse.patience, ping.ping(Ping::opaque())).await, Ok(Ok(_))) {
            return;
        }
    }
}
