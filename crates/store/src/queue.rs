//! A bounded queue that is fair among apps: each turn takes from the next app that waits.
//!
//! An app that floods fills its own share and is told so; another app's job is behind one job of each
//! app that waits, never behind a flood.

use std::collections::{HashMap, VecDeque};

use contract::{AppId, Failure, Result, limit};
use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

/// The queue. Threads wait with [`Fair::take`], threads that drive a runtime with [`Fair::next`].
pub(crate) struct Fair<T> {
    state: Mutex<State<T>>,
    thread: Condvar,
    task: Notify,
}

struct State<T> {
    apps: HashMap<AppId, VecDeque<T>>,
    /// Apps that have jobs, each once, in the order of their turns.
    turns: VecDeque<AppId>,
    len: usize,
    is_closed: bool,
}

impl<T> Fair<T> {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State { apps: HashMap::new(), turns: VecDeque::new(), len: 0, is_closed: false }),
            thread: Condvar::new(),
            task: Notify::new(),
        }
    }

    /// Queues an item, or says why not.
    pub(crate) fn push(&self, app: AppId, item: T) -> Result<()> {
        self.try_push(app, item).map_err(|(_, failure)| failure.into())
    }

    /// Queues an item, or gives it back and says why.
    pub(crate) fn try_push(&self, app: AppId, item: T) -> Result<(), (T, Failure)> {
        {
            let mut state = self.state.lock();
            if state.is_closed {
                return Err((item, closed()));
            }
            if state.len >= limit::STORE_QUEUE {
                return Err((item, Failure::Overloaded("the store's queue is full".into())));
            }
            let waiting = state.apps.entry(app).or_default();
            if waiting.len() >= limit::STORE_QUEUE_PER_APP {
                return Err((item, Failure::Overloaded(format!("the store's queue of app {app} is full"))));
            }
            waiting.push_back(item);
            if waiting.len() == 1 {
                state.turns.push_back(app);
            }
            state.len += 1;
        }
        self.thread.notify_one();
        self.task.notify_one();
        Ok(())
    }

    /// Waits for items and takes up to `max`; answers false when the queue is closed and empty.
    pub(crate) fn take(&self, max: usize, into: &mut Vec<(AppId, T)>) -> bool {
        let mut state = self.state.lock();
        while state.len == 0 {
            if state.is_closed {
                return false;
            }
            self.thread.wait(&mut state);
        }
        state.pop(max, into);
        let is_more = state.len > 0;
        drop(state);
        if is_more {
            self.thread.notify_one();
        }
        true
    }

    /// Like [`Fair::take`], for a thread that drives its connection while it waits.
    pub(crate) async fn next(&self, max: usize, into: &mut Vec<(AppId, T)>) -> bool {
        loop {
            {
                let mut state = self.state.lock();
                if state.len > 0 {
                    state.pop(max, into);
                    let is_more = state.len > 0;
                    drop(state);
                    // One permit is all a Notify keeps: whoever takes wakes the next for the rest.
                    if is_more {
                        self.task.notify_one();
                    }
                    return true;
                }
                if state.is_closed {
                    self.task.notify_one();
                    return false;
                }
            }
            self.task.notified().await;
        }
    }

    /// Refuses what comes from now on; what is queued is still taken.
    pub(crate) fn close(&self) {
        self.state.lock().is_closed = true;
        self.thread.notify_all();
        self.task.notify_waiters();
        self.task.notify_one();
    }

    pub(crate) fn len(&self) -> usize {
        self.state.lock().len
    }
}

/// What a caller hears after the store is closed.
pub(crate) fn closed() -> Failure {
    Failure::Unavailable("the store is closed".into())
}

impl<T> State<T> {
    fn pop(&mut self, max: usize, into: &mut Vec<(AppId, T)>) {
        for _ in 0..max {
            let Some(app) = self.turns.pop_front() else { return };
            let Some(waiting) = self.apps.get_mut(&app) else { continue };
            if let Some(item) = waiting.pop_front() {
                into.push((app, item));
                self.len -= 1;
            }
            if waiting.is_empty() {
                // An idle app keeps nothing here: a node holds ten thousand of them.
                self.apps.remove(&app);
            } else {
                self.turns.push_back(app);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(queue: &Fair<u32>, max: usize) -> Vec<(i64, u32)> {
        let mut taken = Vec::new();
        assert!(queue.take(max, &mut taken));
        taken.into_iter().map(|(app, item)| (app.0, item)).collect()
    }

    #[test]
    fn apps_take_turns_and_each_keeps_its_own_order() {
        let queue = Fair::new();
        for item in 0..4 {
            queue.push(AppId(1), item).unwrap();
        }
        queue.push(AppId(2), 10).unwrap();
        queue.push(AppId(3), 20).unwrap();
        assert_eq!(drain(&queue, 4), [(1, 0), (2, 10), (3, 20), (1, 1)]);
        queue.push(AppId(2), 11).unwrap();
        assert_eq!(drain(&queue, 9), [(1, 2), (2, 11), (1, 3)]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn a_flooding_app_is_refused_and_another_is_not() {
        let queue = Fair::new();
        for item in 0..u32::try_from(limit::STORE_QUEUE_PER_APP).unwrap() {
            queue.push(AppId(1), item).unwrap();
        }
        assert!(matches!(queue.push(AppId(1), 0), Err(contract::Error::Failure(Failure::Overloaded(_)))));
        queue.push(AppId(2), 0).unwrap();
    }

    #[test]
    fn a_closed_queue_gives_out_what_it_holds_and_takes_no_more() {
        let queue = Fair::new();
        queue.push(AppId(1), 1).unwrap();
        queue.close();
        assert!(queue.push(AppId(1), 2).is_err());
        assert_eq!(drain(&queue, 9), [(1, 1)]);
        assert!(!queue.take(9, &mut Vec::new()));
    }
}
