//! One turn: a chunk, slice by slice. Each slice is handed to connected accounts, then sent to devices that are away;
//! then the chunk moves on in one write. Other writers wait behind every write, so there are few and short ones: where a
//! chunk ends is looked up before it is cut, and the last slice of a chunk is written down by what ends it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use contract::webhook::{Happening, Webhook};
use contract::{AppId, DeviceId, Failure, Millis, Result};
use store::broadcasts::{self, Broadcast, Chunk};
use store::deliveries::{self, Claim};
use store::{Snapshot, Store, Tx, audiences, push_counts};

use super::audience::Slice;
use super::outcomes::Outcomes;
use super::pace::Spell;
use super::tally::EXPIRED;
use super::{Audience, Shared, Tally};
use crate::engine::unique;
use crate::results::{self, Results};

mod devices;
mod notify;

pub(crate) use notify::number as number_of;

/// What a turn brought.
pub(super) enum Turn {
    /// Something; there may be more.
    Worked,
    /// Nothing is due before then.
    Nothing(Option<Millis>),
}

enum Found {
    /// With what became of its devices so far, and whether the app is told what vendors do with it.
    Chunk(Box<(Broadcast, Chunk, String)>, bool),
    /// The last chunk of a broadcast was cut before.
    Cut,
    /// Another one was cut since it was looked up where the next one ends.
    Moved,
    Nothing(Option<Millis>),
}

/// How often a turn looks where the next chunk ends, if others are always faster.
const LOOKS: usize = 3;

/// Where the next chunk ends.
struct Ahead {
    broadcast: i64,
    /// Where it begins.
    frontier: String,
    /// None if nobody is left.
    high: Option<String>,
}

/// How a walk through a chunk ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    Ended,
    /// Somebody else has the chunk, or its broadcast was revoked.
    Lost,
    /// The node stops.
    Stopped,
}

/// A place in the chunk for each lane that is behind.
type Behind = BTreeMap<String, String>;

struct Worker<'a> {
    shared: &'a Shared,
    spell: Spell<'a>,
    app: AppId,
    of: &'a Broadcast,
    audience: Audience,
    claim: Claim,
    chunk: Chunk,
    tally: Tally,
    /// Devices by what became of them, where devices are walked.
    outcomes: Option<Outcomes>,
    behind: Behind,
    /// When the first of the lanes that are behind takes something again.
    again_at: Option<Millis>,
    /// What goes into the counters with the next write.
    counted: push_counts::Tally,
    /// What the app is told with the next write.
    results: Results,
    /// Devices that have got it over our own connection, noted with the next write.
    reached: Vec<DeviceId>,
    /// What vendors took and refused, left for the webhook that tells of it with the next write; none if the app has it off.
    reports: Option<Vec<Happening>>,
}

pub(super) async fn turn(shared: &Arc<Shared>, app: AppId) -> Result<Turn> {
    if shared.is_stopping() {
        return Ok(Turn::Nothing(None));
    }
    let engine = &shared.engine;
    let settings = engine.settings();
    let spell = shared.pace.begin(engine.errands(), settings.give_way).await;
    let now = engine.now();
    let claim = Claim { node: settings.node, id: unique(), until: now.plus(settings.lease_ms) };
    let ((of, chunk, outcomes), is_told) = match take(engine.store(), app, now, claim).await? {
        Found::Chunk(found, is_told) => (*found, is_told),
        Found::Cut | Found::Moved => return Ok(Turn::Worked),
        Found::Nothing(due) => return Ok(Turn::Nothing(due)),
    };
    let number = chunk.number;
    let audience: Audience = serde_json::from_str(&of.order.audience).map_err(Failure::internal)?;
    let is_by_device = matches!(audience, Audience::Devices(_));
    let mut worker = Worker {
        tally: Tally::read(&chunk.progress.statuses),
        outcomes: if is_by_device { Some(Outcomes::read(&outcomes)?) } else { None },
        behind: serde_json::from_str(&chunk.progress.behind).map_err(Failure::internal)?,
        audience,
        again_at: None,
        counted: push_counts::Tally::new(),
        results: Results::new(),
        reached: Vec::new(),
        reports: is_told.then(Vec::new),
        of: &of,
        shared,
        spell,
        app,
        claim,
        chunk,
    };
    let done = tokio::select! {
        done = worker.run() => done,
        never = renew(shared, app, of.order.number, number, claim) => never,
    };
    if done.is_err() {
        // Whoever takes it next begins at the slice that failed.
        worker.give_back(engine.now().plus(1_000)).await?;
    }
    worker.spell.rest().await;
    done.map(|()| Turn::Worked)
}

/// Takes a chunk. Where the next one ends is read before: a walk through an audience is nothing for the one writer.
async fn take(store: &Store, app: AppId, now: Millis, claim: Claim) -> Result<Found> {
    for _ in 0..LOOKS {
        let (due, ahead) = store.read(app, move |snapshot| look(snapshot, now)).await?;
        if due.is_none_or(|due| due > now) {
            return Ok(Found::Nothing(due));
        }
        let found = store.write(app, move |tx| find(tx, now, &claim, ahead.as_ref())).await?;
        if !matches!(found, Found::Moved) {
            return Ok(found);
        }
    }
    Ok(Found::Moved)
}

