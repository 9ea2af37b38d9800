//! What became of a push, for the operator who was asked why it did not come: by task, by device, by message of chat, each
//! status with its explanation.

use std::sync::Arc;

use contract::{AppId, ConversationId, DeviceId, Millis, Seq, UserId};
use push::{broadcast, recall, report, task};
use serde_json::{Value, json};
use store::deliveries::{self, Delivery, Waits};
use store::push_counts::Counts;
use store::tasks::{self, State};

use super::ask::{self, Answer, Ask};
use super::refusal::{Refusal, invalid};
use crate::node::Node;

/// Deliveries of one answer.
const PAGE: usize = 100;

/// `GET apps/ID/push/OWN`: a task by its number, else a device by its id. With `?device=` what became of a task on one
/// device.
pub(super) async fn show(node: &Arc<Node>, ask: &Ask, app: AppId, own: &str) -> Result<Answer, Refusal> {
    node.apps.get(app).ok_or(Refusal::AppUnknown)?;
    let after = ask.number("after")?.unwrap_or(-1);
    let own = ask::decode(own).ok_or_else(|| invalid("the name of a task or a device is not readable"))?;
    if let Some(device) = ask.param("device") {
        let named = |text: &str| ask::decode(text).and_then(|text| DeviceId::parse(&text).ok());
        let device = named(device).ok_or_else(|| invalid("device is the name of a device"))?;
        let id = own.parse().map_err(|_| invalid("a push is named by its number"))?;
        return of_device(node, app, id, device).await;
    }
    if let Ok(id) = own.parse::<i64>()
        && let Some(found) = of_task(node, app, id, after).await?
    {
        return Ok(Answer::ok(found));
    }
    let device = DeviceId::parse(&own).map_err(|_| invalid("no such task, and no name of a device"))?;
    let now = node.clock.now();
    let found = node
        .store
        .read(app, move |snapshot| {
            let Some(known) = store::bindings::get(snapshot, now, device.as_str())? else { return Ok(None) };
            let tokens = store::bindings::tokens_of_device(snapshot, &device)?;
            Ok(Some((known, tokens, deliveries::open_of_device(snapshot, &device, PAGE)?)))
        })
        .await?;
    let Some((known, tokens, open)) = found else { return Err(invalid("no task and no device of this name")) };
    let tokens: Vec<Value> = tokens
        .iter()
        .map(|token| json!({ "channel": token.channel, "credential": token.credential, "bound_at": token.bound_at.0 }))
        .collect();
    Ok(Answer::ok(json!({
        "device": known.id.as_str(),
        "account": known.account,
        "is_connected": known.is_connected,
        "is_registered": known.is_enrolled || known.is_logged_in,
        "is_muted": known.is_muted,
        "seen_at": known.seen_at.0,
        "tokens": tokens,
        "open": open.iter().map(view).collect::<Vec<_>>(),
    })))
}

/// What became of a task on one device: by rows of its own, or in a broadcast, of each part of the task.
async fn of_device(node: &Arc<Node>, app: AppId, id: i64, device: DeviceId) -> Result<Answer, Refusal> {
    let found = node
        .store
        .read(app, move |snapshot| {
            let Some(whole) = tasks::get(snapshot, id)? else { return Ok(None) };
            let mut records = tasks::parts(snapshot, id, 0)?;
            records.insert(0, whole);
            let (mut rows, mut walked) = (Vec::new(), Vec::new());
            for record in &records {
                rows.extend(deliveries::of_task_device(snapshot, record.id, &device)?);
                if let Some(number) = record.broadcast {
                    let found = broadcast::outcomes(snapshot, number, &device)?;
                    walked.extend(found.into_iter().map(|one| (record.id, one)));
                }
            }
            Ok(Some((device.clone(), rows, walked)))
        })
        .await?;
    let Some((device, rows, walked)) = found else { return Err(invalid("no task of this number")) };
    let walked = walked.iter().map(
        |(task, one)| json!({ "task": task.to_string(), "lane": one.lane, "status": one.status.as_ref().map(status) }),
    );
    Ok(Answer::ok(json!({
        "task": id.to_string(),
        "device": device.as_str(),
        "deliveries": rows.iter().map(view).collect::<Vec<_>>(),
        "broadcast": walked.collect::<Vec<_>>(),
    })))
}

