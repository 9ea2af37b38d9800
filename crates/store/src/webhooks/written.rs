//! A batch of events as its row keeps it: an array of JSON, written as the events come.

use std::sync::Arc;

use contract::webhook::{Batch, Happening, Origin, Untold};
use contract::{ConversationId, Failure, Millis, Place, Result, Seq};
use serde_json::value::RawValue;

/// Events of a batch.
const EVENTS_MAX: usize = 256;

/// Where the message is: conversation, time, place.
type At<T> = (T, i64, i64);
/// An event to be written: part, time, who acted unless it is the one of the event before, what happened, and its message.
type Line<'a> = (i64, i64, Option<Origin>, &'a Option<Happening>, Option<At<String>>);
/// The same as it is read. What happened is read by itself: one that cannot be read spoils no other.
#[derive(serde::Deserialize)]
struct Found<'a>(i64, i64, Option<Origin>, #[serde(borrow)] &'a RawValue, Option<At<&'a str>>);

/// A batch that is being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Its id is 0 where it is only to be read.
    pub(crate) batch: Batch,
    /// JSON.
    text: Vec<u8>,
    /// Bytes of the messages that are handed over.
    content: usize,
}

impl Written {
    /// Adds an event.
    pub(crate) fn add(&mut self, event: Untold) -> Result<()> {
        let is_the_same = self.batch.events.last().is_some_and(|before| before.origin == event.origin);
        let message = event.place.map(|(conversation, place)| (hex::encode(conversation.0), place.time, place.seq.0));
        let line: Line<'_> =
            (event.part, event.at.0, (!is_the_same).then_some(event.origin), &event.happening, message);
        match self.text.last_mut() {
            Some(end) => *end = b',',
            None => self.text.push(b'['),
        }
        let written = serde_json::to_writer(&mut self.text, &line);
        self.text.push(b']');
        written.map_err(Failure::internal)?;
        self.content += event.message.as_ref().map_or(0, |message| message.body.len() + message.cloud.len());
        self.batch.events.push(event);
        self.batch.bytes = self.text.len() + self.content;
        Ok(())
    }

    /// Whether another event may be added: not beyond the one with which the text has so many bytes.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.batch.events.len() < EVENTS_MAX && self.text.len() < bytes
    }

    /// How many events there are.
    pub(crate) fn count(&self) -> i64 {
        self.batch.events.len() as i64
    }

    /// The events as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.text).expect("JSON is UTF-8")
    }

    /// What is handed over to whoever tells it.
    pub(crate) fn hand(self) -> Option<Arc<Batch>> {
        (self.batch.id > 0).then(|| Arc::new(self.batch))
    }
}

/// Reads a batch; one that cannot be read is an event of which nothing is known, so that somebody says so.
pub(super) fn read(id: i64, text: &str) -> Batch {
    let mut origin = Origin::default();
    let found: Vec<Found<'_>> = serde_json::from_str(text).unwrap_or_default();
    let event = |Found(part, at, who, happening, message): Found<'_>| {
        origin = who.unwrap_or(origin);
        let place = message.and_then(|(conversation, time, seq)| {
            let mut id = [0; 16];
            hex::decode_to_slice(conversation, &mut id).ok()?;
            Some((ConversationId(id), Place { seq: Seq(seq), time }))
        });
        let happening = serde_json::from_str(happening.get()).ok();
        Untold { part, at: Millis(at), origin, happening, place, message: None }
    };
    let mut events: Vec<Untold> = found.into_iter().map(event).collect();
    if events.is_empty() {
        events.push(Untold { part: 0, at: Millis(0), origin, happening: None, place: None, message: None });
    }
    Batch { id, events, bytes: text.len() }
}

#[cfg(test)]
mod tests {
    use contract::UserId;
    use contract::webhook::{StateChange, Via};

    use super::*;

    fn event(account: &str, via: Via, seq: i64) -> Untold {
        let account = UserId::trusted(account);
        let place = (seq > 0).then_some((ConversationId([0xab; 16]), Place { seq: Seq(seq), time: 7 }));
        let happening = Some(Happening::State { account, change: StateChange::Login, kicked: Vec::new() });
        let origin = Origin { ip: None, via };
        Untold { part: i64::MIN, at: Millis(i64::MAX), origin, happening, place, message: None }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut written = Written::default();
        for it in [event("a\"]", Via::Ios, 0), event("b", Via::Ios, 1), event("c", Via::Rest, 2)] {
            written.add(it).expect("it is written");
        }
        assert_eq!(written.text().matches("Ios").count(), 1, "who acted is said where it changes");
        written.batch.id = 9;
        assert_eq!(read(9, written.text()), written.batch);
        assert_eq!(written.count(), 3);
    }

    #[test]
    fn what_cannot_be_read_is_an_event_of_which_nothing_is_known() {
        let spoiled = read(1, r#"[[1,2,{"v":"Web"},{"Nothing":{}},null],[1,3,null,{"Nothing":{}},["zz",4,5]]]"#);
        let known = |event: &Untold| (event.part, event.at.0, event.origin.via, event.happening.is_some());
        let events: Vec<_> = spoiled.events.iter().map(known).collect();
        assert_eq!(events, [(1, 2, Via::Web, false), (1, 3, Via::Web, false)]);
        for text in ["", "[]", "{}", "[[1]]"] {
            let events = read(1, text).events;
            assert_eq!((events.len(), &events[0].happening), (1, &None), "{text}");
        }
    }

    #[test]
    fn a_batch_is_bounded() {
        let mut written = Written::default();
        while written.has_room(usize::MAX) {
            written.add(event("a", Via::Web, 1)).expect("it is written");
        }
        assert_eq!(written.count(), EVENTS_MAX as i64);
        let mut long = Written::default();
        long.add(event(&"x".repeat(1_000), Via::Web, 1)).expect("it is written");
        assert!(long.has_room(2_000) && !long.has_room(1_000));
    }
}
