//! What is done every minute: files of hours that are over, and the end of what has outlived its time.
//!
//! One node at a time cares for the history of an app, by lease. All of it goes through the app's fair queue in small
//! pieces, and rests as long as it works, so that sends hardly notice.

use std::sync::Arc;
use std::time::Duration;

use contract::{AppId, Millis, Result, limit};
use object_store::ObjectStoreExt;
use store::apps::App;
use store::exports::{self, Mark};
use store::media;
use tokio::sync::watch;
use tracing::{error, info};

use super::history::Slot;
use super::{file_key, history_key, purge, trouble};
use crate::listen::ended;
use crate::node::Node;

const HOUR_MS: i64 = 3_600_000;
pub(super) const DAY_MS: i64 = 86_400_000;
/// How often a round is made.
const ROUND: Duration = Duration::from_mins(1);
/// A message may be committed some time after the moment that it carries.
pub(super) const GRACE_MS: i64 = 10 * 60_000;
/// An app's care is claimed for so long, and again with every piece of work.
pub(super) const LEASE_MS: i64 = 5 * 60_000;
/// How far back an app begins that was never cared for.
const FIRST_HOURS: i64 = 24;
/// Purges of an app begin at most so often.
const PURGE_MS: i64 = HOUR_MS;
/// Files that one transaction forgets.
const SWEEP_FILES: usize = 200;

/// How often it is looked for what processes that died left behind: a look reads the names of all files.
const CLEAR: Duration = Duration::from_hours(1);
/// Upload and row are both given up within this time, whoever receives the bytes.
const STAGED_MS: i64 = 2 * limit::UPLOAD_S * 1_000;
/// The time of a file is that of the last tick of a clock, and may lie before the moment at which it was made.
const TICK_MS: i64 = 1_000;

/// Makes rounds until the node stops, which has served since a moment.
pub async fn keep(node: Arc<Node>, since: Millis, mut stopped: watch::Receiver<bool>) {
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut clears = tokio::time::interval(CLEAR);
    // The one node of a store knows that nobody writes what was begun before it served.
    let mut first = node.store.is_exclusive().then_some(since.plus(-TICK_MS));
    loop {
        tokio::select! {
            _ = rounds.tick() => {}
            _ = clears.tick() => {
                let before = first.take().unwrap_or_else(|| node.clock.now().plus(-STAGED_MS));
                if let Err(error) = clear(&node, before).await {
                    error!(%error, "what was left half written could not be removed");
                }
                continue;
            }
            () = ended(&mut stopped) => return,
        }
        // What a round leaves undone when the node stops, the next one does: each piece stands alone.
        tokio::select! {
            done = round(&node) => if let Err(error) = done {
                error!(%error, "history and files could not be looked after");
            },
            () = ended(&mut stopped) => return,
        }
    }
}

/// Removes files that were begun and not written to since a moment: their process died.
pub async fn clear(node: &Node, before: Millis) -> Result<()> {
    let cleared = node.media.clear_staged(before).await?;
    if cleared > 0 {
        metrics::counter!("noroshi_media_removed_total").increment(cleared as u64);
        info!(cleared, "removed files that were left half written");
    }
    Ok(())
}

/// Makes one round over all apps.
pub async fn round(node: &Node) -> Result<()> {
    let mut after = AppId(i64::MIN);
    loop {
        let page = node.store.read(AppId::PLATFORM, move |snapshot| exports::apps(snapshot, after)).await?;
        let Some(last) = page.last() else { break };
        after = *last;
        for app in page.into_iter().filter_map(|id| node.apps.get(id)) {
            // Thousands of apps have nothing to do for most of an hour, and a claim is a write.
            let now = node.clock.now();
            if node.media.cares.lock().get(&app.id).is_some_and(|next| now < *next) {
                continue;
            }
            match care(node, &app).await {
                Ok(Some(next)) => drop(node.media.cares.lock().insert(app.id, next)),
                Ok(None) => {}
                Err(error) => error!(app = %app.id, %error, "the history of an app could not be looked after"),
            }
        }
    }
    let now = node.clock.now();
    let apps = node.store.read(AppId::PLATFORM, move |snapshot| media::apps_expired(snapshot, now)).await?;
    for app in apps {
        sweep(node, app, now).await?;
    }
    Ok(())
}

