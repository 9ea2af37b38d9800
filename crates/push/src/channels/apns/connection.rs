//! One HTTP/2 connection: the peer's cap of streams obeyed as it changes, and a clear word about every lost request.
//!
//! Checking for GOAWAY and opening a stream is one step, because h2 does both under its lock. A request is *refused*
//! when the peer said that it never looked at it (a stream above the last one of a GOAWAY, REFUSED_STREAM): only then
//! may it be sent again here. Everything else that ends without an answer has an unknown outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use h2::client::{ResponseFuture, SendRequest};
use h2::{Ping, PingPong, Reason, RecvStream, SendStream};
use http::Request;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;

use super::verdict::Raw;

/// Streams of one connection, whatever the peer allows.
const STREAMS_MAX: usize = 1_000;
/// Before the peer's first SETTINGS nothing is known; Apple allows one.
const STREAMS_UNTOLD: usize = 1;
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 4 * 1_024;

/// How often an idle connection is asked whether it lives, and how long it may take to say so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pulse {
    pub(super) every: Duration,
    pub(super) patience: Duration,
}

/// A connection that can open streams.
pub(super) struct Connection {
    send: SendRequest<Bytes>,
    open: Mutex<usize>,
    life: Arc<Life>,
    freed: Arc<Notify>,
}

/// What a connection and its driver tell each other.
#[derive(Debug, Default)]
struct Life {
    is_over: AtomicBool,
    has_answered: AtomicBool,
    was_active: AtomicBool,
    /// An answer did not come in time: the next ping is due now.
    doubted: Notify,
}

/// What came of opening a stream.
pub(super) enum Begun {
    Started(Exchange),
    /// As many streams are open as the peer allows.
    Full,
    /// No stream will ever be opened here again.
    Over,
}

/// A request that was written, or is about to be.
pub(super) struct Exchange {
    response: ResponseFuture,
    stream: SendStream<Bytes>,
    connection: Arc<Connection>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Lost {
    /// The peer never looked at the request.
    Refused,
    /// Nobody knows.
    Unknown(String),
}

impl Connection {
    /// Speaks the preface. The future drives the connection until its end.
    pub(super) async fn open<T>(
        io: T,
        pulse: Pulse,
        freed: Arc<Notify>,
    ) -> Result<(Arc<Self>, BoxFuture<'static, ()>), h2::Error>
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
        let life = Arc::<Life>::default();
        let driven = {
            let (life, freed) = (Arc::clone(&life), Arc::clone(&freed));
            async move {
                tokio::select! {
                    ended = connection => if let Err(error) = ended {
                        debug!(%error, "a connection failed");
                    },
                    () = listen_for_silence(ping, pulse, Arc::clone(&life)) => debug!("a connection fell silent"),
                }
                life.is_over.store(true, Ordering::Relaxed);
                freed.notify_waiters();
            }
        };
        Ok((Arc::new(Self { send, open: Mutex::new(0), life, freed }), driven.boxed()))
    }

    /// Opens a stream if the peer allows one now.
    pub(super) fn begin(self: &Arc<Self>, request: &Request<()>, body: &Bytes) -> Begun {
        if self.is_over() {
            return Begun::Over;
        }
        let mut open = self.open.lock();
        if *open >= self.cap() {
            return Begun::Full;
        }
        // A clone has no memory of a stream that still waits to be opened, so h2 queues instead of failing.
        let Ok((response, mut stream)) = self.send.clone().send_request(request.clone(), false) else {
            self.retire();
            return Begun::Over;
        };
        *open += 1;
        if *open < self.cap() {
            // The cap may have risen since others began to wait.
            self.freed.notify_one();
        }
        if let Err(error) = stream.send_data(body.clone(), true) {
            // The answer's future ends with the reason.
            debug!(%error, "a body could not be written");
        }
        Begun::Started(Exchange { response, stream, connection: Arc::clone(self) })
    }

    /// Takes no further requests; those that are open go on.
    pub(super) fn retire(&self) {
        self.life.is_over.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.life.is_over.load(Ordering::Relaxed)
    }

    /// Whether the peer ever answered anything.
    pub(super) fn has_answered(&self) -> bool {
        self.life.has_answered.load(Ordering::Relaxed)
    }

    pub(super) fn open_streams(&self) -> usize {
        *self.open.lock()
    }

    /// What the peer allows at this moment.
    pub(super) fn cap(&self) -> usize {
        self.send.current_max_send_streams().min(STREAMS_MAX)
    }
}

impl Exchange {
    /// Waits for the answer. When time is up the stream is reset, so that its place is free at the peer, too.
    pub(super) async fn finish(mut self, until: Instant) -> Result<Raw, Lost> {
        let answered = timeout_at(until, async {
            let (head, body) = (&mut self.response).await?.into_parts();
            let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
            Ok::<_, h2::Error>(Raw {
                status: head.status.as_u16(),
                retry_after_s: text("retry-after").and_then(|seconds| seconds.parse().ok()),
                request: text("apns-id").unwrap_or("").chars().take(64).collect(),
                body: read(body).await?,
            })
        })
        .await;
        match answered {
            Ok(Ok(raw)) => {
                self.connection.life.has_answered.store(true, Ordering::Relaxed);
                self.connection.life.was_active.store(true, Ordering::Relaxed);
                Ok(raw)
            }
            Ok(Err(error)) => Err(self.lost(&error)),
            Err(_) => {
                self.stream.send_reset(Reason::CANCEL);
                self.connection.life.doubted.notify_one();
                Err(Lost::Unknown("no answer in time".to_owned()))
            }
        }
    }

    fn lost(&self, error: &h2::Error) -> Lost {
        let is_refused = error.is_reset() && error.is_remote() && error.reason() == Some(Reason::REFUSED_STREAM);
        if error.is_go_away() && error.is_remote() {
            self.connection.retire();
            return Lost::Refused;
        }
        if is_refused { Lost::Refused } else { Lost::Unknown(error.to_string()) }
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        *self.connection.open.lock() -= 1;
        self.connection.freed.notify_one();
    }
}

async fn read(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut read = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        read.extend_from_slice(&chunk);
        if read.len() > ANSWER_BYTES {
            read.truncate(ANSWER_BYTES);
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
