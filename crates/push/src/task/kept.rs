//! What is kept for devices that come back: pushes to a scope, of which nobody has a row. A device knows the newest one
//! that it has got over our own connection, so what is newer and means it is handed over when it arrives.

use contract::event::Event;
use contract::{DeviceId, Millis, Result};
use store::deliveries::{self, SELF_LANE, Way};
use store::tasks::{self, Record};
use store::{Snapshot, Tx, audiences};

use super::{Spec, launch};
use crate::broadcast::number_of;
use crate::ways::Ways;

/// Pushes that one arrival is handed at a time; older ones come first, and the rest with the next arrival.
const KEPT_MAX: usize = 100;

/// Whether something may be kept for a device.
pub fn is_awaited(snapshot: &mut Snapshot<'_>, now: Millis, device: &DeviceId) -> Result<bool> {
    tasks::is_kept_for(snapshot, now, device)
}

/// Leaves a delivery for each push that is kept for a device which has just connected. Answers how many.
pub fn hand_over(tx: &mut Tx<'_>, now: Millis, device: &DeviceId) -> Result<usize> {
    let Some((pushed, registered_at)) = audiences::marked(tx, device)? else { return Ok(0) };
    let kept = tasks::kept(tx, now, pushed, KEPT_MAX)?;
    let Some(newest) = kept.last().and_then(|record| record.broadcast) else { return Ok(0) };
    let mut count = 0;
    for record in &kept {
        if registered_at <= record.push_at && is_missing(tx, now, record, device)? {
            let way = Way { device: device.clone(), lane: SELF_LANE.to_owned(), badge: None };
            count += usize::from(deliveries::add_way(tx, record.id, number_of(device, SELF_LANE), &way, now)?);
        }
    }
    audiences::mark(tx, newest, std::slice::from_ref(device))?;
    if count > 0 {
        tx.after(Event::DeliveryQueued);
    }
    Ok(count)
}

/// Whether a push means the device and reaches it by our own connection only.
fn is_missing(tx: &mut Tx<'_>, now: Millis, record: &Record, device: &DeviceId) -> Result<bool> {
    let spec = Spec::of(record)?;
    let ways = Ways::of(&launch::route(record, &spec)?);
    let reach = audiences::reach(tx, now, std::slice::from_ref(device))?;
    if !ways.waits_for(&reach) {
        return Ok(false);
    }
    match launch::scope(tx, &spec)? {
        Some(scope) => scope.holds(tx, device),
        None => Ok(false),
    }
}
