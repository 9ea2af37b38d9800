//! One claimed batch: sorts out what need not be sent, sends the rest under its lease, writes down what became of it.

use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use contract::notification::{Badge, Kind, Notification};
use contract::webhook::Webhook;
use contract::{DeviceId, Millis, Result};
use futures_util::FutureExt;
use futures_util::future::join_all;
use parking_lot::Mutex;
use store::deliveries::{self, Claim, Claimed, SELF_LANE, Settled};
use store::devices;
use store::push_counts::{Place, Tally};
use tokio::sync::OwnedSemaphorePermit;

use super::errands::Errand;
use super::lane::{Lane, Road, Slot};
use super::{Phase, Shared};
use crate::channel::{Answer, Channel, Outgoing, Recall, Verdict};
use crate::channels::notify_id;
use crate::credential::is_voip;
use crate::delivery;
use crate::recall;
use crate::results::{self, Results};

/// How often writing down is tried before the lease is left to run out.
const SETTLE_TRIES: u32 = 5;
/// The pause between two tries.
const SETTLE_PAUSE: Duration = Duration::from_millis(200);

/// Rows under one lease.
pub(super) struct Batch {
    pub(super) claim: Claim,
    pub(super) rows: Vec<Claimed>,
    pub(super) permits: OwnedSemaphorePermit,
    /// Only one may be sent: it shows whether the others can be.
    pub(super) is_probe: bool,
}

/// What became of a batch.
#[derive(Default, Clone)]
pub(super) struct Outcome {
    pub(super) settled: Vec<Settled>,
    /// Tokens to drop, each with the moment up to which its binding counts as dead.
    pub(super) dead: Vec<(String, Millis)>,
    /// Rows to give back unsent.
    pub(super) back: Vec<(i64, i64)>,
}

/// What is to be sent.
pub(super) type Ready = (Claimed, Arc<Notification>);

/// Sends what was claimed; it is on its way until it is with its channel. Answers whether some of it is not over.
pub(super) async fn run(
    shared: &Arc<Shared>,
    lane: &Arc<Lane>,
    road: &Road,
    batch: Batch,
    slot: Slot,
    errand: Errand,
) -> Result<bool> {
    let Batch { claim, rows, permits, is_probe } = batch;
    let lease = Mutex::new(claim);
    let places = places(&rows);
    let mut outcome = Outcome::default();
    let mut ready = sort(rows, road, &lane.key.lane, shared.now(), &mut outcome);
    if is_probe && ready.len() > 1 {
        outcome.back = ready.drain(1..).map(|(row, _)| (row.task, row.number)).collect();
    }
    if ready.is_empty() {
        drop(errand);
    } else {
        let keys: Vec<_> = ready.iter().map(|(row, _)| (row.task, row.number)).collect();
        let mut phase = shared.phase.subscribe();
        tokio::select! {
            () = errand.until_begun(send(shared, lane, road, ready, Some(slot), &mut outcome)) => {}
            () = renew(shared, lane, &lease) => {}
            // A device may get it twice; given back is better than left to the lease.
            _ = phase.wait_for(|phase| *phase == Phase::Closing) => outcome.back.extend(keys),
        }
    }
    let claim = *lease.lock();
    let is_open = !outcome.back.is_empty() || outcome.settled.iter().any(|row| !row.is_ended);
    let done = settle(shared, lane, claim, outcome, places).await;
    drop(permits);
    done.map(|()| is_open)
}

/// Ends what need not or cannot be sent, and reads the notifications of the rest, once per task.
pub(super) fn sort(rows: Vec<Claimed>, road: &Road, lane: &str, now: Millis, outcome: &mut Outcome) -> Vec<Ready> {
    let channel = deliveries::parse_lane(lane).map_or(lane, |(channel, _)| channel);
    let is_vendor = matches!(road, Road::Vendor(_));
    let mut known: BTreeMap<i64, Option<Arc<Notification>>> = BTreeMap::new();
    let mut ready = Vec::with_capacity(rows.len());
    for row in rows {
        let read = || {
            let text = serde_json::from_str(&row.notification).ok()?;
            Some(Arc::new(fit(text, channel, is_vendor.then_some(row.task))))
        };
        let notification = known.entry(row.task).or_insert_with(read).clone();
        // What is shown live has a token of its own, whoever is logged in on its device.
        let is_live = notification.as_ref().is_some_and(|one| one.live.is_some());
        let refused = if row.expires_at <= now {
            Some(delivery::expired(&row, now))
        } else if let Road::Nowhere(trouble) = road {
            Some(delivery::without_channel(&row, trouble, now))
        } else if !row.is_bound && !is_live {
            Some(delivery::unbound(&row, now))
        } else if is_vendor && row.token.is_none() && !is_live {
            Some(delivery::without_token(&row, now))
        } else {
            None
        };
        if let Some(refused) = refused {
            outcome.settled.push(refused);
            continue;
        }
        match notification {
            // Nothing is taken back over our own connection: what is there is the app's to clear.
            Some(notification) if notification.is_recall && !is_vendor => {
                outcome.settled.push(delivery::not_recalled(&row, now));
            }
            Some(notification) => {
                let notification = with_badge(&notification, row.badge);
                ready.push((row, notification));
            }
            None => outcome.settled.push(delivery::unreadable(&row, now)),
        }
    }
    ready
}

