//! The writer thread: many jobs and sends, one commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::event::Event;
use contract::{AppId, Error, Failure, Result, limit};

use super::checkpoint::Checkpoints;
use super::{Item, Lite};
use crate::append::plan;
use crate::append::window::{Ids, Window};
use crate::append::{Sent, Waiting};
use crate::job::{Work, guard};
use crate::queue::Fair;
use crate::tx::{Link, Tx};
use crate::{Hooks, announce};

/// The thread's state.
pub(super) struct Writer {
    lite: Lite,
    hooks: Hooks,
    checkpoints: Arc<Checkpoints>,
    /// Length of the log at which the writer helps the checkpoint along.
    next_restart: i64,
    window: Window,
    ids: Ids,
}

/// What a batch leaves for after its commit.
#[derive(Default)]
struct Done {
    events: BTreeMap<AppId, Vec<Event>>,
    outcomes: Vec<Result<Sent>>,
}

impl Writer {
    pub(super) fn new(lite: Lite, hooks: Hooks, checkpoints: Arc<Checkpoints>) -> Self {
        Self { lite, hooks, checkpoints, next_restart: 0, window: Window::new(), ids: Ids::new() }
    }

    /// Commits batches until the queue is closed and empty.
    pub(super) fn run(mut self, queue: &Fair<Item>) {
        let mut taken = Vec::with_capacity(limit::APPEND_BATCH);
        while queue.take(limit::APPEND_BATCH, &mut taken) {
            let (mut jobs, mut sends) = (Vec::new(), Vec::new());
            for (app, item) in taken.drain(..) {
                match item {
                    Item::Job(job) => jobs.push((app, job)),
                    Item::Send(waiting) => sends.push((app, *waiting)),
                }
            }
            // Jobs and decisions are guarded one by one; this is for a mistake of our own, which must not leave a queue
            // that nobody drains. The callers see their answers dropped.
            let survived = guard(|| {
                self.batch(jobs, sends);
                Ok(())
            });
            if let Err(error) = survived {
                tracing::error!(%error, "writer");
                self.lite.rollback();
                self.window.reset();
            }
        }
        if let Err(error) = self.lite.truncate_log() {
            tracing::warn!(%error, "the log could not be emptied at the end");
        }
    }

    /// Commits one batch, announces it, then answers.
    fn batch(&mut self, mut jobs: Vec<(AppId, Box<dyn Work>)>, sends: Vec<(AppId, Waiting)>) {
        match self.transact(&mut jobs, &sends) {
            Ok(done) => {
                announce(&self.hooks, &done.events);
                for (_, job) in jobs {
                    job.answer(None);
                }
                for ((_, waiting), outcome) in sends.into_iter().zip(done.outcomes) {
                    waiting.answer(outcome);
                }
                self.checkpoints.after_commit(&self.lite, &mut self.next_restart);
            }
            Err(error) => {
                self.lite.rollback();
                self.window.reset();
                tracing::error!(%error, jobs = jobs.len(), sends = sends.len(), "batch failed");
                let failure = match &error {
                    Error::Failure(failure) => failure.clone(),
                    Error::Fault(fault) => Failure::Internal(format!("a batch ended in {fault:?}")),
                };
                for (_, job) in jobs {
                    job.answer(Some(failure.clone()));
                }
                for (_, waiting) in sends {
                    waiting.answer(Err(failure.clone().into()));
                }
            }
        }
    }

    /// Runs a batch in one transaction; an error means that none of it stays.
    fn transact(&mut self, jobs: &mut [(AppId, Box<dyn Work>)], sends: &[(AppId, Waiting)]) -> Result<Done> {
        let mut done = Done::default();
        let has_jobs = !jobs.is_empty();
        self.lite.begin()?;
        for (app, job) in jobs {
            self.lite.arm();
            let mut tx = Tx::new(*app, Link::Sqlite(&mut self.lite)).hooked((self.hooks.wanted)(*app));
            let is_kept = job.run(&mut tx);
            let events = tx.into_events();
            self.lite.settle(is_kept)?;
            if is_kept && !events.is_empty() {
                done.events.entry(*app).or_default().extend(events);
            }
        }
        if !sends.is_empty() {
            self.append(sends, !has_jobs, &mut done)?;
        }
        self.lite.commit()?;
        Ok(done)
    }

    /// Appends the sends of a batch; one that cannot be stored fails alone.
    ///
    /// Sends that have the transaction to themselves need no savepoint, for which SQLite would copy every page that
    /// they touch: should they fail, the transaction begins anew.
    fn append(&mut self, sends: &[(AppId, Waiting)], is_alone: bool, done: &mut Done) -> Result<()> {
        if !is_alone {
            self.lite.arm();
        }
        let appended = plan::run(&mut self.lite, &self.window, &mut self.ids, &self.hooks, sends, true);
        self.lite.settle(appended.is_ok())?;
        if is_alone && appended.is_err() {
            self.lite.rollback();
            self.lite.begin()?;
        }
        match appended {
            Ok(mut plan) => {
                done.outcomes.append(&mut plan.outcomes);
                for (app, event) in plan.events(sends) {
                    done.events.entry(app).or_default().push(event);
                }
                // Not committed yet; should that fail, the whole memory is dropped.
                self.window.keep(plan.prints);
                Ok(())
            }
            Err(error) if sends.len() == 1 => {
                done.outcomes.push(Err(error));
                Ok(())
            }
            Err(_) => {
                for index in 0..sends.len() {
                    self.append(&sends[index..=index], false, done)?;
                }
                Ok(())
            }
        }
    }
}
