//! One credential of one app: claims what is due as far as circuit, rate and memory allow, and hands it on in batches.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use contract::codes::PushCommon;
use contract::{Millis, Result};
use parking_lot::Mutex;
use store::deliveries::{self, Claim, Claimed, Look, SELF_LANE};
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;

use super::driver::Key;
use super::errands::Errand;
use super::health::{Bucket, Circuit, Gate, Guard, is_flow_control};
use super::work::{self, Batch};
use super::{BATCH_MAX, CLAIM_MAX, Phase, Shared, unique};
use crate::channel::{Answer, Channel, Verdict};
use crate::credential::{Opened, Trouble};
use crate::delivery;

/// How long a changed credential's old channel may take to close.
const CLOSE: Duration = Duration::from_secs(5);

/// How often a lane is looked through from its oldest row on …
const WHOLE_MS: i64 = 1_000;
/// … and how far behind that look the others begin: what a transaction writes has the moment of its beginning.
const LAG_MS: i64 = 1_000;

/// A claim takes at most this part of the memory that is left …
const SHARE: usize = 8;
/// … but never less than this, as long as there is any.
const SHARE_MIN: usize = 16;

/// Where a lane leads.
#[derive(Clone)]
pub(super) enum Road {
    /// To our own connections.
    SelfBuilt,
    /// To a vendor.
    Vendor(Arc<dyn Channel>),
    /// Nowhere.
    Nowhere(Trouble),
}

pub(super) struct Lane {
    pub(super) key: Key,
    state: Mutex<State>,
    /// Rung when there is more to do while batches are under way …
    bell: Notify,
    /// … and whether some of it has to be claimed.
    is_due: AtomicBool,
    /// Batches that count against the bound.
    active: AtomicUsize,
    /// Batches that were claimed elsewhere.
    handed: Mutex<VecDeque<Batch>>,
}

/// A batch's place among those under way. A batch that only waits for devices that do not answer gives it back: those who
/// do must not wait behind them. Its rows still count against the memory.
pub(super) struct Slot {
    lane: Arc<Lane>,
    max: usize,
}

impl Slot {
    fn take(lane: &Arc<Lane>, max: usize) -> Self {
        lane.active.fetch_add(1, Ordering::Relaxed);
        Self { lane: Arc::clone(lane), max }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Where there was room, nobody waits for it.
        if self.lane.active.fetch_sub(1, Ordering::Relaxed) >= self.max {
            self.lane.ring();
        }
    }
}

struct State {
    circuit: Circuit,
    guard: Guard,
    /// None without a rate.
    bucket: Option<Bucket>,
    road: Option<(u64, Road)>,
    /// Whether anything was ever delivered here; read once.
    has_delivered: Option<bool>,
    used_at: Millis,
    /// Up to when nothing was left at the last look from the oldest row on.
    cleared_at: Millis,
}

/// What a look for work brought.
enum Found {
    Batch {
        batch: Batch,
        /// Whether there may be more: it took as many as it might.
        is_full: bool,
    },
    /// Nothing before then.
    Later(Millis),
    Nothing,
}

impl Lane {
    pub(super) fn new(key: Key) -> Self {
        let state = State {
            circuit: Circuit::default(),
            guard: Guard::default(),
            bucket: None,
            road: None,
            has_delivered: None,
            used_at: Millis(0),
            cleared_at: Millis(0),
        };
        Self {
            key,
            state: Mutex::new(state),
            bell: Notify::new(),
            is_due: AtomicBool::new(false),
            active: AtomicUsize::new(0),
            handed: Mutex::default(),
        }
    }

    /// Says that there is more to claim: a batch under way may be long in coming back.
    pub(super) fn ring(&self) {
        self.is_due.store(true, Ordering::Release);
        self.bell.notify_one();
    }

    /// Whether something was handed on that nobody runs yet.
    pub(super) fn has_handed(&self) -> bool {
        !self.handed.lock().is_empty()
    }