/// A call without a token that rings is an ordinary notification (tencent-im-rest reference, §7.2). What a vendor shows
/// of a task gets a number by which it can be replaced and taken back, unless it has one. Apple and Google show a text
/// without a title; the others refuse it, so a message of somebody without a nick has the account's name there.
fn fit(notification: Notification, channel: &str, task: Option<i64>) -> Notification {
    let is_call = notification.kind == Kind::Voip && is_voip(channel);
    let kind = if notification.kind == Kind::Voip && !is_call { Kind::Alert } else { notification.kind };
    let is_named = notify_id(&notification).is_some() || kind != Kind::Alert;
    let number = task.filter(|_| !is_named).map(|task| recall::number(&notification, task));
    let needs_title = task.is_some() && !channel.starts_with("apns") && channel != "fcm";
    let title = if notification.title.is_empty() && needs_title { &notification.sender } else { &notification.title };
    Notification { kind, title: title.clone(), notify_id: number.or(notification.notify_id), ..notification }
}

fn with_badge(notification: &Arc<Notification>, badge: Option<i64>) -> Arc<Notification> {
    match badge.and_then(|badge| u32::try_from(badge).ok()).map(Badge::Set) {
        Some(badge) if notification.badge != Some(badge) => {
            Arc::new(Notification { badge: Some(badge), ..(**notification).clone() })
        }
        _ => Arc::clone(notification),
    }
}

/// Keeps the lease while the batch is under way; whoever waits for the batch ends this. A lost lease is only noted: what
/// is sent is sent, and settling will leave the rows to those who have them now.
async fn renew(shared: &Shared, lane: &Lane, lease: &Mutex<Claim>) {
    let third = Duration::from_millis((shared.settings.lease_ms / 3).max(1) as u64);
    loop {
        tokio::time::sleep(third).await;
        let claim = *lease.lock();
        let until = shared.now().plus(shared.settings.lease_ms);
        let name = Arc::clone(&lane.key.lane);
        let renewed = shared.store.write(lane.key.app, move |tx| deliveries::renew(tx, &name, &claim, until)).await;
        match renewed {
            Ok(0) => tracing::warn!(app = %lane.key.app, lane = %lane.key.lane, "a lease ran out under way"),
            Ok(_) => lease.lock().until = until,
            Err(error) => tracing::warn!(app = %lane.key.app, %error, "a lease could not be renewed"),
        }
    }
}

/// Devices on good connections answer by then.
const BRIEF: Duration = Duration::from_secs(1);

/// Sends what is ready. Devices on our own connections are waited for as long as they may take, and the batch's place is given
/// back when most have answered; without a place to give back only for a moment: who has not answered by then is to be
/// asked by a row of its own.
pub(super) async fn send(
    shared: &Arc<Shared>,
    lane: &Lane,
    road: &Road,
    ready: Vec<Ready>,
    slot: Option<Slot>,
    outcome: &mut Outcome,
) {
    match road {
        Road::SelfBuilt => connections(shared, lane, ready, slot, outcome).await,
        Road::Vendor(channel) => vendor(shared, lane, channel, ready, outcome).await,
        // Sorted out before.
        Road::Nowhere(_) => {}
    }
}