/// Cares for the history of one app, unless another node does. Answers when there is more to do, if that is known.
async fn care(node: &Node, app: &App) -> Result<Option<Millis>> {
    let (now, by) = (node.clock.now(), node.id);
    let this_hour = now.0.div_euclid(HOUR_MS);
    let until = now.plus(LEASE_MS);
    let first = this_hour - FIRST_HOURS;
    let Some(mark) = node.store.write(app.id, move |tx| exports::claim(tx, now, by, until, first)).await? else {
        return Ok(None);
    };
    let done = care_held(node, app, mark).await;
    // Whatever happened, what was reached is kept and the next node need not wait for the lease.
    let reached = match &done {
        Ok(reached) => *reached,
        Err(_) => mark,
    };
    node.store.write(app.id, move |tx| exports::release(tx, by, reached)).await?;
    done.map(|reached| Some(next(app, now, reached)))
}

/// When the next hour may be written or the next purge begins. An operator's change is seen within the hour.
fn next(app: &App, now: Millis, reached: Mark) -> Millis {
    let mut next = now.plus(HOUR_MS);
    if app.settings.has_history_files {
        next = next.min(Millis((reached.next_hour + 1) * HOUR_MS + GRACE_MS));
    }
    next.min(reached.purged_at.plus(PURGE_MS))
}

async fn care_held(node: &Node, app: &App, mut mark: Mark) -> Result<Mark> {
    let now = node.clock.now();
    let oldest = (now.0 - limit::HISTORY_FILE_DAYS * DAY_MS).div_euclid(HOUR_MS);
    // The first hour that may not be written yet.
    let end = (now.0 - GRACE_MS).div_euclid(HOUR_MS);
    mark.next_hour = mark.next_hour.max(oldest);
    if app.settings.has_history_files {
        while mark.next_hour < end {
            if !write(node, app, mark.next_hour).await? {
                return Ok(mark);
            }
            mark.next_hour += 1;
        }
    } else {
        mark.next_hour = mark.next_hour.max(end);
    }
    forget_files(node, app.id, oldest).await?;
    if mark.purged_at.plus(PURGE_MS) <= now && purge::all(node, app).await? {
        mark.purged_at = now;
    }
    Ok(mark)
}

/// Writes the files of an hour. Answers false if another node cares for the app by now.
async fn write(node: &Node, app: &App, hour: i64) -> Result<bool> {
    let mut files = Vec::new();
    for is_group in [false, true] {
        let slot = Slot { app: app.id, hour, is_group, zone_hours: app.settings.zone_hours };
        let export = node.media.write_hour(&node.store, node.clock.now(), slot).await?;
        if export.messages > 0 {
            metrics::counter!("noroshi_history_files_total").increment(1);
            info!(app = %app.id, hour, is_group, messages = export.messages, "a file of history is written");
        }
        files.push(export);
    }
    let (by, until) = (node.id, node.clock.now().plus(LEASE_MS));
    node.store.write(app.id, move |tx| exports::finish(tx, by, until, hour, &files)).await
}

/// Removes files of history after their time, the bytes first: a row without bytes is found again, bytes without a row
/// are not.
async fn forget_files(node: &Node, app: AppId, oldest: i64) -> Result<()> {
    loop {
        let hours = node.store.read(app, move |snapshot| exports::before(snapshot, oldest)).await?;
        if hours.is_empty() {
            return Ok(());
        }
        for (hour, is_group) in hours.iter().flat_map(|hour| [(*hour, false), (*hour, true)]) {
            remove(node, &history_key(app, hour, is_group)).await?;
        }
        node.store.write(app, move |tx| exports::remove(tx, &hours)).await?;
    }
}

async fn remove(node: &Node, key: &object_store::path::Path) -> Result<()> {
    match node.media.objects.delete(key).await {
        // Whoever was interrupted after the bytes and before the row comes here twice.
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(trouble(error).into()),
    }
}

/// Removes uploaded files after their time, and uploads that never came.
async fn sweep(node: &Node, app: AppId, now: Millis) -> Result<()> {
    loop {
        let ids = node.store.read(app, move |snapshot| media::expired(snapshot, now, SWEEP_FILES)).await?;
        if ids.is_empty() {
            return Ok(());
        }
        for id in &ids {
            remove(node, &file_key(app, id)).await?;
        }
        metrics::counter!("noroshi_media_removed_total").increment(ids.len() as u64);
        node.store.write(app, move |tx| media::remove(tx, &ids)).await?;
    }
}
