//! Tasks: a notification for an audience at a time. Functions of a transaction and a moment, so that a surface asks for
//! a task in the transaction in which it does the rest.
//!
//! * `cycle`: when a task that comes again comes; pure. `launch`: from a task whose time has come to deliveries or to a
//!   broadcast. `pace`: how often all devices may be meant, and what a repetition is. `kept`: what waits for devices that
//!   come back.
//!
//! A task names its targets, then it has a row for each delivery; or it means a scope, then it is a broadcast whose
//! chunks walk the scope. It may be a *part* of another one, in whose counters it shows: a push with a text of its own
//! for each target is one task with parts.

mod cycle;
mod kept;
mod launch;
mod pace;

use contract::event::Event;
use contract::notification::Notification;
use contract::{Failure, Fault, Millis, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::broadcasts::{self, Broadcast};
use store::deliveries::{self, Road};
use store::push_counts::{self, Counts, Line};
use store::tasks::{self, Record, State};
use store::{Snapshot, Tx};
use uuid::Uuid;

pub use crate::audience::{Audience, Expression};
use crate::recall;
pub use crate::recall::Notice;
pub use cycle::{Cycle, Days};
pub use kept::{hand_over, is_awaited};
pub use launch::launch_due;
pub use pace::{Pace, TagPaces, check_pace, check_tags, once};

/// A push may be planned so far ahead.
pub const AHEAD_MS: i64 = 7 * 86_400_000;

/// What expires sooner than this after it begins is refused.
pub const LIFE_MIN_MS: i64 = 3_000;

/// The longest and the usual life of a push.
pub const LIFE_MAX_MS: i64 = 72 * 3_600_000;

/// When a task begins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// At once.
    #[default]
    Now,
    /// At this moment; one that is over means at once.
    At(i64),
    /// Again and again: each time is a part of its own.
    Cycle(Cycle),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Who asks, in the words of the surface.
    pub origin: String,
    /// What it is, in the words of the surface; counters are kept by it.
    pub kind: String,
    /// What the caller calls it.
    #[serde(default)]
    pub name: String,
    /// The caller's own key for finding it again; empty for none.
    #[serde(default)]
    pub key: String,
    /// A word that is copied into receipts.
    #[serde(default)]
    pub job_key: String,
    /// The task that it is a part of.
    #[serde(default)]
    pub part_of: Option<i64>,
    /// Whom it is for.
    pub audience: Audience,
    /// A bit (1 << number) for each system of devices ([`store::bindings::Os`]); 0 for all.
    #[serde(default)]
    pub systems: i64,
    /// What is pushed; our own connection carries it too, unless there is a message.
    pub notification: Notification,
    /// What our own connection carries in the place of the notification.
    #[serde(default)]
    pub message: Option<Notification>,
    /// Which way comes first.
    #[serde(default)]
    pub road: Road,
    /// Channels that may carry it; empty for all.
    #[serde(default)]
    pub channels: Vec<String>,
    /// When it begins.
    #[serde(default)]
    pub when: When,
    /// How long it is worth delivering, from its beginning.
    pub life_ms: i64,
    /// Whether a device that is away gets it over our own connection when it is back.
    #[serde(default)]
    pub store_offline: bool,
    /// Whether a target without a device ends at once instead of waiting for one.
    #[serde(default)]
    pub is_fleeting: bool,
    /// Whether it waits for [`release`].
    #[serde(default)]
    pub is_held: bool,
    /// Whether its parts alone are sent, each to some of the audience: they are taken on, named targets and taken back with
    /// it.
    #[serde(default)]
    pub has_parts: bool,
    /// How many it reaches at most, where somebody has asked.
    #[serde(default)]
    pub reach: i64,
    /// What the surface wants to read again with the task.
    #[serde(default)]
    pub extra: Value,
}

