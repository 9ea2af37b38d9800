//! Rate limits: calls of one command, of an app, of a caller, and failed verifications.
//!
//! The numbers are those of [`contract::rate`], unless the app's settings name others. Each node counts what it serves
//! itself; only what a plan allows by the day is counted in the store.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use contract::plan::Plan;
use contract::{AppId, Fault, Millis, Result, UserId, limit, rate};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use store::apps::App;
use store::{Store, activity};

/// Limiters that are kept; the least used go first and start full again.
const KEPT: u64 = 200_000;

type Limiter = Arc<DefaultDirectRateLimiter>;

/// All limiters of a node.
pub struct Rates {
    limiters: Cache<(AppId, u32, &'static str), Limiter>,
    identifiers: Cache<(AppId, u32, UserId), Limiter>,
    failures: Cache<(AppId, UserId), Limiter>,
    batches: Cache<AppId, Limiter>,
    /// Limits that were told of within the minute.
    alarms: Cache<(AppId, &'static str), ()>,
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
        let (limiters, identifiers) = (Cache::new(KEPT), Cache::new(KEPT));
        let alarms = Cache::builder().max_capacity(KEPT).time_to_live(Duration::from_mins(1)).build();
        Self { limiters, identifiers, failures, batches: Cache::new(KEPT), alarms, callers: Arc::default() }
    }
}

impl Rates {
    /// Counts a call of a command, or refuses it. The command comes before the app, as the contract orders them.
    pub fn check_call(&self, app: &App, command: &'static str) -> Result<(), Fault> {
        let own = app.settings.rates.get(command).copied();
        if let Some(rate) = own.or_else(|| rate::of_command(command, app.plan()))
            && self.limiter(app, command, rate).check().is_err()
        {
            return Err(Fault::CallThrottled);
        }
        if let Some(rate) = app.settings.rate_total.or_else(|| rate::of_app(app.plan()))
            && self.limiter(app, "*", rate).check().is_err()
        {
            return Err(Fault::AppThrottled);
        }
        Ok(())
    }

    /// The limit of a command that an app should hear of, because a call over it was refused: once a minute, so that the
    /// news do not make what there is too much of more.
    pub fn alarm(&self, app: &App, command: &'static str) -> Option<u32> {
        let own = app.settings.rates.get(command).copied();
        let rate = own.or_else(|| rate::of_command(command, app.plan()))?;
        let entry = self.alarms.entry((app.id, command)).or_insert(());
        entry.is_fresh().then_some(rate)
    }

    /// Counts a call of a caller, or refuses it.
    pub fn check_caller(&self, app: &App, caller: &UserId) -> Result<(), Fault> {
        let Some(rate) = app.settings.rate_caller else { return Ok(()) };
        let limiter = self.identifiers.get_with((app.id, rate, caller.clone()), || per_second(rate));
        limiter.check().map_err(|_| Fault::CallerThrottled)
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

    fn limiter(&self, app: &App, command: &'static str, rate: u32) -> Limiter {
        // The rate is part of the key: a changed setting holds at once.
        self.limiters.get_with((app.id, rate, command), || per_second(rate))
    }
}

fn per_second(rate: u32) -> Limiter {
    let rate = NonZeroU32::new(rate.max(1)).expect("at least one");
    Arc::new(RateLimiter::direct(Quota::per_second(rate)))
}

/// Counts what a call would send, where the app's plan bounds that by the day, or refuses the call. A call counts
/// whatever becomes of it, each account that it names once; whether it is well-formed the command finds out.
pub async fn spend(store: &Store, app: &App, command: &str, body: &Map<String, Value>, now: Millis) -> Result<()> {
    let Some(max) = app.plan().allowance().sends_daily_max else { return Ok(()) };
    if !rate::SENDS.contains(&command) {
        return Ok(());
    }
    let sends = body.get("To_Account").and_then(Value::as_array).map_or(1, |receivers| receivers.len().max(1)) as u64;
    let is_within = store.write(app.id, move |tx| activity::spend_sends(tx, now, sends, max)).await?;
    if is_within { Ok(()) } else { Err(Fault::SendQuota { max }.into()) }
}
