//! Reads what is to be told, and writes it down as it will be told.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use contract::webhook::{Happening, Origin, Untold, Wanted, Webhook};
use contract::{ConversationId, Millis, Place, Result, UserId};
use store::apps::App;
use store::webhooks::Told;
use store::{Snapshot, Store, webhooks};

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
    Off(Webhook),
    /// What it would tell of is gone.
    Nothing,
}

/// An event with what it tells, as far as that is known.
struct Half {
    event: Arc<Untold>,
    is_on: bool,
    message: Option<Told>,
    count: Option<i64>,
}

impl Half {
    /// What the memory knows of an event.
    fn recall(app: &App, memory: &Memory, on: Wanted, event: Arc<Untold>) -> Self {
        let is_on = event.happening.as_ref().is_some_and(|happening| on.has(happening.webhook()));
        let mut half = Self { event, is_on, message: None, count: None };
        if let Some((conversation, place)) = half.lacks_message() {
            half.message = memory.recent.take(app.id, conversation, place.seq).map(|message| Told {
                sender: message.sender.clone(),
                key: message.key,
                body: message.body.to_string(),
                cloud: message.cloud.to_string(),
                flags: message.flags,
            });
        }
        half.count = half.lacks_count().and_then(|account| memory.unread.known(app.id, account));
        half
    }

    fn lacks_message(&self) -> Option<(ConversationId, Place)> {
        // What happened in a group is told with the event itself.
        let is_told_of = matches!(self.event.happening, Some(Happening::Sent { .. } | Happening::SentToRobot { .. }));
        self.event.place.filter(|_| is_told_of && self.is_on && self.message.is_none())
    }

    fn lacks_count(&self) -> Option<&UserId> {
        let happening = self.event.happening.as_ref().filter(|_| self.is_on && self.count.is_none());
        happening.and_then(body::counted)
    }

    fn ready(self, app: &App) -> Ready {
        let Self { event, is_on, message, count } = self;
        let say = match &event.happening {
            None => {
                tracing::error!(app = %app.id, id = event.id, "an event cannot be read and is dropped");
                Say::Nothing
            }
            Some(happening) if !is_on => Say::Off(happening.webhook()),
            Some(happening) => {
                let body = body::after(app.id, &event, message.as_ref(), count.unwrap_or_default()).map(Bytes::from);
                let (id, webhook, origin) = (event.id, happening.webhook(), event.origin);
                body.map_or(Say::Nothing, |body| Say::This(Event { id, webhook, origin, body }))
            }
        };
        Ready { id: event.id, part: event.part, at: event.at, say }
    }
}

/// Reads events.
///
/// The ids are read first, in one look, and only of them the events: what is committed between the two looks may follow
/// upon something that the first look did not see, and must not be told before it.
pub(super) fn load(snapshot: &mut Snapshot<'_>, known: &HashSet<i64>, after: i64) -> Result<Vec<Arc<Untold>>> {
    let mut ids = webhooks::ids(snapshot, after, LOAD + known.len())?;
    ids.retain(|id| !known.contains(id));
    ids.truncate(LOAD);
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Ok(Vec::new()) };
    let (first, last, wanted): (i64, i64, HashSet<i64>) = (*first, *last, ids.iter().copied().collect());
    let events = webhooks::load(snapshot, first - 1, last, webhooks::IDS_MAX)?;
    Ok(events.into_iter().filter(|event| wanted.contains(&event.id)).map(Arc::new).collect())
}

/// Writes the bodies of events; the store is asked only for what nobody remembers.
pub(super) async fn finish(
    store: &Store,
    app: &App,
    memory: &Arc<Memory>,
    events: Vec<Arc<Untold>>,
) -> Result<Vec<Ready>> {
    let on = wanted(&app.settings);
    let mut halves: Vec<Half> = events.into_iter().map(|event| Half::recall(app, memory, on, event)).collect();
    let gaps = Arc::new(Gaps::of(&halves));
    if !gaps.is_empty() {
        let (asked, memory) = (Arc::clone(&gaps), Arc::clone(memory));
        let found = store.read(app.id, move |snapshot| asked.read(snapshot, &memory)).await?;
        gaps.fill(found, &mut halves);
    }
    Ok(halves.into_iter().map(|half| half.ready(app)).collect())
}

/// What the memory does not know of some events, each with the place of its event among them.
struct Gaps {
    messages: (Vec<usize>, Vec<(ConversationId, Place)>),
    counts: (Vec<usize>, Vec<UserId>),
}

impl Gaps {
    fn of(halves: &[Half]) -> Self {
        let each = || halves.iter().enumerate();
        Self {
            messages: each().filter_map(|(index, half)| Some((index, half.lacks_message()?))).unzip(),
            counts: each().filter_map(|(index, half)| Some((index, half.lacks_count()?.clone()))).unzip(),
        }
    }

    fn is_empty(&self) -> bool {
        self.messages.0.is_empty() && self.counts.0.is_empty()
    }

    /// Reads what is missing: the counts first, which must not be of an earlier moment than what is heard meanwhile.
    fn read(&self, snapshot: &mut Snapshot<'_>, memory: &Memory) -> Result<(Vec<Option<Told>>, Vec<i64>)> {
        let counts = memory.unread.of(snapshot, &self.counts.1)?;
        Ok((webhooks::messages(snapshot, &self.messages.1)?, counts))
    }

    fn fill(&self, (messages, counts): (Vec<Option<Told>>, Vec<i64>), halves: &mut [Half]) {
        for (index, message) in self.messages.0.iter().zip(messages) {
            halves[*index].message = message;
        }
        for (index, count) in self.counts.0.iter().zip(counts) {
            halves[*index].count = Some(count);
        }
    }
}