    /// What somebody needs who claims rows for this lane: a claim, and permits for as many rows as it may be; none where
    /// the lane has no room.
    pub(super) fn offer(&self, shared: &Shared, count: usize) -> (Option<OwnedSemaphorePermit>, Claim) {
        let until = shared.now().plus(shared.settings.lease_ms);
        let claim = Claim { node: shared.settings.node, id: unique(), until };
        let under_way = self.active.load(Ordering::Relaxed) + self.handed.lock().len();
        if !shared.is_running() || under_way >= shared.settings.batches_max {
            return (None, claim);
        }
        let count = count.min(shared.permits.available_permits() / SHARE);
        (Arc::clone(&shared.permits).try_acquire_many_owned(count as u32).ok().filter(|_| count > 0), claim)
    }

    /// Hands on what was claimed for this lane, to be run soon.
    pub(super) fn hand(&self, claim: Claim, rows: Vec<Claimed>, permits: OwnedSemaphorePermit) {
        let batch = self.batch(claim, rows, permits, false);
        self.handed.lock().push_back(batch);
        self.bell.notify_one();
    }

    /// Whether it is worth running: a shut circuit is left alone.
    pub(super) fn may_run(&self, now: Millis) -> bool {
        !matches!(self.state.lock().circuit.gate(now), Gate::Shut(_))
    }

    /// Whether its credential has changed, which may have mended what shut the circuit.
    pub(super) fn is_stale(&self, shared: &Shared) -> bool {
        let print = self.print(shared);
        self.state.lock().road.as_ref().is_some_and(|(known, _)| *known != print)
    }

    pub(super) fn is_idle(&self, since: Millis) -> bool {
        let state = self.state.lock();
        state.used_at < since && !state.circuit.is_shut()
    }

    pub(super) async fn close(&self) {
        let road = self.state.lock().road.take();
        if let Some((_, Road::Vendor(channel))) = road {
            channel.close().await;
        }
    }

    /// Works until nothing is due. Answers when to look again.
    pub(super) async fn run(self: &Arc<Self>, shared: &Arc<Shared>, errand: Errand) -> Result<Option<Millis>> {
        // On its way while it looks for work, and not while batches are waited for.
        let mut errand = Some(errand);
        let mut phase = shared.phase.subscribe();
        let print = self.print(shared);
        let road = self.road(shared, print).await?;
        let mut batches: JoinSet<Result<bool>> = JoinSet::new();
        // When there is something to claim again; unknown until it was looked for. Whoever knows of more rings.
        let mut next = Some(None);
        loop {
            if self.is_due.swap(false, Ordering::Acquire) {
                next = None;
            }
            let handed = self.handed.lock().pop_front();
            if let Some(batch) = handed {
                let under_way = shared.errands.begin();
                self.spawn(shared, &road, batch, under_way, &mut batches);
                continue;
            }
            let may_claim = shared.is_running() && self.print(shared) == print;
            let has_room = may_claim && self.active.load(Ordering::Relaxed) < shared.settings.batches_max;
            if has_room && next.is_none() {
                errand.get_or_insert_with(|| shared.errands.begin());
                match self.find(shared, &road, batches.is_empty(), &mut phase).await? {
                    Found::Batch { batch, is_full } => {
                        // What is due from now on rings.
                        next = (!is_full).then_some(None);
                        let under_way = shared.errands.begin();
                        self.spawn(shared, &road, batch, under_way, &mut batches);
                        continue;
                    }
                    Found::Later(at) => next = Some(Some(at)),
                    Found::Nothing => next = Some(None),
                }
            }
            errand = None;
            let ended = tokio::select! {
                ended = batches.join_next() => ended,
                () = self.bell.notified(), if may_claim && !batches.is_empty() => continue,
            };
            match ended {
                // What is not over may be due again, and the answers of a batch may let another go before its time.
                Some(Ok(is_open)) => {
                    if is_open? || next != Some(None) {
                        next = None;
                    }
                }
                Some(Err(error)) => return Err(contract::Failure::internal(error).into()),
                None if may_claim => break,
                // The credential has changed: again, with a channel made anew.
                None => return Ok(shared.is_running().then(|| shared.now())),
            }
        }
        match next.flatten() {
            Some(at) => Ok(Some(at)),
            None => self.first_due(shared).await,
        }
    }

