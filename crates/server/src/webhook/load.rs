//! Reads what is to be told, and writes it down as it will be told.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use contract::webhook::{Batch, Happening, Origin, Untold, Wanted, Webhook};
use contract::{ConversationId, Millis, Place, Result, UserId};
use store::apps::App;
use store::webhooks::{Moment, Told};
use store::{Snapshot, Store, webhooks};

use super::key::Key;
use super::shelf::Shelf;
use super::unread::Unread;
use super::{body, wanted};

/// Events after which a read takes no further batch.
pub(super) const LOAD: usize = 500;

/// An event ready to be told.
pub(super) struct Event {
    pub(super) key: Key,
    pub(super) webhook: Webhook,
    pub(super) origin: Origin,
    pub(super) body: Bytes,
}

/// A loaded event.
pub(super) struct Ready {
    pub(super) key: Key,
    /// How many its batch has.
    pub(super) of: usize,
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
    batch: Arc<Batch>,
    index: usize,
    is_on: bool,
    message: Option<Told>,
    count: Option<i64>,
}

impl Half {
    /// What is known of an event without the store.
    fn recall(app: &App, unread: &Unread, on: Wanted, batch: Arc<Batch>, index: usize) -> Self {
        let happening = batch.events[index].happening.as_ref();
        let is_on = happening.is_some_and(|happening| on.has(happening.webhook()));
        let mut half = Self { batch, index, is_on, message: None, count: None };
        half.message = half.event().message.as_ref().map(|message| Told {
            sender: message.sender.clone(),
            key: message.key,
            body: Arc::clone(&message.body),
            cloud: Arc::clone(&message.cloud),
            flags: message.flags,
        });
        half.count = half.lacks_count().and_then(|account| unread.known(app.id, account));
        half
    }

    fn event(&self) -> &Untold {
        &self.batch.events[self.index]
    }

    fn lacks_message(&self) -> Option<(ConversationId, Place)> {
        // What happened in a group is told with the event itself.
        let is_told_of = matches!(self.event().happening, Some(Happening::Sent { .. } | Happening::SentToRobot { .. }));
        self.event().place.filter(|_| is_told_of && self.is_on && self.message.is_none())
    }

    fn lacks_count(&self) -> Option<&UserId> {
        let happening = self.event().happening.as_ref().filter(|_| self.is_on && self.count.is_none());
        happening.and_then(body::counted)
    }

    fn ready(&self, app: &App) -> Ready {
        let (event, key) = (self.event(), Key { batch: self.batch.id, index: self.index });
        let say = match &event.happening {
            None => {
                let Key { batch, index } = key;
                tracing::error!(app = %app.id, batch, index, "an event cannot be read and is dropped");
                Say::Nothing
            }
            Some(happening) if !self.is_on => Say::Off(happening.webhook()),
            Some(happening) => {
                let body = body::after(app.id, (key, event), self.message.as_ref(), self.count.unwrap_or_default());
                let (webhook, origin) = (happening.webhook(), event.origin);
                body.map_or(Say::Nothing, |body| Say::This(Event { key, webhook, origin, body: Bytes::from(body) }))
            }
        };
        Ready { key, of: self.batch.events.len(), part: event.part, at: event.at, say }
    }
}

/// Reads batches.
///
/// The ids are read first, in one look, and only of them the batches: what is committed between the two looks may follow
/// upon something that the first look did not see, and must not be told before it.
pub(super) fn load(
    snapshot: &mut Snapshot<'_>,
    known: &HashSet<i64>,
    shelf: &Shelf,
    after: i64,
) -> Result<(Vec<Arc<Batch>>, Moment)> {
    let (mut ids, moment) = webhooks::ids(snapshot, after, LOAD + known.len())?;
    ids.retain(|(id, _)| !known.contains(id));
    let mut room = LOAD as i64;
    let mut wanted = Vec::new();
    for (id, count) in ids {
        if room <= 0 {
            break;
        }
        room -= count;
        wanted.push(id);
    }
    let (mut batches, missing) = shelf.take(&wanted);
    if !missing.is_empty() {
        batches.extend(webhooks::load(snapshot, &missing)?.into_iter().map(Arc::new));
        batches.sort_unstable_by_key(|batch| batch.id);
    }
    Ok((batches, moment))
}

/// Writes the bodies of events; the store is asked only for what nobody remembers.
pub(super) async fn finish(
    store: &Store,
    app: &App,
    unread: &Arc<Unread>,
    batches: Vec<Arc<Batch>>,
) -> Result<Vec<Ready>> {
    let on = wanted(&app.settings);
    let events = batches.iter().flat_map(|batch| (0..batch.events.len()).map(move |index| (Arc::clone(batch), index)));
    let mut halves: Vec<Half> = events.map(|(batch, index)| Half::recall(app, unread, on, batch, index)).collect();
    let gaps = Arc::new(Gaps::of(&halves));
    if !gaps.is_empty() {
        let (asked, unread) = (Arc::clone(&gaps), Arc::clone(unread));
        let found = store.read(app.id, move |snapshot| asked.read(snapshot, &unread)).await?;
        gaps.fill(found, &mut halves);
    }
    Ok(halves.iter().map(|half| half.ready(app)).collect())
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
    fn read(&self, snapshot: &mut Snapshot<'_>, unread: &Unread) -> Result<(Vec<Option<Told>>, Vec<i64>)> {
        let counts = unread.of(snapshot, &self.counts.1)?;
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
