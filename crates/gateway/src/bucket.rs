//! Rates: how many within which time, kept in one number per thing that is counted.

use std::collections::HashMap;

use contract::{AppId, Millis, UserId};
use parking_lot::Mutex;

/// So many within so long; as many may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    count: u32,
    per_ms: i64,
}

impl From<contract::rate::Rate> for Rate {
    fn from(rate: contract::rate::Rate) -> Self {
        Self { count: rate.count, per_ms: i64::from(rate.per_ms) }
    }
}

impl Rate {
    /// Within a second.
    pub(crate) const fn per_second(count: u32) -> Self {
        Self { count, per_ms: 1_000 }
    }

    /// Within a minute.
    pub(crate) const fn per_minute(count: u32) -> Self {
        Self { count, per_ms: 60_000 }
    }

    const fn spacing_us(self) -> i64 {
        let count = if self.count == 0 { 1 } else { self.count };
        self.per_ms * 1_000 / count as i64
    }
}

/// The moment, in microseconds, at which everything taken so far would be worked off at the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Bucket(i64);

impl Bucket {
    /// Takes one if the rate allows it.
    pub(crate) fn take(&mut self, now: Millis, rate: Rate) -> bool {
        let now = now.0.saturating_mul(1_000);
        let next = self.0.max(now).saturating_add(rate.spacing_us());
        let is_allowed = next - now <= rate.per_ms * 1_000;
        if is_allowed {
            self.0 = next;
        }
        is_allowed
    }

    fn is_idle(self, now: Millis) -> bool {
        self.0 <= now.0.saturating_mul(1_000)
    }
}

/// Accounts whose logins are counted at a time; when more log in within a minute, the count starts anew.
const COUNTED_MAX: usize = 100_000;

/// Counts the logins of accounts, connected or not.
#[derive(Debug, Default)]
pub(crate) struct Logins(Mutex<HashMap<(AppId, UserId), Bucket>>);

impl Logins {
    pub(crate) fn take(&self, app: AppId, account: &UserId, now: Millis, rate: Rate) -> bool {
        let mut counted = self.0.lock();
        if counted.len() >= COUNTED_MAX {
            counted.retain(|_, bucket| !bucket.is_idle(now));
            if counted.len() >= COUNTED_MAX {
                counted.clear();
            }
        }
        counted.entry((app, account.clone())).or_default().take(now, rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_the_rate_passes_and_then_one_at_a_time() {
        let mut bucket = Bucket::default();
        let rate = Rate::per_second(5);
        let now = Millis(1_000_000);
        assert!((0..5).all(|_| bucket.take(now, rate)));
        assert!(!bucket.take(now, rate));
        assert!(!bucket.take(now.plus(199), rate));
        assert!(bucket.take(now.plus(200), rate));
        assert!(!bucket.take(now.plus(200), rate));
        assert!((0..5).all(|_| bucket.take(now.plus(60_000), rate)));
    }
}