    fn spawn(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        road: &Road,
        batch: Batch,
        errand: Errand,
        batches: &mut JoinSet<Result<bool>>,
    ) {
        let (lane, shared, road) = (Arc::clone(self), Arc::clone(shared), road.clone());
        let slot = Slot::take(self, shared.settings.batches_max);
        batches.spawn(async move { work::run(&shared, &lane, &road, batch, slot, errand).await });
    }

    pub(super) fn print(&self, shared: &Shared) -> u64 {
        match deliveries::parse_lane(&self.key.lane) {
            Some((channel, credential)) if &*self.key.lane != SELF_LANE => {
                shared.channels.print(self.key.app, channel, credential)
            }
            _ => 0,
        }
    }

    /// The channel of the credential as it is now.
    pub(super) async fn road(&self, shared: &Shared, print: u64) -> Result<Road> {
        let old = {
            let mut state = self.state.lock();
            if let Some((_, road)) = state.road.as_ref().filter(|(known, _)| *known == print) {
                return Ok(road.clone());
            }
            state.road.take()
        };
        if let Some((_, Road::Vendor(channel))) = old {
            tracing::info!(app = %self.key.app, lane = %self.key.lane, "a credential changed, its channel is made anew");
            if tokio::time::timeout(CLOSE, channel.close()).await.is_err() {
                tracing::warn!(app = %self.key.app, lane = %self.key.lane, "a channel did not close in time");
            }
        }
        let (road, bucket) = self.open(shared);
        let name = Arc::clone(&self.key.lane);
        let delivered =
            shared.store.read(self.key.app, move |snapshot| deliveries::has_delivered(snapshot, &name)).await?;
        let mut state = self.state.lock();
        state.circuit = Circuit::default();
        state.guard = Guard::default();
        state.bucket = bucket;
        state.has_delivered = Some(delivered);
        state.road = Some((print, road.clone()));
        Ok(road)
    }

    fn open(&self, shared: &Shared) -> (Road, Option<Bucket>) {
        if &*self.key.lane == SELF_LANE {
            return (Road::SelfBuilt, None);
        }
        let Some((channel, credential)) = deliveries::parse_lane(&self.key.lane) else {
            return (Road::Nowhere(Trouble::Unknown), None);
        };
        match shared.channels.open(self.key.app, channel, credential) {
            Ok(Opened { channel, rate }) => (Road::Vendor(channel), Some(Bucket::new(rate, shared.now()))),
            Err(trouble) => {
                tracing::warn!(app = %self.key.app, lane = %self.key.lane, ?trouble, "no channel for a credential");
                (Road::Nowhere(trouble), None)
            }
        }
    }

