//! Tells one app what happened: many conversations at a time, each of them in order.
//!
//! Events are read and deleted in the batches that transactions left, many at a time, so telling one costs the store
//! little; a batch is deleted only after all of it was told or given up, so a crash repeats a few and loses none. While
//! the endpoint is left alone nothing is held in memory. An event that the endpoint refuses although it takes others is
//! given up after some tries, because everything of its conversation waits behind it; trouble of the endpoint itself is
//! waited out for as long as the app keeps events.

mod find;
mod floor;
mod held;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use contract::AppId;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use store::webhooks;
use tokio::sync::watch;
use tokio::time::Instant;

use super::endpoint::{Call, Miss};
use super::key::Key;
use super::load::Event;
use super::{Bell, Webhooks};
use find::Done;
use floor::Floor;
use held::Held;

/// Calls of one app under way.
const PARALLEL: usize = 32;
/// More are read while fewer than this wait in memory.
const LOW: usize = 500;
/// Told batches that are deleted at once.
const DELETE: usize = 1_000;
/// Told batches that may wait for it; beyond that nothing more is read.
const TOLD_MAX: usize = 2_000;
/// How long told batches wait to be deleted with others: each deletion is a piece of work for the writer, and sends are
/// cheaper without one beside them.
const DELETE_AFTER: Duration = Duration::from_millis(250);
/// The pause before an event is told again; each failure doubles it.
const RETRY: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_mins(1);
/// Tries of an event while the endpoint takes others.
const TRIES: u32 = 8;
/// How long after a look that found few the next one waits, so that it finds more: a look costs about as much for one event
/// as for many.
const PACE: Duration = Duration::from_millis(20);
/// The same where events are handed over, which costs next to nothing.
const PACE_HANDED: Duration = Duration::from_millis(2);
/// How long a node has the right to tell an app's events.
const LEASE_MS: i64 = 30_000;
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(10);
/// How long a pump waits for more before it goes: a lease taken again for each event would be work for the writer.
const LINGER: Duration = Duration::from_secs(5);
/// How often a pump looks on a store with several writers although it heard nothing: another node may have written.
const LOOK: Duration = Duration::from_secs(1);
/// How long another node may take to learn of a change of settings.
const SETTINGS_LAG_MS: i64 = 10_000;

/// What is told in order.
#[derive(Default)]
struct Part {
    events: VecDeque<Event>,
    is_busy: bool,
    /// Failures of the first event, and those of them that were its own fault.
    failures: u32,
    tries: u32,
}

/// How telling an event ended.
struct Told {
    part: i64,
    began: Instant,
    outcome: Result<(), Miss>,
}

/// One app's pump.
pub(super) struct Pump {
    hooks: Arc<Webhooks>,
    app: AppId,
    bell: Arc<Bell>,
    parts: HashMap<i64, Part>,
    /// Parts whose first event may be told now.
    ready: VecDeque<i64>,
    /// Parts that wait for a moment.
    later: BTreeSet<(Instant, i64)>,
    known: Held,
    held: usize,
    /// Batches that were told and are not deleted.
    told: Vec<i64>,
    told_since: Option<Instant>,
    /// The last id that was found, and the one below which nothing is to be found any more.
    cursor: i64,
    floor: Floor,
    looked_at: Instant,
    /// Rises where events are dropped from memory.
    turn: u64,
    /// The stretch of events handed over that follows upon what was read: while it lasts, nothing is read.
    follows: Option<u64>,
    /// Not read before.
    paced_until: Instant,
    may_be_more: bool,
    /// Nothing is read or told before: the endpoint is left alone.
    rests_until: Option<Instant>,
    renewed_at: Option<Instant>,
    active_at: Instant,
}

impl Pump {
    pub(super) fn new(hooks: Arc<Webhooks>, app: AppId, bell: Arc<Bell>) -> Self {
        let now = Instant::now();
        Self {
            hooks,
            app,
            bell,
            parts: HashMap::new(),
            ready: VecDeque::new(),
            later: BTreeSet::new(),
            known: Held::default(),
            held: 0,
            told: Vec::new(),
            told_since: None,
            cursor: i64::MIN,
            floor: Floor::new(),
            looked_at: now,
            turn: 0,
            follows: None,
            paced_until: now,
            may_be_more: true,
            rests_until: None,
            renewed_at: None,
            active_at: now,
        }
    }

