//! What an answer means for a delivery: its status, its class, and whether and when it is sent again. Pure.

use contract::codes::{OfflinePush, PushCommon, Row};
use contract::webhook::{Happening, Notified, PushReport};
use contract::{Millis, UserId};
use store::deliveries::{self, Claimed, SELF_BUILT, Said, Settled, Status, Waits};
use store::push_counts::Counts;

use crate::channel::{self, Answer, Scope, Verdict};
use crate::credential::Trouble;

/// Waits after the first, second and third attempt, before jitter.
const PAUSES_MS: [i64; 3] = [1_000, 4_000, 16_000];

/// The longest wait that a vendor's wish for more than one message can cause; longer ones are tried again by then.
const PAUSE_MAX_MS: i64 = 300_000;

/// How a connection of our own answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acked {
    /// The device has it.
    Acked,
    /// No node holds a connection of the device.
    NotConnected,
    /// It did not acknowledge before the deadline.
    NoAnswer,
}

/// A status of the tables.
pub fn status(row: impl Into<&'static Row>) -> Status {
    let row = row.into();
    Status { family: row.family.as_str().to_owned(), number: row.number().unwrap_or_default() }
}

fn number(class: OfflinePush) -> i32 {
    class.row().number().unwrap_or_default()
}

/// The id of a delivery at its vendor: a UUID of version 8 that is the same in every attempt.
pub fn id(task: i64, number: i64) -> [u8; 16] {
    let (task, number) = (task.to_be_bytes(), number.to_be_bytes());
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number[4..]);
    id[4] = task[0];
    id[6] = 0x80;
    id[8] = 0x80;
    id[9..].copy_from_slice(&task[1..]);
    id
}

/// The task and number of an id.
pub fn of_id(id: &[u8; 16]) -> (i64, i64) {
    let (mut task, mut number) = ([0; 8], [0; 8]);
    number[4..].copy_from_slice(&id[..4]);
    task[0] = id[4];
    task[1..].copy_from_slice(&id[9..]);
    (i64::from_be_bytes(task), i64::from_be_bytes(number))
}

fn pause(attempts: u32) -> i64 {
    PAUSES_MS[(attempts as usize).min(PAUSES_MS.len() - 1)]
}

/// Spreads retries by half their pause to either side. The id makes it differ between deliveries and repeatable.
fn jittered(pause: i64, id: &[u8; 16], attempt: u32) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325 ^ u64::from(attempt);
    for byte in id {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    pause / 2 + ((hash >> 16) % (pause as u64 + 1)) as i64
}

fn open(row: &Claimed, status: Status, waits: Waits, due_at: Millis) -> Settled {
    let Claimed { task, number, .. } = *row;
    Settled { task, number, status, class: 0, said: Said::default(), is_sent: true, due_at, waits, is_ended: false }
}

fn ended(row: &Claimed, status: Status, now: Millis) -> Settled {
    Settled { is_ended: true, ..open(row, status, Waits::Nothing, now) }
}

/// Whether the vendor of a delivery with this status may have shown it: it was taken, or nobody knows.
pub fn may_be_shown(of: &Status) -> bool {
    [PushCommon::Acked, PushCommon::NONE].into_iter().any(|row| *of == status(row))
}

/// The class of a delivery whose worker has lost sight of it, or of the store.
pub fn lost() -> i32 {
    number(OfflinePush::InternalNetwork)
}

/// Ends a delivery whose time is over, with the last that is known of it.
pub fn expired(row: &Claimed, now: Millis) -> Settled {
    let last = row.status.clone().unwrap_or_else(|| status(PushCommon::NONE));
    Settled { is_sent: false, class: row.class, ..ended(row, last, now) }
}

/// Ends a recall of what cannot be taken back where it went.
pub fn not_recalled(row: &Claimed, now: Millis) -> Settled {
    unsent(row, "the channel cannot take a notification back", now)
}