impl Spec {
    /// A push to be sent at once, with nothing but what every push has.
    pub fn new(origin: &str, kind: &str, audience: Audience, notification: Notification) -> Self {
        Self {
            origin: origin.to_owned(),
            kind: kind.to_owned(),
            name: String::new(),
            key: String::new(),
            job_key: String::new(),
            part_of: None,
            audience,
            systems: 0,
            notification,
            message: None,
            road: Road::default(),
            channels: Vec::new(),
            when: When::Now,
            life_ms: LIFE_MAX_MS,
            store_offline: false,
            is_fleeting: false,
            is_held: false,
            has_parts: false,
            reach: 0,
            extra: Value::Null,
        }
    }

    /// What a task was asked with.
    pub fn of(record: &Record) -> Result<Self> {
        Ok(serde_json::from_str(&record.spec).map_err(Failure::internal)?)
    }
}

/// A number for a new task. Numbers stay below 2^53, which every caller's language can hold.
pub fn fresh_id() -> i64 {
    ((Uuid::new_v4().as_u64_pair().0 >> 12) as i64).max(1)
}

/// A number for a part of a task that comes of itself, the same whenever it is made again.
pub(crate) fn derived_id(task: i64, of: i64) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in task.to_be_bytes().into_iter().chain(of.to_be_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    ((hash >> 12) as i64).max(1)
}

/// Checks the times of a push: not planned too far ahead, and not over before it begins. Both rules of the push OpenAPI
/// (aliyun-openapi reference, §6.3), in its order.
pub fn check_times(now: Millis, push_at: Option<Millis>, expires_at: Option<Millis>) -> Result<(), Fault> {
    if push_at.is_some_and(|at| at.0 > now.0 + AHEAD_MS) {
        return Err(Fault::PushTimeTooLate);
    }
    let begins = push_at.unwrap_or(now).max(now);
    if expires_at.is_some_and(|at| at.0 <= begins.0 + LIFE_MIN_MS) {
        return Err(Fault::ExpireTimeTooEarly);
    }
    Ok(())
}

/// Takes a task on: it begins now, or is noted for its time. `id` is one of [`fresh_id`], drawn before the transaction.
pub fn submit(tx: &mut Tx<'_>, now: Millis, id: i64, spec: &Spec) -> Result<Record> {
    let spec = Spec { audience: spec.audience.clone().checked()?, ..spec.clone() };
    let push_at = match &spec.when {
        When::Now => now,
        When::At(at) => Millis(*at).max(now),
        When::Cycle(cycle) => match cycle.next(now) {
            Some(at) => at,
            None => return contract::error::refuse(Fault::FieldInvalid { field: "StrategyContent" }),
        },
    };
    let is_open = spec.audience == Audience::Open;
    let shown = if spec.notification.title.is_empty() && spec.notification.body.is_empty() {
        spec.message.as_ref().unwrap_or(&spec.notification)
    } else {
        &spec.notification
    };
    let mut record = Record {
        id,
        counted: spec.part_of.unwrap_or(id),
        origin: spec.origin.clone(),
        kind: spec.kind.clone(),
        name: spec.name.clone(),
        key: spec.key.clone(),
        title: shown.title.clone(),
        body: shown.body.clone(),
        target: spec.audience.as_str().to_owned(),
        spec: serde_json::to_string(&spec).map_err(Failure::internal)?,
        created_at: now,
        push_at,
        expires_at: push_at.plus(spec.life_ms),
        state: if is_open { State::Open } else { State::Waiting },
        due_at: (push_at > now).then_some(push_at),
        broadcast: None,
        targets: 0,
        is_kept: false,
    };
    if is_open {
        launch::open(tx, &record, &spec)?;
    } else if record.due_at.is_none() && !matches!(spec.when, When::Cycle(_)) {
        launch::launch(tx, now, &mut record, &spec)?;
    } else {
        // The engine learns of a time that comes before its next look.
        tx.after(Event::DeliveryQueued);
    }
    tasks::add(tx, &record)?;
    Ok(record)
}

