//! A worker's memory of the live messages that it committed lately.
//!
//! Telling a repeated send needs the last two minutes of its conversation, or five of a group. They are in memory if this worker
//! wrote them, which the head says (`writer`, `scan_until`), and if they have not been forgotten since, which
//! `floor` says. Whatever is not certain here is looked up in the table, so forgetting costs time, never truth.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use contract::{AppId, ConversationId, Millis, MsgKey, Seq, limit};

use super::heads::{HeadKey, Heads};
use super::plan::Head;

/// How long a repeated send counts as the same message.
pub(crate) const SPAN_MS: i64 = limit::DEDUP_WINDOW_S * 1000;

/// And in a group; the longest, and so what the memory is for.
pub(crate) const GROUP_SPAN_MS: i64 = contract::group::DEDUP_WINDOW_S * 1000;

/// Repetitions are looked for among so many of a group's newest messages: five minutes at the usual rate, and a third more.
pub(crate) const GROUP_LOOKBACK: i64 = 16_000;

/// Messages that one worker remembers: about 80 MB, or five minutes of 1,700 sends a second.
const REMEMBERED: usize = 1 << 19;

/// What makes two live sends the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Print {
    pub(crate) app: AppId,
    pub(crate) conversation: ConversationId,
    /// Which of the two wrote.
    pub(crate) is_low: bool,
    pub(crate) msg_seq: u32,
    pub(crate) msg_random: u32,
    pub(crate) crc: u32,
}

/// A stored message, as far as a repeated send needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) key: MsgKey,
    pub(crate) seq: Seq,
    pub(crate) at: Millis,
}

/// What the memory says about a draft.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    Same(Stored),
    New,
    Unsure,
}

/// The memory of one worker.
pub(crate) struct Window {
    /// Names this worker's memory in the heads; changes whenever the memory may be wrong.
    me: i64,
    /// All that this memory forgot is at most this old.
    floor: i64,
    newest: i64,
    capacity: usize,
    seen: HashMap<Print, Stored>,
    order: VecDeque<(Millis, Print)>,
    heads: Heads,
}

impl Window {
    pub(crate) fn new() -> Self {
        Self::with_capacity(REMEMBERED)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self {
            me: random() | 1,
            floor: i64::MIN,
            newest: i64::MIN,
            capacity,
            seen: HashMap::new(),
            order: VecDeque::new(),
            heads: Heads::default(),
        }
    }

    pub(crate) fn me(&self) -> i64 {
        self.me
    }

    /// Looks for the message of which a draft may be the repetition.
    pub(crate) fn recall(&self, head: &Head, at: Millis, print: &Print, span_ms: i64) -> Memory {
        let oldest = at.0.saturating_sub(span_ms);
        if head.last_at < oldest {
            return Memory::New;
        }
        if head.writer == self.me
            && let Some(stored) = self.seen.get(print).filter(|stored| stored.at.0 >= oldest)
        {
            return Memory::Same(*stored);
        }
        if head.writer == self.me && at.0 > head.scan_until && oldest > self.floor {
            return Memory::New;
        }
        Memory::Unsure
    }

    /// Remembers what was committed.
    pub(crate) fn keep(&mut self, committed: impl IntoIterator<Item = (Print, Stored)>) {
        for (print, stored) in committed {
            self.newest = self.newest.max(stored.at.0);
            self.order.push_back((stored.at, print));
            self.seen.insert(print, stored);
        }
        let oldest = self.newest.saturating_sub(GROUP_SPAN_MS);
        while let Some(&(at, print)) = self.order.front()
            && (at.0 < oldest || self.order.len() > self.capacity)
        {
            self.order.pop_front();
            self.floor = self.floor.max(at.0);
            if self.seen.get(&print).is_some_and(|stored| stored.at == at) {
                self.seen.remove(&print);
            }
        }
    }

    /// The head of a conversation as this worker left it.
    pub(crate) fn head(&self, key: &HeadKey) -> Option<Head> {
        self.heads.get(key).cloned()
    }

    /// Remembers heads that were committed.
    pub(crate) fn keep_heads(&mut self, committed: impl IntoIterator<Item = (HeadKey, Head)>) {
        self.heads.keep(committed);
    }

    /// Forgets everything under a new name: a commit failed, or nobody knows whether it did.
    pub(crate) fn reset(&mut self) {
        *self = Self::with_capacity(self.capacity);
    }
}

/// A random number from the keys that the standard library draws for its maps; nothing secret hangs on it.
pub(crate) fn random() -> i64 {
    (RandomState::new().hash_one(0_u8) >> 1) as i64
}

/// Makes ids that no other worker makes: random high bits, then a count.
pub(crate) struct Ids {
    next: i64,
}

impl Ids {
    pub(crate) fn new() -> Self {
        Self { next: random() & !0xffff_ffff }
    }

    pub(crate) fn next(&mut self) -> i64 {
        self.next += 1;
        if self.next.trailing_zeros() >= 32 {
            *self = Self::new();
        }
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(msg_seq: u32) -> Print {
        Print { app: AppId(1), conversation: ConversationId([0; 16]), is_low: true, msg_seq, msg_random: 1, crc: 1 }
    }

    fn stored(at: i64) -> Stored {
        Stored { key: MsgKey { time: at / 1000, seq: 1, random: 1 }, seq: Seq(1), at: Millis(at) }
    }

    fn head(window: &Window, last_at: i64) -> Head {
        Head { last_at, writer: window.me(), ..Head::default() }
    }

    #[test]
    fn the_window_ends_after_exactly_two_minutes() {
        let mut window = Window::new();
        window.keep([(print(1), stored(1_000_000))]);
        let head = head(&window, 1_000_000);
        assert_eq!(
            window.recall(&head, Millis(1_000_000 + SPAN_MS), &print(1), SPAN_MS),
            Memory::Same(stored(1_000_000))
        );
        assert_eq!(window.recall(&head, Millis(1_000_001 + SPAN_MS), &print(1), SPAN_MS), Memory::New);
        assert_eq!(window.recall(&head, Millis(1_000_000), &print(2), SPAN_MS), Memory::New);
    }

    #[test]
    fn what_was_forgotten_is_looked_up() {
        let mut window = Window::with_capacity(2);
        window.keep((1..=3).map(|n| (print(n), stored(1_000_000 + i64::from(n)))));
        let head = head(&window, 1_000_003);
        assert_eq!(window.recall(&head, Millis(1_000_004), &print(1), SPAN_MS), Memory::Unsure);
        assert_eq!(window.recall(&head, Millis(1_000_004), &print(3), SPAN_MS), Memory::Same(stored(1_000_003)));
        assert_eq!(window.recall(&head, Millis(1_000_002 + SPAN_MS), &print(9), SPAN_MS), Memory::New);
    }

    #[test]
    fn a_head_that_another_wrote_is_looked_up_until_its_messages_are_too_old() {
        let window = Window::new();
        let other = Head { last_at: 1_000_000, writer: window.me() + 1, ..Head::default() };
        assert_eq!(window.recall(&other, Millis(1_000_000 + SPAN_MS), &print(1), SPAN_MS), Memory::Unsure);
        assert_eq!(window.recall(&other, Millis(1_000_001 + SPAN_MS), &print(1), SPAN_MS), Memory::New);
        let taken = Head { scan_until: 1_000_500, ..head(&window, 1_000_500) };
        assert_eq!(window.recall(&taken, Millis(1_000_500), &print(1), SPAN_MS), Memory::Unsure);
        assert_eq!(window.recall(&taken, Millis(1_000_501), &print(1), SPAN_MS), Memory::New);
    }
}
