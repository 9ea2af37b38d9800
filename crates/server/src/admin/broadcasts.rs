//! What an app's broadcasts have come to, and the end of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::{AppId, Millis};
use push::broadcast::Tally;
use serde_json::{Value, json};
use store::broadcasts::{self, Broadcast, Chunk};
use store::platform;

use super::ask::{Answer, Ask};
use super::audit;
use super::refusal::{Refusal, invalid};
use crate::node::Node;

/// `GET apps/ID/broadcasts?before=NUMBER&limit=N`: a page, newest first.
pub(super) async fn list(node: &Arc<Node>, ask: &Ask, app: AppId) -> Result<Answer, Refusal> {
    node.apps.get(app).ok_or(Refusal::AppUnknown)?;
    let (before, count) = (ask.number("before")?.unwrap_or(i64::MAX), ask.page()?);
    let found = node
        .store
        .read(app, move |snapshot| {
            let page = broadcasts::list(snapshot, before, count)?;
            let mut open = BTreeMap::new();
            for one in page.iter().filter(|one| one.ended_at == Millis(0)) {
                open.insert(one.order.number, broadcasts::open(snapshot, one.order.number)?);
            }
            Ok((page, open))
        })
        .await?;
    let (page, open) = found;
    let none = Vec::new();
    let shown: Vec<Value> = page.iter().map(|one| view(one, open.get(&one.order.number).unwrap_or(&none))).collect();
    let next = page.last().map(|one| one.order.number).filter(|_| page.len() == count);
    Ok(Answer::ok(json!({ "broadcasts": shown, "next_before": next })))
}

/// `DELETE apps/ID/broadcasts/NUMBER`: nobody else gets it, devices that return do not read it, and it disappears from phones
/// whose vendors can do that.
pub(super) async fn end(node: &Arc<Node>, ask: &Ask, app: AppId, number: &str) -> Result<Answer, Refusal> {
    node.apps.get(app).ok_or(Refusal::AppUnknown)?;
    let number: i64 = number.parse().map_err(|_| invalid("a broadcast is named by its number"))?;
    let now = node.clock.now();
    let ended = node.store.write(app, move |tx| push::broadcast::end(tx, now, number)).await?;
    if !ended {
        return Err(invalid("no such broadcast, or it was ended before"));
    }
    let entry = audit::entry(now, ask, "broadcast.end", format!("{app}/{number}"), String::new());
    node.store.write(AppId::PLATFORM, move |tx| platform::add_entry(tx, &entry)).await?;
    Ok(Answer::ok(json!({ "number": number, "revoked_at": now.0 })))
}

/// A broadcast with its progress; what it says stays with those whom it is for.
fn view(one: &Broadcast, open: &[Chunk]) -> Value {
    let mut tally = Tally::read(&one.statuses);
    for chunk in open {
        tally.add(&Tally::read(&chunk.progress.statuses));
    }
    let sum = |done: i64, of: fn(&Chunk) -> i64| done + open.iter().map(of).sum::<i64>();
    let moment = |at: Millis| (at.0 != 0).then_some(at.0);
    let state = match (one.revoked_at.0, one.ended_at.0) {
        (0, 0) => "running",
        (0, _) => "done",
        _ => "revoked",
    };
    json!({
        "number": one.order.number,
        "command": one.order.origin,
        "sender": one.order.sender.as_str(),
        "data_id": one.order.data_id,
        "audience": serde_json::from_str::<Value>(&one.order.audience).unwrap_or_default(),
        "state": state,
        "is_kept": one.order.kept_before.is_some(),
        "created_at": one.order.created_at.0,
        "expires_at": one.order.expires_at.0,
        "ended_at": moment(one.ended_at),
        "revoked_at": moment(one.revoked_at),
        "chunks": one.chunks,
        "chunks_open": open.len(),
        "accounts_matched": sum(one.matched, |chunk| chunk.progress.matched),
        "accounts_told": sum(one.told, |chunk| chunk.progress.told),
        "notifications": tally.0,
        // Deliveries that have rows of their own are found under this task.
        "task": one.order.task.to_string(),
    })
}
