//! One connection, whichever protocol it speaks: who may send on it now, and what became of a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Request;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Reply, h1, h2};

/// How often an idle connection is asked whether it lives, and how long it may take to say so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pulse {
    pub(super) every: Duration,
    pub(super) patience: Duration,
}

/// A connection that can take requests.
pub(crate) struct Connection {
    road: Road,
    open: Mutex<usize>,
    pub(super) life: Arc<Life>,
    freed: Arc<Notify>,
    pub(super) answer_bytes: usize,
}

/// The protocol.
enum Road {
    Many(h2::Sender),
    One(h1::Sender),
}

/// What a connection and its driver tell each other.
#[derive(Debug, Default)]
pub(super) struct Life {
    pub(super) is_over: AtomicBool,
    pub(super) has_answered: AtomicBool,
    pub(super) was_active: AtomicBool,
    /// An answer did not come in time: the next ping is due now.
    pub(super) doubted: Notify,
}

/// What came of beginning a request.
pub(super) enum Begun {
    Started(Exchange),
    /// As many requests are open as the peer allows.
    Full,
    /// No request will ever begin here again.
    Over,
}

/// A request that was written, or is about to be.
pub(super) struct Exchange {
    way: Way,
    connection: Arc<Connection>,
}

enum Way {
    Many(Box<h2::Stream>),
    One(Box<h1::Turn>),
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Lost {
    /// The peer never looked at the request.
    Refused,
    /// Nobody knows.
    Unknown(String),
}

/// A connection and the future that drives it until its end.
pub(super) type Driven = (Arc<Connection>, BoxFuture<'static, ()>);

impl Connection {
    /// Speaks HTTP/2's preface.
    pub(super) async fn open_h2<T>(
        io: T,
        pulse: Pulse,
        freed: Arc<Notify>,
        answer_bytes: usize,
    ) -> std::io::Result<Driven>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let life = Arc::<Life>::default();
        let opened = h2::open(io, pulse, Arc::clone(&life), Arc::clone(&freed)).await;
        let (sender, driven) = opened.map_err(std::io::Error::other)?;
        Ok((Arc::new(Self::new(Road::Many(sender), life, freed, answer_bytes)), driven))
    }

    /// Takes a connection that carries one request after the other.
    pub(super) async fn open_h1<T>(io: T, freed: Arc<Notify>, answer_bytes: usize) -> std::io::Result<Driven>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let life = Arc::<Life>::default();
        let opened = h1::open(io, Arc::clone(&life), Arc::clone(&freed)).await;
        let (sender, driven) = opened.map_err(std::io::Error::other)?;
        Ok((Arc::new(Self::new(Road::One(sender), life, freed, answer_bytes)), driven))
    }

    fn new(road: Road, life: Arc<Life>, freed: Arc<Notify>, answer_bytes: usize) -> Self {
        Self { road, open: Mutex::new(0), life, freed, answer_bytes }
    }

    /// Begins a request if the peer allows one now.
    pub(super) fn begin(self: &Arc<Self>, request: &Request<()>, body: &Bytes) -> Begun {
        if self.is_over() {
            return Begun::Over;
        }
        let mut open = self.open.lock();
        if *open >= self.cap() {
            return Begun::Full;
        }
        let way = match &self.road {
            Road::Many(sender) => sender.begin(request, body).map(|stream| Way::Many(Box::new(stream))),
            Road::One(sender) => sender.begin(request, body).map(|turn| Way::One(Box::new(turn))),
        };
        let Some(way) = way else {
            self.retire();
            return Begun::Over;
        };
        *open += 1;
        if *open < self.cap() {
            // The cap may have risen since others began to wait.
            self.freed.notify_one();
        }
        Begun::Started(Exchange { way, connection: Arc::clone(self) })
    }

    /// Takes no further requests; those that are open go on.
    pub(crate) fn retire(&self) {
        self.life.is_over.store(true, Ordering::Relaxed);
        if let Road::One(sender) = &self.road {
            sender.retire();
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.life.is_over.load(Ordering::Relaxed)
    }

    /// Whether the peer ever answered anything.
    pub(super) fn has_answered(&self) -> bool {
        self.life.has_answered.load(Ordering::Relaxed)
    }

    /// Whether another connection may stand beside this one: not before an HTTP/2 peer has raised its cap.
    pub(super) fn is_proved(&self) -> bool {
        match &self.road {
            Road::Many(_) => self.cap() > 1,
            Road::One(_) => true,
        }
    }

    /// Whether it carries one request after the other.
    pub(super) fn is_single(&self) -> bool {
        matches!(self.road, Road::One(_))
    }

    pub(super) fn open_requests(&self) -> usize {
        *self.open.lock()
    }

    /// What the peer allows at this moment.
    pub(super) fn cap(&self) -> usize {
        match &self.road {
            Road::Many(sender) => sender.cap(),
            Road::One(_) => 1,
        }
    }
}

impl Exchange {
    /// Waits for the answer, at most until a moment.
    pub(super) async fn finish(mut self, until: Instant) -> Result<Reply, Lost> {
        let connection = Arc::clone(&self.connection);
        let answered = match &mut self.way {
            Way::Many(stream) => stream.finish(&connection, until).await,
            Way::One(turn) => turn.finish(&connection, until).await,
        };
        if answered.is_ok() {
            connection.life.has_answered.store(true, Ordering::Relaxed);
            connection.life.was_active.store(true, Ordering::Relaxed);
        }
        answered
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let (Way::One(turn), Road::One(sender)) = (&mut self.way, &self.connection.road) {
            sender.give_back(turn);
        }
        *self.connection.open.lock() -= 1;
        self.connection.freed.notify_one();
    }
}
