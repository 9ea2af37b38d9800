//! Events that a commit hands over to the pump of their app, so that it need not read back what was written a moment ago.
//!
//! Every batch of them is in the store as well, and what is handed over is of use only while it is whole: a *stretch*
//! is a time in which every event that was committed was also taken in here. Whoever has read all that the store held
//! when the stretch was already under way goes on here, for as long as the stretch lasts. It ends where more comes than
//! fits.

use std::collections::VecDeque;
use std::sync::Arc;

use contract::event::Event;
use contract::webhook::Batch;
use parking_lot::Mutex;

/// Events that wait here …
const MAX: usize = 4_096;
/// … and their bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What was handed over to one pump.
#[derive(Default)]
pub(super) struct Handed(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    is_open: bool,
    stretch: u64,
    batches: VecDeque<Arc<Batch>>,
    /// How many events they have.
    events: usize,
    bytes: usize,
}

impl Handed {
    /// Takes in what was committed, in the order of the commits.
    pub(super) fn hear(&self, events: &[Event]) {
        let mut kept = self.0.lock();
        if !kept.is_open {
            return;
        }
        for event in events {
            let Event::WebhookQueued(batch) = event else { continue };
            match batch {
                Some(batch) if kept.has_room_for(batch) => {
                    kept.events += batch.events.len();
                    kept.bytes += batch.bytes;
                    kept.batches.push_back(Arc::clone(batch));
                }
                _ => kept.end(),
            }
        }
    }

    /// Answers the stretch that is under way, or begins one. Everything committed before this call is to be read.
    pub(super) fn open(&self) -> u64 {
        let mut kept = self.0.lock();
        kept.is_open = true;
        kept.stretch
    }

    /// Takes nothing in until it is opened again.
    pub(super) fn close(&self) {
        let mut kept = self.0.lock();
        kept.is_open = false;
        kept.end();
    }

    /// Gives out the first batches behind an id, up to the one with which they have so many events; none at all if the
    /// stretch is over.
    pub(super) fn take(&self, stretch: u64, after: i64, count: usize) -> Option<Vec<Arc<Batch>>> {
        let mut kept = self.0.lock();
        if !kept.is_open || kept.stretch != stretch {
            return None;
        }
        let mut taken = Vec::new();
        let (mut last, mut room) = (after, count);
        while room > 0
            && let Some(batch) = kept.batches.pop_front()
        {
            kept.events -= batch.events.len();
            kept.bytes -= batch.bytes;
            // What was committed in this stretch may have been read as well.
            if batch.id <= last {
                continue;
            }
            // Ids follow each other; whoever should have told of the missing one has failed, or it was rolled back.
            if last != i64::MIN && batch.id != last + 1 {
                kept.end();
                return None;
            }
            last = batch.id;
            room = room.saturating_sub(batch.events.len());
            taken.push(batch);
        }
        Some(taken)
    }
}

impl Kept {
    fn has_room_for(&self, batch: &Batch) -> bool {
        self.events + batch.events.len() <= MAX && self.bytes + batch.bytes <= MAX_BYTES
    }

    fn end(&mut self) {
        self.stretch += 1;
        self.batches.clear();
        (self.events, self.bytes) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use contract::Millis;
    use contract::webhook::{Origin, Untold};

    use super::*;

    fn batch(id: i64, of: usize, bytes: usize) -> Event {
        let untold =
            Untold { part: 0, at: Millis(0), origin: Origin::default(), happening: None, place: None, message: None };
        Event::WebhookQueued(Some(Arc::new(Batch { id, events: vec![untold; of], bytes })))
    }

    fn untold(id: i64, bytes: usize) -> Event {
        batch(id, 1, bytes)
    }

    fn ids(taken: Option<Vec<Arc<Batch>>>) -> Option<Vec<i64>> {
        taken.map(|batches| batches.iter().map(|batch| batch.id).collect())
    }

    #[test]
    fn batches_are_given_out_until_there_are_enough_events() {
        let handed = Handed::default();
        let stretch = handed.open();
        handed.hear(&[batch(1, 3, 1), batch(2, 2, 1), batch(3, 1, 1)]);
        assert_eq!(ids(handed.take(stretch, 0, 4)), Some(vec![1, 2]));
        assert_eq!(ids(handed.take(stretch, 2, 4)), Some(vec![3]));
        handed.hear(&[batch(4, MAX, 1)]);
        assert_eq!(ids(handed.take(stretch, 3, 4)), Some(vec![4]), "what was taken makes room");
        handed.hear(&[batch(5, MAX, 1), batch(6, 1, 1)]);
        assert_eq!(ids(handed.take(stretch, 4, 4)), None, "they are too many");
    }

    #[test]
    fn what_was_read_as_well_is_not_given_out_again() {
        let handed = Handed::default();
        handed.hear(&[untold(1, 1)]);
        let stretch = handed.open();
        handed.hear(&[untold(2, 1), untold(3, 1), Event::AppChanged, untold(4, 1)]);
        assert_eq!(ids(handed.take(stretch, 2, 1)), Some(vec![3]));
        assert_eq!(ids(handed.take(stretch, 3, 10)), Some(vec![4]));
        assert_eq!(ids(handed.take(stretch, 4, 10)), Some(vec![]));
    }

    #[test]
    fn a_stretch_ends_where_something_is_missing() {
        let handed = Handed::default();
        let missing: [(&str, &dyn Fn()); 5] = [
            ("too many", &|| (1..=MAX as i64 + 1).for_each(|id| handed.hear(&[untold(id, 0)]))),
            ("too large", &|| handed.hear(&[untold(1, MAX_BYTES), untold(2, 1)])),
            ("one in between", &|| handed.hear(&[untold(1, 1), untold(3, 1)])),
            ("nothing but word of it", &|| handed.hear(&[untold(1, 1), Event::WebhookQueued(None)])),
            ("closed", &|| handed.close()),
        ];
        for (what, happens) in missing {
            let stretch = handed.open();
            happens();
            assert_eq!(ids(handed.take(stretch, 0, 10)), None, "{what}");
            let next = handed.open();
            handed.hear(&[untold(9, 1)]);
            assert_eq!(ids(handed.take(next, i64::MIN, 10)), Some(vec![9]), "{what}");
        }
    }
}