/// Ends a delivery whose device is not bound any more.
pub fn unbound(row: &Claimed, now: Millis) -> Settled {
    Settled { is_sent: false, ..ended(row, status(PushCommon::NoBindInfo), now) }
}

/// Ends a delivery whose device has no token of this lane any more.
pub fn without_token(row: &Claimed, now: Millis) -> Settled {
    Settled { class: self::number(OfflinePush::TokenInvalid), ..unsent(row, "the device has no token here", now) }
}

/// Ends a delivery that no channel can take.
pub fn without_channel(row: &Claimed, trouble: &Trouble, now: Millis) -> Settled {
    let (class, text) = match trouble {
        Trouble::Unknown => (OfflinePush::TokenInvalid, "the app has no such credential"),
        Trouble::Invalid(reason) => (OfflinePush::CredentialInvalid, reason.as_str()),
        Trouble::KeyFileInvalid(reason) => (OfflinePush::FcmRequestFailed, reason.as_str()),
    };
    Settled { class: self::number(class), ..unsent(row, text, now) }
}

/// Ends a delivery whose notification cannot be read.
pub fn unreadable(row: &Claimed, now: Millis) -> Settled {
    let class = self::number(OfflinePush::RequestBuildFailed);
    Settled { class, ..unsent(row, "the notification cannot be read", now) }
}

fn unsent(row: &Claimed, text: &str, now: Millis) -> Settled {
    let said = Said { text: text.to_owned(), is_local: true, ..Said::default() };
    Settled { said, is_sent: false, ..ended(row, status(PushCommon::NONE), now) }
}

/// Ends a delivery of which nobody knows what became: sending it again could show it twice.
pub fn unknown(row: &Claimed, text: &str, now: Millis) -> Settled {
    let said = Said { text: text.to_owned(), is_local: true, ..Said::default() };
    let class = self::number(OfflinePush::VendorUnreachable);
    Settled { said, class, ..ended(row, status(PushCommon::NONE), now) }
}

/// A connected device that has not answered yet, and that nobody waits for here: it is asked again by a row of its own.
pub fn unheard(row: &Claimed, now: Millis) -> Settled {
    let away = status(PushCommon::DeviceNotOnlineOrNoResponse);
    if now < row.expires_at { open(row, away, Waits::Nothing, now) } else { ended(row, away, now) }
}

/// What the answer of a connection of our own means.
pub fn after_connection(row: &Claimed, acked: Acked, now: Millis) -> Settled {
    let away = status(PushCommon::DeviceNotOnlineOrNoResponse);
    match acked {
        Acked::Acked => ended(row, status(PushCommon::Acked), now),
        Acked::NotConnected | Acked::NoAnswer if row.is_kept && now < row.expires_at => {
            open(row, away, Waits::Connection, row.expires_at)
        }
        Acked::NotConnected | Acked::NoAnswer => ended(row, away, now),
    }
}

/// What a row that was settled adds to the counters of a channel. A device that acknowledges on our own connection has
/// received it; what a vendor took is only sent.
pub fn counts(settled: &Settled, channel: &str) -> Counts {
    let acked = status(PushCommon::Acked);
    let is_acked = settled.is_ended && settled.status == acked;
    Counts {
        sent: i64::from(is_acked),
        received: i64::from(is_acked && channel == SELF_BUILT),
        failed: i64::from(settled.is_ended && !is_acked),
        ..Counts::default()
    }
}