    /// Claims a batch, if the lane may send now.
    async fn find(
        &self,
        shared: &Arc<Shared>,
        road: &Road,
        is_alone: bool,
        phase: &mut watch::Receiver<Phase>,
    ) -> Result<Found> {
        let (count, is_probe) = match self.admit(shared.now(), is_alone) {
            Ok(admitted) => admitted,
            Err(at) => return Ok(Found::Later(at)),
        };
        // A lane takes a part of what is left and no more, so that those whose vendors do not answer leave something to
        // the others.
        let count = count.min((shared.permits.available_permits() / SHARE).max(SHARE_MIN));
        let permits = tokio::select! {
            permits = Arc::clone(&shared.permits).acquire_many_owned(count as u32) => permits,
            _ = phase.changed() => return Ok(Found::Nothing),
        };
        // Nobody closes the semaphore.
        let Ok(permits) = permits else { return Ok(Found::Nothing) };
        let now = shared.now();
        let claim = Claim { node: shared.settings.node, id: unique(), until: now.plus(shared.settings.lease_ms) };
        let name = Arc::clone(&self.key.lane);
        let look = Look { after: self.look_after(now), now, count };
        let take = move |tx: &mut store::Tx<'_>| {
            tx.relax()?;
            deliveries::claim(tx, look, &name, &claim, delivery::lost())
        };
        let rows = shared.store.write(self.key.app, take).await?;
        let is_full = rows.len() >= count;
        if look.after == Millis(0) && !is_full {
            self.note_cleared(now);
        }
        if rows.is_empty() {
            return Ok(Found::Nothing);
        }
        Ok(Found::Batch {
            batch: self.batch(claim, rows, permits, is_probe && matches!(road, Road::Vendor(_))),
            is_full,
        })
    }

    /// Behind which moment to look for what is due. What a slow transaction or a slow clock leaves behind it is found by
    /// the next whole look, at the latest by that of a sweep.
    pub(super) fn look_after(&self, now: Millis) -> Millis {
        let cleared_at = self.state.lock().cleared_at;
        let is_recent = (cleared_at.0..cleared_at.0 + WHOLE_MS).contains(&now.0);
        if is_recent { cleared_at.plus(-LAG_MS) } else { Millis(0) }
    }

    /// Notes that a whole look has left nothing that was due then.
    pub(super) fn note_cleared(&self, now: Millis) {
        self.state.lock().cleared_at = now;
    }

    fn batch(&self, claim: Claim, rows: Vec<Claimed>, mut permits: OwnedSemaphorePermit, is_probe: bool) -> Batch {
        let spare = permits.num_permits().saturating_sub(rows.len());
        drop(permits.split(spare));
        self.took(if is_probe { 1 } else { rows.len() });
        Batch { claim, rows, permits, is_probe }
    }

    /// Counts what is sent against the rate.
    pub(super) fn took(&self, sends: usize) {
        if let Some(bucket) = &mut self.state.lock().bucket {
            bucket.take(sends);
        }
    }

    /// How many rows may be claimed, and whether only one of them may be sent.
    pub(super) fn admit(&self, now: Millis, is_alone: bool) -> Result<(usize, bool), Millis> {
        let mut state = self.state.lock();
        state.used_at = now;
        let max = match &state.road {
            Some((_, Road::Vendor(channel))) => channel.limits().batch_max.clamp(CLAIM_MAX, BATCH_MAX),
            _ => CLAIM_MAX,
        };
        let is_probe = match state.circuit.gate(now) {
            Gate::Open => false,
            Gate::Shut(until) => return Err(until),
            Gate::Probe if is_alone => true,
            // The answer of what is under way comes first.
            Gate::Probe => return Err(now),
        };
        let count = match &mut state.bucket {
            Some(bucket) => bucket.available(now)?.min(max),
            None => max,
        };
        Ok((count, is_probe))
    }

    /// Learns from the answers of a batch. Answers for each whether its token may be dropped.
    pub(super) fn learn(&self, answers: &[Answer], now: Millis) -> Vec<bool> {
        let mut state = self.state.lock();
        let state = &mut *state;
        state.circuit.learn(answers, now);
        if is_flow_control(answers)
            && let Some(bucket) = &mut state.bucket
        {
            bucket.slow_down(now);
        }
        let has_delivered = state.has_delivered == Some(true);
        let note = |answer: &Answer| state.guard.note(matches!(answer.verdict, Verdict::Gone { .. }), has_delivered);
        let drops = answers.iter().map(note).collect();
        if state.guard.alarm(has_delivered) {
            tracing::error!(
                app = %self.key.app, lane = %self.key.lane,
                "too many tokens are called dead at once: they are kept; check the credential's environment and topic"
            );
        }
        drops
    }

    /// Whether a success is the first of the lane.
    pub(super) fn is_first_delivery(&self, settled: &[deliveries::Settled]) -> bool {
        let mut state = self.state.lock();
        let acked = PushCommon::Acked.row();
        let is_acked = |row: &deliveries::Settled| {
            row.status.family == acked.family.as_str() && Some(row.status.number) == acked.number()
        };
        if state.has_delivered == Some(true) || !settled.iter().any(is_acked) {
            return false;
        }
        state.has_delivered = Some(true);
        true
    }

    async fn first_due(&self, shared: &Shared) -> Result<Option<Millis>> {
        let lanes = shared.store.read(self.key.app, deliveries::lanes).await?;
        Ok(lanes.into_iter().find(|due| *due.lane == *self.key.lane).map(|due| due.due_at))
    }
}
