//! Events that a commit hands over to the pump of their app, so that it need not read back what was written a moment ago.
//!
//! Every event is in the store as well, and what is handed over is of use only while it is whole: a *stretch* is a time in
//! which every event that was committed was also taken in here. Whoever has read all that the store held when the stretch
//! was already under way goes on here, for as long as the stretch lasts. It ends where more comes than fits.

use std::collections::VecDeque;
use std::sync::Arc;

use contract::event::Event;
use contract::webhook::Untold;
use parking_lot::Mutex;

/// Events that wait here …
const MAX: usize = 4_096;
/// … and the bytes of what happened in them.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// What was handed over to one pump.
#[derive(Default)]
pub(super) struct Handed(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    is_open: bool,
    stretch: u64,
    events: VecDeque<Arc<Untold>>,
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
            let Event::WebhookQueued(untold) = event else { continue };
            match untold {
                Some(untold) if kept.events.len() < MAX && kept.bytes + untold.bytes <= MAX_BYTES => {
                    kept.bytes += untold.bytes;
                    kept.events.push_back(Arc::clone(untold));
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

    /// Gives out the first events behind an id; none at all if the stretch is over.
    pub(super) fn take(&self, stretch: u64, after: i64, count: usize) -> Option<Vec<Arc<Untold>>> {
        let mut kept = self.0.lock();
        if !kept.is_open || kept.stretch != stretch {
            return None;
        }
        let mut taken = Vec::new();
        let mut last = after;
        while taken.len() < count
            && let Some(untold) = kept.events.pop_front()
        {
            kept.bytes -= untold.bytes;
            // What was committed in this stretch may have been read as well.
            if untold.id <= last {
                continue;
            }
            // Ids follow each other; whoever should have told of the missing one has failed, or it was rolled back.
            if last != i64::MIN && untold.id != last + 1 {
                kept.end();
                return None;
            }
            last = untold.id;
            taken.push(untold);
        }
        Some(taken)
    }
}

impl Kept {
    fn end(&mut self) {
        self.stretch += 1;
        self.events.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use contract::Millis;
    use contract::webhook::Origin;

    use super::*;

    fn untold(id: i64, bytes: usize) -> Event {
        let (origin, happening) = (Origin::default(), None);
        Event::WebhookQueued(Some(Arc::new(Untold {
            id,
            part: 0,
            at: Millis(0),
            origin,
            happening,
            place: None,
            bytes,
        })))
    }

    fn ids(taken: Option<Vec<Arc<Untold>>>) -> Option<Vec<i64>> {
        taken.map(|events| events.iter().map(|event| event.id).collect())
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
