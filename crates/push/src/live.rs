//! What apps show live: which token leads to it, and what its devices report.
//!
//! A live activity has a token of its own, and so has each kind of them that may be begun. A back end names it by its
//! token, by its name, or by its device and its name; the token is looked up when the push goes out, because an activity
//! may be reported after a push was planned.

use contract::event::Event;
use contract::notification::{Live, LiveEvent, Notification};
use contract::{DeviceId, Failure, Fault, Millis, Result, limit};
use store::bindings::Os;
use store::deliveries::{self, Open, Target, Way};
use store::live_activities::{self, Activity};
use store::{Tx, reports};

use crate::mpaas::device;

/// Notes what a device reports, and lets go what waits for it.
pub fn report(tx: &mut Tx<'_>, now: Millis, one: &Activity) -> Result<()> {
    let texts = [("name", &one.name, limit::DEVICE_TOKEN_BYTES), ("token", &one.token, limit::DEVICE_TOKEN_BYTES)];
    for (field, text, max) in texts {
        if text.is_empty() {
            return Err(Fault::FieldEmpty { field }.into());
        }
        if text.len() > max {
            return Err(Fault::FieldTooLong { field, max }.into());
        }
    }
    live_activities::set(tx, now, one)?;
    let mut woken = 0;
    for waiting in [one.device.clone(), device::name_of(&one.name), device::name_of(&one.token)] {
        woken += reports::wake(tx, now, &waiting)?;
    }
    if woken > 0 {
        tx.after(Event::DeliveryQueued);
    }
    Ok(())
}

/// The way to what a push means, whose notification then says all that is needed; none if nobody has reported it. Such a
/// push has one target, so that its notification is nobody else's.
pub(crate) fn way(tx: &mut Tx<'_>, now: Millis, open: &Open, notification: &Notification) -> Result<Option<Way>> {
    let (Some(live), Target::Device(target)) = (&notification.live, &open.target) else { return Ok(None) };
    let starts = live.event == LiveEvent::Start;
    let found = if !live.token.is_empty() {
        live_activities::of_token(tx, &live.token)?
    } else if let Some(found) = live_activities::of_device(tx, target, starts, &live.name)? {
        Some(found)
    } else if is_named(target, live) {
        live_activities::of_name(tx, &live.name)?
    } else {
        None
    };
    let (device, token, credential) = match found {
        Some(found) => (found.device, found.token, found.credential),
        // A token is good without a report: the vendor knows it.
        None if !live.token.is_empty() => (target.clone(), live.token.clone(), 0),
        None => return Ok(None),
    };
    let sent = Notification { live: Some(Live { token, at: now.secs(), ..live.clone() }), ..notification.clone() };
    deliveries::set_notification(tx, open.task, &serde_json::to_string(&sent).map_err(Failure::internal)?)?;
    let Some(channel) = device::token_channel(Os::Ios) else { return Ok(None) };
    Ok(Some(Way { device, lane: deliveries::lane(channel, credential), badge: None }))
}

/// Whether the caller has named the activity alone, and no device.
fn is_named(target: &DeviceId, live: &Live) -> bool {
    *target == device::name_of(&live.name)
}
