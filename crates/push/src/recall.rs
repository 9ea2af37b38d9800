//! What went out and is taken back: from the phones whose vendors can, or by another text in its place.
//!
//! A recall is a delivery of its own, by the same way and under the same number, of a task whose id is made of the other's.
//! So it has what every delivery has: a lease, tries, an end, a status that can be asked for. What is to be taken back is
//! left as work in the transaction that revokes it, and worked off in pages: a revocation costs the same whatever went out.

use contract::event::Event;
use contract::notification::{Attention, Kind, Notification};
use contract::{Failure, Millis, Result};
use serde::{Deserialize, Serialize};
use store::broadcasts::{self, Broadcast};
use store::deliveries::{self, Delivery, Route, SELF_LANE, Task, Went};
use store::outbox::{self, Item};
use store::{PUSH_RECALL, Snapshot, Tx};

use crate::channels::notify_id;
use crate::delivery;
use crate::task::derived_id;

/// How long a recall is tried: as far back as pushes may be revoked.
pub(crate) const LIFE_MS: i64 = contract::limit::REVOKE_HOURS * 3_600_000;

/// Deliveries of one transaction.
const PAGE: usize = 500;

/// Rows of one transaction.
const ROWS: usize = 4;

/// A message's recall is looked at again after this: another node may have been making its deliveries.
const AGAIN_MS: i64 = 2_000;

/// After the end of a lease, whoever has let it run out has been heard of, or not.
const LEASE_SLACK_MS: i64 = 1_000;

/// What is shown where a notification can only be replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Notice {
    /// The first line.
    pub title: String,
    /// The text.
    pub body: String,
}

/// What is left to be taken back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Work {
    /// The task; none if all tasks that announce a message are meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<i64>,
    /// What takes the place of the old text.
    notice: Notice,
    /// The last delivery that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<i64>,
    /// Whether a message was looked at before.
    is_again: bool,
}

/// The task that takes back what another one pushed.
pub fn id_of(task: i64) -> i64 {
    derived_id(task, i64::MIN)
}

/// The number that a notification has on phones: its own, one that stands for its key, or one that stands for its task.
pub(crate) fn number(notification: &Notification, task: i64) -> i64 {
    // 31 bits, as Android counts; none is zero.
    notify_id(notification).unwrap_or_else(|| (derived_id(task, 0) & 0x7fff_ffff).max(1))
}

/// What takes a notification back.
pub(crate) fn notification(of: &Notification, task: i64, notice: &Notice) -> Notification {
    Notification {
        is_recall: true,
        // A key stands for itself: some vendors replace by the key and not by what stands for it.
        notify_id: of.notify_id.or_else(|| notify_id(of).is_none().then(|| number(of, task))),
        collapse_key: of.collapse_key.clone(),
        title: notice.title.clone(),
        body: notice.body.clone(),
        channel_id: of.channel_id.clone(),
        subject: of.subject.clone(),
        weight: of.weight,
        attention: Some(Attention::Silent),
        ..Notification::default()
    }
}

/// Leaves word that what a task pushed is to disappear.
pub fn begin(tx: &mut Tx<'_>, now: Millis, task: i64, notice: &Notice) -> Result<()> {
    let work = Work { task: Some(task), notice: notice.clone(), ..Work::default() };
    let item = Item {
        id: id_of(task),
        part: String::new(),
        due_at: now,
        payload: serde_json::to_string(&work).map_err(Failure::internal)?,
        conversation: None,
        seq: contract::Seq(0),
    };
    outbox::leave(tx, PUSH_RECALL, &item)?;
    tx.after(Event::DeliveryQueued);
    Ok(())
}

/// Works off a page of each of some recalls; answers whether there may be more.
pub(crate) fn take(tx: &mut Tx<'_>, now: Millis) -> Result<bool> {
    let items = outbox::take(tx, PUSH_RECALL, now, ROWS)?;
    let mut has_more = items.len() == ROWS;
    for item in items {
        let work: Work = match serde_json::from_str(&item.payload) {
            Ok(work) => work,
            Err(error) => {
                tracing::error!(app = %tx.app(), id = item.id, %error, "a recall cannot be read and is dropped");
                continue;
            }
        };
        has_more |= match work.task {
            Some(task) => take_task(tx, now, item, work, task)?,
            None => take_message(tx, now, item, work)?,
        };
    }
    Ok(has_more)
}

/// Ends what announces a message that was taken back, and leaves its tasks to be taken back.
fn take_message(tx: &mut Tx<'_>, now: Millis, item: Item, work: Work) -> Result<bool> {
    let Some(conversation) = item.conversation else { return Ok(false) };
    let tasks = deliveries::announcing(tx, conversation, item.seq)?;
    for task in &tasks {
        broadcasts::end_task(tx, now, *task)?;
        begin(tx, now, *task, &work.notice)?;
    }
    if !work.is_again {
        let payload = serde_json::to_string(&Work { is_again: true, ..work }).map_err(Failure::internal)?;
        outbox::put_back(tx, PUSH_RECALL, &Item { payload, due_at: now.plus(AGAIN_MS), ..item })?;
    }
    Ok(!tasks.is_empty())
}

