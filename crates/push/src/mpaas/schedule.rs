//! When a push runs: at once, at a moment, or in a cycle of days. A calendar without a clock: pure.
//!
//! Days and times of day are those of one place, told by its distance from UTC; the contract's own place is eight hours
//! ahead. The numbers of the cycles are data here, because the contract's page and its sample disagree.

use contract::{Fault, Millis};
use serde::Deserialize;

/// How far ahead the last day of a cycle may lie.
const AHEAD_DAYS: i64 = 180;
const DAY_MS: i64 = 86_400_000;

/// When a push runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    /// At once.
    Now,
    /// Once, later.
    At(Millis),
    /// On each of these days.
    Cycle(Cycle),
}

impl Strategy {
    /// The number by which lists name it.
    pub const fn number(&self) -> i64 {
        match self {
            Self::Now => 0,
            Self::At(_) => 1,
            Self::Cycle(_) => 2,
        }
    }

    /// The moments at which it runs from now on, in order; none for a push that runs at once.
    pub fn runs(&self, now: Millis) -> Vec<Millis> {
        match self {
            Self::Now => Vec::new(),
            Self::At(at) => vec![*at],
            Self::Cycle(cycle) => cycle.runs(now),
        }
    }
}

/// On which days, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// The first and the last day, counted from the epoch in the place's own days.
    pub days: (i64, i64),
    /// Which days between them.
    pub on: On,
    /// Milliseconds after midnight.
    pub time_ms: i64,
    /// How far the place is ahead of UTC.
    pub ahead_ms: i64,
}

/// Which days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Every one.
    Days,
    /// Days of the week as bits, Monday the first.
    Week(u8),
    /// Days of the month as bits, the first the first. A month without such a day is passed over.
    Month(u32),
}

impl Cycle {
    /// The moments of the cycle after `now`, in order: at most one for each day of the window.
    pub fn runs(&self, now: Millis) -> Vec<Millis> {
        let (first, last) = self.days;
        let from = first.max((now.0 + self.ahead_ms).div_euclid(DAY_MS));
        let days = (from..=last).take(AHEAD_DAYS as usize + 1).filter(|day| self.on.holds(*day));
        let moments = days.map(|day| Millis(day * DAY_MS + self.time_ms - self.ahead_ms));
        moments.filter(|at| *at > now).collect()
    }
}

impl On {
    fn holds(self, day: i64) -> bool {
        match self {
            Self::Days => true,
            // The first day of the epoch was a Thursday.
            Self::Week(days) => days >> (day + 3).rem_euclid(7) & 1 == 1,
            Self::Month(days) => days >> (day_of_month(day) - 1) & 1 == 1,
        }
    }
}

/// The day of the month, from 1, by the proleptic Gregorian calendar.
fn day_of_month(day: i64) -> i64 {
    // Counted from the first of March, so that leap days come last.
    let day = day + 719_468;
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    of_year - (153 * month + 2) / 5 + 1
}

/// `StrategyContent` as it travels.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    fixed_time: Option<i64>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    circle_type: Option<i64>,
    circle_value: Option<Vec<i64>>,
    time: Option<String>,
}

const TYPE: Fault = Fault::FieldInvalid { field: "StrategyType" };
const CONTENT: Fault = Fault::FieldInvalid { field: "StrategyContent" };

/// Reads `StrategyType` and `StrategyContent`. What is no strategy, lies behind us or never comes is refused.
pub fn parse(kind: i64, content: Option<&str>, now: Millis, ahead_ms: i64) -> Result<Strategy, Fault> {
    if kind == 0 {
        return Ok(Strategy::Now);
    }
    if !(1..=2).contains(&kind) {
        return Err(TYPE);
    }
    let content = content.filter(|text| !text.is_empty()).ok_or(Fault::FieldMissing { field: "StrategyContent" })?;
    let content: Content = serde_json::from_str(content).map_err(|_| CONTENT)?;
    if kind == 1 {
        let at = content.fixed_time.map(Millis).filter(|at| *at > now && at.0 - now.0 <= AHEAD_DAYS * DAY_MS);
        return at.map(Strategy::At).ok_or(CONTENT);
    }
    let cycle = cycle(&content, now, ahead_ms).ok_or(CONTENT)?;
    if cycle.runs(now).is_empty() { Err(CONTENT) } else { Ok(Strategy::Cycle(cycle)) }
}

