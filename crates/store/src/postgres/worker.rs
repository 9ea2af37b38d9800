//! A general worker: one job at a time, run again when it lost against another.

use std::time::{Duration, Instant};

use contract::event::Event;
use contract::{AppId, Error, Failure};

use super::Session;
use crate::append::window::random;
use crate::job::{Work, guard};
use crate::queue::Fair;
use crate::tx::{Link, Tx};
use crate::{Hooks, announce};

/// How often a job is run again.
pub(super) const RERUNS: u32 = 5;

/// A job in the queue.
pub(super) struct Queued {
    work: Box<dyn Work>,
    is_write: bool,
    since: Instant,
}

impl Queued {
    pub(super) fn new(work: Box<dyn Work>, is_write: bool) -> Self {
        Self { work, is_write, since: Instant::now() }
    }

    /// Since when it waits.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// [`Work::run`].
    pub(super) fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        self.work.run(tx)
    }

    /// [`Work::failure`].
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.work.failure()
    }

    /// [`Work::answer`].
    pub(super) fn answer(self, trouble: Option<Failure>) {
        self.work.answer(trouble);
    }
}

/// How a run of a job ended.
enum End {
    Done(Vec<Event>),
    /// The job's own value is the answer, or there is trouble behind it.
    Failed(Option<Failure>),
    Again(Failure),
}

/// Runs jobs until the queue is closed and empty.
pub(super) fn run(mut session: Session, queue: &Fair<Queued>, hooks: &Hooks) {
    let mut taken = Vec::with_capacity(1);
    while session.wait(queue.next(1, &mut taken)) {
        for (app, job) in taken.drain(..) {
            if job.is_write || !job.work.is_abandoned() {
                // As in the embedded writer: a mistake of our own must not leave a queue that nobody drains.
                let survived = guard(|| {
                    answer(&mut session, app, job, hooks);
                    Ok(())
                });
                if let Err(error) = survived {
                    tracing::error!(%error, "worker");
                    session.abandon();
                }
            }
        }
    }
}

fn answer(session: &mut Session, app: AppId, mut job: Queued, hooks: &Hooks) {
    let deadline = job.since + session.patience().away;
    let mut last = None;
    for attempt in 0..=RERUNS {
        if attempt > 0 {
            session.pause(jitter(attempt));
        }
        if let Err(error) = session.ensure(deadline) {
            return job.work.answer(Some(failure_of(error)));
        }
        match attempt_once(session, app, &mut job, hooks) {
            End::Done(events) => {
                if !events.is_empty() {
                    announce(hooks, &[(app, events)].into());
                }
                return job.work.answer(None);
            }
            End::Failed(trouble) => return job.work.answer(trouble),
            End::Again(failure) => last = Some(failure),
        }
    }
    job.work.answer(last);
}

fn attempt_once(session: &mut Session, app: AppId, job: &mut Queued, hooks: &Hooks) -> End {
    if job.is_write {
        session.arm();
    }
    let mut tx = Tx::new(app, Link::Postgres(session)).hooked((hooks.wanted)(app));
    let is_kept = job.work.run(&mut tx);
    let events = tx.into_events();
    if is_kept {
        return match session.commit() {
            Ok(()) => End::Done(events),
            Err(Error::Failure(failure @ Failure::Conflict(_))) => End::Again(failure),
            // Whether it was committed is unknown or it was not: neither is a reason to do it twice.
            Err(error) => {
                session.rollback();
                End::Failed(Some(failure_of(error)))
            }
        };
    }
    session.rollback();
    match job.work.failure() {
        Some(failure @ Failure::Conflict(_)) => End::Again(failure.clone()),
        // Nothing of it was committed, so a fresh connection may try again.
        Some(failure) if session.is_lost() => End::Again(failure.clone()),
        _ => End::Failed(None),
    }
}

/// A pause before another attempt, so that those who collided do not collide again.
pub(super) fn jitter(attempt: u32) -> Duration {
    Duration::from_millis(random().unsigned_abs() % (4 << attempt))
}

pub(super) fn failure_of(error: Error) -> Failure {
    match error {
        Error::Failure(failure) => failure,
        Error::Fault(fault) => Failure::Internal(format!("the store ended in {fault:?}")),
    }
}
