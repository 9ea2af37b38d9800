//! What the tests of several vendors need: a message, an answer, and the proof that a table is reached whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use contract::Millis;
use contract::codes::Family;
use contract::notification::Notification;
use http::{HeaderName, HeaderValue};

use super::Refusal;
use super::wire::{Judged, Reply};
use crate::channel::{Answer, Outgoing};

/// The moment of the tests.
pub(super) const NOW: Millis = Millis(1_800_000_000_000);

/// A message that expires in a day.
pub(super) fn outgoing(token: &str, notification: Notification) -> Outgoing {
    Outgoing {
        id: [0x12; 16],
        token: token.to_owned(),
        notification: Arc::new(notification),
        expires_at: NOW.plus(86_400_000),
        attempt: 1,
    }
}

/// A short notification.
pub(super) fn hello() -> Notification {
    Notification { title: "Title".into(), body: "Body".into(), ..Notification::default() }
}

/// An answer from the wire.
pub(super) fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.as_bytes().to_vec(), ..Reply::default() }
}

/// The answer with one more header.
pub(super) fn with_header(mut reply: Reply, name: &'static str, value: &'static str) -> Reply {
    reply.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    reply
}

/// Every published number of a family is the status of an answer that the vendor can give, or of a refusal of our own.
/// A success keeps its number in the vendor's words.
pub(super) fn reaches_every_row(family: Family, judge: impl Fn(i32) -> Judged, own: &[Refusal]) {
    let mut reached = BTreeSet::new();
    let mut note = |answer: &Answer| match answer.verdict.status() {
        Some(status) if status.family == family.as_str() => {
            reached.insert(status.number);
        }
        Some(_) => {}
        None => {
            reached.extend(answer.said.code.parse::<i32>());
        }
    };
    for number in family.rows().iter().filter_map(contract::codes::Row::number) {
        let judged = judge(number);
        note(&judged.all);
        judged.named.values().for_each(&mut note);
    }
    for answer in own {
        note(answer);
    }
    let missed: Vec<_> = family
        .rows()
        .iter()
        .filter(|row| row.number().is_some_and(|number| !reached.contains(&number)))
        .map(|row| row.name)
        .collect();
    assert!(missed.is_empty(), "never the status of anything: {missed:?}");
}
