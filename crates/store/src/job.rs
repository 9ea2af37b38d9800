//! A job on its way: a function of a caller, the value it made, and the way back to the caller.

use std::panic::{AssertUnwindSafe, catch_unwind};

use contract::{Failure, Result};
use tokio::sync::oneshot;

use crate::tx::Tx;

/// A job whose result type only its caller knows.
pub(crate) trait Work: Send {
    /// Runs the job and keeps its value; answers whether its writes may stay.
    ///
    /// A panic is a failure of this job alone.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;

    /// What made the engine's part of the last run fail, if that was it.
    fn failure(&self) -> Option<&Failure>;

    /// Answers the caller: the kept value, or the trouble that came after it.
    fn answer(self: Box<Self>, trouble: Option<Failure>);

    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
}

struct Job<T, F> {
    run: F,
    value: Option<Result<T>>,
    to: oneshot::Sender<Result<T>>,
}

/// Packs a function for another thread.
pub(crate) fn pack<T, F>(run: F) -> (Box<dyn Work>, oneshot::Receiver<Result<T>>)
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
{
    let (to, from) = oneshot::channel();
    (Box::new(Job { run, value: None, to }), from)
}

impl<T: Send, F: Fn(&mut Tx<'_>) -> Result<T> + Send> Work for Job<T, F> {
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let done = guard(|| (self.run)(tx));
        let value = match tx.spoiled() {
            Some(failure) => Err(failure.clone().into()),
            None => done,
        };
        let is_good = value.is_ok();
        self.value = Some(value);
        is_good
    }

    fn failure(&self) -> Option<&Failure> {
        match &self.value {
            Some(Err(contract::Error::Failure(failure))) => Some(failure),
            _ => None,
        }
    }

    fn answer(self: Box<Self>, trouble: Option<Failure>) {
        let value = match (trouble, self.value) {
            (Some(failure), _) => Err(failure.into()),
            (None, Some(value)) => value,
            (None, None) => Err(Failure::internal("a job was answered before it ran").into()),
        };
        // A caller that went away does not hear the answer; what was committed stays.
        drop(self.to.send(value));
    }

    fn is_abandoned(&self) -> bool {
        self.to.is_closed()
    }
}

/// Turns a panic into a failure, so that the thread lives.
pub(crate) fn guard<T>(run: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let what = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no text".into());
        Err(Failure::Internal(format!("a job panicked: {what}")).into())
    })
}