fn cycle(content: &Content, now: Millis, ahead_ms: i64) -> Option<Cycle> {
    let day = |at: i64| at.checked_add(ahead_ms).map(|at| at.div_euclid(DAY_MS));
    let (first, last, today) = (day(content.start_time?)?, day(content.end_time?)?, day(now.0)?);
    let fits = first >= today && last >= first && last - today <= AHEAD_DAYS;
    let values = content.circle_value.as_deref().unwrap_or_default();
    let on = match content.circle_type? {
        1 => On::Days,
        2 => On::Week(bits(values, 7)? as u8),
        3 => On::Month(bits(values, 31)?),
        _ => return None,
    };
    let time_ms = time_of_day(content.time.as_deref()?)?;
    fits.then_some(Cycle { days: (first, last), on, time_ms, ahead_ms })
}

/// Numbers from 1 as bits; none if there are none, or one is out of its range.
fn bits(numbers: &[i64], max: i64) -> Option<u32> {
    let fits = !numbers.is_empty() && numbers.iter().all(|number| (1..=max).contains(number));
    fits.then(|| numbers.iter().fold(0, |bits, number| bits | 1 << (number - 1)))
}

/// Reads `HH:mm:ss`.
fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let mut part = |max: i64| {
        let text = parts.next().filter(|text| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))?;
        text.parse::<i64>().ok().filter(|number| *number < max)
    };
    let (hour, minute, second) = (part(24)?, part(60)?, part(60)?);
    parts.next().is_none().then_some((hour * 3_600 + minute * 60 + second) * 1_000)
}

#[cfg(test)]
mod tests {
    use contract::moment;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    const SHANGHAI: i64 = 8 * 3_600_000;

    fn at(text: &str) -> Millis {
        moment::parse(text).expect("a moment")
    }

    fn refused(kind: i64, content: &str) -> Fault {
        parse(kind, Some(content), at("2026-03-10T04:00:00Z"), SHANGHAI).expect_err(content)
    }

