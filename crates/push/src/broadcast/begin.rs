//! Beginning and revoking: who may, how often, and what a repetition is. Functions of a transaction and a moment.

use contract::error::refuse;
use contract::event::Event;
use contract::notification::{Kind, Notification};
use contract::{Failure, Fault, Millis, Result, UserId, limit};
use store::Tx;
use store::broadcasts::{self, Broadcast, Gate, Order};
use store::deliveries::{self, Route, Target, Task};

use super::Audience;
use crate::recall::{self, Notice};
use crate::task;

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// How often an app may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Broadcasts within a day, UTC.
    pub per_day: Option<u32>,
    /// The least time between two.
    pub pause_ms: i64,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// What begins it, in the words of its surface.
    pub origin: &'static str,
    /// Who speaks.
    pub sender: UserId,
    /// Tells repetitions.
    pub random: u32,
    /// CRC-32 of all that it was asked with.
    pub crc: u32,
    /// What connected accounts are handed; empty for nothing.
    pub matter: String,
    /// What devices that are away are shown.
    pub notification: Option<Notification>,
    /// The caller's own name for it.
    pub data_id: String,
    /// How long it is worth delivering.
    pub life_ms: i64,
    /// Whether devices that return read it.
    pub is_kept: bool,
    /// A number that no other task of the app has.
    pub task: i64,
}

/// A broadcast that was begun, now or when the same was asked for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Its number.
    pub number: i64,
    /// When it began.
    pub at: Millis,
}

/// Begins a broadcast. The same words of the same sender within two minutes are the same broadcast.
pub fn begin(tx: &mut Tx<'_>, now: Millis, rule: Rule, request: &Request, audience: &Audience) -> Result<Begun> {
    let mut gate = broadcasts::gate(tx)?;
    let mut order = order(now, &gate, request, audience)?;
    if let Some(same) = repeated(tx, now, &order)? {
        return Ok(same);
    }
    pass(&mut gate, now, rule)?;
    number(&mut gate, &mut order, request)?;
    broadcasts::set_gate(tx, &gate)?;
    broadcasts::add(tx, &order, false)?;
    tx.after(Event::BroadcastQueued);
    Ok(Begun { number: order.number, at: now })
}

/// Pushes to named targets at once: a delivery for each, and a note by which a repetition is known and which can be
/// revoked.
pub fn batch(tx: &mut Tx<'_>, now: Millis, request: &Request, targets: &[Target]) -> Result<Begun> {
    let mut gate = broadcasts::gate(tx)?;
    let mut order = order(now, &gate, request, &Audience::everybody())?;
    // Whom it was for is told by its deliveries.
    order.audience.clear();
    if let Some(same) = repeated(tx, now, &order)? {
        return Ok(same);
    }
    number(&mut gate, &mut order, request)?;
    broadcasts::set_gate(tx, &gate)?;
    broadcasts::add(tx, &order, true)?;
    deliver(tx, &order, targets)?;
    Ok(Begun { number: order.number, at: now })
}

/// What takes a broadcast back.
#[derive(Debug, Clone)]
pub struct Undo {
    /// The request of the revocation itself; its matter is what takes back what was handed, its notification overwrites
    /// what was shown.
    pub request: Request,
    /// Whether what was handed can be taken back.
    pub has_stored: bool,
}

/// Revokes a broadcast: nobody else gets it; who has it is told otherwise. Checks in the documented order.
pub fn revoke(tx: &mut Tx<'_>, now: Millis, rule: Rule, found: &Broadcast, undo: &Undo) -> Result<()> {
    let gate = check_revoke(tx, now, rule, found, undo)?;
    let Audience::Accounts { condition, .. } = parse(&found.order.audience)? else {
        // It belongs to a task, which is taken back as a task.
        return refuse(Fault::TaskUnknown);
    };
    let reached = Audience::Accounts { condition, upto: Some(found.frontier.clone()) };
    let (order, _) = undone(tx, now, gate, found, undo, &reached)?;
    broadcasts::add(tx, &order, false)?;
    tx.after(Event::BroadcastQueued);
    Ok(())
}

