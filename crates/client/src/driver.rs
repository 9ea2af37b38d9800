//! The one task behind a client: feeds the core with calls, frames and time, and does what it says.
//!
//! What a round brings is kept in the cache first and told afterwards. While events wait for the application the
//! driver takes no frames, except those that a call of the application waits for: an application that calls from
//! its event loop must not wait for itself.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contract::frame::Frame;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use crate::cache::Cache;
use crate::core::{Answer, Ask, CallId, Core, Known, Ms, Output, Rules};
use crate::error::Result;
use crate::event::{Event, Reason, Status};
use crate::settings::Settings;
use crate::transport::{Connection, Target};

/// Events that may wait while a call of the application is on its way.
const BACKLOG_MAX: usize = 1_024;
/// Frames of one round, so that their writes share a transaction.
const ROUND_FRAMES: usize = 32;
/// How long a connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// A call of the application.
pub(crate) struct Call {
    pub(crate) what: What,
    pub(crate) reply: oneshot::Sender<Result<Answer>>,
}

/// What is called for.
pub(crate) enum What {
    Login { user: String, user_sig: String },
    Logout,
    Ask(Ask),
}

/// What driver and client share.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The cache of the account that was logged in last.
    pub(crate) cache: Arc<Mutex<Option<Cache>>>,
    /// Whether the application takes events.
    pub(crate) is_listening: Arc<AtomicBool>,
    pub(crate) status: watch::Sender<Status>,
}

pub(crate) struct Driver {
    settings: Settings,
    target: Target,
    shared: Shared,
    core: Core,
    started: Instant,
    calls: mpsc::Receiver<Call>,
    events: mpsc::Sender<Event>,
    backlog: VecDeque<Event>,
    callers: HashMap<CallId, oneshot::Sender<Result<Answer>>>,
    next_call: CallId,
    opening: JoinSet<Result<Connection, Reason>>,
    connection: Option<Connection>,
    closing: JoinSet<()>,
}

/// What wakes the driver.
enum Woken {
    Stopped,
    Called(Option<Call>),
    Opened(Result<Result<Connection, Reason>, JoinError>),
    Came(Result<Frame, String>),
    Told,
    Deaf,
    Due,
}

impl Driver {
    pub(crate) fn new(
        settings: Settings,
        target: Target,
        shared: Shared,
        calls: mpsc::Receiver<Call>,
        events: mpsc::Sender<Event>,
    ) -> Self {
        let core = Core::new(Rules::from(&settings), rand::make_rng());
        Self {
            settings,
            target,
            shared,
            core,
            started: Instant::now(),
            calls,
            events,
            backlog: VecDeque::new(),
            callers: HashMap::new(),
            next_call: 0,
            opening: JoinSet::new(),
            connection: None,
            closing: JoinSet::new(),
        }
    }

