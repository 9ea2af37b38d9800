//! Pushes to named targets that are on their way to a channel: rung for, taken in, claimed. Broadcasts let them pass.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

/// Counts errands under way.
#[derive(Default)]
pub(crate) struct Errands {
    count: watch::Sender<usize>,
    latest: Mutex<Option<Instant>>,
}

/// One under way, until it is dropped. What waits for a vendor or a device is under way no longer: nobody could
/// hurry it.
pub(crate) struct Errand(Arc<Errands>);

impl Drop for Errand {
    fn drop(&mut self) {
        self.0.count.send_if_modified(|count| {
            *count -= 1;
            *count == 0
        });
    }
}

impl Errand {
    /// Is under way until some work has begun and waits for something for the first time.
    pub(super) async fn until_begun<T>(self, work: impl Future<Output = T>) -> T {
        let (mut work, mut own) = (pin!(work), Some(self));
        poll_fn(|context| {
            let polled = work.as_mut().poll(context);
            own = None;
            polled
        })
        .await
    }
}

impl Errands {
    pub(crate) fn begin(self: &Arc<Self>) -> Errand {
        *self.latest.lock() = Some(Instant::now());
        // Whoever waits, waits for the last to end; a further one is no news.
        self.count.send_if_modified(|count| {
            *count += 1;
            false
        });
        Errand(Arc::clone(self))
    }

    /// Whether any began in the last while.
    pub(crate) fn are_about(&self, within: Duration) -> bool {
        self.latest.lock().is_some_and(|latest| latest.elapsed() < within)
    }

    /// Waits until none is under way, but not for longer than a bound. Answers whether it came about.
    pub(crate) async fn pass(&self, bound: Duration) -> bool {
        let mut count = self.count.subscribe();
        let passed = tokio::time::timeout(bound, count.wait_for(|count| *count == 0)).await;
        passed.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn whoever_lets_errands_pass_waits_for_the_last_of_them() {
        let errands = Arc::new(Errands::default());
        assert!(!errands.are_about(LONG));
        assert!(errands.pass(LONG).await, "there is none");
        let (one, other) = (errands.begin(), errands.begin());
        drop(one);
        assert!(!errands.pass(Duration::ZERO).await, "the other is under way");
        let mut waiting = pin!(errands.pass(LONG));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(other);
        assert!(waiting.await);
        assert!(errands.are_about(LONG), "that they were there is remembered for a while");
        assert!(!errands.are_about(Duration::ZERO));
    }
}