/// When something is due, and where the next chunk ends.
fn look(snapshot: &mut Snapshot<'_>, now: Millis) -> Result<(Option<Millis>, Option<Ahead>)> {
    let due = broadcasts::due(snapshot)?;
    let Some(next) = broadcasts::frontier(snapshot, now)? else { return Ok((due, None)) };
    let audience: Audience = serde_json::from_str(&next.audience).map_err(Failure::internal)?;
    let high = if next.expires_at <= now { None } else { audience.page(snapshot, &next.key)? };
    Ok((due, Some(Ahead { broadcast: next.broadcast, frontier: next.key, high })))
}

/// Takes a chunk that is due, or cuts the next one.
fn find(tx: &mut Tx<'_>, now: Millis, claim: &Claim, ahead: Option<&Ahead>) -> Result<Found> {
    if let Some(chunk) = broadcasts::claim(tx, now, claim)? {
        let of = broadcasts::get(tx, chunk.broadcast)?;
        let of = of.ok_or_else(|| Failure::internal("a chunk has no broadcast"))?;
        let outcomes = broadcasts::outcomes_of(tx, chunk.broadcast, chunk.number)?;
        return Ok(Found::Chunk(Box::new((of, chunk, outcomes)), tx.wants(Webhook::AllMemberPush)));
    }
    let Some(of) = broadcasts::next(tx, now)? else { return Ok(Found::Nothing(broadcasts::due(tx)?)) };
    let fits = |ahead: &&Ahead| ahead.broadcast == of.order.number && ahead.frontier == of.frontier;
    let Some(ahead) = ahead.filter(fits) else { return Ok(Found::Moved) };
    Ok(match broadcasts::cut(tx, now, &of, ahead.high.as_deref(), claim)? {
        Some(chunk) => Found::Chunk(Box::new((of, chunk, String::new())), tx.wants(Webhook::AllMemberPush)),
        None => Found::Cut,
    })
}

/// Keeps the lease while a slice is under way; whoever waits for the slice ends this.
async fn renew(shared: &Shared, app: AppId, broadcast: i64, number: i64, claim: Claim) -> Result<()> {
    let lease_ms = shared.engine.settings().lease_ms;
    let third = Duration::from_millis((lease_ms / 3).max(1) as u64);
    loop {
        tokio::time::sleep(third).await;
        let until = shared.engine.now().plus(lease_ms);
        let renew = move |tx: &mut Tx<'_>| broadcasts::renew(tx, broadcast, number, &claim, until);
        match shared.engine.store().write(app, renew).await {
            Ok(true) => {}
            Ok(false) => tracing::debug!(%app, broadcast, "the lease of a chunk is gone"),
            Err(error) => tracing::warn!(%app, %error, "the lease of a chunk could not be renewed"),
        }
    }
}

