//! How broadcasts leave room for everything else on the node. All that is to be tuned is here and in
//! [`Settings::give_way`](crate::engine::Settings).
//!
//! A broadcast is work without an end, a single push is short: on two cores the one is easily everything that the other
//! waits for. So a slice
//!
//! * lets pass what is on its way to named targets before it begins (bounded, so that a node on which something is always
//!   under way goes on),
//! * does its own work — reading, sorting out, writing down — in one of few *places*, which all broadcasts of the node
//!   share, so that half of the cores never work for them; who waits for vendors and devices holds none,
//! * rests afterwards in its place for a part of the time that it took, as long as somebody pushes beside it,
//! * and lets go of its thread every few devices, because what runs on the same thread can take it only then.

use std::num::NonZero;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::TURNS_MAX;
use crate::engine::Errands;

/// Cores for each place: with two of them, broadcasts keep one busy at most.
const CORES_PER_PLACE: usize = 2;

/// How long a slice rests after its own work while others push, in percent of what it took.
const REST_PERCENT: u32 = 50;

/// The longest rest: a slice that took long because the machine is busy with something else says nothing about itself.
const REST_MAX: Duration = Duration::from_millis(40);

/// After the last push to named targets the node counts as shared for so long.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// Devices that are looked at before the thread is let go.
pub(super) const BREATH: usize = 64;

/// The places of a node.
pub(super) struct Pace {
    places: Semaphore,
}

impl Pace {
    /// As many places as the machine has room for.
    pub(super) fn new() -> Self {
        Self::with(places(std::thread::available_parallelism().map_or(1, NonZero::get)))
    }

    fn with(places: usize) -> Self {
        Self { places: Semaphore::new(places) }
    }

    /// Begins to work: lets errands pass, within a bound, then takes a place.
    pub(super) async fn begin<'a>(&'a self, errands: &'a Errands, give_way: Duration) -> Spell<'a> {
        let (since, worked) = (Instant::now(), Duration::ZERO);
        let mut spell = Spell { pace: self, errands, give_way, place: None, since, worked, is_used: false };
        spell.begin().await;
        spell
    }
}

/// A spell of work, with rests in between.
pub(super) struct Spell<'a> {
    pace: &'a Pace,
    errands: &'a Errands,
    give_way: Duration,
    /// None while others are waited for.
    place: Option<SemaphorePermit<'a>>,
    since: Instant,
    worked: Duration,
    /// Whether a slice was begun in it.
    is_used: bool,
}

impl Spell<'_> {
    async fn begin(&mut self) {
        self.errands.pass(self.give_way).await;
        self.resume().await;
    }

    /// Leaves the place to others: what comes now is waiting.
    pub(super) fn pause(&mut self) {
        if self.place.take().is_some() {
            self.worked += self.since.elapsed();
        }
    }

    /// Takes a place again.
    pub(super) async fn resume(&mut self) {
        if self.place.is_none() {
            // Nobody closes the semaphore.
            self.place = self.pace.places.acquire().await.ok();
            self.since = Instant::now();
        }
    }

    /// Rests, if others want to get on, and leaves the place. It is kept while resting: a rest in which the next
    /// broadcast works is none.
    pub(super) async fn rest(&mut self) {
        self.resume().await;
        let worked = std::mem::take(&mut self.worked) + self.since.elapsed();
        if self.errands.are_about(SHARED_FOR) {
            tokio::time::sleep(rest(worked)).await;
        }
        self.place = None;
    }

    /// Begins a slice: the first at once, each other one after a rest.
    pub(super) async fn slice(&mut self) {
        if std::mem::replace(&mut self.is_used, true) {
            self.rest().await;
            self.begin().await;
        }
    }
}

/// Lets go of the thread, once for every so many devices.
pub(super) async fn breathe(index: usize) {
    if index % BREATH == BREATH - 1 {
        tokio::task::yield_now().await;
    }
}

fn places(cores: usize) -> usize {
    (cores / CORES_PER_PLACE).clamp(1, TURNS_MAX)
}

fn rest(worked: Duration) -> Duration {
    (worked * REST_PERCENT / 100).min(REST_MAX)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;

    use futures_util::FutureExt;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_slice_begins_when_what_is_on_its_way_has_passed() {
        let (pace, errands) = (Pace::with(1), Arc::new(Errands::default()));
        let errand = errands.begin();
        let mut spell = pin!(pace.begin(&errands, LONG));
        assert!(spell.as_mut().now_or_never().is_none());
        drop(errand);
        let mut spell = spell.await;
        spell.slice().await;
        let errand = errands.begin();
        {
            let mut next = pin!(spell.slice());
            assert!(next.as_mut().now_or_never().is_none());
            drop(errand);
            next.await;
        }
    }

    #[tokio::test]
    async fn who_waits_for_others_leaves_its_place() {
        let (pace, errands) = (Pace::with(1), Arc::new(Errands::default()));
        let mut one = pace.begin(&errands, LONG).await;
        assert!(pace.begin(&errands, LONG).now_or_never().is_none(), "there is one place");
        one.pause();
        let mut other = pace.begin(&errands, LONG).now_or_never().expect("the place is free");
        assert!(one.resume().now_or_never().is_none());
        other.rest().await;
        one.resume().now_or_never().expect("it is free again");
    }

    #[tokio::test]
    async fn on_a_node_where_something_is_always_on_its_way_slices_go_on() {
        let (pace, errands) = (Pace::with(1), Arc::new(Errands::default()));
        let _always = errands.begin();
        let mut spell = pace.begin(&errands, Duration::from_millis(1)).await;
        for _ in 0..3 {
            spell.slice().await;
        }
        assert_eq!(pace.places.available_permits(), 0);
    }

    #[test]
    fn half_of_the_cores_never_work_for_broadcasts() {
        for (cores, expected) in [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4), (64, TURNS_MAX)] {
            assert_eq!(places(cores), expected, "{cores} cores");
        }
    }

    #[test]
    fn a_rest_is_a_part_of_the_work_before_it_and_bounded() {
        assert_eq!(rest(Duration::ZERO), Duration::ZERO);
        let worked = Duration::from_millis(10);
        assert_eq!(rest(worked), worked * REST_PERCENT / 100);
        assert_eq!(rest(Duration::from_secs(9)), REST_MAX);
    }
}
