//! Messages that were stored a moment ago and are to be told: whoever tells them need not look for each in the store.
//!
//! Each is told once, as it was when it was sent, and forgotten then. What does not fit, or was stored on another node, is
//! read.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use contract::event::Event;
use contract::message::Message;
use contract::{AppId, ConversationId, Seq};
use parking_lot::Mutex;

/// Messages that are remembered …
const KEPT: usize = 8_192;
/// … and the bytes of their bodies and custom data.
const KEPT_BYTES: usize = 16 * 1024 * 1024;

type Key = (AppId, ConversationId, Seq);

/// What is remembered.
#[derive(Default)]
pub(super) struct Recent(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    messages: HashMap<Key, Arc<Message>>,
    /// Oldest first; those that were told are among them.
    order: VecDeque<(Key, usize)>,
    bytes: usize,
}

impl Recent {
    /// Remembers the messages among what was committed.
    pub(super) fn hear(&self, app: AppId, events: &[Event]) {
        let mut kept = self.0.lock();
        for event in events {
            if let Event::MessageAppended { conversation, message, .. } = event
                && message.seq.0 > 0
            {
                kept.add((app, *conversation, message.seq), message);
            }
        }
    }

    /// Gives out a message that is to be told now.
    pub(super) fn take(&self, app: AppId, conversation: ConversationId, seq: Seq) -> Option<Arc<Message>> {
        self.0.lock().messages.remove(&(app, conversation, seq))
    }
}

impl Kept {
    fn add(&mut self, key: Key, message: &Arc<Message>) {
        let bytes = message.body.len() + message.cloud.len();
        self.messages.insert(key, Arc::clone(message));
        self.order.push_back((key, bytes));
        self.bytes += bytes;
        while self.order.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some((oldest, bytes)) = self.order.pop_front() else { break };
            self.messages.remove(&oldest);
            self.bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::message::Flags;
    use contract::{Millis, MsgKey, UserId};

    use super::*;

    const APP: AppId = AppId(1);
    const CONVERSATION: ConversationId = ConversationId([1; 16]);

    fn appended(seq: i64, bytes: usize) -> Event {
        let message = Message {
            sender: UserId::trusted("a"),
            receiver: UserId::trusted("b"),
            key: MsgKey { time: 1, seq: 1, random: 1 },
            seq: Seq(seq),
            at: Millis(1),
            body: "x".repeat(bytes).into(),
            cloud: "".into(),
            flags: Flags(0),
        };
        Event::MessageAppended { conversation: CONVERSATION, message: Arc::new(message), origin: None, echo: false }
    }

    #[test]
    fn a_message_is_given_out_once() {
        let recent = Recent::default();
        recent.hear(APP, &[appended(1, 10), appended(0, 10), appended(2, 10)]);
        assert_eq!(recent.take(APP, CONVERSATION, Seq(2)).map(|message| message.seq), Some(Seq(2)));
        assert!(recent.take(APP, CONVERSATION, Seq(2)).is_none());
        assert!(recent.take(AppId(2), CONVERSATION, Seq(1)).is_none(), "another app has its own");
        assert!(recent.take(APP, CONVERSATION, Seq(0)).is_none(), "what passes by is not stored");
    }

    #[test]
    fn the_oldest_are_forgotten_by_number_and_by_bytes() {
        let recent = Recent::default();
        let many: Vec<Event> = (1..=KEPT as i64 + 5).map(|seq| appended(seq, 1)).collect();
        recent.hear(APP, &many);
        let has = |seq: i64| recent.take(APP, CONVERSATION, Seq(seq)).is_some();
        assert!(!has(5) && has(6));
        recent.hear(APP, &[appended(1_000_000, KEPT_BYTES)]);
        assert!(has(1_000_000) && !has(7));
        recent.hear(APP, &[appended(1_000_001, KEPT_BYTES + 1)]);
        assert!(!has(1_000_001), "one that fits nowhere is read");
    }
}