async fn connections(shared: &Arc<Shared>, lane: &Lane, ready: Vec<Ready>, slot: Option<Slot>, outcome: &mut Outcome) {
    let deadline = shared.now().plus(shared.settings.ack.as_millis() as i64);
    // A little longer than the deadline, which is the connection's to keep.
    let longest = shared.settings.ack + Duration::from_secs(1);
    let is_brief = slot.is_none();
    let wait = if is_brief { BRIEF.min(longest) } else { longest };
    let pushed = ready.iter().map(|(row, notification)| async move {
        let id = delivery::id(row.task, row.number);
        let pushed = shared.self_built.push(lane.key.app, &row.device, id, notification, deadline);
        let acked = tokio::time::timeout(wait, AssertUnwindSafe(pushed).catch_unwind()).await;
        match acked {
            // Too soon to say.
            Err(_) if is_brief => None,
            acked => Some(acked.ok().and_then(std::result::Result::ok).unwrap_or(delivery::Acked::NoAnswer)),
        }
    });
    let mut acked = std::pin::pin!(join_all(pushed));
    let acked = if let Ok(acked) = tokio::time::timeout(BRIEF, &mut acked).await {
        acked
    } else {
        drop(slot);
        acked.await
    };
    let now = shared.now();
    let settled = ready.iter().zip(acked).map(|((row, _), acked)| match acked {
        Some(acked) => delivery::after_connection(row, acked, now),
        None => delivery::unheard(row, now),
    });
    outcome.settled.extend(settled);
}

async fn vendor(
    shared: &Arc<Shared>,
    lane: &Lane,
    channel: &Arc<dyn Channel>,
    mut ready: Vec<Ready>,
    outcome: &mut Outcome,
) {
    let max = channel.limits().batch_max.max(1);
    // What is sent and what is taken back are different calls.
    ready.sort_by_key(|(_, notification)| notification.is_recall);
    while !ready.is_empty() {
        // A circuit that a round has shut spares the others the same answer.
        if !lane.may_run(shared.now()) {
            outcome.back.extend(ready.drain(..).map(|(row, _)| (row.task, row.number)));
            break;
        }
        let is_recall = ready[0].1.is_recall;
        let same = ready.iter().take(max).take_while(|(_, notification)| notification.is_recall == is_recall).count();
        let rest = ready.split_off(same);
        let mut round = std::mem::replace(&mut ready, rest);
        if is_recall && channel.recall(&[]).is_none() {
            round = replaced(shared, round, outcome);
        }
        if round.is_empty() {
            continue;
        }
        let sent = AssertUnwindSafe(ask(channel, &round)).catch_unwind();
        let answers = match tokio::time::timeout(shared.settings.batch, sent).await {
            Ok(Ok(answers)) => answers,
            Ok(Err(_)) => lost(lane, "the channel panicked"),
            Err(_) => lost(lane, "the channel did not answer in time"),
        };
        judge(shared, lane, round, answers, outcome);
    }
}

/// One call's worth: a delivery, or a recall where the vendor knows one.
async fn ask(channel: &Arc<dyn Channel>, round: &[Ready]) -> Vec<Answer> {
    if round.iter().all(|(_, notification)| notification.is_recall) {
        let recall = |(row, notification): &Ready| Recall {
            token: row.token.clone().unwrap_or_default(),
            notify_id: recall::number(notification, row.task),
        };
        let recalls: Vec<Recall> = round.iter().map(recall).collect();
        if let Some(recalled) = channel.recall(&recalls) {
            return recalled.await;
        }
    }
    let messages: Vec<Outgoing> = round.iter().map(|(row, notification)| outgoing(row, notification)).collect();
    channel.deliver(&messages).await
}

/// What stands in for recalls at a vendor that knows none: the new text in the place of the old one. Those without a text
/// end here.
fn replaced(shared: &Shared, round: Vec<Ready>, outcome: &mut Outcome) -> Vec<Ready> {
    let now = shared.now();
    let mut left: Vec<Ready> = Vec::with_capacity(round.len());
    let mut shown: BTreeMap<i64, Arc<Notification>> = BTreeMap::new();
    for (row, notification) in round {
        if notification.body.is_empty() {
            outcome.settled.push(delivery::not_recalled(&row, now));
            continue;
        }
        let show = || Arc::new(Notification { is_recall: false, ..(*notification).clone() });
        let shown = Arc::clone(shown.entry(row.task).or_insert_with(show));
        left.push((row, shown));
    }
    left
}

fn lost(lane: &Lane, what: &str) -> Vec<Answer> {
    tracing::error!(app = %lane.key.app, lane = %lane.key.lane, what, "the outcome of a batch is not known");
    Vec::new()
}

/// The token by which a row is sent: its device's, or that of what is shown live.
fn token<'a>(row: &'a Claimed, notification: &'a Notification) -> Option<&'a String> {
    notification.live.as_ref().map(|live| &live.token).or(row.token.as_ref())
}

fn outgoing(row: &Claimed, notification: &Arc<Notification>) -> Outgoing {
    Outgoing {
        id: delivery::id(row.task, row.number),
        token: token(row, notification).cloned().unwrap_or_default(),
        notification: Arc::clone(notification),
        expires_at: row.expires_at,
        attempt: row.attempts + 1,
    }
}