    fn cycle(kind: i64, values: &str, from: &str, to: &str, time: &str) -> String {
        let (from, to) = (at(from).0, at(to).0);
        format!(r#"{{"startTime":{from},"endTime":{to},"circleType":{kind},"circleValue":{values},"time":"{time}"}}"#)
    }

    fn runs(content: &str, now: &str, ahead_ms: i64) -> Vec<String> {
        let strategy = parse(2, Some(content), at(now), ahead_ms).expect("a cycle");
        strategy.runs(at(now)).into_iter().map(moment::write).collect()
    }

    #[test]
    fn a_push_runs_at_once_or_at_a_moment_that_comes() {
        let now = at("2026-03-10T04:00:00Z");
        assert_eq!(parse(0, None, now, SHANGHAI), Ok(Strategy::Now));
        let later = format!(r#"{{"fixedTime":{},"circleType":9}}"#, now.0 + 1);
        assert_eq!(parse(1, Some(&later), now, SHANGHAI), Ok(Strategy::At(now.plus(1))));
        assert_eq!(refused(1, &format!(r#"{{"fixedTime":{}}}"#, now.0)), CONTENT);
        assert_eq!(refused(1, &format!(r#"{{"fixedTime":{}}}"#, now.0 + 181 * DAY_MS)), CONTENT);
        assert_eq!(refused(1, "{}"), CONTENT);
        assert_eq!(refused(1, "[]"), CONTENT);
        assert_eq!(refused(3, "{}"), TYPE);
        assert_eq!(refused(-1, "{}"), TYPE);
        assert_eq!(refused(1, ""), Fault::FieldMissing { field: "StrategyContent" });
        assert_eq!(parse(2, None, now, SHANGHAI), Err(Fault::FieldMissing { field: "StrategyContent" }));
    }

    #[test]
    fn days_weeks_and_months_are_those_of_the_place() {
        // Midnight in Shanghai is 16:00 of the day before in London.
        let daily = cycle(1, "[]", "2026-03-10T00:00:00Z", "2026-03-12T00:00:00Z", "09:00:00");
        let null = daily.replace("[]", "null");
        let now = "2026-03-10T02:00:00Z";
        assert_eq!(runs(&null, now, SHANGHAI), runs(&daily, now, SHANGHAI), "no days are named for every day");
        assert_eq!(
            runs(&daily, "2026-03-10T02:00:00Z", SHANGHAI),
            ["2026-03-11T01:00:00Z", "2026-03-12T01:00:00Z"],
            "nine o'clock of the first day is behind us"
        );
        assert_eq!(runs(&daily, "2026-03-10T02:00:00Z", 0).len(), 3);
        // 2026-03-15 is a Sunday.
        let weekly = cycle(2, "[1,7]", "2026-03-10T00:00:00Z", "2026-03-22T00:00:00Z", "00:00:00");
        assert_eq!(
            runs(&weekly, "2026-03-10T00:00:00Z", 0),
            ["2026-03-15T00:00:00Z", "2026-03-16T00:00:00Z", "2026-03-22T00:00:00Z"]
        );
        let monthly = cycle(3, "[1,31]", "2026-03-10T00:00:00Z", "2026-07-01T00:00:00Z", "23:59:59");
        assert_eq!(
            runs(&monthly, "2026-03-10T00:00:00Z", 0),
            [
                "2026-03-31T23:59:59Z",
                "2026-04-01T23:59:59Z",
                "2026-05-01T23:59:59Z",
                "2026-05-31T23:59:59Z",
                "2026-06-01T23:59:59Z",
                "2026-07-01T23:59:59Z"
            ]
        );
    }

    #[test]
    fn a_window_behind_us_too_far_or_empty_is_refused() {
        let day = |from: &str, to: &str| cycle(1, "[]", from, to, "00:00:01");
        assert_eq!(refused(2, &day("2026-03-09T00:00:00Z", "2026-03-12T00:00:00Z")), CONTENT, "begins before today");
        assert_eq!(refused(2, &day("2026-03-12T00:00:00Z", "2026-03-11T00:00:00Z")), CONTENT, "ends before it begins");
        assert_eq!(refused(2, &day("2026-03-12T00:00:00Z", "2026-09-07T00:00:00Z")), CONTENT, "ends too late");
        assert!(
            parse(2, Some(&day("2026-03-12T00:00:00Z", "2026-09-06T00:00:00Z")), at("2026-03-10T04:00:00Z"), 0).is_ok()
        );
        let today = cycle(1, "[]", "2026-03-10T00:00:00Z", "2026-03-10T00:00:00Z", "11:59:59");
        assert_eq!(refused(2, &today), CONTENT, "its only moment is behind us");
    }

    #[test]
    fn cycles_without_days_or_time_are_refused() {
        let of = |kind, values, time| cycle(kind, values, "2026-03-12T00:00:00Z", "2026-03-30T00:00:00Z", time);
        for (kind, values, time) in [
            (0, "[]", "00:00:00"),
            (4, "[1]", "00:00:00"),
            (2, "[]", "00:00:00"),
            (2, "[0]", "00:00:00"),
            (2, "[8]", "00:00:00"),
            (2, "[\"1\"]", "00:00:00"),
            (3, "[32]", "00:00:00"),
            (1, "[]", "24:00:00"),
            (1, "[]", "9:00:00"),
            (1, "[]", "09:00"),
            (1, "[]", "09:00:00:00"),
            (1, "[]", ""),
            (3, "[11]", "00:00:00"),
        ] {
            assert_eq!(refused(2, &of(kind, values, time)), CONTENT, "{kind} {values} {time}");
        }
    }

    proptest! {
        #[test]
        fn the_day_of_the_month_is_that_of_the_written_date(day in 0i64..40_000) {
            let written = moment::write(Millis(day * DAY_MS));
            prop_assert_eq!(written[8..10].parse::<i64>().unwrap(), day_of_month(day));
        }

        #[test]
        fn runs_rise_stay_in_the_window_and_fit_the_days(
            start in 20_000i64..25_000, length in 0i64..181, on in 0u8..3, bits in 1u32..0x7fff_ffff,
            time_ms in 0..DAY_MS, ahead in -12i64..15, now in 19_999i64..25_200,
        ) {
            let on = match on { 0 => On::Days, 1 => On::Week((bits % 127 + 1) as u8), _ => On::Month(bits) };
            let ahead_ms = ahead * 3_600_000;
            let cycle = Cycle { days: (start, start + length), on, time_ms, ahead_ms };
            let now = Millis(now * DAY_MS + 12_345_678);
            let runs = cycle.runs(now);
            prop_assert!(runs.windows(2).all(|pair| pair[0] < pair[1]));
            let local = |at: &Millis| at.0 + ahead_ms;
            prop_assert!(runs.iter().all(|at| *at > now && local(at).rem_euclid(DAY_MS) == time_ms));
            // Every day of the window is either among the runs, or has a reason not to be.
            for day in start..=start + length {
                let at = Millis(day * DAY_MS + time_ms - ahead_ms);
                let wanted = match on {
                    On::Days => true,
                    On::Week(days) => days >> ((day + 3) % 7) & 1 == 1,
                    On::Month(days) => {
                        let of_month: u32 = moment::write(Millis(day * DAY_MS))[8..10].parse().unwrap();
                        days >> (of_month - 1) & 1 == 1
                    }
                };
                prop_assert_eq!(runs.contains(&at), wanted && at > now);
            }
        }
    }
}
