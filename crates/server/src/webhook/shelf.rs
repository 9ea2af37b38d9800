//! Batches that this node wrote a moment ago to a store that others write to as well: whoever finds their ids there need not
//! read the rest.
//!
//! Unlike what is `handed` over on a store of one's own, it says nothing of what there is to tell, nor of its order. What
//! does not fit, or was written elsewhere, is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::event::Event;
use contract::webhook::Batch;
use parking_lot::Mutex;

/// Batches that wait here, and their bytes; beyond that the oldest are forgotten.
const MAX: usize = 2_048;
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// What was written for one app.
#[derive(Default)]
pub(super) struct Shelf(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    is_open: bool,
    batches: BTreeMap<i64, Arc<Batch>>,
    bytes: usize,
}

impl Shelf {
    /// Keeps what is heard from here on.
    pub(super) fn open(&self) {
        self.0.lock().is_open = true;
    }

    /// Keeps nothing until it is opened again.
    pub(super) fn close(&self) {
        *self.0.lock() = Kept::default();
    }

    /// Keeps what was committed.
    pub(super) fn hear(&self, events: &[Event]) {
        let mut kept = self.0.lock();
        if !kept.is_open {
            return;
        }
        for event in events {
            let Event::WebhookQueued(Some(batch)) = event else { continue };
            kept.bytes += batch.bytes;
            kept.batches.insert(batch.id, Arc::clone(batch));
            while kept.batches.len() > MAX || kept.bytes > MAX_BYTES {
                let Some((_, oldest)) = kept.batches.pop_first() else { break };
                kept.bytes -= oldest.bytes;
            }
        }
    }

    /// Gives out those of some batches that are here, and the ids of the others.
    pub(super) fn take(&self, ids: &[i64]) -> (Vec<Arc<Batch>>, Vec<i64>) {
        let mut kept = self.0.lock();
        let (mut found, mut missing) = (Vec::with_capacity(ids.len()), Vec::new());
        for id in ids {
            match kept.batches.remove(id) {
                Some(batch) => {
                    kept.bytes -= batch.bytes;
                    found.push(batch);
                }
                None => missing.push(*id),
            }
        }
        (found, missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(id: i64, bytes: usize) -> Event {
        Event::WebhookQueued(Some(Arc::new(Batch { id, events: Vec::new(), bytes })))
    }

    fn ids((found, missing): (Vec<Arc<Batch>>, Vec<i64>)) -> (Vec<i64>, Vec<i64>) {
        (found.iter().map(|batch| batch.id).collect(), missing)
    }

    #[test]
    fn what_was_written_is_given_out_once() {
        let shelf = Shelf::default();
        shelf.hear(&[written(1, 1)]);
        shelf.open();
        shelf.hear(&[written(3, 1), Event::WebhookQueued(None), Event::AppChanged, written(2, 1)]);
        assert_eq!(ids(shelf.take(&[1, 2, 3])), (vec![2, 3], vec![1]), "the first came before it was opened");
        assert_eq!(ids(shelf.take(&[3])), (vec![], vec![3]));
        assert_eq!(shelf.0.lock().bytes, 0);
        shelf.hear(&[written(4, 1)]);
        shelf.close();
        shelf.hear(&[written(5, 1)]);
        assert_eq!(ids(shelf.take(&[4, 5])), (vec![], vec![4, 5]));
    }

    #[test]
    fn the_oldest_are_forgotten_by_number_and_by_bytes() {
        let shelf = Shelf::default();
        shelf.open();
        let many: Vec<Event> = (1..=MAX as i64 + 2).map(|id| written(id, 1)).collect();
        shelf.hear(&many);
        assert_eq!(ids(shelf.take(&[2, 3])), (vec![3], vec![2]));
        shelf.hear(&[written(9_000, MAX_BYTES)]);
        assert_eq!(ids(shelf.take(&[4, 9_000])), (vec![9_000], vec![4]));
        shelf.hear(&[written(9_001, MAX_BYTES + 1)]);
        assert_eq!(ids(shelf.take(&[9_001])), (vec![], vec![9_001]), "one that does not fit is read");
    }
}