/// What a vendor's answer means.
pub fn after_answer(row: &Claimed, answer: Answer, retries: u32, now: Millis) -> Settled {
    let Answer { verdict, said } = answer;
    let class = said.class.or_else(|| class(&verdict, said.is_local)).map_or(0, self::number);
    let said = Said { code: said.code, text: said.text, request: said.request, is_local: said.is_local };
    let reached = verdict.status().map_or_else(|| status(PushCommon::Acked), own);
    let settled = match verdict {
        Verdict::Accepted | Verdict::Gone { .. } | Verdict::Refused { .. } => ended(row, reached, now),
        // It waits for as long as it is worth delivering: whoever changes the quota or the credential may let it go before.
        Verdict::Later { scope: Scope::Day, after_ms, .. } => {
            let due = now.plus(after_ms.unwrap_or(PAUSE_MAX_MS).max(0));
            open(row, reached, Waits::Nothing, due.min(row.expires_at))
        }
        Verdict::Later { after_ms, scope, .. } => {
            let own = || jittered(pause(row.attempts), &id(row.task, row.number), row.attempts);
            // A wish that concerns this message alone, such as to wait for the morning, is kept in full.
            let longest = if scope == Scope::Message { i64::MAX } else { PAUSE_MAX_MS };
            let pause = after_ms.map_or_else(own, |wish| wish.clamp(0, longest));
            let due = Millis(now.0.saturating_add(pause));
            // A vendor that was asked too fast has not looked at the message: only its time is a bound.
            let is_last = row.attempts >= retries && scope != Scope::App;
            if is_last || due >= row.expires_at {
                ended(row, reached, now)
            } else {
                open(row, reached, Waits::Nothing, due)
            }
        }
    };
    Settled { class, said, ..settled }
}

fn own(status: channel::Status) -> Status {
    Status { family: status.family.to_owned(), number: status.number }
}

fn class(verdict: &Verdict, is_local: bool) -> Option<OfflinePush> {
    Some(match verdict {
        Verdict::Accepted => return None,
        Verdict::Gone { .. } | Verdict::Refused { scope: Scope::Token, .. } => OfflinePush::TokenInvalid,
        Verdict::Refused { scope: Scope::App, .. } => OfflinePush::CredentialInvalid,
        Verdict::Refused { scope: Scope::Message, .. } if is_local => OfflinePush::RequestBuildFailed,
        Verdict::Refused { scope: Scope::Node, .. } | Verdict::Later { scope: Scope::Node, .. } => {
            OfflinePush::VendorUnreachable
        }
        Verdict::Refused { .. } | Verdict::Later { .. } => OfflinePush::VendorRefused,
    })
}

/// What a webhook tells of a notification that ended at a vendor.
pub fn report(account: UserId, lane: &str, row: &Settled, of: Notified) -> Happening {
    let channel = deliveries::parse_lane(lane).map_or(lane, |(channel, _)| channel);
    let is_taken = row.class == 0 && row.status == status(PushCommon::Acked);
    let (code, info) = if is_taken { (0, "") } else { (row.status.number, &*row.said.text) };
    Happening::AtVendor(Box::new(PushReport { account, channel: channel.to_owned(), code, info: info.to_owned(), of }))
}

#[cfg(test)]
mod tests {
    use contract::DeviceId;

    use super::*;

    const NODE: channel::Status = channel::Status { family: "common", number: 7 };

    fn row(attempts: u32) -> Claimed {
        Claimed {
            task: 0x0102_0304_0506_0708,
            number: 9,
            device: DeviceId::trusted("d"),
            attempts,
            badge: None,
            status: None,
            class: 0,
            token: Some("t".into()),
            bound_at: Millis(0),
            is_bound: true,
            notification: "{}".into(),
            expires_at: Millis(1_000_000),
            is_kept: false,
            place: None,
        }
    }

    fn later(attempts: u32, after_ms: Option<i64>) -> Settled {
        let verdict = Verdict::Later { status: NODE, scope: Scope::Node, after_ms };
        after_answer(&row(attempts), Answer { verdict, said: channel::Said::default() }, 3, Millis(0))
    }

    #[test]
    fn pauses_grow_and_stay_within_half_of_their_length() {
        for (attempts, pause) in [(0, 1_000), (1, 4_000), (2, 16_000)] {
            let settled = later(attempts, None);
            assert!(!settled.is_ended);
            assert!((pause / 2..=pause * 3 / 2).contains(&settled.due_at.0), "{attempts}: {:?}", settled.due_at);
        }
        assert!(later(3, None).is_ended, "the fourth attempt is the last");
    }

