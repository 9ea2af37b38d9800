//! Who wrote into which group a moment ago: a message like the last one is not looked up before it is queued, because the
//! append decides about it by what is so then. What is remembered only spares that look; a refusal is looked up again.

use std::collections::HashMap;

use contract::group::{GroupId, GroupKind};
use contract::{AppId, ConversationId, Millis, UserId};
use parking_lot::Mutex;

/// How long it is remembered.
const MEMORY_MS: i64 = 10_000;
/// Pairs of a group and a sender that are remembered, at some 200 bytes each.
const PAIRS_MAX: usize = 16_384;

/// Where a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ground {
    pub(super) conversation: ConversationId,
    pub(super) kind: GroupKind,
    /// How many were in it.
    pub(super) members: i64,
}

type Key = (AppId, GroupId, UserId);

/// What is remembered.
#[derive(Default)]
pub(crate) struct Known(Mutex<HashMap<Key, (Ground, Millis)>>);

impl Known {
    pub(super) fn get(&self, app: AppId, group: &GroupId, sender: &UserId, now: Millis) -> Option<Ground> {
        let (ground, at) = *self.0.lock().get(&(app, group.clone(), sender.clone()))?;
        ((now.0 - at.0).abs() < MEMORY_MS).then_some(ground)
    }

    pub(super) fn keep(&self, app: AppId, group: &GroupId, sender: &UserId, ground: Ground, now: Millis) {
        let mut known = self.0.lock();
        if known.len() >= PAIRS_MAX {
            known.retain(|_, (_, at)| (now.0 - at.0).abs() < MEMORY_MS / 2);
        }
        // So many within half the time: they are forgotten, and looked up again.
        if known.len() >= PAIRS_MAX {
            known.clear();
        }
        known.insert((app, group.clone(), sender.clone()), (ground, now));
    }

    /// Answers whether there was something to forget.
    pub(super) fn forget(&self, app: AppId, group: &GroupId, sender: &UserId) -> bool {
        self.0.lock().remove(&(app, group.clone(), sender.clone())).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ground(life: i64) -> Ground {
        Ground { conversation: ConversationId::group("g", life), kind: GroupKind::Public, members: 2 }
    }

    #[test]
    fn what_is_old_is_not_known_and_a_flood_is_bounded() {
        let (known, app) = (Known::default(), AppId(1));
        let (group, alice) = (GroupId::trusted("g"), UserId::trusted("alice"));
        known.keep(app, &group, &alice, ground(1), Millis(0));
        assert_eq!(known.get(app, &group, &alice, Millis(MEMORY_MS - 1)), Some(ground(1)));
        assert_eq!(known.get(app, &group, &alice, Millis(MEMORY_MS)), None);
        assert_eq!(known.get(AppId(2), &group, &alice, Millis(0)), None);
        for number in 0..PAIRS_MAX * 2 {
            known.keep(app, &group, &UserId::trusted(&format!("u{number}")), ground(1), Millis(20_000));
            assert!(known.0.lock().len() <= PAIRS_MAX);
        }
        known.keep(app, &group, &alice, ground(2), Millis(20_000));
        assert!(known.forget(app, &group, &alice));
        assert_eq!(known.get(app, &group, &alice, Millis(20_000)), None);
    }
}
