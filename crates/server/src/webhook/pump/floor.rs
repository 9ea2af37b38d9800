//! Behind which id a pump reads where several write.
//!
//! A lower id may become visible after a higher one: it is given before the commit. So each look begins behind an id below
//! which nothing can appear any more, as [`Moment`] tells. Looks pass over what was told and deleted since, so the closer it
//! is the cheaper they are.

use std::time::Duration;

use store::webhooks::Moment;
use tokio::time::Instant;

/// How long a transaction may be under way before nobody waits for it.
const LAG: Duration = Duration::from_secs(10);

/// What is settled, and what will be next.
pub(super) struct Floor {
    settled: i64,
    next: Option<Mark>,
}

/// A look: it saw all that was visible up to an id.
struct Mark {
    cursor: i64,
    moment: Moment,
    at: Instant,
}

impl Floor {
    /// Nothing is settled.
    pub(super) const fn new() -> Self {
        Self { settled: i64::MIN, next: None }
    }

    /// The id behind which to read.
    pub(super) const fn settled(&self) -> i64 {
        self.settled
    }

    /// Notes a look that took in all that was visible up to `read_to`; `cursor` is the last id that was ever found.
    pub(super) fn note(&mut self, moment: Moment, read_to: i64, cursor: i64, now: Instant) {
        if let Some(mark) = &self.next {
            let is_over = moment.is_after(mark.moment) || now.saturating_duration_since(mark.at) >= LAG;
            if !is_over || read_to < mark.cursor {
                return;
            }
            self.settled = mark.cursor;
        }
        self.next = Some(Mark { cursor, moment, at: now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A floor with a mark at 7, as seen while the transactions 3 to 5 were under way, and when that was.
    fn marked() -> (Floor, Instant) {
        let (mut floor, now) = (Floor::new(), Instant::now());
        floor.note(Moment { oldest: 3, next: 6 }, i64::MAX, 7, now);
        assert_eq!(floor.settled(), i64::MIN);
        (floor, now)
    }

    #[test]
    fn an_id_is_settled_when_everything_has_ended_that_was_under_way() {
        let (mut floor, now) = marked();
        floor.note(Moment { oldest: 5, next: 9 }, i64::MAX, 8, now);
        assert_eq!(floor.settled(), i64::MIN, "5 may still show a lower id");
        floor.note(Moment { oldest: 6, next: 9 }, i64::MAX, 9, now);
        assert_eq!(floor.settled(), 7);
        floor.note(Moment { oldest: 9, next: 9 }, i64::MAX, 9, now);
        assert_eq!(floor.settled(), 9);
    }

    #[test]
    fn a_transaction_is_not_waited_for_without_end() {
        let (mut floor, now) = marked();
        floor.note(Moment { oldest: 3, next: 9 }, i64::MAX, 8, now + LAG / 2);
        assert_eq!(floor.settled(), i64::MIN);
        floor.note(Moment { oldest: 3, next: 9 }, i64::MAX, 8, now + LAG);
        assert_eq!(floor.settled(), 7);
    }

    #[test]
    fn a_look_that_was_cut_short_settles_nothing_behind_its_end() {
        let (mut floor, now) = marked();
        floor.note(Moment { oldest: 6, next: 9 }, 6, 8, now);
        assert_eq!(floor.settled(), i64::MIN);
        floor.note(Moment { oldest: 6, next: 9 }, 7, 8, now);
        assert_eq!(floor.settled(), 7);
    }
}