    /// Runs until it is told to stop, or until nobody holds the client any more.
    pub(crate) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        loop {
            self.settle().await;
            let reads = self.backlog.is_empty() || (self.core.is_awaited() && self.backlog.len() < BACKLOG_MAX);
            self.core.set_reading(self.now(), reads);
            match self.wake(&mut stop, reads).await {
                Woken::Stopped | Woken::Called(None) => break,
                Woken::Called(Some(call)) => self.call(call).await,
                Woken::Opened(result) => self.opened(result),
                Woken::Came(frame) => self.came(frame),
                Woken::Told => {}
                Woken::Deaf => self.deafen(),
                Woken::Due => self.core.tick(self.now()),
            }
        }
        self.core.stop();
        self.settle().await;
        while self.closing.join_next().await.is_some() {}
    }

    async fn wake(&mut self, stop: &mut oneshot::Receiver<()>, reads: bool) -> Woken {
        let due = self.core.due().map(|due| self.started + Duration::from_millis(due));
        let frames = reads.then_some(self.connection.as_mut()).flatten();
        tokio::select! {
            _ = stop => Woken::Stopped,
            () = at(due) => Woken::Due,
            call = self.calls.recv() => Woken::Called(call),
            Some(result) = self.opening.join_next() => Woken::Opened(result),
            frame = next(frames) => Woken::Came(frame),
            permit = self.events.reserve(), if !self.backlog.is_empty() => match (permit, self.backlog.pop_front()) {
                (Ok(permit), Some(event)) => {
                    let now = self.started.elapsed().as_millis() as Ms;
                    if let Event::Pushed(push) = &event {
                        self.core.push_taken(now, &push.id);
                    }
                    permit.send(event);
                    Woken::Told
                }
                (Ok(_), None) => Woken::Told,
                (Err(_), _) => Woken::Deaf,
            },
        }
    }

    fn now(&self) -> Ms {
        self.started.elapsed().as_millis() as Ms
    }

    /// The application dropped its end of the events.
    fn deafen(&mut self) {
        self.backlog.clear();
        self.shared.is_listening.store(false, Ordering::Relaxed);
    }

    async fn call(&mut self, call: Call) {
        let id = self.next_call;
        self.next_call += 1;
        match call.what {
            What::Login { user, user_sig } => {
                let known = if self.core.status() == Status::LoggedOut {
                    match self.remember(&user).await {
                        Ok(known) => known,
                        Err(error) => return answer(call.reply, Err(error)),
                    }
                } else {
                    Known::default()
                };
                self.callers.insert(id, call.reply);
                self.core.login(self.now(), id, &user, &user_sig, known);
            }
            What::Logout => {
                self.callers.insert(id, call.reply);
                self.core.logout(self.now(), id);
            }
            What::Ask(ask) => {
                self.callers.insert(id, call.reply);
                self.core.ask(self.now(), id, ask);
            }
        }
    }

    /// Opens the cache of an account, unless it is open.
    async fn remember(&self, user: &str) -> Result<Known> {
        let open = self.cache().filter(|cache| cache.owner() == user);
        let cache = match open {
            Some(cache) => cache,
            None => Cache::open(self.settings.storage.clone(), self.settings.app, user).await?,
        };
        let known = cache.known().await?;
        *self.shared.cache.lock().unwrap_or_else(PoisonError::into_inner) = Some(cache);
        Ok(known)
    }

    fn cache(&self) -> Option<Cache> {
        self.shared.cache.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn opened(&mut self, result: Result<Result<Connection, Reason>, JoinError>) {
        match result {
            Ok(Ok(connection)) => {
                self.connection = Some(connection);
                self.core.opened(self.now());
            }
            Ok(Err(reason)) => self.core.lost(self.now(), reason),
            Err(error) => self.core.lost(self.now(), Reason::Lost(error.to_string())),
        }
    }

    fn came(&mut self, first: Result<Frame, String>) {
        let mut frame = Some(first);
        for _ in 0..ROUND_FRAMES {
            match frame {
                Some(Ok(frame)) => self.core.frame(self.now(), &frame),
                Some(Err(what)) => return self.core.lost(self.now(), Reason::Lost(what)),
                None => return,
            }
            frame = self.connection.as_mut().and_then(Connection::ready);
        }
        // What was taken last must not be lost.
        match frame {
            Some(Ok(frame)) => self.core.frame(self.now(), &frame),
            Some(Err(what)) => self.core.lost(self.now(), Reason::Lost(what)),
            None => {}
        }
    }

    /// Does what the core says, until it says nothing more.
    async fn settle(&mut self) {
        let mut writes = Vec::new();
        let mut told = Vec::new();
        while let Some(output) = self.core.next() {
            match output {
                Output::Connect => self.connect(),
                Output::Close => self.close(),
                Output::Send(frame) => self.send(frame),
                Output::Write(write) => writes.push(write),
                Output::Event(_) | Output::Done(..) => told.push(output),
            }
        }
        if !writes.is_empty()
            && let Some(cache) = self.cache()
            && let Err(error) = cache.apply(writes).await
        {
            told.push(Output::Event(Event::CacheFailed { text: error.to_string() }));
        }
        // Before the callers: whoever logged in sees that he is.
        let status = self.core.status();
        self.shared.status.send_if_modified(|shown| std::mem::replace(shown, status) != status);
        for output in told {
            match output {
                Output::Done(call, result) => {
                    if let Some(reply) = self.callers.remove(&call) {
                        answer(reply, result);
                    }
                }
                Output::Event(event) if self.shared.is_listening.load(Ordering::Relaxed) => {
                    self.backlog.push_back(event);
                }
                _ => {}
            }
        }
        while self.closing.try_join_next().is_some() {}
    }

    fn connect(&mut self) {
        self.opening.abort_all();
        self.opening = JoinSet::new();
        let (target, bound) = (self.target.clone(), self.settings.connect_timeout);
        self.opening.spawn(async move {
            let late = || Err(Reason::Lost("no connection in time".into()));
            tokio::time::timeout(bound, target.connect()).await.unwrap_or_else(|_| late())
        });
    }

    fn close(&mut self) {
        self.opening = JoinSet::new();
        if let Some(connection) = self.connection.take() {
            self.closing.spawn(async move {
                if tokio::time::timeout(GOODBYE, connection.close()).await.is_err() {
                    tracing::debug!("a connection took too long to say goodbye");
                }
            });
        }
    }

    fn send(&mut self, frame: Frame) {
        let is_sent = self.connection.as_ref().is_some_and(|connection| connection.send(frame));
        if !is_sent {
            self.core.lost(self.now(), Reason::Lost("the gateway does not take what is sent".into()));
        }
    }
}

/// Answers a caller; one that stopped waiting has dropped its end.
fn answer(reply: oneshot::Sender<Result<Answer>>, result: Result<Answer>) {
    if reply.send(result).is_err() {
        tracing::trace!("a caller stopped waiting");
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn next(connection: Option<&mut Connection>) -> Result<Frame, String> {
    match connection {
        Some(connection) => connection.next().await,
        None => std::future::pending().await,
    }
}
