//! What became of a push, for the operator who was asked why it did not come: by task, by device, by message of chat, each
//! status with its explanation.

use std::sync::Arc;

use contract::{AppId, ConversationId, DeviceId, Millis, Seq, UserId};
use push::{recall, report, task};
use serde_json::{Value, json};
use store::deliveries::{self, Delivery, Waits};
use store::push_counts::Counts;
use store::tasks::State;

use super::ask::{self, Answer, Ask};
use super::refusal::{Refusal, invalid};
use crate::node::Node;

/// Deliveries of one answer.
const PAGE: usize = 100;

/// `GET apps/ID/push/OWN`: a task by its number, else a device by its id.
pub(super) async fn show(node: &Arc<Node>, ask: &Ask, app: AppId, own: &str) -> Result<Answer, Refusal> {
    node.apps.get(app).ok_or(Refusal::AppUnknown)?;
    let after = ask.number("after")?.unwrap_or(-1);
    let own = ask::decode(own).ok_or_else(|| invalid("the name of a task or a device is not readable"))?;
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
        let tally = status.broadcast.as_ref().map(|of| push::broadcast::Tally::read(&of.statuses).0);
        body["statuses"] = json!(tally);
    }
    if let Some(recalled) = recalled {
        body["recalls"] = json!({
            "ended_at": (recalled.ended_at.0 != 0).then_some(recalled.ended_at.0),
            "statuses": push::broadcast::Tally::read(&recalled.statuses).0,
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

/// A delivery with what its status means; what it says stays with whom it is for.
fn view(one: &Delivery) -> Value {
    let waits = match one.waits {
        Waits::Nothing => None,
        Waits::Connection => Some("connection"),
        Waits::Binding => Some("binding"),
        Waits::Release => Some("release"),
    };
    let moment = |at: Millis| (at.0 != 0).then_some(at.0);
    let row = one.status.as_ref().and_then(report::explain);
    json!({
        "task": one.task.to_string(),
        "number": one.number,
        "account": one.account.as_ref().map(UserId::as_str),
        "device": one.device.as_ref().map(DeviceId::as_str),
        "lane": one.lane,
        "waits_for": waits,
        "status": one.status.as_ref().map(|status| json!({
            "family": status.family,
            "number": status.number,
            "name": row.map(|row| row.name),
            "explanation": row.map(|row| row.explain),
        })),
        "said": json!({ "code": one.said.code, "text": one.said.text, "request": one.said.request }),
        "attempts": one.attempts,
        "tried_at": moment(one.tried_at),
        "ended_at": moment(one.ended_at),
    })
}