    #[test]
    fn a_vendors_wish_wins_up_to_five_minutes_and_never_beyond_the_expiry() {
        assert_eq!(later(0, Some(2_500)).due_at, Millis(2_500));
        assert_eq!(later(0, Some(3_600_000)).due_at, Millis(300_000));
        let late = Claimed { expires_at: Millis(500), ..row(0) };
        let verdict = Verdict::Later { status: NODE, scope: Scope::Message, after_ms: Some(500) };
        let settled = after_answer(&late, Answer { verdict, said: channel::Said::default() }, 3, Millis(0));
        assert!(settled.is_ended);
    }

    #[test]
    fn what_no_number_is_left_for_waits_for_the_vendors_day_and_only_expires() {
        let verdict = |scope, wish| Verdict::Later { status: NODE, scope, after_ms: Some(wish) };
        let after = |attempts, scope, wish| {
            let answer = Answer { verdict: verdict(scope, wish), said: channel::Said::default() };
            let settled = after_answer(&row(attempts), answer, 3, Millis(0));
            (settled.is_ended, settled.due_at)
        };
        assert_eq!(after(9, Scope::Day, 700_000), (false, Millis(700_000)));
        assert_eq!(after(9, Scope::Day, 2_000_000), (false, Millis(1_000_000)), "not beyond its expiry");
        assert_eq!(after(9, Scope::App, 1_000), (false, Millis(1_000)));
        assert_eq!(after(0, Scope::Message, 600_000), (false, Millis(600_000)), "a night is longer than five minutes");
        assert!(after(0, Scope::Message, i64::MAX).0);
        assert!(after(9, Scope::Node, 1_000).0);
    }

    #[test]
    fn what_was_lost_sight_of_says_so_when_its_time_is_over() {
        let settled = expired(&Claimed { class: lost(), ..row(0) }, Millis(5));
        assert_eq!((settled.class, settled.is_ended, settled.status), (-200, true, status(PushCommon::NONE)));
    }

    #[test]
    fn ids_are_uuids_that_differ_with_task_and_number() {
        let ids = [id(1, 0), id(1, 1), id(2, 0), id(-1, 0), id(1, 0xffff_ffff)];
        for (index, one) in ids.iter().enumerate() {
            assert_eq!((one[6] >> 4, one[8] >> 6), (8, 2));
            assert!(ids[index + 1..].iter().all(|other| other != one));
        }
        assert_eq!(id(1, 0), id(1, 0));
    }

    #[test]
    fn each_kind_of_trouble_has_its_class() {
        let check = |verdict: Verdict, is_local: bool, expected: Option<OfflinePush>| {
            assert_eq!(class(&verdict, is_local), expected, "{verdict:?}");
        };
        let refused = |scope| Verdict::Refused { status: NODE, scope };
        check(Verdict::Accepted, false, None);
        check(Verdict::Gone { status: NODE, since: None }, false, Some(OfflinePush::TokenInvalid));
        check(refused(Scope::App), false, Some(OfflinePush::CredentialInvalid));
        check(refused(Scope::Message), true, Some(OfflinePush::RequestBuildFailed));
        check(refused(Scope::Message), false, Some(OfflinePush::VendorRefused));
        let away = Verdict::Later { status: NODE, scope: Scope::Node, after_ms: None };
        check(away, true, Some(OfflinePush::VendorUnreachable));
    }

    #[test]
    fn only_what_is_kept_waits_for_a_connection() {
        let kept = Claimed { is_kept: true, ..row(0) };
        let settled = after_connection(&kept, Acked::NotConnected, Millis(5));
        assert_eq!((settled.is_ended, settled.waits, settled.due_at), (false, Waits::Connection, kept.expires_at));
        assert!(after_connection(&row(0), Acked::NoAnswer, Millis(5)).is_ended);
        assert!(after_connection(&kept, Acked::NoAnswer, kept.expires_at).is_ended);
    }
}
