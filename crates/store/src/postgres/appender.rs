//! An append worker: takes the sends that wait, stores them with one set-based statement a step.

use std::collections::BTreeMap;
use std::time::Instant;

use contract::event::Event;
use contract::{AppId, Error, Failure, Result, limit};

use super::Session;
use super::worker::{RERUNS, failure_of, jitter};
use crate::append::plan::{self, Plan};
use crate::append::window::{Ids, Window};
use crate::append::{Sent, Waiting};
use crate::job::guard;
use crate::queue::Fair;
use crate::{Hooks, announce};

/// The thread's state.
pub(super) struct Appender {
    session: Session,
    hooks: Hooks,
    window: Window,
    ids: Ids,
    /// Batches that are still to be run without assumptions.
    careful: u32,
}

/// After a batch lost because a head was not as it was assumed, so many assume nothing: where nodes take turns in a
/// conversation, losing again costs more than locks.
const CAREFUL: u32 = 16;

impl Appender {
    pub(super) fn new(session: Session, hooks: Hooks) -> Self {
        Self { session, hooks, window: Window::new(), ids: Ids::new(), careful: 0 }
    }

    /// Appends batches until the queue is closed and empty.
    pub(super) fn run(mut self, queue: &Fair<Waiting>) {
        let mut taken = Vec::with_capacity(limit::APPEND_BATCH);
        while self.session.wait(queue.next(limit::APPEND_BATCH, &mut taken)) {
            // As in the embedded writer: a mistake of our own must not leave a queue that nobody drains.
            let outcomes = guard(|| Ok(self.batch(&taken))).unwrap_or_else(|error| {
                tracing::error!(%error, "appender");
                self.session.abandon();
                self.window.reset();
                vec![Err(error); taken.len()]
            });
            for ((_, waiting), outcome) in taken.drain(..).zip(outcomes) {
                waiting.answer(outcome);
            }
        }
    }

    /// Stores a batch and announces it; one that cannot be stored fails alone.
    fn batch(&mut self, sends: &[(AppId, Waiting)]) -> Vec<Result<Sent>> {
        match self.append(sends) {
            Ok(mut plan) => {
                let outcomes = std::mem::take(&mut plan.outcomes);
                let mut events: BTreeMap<AppId, Vec<Event>> = BTreeMap::new();
                for (app, event) in plan.events(sends) {
                    events.entry(app).or_default().push(event);
                }
                self.window.keep(plan.prints);
                self.window.keep_heads(plan.left);
                announce(&self.hooks, &events);
                outcomes
            }
            // An internal failure is the content's, not the database's, and it was rolled back for certain.
            Err(Failure::Internal(what)) if sends.len() > 1 => {
                tracing::error!(what, sends = sends.len(), "append failed, one by one");
                (0..sends.len()).flat_map(|index| self.batch(&sends[index..=index])).collect()
            }
            Err(failure) => {
                tracing::error!(%failure, sends = sends.len(), "append failed");
                vec![Err(Error::Failure(failure)); sends.len()]
            }
        }
    }

    /// Runs the batch, again if it lost against another or lost its connection before the commit was sent.
    fn append(&mut self, sends: &[(AppId, Waiting)]) -> Result<Plan, Failure> {
        let since = sends.iter().map(|(_, waiting)| waiting.since).min().unwrap_or_else(Instant::now);
        let deadline = since + self.session.patience().away;
        let mut last = Failure::Conflict("the append was run too often".into());
        self.careful = self.careful.saturating_sub(1);
        for attempt in 0..=RERUNS {
            if attempt > 0 {
                self.session.pause(jitter(attempt));
            }
            self.session.ensure(deadline).map_err(failure_of)?;
            self.session.arm();
            let planned =
                plan::run(&mut self.session, &self.window, &mut self.ids, &self.hooks, sends, self.careful > 0);
            let was_sent = self.session.take_commit_sent();
            self.session.rollback();
            let failure = match planned {
                Ok(plan) => return Ok(plan),
                Err(error) => failure_of(error),
            };
            self.window.reset();
            let is_lost = self.session.is_lost();
            match failure {
                Failure::Conflict(_) => self.careful = CAREFUL,
                _ if is_lost && !was_sent => {}
                Failure::Timeout(what) if was_sent => {
                    return Err(Failure::Unavailable(format!("the outcome of a commit is unknown: {what}")));
                }
                failure => return Err(failure),
            }
            last = failure;
        }
        Err(last)
    }
}