/// Takes a task on that is sent as parts, such as one for each system of devices. The parts come with it, in their order.
pub fn submit_parts(tx: &mut Tx<'_>, now: Millis, id: i64, spec: &Spec, parts: &[Spec]) -> Result<Record> {
    let record = submit(tx, now, id, &Spec { has_parts: true, ..spec.clone() })?;
    for (number, part) in (1..).zip(parts) {
        let part = Spec { part_of: Some(id), key: String::new(), ..part.clone() };
        submit(tx, now, derived_id(id, number), &part)?;
    }
    Ok(record)
}

/// Names more targets of an open task. Answers false if there is no such task, or it takes no more.
pub fn name_targets(tx: &mut Tx<'_>, now: Millis, id: i64, audience: Audience) -> Result<bool> {
    let audience = audience.checked()?;
    let Some(mut record) = tasks::hold(tx, id)? else { return Ok(false) };
    if record.state != State::Open || record.expires_at <= now {
        return Ok(false);
    }
    let spec = Spec::of(&record)?;
    if spec.has_parts {
        for part in tasks::parts(tx, id, 0)? {
            name_targets(tx, now, part.id, audience.clone())?;
        }
    } else {
        launch::name(tx, now, &mut record, &spec, &audience)?;
    }
    Ok(true)
}

/// Ends an open task: it takes no more targets. Answers false if there is no such task, or it was ended before.
pub fn complete(tx: &mut Tx<'_>, id: i64) -> Result<bool> {
    let Some(mut record) = tasks::hold(tx, id)? else { return Ok(false) };
    let is_open = record.state == State::Open;
    if is_open {
        record.state = State::Complete;
        tasks::save(tx, &record)?;
        for part in parts_of(tx, &record)? {
            complete(tx, part.id)?;
        }
    }
    Ok(is_open)
}

/// Cancels a task that has not begun, or the occurrences that a repeated one still has. Answers false if there is no such
/// task, or it has begun.
pub fn cancel(tx: &mut Tx<'_>, id: i64) -> Result<bool> {
    let Some(mut record) = tasks::hold(tx, id)? else { return Ok(false) };
    let is_waiting = record.state == State::Waiting;
    if is_waiting {
        record.state = State::Cancelled;
        record.due_at = None;
        tasks::save(tx, &record)?;
        for part in parts_of(tx, &record)? {
            cancel(tx, part.id)?;
        }
    }
    Ok(is_waiting)
}

/// The parts that a task is sent as, if it is.
fn parts_of(tx: &mut Tx<'_>, record: &Record) -> Result<Vec<Record>> {
    if Spec::of(record)?.has_parts { tasks::parts(tx, record.id, 0) } else { Ok(Vec::new()) }
}

/// Cancels one occurrence of a repeated task. Answers false if it does not come at that moment, or has come.
pub fn cancel_occurrence(tx: &mut Tx<'_>, now: Millis, id: i64, at: Millis) -> Result<bool> {
    let Some(mut record) = tasks::hold(tx, id)? else { return Ok(false) };
    let mut spec = Spec::of(&record)?;
    let When::Cycle(cycle) = &mut spec.when else { return Ok(false) };
    if record.state != State::Waiting || at <= now || cycle.next(Millis(at.0 - 1)) != Some(at) {
        return Ok(false);
    }
    cycle.skipped.push(at.0);
    record.due_at = cycle.next(now);
    if record.due_at.is_none() {
        record.state = State::Complete;
    }
    record.spec = serde_json::to_string(&spec).map_err(Failure::internal)?;
    tasks::save(tx, &record)?;
    Ok(true)
}

/// Lets go a task that is held. Answers how many of its targets were waiting; 1 for a scope.
pub fn release(tx: &mut Tx<'_>, now: Millis, id: i64) -> Result<u64> {
    let Some(mut record) = tasks::hold(tx, id)? else { return Ok(0) };
    if record.state == State::Waiting && record.due_at.is_none() {
        let spec = Spec { is_held: false, ..Spec::of(&record)? };
        launch::launch(tx, now, &mut record, &spec)?;
        tasks::save(tx, &record)?;
        return Ok(1);
    }
    let count = deliveries::wake_task(tx, now, id)?;
    if count > 0 {
        tx.after(Event::DeliveryQueued);
    }
    Ok(count)
}

