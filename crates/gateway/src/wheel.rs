//! One set of deadlines for all connections, instead of a timer for each.
//!
//! A connection stands in it once. When its turn comes it is asked for its real deadline, which every frame moves,
//! and is put back if that lies ahead: a busy connection costs one look per silence, not one per frame.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use contract::Millis;
use parking_lot::Mutex;

use crate::link::Link;

/// Deadlines of one slot are looked at together.
const SLOT_MS: i64 = 50;

/// Connections by the moment at which they are looked at.
#[derive(Default)]
pub(crate) struct Wheel(Mutex<BTreeMap<i64, Vec<Weak<Link>>>>);

impl Wheel {
    /// Has a connection looked at, not before `at`.
    pub(crate) fn add(&self, link: &Arc<Link>, at: Millis) {
        self.0.lock().entry(slot_of(at) + 1).or_default().push(Arc::downgrade(link));
    }

    /// Takes the connections whose time has come and whose deadline really is over; puts the others back.
    pub(crate) fn overdue(&self, now: Millis) -> Vec<Arc<Link>> {
        let due = {
            let mut slots = self.0.lock();
            let later = slots.split_off(&(slot_of(now) + 1));
            std::mem::replace(&mut *slots, later)
        };
        let mut over = Vec::new();
        for link in due.into_values().flatten().filter_map(|link| link.upgrade()) {
            let deadline = link.deadline();
            if deadline <= now {
                over.push(link);
            } else {
                self.add(&link, deadline);
            }
        }
        over
    }

    /// Every connection.
    pub(crate) fn all(&self) -> Vec<Arc<Link>> {
        self.0.lock().values().flatten().filter_map(Weak::upgrade).collect()
    }
}

const fn slot_of(at: Millis) -> i64 {
    at.0.div_euclid(SLOT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_over_only_when_its_own_deadline_is() {
        let wheel = Wheel::default();
        let link = Arc::new(Link::new(Millis(0), 10_000));
        wheel.add(&link, link.deadline());
        assert!(wheel.overdue(Millis(9_000)).is_empty());
        link.set_patience(Millis(9_500), 400_000);
        assert!(wheel.overdue(Millis(20_000)).is_empty(), "it was heard of since");
        assert!(wheel.overdue(Millis(409_000)).is_empty());
        assert_eq!(wheel.overdue(Millis(410_000)).len(), 1);
        assert!(wheel.overdue(Millis(900_000)).is_empty(), "it is reported once");
    }
}
