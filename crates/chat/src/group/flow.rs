//! How much a group takes within a second.
//!
//! Who is more urgent goes first: a message is counted together with those that are at least as urgent, so urgent ones
//! are dropped only by their like. Counted by each node for itself; what is dropped looks sent to its sender.

use std::collections::HashMap;

use contract::group::Priority;
use contract::{AppId, ConversationId, Millis};

/// Groups that are counted within one second; of more than these the rest is let through.
const GROUPS: usize = 1 << 16;

/// Counts of the current second.
#[derive(Debug, Default)]
pub struct Flow {
    second: i64,
    sent: HashMap<(AppId, ConversationId), [u32; 4]>,
}

impl Flow {
    /// Counts a message; answers whether the group takes it.
    pub fn take(
        &mut self,
        app: AppId,
        conversation: ConversationId,
        priority: Priority,
        now: Millis,
        per_second: u32,
    ) -> bool {
        if self.second != now.secs() {
            self.second = now.secs();
            self.sent.clear();
        }
        let key = (app, conversation);
        if self.sent.len() >= GROUPS && !self.sent.contains_key(&key) {
            return true;
        }
        let sent = self.sent.entry(key).or_default();
        let rank = priority as usize;
        if sent[..rank].iter().sum::<u32>() >= per_second {
            return false;
        }
        sent[rank - 1] += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_messages_are_dropped_only_by_their_like() {
        let mut flow = Flow::default();
        let conversation = ConversationId([1; 16]);
        let mut take = |priority, at| flow.take(AppId(1), conversation, priority, Millis(at), 3);
        assert_eq!([1, 2, 3, 4].map(|_| take(Priority::Low, 0)), [true, true, true, false]);
        assert!(take(Priority::Normal, 1), "the low ones do not stand in its way");
        assert_eq!([1, 2, 3, 4].map(|_| take(Priority::High, 2)), [true, true, true, false]);
        assert!(!take(Priority::Normal, 3));
        assert!(take(Priority::Lowest, 1_000), "the next second is another one");
    }

    #[test]
    fn groups_do_not_count_for_each_other() {
        let mut flow = Flow::default();
        for id in 0..10 {
            assert!(flow.take(AppId(1), ConversationId([id; 16]), Priority::Normal, Millis(5), 1));
        }
        assert!(!flow.take(AppId(1), ConversationId([3; 16]), Priority::Normal, Millis(5), 1));
    }
}
