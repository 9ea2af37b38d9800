//! What operators did.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use contract::{AppId, Millis};
use serde_json::json;
use store::platform::{self, Entry};

use super::ask::{Answer, Ask};
use super::refusal::Refusal;
use crate::node::Node;
use crate::vault::random;

/// An entry about what `ask` does to `target`. `detail` names what changed, never a secret's value.
pub(super) fn entry(now: Millis, ask: &Ask, action: &str, target: String, detail: String) -> Entry {
    Entry { id: next_id(now), at: now, actor: ask.actor.clone(), action: action.into(), target, detail }
}

/// Rises with time. The low bits count from a random place, so that nodes do not meet.
pub(crate) fn next_id(now: Millis) -> i64 {
    static COUNT: AtomicI64 = AtomicI64::new(-1);
    let start = i64::from(u32::from_le_bytes(random()) >> 12);
    // Only the first call sets the place; losing the race to another first call is as good.
    let _ = COUNT.compare_exchange(-1, start, Ordering::Relaxed, Ordering::Relaxed);
    (now.0 << 20) | (COUNT.fetch_add(1, Ordering::Relaxed) & 0xf_ffff)
}

/// `GET audit?before=ID&limit=N`: a page, newest first. Ids are texts: they are larger than what JavaScript counts.
pub(super) async fn list(node: &Arc<Node>, ask: &Ask) -> Result<Answer, Refusal> {
    let (before, count) = (ask.number("before")?.unwrap_or(i64::MAX), ask.page()?);
    let entries = node.store.read(AppId::PLATFORM, move |snapshot| platform::entries(snapshot, before, count)).await?;
    let next = if entries.len() == count { entries.last().map(|entry| entry.id.to_string()) } else { None };
    let entries: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            json!({
                "id": entry.id.to_string(),
                "at": entry.at.0,
                "actor": entry.actor,
                "action": entry.action,
                "target": entry.target,
                "detail": entry.detail,
            })
        })
        .collect();
    Ok(Answer::ok(json!({ "entries": entries, "next": next })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_with_time_and_differ_within_a_moment() {
        let (one, other) = (next_id(Millis(1_000)), next_id(Millis(1_000)));
        assert_ne!(one, other);
        assert!(next_id(Millis(1_001)) > one.max(other));
        assert!(next_id(Millis(4_102_444_800_000)) > 0);
    }
}
