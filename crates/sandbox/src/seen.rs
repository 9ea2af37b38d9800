//! What a phone, or its vendor, has seen within a day and does not show again.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::meter::DAY_MS;

/// Keys of the younger half; when it is full, the older half is forgotten.
const HALF_MAX: usize = 100_000;

/// Remembers keys for a day, as far as there is room.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<[HashMap<String, i64>; 2]>);

impl Seen {
    /// Whether nobody came with this key within a day; then somebody has.
    pub(crate) fn is_first(&self, key: String, now_ms: i64) -> bool {
        let mut halves = self.0.lock();
        if halves.iter().filter_map(|half| half.get(&key)).any(|at_ms| now_ms - at_ms < DAY_MS) {
            return false;
        }
        if halves[0].len() >= HALF_MAX {
            halves.swap(0, 1);
            halves[0].clear();
        }
        halves[0].insert(key, now_ms);
        true
    }

    pub(crate) fn clear(&self) {
        self.0.lock().iter_mut().for_each(HashMap::clear);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_for_a_day_and_forgotten_when_too_many_come() {
        let seen = Seen::default();
        let is_first = |key: &str, now_ms| seen.is_first(key.to_owned(), now_ms);
        assert!(is_first("a", 0) && !is_first("a", DAY_MS - 1) && is_first("b", 0));
        assert!(is_first("a", DAY_MS));
        for number in 0..2 * HALF_MAX {
            assert!(is_first(&number.to_string(), DAY_MS));
        }
        assert!(is_first("a", DAY_MS));
        let halves = seen.0.lock();
        assert!(halves.iter().all(|half| half.len() <= HALF_MAX));
    }
}
