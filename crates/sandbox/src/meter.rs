//! Counts what happens in a second, a minute or a day, per key: quotas and rates of the rooms.

use std::collections::HashMap;

use parking_lot::Mutex;

/// Keys that are counted at once. When more come, those of past windows go.
const KEYS_MAX: usize = 200_000;
/// The vendors' days begin at midnight in Shanghai.
const SHANGHAI_MS: i64 = 8 * 3_600_000;

/// A second.
pub(crate) const SECOND_MS: i64 = 1_000;
/// A minute.
pub(crate) const MINUTE_MS: i64 = 60 * SECOND_MS;
/// An hour.
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// A day.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<HashMap<String, Count>>);

#[derive(Debug, Clone, Copy)]
struct Count {
    window_ms: i64,
    window: i64,
    taken: u64,
}

impl Meter {
    /// Takes so many of the window's allowance, all or none; false when it is used up.
    pub(crate) fn take(&self, key: &str, now_ms: i64, window_ms: i64, max: u64, wanted: u64) -> bool {
        let mut counts = self.0.lock();
        let window = window_of(now_ms, window_ms);
        if counts.len() >= KEYS_MAX {
            counts.retain(|_, count| window_of(now_ms, count.window_ms) == count.window);
        }
        if let Some(count) = counts.get_mut(key) {
            if count.window != window {
                *count = Count { window_ms, window, taken: 0 };
            }
            let after = count.taken.saturating_add(wanted);
            if after <= max {
                count.taken = after;
            }
            return after <= max;
        }
        if wanted <= max && counts.len() < KEYS_MAX {
            counts.insert(key.to_owned(), Count { window_ms, window, taken: wanted });
        }
        wanted <= max
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }
}

fn window_of(now_ms: i64, window_ms: i64) -> i64 {
    (now_ms + SHANGHAI_MS).div_euclid(window_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_gives_what_it_has_and_the_next_begins_anew() {
        let meter = Meter::default();
        assert!(meter.take("a", 0, SECOND_MS, 3, 2));
        assert!(!meter.take("a", 1, SECOND_MS, 3, 2), "all or none");
        assert!(meter.take("a", 2, SECOND_MS, 3, 1));
        assert!(!meter.take("a", 999, SECOND_MS, 3, 1));
        assert!(meter.take("b", 999, SECOND_MS, 3, 1));
        assert!(meter.take("a", 1_000, SECOND_MS, 3, 3));
    }

    #[test]
    fn days_end_at_midnight_in_shanghai() {
        let meter = Meter::default();
        let midnight = 16 * 3_600_000;
        assert!(meter.take("a", midnight - 1, DAY_MS, 1, 1));
        assert!(!meter.take("a", midnight - 1, DAY_MS, 1, 1));
        assert!(meter.take("a", midnight, DAY_MS, 1, 1));
    }
}
