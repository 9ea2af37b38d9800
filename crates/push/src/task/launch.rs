//! From a task whose time has come to rows of deliveries, or to a broadcast.

use contract::codes::PushCommon;
use contract::event::Event;
use contract::notification::{Kind, Notification};
use contract::{Failure, Millis, Result, UserId};
use store::broadcasts::{self, Order};
use store::deliveries::{self, Road, Route, Target, Task};
use store::tasks::{self, Record, State};
use store::{Snapshot, Tx};

use super::{Spec, When, derived_id};
use crate::audience::{self, Audience, Resolved, Scope};
use crate::broadcast::{self, Walk};
use crate::delivery;
use crate::recall::{self, Notice};
use crate::ways::Ways;

/// Tasks that one transaction starts: short, because other writers wait behind it.
const BATCH: usize = 4;

/// What begins a broadcast that a task became.
pub(crate) const ORIGIN: &str = "task";

/// Starts tasks whose time has come. Answers when the next one is due.
pub fn launch_due(tx: &mut Tx<'_>, now: Millis) -> Result<Option<Millis>> {
    for mut record in tasks::take_due(tx, now, BATCH)? {
        let spec = Spec::of(&record)?;
        match &spec.when {
            When::Cycle(cycle) => {
                let at = record.due_at.unwrap_or(now);
                occur(tx, now, &record, &spec, at)?;
                record.due_at = cycle.next(at.max(now));
                if record.due_at.is_none() {
                    record.state = State::Complete;
                }
                tasks::save(tx, &record)?;
            }
            When::Now | When::At(_) => {
                launch(tx, now, &mut record, &spec)?;
                tasks::save(tx, &record)?;
            }
        }
    }
    tasks::next_due(tx)
}

/// One occurrence of a repeated task: a part of it that begins at once.
fn occur(tx: &mut Tx<'_>, now: Millis, parent: &Record, spec: &Spec, at: Millis) -> Result<()> {
    let part = Spec { when: When::Now, part_of: Some(parent.id), key: String::new(), ..spec.clone() };
    super::submit(tx, now, derived_id(parent.id, at.0), &part).map(drop)
}

/// Starts a task; the record is left to the caller to be written.
pub(super) fn launch(tx: &mut Tx<'_>, now: Millis, record: &mut Record, spec: &Spec) -> Result<()> {
    record.due_at = None;
    if spec.has_parts {
        record.state = State::Started;
        return Ok(());
    }
    let resolved = audience::resolve(tx, &spec.audience)?;
    if spec.is_held && matches!(resolved, Resolved::Scope(_)) {
        // Nobody of a scope has a row that could wait, so the task does.
        return Ok(());
    }
    record.state = State::Started;
    let task = task(record, spec, now)?;
    deliveries::add_task(tx, &task)?;
    match resolved {
        Resolved::Rows(targets) => {
            record.targets = targets.len() as i64;
            let held = spec.is_held.then(|| delivery::status(PushCommon::WaitingForVerify));
            deliveries::add_targets(tx, &task, &targets, held)?;
            tx.after(Event::DeliveryQueued);
        }
        Resolved::Scope(scope) => begin(tx, now, record, spec, task, scope)?,
    }
    Ok(())
}

/// Makes what the deliveries of an open task refer to.
pub(super) fn open(tx: &mut Tx<'_>, record: &Record, spec: &Spec) -> Result<()> {
    if spec.has_parts {
        return Ok(());
    }
    let task = task(record, spec, record.created_at)?;
    deliveries::add_task(tx, &task)
}

/// Adds targets to an open task.
pub(super) fn name(tx: &mut Tx<'_>, now: Millis, record: &mut Record, spec: &Spec, audience: &Audience) -> Result<()> {
    let targets: Vec<Target> = match audience::resolve(tx, audience)? {
        Resolved::Rows(targets) => targets,
        Resolved::Scope(_) => {
            // Too many for rows: a part of its own, by a number that no other call of this task has.
            record.targets += 1;
            tasks::save(tx, record)?;
            let left = record.expires_at.0 - now.0;
            let part = Spec {
                audience: audience.clone(),
                part_of: Some(record.id),
                when: When::Now,
                life_ms: left,
                key: String::new(),
                ..spec.clone()
            };
            return super::submit(tx, now, derived_id(record.id, record.targets), &part).map(drop);
        }
    };
    let task = task(record, spec, record.created_at)?;
    deliveries::add_targets_from(tx, &task, now, record.targets, &targets, None)?;
    record.targets += targets.len() as i64;
    tasks::save(tx, record)?;
    tx.after(Event::DeliveryQueued);
    Ok(())
}

