//! How often an account may call what: the contract's quotas where they hold for it, and what an operator says.
//!
//! Each node counts what it serves itself.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use contract::Fault;
use contract::rate::{self, Rate};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;

use super::cloud::Caller;

/// Limiters that are kept; the least used go first and start full again.
const KEPT: u64 = 100_000;
/// The name under which all actions of an account are counted.
const ALL: &str = "*";

type Limiter = Arc<DefaultDirectRateLimiter>;

/// All limiters of a node.
pub struct Quotas {
    limiters: Cache<(String, &'static str, u32, u32), Limiter>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { limiters: Cache::new(KEPT) }
    }
}

impl Quotas {
    /// Counts a call, or refuses it: the account before the action.
    pub fn check(&self, caller: &Caller, action: &'static str) -> Result<(), Fault> {
        let own = &caller.account;
        if let Some(rate) = own.rate_total
            && !self.is_within(caller, ALL, Rate::per_second(rate))
        {
            return Err(Fault::AppThrottled);
        }
        let rate = match own.rates.get(action) {
            Some(rate) => Some(Rate::per_second(*rate)),
            None => own.has_quotas.then(|| rate::of_action(action)),
        };
        match rate {
            Some(rate) if !self.is_within(caller, action, rate) => Err(Fault::CallThrottled),
            _ => Ok(()),
        }
    }

    fn is_within(&self, caller: &Caller, action: &'static str, rate: Rate) -> bool {
        // The rate is part of the key: a changed setting holds at once.
        let key = (caller.key.account.clone(), action, rate.count, rate.per_ms);
        self.limiters.get_with(key, || limiter(rate)).check().is_ok()
    }
}

fn limiter(rate: Rate) -> Limiter {
    let count = NonZeroU32::new(rate.count.max(1)).expect("at least one");
    let each = Duration::from_millis(u64::from(rate.per_ms.max(1))) / count.get();
    let quota = Quota::with_period(each.max(Duration::from_nanos(1))).expect("the period is not zero");
    Arc::new(RateLimiter::direct(quota.allow_burst(count)))
}
