//! Mutes: an administrator keeps an account from writing for a while, or for ever.
//!
//! Only devices are kept silent: what a back end sends in the account's name passes. The one-to-one mute is looked at
//! in [`crate::message::decide`].

use contract::error::refuse;
use contract::{Fault, Millis, Result, UserId};
use store::mutes::{self, Mute};
use store::{Snapshot, Tx};

/// As many seconds mean for ever.
pub const FOR_EVER_S: u32 = u32::MAX;

/// Mutes an account from now on for so many seconds; 0 lets it speak again, absent leaves it as it is.
pub fn set(tx: &mut Tx<'_>, now: Millis, account: &UserId, pairs_s: Option<u32>, groups_s: Option<u32>) -> Result<()> {
    let until = |seconds: Option<u32>| {
        seconds.map(|seconds| match seconds {
            0 => Millis(0),
            FOR_EVER_S => Millis(i64::MAX),
            seconds => now.plus(i64::from(seconds) * 1_000),
        })
    };
    if mutes::set(tx, account, until(pairs_s), until(groups_s))? { Ok(()) } else { refuse(Fault::AccountUnknown) }
}

/// How long an account stays silent, in seconds: in one-to-one conversations and in groups.
pub fn left(snapshot: &mut Snapshot<'_>, now: Millis, account: &UserId) -> Result<(u32, u32)> {
    let Some(Mute { pairs, groups }) = mutes::get(snapshot, account)? else { return refuse(Fault::AccountUnknown) };
    Ok((seconds(now, pairs), seconds(now, groups)))
}

/// Whole seconds until a moment, the one that has begun included: an account of which 0 is told may speak.
fn seconds(now: Millis, until: Millis) -> u32 {
    if until == Millis(i64::MAX) {
        return FOR_EVER_S;
    }
    let left = (until.0 - now.0).max(0);
    u32::try_from(left.saturating_add(999) / 1_000).unwrap_or(FOR_EVER_S - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_in_begun_seconds() {
        let now = Millis(10_000);
        for (until, expected) in [(0, 0), (10_000, 0), (10_001, 1), (11_000, 1), (11_001, 2), (i64::MAX, FOR_EVER_S)] {
            assert_eq!(seconds(now, Millis(until)), expected, "{until}");
        }
    }
}