fn task(record: &Record, spec: &Spec, now: Millis) -> Result<Task> {
    Ok(Task {
        id: record.id,
        notification: serde_json::to_string(&spec.notification).map_err(Failure::internal)?,
        created_at: now,
        expires_at: record.expires_at,
        is_kept: spec.store_offline,
        message: None,
        route: route(record, spec)?,
    })
}

/// By which ways a task goes.
pub(super) fn route(record: &Record, spec: &Spec) -> Result<Route> {
    let own = match &spec.message {
        Some(message) => serde_json::to_string(message).map_err(Failure::internal)?,
        None => String::new(),
    };
    Ok(Route {
        own,
        road: spec.road,
        systems: spec.systems,
        channels: spec.channels.join(","),
        is_fleeting: spec.is_fleeting,
        counted: record.counted,
        kind: spec.kind.clone(),
    })
}

/// Begins the broadcast of a task that means a scope.
fn begin(tx: &mut Tx<'_>, now: Millis, record: &mut Record, spec: &Spec, task: Task, scope: Scope) -> Result<()> {
    let mut gate = broadcasts::gate(tx)?;
    gate.number += 1;
    broadcasts::set_gate(tx, &gate)?;
    let walk = Walk { scope, ways: Ways::of(&task.route), is_kept: spec.store_offline };
    let order = Order {
        number: gate.number,
        origin: ORIGIN.to_owned(),
        sender: UserId::trusted(ORIGIN),
        random: 0,
        crc: 0,
        audience: serde_json::to_string(&broadcast::Audience::Devices(walk)).map_err(Failure::internal)?,
        matter: task.route.own,
        notification: task.notification,
        data_id: spec.job_key.clone(),
        created_at: now,
        expires_at: task.expires_at,
        kept_before: None,
        task: record.id,
    };
    broadcasts::add(tx, &order, false)?;
    record.broadcast = Some(gate.number);
    record.is_kept = spec.store_offline;
    tx.after(Event::BroadcastQueued);
    Ok(())
}

/// Begins the broadcast that takes back what the broadcast of a task pushed: over the same scope, by vendors alone.
pub(super) fn recall(tx: &mut Tx<'_>, now: Millis, record: &Record, number: i64, notice: &Notice) -> Result<()> {
    let Some(found) = broadcasts::get(tx, number)?.filter(|found| !found.frontier.is_empty()) else { return Ok(()) };
    let broadcast::Audience::Devices(walk) = serde_json::from_str(&found.order.audience).map_err(Failure::internal)?
    else {
        return Ok(());
    };
    let of: Notification = serde_json::from_str(&found.order.notification).unwrap_or_default();
    if of.kind == Kind::Background {
        return Ok(());
    }
    let id = recall::id_of(record.id);
    // It counts nowhere: the counters of a task tell of what was sent.
    let ways = Ways { road: Road::VendorOnly, counted: 0, ..walk.ways };
    let walk = Walk { ways, is_kept: false, ..walk };
    let mut gate = broadcasts::gate(tx)?;
    gate.number += 1;
    broadcasts::set_gate(tx, &gate)?;
    let order = Order {
        number: gate.number,
        audience: serde_json::to_string(&broadcast::Audience::Devices(walk)).map_err(Failure::internal)?,
        matter: String::new(),
        notification: serde_json::to_string(&recall::notification(&of, record.id, notice))
            .map_err(Failure::internal)?,
        random: recall::random_of(id),
        created_at: now,
        expires_at: now.plus(recall::LIFE_MS),
        kept_before: None,
        task: id,
        ..found.order
    };
    broadcasts::add(tx, &order, false)?;
    tx.after(Event::BroadcastQueued);
    Ok(())
}

/// The scope of a task, if it has one now.
pub(super) fn scope(snapshot: &mut Snapshot<'_>, spec: &Spec) -> Result<Option<Scope>> {
    Ok(match audience::resolve(snapshot, &spec.audience)? {
        Resolved::Scope(scope) => Some(scope),
        Resolved::Rows(_) => None,
    })
}