    /// Tells until nothing is left for a while, or a stop is asked for.
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let bell = Arc::clone(&self.bell);
        let mut calls: FuturesUnordered<BoxFuture<'static, Told>> = FuturesUnordered::new();
        let mut work: Option<BoxFuture<'static, Done>> = None;
        let mut is_left = false;
        loop {
            let is_stopping = is_left || *stopped.borrow();
            if work.is_none() {
                work = self.next_work(is_stopping, calls.is_empty());
            }
            if !is_stopping {
                self.start_calls(&mut calls);
            }
            if work.is_none() && calls.is_empty() && (is_stopping || self.is_over()) {
                break;
            }
            let wake = self.wake_at(work.is_some());
            tokio::select! {
                Some(told) = calls.next(), if !calls.is_empty() => {
                    self.learn(told);
                    while let Some(Some(told)) = calls.next().now_or_never() {
                        self.learn(told);
                    }
                }
                done = async { work.as_mut().expect("it is asked before").await }, if work.is_some() => {
                    work = None;
                    if !self.take(done) {
                        break;
                    }
                }
                () = bell.notify.notified() => self.may_be_more = true,
                () = tokio::time::sleep_until(wake) => {}
                changed = stopped.changed(), if !is_stopping => is_left = changed.is_err(),
            }
        }
        self.leave().await;
    }

    /// Whether nothing happened for a while and nothing is left. Leaves the place to a successor then.
    fn is_over(&self) -> bool {
        let is_idle = self.held == 0 && self.told.is_empty() && !self.may_be_more && self.rests_until.is_none();
        is_idle && self.active_at.elapsed() >= LINGER
    }

    /// Gives the lease back, and the app to whoever looks next.
    async fn leave(self) {
        let (hooks, app) = (&self.hooks, self.app);
        if !hooks.store.is_exclusive() && self.renewed_at.is_some() {
            let node = hooks.node;
            if let Err(error) = hooks.store.write(app, move |tx| webhooks::release(tx, node)).await {
                tracing::warn!(%app, %error, "a lease of webhooks was not given back and runs out");
            }
        }
        // An event that came while this pump went is somebody else's: the driver is told once more.
        hooks.give_back(app, &self.bell);
        if self.may_be_more {
            return;
        }
        let waits = hooks.store.read(app, |snapshot| webhooks::depth(snapshot, 1)).await;
        if waits.is_ok_and(|count| count > 0) {
            hooks.ring(app, &[]);
        }
    }

    /// When to look again although nothing was heard.
    fn wake_at(&self, is_working: bool) -> Instant {
        let now = Instant::now();
        let mut wake = now + RENEW;
        let mut sooner = |at: Option<Instant>| wake = at.map_or(wake, |at| wake.min(at));
        sooner(self.later.first().map(|(at, _)| *at));
        if !is_working {
            sooner(self.told_since.map(|at| at + DELETE_AFTER));
            sooner(self.rests_until);
            sooner(self.may_be_more.then_some(self.paced_until).filter(|at| *at > now));
            let is_resting = self.rests_until.is_some();
            sooner((self.held == 0 && self.told.is_empty() && !is_resting).then(|| self.active_at + LINGER));
            let looks = !self.hooks.store.is_exclusive() && !is_resting && !self.is_full();
            sooner(looks.then(|| self.looked_at + LOOK));
        }
        // A moment that has passed is dealt with by the next turn, which must not spin.
        wake.max(now + Duration::from_millis(1))
    }

    /// Whether nothing more is looked for. Where deletions fail, what was told must not fill the memory.
    fn is_full(&self) -> bool {
        self.held >= LOW || self.told.len() >= TOLD_MAX
    }

    fn finish(&mut self, key: Key) {
        if self.known.finish(key) {
            self.told.push(key.batch);
            self.told_since.get_or_insert_with(Instant::now);
        }
    }

    fn give_up(&mut self, event: &Event, why: &'static str) {
        let (Key { batch, index }, command) = (event.key, event.webhook.command());
        tracing::warn!(app = %self.app, command, batch, index, why, "an event is not told to a webhook");
        metrics::counter!("noroshi_webhook_dropped_total", "why" => why).increment(1);
        self.finish(event.key);
    }

    /// Tells the first events of the parts that may be told.
    fn start_calls(&mut self, calls: &mut FuturesUnordered<BoxFuture<'static, Told>>) {
        let now = Instant::now();
        while let Some((at, part)) = self.later.first().copied()
            && at <= now
        {
            self.later.remove(&(at, part));
            self.ready.push_back(part);
        }
        // Until a new lease is there, the old one covers what is under way and nothing more.
        let is_leased = self.hooks.store.is_exclusive()
            || self.renewed_at.is_some_and(|at| at.elapsed() < Duration::from_millis(LEASE_MS as u64 / 2));
        if !is_leased || self.rests_until.is_some() || self.ready.is_empty() {
            return;
        }
        let Some(app) = self.hooks.apps.get(self.app) else { return };
        let endpoint = self.hooks.endpoint(&app);
        while calls.len() < PARALLEL && !self.ready.is_empty() {
            let Ok(place) = Arc::clone(&self.hooks.places).try_acquire_owned() else {
                // The node is busy with other apps; a short pause, not a turn.
                if calls.is_empty()
                    && let Some(part) = self.ready.pop_front()
                {
                    self.later.insert((now + Duration::from_millis(5), part));
                }
                return;
            };
            let Some(part) = self.ready.pop_front() else { return };
            let Some(state) = self.parts.get_mut(&part) else { continue };
            let Some(event) = state.events.front() else { continue };
            if !app.settings.webhook.has(event.webhook) {
                self.advance(part, Some("off"));
                continue;
            }
            state.is_busy = true;
            let (webhook, origin, body) = (event.webhook, event.origin, event.body.clone());
            let (app, endpoint, now) = (Arc::clone(&app), Arc::clone(&endpoint), self.hooks.clock.now());
            calls.push(Box::pin(async move {
                let began = Instant::now();
                let outcome = endpoint.tell(Call { app: &app, webhook, origin, body, now }).await;
                drop(place);
                Told { part, began, outcome }
            }));
        }
    }

    /// Learns how a call ended: the next event of its part, the same one later, or a rest.
    fn learn(&mut self, told: Told) {
        let Told { part, began, outcome } = told;
        self.active_at = Instant::now();
        // Where the part was dropped meanwhile, its event is read again.
        let Some(state) = self.parts.get_mut(&part) else { return };
        state.is_busy = false;
        let miss = match outcome {
            Ok(()) => {
                // It is worth asking again, whatever it was before.
                self.may_be_more |= self.rests_until.take().is_some();
                return self.advance(part, None);
            }
            Err(Miss::Shut(until)) => return self.rest(until),
            Err(miss) => miss,
        };
        let app = self.hooks.apps.get(self.app);
        state.failures = state.failures.saturating_add(1);
        let is_well = app.as_ref().is_some_and(|app| self.hooks.endpoint(app).was_well_since(began));
        state.tries += u32::from(is_well);
        let is_retried = app.is_some_and(|app| app.settings.webhook.retry);
        if !is_retried || state.tries >= TRIES {
            return self.advance(part, Some(miss.as_str()));
        }
        let pause = (RETRY * 2u32.saturating_pow(state.failures.min(16) - 1)).min(RETRY_MAX);
        self.later.insert((Instant::now() + pause, part));
    }

    /// Goes on to the next event of a part.
    fn advance(&mut self, part: i64, given_up: Option<&'static str>) {
        let Some(state) = self.parts.get_mut(&part) else { return };
        let event = state.events.pop_front();
        (state.failures, state.tries) = (0, 0);
        if state.events.is_empty() {
            self.parts.remove(&part);
        } else {
            self.ready.push_back(part);
        }
        let Some(event) = event else { return };
        self.held -= 1;
        match given_up {
            None => self.finish(event.key),
            Some(why) => self.give_up(&event, why),
        }
    }

    /// Lets go of everything that is not under way until the endpoint is worth asking again.
    fn rest(&mut self, until: Instant) {
        self.rests_until = Some(until);
        self.ready.clear();
        self.later.clear();
        let known = &mut self.known;
        let mut held = 0;
        self.parts.retain(|_, part| {
            let kept = usize::from(part.is_busy);
            for event in part.events.drain(kept.min(part.events.len())..) {
                known.forget(event.key);
            }
            held += part.events.len();
            part.is_busy
        });
        self.held = held;
        // They are read again, in their order, from the first that is left; a look that is under way is for nothing.
        self.turn += 1;
        self.follows = None;
        self.bell.handed.close();
        self.bell.shelf.close();
        self.cursor = i64::MIN;
        self.floor = Floor::new();
    }
}
