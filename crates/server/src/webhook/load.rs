//! Reads what is to be told, and writes it down as it will be told.

use std::collections::HashSet;

use bytes::Bytes;
use contract::webhook::{Origin, Webhook};
use contract::{Millis, Result};
use store::apps::App;
use store::webhooks::{Told, Waiting};
use store::{Snapshot, webhooks};

use super::recent::Recent;
use super::unread::Unread;
use super::{body, wanted};

/// What is known without the store.
pub(super) struct Memory {
    pub(super) unread: Unread,
    pub(super) recent: Recent,
}

/// Events that one read takes.
pub(super) const LOAD: usize = 500;

/// An event ready to be told.
pub(super) struct Event {
    pub(super) id: i64,
    pub(super) webhook: Webhook,
    pub(super) origin: Origin,
    pub(super) body: Bytes,
}

/// A loaded event.
pub(super) struct Ready {
    pub(super) id: i64,
    pub(super) part: i64,
    pub(super) at: Millis,
    pub(super) say: Say,
}

/// What to tell of it.
pub(super) enum Say {
    This(Event),
    /// The app has its webhook off.
    Off,
    /// What it would tell of is gone.
    Nothing,
}

/// Reads events and writes their bodies, with the counts that they tell, in one look at the store.
///
/// The ids are read first, in one look, and only of them the events: what is committed between the two looks may follow
/// upon something that the first look did not see, and must not be told before it.
pub(super) fn load(
    snapshot: &mut Snapshot<'_>,
    app: &App,
    memory: &Memory,
    known: &HashSet<i64>,
    after: i64,
) -> Result<Vec<Ready>> {
    let on = wanted(&app.settings);
    let mut ids = webhooks::ids(snapshot, after, LOAD + known.len())?;
    ids.retain(|id| !known.contains(id));
    ids.truncate(LOAD);
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Ok(Vec::new()) };
    let (first, last, wanted): (i64, i64, HashSet<i64>) = (*first, *last, ids.iter().copied().collect());
    let mut events = webhooks::load(snapshot, first - 1, last, webhooks::IDS_MAX)?;
    events.retain(|event| wanted.contains(&event.id));
    let messages = messages(snapshot, memory, &events)?;
    let mut ready = Vec::new();
    for (event, message) in events.into_iter().zip(messages) {
        let say = match &event.happening {
            None => {
                tracing::error!(app = %app.id, id = event.id, "an event cannot be read and is dropped");
                Say::Nothing
            }
            Some(happening) if !on.has(happening.webhook()) => Say::Off,
            Some(happening) => {
                let count = match body::counted(happening) {
                    Some(account) => memory.unread.of(snapshot, account)?,
                    None => 0,
                };
                let (id, webhook, origin) = (event.id, happening.webhook(), event.origin);
                let body = body::after(snapshot.app(), &event, message.as_ref(), count).map(Bytes::from);
                body.map_or(Say::Nothing, |body| Say::This(Event { id, webhook, origin, body }))
            }
        };
        ready.push(Ready { id: event.id, part: event.part, at: event.at, say });
    }
    Ok(ready)
}

/// The messages that events tell of, in the order of the events: those that are not remembered are read at once.
fn messages(snapshot: &mut Snapshot<'_>, memory: &Memory, events: &[Waiting]) -> Result<Vec<Option<Told>>> {
    let app = snapshot.app();
    let mut told: Vec<Option<Told>> = Vec::with_capacity(events.len());
    let (mut missing, mut places) = (Vec::new(), Vec::new());
    for event in events {
        let remembered = event.place.and_then(|(conversation, place)| memory.recent.take(app, conversation, place.seq));
        if let (None, Some(place)) = (&remembered, event.place) {
            missing.push(told.len());
            places.push(place);
        }
        told.push(remembered.map(|message| Told {
            sender: message.sender.clone(),
            key: message.key,
            body: message.body.to_string(),
            cloud: message.cloud.to_string(),
            flags: message.flags,
        }));
    }
    for (index, found) in missing.into_iter().zip(webhooks::messages(snapshot, &places)?) {
        told[index] = found;
    }
    Ok(told)
}
