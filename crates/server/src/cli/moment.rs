//! Moments as people write them: `2027-01-31`, `2027-01-31T12:00:00Z`, or seconds since 1970.

use contract::{Millis, Result, moment};

use super::refuse;

/// Reads a moment, in UTC.
pub(super) fn parse(text: &str) -> Result<Millis> {
    let known = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok().map(Millis::from_secs)
    } else if text.contains('T') {
        moment::parse(text)
    } else {
        moment::parse(&format!("{text}T00:00:00Z"))
    };
    known.ok_or_else(|| refuse(format!("{text}: write 2027-01-31, 2027-01-31T12:00:00Z or seconds since 1970")))
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