/// Parts that one transaction takes back: whoever revokes a task with more calls again.
const PARTS_MAX: usize = 1_000;

/// Takes a task back with its parts: nobody else gets it, and it disappears from phones whose vendors can do that. Where
/// they can only replace it, the notice takes its place. Answers false if there is no such task, or it was taken back
/// before.
pub fn revoke(tx: &mut Tx<'_>, now: Millis, id: i64, notice: &Notice) -> Result<bool> {
    let Some(record) = tasks::hold(tx, id)? else { return Ok(false) };
    let parts: Vec<Record> = tasks::parts(tx, id, 0)?.into_iter().take(PARTS_MAX).collect();
    let mut is_new = false;
    for record in std::iter::once(record).chain(parts) {
        is_new |= revoke_one(tx, now, record, notice)?;
    }
    Ok(is_new)
}

fn revoke_one(tx: &mut Tx<'_>, now: Millis, mut record: Record, notice: &Notice) -> Result<bool> {
    if matches!(record.state, State::Revoked | State::Cancelled) {
        return Ok(false);
    }
    let has_begun = record.state != State::Waiting;
    record.state = State::Revoked;
    record.due_at = None;
    record.is_kept = false;
    tasks::save(tx, &record)?;
    broadcasts::end_task(tx, now, record.id)?;
    if has_begun {
        // Before the broadcast ends: rows of what its vendors wanted later are among the task's.
        recall::begin(tx, now, record.id, notice)?;
    }
    if let Some(number) = record.broadcast
        && broadcasts::revoke(tx, now, number)?
    {
        launch::recall(tx, now, &record, number, notice)?;
    }
    Ok(true)
}

/// A task with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The task.
    pub record: Record,
    /// Its counters, by system and channel.
    pub lines: Vec<Line>,
    /// The broadcast that it became.
    pub broadcast: Option<Broadcast>,
}

impl Status {
    /// All its counters together.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.lines.iter().for_each(|line| total += line.counts);
        total
    }
}

/// Reads a task with what became of it.
pub fn status(snapshot: &mut Snapshot<'_>, id: i64) -> Result<Option<Status>> {
    let Some(record) = tasks::get(snapshot, id)? else { return Ok(None) };
    let lines = push_counts::of_task(snapshot, id)?;
    let broadcast = match record.broadcast {
        Some(number) => broadcasts::get(snapshot, number)?,
        None => None,
    };
    Ok(Some(Status { record, lines, broadcast }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_checked_in_the_documented_order() {
        let now = Millis(1_000_000);
        let check = |push_at: Option<i64>, expires_at: Option<i64>, expected: Result<(), Fault>| {
            let ahead = |ms: i64| now.plus(ms);
            assert_eq!(check_times(now, push_at.map(ahead), expires_at.map(ahead)), expected);
        };
        check(None, None, Ok(()));
        check(Some(AHEAD_MS), None, Ok(()));
        check(Some(AHEAD_MS + 1), Some(0), Err(Fault::PushTimeTooLate));
        check(None, Some(LIFE_MIN_MS), Err(Fault::ExpireTimeTooEarly));
        check(None, Some(LIFE_MIN_MS + 1), Ok(()));
        check(Some(10_000), Some(10_000 + LIFE_MIN_MS), Err(Fault::ExpireTimeTooEarly));
        check(Some(10_000), Some(10_001 + LIFE_MIN_MS), Ok(()));
        check(Some(-10_000), Some(LIFE_MIN_MS), Err(Fault::ExpireTimeTooEarly));
    }

    #[test]
    fn a_number_fits_into_every_language() {
        for _ in 0..100 {
            assert!((1..1 << 53).contains(&fresh_id()));
        }
        assert_eq!(derived_id(7, 9), derived_id(7, 9));
        assert_ne!(derived_id(7, 9), derived_id(9, 7));
    }
}
