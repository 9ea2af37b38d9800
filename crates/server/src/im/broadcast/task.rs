//! The ids by which callers know broadcasts: `<sdkappid>_<number>_<random>_<second>`, with `batch_` before it for a push
//! to named accounts.

use contract::AppId;
use push::broadcast::Begun;

/// What precedes the id of a push to named accounts.
const BATCH: &str = "batch_";

/// A number that no other task of the app has.
pub(super) fn unique() -> i64 {
    i64::from_le_bytes(crate::vault::random()) & i64::MAX
}

/// Writes the id of a broadcast.
pub(super) fn id(app: AppId, begun: &Begun, random: u32) -> String {
    format!("{app}_{}_{random}_{}", begun.number, begun.at.secs())
}

/// Writes the id of a push to named accounts.
pub(super) fn batch_id(app: AppId, begun: &Begun, random: u32) -> String {
    format!("{BATCH}{}", id(app, begun, random))
}

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    /// The number.
    pub number: i64,
    /// What it was begun with: nobody finds another's by counting.
    pub random: u32,
    /// When.
    pub second: i64,
}

/// Reads an id of the app.
pub(super) fn parse(app: AppId, text: &str) -> Option<Named> {
    let mut parts = text.strip_prefix(BATCH).unwrap_or(text).split('_');
    let own: i64 = parts.next()?.parse().ok()?;
    let named = Named {
        number: parts.next()?.parse().ok()?,
        random: parts.next()?.parse().ok()?,
        second: parts.next()?.parse().ok()?,
    };
    (own == app.0 && parts.next().is_none()).then_some(named)
}

#[cfg(test)]
mod tests {
    use contract::Millis;

    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written_and_by_its_own_app() {
        let (app, begun) = (AppId(1_400_000_001), Begun { number: 7, at: Millis(9_500) });
        let named = Some(Named { number: 7, random: 5, second: 9 });
        assert_eq!(id(app, &begun, 5), "1400000001_7_5_9");
        for text in [id(app, &begun, 5), batch_id(app, &begun, 5)] {
            assert_eq!(parse(app, &text), named, "{text}");
            assert_eq!(parse(AppId(1), &text), None);
        }
        for bad in
            ["", "x", "1400000001_7_5", "1400000001_7_5_9_9", "1400000001_7_-5_9", "batch_batch_1400000001_7_5_9"]
        {
            assert_eq!(parse(app, bad), None, "{bad}");
        }
    }
}
