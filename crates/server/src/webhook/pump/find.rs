//! What a pump has the store do: keep its lease, delete what was told, and find more to tell, one thing at a time.

use std::collections::HashSet;
use std::sync::Arc;

use contract::webhook::Webhook;
use contract::{Millis, Result};
use futures_util::future::BoxFuture;
use store::webhooks::Moment;
use store::{Snapshot, webhooks};
use tokio::time::Instant;

use super::{DELETE, DELETE_AFTER, LEASE_MS, LOOK, PACE, PACE_HANDED, Pump, RENEW, RETRY, SETTINGS_LAG_MS};
use crate::webhook::load::{LOAD, Ready, Say, finish, load};

/// A look for events to tell.
#[derive(Clone, Copy)]
pub(super) struct Look {
    /// What was dropped since is to be read again, this with it.
    turn: u64,
    /// What is handed over in this stretch follows upon what was found.
    stretch: Option<u64>,
}

/// What the store was asked for.
pub(super) enum Done {
    Loaded(Look, Result<(Vec<Ready>, Moment)>),
    Removed(Vec<i64>, Result<u64>),
    Leased(Result<bool>),
}

impl Pump {
    /// What the store is to do next; one thing at a time, so that no read sees what a deletion has not forgotten.
    pub(super) fn next_work(&mut self, is_stopping: bool, is_alone: bool) -> Option<BoxFuture<'static, Done>> {
        let now = Instant::now();
        let (hooks, app) = (Arc::clone(&self.hooks), self.app);
        let must_lease = !hooks.store.is_exclusive() && self.renewed_at.is_none_or(|at| at + RENEW <= now);
        if must_lease && !is_stopping {
            return Some(Box::pin(async move {
                let (node, now) = (hooks.node, hooks.clock.now());
                let lease = move |tx: &mut store::Tx<'_>| webhooks::lease(tx, now, node, now.plus(LEASE_MS));
                Done::Leased(hooks.store.write(app, lease).await)
            }));
        }
        let is_due = self.told_since.is_some_and(|at| at + DELETE_AFTER <= now);
        let is_last = is_alone && is_stopping;
        // After a deletion that failed it lies in the future; a node that stops leaves it at that.
        let may_delete = self.told_since.is_some_and(|at| at <= now);
        if may_delete && (self.told.len() >= DELETE || is_due || is_last) {
            let ids = std::mem::take(&mut self.told);
            self.told_since = None;
            return Some(Box::pin(async move {
                let gone = ids.clone();
                let removed = hooks.store.write(app, move |tx| webhooks::remove(tx, &gone)).await;
                Done::Removed(ids, removed)
            }));
        }
        if self.rests_until.is_some_and(|at| at <= now) {
            self.rests_until = None;
            self.may_be_more = true;
        }
        if !hooks.store.is_exclusive() && self.looked_at + LOOK <= now {
            self.may_be_more = true;
        }
        if is_stopping || !self.may_be_more || self.is_full() || self.rests_until.is_some() {
            return None;
        }
        self.look(now)
    }

    /// Looks for more to tell: among what was handed over, or in the store.
    fn look(&mut self, now: Instant) -> Option<BoxFuture<'static, Done>> {
        if self.paced_until > now {
            return None;
        }
        (self.may_be_more, self.looked_at) = (false, now);
        let (hooks, app, turn) = (Arc::clone(&self.hooks), self.app, self.turn);
        let settings = hooks.apps.get(app)?;
        if let Some(stretch) = self.follows {
            if let Some(events) = self.bell.handed.take(stretch, self.cursor, LOAD) {
                if events.is_empty() {
                    return None;
                }
                let look = Look { turn, stretch: Some(stretch) };
                return Some(Box::pin(async move {
                    let ready = finish(&hooks.store, &settings, &hooks.unread, events).await;
                    Done::Loaded(look, ready.map(|ready| (ready, Moment::default())))
                }));
            }
            self.follows = None;
        }
        // On a store of our own everything behind the cursor is unknown.
        let is_ours = hooks.store.is_exclusive();
        let after = if is_ours { self.cursor } else { self.floor.settled() };
        let known = if is_ours { HashSet::new() } else { self.known.whole() };
        let look = Look { turn, stretch: is_ours.then(|| self.bell.handed.open()) };
        let bell = Arc::clone(&self.bell);
        if !is_ours {
            bell.shelf.open();
        }
        Some(Box::pin(async move {
            let load = move |snapshot: &mut Snapshot<'_>| load(snapshot, &known, &bell.shelf, after);
            let ready = match hooks.store.read(app, load).await {
                Ok((events, moment)) => {
                    finish(&hooks.store, &settings, &hooks.unread, events).await.map(|ready| (ready, moment))
                }
                Err(error) => Err(error),
            };
            Done::Loaded(look, ready)
        }))
    }

    /// Takes what the store has done. Answers false if this node must not go on.
    pub(super) fn take(&mut self, done: Done) -> bool {
        match done {
            Done::Leased(Ok(true)) => self.renewed_at = Some(Instant::now()),
            Done::Leased(Ok(false)) => return false,
            Done::Leased(Err(error)) => {
                tracing::warn!(app = %self.app, %error, "the lease of webhooks could not be renewed");
                return false;
            }
            Done::Removed(ids, Ok(_)) => {
                for id in ids {
                    self.known.remove(id);
                }
            }
            Done::Removed(ids, Err(error)) => {
                tracing::warn!(app = %self.app, %error, "what was told could not be deleted");
                self.told_since = Some(Instant::now() + RETRY);
                self.told.extend(ids);
            }
            Done::Loaded(look, _) if look.turn != self.turn => {}
            Done::Loaded(look, Ok((events, moment))) => self.queue(look, events, moment),
            Done::Loaded(_, Err(error)) => {
                tracing::warn!(app = %self.app, %error, "events to tell could not be read");
                // What was handed over is gone with it, and is in the store.
                self.follows = None;
                self.rests_until = Some(Instant::now() + RETRY);
            }
        }
        true
    }

    fn queue(&mut self, look: Look, events: Vec<Ready>, moment: Moment) {
        let keep_s = self.hooks.apps.get(self.app).map_or(0, |app| app.settings.webhook.keep_s);
        let oldest = self.hooks.clock.now().plus(-keep_s.saturating_mul(1_000));
        let is_cut = events.len() >= LOAD;
        let read_to = events.last().filter(|_| is_cut).map_or(i64::MAX, |last| last.key.batch);
        self.may_be_more |= is_cut;
        if !is_cut {
            self.follows = look.stretch;
            let pace = if self.follows.is_some() { PACE_HANDED } else { PACE };
            self.paced_until = self.looked_at + pace;
        }
        let mut old = 0;
        for Ready { key, of, part, at, say } in events {
            if let Say::Off(webhook) = say
                && self.may_be_news(webhook, at)
            {
                return self.rest(Instant::now() + RETRY);
            }
            self.cursor = self.cursor.max(key.batch);
            if !self.known.admit(key, of) {
                continue;
            }
            self.active_at = Instant::now();
            match say {
                Say::This(event) if at >= oldest => {
                    let place = self.parts.entry(part).or_default();
                    place.events.push_back(event);
                    self.held += 1;
                    if place.events.len() == 1 && !place.is_busy {
                        self.ready.push_back(part);
                    }
                }
                Say::This(_) => {
                    old += 1;
                    self.finish(key);
                }
                Say::Off(_) | Say::Nothing => self.finish(key),
            }
        }
        self.floor.note(moment, read_to, self.cursor, self.looked_at);
        if old > 0 {
            tracing::warn!(app = %self.app, count = old, keep_s, "events are too old to be told to a webhook");
            metrics::counter!("noroshi_webhook_dropped_total", "why" => "too_old").increment(old);
        }
    }

    /// Whether a webhook that was off when its event was looked at has been switched on since, or may have been on another
    /// node.
    fn may_be_news(&self, webhook: Webhook, at: Millis) -> bool {
        let is_on = self.hooks.apps.get(self.app).is_some_and(|app| app.settings.webhook.has(webhook));
        is_on || (!self.hooks.store.is_exclusive() && at.plus(SETTINGS_LAG_MS) > self.hooks.clock.now())
    }
}