/// `GET apps/ID/push/SENDER/RECEIVER/SEQ`: what announced a message of chat.
pub(super) async fn of_message(node: &Arc<Node>, app: AppId, names: [&str; 3]) -> Result<Answer, Refusal> {
    node.apps.get(app).ok_or(Refusal::AppUnknown)?;
    let user = |name: &str| ask::decode(name).and_then(|name| UserId::parse(&name).ok()).ok_or(Refusal::AccountUnknown);
    let conversation = ConversationId::pair(&user(names[0])?, &user(names[1])?);
    let seq = names[2].parse().map(Seq).map_err(|_| invalid("a message is named by its place in the conversation"))?;
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        let found = deliveries::of_message(snapshot, conversation, seq)?;
        let mut shown = Vec::with_capacity(found.len());
        for one in found.chunk_by(|one, other| one.task == other.task) {
            let recalls = recall::of_page(snapshot, one[0].task, one)?;
            let recall_of = |one: &Delivery| recalls.iter().find(|recall| recall.number == one.number);
            shown.extend(one.iter().map(|one| with_recall(one, recall_of(one))));
        }
        Ok(shown)
    };
    let found = node.store.read(app, read).await?;
    Ok(Answer::ok(json!({ "deliveries": found })))
}

async fn of_task(node: &Arc<Node>, app: AppId, id: i64, after: i64) -> Result<Option<Value>, Refusal> {
    let found = node
        .store
        .read(app, move |snapshot| {
            let status = task::status(snapshot, id)?;
            let mut all = deliveries::of_task(snapshot, id, after)?;
            all.truncate(PAGE);
            let recalls = recall::of_page(snapshot, id, &all)?;
            Ok((status, all, recalls, recall::broadcast_of(snapshot, id)?))
        })
        .await?;
    let (status, all, recalls, recalled) = found;
    if status.is_none() && all.is_empty() {
        return Ok(None);
    }
    let next = all.last().filter(|_| all.len() == PAGE).map(|last| last.number);
    let recall_of = |one: &Delivery| recalls.iter().find(|recall| recall.number == one.number);
    let shown: Vec<Value> = all.iter().map(|one| with_recall(one, recall_of(one))).collect();
    let mut body = json!({ "task": id.to_string(), "deliveries": shown, "next_after": next });
    if let Some(status) = status {
        let record = &status.record;
        body["state"] = json!(state(record.state));
        body["origin"] = json!(record.origin);
        body["kind"] = json!(record.kind);
        body["target"] = json!(record.target);
        body["push_at"] = json!(record.push_at.0);
        body["expires_at"] = json!(record.expires_at.0);
        body["counts"] = counts(status.total());
        body["broadcast"] = json!(record.broadcast);
        let tally = status.broadcast.as_ref().map(|of| broadcast::Tally::read(&of.statuses).0);
        body["statuses"] = json!(tally);
    }
    if let Some(recalled) = recalled {
        body["recalls"] = json!({
            "ended_at": (recalled.ended_at.0 != 0).then_some(recalled.ended_at.0),
            "statuses": broadcast::Tally::read(&recalled.statuses).0,
        });
    }
    Ok(Some(body))
}

/// A delivery, and what became of taking it back where that was asked for.
fn with_recall(one: &Delivery, recall: Option<&Delivery>) -> Value {
    let mut shown = view(one);
    if let Some(recall) = recall {
        let view = view(recall);
        shown["recall"] = json!({
            "task": view["task"], "status": view["status"], "said": view["said"], "attempts": view["attempts"],
            "tried_at": view["tried_at"], "ended_at": view["ended_at"],
        });
    }
    shown
}

const fn state(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Open => "open",
        State::Started => "started",
        State::Complete => "complete",
        State::Cancelled => "cancelled",
        State::Revoked => "revoked",
    }
}

fn counts(counts: Counts) -> Value {
    json!({
        "accepted": counts.accepted,
        "sent": counts.sent,
        "received": counts.received,
        "opened": counts.opened,
        "removed": counts.removed,
        "failed": counts.failed,
    })
}

/// A status with its explanation.
fn status(status: &deliveries::Status) -> Value {
    let row = report::explain(status);
    json!({
        "family": status.family,
        "number": status.number,
        "name": row.map(|row| row.name),
        "explanation": row.map(|row| row.explain),
    })
}

/// A delivery with what its status means; what it says stays with whom it is for.
fn view(one: &Delivery) -> Value {
    let waits = match one.waits {
        Waits::Nothing => None,
        Waits::Connection => Some("connection"),
        Waits::Binding => Some("binding"),
        Waits::Release => Some("release"),
    };
    let moment = |at: Millis| (at.0 != 0).then_some(at.0);
    json!({
        "task": one.task.to_string(),
        "number": one.number,
        "account": one.account.as_ref().map(UserId::as_str),
        "device": one.device.as_ref().map(DeviceId::as_str),
        "lane": one.lane,
        "waits_for": waits,
        "status": one.status.as_ref().map(status),
        "said": json!({ "code": one.said.code, "text": one.said.text, "request": one.said.request }),
        "attempts": one.attempts,
        "tried_at": moment(one.tried_at),
        "ended_at": moment(one.ended_at),
    })
}
