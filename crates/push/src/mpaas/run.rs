//! From an order to tasks: one for each message, because each has a key of its own by which its caller takes it back.
//!
//! A batch is a task without targets, of which every message is a part: the parts show in its counters. A broadcast is
//! one task for all devices of a system.

use contract::error::refuse;
use contract::{Failure, Fault, Millis, Result};
use serde::{Deserialize, Serialize};
use store::deliveries::Road;
use store::plans::{self, Plan, Run};
use store::tasks::{self, Filter, Record};
use store::{Snapshot, Tx, broadcasts, results};

use super::order::{Delivery, Kind, Order};
use super::schedule::Strategy;
use super::{PLANS, REVOKE_MS, device};
use crate::recall::Notice;
use crate::task::{self, Audience, Spec};

/// Who asks, as tasks name it.
pub const ORIGIN: &str = "mpaas";

/// Runs that one transaction starts.
const BATCH: usize = 4;

/// What a task remembers of the message that it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Memo {
    /// What the target is, as the contract numbers it.
    pub delivery: i64,
    /// The target as the caller named it.
    pub target: String,
    /// The template: id and name.
    pub template: Option<(i64, String)>,
}

impl Memo {
    /// Reads that of a task.
    pub fn of(record: &Record) -> Result<Self> {
        let extra = Spec::of(record)?.extra;
        Ok(serde_json::from_value(extra).unwrap_or_default())
    }
}

/// Pushes an order now. `id` is fresh; it becomes that of the batch, the broadcast or the first message.
pub fn push(tx: &mut Tx<'_>, now: Millis, id: i64, order: &Order, is_told: bool) -> Result<()> {
    match order.kind {
        Kind::Simple | Kind::Template => {
            for (number, _) in order.aims.iter().enumerate() {
                message(tx, now, id, number, None, order, is_told)?;
            }
            Ok(())
        }
        Kind::Multiple => {
            let whole = Spec { audience: Audience::Open, ..spec(order)? };
            task::submit(tx, now, id, &whole)?;
            for (number, _) in order.aims.iter().enumerate() {
                message(tx, now, id, number + 1, Some(id), order, is_told)?;
            }
            if is_told {
                // It has no deliveries of its own, but its messages' results show under its number.
                results::want(tx, id)?;
            }
            task::complete(tx, id).map(drop)
        }
        Kind::Broadcast => {
            let (crowd, key) = order.crowd.clone().unwrap_or_default();
            let whole = Spec { audience: Audience::Crowd(crowd), key, ..spec(order)? };
            task::submit(tx, now, id, &whole).map(drop)
        }
    }
}

/// Pushes one message of an order. The number of its task is the same whenever this is run again.
fn message(
    tx: &mut Tx<'_>,
    now: Millis,
    id: i64,
    number: usize,
    part_of: Option<i64>,
    order: &Order,
    is_told: bool,
) -> Result<()> {
    let aim = &order.aims[if part_of.is_some() { number - 1 } else { number }];
    let audience = match order.delivery.os() {
        None => Audience::Accounts(vec![aim.target.clone()]),
        Some(_) if order.delivery.is_live() => Audience::Devices(vec![device::name_of(&aim.target).to_string()]),
        Some(os) => Audience::Devices(vec![device::find(tx, os, &aim.target)?.to_string()]),
    };
    let mut notification = aim.own.clone().unwrap_or_else(|| order.notification.clone());
    if let Some(live) = &mut notification.live {
        let place = if order.delivery == Delivery::LiveToken { &mut live.token } else { &mut live.name };
        place.clone_from(&aim.target);
    }
    let memo = Memo { target: aim.target.clone(), ..memo(order) };
    let spec = Spec {
        audience,
        notification,
        key: aim.key.clone(),
        part_of,
        extra: serde_json::to_value(memo).map_err(Failure::internal)?,
        ..spec(order)?
    };
    let own = if number == 0 { id } else { task::derived_id(id, number as i64) };
    task::submit(tx, now, own, &spec)?;
    if is_told { results::want(tx, own) } else { Ok(()) }
}

fn memo(order: &Order) -> Memo {
    Memo { delivery: order.delivery as i64, target: String::new(), template: order.template.clone() }
}

/// What all tasks of an order have in common.
fn spec(order: &Order) -> Result<Spec> {
    let road = if order.is_own_only { Road::OwnOnly } else { Road::VendorFirst };
    let extra = serde_json::to_value(memo(order)).map_err(Failure::internal)?;
    Ok(Spec {
        name: order.name.clone(),
        systems: order.delivery.os().map_or(0, |os| 1 << os as i64),
        road,
        life_ms: order.life_ms,
        store_offline: true,
        extra,
        ..Spec::new(ORIGIN, order.kind.as_str(), Audience::Open, order.notification.clone())
    })
}

/// The least time between two broadcasts of an app.
const PAUSE_MS: i64 = 1_000;

