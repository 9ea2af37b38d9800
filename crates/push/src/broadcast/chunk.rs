//! One turn: a chunk, slice by slice. Each slice is handed to connected accounts, then sent to devices that are away;
//! then the chunk moves on in one write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use contract::webhook::{Happening, Webhook};
use contract::{AppId, DeviceId, Failure, Millis, Result};
use store::broadcasts::{self, Broadcast, Chunk};
use store::deliveries::{self, Claim};
use store::{Store, Tx, audiences, push_counts};

use super::audience::Slice;
use super::outcomes::Outcomes;
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
    Nothing(Option<Millis>),
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
    let (engine, now) = (&shared.engine, shared.engine.now());
    let settings = engine.settings();
    let claim = Claim { node: settings.node, id: unique(), until: now.plus(settings.lease_ms) };
    let ((of, chunk, outcomes), is_told) = match engine.store().write(app, move |tx| find(tx, now, &claim)).await? {
        Found::Chunk(found, is_told) => (*found, is_told),
        Found::Cut => return Ok(Turn::Worked),
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
    done.map(|()| Turn::Worked)
}

/// Takes a chunk that is due, or cuts the next one.
fn find(tx: &mut Tx<'_>, now: Millis, claim: &Claim) -> Result<Found> {
    if let Some(chunk) = broadcasts::claim(tx, now, claim)? {
        let of = broadcasts::get(tx, chunk.broadcast)?;
        let of = of.ok_or_else(|| Failure::internal("a chunk has no broadcast"))?;
        let outcomes = broadcasts::outcomes_of(tx, chunk.broadcast, chunk.number)?;
        return Ok(Found::Chunk(Box::new((of, chunk, outcomes)), tx.wants(Webhook::AllMemberPush)));
    }
    let Some(of) = broadcasts::next(tx, now)? else { return Ok(Found::Nothing(broadcasts::due(tx)?)) };
    let audience: Audience = serde_json::from_str(&of.order.audience).map_err(Failure::internal)?;
    let high = if of.order.expires_at <= now { None } else { audience.page(tx, &of.frontier)? };
    Ok(match broadcasts::cut(tx, now, &of, high.as_deref(), claim)? {
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
        loop {
            let (from, upto) = (self.chunk.progress.done.clone(), self.chunk.high.clone());
            let Some((slices, last)) = self.page(from, upto).await? else { return Ok(Walk::Ended) };
            for slice in &slices {
                if self.shared.is_stopping() {
                    return Ok(Walk::Stopped);
                }
                self.slice(slice).await?;
                if let Some(place) = slice.places.last() {
                    self.chunk.progress.done.clone_from(place);
                }
                if !self.save().await? {
                    return Ok(Walk::Lost);
                }
            }
            self.chunk.progress.done = last;
        }
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
            accounts => self.shared.hands.hand(self.app, &self.of.order, accounts).await?,
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
        self.chunk.progress.statuses = self.tally.to_text();
        self.chunk.progress.behind = serde_json::to_string(&self.behind).map_err(Failure::internal)?;
        let (chunk, claim) = (self.chunk.clone(), self.claim);
        let now = self.now();
        let until = now.plus(self.shared.engine.settings().lease_ms);
        let (counted, reached) = (std::mem::take(&mut self.counted), std::mem::take(&mut self.reached));
        let reports = self.reports.as_mut().map(std::mem::take).unwrap_or_default();
        let results = std::mem::take(&mut self.results);
        let outcomes = self.outcomes.as_ref().map(Outcomes::to_text).transpose()?;
        let save = move |tx: &mut Tx<'_>| {
            // Whoever has lost the chunk counts nothing: another does it again.
            let is_ours = broadcasts::save(tx, &chunk, &claim, until)?;
            if is_ours {
                deliveries::count(tx, now, &counted)?;
                results::tell(tx, now, &results)?;
                if let Some(outcomes) = &outcomes {
                    broadcasts::set_outcomes(tx, chunk.broadcast, chunk.number, outcomes)?;
                }
                audiences::mark(tx, chunk.broadcast, &reached)?;
                reports.iter().try_for_each(|report| tx.after_hook(now, report))?;
            }
            Ok(is_ours)
        };
        self.store().write(self.app, save).await
    }

    async fn give_back(&self, due: Millis) -> Result<()> {
        let (chunk, claim) = (self.chunk.clone(), self.claim);
        self.store().write(self.app, move |tx| broadcasts::postpone(tx, &chunk, &claim, due)).await.map(drop)
    }

    async fn end(&mut self) -> Result<()> {
        self.chunk.progress.statuses = self.tally.to_text();
        let (chunk, claim, now) = (self.chunk.clone(), self.claim, self.now());
        let join = |one: &str, other: &str| {
            let mut tally = Tally::read(one);
            tally.add(&Tally::read(other));
            tally.to_text()
        };
        let end = move |tx: &mut Tx<'_>| broadcasts::end_chunk(tx, now, &chunk, &claim, join);
        if self.store().write(self.app, end).await? {
            self.shared.counts.chunks.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
