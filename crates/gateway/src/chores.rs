//! What is done for all connections together: deadlines by time; heartbeats and good-byes by the store, in batches.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contract::frame::Frame;
use contract::webhook::{Origin, StateChange};
use contract::{AppId, DeviceId, Error, Fault, Millis, Result, UserId};
use futures_util::stream::{self, StreamExt};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::hub::Hub;
use crate::kinds::family_of;
use crate::link::End;
use crate::refusal;
use crate::registry::Session;

/// What waits to be done.
#[derive(Default)]
pub(crate) struct Chores {
    beats: Mutex<VecDeque<Beat>>,
    gone: Mutex<VecDeque<Gone>>,
    is_due: Notify,
    is_ending: AtomicBool,
}

/// A heartbeat that is to be held against the store.
struct Beat {
    session: Arc<Session>,
    frame: Frame,
}

/// A session that ended and whose device still counts as connected.
#[derive(Clone)]
struct Gone {
    app: AppId,
    account: UserId,
    device: DeviceId,
    session: i64,
    at: Millis,
    origin: Origin,
    /// How it is told to whoever wants to know.
    change: Option<StateChange>,
}

/// Entries that one job of the store does.
const BATCH: usize = 256;
/// Jobs at a time.
const JOBS: usize = 8;
/// Heartbeats that wait. A node that is so far behind sheds the rest; the devices beat again.
const BEATS_MAX: usize = 100_000;
/// Good-byes that wait while the store is away. Beyond that the oldest are forgotten: such a device counts as
/// connected until its next login or this node's next start.
const GONE_MAX: usize = 400_000;
/// How long a failed batch of good-byes waits.
const RETRY: Duration = Duration::from_millis(500);

impl Chores {
    /// Queues a heartbeat; it is answered when the store was asked. Answers false if too many wait.
    pub(crate) fn beat(&self, session: &Arc<Session>, frame: Frame) -> bool {
        let mut beats = self.beats.lock();
        if beats.len() >= BEATS_MAX {
            return false;
        }
        beats.push_back(Beat { session: Arc::clone(session), frame });
        drop(beats);
        self.is_due.notify_one();
        true
    }

    /// Queues a good-bye.
    pub(crate) fn leave(&self, session: &Session, at: Millis) {
        let gone = Gone {
            app: session.app,
            account: session.account.clone(),
            device: session.device.clone(),
            session: session.id,
            at,
            origin: session.origin(),
            change: session.farewell(),
        };
        let mut waiting = self.gone.lock();
        if waiting.len() >= GONE_MAX {
            waiting.pop_front();
        }
        waiting.push_back(gone);
        drop(waiting);
        self.is_due.notify_one();
    }
}

impl Chores {
    /// Has everything that waits done, and then no more.
    pub(crate) fn end(&self) {
        self.is_ending.store(true, Ordering::Release);
        self.is_due.notify_one();
    }

    fn is_over(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }
}

impl Hub {
    /// Cuts connections whose time is over.
    pub(crate) async fn watch(self: Arc<Self>) {
        let mut tick = tokio::time::interval(self.settings.tick);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.chores.is_over() {
            tick.tick().await;
            self.reap();
            for link in self.wheel.overdue(self.front.now()) {
                if link.ends() == End::Never {
                    self.counts.silent.fetch_add(1, Ordering::Relaxed);
                }
                link.cut_silent();
            }
        }
    }

    /// Does what waits for the store. While one round is with the store the next one gathers, so that the batches
    /// grow with the load.
    pub(crate) async fn work(self: Arc<Self>) {
        loop {
            self.chores.is_due.notified().await;
            // Asked before the round, so that what was queued before the end is part of the last round.
            let is_last = self.chores.is_over();
            self.check_beats().await;
            if self.say_good_byes().await {
                if is_last {
                    break;
                }
            } else {
                tokio::time::sleep(RETRY).await;
                self.chores.is_due.notify_one();
            }
        }
    }

    async fn check_beats(&self) {
        let beats = std::mem::take(&mut *self.chores.beats.lock());
        let batches = by_app(beats, |beat| beat.session.app);
        stream::iter(batches).for_each_concurrent(JOBS, |(app, batch)| self.check_batch(app, batch)).await;
    }

    async fn check_batch(&self, app: AppId, batch: Vec<Beat>) {
        let sessions: Vec<Arc<Session>> = batch.iter().map(|beat| Arc::clone(&beat.session)).collect();
        let checked = self
            .store
            .read(app, move |snapshot| {
                let check = |session: &Arc<Session>| -> Result<Option<Fault>> {
                    let epoch = session.epoch();
                    match chat::login::check(snapshot, &session.account, epoch, &session.device, session.id) {
                        Ok(()) => Ok(None),
                        Err(Error::Fault(fault)) => Ok(Some(fault)),
                        Err(failure) => Err(failure),
                    }
                };
                sessions.iter().map(check).collect::<Result<Vec<_>>>()
            })
            .await;
        match checked {
            Ok(faults) => {
                for (beat, fault) in batch.into_iter().zip(faults) {
                    match fault {
                        None => self.tell(&beat.session, &beat.frame.answer(&())),
                        Some(fault) => self.kick(&beat.session, fault),
                    }
                }
            }
            Err(error) => {
                for beat in batch {
                    let family = family_of(beat.frame.command());
                    self.tell(&beat.session, &refusal::refuse(&beat.frame, family, &error));
                }
            }
        }
    }

    /// Answers false if some could not be said; they are kept.
    async fn say_good_byes(&self) -> bool {
        let gone = std::mem::take(&mut *self.chores.gone.lock());
        let batches = by_app(gone, |gone| gone.app);
        let failed: Vec<Gone> = stream::iter(batches)
            .map(|(app, batch)| async move {
                let kept = batch.clone();
                let said = self.store.write(app, move |tx| {
                    batch.iter().try_for_each(|gone| {
                        tx.act_for(gone.origin);
                        let Gone { at, account, device, session, change, .. } = gone;
                        chat::login::disconnect(tx, *at, account, device, *session, *change)
                    })
                });
                match said.await {
                    Ok(()) => Vec::new(),
                    Err(error) => {
                        tracing::warn!(%app, count = kept.len(), %error, "disconnects could not be stored");
                        kept
                    }
                }
            })
            .buffer_unordered(JOBS)
            .flat_map(stream::iter)
            .collect()
            .await;
        let is_done = failed.is_empty();
        let mut waiting = self.chores.gone.lock();
        for gone in failed {
            if waiting.len() < GONE_MAX {
                waiting.push_front(gone);
            }
        }
        is_done
    }
}

/// Sorts entries into bounded batches of one app each, in their order.
fn by_app<T>(entries: VecDeque<T>, app_of: impl Fn(&T) -> AppId) -> Vec<(AppId, Vec<T>)> {
    let mut open: BTreeMap<AppId, Vec<T>> = BTreeMap::new();
    let mut full = Vec::new();
    for entry in entries {
        let app = app_of(&entry);
        let batch = open.entry(app).or_default();
        batch.push(entry);
        if batch.len() == BATCH {
            full.push((app, std::mem::take(batch)));
        }
    }
    full.extend(open.into_iter().filter(|(_, batch)| !batch.is_empty()));
    full
}