fn judge(shared: &Shared, lane: &Lane, round: Vec<Ready>, answers: Vec<Answer>, outcome: &mut Outcome) {
    let now = shared.now();
    let drops = lane.learn(&answers, now);
    let mut answers = answers.into_iter().zip(drops);
    for (row, notification) in round {
        let Some((answer, may_drop)) = answers.next() else {
            outcome.settled.push(delivery::unknown(&row, "no answer", now));
            continue;
        };
        if let (Verdict::Gone { since, .. }, true, Some(token)) = (answer.verdict, may_drop, token(&row, &notification))
        {
            // Without the vendor's moment: the binding that was sent to, and none that came after it.
            outcome.dead.push((token.clone(), since.unwrap_or(row.bound_at)));
        }
        outcome.settled.push(delivery::after_answer(&row, answer, shared.settings.retries, now));
    }
}

/// Devices of the rows of a batch, and where they count.
type Places = HashMap<(i64, i64), (DeviceId, Place)>;

fn places(rows: &[Claimed]) -> Places {
    rows.iter().filter_map(|row| Some(((row.task, row.number), (row.device.clone(), row.place.clone()?)))).collect()
}

/// What became of rows, by where they count, and what the app is told of them.
fn tally(settled: &[Settled], places: &Places) -> (Tally, Results) {
    let (mut tally, mut results) = (Tally::new(), Results::new());
    for row in settled {
        if let Some((device, place)) = places.get(&(row.task, row.number)) {
            *tally.entry(place.clone()).or_default() += delivery::counts(row, &place.channel);
            results.entry(place.task).or_default().extend(results::of(row, device, place));
        }
    }
    (tally, results)
}

/// Writes everything down in one transaction. If that fails for long, the lease runs out and it is sent again.
async fn settle(shared: &Arc<Shared>, lane: &Arc<Lane>, claim: Claim, outcome: Outcome, places: Places) -> Result<()> {
    let now = shared.now();
    let counted = Arc::new(tally(&outcome.settled, &places));
    let is_first = lane.is_first_delivery(&outcome.settled);
    // Only what counts somewhere was asked for by a task that may want to be told.
    let ended = outcome.settled.iter().filter(|row| row.is_ended).map(|row| (row.task, row.number));
    let ended: Arc<Vec<(i64, i64)>> = Arc::new(ended.filter(|key| places.contains_key(key)).collect());
    let outcome = Arc::new(outcome);
    let mut tries = 0;
    loop {
        let (outcome, name, counted) = (Arc::clone(&outcome), Arc::clone(&lane.key.lane), Arc::clone(&counted));
        let ended = Arc::clone(&ended);
        let write = move |tx: &mut store::Tx<'_>| {
            tx.relax()?;
            let settled = deliveries::settle(tx, now, &claim, &outcome.settled)?;
            deliveries::release(tx, &claim, &outcome.back, now)?;
            if settled > 0 {
                results::tell(tx, now, &counted.1)?;
                tell(tx, now, &name, &outcome.settled)?;
                store::results::keep(tx, now, &ended)?;
            }
            if is_first {
                deliveries::note_delivered(tx, now, &name)?;
            }
            let channel = deliveries::parse_lane(&name).map_or(&*name, |(channel, _)| channel);
            for (token, since) in &outcome.dead {
                devices::drop_token(tx, channel, token, *since)?;
            }
            // A lost lease has changed nothing: whoever has it now counts. Last, because others wait for counters.
            if settled > 0 { deliveries::count(tx, now, &counted.0) } else { Ok(()) }
        };
        tries += 1;
        match shared.store.write(lane.key.app, write).await {
            Ok(()) => return Ok(()),
            Err(error) if tries == SETTLE_TRIES => return Err(error),
            Err(error) => tracing::warn!(app = %lane.key.app, %error, "verdicts could not be written, trying again"),
        }
        tokio::time::sleep(SETTLE_PAUSE).await;
    }
}

/// Leaves what became of notifications of messages for the webhook that tells of it, if the app has it on.
fn tell(tx: &mut store::Tx<'_>, now: Millis, lane: &str, settled: &[Settled]) -> Result<()> {
    if lane == SELF_LANE || !tx.wants(Webhook::OfflinePush) {
        return Ok(());
    }
    for row in settled.iter().filter(|row| row.is_ended) {
        if let Some((account, of)) = deliveries::announced(tx, row.task, row.number)? {
            tx.after_hook(now, &delivery::report(account, lane, row, of))?;
        }
    }
    Ok(())
}