/// Revokes a push to named targets.
pub fn revoke_batch(tx: &mut Tx<'_>, now: Millis, rule: Rule, found: &Broadcast, undo: &Undo) -> Result<()> {
    let gate = check_revoke(tx, now, rule, found, undo)?;
    let targets = broadcasts::targets(tx, found.order.task)?;
    let (mut order, task) = undone(tx, now, gate, found, undo, &Audience::everybody())?;
    order.audience.clear();
    order.task = task;
    broadcasts::add(tx, &order, true)?;
    if undo.request.notification.is_none() {
        return recall::begin(tx, now, found.order.task, &Notice::default());
    }
    deliver(tx, &order, &targets)
}

/// Ends a broadcast on an operator's word: nobody else gets it, and where vendors can take a notification back they do.
/// Messages that it stored stay. Answers false if there is no such broadcast, or it was ended before.
pub fn end(tx: &mut Tx<'_>, now: Millis, number: i64) -> Result<bool> {
    let Some(found) = broadcasts::get(tx, number)?.filter(|found| found.revoked_at.0 == 0) else { return Ok(false) };
    let task = found.order.task;
    if found.order.audience.is_empty() {
        recall::begin(tx, now, task, &Notice::default())?;
    } else if let Audience::Accounts { condition, .. } = parse(&found.order.audience)? {
        let reached = Audience::Accounts { condition, upto: Some(found.frontier.clone()) };
        recall(tx, now, &found, &reached)?;
    } else if task::revoke(tx, now, task, &Notice::default())? {
        return Ok(true);
    }
    broadcasts::end_task(tx, now, task)?;
    broadcasts::revoke(tx, now, number)
}

/// Begins the broadcast that takes back what another one has pushed so far.
fn recall(tx: &mut Tx<'_>, now: Millis, found: &Broadcast, reached: &Audience) -> Result<()> {
    let of: Notification = serde_json::from_str(&found.order.notification).unwrap_or_default();
    let has_shown = !found.order.notification.is_empty() && of.kind != Kind::Background && !of.is_recall;
    if !has_shown || found.frontier.is_empty() {
        return Ok(());
    }
    let mut gate = broadcasts::gate(tx)?;
    gate.number += 1;
    broadcasts::set_gate(tx, &gate)?;
    let id = recall::id_of(found.order.task);
    let order = Order {
        number: gate.number,
        random: recall::random_of(id),
        crc: 0,
        audience: serde_json::to_string(reached).map_err(Failure::internal)?,
        matter: String::new(),
        notification: taken_back(found)?,
        created_at: now,
        expires_at: now.plus(recall::LIFE_MS),
        kept_before: None,
        task: id,
        ..found.order.clone()
    };
    broadcasts::add(tx, &order, false)?;
    tx.after(Event::BroadcastQueued);
    Ok(())
}

fn parse(audience: &str) -> Result<Audience> {
    serde_json::from_str(audience).map_err(|error| Failure::internal(error).into())
}

fn check_revoke(tx: &mut Tx<'_>, now: Millis, rule: Rule, found: &Broadcast, undo: &Undo) -> Result<Gate> {
    let gate = broadcasts::gate(tx)?;
    if found.revoked_at.0 != 0 {
        return refuse(Fault::TaskRevoked);
    }
    if gate.revoked_at.0 != 0 && now.0 < gate.revoked_at.0 + rule.pause_ms {
        return refuse(Fault::RevokeThrottled);
    }
    if now.0 > found.order.created_at.0 + limit::REVOKE_HOURS * 3_600_000 {
        return refuse(Fault::TaskTooOld { hours: limit::REVOKE_HOURS });
    }
    if !undo.has_stored && undo.request.notification.is_none() {
        return refuse(Fault::RevokeTextMissing);
    }
    Ok(gate)
}