fn take_task(tx: &mut Tx<'_>, now: Millis, item: Item, mut work: Work, task: i64) -> Result<bool> {
    let recall = id_of(task);
    // Forgotten meanwhile, and with it what it pushed.
    let Some(pushed) = deliveries::pushed(tx, task)? else { return Ok(false) };
    let of: Notification = serde_json::from_str(&pushed).unwrap_or_default();
    if of.kind == Kind::Background || of.is_recall || of.live.is_some() {
        // Nothing was shown, or what is ended by an update of its own.
        return Ok(false);
    }
    let page = deliveries::went(tx, task, work.after.unwrap_or(-1), PAGE)?;
    let rows: Vec<(Went, Millis)> = page.iter().filter_map(|row| Some((row.clone(), due(row, now)?))).collect();
    if !rows.is_empty() {
        if deliveries::pushed(tx, recall)?.is_none() {
            let text = serde_json::to_string(&notification(&of, task, &work.notice)).map_err(Failure::internal)?;
            deliveries::add_task(tx, &own_task(recall, text, now))?;
        }
        deliveries::repeat(tx, recall, &rows)?;
    }
    let Some(last) = page.last().filter(|_| page.len() == PAGE) else { return Ok(false) };
    work.after = Some(last.number);
    let payload = serde_json::to_string(&work).map_err(Failure::internal)?;
    outbox::put_back(tx, PUSH_RECALL, &Item { payload, ..item })?;
    Ok(true)
}

fn own_task(id: i64, notification: String, now: Millis) -> Task {
    let (route, expires_at) = (Route::default(), now.plus(LIFE_MS));
    Task { id, notification, created_at: now, expires_at, is_kept: false, message: None, route }
}

/// When a delivery may be taken back; none if no vendor can have shown it.
fn due(row: &Went, now: Millis) -> Option<Millis> {
    if row.device.is_empty() || row.lane.is_empty() || row.lane == SELF_LANE {
        return None;
    }
    if let Some(until) = row.leased_until {
        // Whoever has it may be sending it at this moment.
        return Some(until.max(now).plus(LEASE_SLACK_MS));
    }
    let has_gone = row.status.as_ref().is_some_and(delivery::may_be_shown);
    (row.attempts > 0 && has_gone).then_some(now)
}

/// What became of recalls, for a page of deliveries of a task.
pub fn of_page(snapshot: &mut Snapshot<'_>, task: i64, page: &[Delivery]) -> Result<Vec<Delivery>> {
    let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(Vec::new()) };
    let mut found = deliveries::of_task(snapshot, id_of(task), first.number - 1)?;
    found.retain(|recall| recall.number <= last.number);
    Ok(found)
}

/// The broadcast that takes back what the broadcast of a task pushed.
pub fn broadcast_of(snapshot: &mut Snapshot<'_>, task: i64) -> Result<Option<Broadcast>> {
    let recall = id_of(task);
    broadcasts::of_task(snapshot, recall, random_of(recall))
}

/// Broadcasts are found by this; a recall has none of its own.
pub(crate) fn random_of(recall: i64) -> u32 {
    (recall & 0xffff_ffff) as u32
}

#[cfg(test)]
mod tests {
    use contract::codes::{Apns, PushCommon};
    use store::deliveries::Status;

    use super::*;

    #[test]
    fn a_notification_keeps_the_number_that_it_has() {
        let own = Notification { notify_id: Some(9), collapse_key: Some("k".into()), ..Notification::default() };
        assert_eq!(number(&own, 7), 9);
        let keyed = Notification { notify_id: None, ..own };
        assert_eq!(number(&keyed, 7), number(&keyed, 8), "its key stands for it");
        let plain = Notification::default();
        assert_ne!(number(&plain, 7), number(&plain, 8));
        assert!((0..1_000).all(|task| (1..=i64::from(i32::MAX)).contains(&number(&plain, task))));
        let recall = notification(&plain, 7, &Notice::default());
        assert_eq!((recall.is_recall, number(&recall, 1)), (true, number(&plain, 7)));
    }

    #[test]
    fn only_what_a_vendor_may_have_shown_is_taken_back() {
        let row = |lane: &str, status: Option<Status>, attempts, leased_until| Went {
            number: 0,
            account: String::new(),
            device: "d".into(),
            lane: lane.into(),
            status,
            attempts,
            leased_until,
        };
        let (acked, none) = (delivery::status(PushCommon::Acked), delivery::status(PushCommon::NONE));
        let refused = delivery::status(Apns::BadDeviceToken);
        let now = Millis(100);
        assert_eq!(due(&row("huawei:1", Some(acked.clone()), 1, None), now), Some(now));
        assert_eq!(due(&row("huawei:1", Some(none), 1, None), now), Some(now), "it may have arrived");
        assert_eq!(due(&row("huawei:1", Some(refused), 1, None), now), None);
        assert_eq!(due(&row("huawei:1", None, 0, None), now), None);
        assert_eq!(due(&row("huawei:1", None, 0, Some(Millis(500))), now), Some(Millis(1_500)));
        assert_eq!(due(&row(SELF_LANE, Some(acked.clone()), 1, None), now), None);
        assert_eq!(due(&row("", Some(acked), 1, None), now), None);
    }
}
