//! Reads what is to be told, and writes it down as it will be told.

use std::collections::HashSet;

use bytes::Bytes;
use contract::webhook::{Origin, Webhook};
use contract::{Millis, Result};
use store::apps::App;
use store::{Snapshot, webhooks};

use super::unread::Unread;
use super::{body, wanted};

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
    unread: &Unread,
    known: &HashSet<i64>,
    after: i64,
) -> Result<Vec<Ready>> {
    let on = wanted(&app.settings);
    let mut ids = webhooks::ids(snapshot, after, LOAD + known.len())?;
    ids.retain(|id| !known.contains(id));
    ids.truncate(LOAD);
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Ok(Vec::new()) };
    let (first, last, wanted): (i64, i64, HashSet<i64>) = (*first, *last, ids.iter().copied().collect());
    let mut ready = Vec::new();
    for event in webhooks::load(snapshot, first - 1, last, webhooks::IDS_MAX)? {
        if !wanted.contains(&event.id) {
            continue;
        }
        let say = match &event.happening {
            None => {
                tracing::error!(app = %app.id, id = event.id, "an event cannot be read and is dropped");
                Say::Nothing
            }
            Some(happening) if !on.has(happening.webhook()) => Say::Off,
            Some(happening) => {
                let count = match body::counted(happening) {
                    Some(account) => unread.of(snapshot, account)?,
                    None => 0,
                };
                let (id, webhook, origin) = (event.id, happening.webhook(), event.origin);
                let body = body::after(snapshot.app(), &event, count).map(Bytes::from);
                body.map_or(Say::Nothing, |body| Say::This(Event { id, webhook, origin, body }))
            }
        };
        ready.push(Ready { id: event.id, part: event.part, at: event.at, say });
    }
    Ok(ready)
}
