//! Moments as people write them: `2027-01-31`, `2027-01-31T12:00:00Z`, or seconds since 1970.

use contract::{Millis, Result};

use super::refuse;

/// Reads a moment, in UTC.
pub(super) fn parse(text: &str) -> Result<Millis> {
    let known = || {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().map(Millis::from_secs);
        }
        let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(time.strip_suffix('Z')?, ':', [2, 2, 2])?;
        let is_real = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_of(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        let days: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum::<i64>()
            + (1..month).map(|month| days_of(year, month)).sum::<i64>()
            + day
            - 1;
        is_real.then(|| Millis::from_secs(days * 86_400 + hour * 3_600 + minute * 60 + second))
    };
    known().ok_or_else(|| refuse(format!("{text}: write 2027-01-31, 2027-01-31T12:00:00Z or seconds since 1970")))
}

fn numbers(text: &str, separator: char, widths: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut found = [0; 3];
    for (place, width) in found.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        *place = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_a_time_or_seconds() {
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(parse(text).ok(), expected.map(Millis::from_secs), "{text}");
        };
        check("1970-01-01", Some(0));
        check("2000-03-01", Some(951_868_800));
        check("2026-11-21T18:40:11Z", Some(1_795_286_411));
        check("1795286411", Some(1_795_286_411));
        for bad in ["", "2026-02-29", "2026-13-01", "2026-1-1", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "soon"] {
            check(bad, None);
        }
    }
}
