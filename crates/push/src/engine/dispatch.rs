//! Sends without rows: a broadcast hands a lane what is due and learns at once what became of it.
//!
//! The lane is the one that sends everything else of its credential, with its circuit, its rate and its bound; only the
//! claim and the writing down are the caller's.

use std::collections::HashSet;
use std::sync::Arc;

use contract::{AppId, Millis, Result};
use store::deliveries::{self, Claimed, Settled};
use store::devices;

use super::driver::Key;
use super::lane::{Lane, Road};
use super::work::{self, Outcome};
use super::{Engine, Shared};

/// What became of rows.
#[derive(Debug, Default)]
pub(crate) struct Dispatched {
    /// Those that were sent, or need not be. What did not end is to be tried again by whoever keeps it.
    pub(crate) settled: Vec<Settled>,
    /// Those that the lane does not take now, in their order.
    pub(crate) left: Vec<Claimed>,
    /// When it takes them, if some are left.
    pub(crate) again_at: Millis,
}

impl Engine {
    /// Sends rows of one lane that nobody else knows of.
    pub(crate) async fn dispatch(&self, app: AppId, lane: &str, rows: Vec<Claimed>) -> Result<Dispatched> {
        run(&self.shared, app, lane, rows).await
    }
}

async fn run(shared: &Arc<Shared>, app: AppId, name: &str, mut rows: Vec<Claimed>) -> Result<Dispatched> {
    let lane = shared.lane(&Key { app, lane: Arc::from(name) });
    let road = lane.road(shared, lane.print(shared)).await?;
    let mut done = Dispatched::default();
    while !rows.is_empty() {
        let admitted = if shared.is_running() { lane.admit(shared.now(), true) } else { Err(shared.now()) };
        let (count, is_probe) = match admitted {
            Ok(admitted) => admitted,
            Err(at) => {
                done.left = rows;
                // A moment at least: a full bucket has something in it by then.
                done.again_at = at.max(shared.now().plus(1));
                break;
            }
        };
        let is_probe = is_probe && matches!(road, Road::Vendor(_));
        let count = if is_probe { 1 } else { count.max(1).min(rows.len()) };
        let Ok(permits) = Arc::clone(&shared.permits).acquire_many_owned(count as u32).await else { break };
        let rest = rows.split_off(count);
        let mut back = batch(shared, &lane, &road, rows, &mut done).await?;
        drop(permits);
        back.extend(rest);
        rows = back;
    }
    Ok(done)
}

/// Sends a batch. Answers those that a circuit kept back.
async fn batch(
    shared: &Arc<Shared>,
    lane: &Arc<Lane>,
    road: &Road,
    rows: Vec<Claimed>,
    done: &mut Dispatched,
) -> Result<Vec<Claimed>> {
    lane.took(rows.len());
    let mut outcome = Outcome::default();
    let ready = work::sort(rows.clone(), road, &lane.key.lane, shared.now(), &mut outcome);
    work::send(shared, lane, road, ready, None, &mut outcome).await;
    note(shared, lane, &outcome).await?;
    done.settled.append(&mut outcome.settled);
    let back: HashSet<(i64, i64)> = outcome.back.into_iter().collect();
    Ok(rows.into_iter().filter(|row| back.contains(&(row.task, row.number))).collect())
}

/// Writes down what a batch tells of tokens and of the lane.
async fn note(shared: &Arc<Shared>, lane: &Arc<Lane>, outcome: &Outcome) -> Result<()> {
    let is_first = lane.is_first_delivery(&outcome.settled);
    if !is_first && outcome.dead.is_empty() {
        return Ok(());
    }
    let (now, name, dead) = (shared.now(), Arc::clone(&lane.key.lane), outcome.dead.clone());
    let write = move |tx: &mut store::Tx<'_>| {
        if is_first {
            deliveries::note_delivered(tx, now, &name)?;
        }
        let channel = deliveries::parse_lane(&name).map_or(&*name, |(channel, _)| channel);
        dead.iter().try_for_each(|(token, since)| devices::drop_token(tx, channel, token, *since))
    };
    shared.store.write(lane.key.app, write).await
}
