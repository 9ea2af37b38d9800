//! The connections of one credential: few, long-lived, opened one at a time and never in a storm.
//!
//! A request takes the connection with the fewest open streams. Another connection is opened only when every one is
//! full and has been proved by the peer (a cap above one); until then requests wait their turn. A failed attempt
//! opens a pause that doubles, with jitter, in which requests are answered at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use parking_lot::Mutex;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tracing::debug;

use super::connection::{Begun, Connection, Exchange, Lost, Pulse};
use super::{Protocol, Reply, Tuning};

/// How often a request that the peer never looked at is sent again.
const REPLAYS: usize = 5;
/// Connections in a row that the peer may close without an answer before there is a pause.
const HANG_UPS: u32 = 2;
/// The peer says nothing when it raises its cap, so those who wait look again this often.
const LOOK: Duration = Duration::from_millis(50);
/// How long connections may take to finish when the pool closes.
const GOODBYE: Duration = Duration::from_secs(2);

/// Where to connect.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) name: ServerName<'static>,
}

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It was never sent.
    Unavailable { text: String, after_ms: Option<i64> },
    /// It was sent, and nobody knows what came of it.
    Closed(String),
}

/// The connections.
pub(crate) struct Pool {
    target: Target,
    tls: TlsConnector,
    protocol: Protocol,
    tuning: Tuning,
    live: Mutex<Vec<Arc<Connection>>>,
    /// Held while connecting: one attempt at a time.
    gate: tokio::sync::Mutex<()>,
    backoff: Mutex<Backoff>,
    freed: Arc<Notify>,
    drivers: Mutex<JoinSet<()>>,
    is_closed: AtomicBool,
}

#[derive(Debug)]
struct Backoff {
    failures: u32,
    until: Option<Instant>,
    why: String,
    random: u64,
}

impl Pool {
    pub(crate) fn new(target: Target, tls: TlsConnector, tuning: Tuning, protocol: Protocol) -> Self {
        Self {
            target,
            tls,
            protocol,
            live: Mutex::default(),
            gate: tokio::sync::Mutex::default(),
            backoff: Mutex::new(Backoff { failures: 0, until: None, why: String::new(), random: tuning.seed }),
            freed: Arc::default(),
            drivers: Mutex::default(),
            is_closed: AtomicBool::new(false),
            tuning,
        }
    }

    /// Sends a request and waits for its answer, again as long as the peer has never looked at it. Also gives the
    /// connection that answered.
    pub(crate) async fn send(&self, request: &Request<()>, body: &Bytes) -> Result<(Reply, Arc<Connection>), Trouble> {
        let until = Instant::now() + self.tuning.answer;
        for _ in 0..=REPLAYS {
            let exchange = self.begin(request, body, until).await?;
            let connection = Arc::clone(exchange.connection());
            match exchange.finish(until).await {
                Ok(reply) => return Ok((reply, connection)),
                Err(Lost::Refused) => {}
                Err(Lost::Unknown(text)) => return Err(Trouble::Closed(text)),
            }
        }
        Err(Trouble::Unavailable { text: "the peer refused the stream again and again".to_owned(), after_ms: None })
    }

    /// Ends every connection and waits for it.
    pub(crate) async fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        // Without a handle and without a stream, h2 says goodbye by itself.
        self.live.lock().clear();
        let mut drivers = std::mem::take(&mut *self.drivers.lock());
        let ended = timeout(GOODBYE, async { while drivers.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            drivers.shutdown().await;
        }
    }

    async fn begin(&self, request: &Request<()>, body: &Bytes, until: Instant) -> Result<Exchange, Trouble> {
        let unavailable = |text: &str, after_ms| Trouble::Unavailable { text: text.to_owned(), after_ms };
        while Instant::now() < until {
            if self.is_closed.load(Ordering::Relaxed) {
                return Err(unavailable("the channel is closed", None));
            }
            // Before the look at the connections, so that no wake-up falls between.
            let freed = self.freed.notified();
            let mut candidates = self.candidates();
            candidates.sort_by_key(|connection| connection.open_requests());
            for connection in &candidates {
                if let Begun::Started(exchange) = connection.begin(request, body) {
                    return Ok(exchange);
                }
            }
            let is_alone = candidates.is_empty();
            let may_grow = is_alone
                || (candidates.len() < self.connections_max(&candidates)
                    && candidates.iter().all(|connection| connection.is_proved()));
            drop(candidates);
            let Some(_gate) = may_grow.then(|| self.gate.try_lock().ok()).flatten() else {
                // Woken or not, the next turn looks at everything again.
                let _woken = timeout(LOOK, freed).await;
                continue;
            };
            if !self.candidates().is_empty() && is_alone {
                continue;
            }
            if let Err(trouble) = self.connect().await
                && is_alone
            {
                return Err(trouble);
            }
        }
        Err(unavailable("no free stream in time", None))
    }

