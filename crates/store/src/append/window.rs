//! A worker's memory of the live messages that it committed lately.
//!
//! Telling a repeated send needs the last two minutes of its conversation, or five of a group. They are in memory if this worker
//! wrote them, which the head says (`writer`, `scan_until`), and if they have not been forgotten since, which
//! `floor` says. Whatever is not certain here is looked up in the table, and only that: forgetting costs time, never truth.

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

/// Messages of each kind that one worker remembers: about 380 MB, or all that counts of 27,000 sends a second between two
/// accounts and of 11,600 into groups. Beyond that each send is looked up among what was forgotten and still counts.
const REMEMBERED: usize = (1 << 22) / 8 * 7;

/// How much longer than it counts a message is remembered: what is being decided about may be that much older than what
/// was stored last.
const SLACK_MS: i64 = 15_000;

/// Messages that are forgotten at once, beyond twice as many as were added: the first send after a pause must not wait for
/// all of them.
const FORGOTTEN: usize = 1_024;

/// What makes two live sends the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Print {
    pub(crate) app: AppId,
    pub(crate) conversation: ConversationId,
    pub(crate) is_grouped: bool,
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
    /// It is to be looked up among what was stored until then; all that is newer is known.
    Unsure(Millis),
}

/// The memory of one worker.
pub(crate) struct Window {
    /// Names this worker's memory in the heads; changes whenever the memory may be wrong.
    me: i64,
    capacity: usize,
    /// Sends between two accounts, and into groups.
    pairs: Log,
    groups: Log,
    heads: Heads,
}

impl Window {
    pub(crate) fn new() -> Self {
        Self::with_capacity(REMEMBERED)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self {
            me: random() | 1,
            capacity,
            pairs: Log::new(SPAN_MS),
            groups: Log::new(GROUP_SPAN_MS),
            heads: Heads::default(),
        }
    }

    pub(crate) fn me(&self) -> i64 {
        self.me
    }

    /// Looks for the message of which a draft may be the repetition.
    pub(crate) fn recall(&self, head: &Head, at: Millis, print: &Print) -> Memory {
        let log = if print.is_grouped { &self.groups } else { &self.pairs };
        let oldest = at.0.saturating_sub(log.span_ms);
        if head.last_at < oldest {
            return Memory::New;
        }
        if head.writer == self.me
            && let Some(stored) = log.get(print).filter(|stored| stored.at.0 >= oldest)
        {
            return Memory::Same(stored);
        }
        if head.writer != self.me || at.0 <= head.scan_until {
            return Memory::Unsure(Millis(i64::MAX));
        }
        if oldest <= log.floor { Memory::Unsure(Millis(log.floor)) } else { Memory::New }
    }

