//! When a task that comes again comes. Pure.

use contract::{Millis, moment};
use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 86_400_000;

/// The days on which it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Days {
    /// Every day.
    Daily,
    /// On these days of the week, 1 for Monday to 7 for Sunday.
    Weekly(Vec<u8>),
    /// On these days of the month, from 1; a month without such a day is left out.
    Monthly(Vec<u8>),
}

/// A task that comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// Not before this moment …
    pub from: i64,
    /// … and before this one.
    pub until: i64,
    /// On which days.
    pub days: Days,
    /// How long after the beginning of the day.
    pub time_ms: i64,
    /// From UTC to the clock by which days begin.
    pub zone_ms: i64,
    /// Occurrences that were cancelled.
    #[serde(default)]
    pub skipped: Vec<i64>,
}

impl Cycle {
    /// The first time after a moment; none if it was the last.
    pub fn next(&self, after: Millis) -> Option<Millis> {
        let earliest = after.0.saturating_add(1).max(self.from);
        let mut day = (earliest + self.zone_ms).div_euclid(DAY_MS);
        loop {
            let at = day * DAY_MS - self.zone_ms + self.time_ms;
            if at >= self.until || day > (self.until + self.zone_ms).div_euclid(DAY_MS) {
                return None;
            }
            if at >= earliest && self.is_on(day) && !self.skipped.contains(&at) {
                return Some(Millis(at));
            }
            day += 1;
        }
    }

    /// The times from one moment on and before another, at most so many.
    pub fn times(&self, from: Millis, until: Millis, count: usize) -> Vec<Millis> {
        let mut found = Vec::new();
        let mut last = Millis(from.0.saturating_sub(1));
        while found.len() < count
            && let Some(at) = self.next(last).filter(|at| *at < until)
        {
            found.push(at);
            last = at;
        }
        found
    }

    fn is_on(&self, day: i64) -> bool {
        match &self.days {
            Days::Daily => true,
            // The epoch began on a Thursday.
            Days::Weekly(days) => days.iter().any(|wanted| i64::from(*wanted) == (day + 3).rem_euclid(7) + 1),
            Days::Monthly(days) => {
                let date = moment::date(Millis(day * DAY_MS));
                days.iter().any(|wanted| i64::from(*wanted) == date.day)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        moment::parse(text).expect("a moment")
    }

    fn cycle(days: Days) -> Cycle {
        Cycle {
            from: at("2026-01-01T00:00:00Z").0,
            until: at("2026-03-01T00:00:00Z").0,
            days,
            time_ms: 9 * 3_600_000,
            zone_ms: 0,
            skipped: Vec::new(),
        }
    }

    fn check(cycle: &Cycle, from: &str, expected: &[&str]) {
        let times = cycle.times(at(from), at("2027-01-01T00:00:00Z"), expected.len());
        let times: Vec<String> = times.into_iter().map(moment::write).collect();
        assert_eq!(times, expected);
    }

    #[test]
    fn it_comes_on_its_days_until_it_ends() {
        check(&cycle(Days::Daily), "2026-02-27T10:00:00Z", &["2026-02-28T09:00:00Z"]);
        assert_eq!(cycle(Days::Daily).next(at("2026-02-28T09:00:00Z")), None);
        // 2026-01-05 is a Monday.
        check(
            &cycle(Days::Weekly(vec![1, 7])),
            "2026-01-01T00:00:00Z",
            &["2026-01-04T09:00:00Z", "2026-01-05T09:00:00Z", "2026-01-11T09:00:00Z"],
        );
        check(
            &cycle(Days::Monthly(vec![30, 31])),
            "2026-01-01T00:00:00Z",
            &["2026-01-30T09:00:00Z", "2026-01-31T09:00:00Z"],
        );
        assert_eq!(cycle(Days::Monthly(vec![30, 31])).next(at("2026-01-31T09:00:00Z")), None);
    }

    #[test]
    fn days_begin_by_its_own_clock_and_cancelled_ones_are_left_out() {
        let mut east = Cycle { zone_ms: 8 * 3_600_000, time_ms: 3_600_000, ..cycle(Days::Weekly(vec![1])) };
        check(&east, "2026-01-01T00:00:00Z", &["2026-01-04T17:00:00Z", "2026-01-11T17:00:00Z"]);
        east.skipped.push(at("2026-01-04T17:00:00Z").0);
        check(&east, "2026-01-01T00:00:00Z", &["2026-01-11T17:00:00Z"]);
    }

    #[test]
    fn days_that_never_come_end() {
        assert_eq!(cycle(Days::Weekly(Vec::new())).next(Millis(0)), None);
        assert_eq!(cycle(Days::Monthly(vec![32])).next(Millis(0)), None);
    }
}
