//! How a lane fares: its circuit, its rate, and the guard over its tokens. Pure; time is an argument.

use std::collections::VecDeque;

use contract::Millis;

use crate::channel::{Answer, Scope, Verdict};

/// The pause after a refusal that concerns the whole credential; doubled with each further one.
const REFUSED_MS: i64 = 30_000;
/// The pause when the vendor cannot be reached; doubled likewise.
const AWAY_MS: i64 = 1_000;
/// The longest pause: an operator who has mended something waits no longer.
const PAUSE_MAX_MS: i64 = 300_000;
/// The longest pause until a vendor's next day.
const DAY_MS: i64 = 86_400_000;
/// Batches in a row of which nothing came through, before the vendor counts as away.
const AWAY_BATCHES: u32 = 3;
/// In a batch of this size one is enough.
const AWAY_ROWS: usize = 16;

/// Whether a lane may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// It may.
    Open,
    /// One message may try.
    Probe,
    /// Not before then.
    Shut(Millis),
}

/// Stops a lane in which every message would fare the same.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    until: Option<Millis>,
    failures: u32,
    away: u32,
}

impl Circuit {
    pub(super) fn gate(&self, now: Millis) -> Gate {
        match self.until {
            None => Gate::Open,
            Some(until) if now < until => Gate::Shut(until),
            Some(_) => Gate::Probe,
        }
    }

    /// Learns from a batch.
    pub(super) fn learn(&mut self, answers: &[Answer], now: Millis) {
        let (mut wish, mut day) = (None, None);
        let (mut is_refused, mut away) = (false, 0);
        for answer in answers {
            match answer.verdict {
                Verdict::Refused { scope: Scope::App, .. } => is_refused = true,
                Verdict::Later { scope: Scope::Day, after_ms, .. } => {
                    day = day.max(Some(after_ms.unwrap_or(PAUSE_MAX_MS).clamp(AWAY_MS, DAY_MS)));
                }
                Verdict::Later { scope: Scope::App, after_ms, .. } => {
                    wish = wish.max(Some(after_ms.unwrap_or(AWAY_MS).max(AWAY_MS)));
                }
                Verdict::Later { scope: Scope::Node, .. } | Verdict::Refused { scope: Scope::Node, .. } => away += 1,
                _ => {}
            }
        }
        if is_refused {
            self.shut(REFUSED_MS, now);
        } else if let Some(day) = day {
            // Asking again before would be answered the same, and some vendors lower the number of those who do.
            self.until = Some(now.plus(day));
        } else if let Some(wish) = wish {
            self.until = Some(now.plus(wish.min(PAUSE_MAX_MS)));
        } else if !answers.is_empty() && away == answers.len() {
            self.away += 1;
            if self.until.is_some() || self.away >= AWAY_BATCHES || away >= AWAY_ROWS {
                self.shut(AWAY_MS, now);
            }
        } else if away < answers.len() {
            *self = Self::default();
        }
    }

    fn shut(&mut self, pause: i64, now: Millis) {
        let pause = pause.saturating_mul(1 << self.failures.min(16)).min(PAUSE_MAX_MS);
        self.failures += 1;
        self.until = Some(now.plus(pause));
    }

    pub(super) fn is_shut(&self) -> bool {
        self.until.is_some()
    }
}

/// How many messages a lane may send now: a token bucket that holds one second's worth.
#[derive(Debug)]
pub(super) struct Bucket {
    /// What the vendor takes, in thousandths of a message per second.
    full: i64,
    /// What is given to it now.
    rate: i64,
    /// In millionths of a message.
    tokens: i64,
    filled_at: Millis,
    raised_at: Millis,
}

/// One message, as the bucket counts.
const TOKEN: i64 = 1_000_000;
/// The lowest rate: a message per second.
const RATE_MIN: i64 = 1_000;
/// How long a rate takes from nothing back to the vendor's number.
const RAISE_MS: i64 = 90_000;

impl Bucket {
    pub(super) fn new(rate: u32, now: Millis) -> Self {
        let full = i64::from(rate.max(1)) * 1_000;
        Self { full, rate: full, tokens: full * 1_000, filled_at: now, raised_at: now }
    }

    /// Tells how many may go, or when the next may.
    pub(super) fn available(&mut self, now: Millis) -> Result<usize, Millis> {
        // More than a second fills nothing more, and a clock that was set back fills nothing.
        let elapsed = (now.0 - self.filled_at.0).clamp(0, 1_000);
        self.filled_at = now;
        let raised = self.full.saturating_mul((now.0 - self.raised_at.0).clamp(0, RAISE_MS)) / RAISE_MS;
        if raised > 0 {
            self.rate = (self.rate + raised).min(self.full);
            self.raised_at = now;
        }
        self.tokens = (self.tokens + elapsed * self.rate).min(self.rate * 1_000);
        if self.tokens >= TOKEN {
            return Ok((self.tokens / TOKEN) as usize);
        }
        Err(now.plus((TOKEN - self.tokens).div_euclid(self.rate) + 1))
    }

    pub(super) fn take(&mut self, count: usize) {
        self.tokens -= count as i64 * TOKEN;
    }

    /// Halves the rate: the vendor said that it was too much.
    pub(super) fn slow_down(&mut self, now: Millis) {
        self.rate = (self.rate / 2).max(RATE_MIN);
        self.tokens = self.tokens.min(self.rate * 1_000);
        self.raised_at = now;
    }
}

/// Whether a batch was told to slow down.
pub(super) fn is_flow_control(answers: &[Answer]) -> bool {
    answers.iter().any(|answer| matches!(answer.verdict, Verdict::Later { scope: Scope::App, .. }))
}