/// Takes the broadcast back and makes the order of its revocation.
fn undone(
    tx: &mut Tx<'_>,
    now: Millis,
    mut gate: Gate,
    found: &Broadcast,
    undo: &Undo,
    audience: &Audience,
) -> Result<(Order, i64)> {
    if !broadcasts::revoke(tx, now, found.order.number)? {
        return refuse(Fault::TaskRevoked);
    }
    broadcasts::end_task(tx, now, found.order.task)?;
    let mut order = order(now, &gate, &undo.request, audience)?;
    number(&mut gate, &mut order, &undo.request)?;
    // The same key, so that a phone shows the new text in the place of the old one.
    order.notification = match &undo.request.notification {
        Some(notification) => text(notification, found.order.number)?,
        None => taken_back(found)?,
    };
    gate.revoked_at = now;
    broadcasts::set_gate(tx, &gate)?;
    let task = order.task;
    Ok((order, task))
}

/// What takes back what a broadcast pushed, where no text takes its place; nothing if it pushed nothing.
fn taken_back(found: &Broadcast) -> Result<String> {
    if found.order.notification.is_empty() {
        return Ok(String::new());
    }
    let of: Notification = serde_json::from_str(&found.order.notification).map_err(Failure::internal)?;
    let recall = recall::notification(&of, found.order.task, &Notice::default());
    Ok(serde_json::to_string(&recall).map_err(Failure::internal)?)
}

/// The same, asked for before.
fn repeated(tx: &mut Tx<'_>, now: Millis, order: &Order) -> Result<Option<Begun>> {
    let since = now.plus(-limit::DEDUP_WINDOW_S * 1_000);
    let same = broadcasts::repeated(tx, order, since)?;
    Ok(same.map(|same| Begun { number: same.order.number, at: same.order.created_at }))
}

/// Counts one against what the app may.
fn pass(gate: &mut Gate, now: Millis, rule: Rule) -> Result<()> {
    if gate.begun_at.0 != 0 && now.0 < gate.begun_at.0 + rule.pause_ms {
        return refuse(Fault::BroadcastThrottled);
    }
    let day = now.0.div_euclid(DAY_MS);
    if day != gate.day {
        (gate.day, gate.begun) = (day, 0);
    }
    if let Some(max) = rule.per_day
        && gate.begun >= i64::from(max)
    {
        return refuse(Fault::BroadcastQuota { max });
    }
    gate.begun += 1;
    gate.begun_at = now;
    Ok(())
}

fn order(now: Millis, gate: &Gate, request: &Request, audience: &Audience) -> Result<Order> {
    Ok(Order {
        number: 0,
        origin: request.origin.to_owned(),
        sender: request.sender.clone(),
        random: request.random,
        crc: request.crc,
        audience: serde_json::to_string(audience).map_err(Failure::internal)?,
        matter: request.matter.clone(),
        notification: String::new(),
        data_id: request.data_id.clone(),
        created_at: now,
        expires_at: now.plus(request.life_ms),
        kept_before: request.is_kept.then_some(gate.kept),
        task: request.task,
    })
}

/// Gives an order its number, and its notification the key that goes with it.
fn number(gate: &mut Gate, order: &mut Order, request: &Request) -> Result<()> {
    gate.number += 1;
    order.number = gate.number;
    if request.is_kept {
        gate.kept = gate.number;
    }
    if let Some(notification) = &request.notification {
        order.notification = text(notification, order.number)?;
    }
    Ok(())
}

fn text(notification: &Notification, number: i64) -> Result<String> {
    let keyed = Notification { collapse_key: Some(format!("broadcast-{number}")), ..notification.clone() };
    Ok(serde_json::to_string(&keyed).map_err(Failure::internal)?)
}

/// Leaves a delivery for each target.
fn deliver(tx: &mut Tx<'_>, order: &Order, targets: &[Target]) -> Result<()> {
    if order.notification.is_empty() || targets.is_empty() {
        return Ok(());
    }
    let task = Task {
        id: order.task,
        notification: order.notification.clone(),
        created_at: order.created_at,
        expires_at: order.expires_at,
        is_kept: false,
        message: None,
        route: Route::default(),
    };
    deliveries::add_task(tx, &task)?;
    deliveries::add_targets(tx, &task, targets, None)?;
    tx.after(Event::DeliveryQueued);
    Ok(())
}
