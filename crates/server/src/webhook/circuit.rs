//! Whether an endpoint is worth asking: one that fails again and again is left alone for a while.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row after which it is left alone.
const FAILURES: u32 = 5;
/// The first pause; each probe that fails doubles it.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// The state of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures: u32,
    shut: Option<Shut>,
    well_at: Option<Instant>,
}

#[derive(Debug)]
struct Shut {
    until: Instant,
    pause: Duration,
    /// When a probe was let through; it counts as lost after a pause.
    probed_at: Option<Instant>,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Ask.
    Open,
    /// Leave it alone until then.
    Shut(Instant),
}

impl Circuit {
    /// Lets a call through, or not. After a pause one call at a time finds out.
    pub(super) fn enter(&mut self, now: Instant) -> Gate {
        let Some(shut) = &mut self.shut else { return Gate::Open };
        if now < shut.until {
            return Gate::Shut(shut.until);
        }
        match shut.probed_at {
            Some(at) if now < at + shut.pause => Gate::Shut(at + shut.pause),
            _ => {
                shut.probed_at = Some(now);
                Gate::Open
            }
        }
    }

    /// Learns how a call ended. Answers true if the endpoint is left alone from now on and was not before.
    pub(super) fn learn(&mut self, is_good: bool, now: Instant) -> bool {
        if is_good {
            *self = Self { well_at: Some(now), ..Self::default() };
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        match &mut self.shut {
            // Of calls that were under way when it shut; only the probe tells something new.
            Some(shut) if shut.probed_at.is_none() => false,
            Some(shut) => {
                let pause = (shut.pause * 2).min(PAUSE_MAX);
                *shut = Shut { until: now + pause, pause, probed_at: None };
                false
            }
            None if self.failures >= FAILURES => {
                self.shut = Some(Shut { until: now + PAUSE, pause: PAUSE, probed_at: None });
                true
            }
            None => false,
        }
    }

    /// Whether a call ended well since a moment: then what failed since is the fault of that event.
    pub(super) fn was_well_since(&self, moment: Instant) -> bool {
        self.well_at.is_some_and(|at| at > moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_that_fails_is_left_alone_and_probed_with_longer_and_longer_pauses() {
        let mut circuit = Circuit::default();
        let start = Instant::now();
        for _ in 1..FAILURES {
            assert!(!circuit.learn(false, start));
            assert_eq!(circuit.enter(start), Gate::Open);
        }
        assert!(circuit.learn(false, start), "told once");
        assert_eq!(circuit.enter(start), Gate::Shut(start + PAUSE));
        assert!(!circuit.learn(false, start), "a call that was under way tells nothing new");
        let later = start + PAUSE;
        assert_eq!(circuit.enter(later), Gate::Open, "the probe");
        assert_ne!(circuit.enter(later), Gate::Open, "one at a time");
        assert!(!circuit.learn(false, later));
        assert_eq!(circuit.enter(later), Gate::Shut(later + 2 * PAUSE));
        let after = later + 2 * PAUSE;
        assert_eq!(circuit.enter(after), Gate::Open);
        assert!(!circuit.was_well_since(start));
        circuit.learn(true, after);
        assert!(circuit.was_well_since(later));
        assert_eq!((circuit.enter(after), circuit.enter(after)), (Gate::Open, Gate::Open));
    }
}