    fn connections_max(&self, candidates: &[Arc<Connection>]) -> usize {
        let is_single = candidates.iter().any(|connection| connection.is_single());
        if is_single { self.tuning.singles_max } else { self.tuning.connections_max }
    }

    /// The connections that live. One that ended without a single answer counts as a failed attempt: a credential
    /// that the peer hangs up on must not make it see a storm.
    fn candidates(&self) -> Vec<Arc<Connection>> {
        let mut live = self.live.lock();
        live.retain(|connection| {
            let is_over = connection.is_over();
            if is_over && !connection.has_answered() {
                self.backoff.lock().hang_up(&self.tuning);
            }
            !is_over
        });
        live.clone()
    }

    async fn connect(&self) -> Result<(), Trouble> {
        if let Some((text, after_ms)) = self.backoff.lock().pause() {
            return Err(Trouble::Unavailable { text, after_ms: Some(after_ms) });
        }
        let opened = timeout(self.tuning.connect, self.open()).await;
        let opened = opened.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)));
        match opened {
            Ok(()) => Ok(()),
            Err(error) => {
                debug!(%error, "no connection");
                let text = format!("no connection: {error}");
                let mut backoff = self.backoff.lock();
                backoff.fail(&self.tuning, text.clone());
                let after_ms = backoff.pause().map(|(_, after_ms)| after_ms);
                Err(Trouble::Unavailable { text, after_ms })
            }
        }
    }

    async fn open(&self) -> io::Result<()> {
        let socket = TcpStream::connect((self.target.host.as_str(), self.target.port)).await?;
        socket.set_nodelay(true)?;
        let tls = self.tls.connect(self.target.name.clone(), socket).await?;
        let pulse = Pulse { every: self.tuning.ping, patience: self.tuning.pong };
        let is_h2 = self.protocol == Protocol::Http2 || tls.get_ref().1.alpn_protocol() == Some(b"h2");
        let (freed, answer_bytes) = (Arc::clone(&self.freed), self.tuning.answer_bytes);
        let (connection, driven) = if is_h2 {
            Connection::open_h2(tls, pulse, freed, answer_bytes).await?
        } else {
            Connection::open_h1(tls, freed, answer_bytes).await?
        };
        let mut drivers = self.drivers.lock();
        while drivers.try_join_next().is_some() {}
        drivers.spawn(driven);
        drop(drivers);
        self.live.lock().push(connection);
        self.freed.notify_waiters();
        Ok(())
    }

    /// An answer came: the road is good.
    pub(crate) fn praise(&self) {
        let mut backoff = self.backoff.lock();
        backoff.failures = 0;
        backoff.until = None;
    }
}

impl Backoff {
    /// The rest of the pause, if there is one.
    fn pause(&self) -> Option<(String, i64)> {
        let left = self.until?.checked_duration_since(Instant::now())?;
        (!left.is_zero()).then(|| (self.why.clone(), left.as_millis() as i64 + 1))
    }

    /// The peer closed a connection that it never answered on. Once or twice is its good right.
    fn hang_up(&mut self, tuning: &Tuning) {
        if self.failures < HANG_UPS {
            self.failures += 1;
        } else {
            self.fail(tuning, "the peer closes connections without an answer".to_owned());
        }
    }

    fn fail(&mut self, tuning: &Tuning, why: String) {
        self.failures = self.failures.saturating_add(1);
        self.why = why;
        let doubled = tuning.pause_min.saturating_mul(1 << (self.failures - 1).min(16)).min(tuning.pause_max);
        self.until = Some(Instant::now() + doubled.mul_f64(0.5 + self.fraction()));
    }

    /// SplitMix64: spread, not secrecy.
    fn fraction(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(((mixed ^ (mixed >> 31)) >> 32) as u32) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_with_jitter_up_to_its_bound() {
        let tuning = Tuning::default();
        let mut backoff = Backoff { failures: 0, until: None, why: String::new(), random: 7 };
        let mut expected = tuning.pause_min;
        for _ in 0..40 {
            backoff.fail(&tuning, "why".to_owned());
            let (why, after_ms) = backoff.pause().unwrap();
            let least = (expected / 2).as_millis() as i64;
            assert_eq!(why, "why");
            // A busy machine may take a moment between the two calls.
            assert!((least - 200..=least * 3 + 2).contains(&after_ms), "{after_ms} for {expected:?}");
            expected = (expected * 2).min(tuning.pause_max);
        }
    }
}
