//! Rate limits: calls of one command, of an app, of a caller, and failed verifications.
//!
//! Numbers are the documented ones (tencent-im-rest reference, §1.6) for apps with a plan of the cloud; an app on
//! the self-hosted default is limited only where its operator says so.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use contract::plan::Plan;
use contract::{AppId, Fault, UserId, limit};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;
use parking_lot::Mutex;
use store::apps::App;

/// Calls per second of a command, unless the contract names another number.
const PER_COMMAND: u32 = 200;
/// Calls per second of all commands of an app. The contract gives no number; this is above the sum of what its
/// published clients do.
const PER_APP: u32 = 5_000;
/// Limiters that are kept; the least used go first and start full again.
const KEPT: u64 = 200_000;

type Limiter = Arc<DefaultDirectRateLimiter>;

/// All limiters of a node.
pub struct Rates {
    limiters: Cache<(AppId, i64, String), Limiter>,
    failures: Cache<(AppId, UserId), Limiter>,
    batches: Cache<AppId, Limiter>,
    callers: Arc<Mutex<HashMap<(AppId, UserId), usize>>>,
}

/// A call that is under way; dropping it ends it.
pub struct Turn {
    callers: Arc<Mutex<HashMap<(AppId, UserId), usize>>>,
    caller: (AppId, UserId),
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut callers = self.callers.lock();
        if let Some(count) = callers.get_mut(&self.caller) {
            *count -= 1;
            // Who calls nothing costs nothing.
            if *count == 0 {
                callers.remove(&self.caller);
            }
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        let failures = Cache::builder().max_capacity(KEPT).time_to_idle(Duration::from_mins(2)).build();
        Self { limiters: Cache::new(KEPT), failures, batches: Cache::new(KEPT), callers: Arc::default() }
    }
}

impl Rates {
    /// Counts a call of a command, or refuses it. The command comes before the app, as the contract orders them.
    pub fn check_call(&self, app: &App, command: &str) -> Result<(), Fault> {
        if let Some(rate) = rate_of(app, command)
            && self.limiter(app, command, rate).check().is_err()
        {
            return Err(Fault::CallThrottled);
        }
        let total = app.settings.rate_total.or((app.plan() != Plan::Unlimited).then_some(PER_APP));
        if let Some(rate) = total
            && self.limiter(app, "*", rate).check().is_err()
        {
            return Err(Fault::AppThrottled);
        }
        Ok(())
    }

    /// Counts a caller's calls that are under way, or refuses one more.
    pub fn enter(&self, app: AppId, caller: &UserId, max: usize) -> Result<Turn, Fault> {
        let caller = (app, caller.clone());
        let mut callers = self.callers.lock();
        let count = callers.entry(caller.clone()).or_default();
        if *count >= max {
            return Err(Fault::CallerThrottled);
        }
        *count += 1;
        Ok(Turn { callers: Arc::clone(&self.callers), caller })
    }

    /// Counts the receivers of a batch, or refuses all of them.
    pub fn check_batch(&self, app: &App, receivers: usize) -> Result<(), Fault> {
        if app.plan() == Plan::Unlimited {
            return Ok(());
        }
        let limiter = self.batches.get_with(app.id, || {
            let quota = NonZeroU32::new(limit::BATCH_RECEIVERS_PER_MINUTE).map(Quota::per_minute);
            Arc::new(RateLimiter::direct(quota.expect("the bound is not zero")))
        });
        match NonZeroU32::new(receivers as u32).map(|receivers| limiter.check_n(receivers)) {
            Some(Ok(Ok(()))) | None => Ok(()),
            Some(_) => Err(Fault::BatchThrottled),
        }
    }

    /// Whether an identifier may try to be verified at all.
    pub fn may_verify(&self, app: AppId, user: &UserId) -> bool {
        self.failures.get(&(app, user.clone())).is_none_or(|limiter| limiter.check().is_ok())
    }

    /// Notes that a verification failed. Every later attempt, good or bad, then costs one of those that are left.
    pub fn note_failure(&self, app: AppId, user: &UserId) {
        self.failures.get_with((app, user.clone()), || {
            let quota = NonZeroU32::new(limit::VERIFY_FAILURES_PER_MINUTE).map(Quota::per_minute);
            let limiter = RateLimiter::direct(quota.expect("the bound is not zero"));
            // This failure is the first of the minute.
            drop(limiter.check());
            Arc::new(limiter)
        });
    }

    fn limiter(&self, app: &App, command: &str, rate: u32) -> Limiter {
        // The rate is part of the key: a changed setting holds at once.
        self.limiters.get_with((app.id, i64::from(rate), command.to_owned()), || {
            let rate = NonZeroU32::new(rate.max(1)).expect("at least one");
            Arc::new(RateLimiter::direct(Quota::per_second(rate)))
        })
    }
}

fn rate_of(app: &App, command: &str) -> Option<u32> {
    if let Some(rate) = app.settings.rates.get(command) {
        return Some(*rate);
    }
    if app.plan() == Plan::Unlimited {
        return None;
    }
    Some(match command {
        "im_open_login_svc/multiaccount_import"
        | "im_open_login_svc/account_delete"
        | "im_open_login_svc/account_check" => 100,
        _ => PER_COMMAND,
    })
}