/// Refuses a broadcast that follows another one too quickly.
pub fn check_pause(tx: &mut Tx<'_>, now: Millis) -> Result<()> {
    // The gate of the app: two of them at once would not see each other.
    broadcasts::gate(tx)?;
    let recent = Filter {
        origin: ORIGIN.to_owned(),
        kind: Kind::Broadcast.as_str().to_owned(),
        from: now.plus(1 - PAUSE_MS),
        until: now.plus(1),
        ..Filter::default()
    };
    if tasks::count(tx, &recent)? > 0 { refuse(Fault::BroadcastThrottled) } else { Ok(()) }
}

/// Plans an order for later. The ids of its runs come of that of the plan.
pub fn plan(tx: &mut Tx<'_>, now: Millis, id: &str, order: &Order, strategy: &Strategy) -> Result<()> {
    if plans::count_open(tx)? >= PLANS as i64 {
        return refuse(Fault::ScheduleQuota { max: PLANS });
    }
    let (title, content) = order.shown();
    let plan = Plan {
        id: id.to_owned(),
        kind: order.kind as i64,
        delivery: order.delivery as i64,
        strategy: strategy.number(),
        title: title.to_owned(),
        content: content.to_owned(),
        spec: serde_json::to_string(order).map_err(Failure::internal)?,
        created_at: now,
    };
    let own = |at: Millis| match strategy {
        Strategy::Cycle(_) => run_id(id, at),
        Strategy::Now | Strategy::At(_) => id.to_owned(),
    };
    let runs: Vec<Run> =
        strategy.runs(now).into_iter().map(|at| Run { id: own(at), plan: id.to_owned(), push_at: at }).collect();
    plans::add(tx, &plan, &runs)
}

/// The id of one run of a plan in a cycle: 32 hexadecimal digits.
fn run_id(plan: &str, at: Millis) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(&Sha256::new().chain_update(plan).chain_update(at.0.to_be_bytes()).finalize()[..16])
}

/// Pushes what was planned for now. Answers how much that was; as many as one transaction takes mean that more may wait.
pub fn run_due(tx: &mut Tx<'_>, now: Millis, is_told: bool) -> Result<bool> {
    let due = plans::take_due(tx, now, BATCH)?;
    for run in &due {
        let order: Order = serde_json::from_str(&run.spec).map_err(Failure::internal)?;
        push(tx, now, task_of(&run.id), &order, is_told)?;
    }
    Ok(due.len() == BATCH)
}

/// The number of the task that a run becomes, the same whenever it is run again.
fn task_of(run: &str) -> i64 {
    let head = run.get(..13).and_then(|head| i64::from_str_radix(head, 16).ok()).unwrap_or_default();
    head.max(1)
}

/// Cancels plans, or single runs of them. Answers which there were none of.
pub fn cancel(tx: &mut Tx<'_>, ids: &[String], is_single: bool) -> Result<Vec<String>> {
    let mut left = Vec::new();
    for id in ids {
        let is_there = if is_single { plans::cancel_run(tx, id)? } else { plans::cancel_plan(tx, id)? > 0 };
        if !is_there {
            left.push(id.clone());
        }
    }
    Ok(left)
}

/// Takes back the messages of a key to a target. Who has not got it gets nothing.
pub fn revoke_message(tx: &mut Tx<'_>, now: Millis, key: &str, target: &str) -> Result<()> {
    let mut found = false;
    for record in tasks::of_key(tx, key)? {
        if is_own(&record, now) && Memo::of(&record)?.target == target {
            found = true;
            task::revoke(tx, now, record.id, &notice())?;
        }
    }
    if found { Ok(()) } else { refuse(Fault::PushedUnknown) }
}

/// Takes back a batch or a broadcast.
pub fn revoke_task(tx: &mut Tx<'_>, now: Millis, id: i64) -> Result<()> {
    match tasks::get(tx, id)? {
        Some(record) if is_own(&record, now) && is_whole(&record) => task::revoke(tx, now, id, &notice()).map(drop),
        _ => refuse(Fault::PushTaskUnknown),
    }
}

/// What is shown where a vendor can only replace what was revoked (aliyun-openapi reference, §13). The full stops matter:
/// a text of nothing but letters looks like a test to some vendors.
fn notice() -> Notice {
    Notice { title: "Message revoked.".to_owned(), body: "This message has been taken back.".to_owned() }
}

/// Whether a task is one of ours and young enough to be taken back.
fn is_own(record: &Record, now: Millis) -> bool {
    record.origin == ORIGIN && record.created_at.0 + REVOKE_MS > now.0
}

/// Whether a task is a batch or a broadcast as a whole.
pub fn is_whole(record: &Record) -> bool {
    let is_many = [Kind::Multiple, Kind::Broadcast].iter().any(|kind| kind.as_str() == record.kind);
    is_many && record.counted == record.id
}

/// Reads a batch or a broadcast with what became of it.
pub fn task_status(snapshot: &mut Snapshot<'_>, id: i64) -> Result<task::Status> {
    match task::status(snapshot, id)? {
        Some(status) if status.record.origin == ORIGIN && is_whole(&status.record) => Ok(status),
        _ => refuse(Fault::PushTaskUnknown),
    }
}