impl Worker<'_> {
    fn store(&self) -> &Store {
        self.shared.engine.store()
    }

    fn now(&self) -> Millis {
        self.shared.engine.now()
    }

    async fn run(&mut self) -> Result<()> {
        if self.of.order.expires_at <= self.now() {
            self.tally.count(EXPIRED);
            self.behind.clear();
            return self.end().await;
        }
        let mut walked = self.walk().await?;
        // Lanes that fell behind in this turn wait for their time.
        let before: Behind = serde_json::from_str(&self.chunk.progress.behind).unwrap_or_default();
        let late: Vec<String> = before.into_keys().filter(|lane| self.behind.contains_key(lane)).collect();
        for lane in late {
            if walked == Walk::Ended && self.again_at.is_none() {
                walked = self.catch_up(&lane).await?;
            }
        }
        match walked {
            Walk::Lost => Ok(()),
            Walk::Stopped => self.give_back(self.now()).await,
            Walk::Ended if self.behind.is_empty() => self.end().await,
            Walk::Ended => self.give_back(self.again_at.unwrap_or_else(|| self.now())).await,
        }
    }

    /// Serves everybody from where the chunk is.
    async fn walk(&mut self) -> Result<Walk> {
        while self.chunk.progress.done != self.chunk.high {
            let (from, upto) = (self.chunk.progress.done.clone(), self.chunk.high.clone());
            let Some((slices, last)) = self.page(from, upto).await? else { break };
            for (index, slice) in slices.iter().enumerate() {
                if self.shared.is_stopping() {
                    return Ok(Walk::Stopped);
                }
                self.spell.slice().await;
                self.slice(slice).await?;
                if let Some(place) = slice.places.last() {
                    self.chunk.progress.done.clone_from(place);
                }
                let is_last = index + 1 == slices.len() && last == self.chunk.high;
                if is_last && self.behind.is_empty() {
                    // What ends the chunk writes this slice down, too.
                    return Ok(Walk::Ended);
                }
                if !self.save().await? {
                    return Ok(Walk::Lost);
                }
            }
            self.chunk.progress.done = last;
        }
        Ok(Walk::Ended)
    }

    /// Sends by a lane that was behind what it has missed.
    async fn catch_up(&mut self, lane: &str) -> Result<Walk> {
        loop {
            let (from, upto) = (self.behind.get(lane).cloned().unwrap_or_default(), self.chunk.high.clone());
            let Some((slices, last)) = self.page(from, upto).await? else {
                self.behind.remove(lane);
                return Ok(if self.save().await? { Walk::Ended } else { Walk::Lost });
            };
            for slice in &slices {
                if self.shared.is_stopping() {
                    return Ok(Walk::Stopped);
                }
                self.spell.slice().await;
                let place = self.behind.remove(lane).unwrap_or_default();
                self.notify(slice, &place, Some(lane)).await?;
                let is_behind = self.behind.contains_key(lane);
                if !is_behind {
                    let reached = slice.places.last().cloned().unwrap_or(place);
                    self.behind.insert(lane.to_owned(), reached);
                }
                if !self.save().await? {
                    return Ok(Walk::Lost);
                }
                if is_behind {
                    return Ok(Walk::Ended);
                }
            }
            self.behind.insert(lane.to_owned(), last);
        }
    }

    async fn page(&self, from: String, upto: String) -> Result<Option<(Vec<Slice>, String)>> {
        let audience = self.audience.clone();
        self.store().read(self.app, move |snapshot| audience.slices(snapshot, &from, &upto)).await
    }

    async fn slice(&mut self, slice: &Slice) -> Result<()> {
        let told = match slice.accounts.as_slice() {
            [] => 0,
            accounts => {
                self.spell.pause();
                let told = self.shared.hands.hand(self.app, &self.of.order, accounts).await?;
                self.spell.resume().await;
                told
            }
        };
        if !self.of.order.notification.is_empty() {
            let place = self.chunk.progress.done.clone();
            self.notify(slice, &place, None).await?;
        }
        self.chunk.progress.matched += slice.places.len() as i64;
        self.chunk.progress.told += told as i64;
        let counts = &self.shared.counts;
        counts.matched.fetch_add(slice.places.len() as u64, Ordering::Relaxed);
        counts.told.fetch_add(told, Ordering::Relaxed);
        Ok(())
    }

    async fn save(&mut self) -> Result<bool> {
        let (notes, claim, now) = (self.notes()?, self.claim, self.now());
        let chunk = self.chunk.clone();
        let until = now.plus(self.shared.engine.settings().lease_ms);
        let save = move |tx: &mut Tx<'_>| {
            let is_ours = broadcasts::save(tx, &chunk, &claim, until)?;
            if is_ours {
                keep(tx, now, &chunk, &notes)?;
            }
            Ok(is_ours)
        };
        self.store().write(self.app, save).await
    }

    /// What is to be written down since the last time.
    fn notes(&mut self) -> Result<Notes> {
        self.chunk.progress.statuses = self.tally.to_text();
        self.chunk.progress.behind = serde_json::to_string(&self.behind).map_err(Failure::internal)?;
        let noted = self.outcomes.as_ref().filter(|outcomes| !outcomes.is_empty());
        Ok(Notes {
            counted: std::mem::take(&mut self.counted),
            results: std::mem::take(&mut self.results),
            reached: std::mem::take(&mut self.reached),
            reports: self.reports.as_mut().map(std::mem::take).unwrap_or_default(),
            outcomes: noted.map(Outcomes::to_text).transpose()?,
        })
    }

    async fn give_back(&self, due: Millis) -> Result<()> {
        let (chunk, claim) = (self.chunk.clone(), self.claim);
        self.store().write(self.app, move |tx| broadcasts::postpone(tx, &chunk, &claim, due)).await.map(drop)
    }

    async fn end(&mut self) -> Result<()> {
        let (notes, claim, now) = (self.notes()?, self.claim, self.now());
        let chunk = self.chunk.clone();
        let join = |one: &str, other: &str| {
            let mut tally = Tally::read(one);
            tally.add(&Tally::read(other));
            tally.to_text()
        };
        let end = move |tx: &mut Tx<'_>| {
            let is_ours = broadcasts::end_chunk(tx, now, &chunk, &claim, join)?;
            if is_ours {
                keep(tx, now, &chunk, &notes)?;
            }
            Ok(is_ours)
        };
        if self.store().write(self.app, end).await? {
            self.shared.counts.chunks.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// What is written down with a chunk.
struct Notes {
    counted: push_counts::Tally,
    results: Results,
    reached: Vec<DeviceId>,
    reports: Vec<Happening>,
    outcomes: Option<String>,
}

/// Writes down what goes with a chunk. Whoever has lost the chunk counts nothing: another does it again.
fn keep(tx: &mut Tx<'_>, now: Millis, chunk: &Chunk, notes: &Notes) -> Result<()> {
    deliveries::count(tx, now, &notes.counted)?;
    results::tell(tx, now, &notes.results)?;
    if let Some(outcomes) = &notes.outcomes {
        broadcasts::set_outcomes(tx, chunk.broadcast, chunk.number, outcomes)?;
    }
    audiences::mark(tx, chunk.broadcast, &notes.reached)?;
    notes.reports.iter().try_for_each(|report| tx.after_hook(now, report))
}
