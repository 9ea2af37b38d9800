//! Jobs that share a transaction: those that come thousands of times a second and do little but add rows.
//!
//! What waits is run together, app by app: the rows of all jobs go out as one statement a table with one commit. A job
//! that is refused takes back what it posted and disturbs nobody. If the database refuses, everything is undone, and each
//! job runs again in a transaction of its own, which tells whose fault it was.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::{AppId, Failure};

use super::Session;
use super::worker::{Queued, failure_of};
use crate::job::guard;
use crate::queue::Fair;
use crate::tx::{Link, Tx};
use crate::{Hooks, announce};

/// Jobs of one transaction: all of them wait for the slowest.
const BATCH: usize = 64;
/// How far apart batches begin while several jobs come at once; a lone job waits for nobody.
const PACE: Duration = Duration::from_millis(4);

/// The thread's state.
pub(super) struct Gatherer {
    session: Session,
    hooks: Hooks,
    /// Where jobs go that cannot share.
    alone: Arc<Fair<Queued>>,
}

impl Gatherer {
    pub(super) fn new(session: Session, hooks: Hooks, alone: Arc<Fair<Queued>>) -> Self {
        Self { session, hooks, alone }
    }

    /// Runs batches until the queue is closed and empty.
    pub(super) fn run(mut self, queue: &Fair<Queued>) {
        let mut taken = Vec::with_capacity(BATCH);
        while self.session.wait(queue.next(BATCH, &mut taken)) {
            let (began, is_busy) = (Instant::now(), taken.len() > 1);
            let mut by_app: BTreeMap<AppId, Vec<Queued>> = BTreeMap::new();
            for (app, job) in taken.drain(..) {
                by_app.entry(app).or_default().push(job);
            }
            for (app, jobs) in by_app {
                // As in the embedded writer: a mistake of our own must not leave a queue that nobody drains.
                let survived = guard(|| {
                    self.together(app, jobs);
                    Ok(())
                });
                if let Err(error) = survived {
                    tracing::error!(%error, "gatherer");
                    self.session.abandon();
                }
            }
            let rest = PACE.saturating_sub(began.elapsed());
            if is_busy && !rest.is_zero() {
                self.session.pause(rest);
            }
        }
    }

    fn together(&mut self, app: AppId, jobs: Vec<Queued>) {
        let since = jobs.iter().map(Queued::since).min().unwrap_or_else(Instant::now);
        if let Err(error) = self.session.ensure(since + self.session.patience().away) {
            let failure = failure_of(error);
            return jobs.into_iter().for_each(|job| job.answer(Some(failure.clone())));
        }
        self.session.arm();
        let wanted = (self.hooks.wanted)(app);
        let mut jobs = jobs.into_iter();
        let (mut kept, mut events) = (Vec::new(), Vec::new());
        for mut job in jobs.by_ref() {
            let mark = self.session.mark();
            let mut tx = Tx::new(app, Link::Postgres(&mut self.session)).hooked(wanted).shared();
            let is_good = job.run(&mut tx);
            let own = tx.into_events();
            if is_good {
                events.extend(own);
                kept.push(job);
            } else if job.failure().is_none() && self.session.back_to(&mark) {
                job.answer(None);
            } else {
                kept.push(job);
                self.session.rollback();
                return self.each_alone(app, kept.into_iter().chain(jobs));
            }
        }
        match self.session.commit() {
            Ok(()) => {
                if !events.is_empty() {
                    announce(&self.hooks, &[(app, events)].into());
                }
                for job in kept {
                    job.answer(None);
                }
            }
            Err(error) => {
                self.session.rollback();
                match failure_of(error) {
                    // The database said so: nothing of it was committed.
                    Failure::Conflict(_) | Failure::Internal(_) => self.each_alone(app, kept.into_iter()),
                    // Whether it was committed is unknown or it would fail again.
                    failure => kept.into_iter().for_each(|job| job.answer(Some(failure.clone()))),
                }
            }
        }
    }

    fn each_alone(&self, app: AppId, jobs: impl Iterator<Item = Queued>) {
        for job in jobs {
            if let Err((job, failure)) = self.alone.try_push(app, job) {
                job.answer(Some(failure));
            }
        }
    }
}