/// Sends that the guard looks back on.
const GUARD_SENDS: usize = 200;
/// How many of them may call a token dead: 30 %.
const GUARD_GONE: usize = 60;

/// Stops the dropping of tokens when so many die at once that a setting must be wrong.
#[derive(Debug, Default)]
pub(super) struct Guard {
    sends: VecDeque<bool>,
    gone: usize,
    is_alarmed: bool,
}

impl Guard {
    /// Notes one answer and tells whether a dead token may be dropped.
    pub(super) fn note(&mut self, is_gone: bool, has_delivered: bool) -> bool {
        if self.sends.len() == GUARD_SENDS && self.sends.pop_front() == Some(true) {
            self.gone -= 1;
        }
        self.sends.push_back(is_gone);
        self.gone += usize::from(is_gone);
        is_gone && !(has_delivered && self.gone > GUARD_GONE)
    }

    /// Answers once when dropping has stopped, so that the log holds one alarm and not one per token.
    pub(super) fn alarm(&mut self, has_delivered: bool) -> bool {
        let is_over = has_delivered && self.gone > GUARD_GONE;
        let is_new = is_over && !self.is_alarmed;
        self.is_alarmed = is_over;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Said, Status};

    const STATUS: Status = Status { family: "test", number: 1 };

    fn answer(verdict: Verdict) -> Answer {
        Answer { verdict, said: Said::default() }
    }

    fn refused() -> Answer {
        answer(Verdict::Refused { status: STATUS, scope: Scope::App })
    }

    fn away() -> Answer {
        answer(Verdict::Later { status: STATUS, scope: Scope::Node, after_ms: None })
    }

    #[test]
    fn a_refused_credential_shuts_the_lane_and_each_failed_probe_doubles_the_pause() {
        let mut circuit = Circuit::default();
        circuit.learn(&[refused(), answer(Verdict::Accepted)], Millis(0));
        assert_eq!(circuit.gate(Millis(29_999)), Gate::Shut(Millis(30_000)));
        assert_eq!(circuit.gate(Millis(30_000)), Gate::Probe);
        circuit.learn(&[refused()], Millis(30_000));
        assert_eq!(circuit.gate(Millis(30_001)), Gate::Shut(Millis(90_000)));
        circuit.learn(&[answer(Verdict::Accepted)], Millis(90_000));
        assert_eq!(circuit.gate(Millis(90_000)), Gate::Open);
    }

    #[test]
    fn a_day_whose_number_is_used_up_is_waited_out() {
        let used_up = answer(Verdict::Later { status: STATUS, scope: Scope::Day, after_ms: Some(7_200_000) });
        let mut circuit = Circuit::default();
        circuit.learn(&[answer(Verdict::Accepted), used_up.clone()], Millis(5));
        assert_eq!(circuit.gate(Millis(7_200_004)), Gate::Shut(Millis(7_200_005)));
        assert_eq!(circuit.gate(Millis(7_200_005)), Gate::Probe);
        assert!(!is_flow_control(&[used_up]), "the next day's rate is the usual one");
        circuit.learn(&[answer(Verdict::Accepted)], Millis(7_200_006));
        assert_eq!(circuit.gate(Millis(7_200_006)), Gate::Open);
    }

    #[test]
    fn a_vendor_counts_as_away_after_three_batches_or_one_large_one() {
        let mut circuit = Circuit::default();
        circuit.learn(&[away()], Millis(0));
        circuit.learn(&[away()], Millis(0));
        assert_eq!(circuit.gate(Millis(0)), Gate::Open);
        circuit.learn(&[away()], Millis(0));
        assert_eq!(circuit.gate(Millis(0)), Gate::Shut(Millis(1_000)));
        let mut circuit = Circuit::default();
        circuit.learn(&vec![away(); 16], Millis(0));
        assert_eq!(circuit.gate(Millis(0)), Gate::Shut(Millis(1_000)));
        let mut circuit = Circuit::default();
        let mut mixed = vec![away(); 99];
        mixed.push(answer(Verdict::Accepted));
        circuit.learn(&mixed, Millis(0));
        assert_eq!(circuit.gate(Millis(0)), Gate::Open);
    }

    #[test]
    fn the_rate_is_halved_on_request_and_comes_back_slowly() {
        let mut bucket = Bucket::new(100, Millis(0));
        assert_eq!(bucket.available(Millis(0)), Ok(100));
        bucket.take(100);
        assert_eq!(bucket.available(Millis(0)), Err(Millis(11)));
        assert_eq!(bucket.available(Millis(500)), Ok(50));
        bucket.slow_down(Millis(500));
        bucket.take(50);
        let Ok(after) = bucket.available(Millis(1_500)) else { panic!("a second has passed") };
        assert!((49..=51).contains(&after), "{after}");
        assert_eq!(bucket.available(Millis(120_000)), Ok(100));
    }

    #[test]
    fn tokens_are_dropped_until_too_many_of_the_last_sends_call_them_dead() {
        let mut guard = Guard::default();
        assert!((0..200).all(|_| guard.note(true, false)), "a lane that never delivered has nothing to compare with");
        let mut guard = Guard::default();
        assert!((0..140).all(|_| !guard.note(false, true)));
        assert!((0..60).all(|_| guard.note(true, true)));
        assert!(!guard.alarm(true));
        assert!(!guard.note(true, true));
        assert!(guard.alarm(true));
        assert!(!guard.alarm(true), "one alarm is enough");
        assert!((0..200).all(|_| !guard.note(false, true)));
        assert!(guard.note(true, true), "it drops again when the others live");
    }
}
