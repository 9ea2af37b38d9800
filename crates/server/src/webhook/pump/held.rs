//! Which events a pump has in memory: a batch leaves the store as one, but its events are told each in its own time.

use std::collections::{HashMap, HashSet};

use crate::webhook::key::Key;

/// Batches of which something is in memory, or was told and is not deleted yet.
#[derive(Default)]
pub(super) struct Held(HashMap<i64, Vec<State>>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is in the store alone.
    Absent,
    InMemory,
    /// It was told or given up.
    Done,
}

impl Held {
    /// Takes an event in, of a batch of so many; answers false if it is known already.
    pub(super) fn admit(&mut self, key: Key, of: usize) -> bool {
        let states = self.0.entry(key.batch).or_insert_with(|| vec![State::Absent; of]);
        let Some(state) = states.get_mut(key.index).filter(|state| **state == State::Absent) else { return false };
        *state = State::InMemory;
        true
    }

    /// Drops an event from memory: it is to be read again.
    pub(super) fn forget(&mut self, key: Key) {
        let Some(states) = self.0.get_mut(&key.batch) else { return };
        states[key.index] = State::Absent;
        if states.iter().all(|state| *state == State::Absent) {
            self.0.remove(&key.batch);
        }
    }

    /// Notes that an event is done with; answers whether its batch is.
    pub(super) fn finish(&mut self, key: Key) -> bool {
        let Some(states) = self.0.get_mut(&key.batch) else { return false };
        states[key.index] = State::Done;
        states.iter().all(|state| *state == State::Done)
    }

    /// Notes that a batch is deleted.
    pub(super) fn remove(&mut self, batch: i64) {
        self.0.remove(&batch);
    }

    /// The batches of which nothing is to be read.
    pub(super) fn whole(&self) -> HashSet<i64> {
        let whole = self.0.iter().filter(|(_, states)| states.iter().all(|state| *state != State::Absent));
        whole.map(|(batch, _)| *batch).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(batch: i64, index: usize) -> Key {
        Key { batch, index }
    }

    #[test]
    fn a_batch_is_done_with_when_each_of_its_events_is() {
        let mut held = Held::default();
        assert!(held.admit(key(1, 0), 2) && held.admit(key(1, 1), 2) && held.admit(key(2, 0), 1));
        assert!(!held.admit(key(1, 0), 2), "it is in memory");
        assert!(!held.finish(key(1, 1)));
        assert!(!held.admit(key(1, 1), 2), "it was told");
        assert!(held.finish(key(2, 0)));
        assert!(held.finish(key(1, 0)));
        held.remove(1);
        assert!(held.admit(key(1, 1), 2), "an id that is deleted says nothing");
    }

    #[test]
    fn what_was_dropped_is_read_again_and_what_was_told_is_not() {
        let mut held = Held::default();
        for index in 0..3 {
            held.admit(key(1, index), 3);
            held.admit(key(2, index), 3);
        }
        assert_eq!(held.whole(), HashSet::from([1, 2]));
        assert!(!held.finish(key(1, 0)));
        (1..3).for_each(|index| held.forget(key(1, index)));
        (0..3).for_each(|index| held.forget(key(2, index)));
        assert_eq!(held.whole(), HashSet::new());
        assert!(!held.admit(key(1, 0), 3));
        assert!(held.admit(key(1, 1), 3) && held.admit(key(1, 2), 3));
        assert_eq!(held.whole(), HashSet::from([1]));
        assert!(!held.finish(key(1, 1)) && held.finish(key(1, 2)));
    }

    #[test]
    fn a_batch_of_which_a_part_was_admitted_is_not_whole() {
        let mut held = Held::default();
        held.admit(key(1, 0), 2);
        assert_eq!(held.whole(), HashSet::new());
        assert!(!held.finish(key(1, 0)), "the other is still to be read");
    }
}