    /// Remembers what was committed.
    pub(crate) fn keep(&mut self, committed: impl IntoIterator<Item = (Print, Stored)>) {
        for (print, stored) in committed {
            let log = if print.is_grouped { &mut self.groups } else { &mut self.pairs };
            log.forget(self.capacity, 2);
            log.add(&print, &stored);
        }
        for log in [&mut self.pairs, &mut self.groups] {
            log.forget(self.capacity, FORGOTTEN);
            log.give_back();
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

/// A print in little space: 128 bits of a hash that nobody outside can compute.
type Mark = [u64; 2];

/// The sends of one kind.
struct Log {
    span_ms: i64,
    /// All that was forgotten is at most this old.
    floor: i64,
    newest: i64,
    keys: RandomState,
    seen: HashMap<Mark, (Seq, Millis)>,
    order: VecDeque<(Millis, Mark)>,
}

impl Log {
    fn new(span_ms: i64) -> Self {
        let (floor, newest) = (i64::MIN, i64::MIN);
        Self { span_ms, floor, newest, keys: RandomState::new(), seen: HashMap::new(), order: VecDeque::new() }
    }

    fn mark(&self, print: &Print) -> Mark {
        [self.keys.hash_one((0_u8, print)), self.keys.hash_one((1_u8, print))]
    }

    fn get(&self, print: &Print) -> Option<Stored> {
        let (seq, at) = *self.seen.get(&self.mark(print))?;
        let key = MsgKey { time: at.secs(), seq: print.msg_seq, random: print.msg_random };
        Some(Stored { key, seq, at })
    }

    fn add(&mut self, print: &Print, stored: &Stored) {
        let mark = self.mark(print);
        self.newest = self.newest.max(stored.at.0);
        self.order.push_back((stored.at, mark));
        self.seen.insert(mark, (stored.seq, stored.at));
    }

    /// Forgets some of what no longer counts or does not fit beside another one.
    fn forget(&mut self, capacity: usize, count: usize) {
        let oldest = self.newest.saturating_sub(self.span_ms + SLACK_MS);
        for _ in 0..count {
            let Some(&(at, mark)) = self.order.front() else { return };
            if at.0 >= oldest && self.order.len() < capacity {
                return;
            }
            self.order.pop_front();
            self.floor = self.floor.max(at.0);
            if self.seen.get(&mark).is_some_and(|(_, stored_at)| *stored_at == at) {
                self.seen.remove(&mark);
            }
        }
    }

    /// Gives back what a busy hour took.
    fn give_back(&mut self) {
        if self.order.capacity() > SMALL && self.order.len() < self.order.capacity() / 8 {
            self.order.shrink_to(self.order.len() * 2);
            self.seen.shrink_to(self.order.len() * 2);
        }
    }
}

/// Memory of so many messages is not worth giving back.
const SMALL: usize = 1 << 14;

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
        Print {
            app: AppId(1),
            conversation: ConversationId([0; 16]),
            is_grouped: false,
            is_low: true,
            msg_seq,
            msg_random: 1,
            crc: 1,
        }
    }

    fn stored(msg_seq: u32, at: i64) -> Stored {
        Stored { key: MsgKey { time: at / 1000, seq: msg_seq, random: 1 }, seq: Seq(1), at: Millis(at) }
    }

    fn head(window: &Window, last_at: i64) -> Head {
        Head { last_at, writer: window.me(), ..Head::default() }
    }

    #[test]
    fn the_window_ends_after_exactly_two_minutes() {
        let mut window = Window::new();
        window.keep([(print(1), stored(1, 1_000_000))]);
        let head = head(&window, 1_000_000);
        assert_eq!(window.recall(&head, Millis(1_000_000 + SPAN_MS), &print(1)), Memory::Same(stored(1, 1_000_000)));
        assert_eq!(window.recall(&head, Millis(1_000_001 + SPAN_MS), &print(1)), Memory::New);
        assert_eq!(window.recall(&head, Millis(1_000_000), &print(2)), Memory::New);
    }

    #[test]
    fn what_was_forgotten_is_looked_up() {
        let mut window = Window::with_capacity(3);
        window.keep((1..=3).map(|n| (print(n), stored(n, 1_000_000 + i64::from(n)))));
        let head = head(&window, 1_000_003);
        assert_eq!(window.recall(&head, Millis(1_000_004), &print(1)), Memory::Unsure(Millis(1_000_001)));
        assert_eq!(window.recall(&head, Millis(1_000_004), &print(3)), Memory::Same(stored(3, 1_000_003)));
        assert_eq!(window.recall(&head, Millis(1_000_002 + SPAN_MS), &print(9)), Memory::New);
    }

    #[test]
    fn sends_into_groups_have_a_longer_window_and_a_memory_of_their_own() {
        let mut window = Window::with_capacity(3);
        let grouped = |n| Print { is_grouped: true, ..print(n) };
        window.keep([(grouped(1), stored(1, 1_000_000))]);
        window.keep((1..=3).map(|n| (print(n), stored(n, 1_000_001))));
        let head = head(&window, 1_000_001);
        let later = Millis(1_000_000 + GROUP_SPAN_MS);
        assert_eq!(window.recall(&head, later, &grouped(1)), Memory::Same(stored(1, 1_000_000)));
        assert_eq!(window.recall(&head, Millis(later.0 + 1), &grouped(1)), Memory::New);
        assert_eq!(window.recall(&head, Millis(1_000_002), &print(1)), Memory::Unsure(Millis(1_000_001)));
    }

    #[test]
    fn what_a_busy_hour_took_is_given_back() {
        let mut window = Window::new();
        let many = SMALL as u32 * 4;
        window.keep((1..=many).map(|n| (print(n), stored(n, 1_000_000))));
        assert_eq!((window.pairs.order.len(), window.pairs.seen.len()), (many as usize, many as usize));
        let later = 1_000_001 + SPAN_MS + SLACK_MS;
        window.keep([(print(0), stored(0, later))]);
        assert!(window.pairs.order.len() > SMALL, "not all at once");
        (0..many).for_each(|n| window.keep([(print(n), stored(n, later))]));
        window.keep([(print(0), stored(0, 2 * later))]);
        (0..100).for_each(|n| window.keep([(print(n), stored(n, 2 * later))]));
        assert!(window.pairs.order.len() <= 101 && window.pairs.seen.len() <= 101);
        assert!(window.pairs.order.capacity() <= SMALL && window.pairs.seen.capacity() <= SMALL);
    }

    #[test]
    fn a_head_that_another_wrote_is_looked_up_until_its_messages_are_too_old() {
        let mut window = Window::with_capacity(3);
        window.keep((1..=3).map(|n| (print(n), stored(n, 1_000_000 + i64::from(n)))));
        let all = Memory::Unsure(Millis(i64::MAX));
        let other = Head { last_at: 1_000_000, writer: window.me() + 1, ..Head::default() };
        assert_eq!(window.recall(&other, Millis(1_000_000 + SPAN_MS), &print(3)), all);
        assert_eq!(window.recall(&other, Millis(1_000_001 + SPAN_MS), &print(1)), Memory::New);
        let taken = Head { scan_until: 1_000_500, ..head(&window, 1_000_500) };
        assert_eq!(window.recall(&taken, Millis(1_000_500), &print(9)), all);
        assert_eq!(window.recall(&taken, Millis(1_000_501), &print(9)), Memory::Unsure(Millis(1_000_001)));
        assert_eq!(window.recall(&taken, Millis(1_000_002 + SPAN_MS), &print(9)), Memory::New);
    }
}
