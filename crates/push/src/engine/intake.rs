//! From outbox rows and named targets to deliveries by lane.
//!
//! Both are done by the transaction that takes the row, so there is nothing to lease. A message's notice goes to the
//! devices that are away: a connected one has the message itself. A push to named targets goes over the device's own
//! connection if it has one, else by its vendor tokens, and without any of them waits for the connection.

use std::sync::Arc;

use contract::codes::PushCommon;
use contract::notification::{Badge, Kind, Notification};
use contract::{DeviceId, Millis, Result, UserId, limit};
use store::deliveries::{self, Due, Open, SELF_BUILT, SELF_LANE, Target, Task, Way};
use store::devices::{self, Device, Token};
use store::outbox::{self, Item};
use store::{OFFLINE_PUSH, Tx, accounts};

use super::{Shared, grouped};
use crate::chat::Notice;
use crate::credential::is_voip;
use crate::delivery::status;
use crate::notice;

/// Rows of one transaction: short, because other writers wait behind it.
const BATCH: usize = 64;

/// Takes in what an app has, and lists its lanes that have something to do.
pub(super) async fn run(shared: &Arc<Shared>, app: contract::AppId) -> Result<Vec<Due>> {
    // One app's flood is worked off in turns with the others: the driver starts this again.
    let now = shared.now();
    let notices = shared.store.write(app, move |tx| take_notices(tx, now)).await?;
    let has_more = shared.store.write(app, move |tx| grouped::take(tx, now)).await?;
    let targets = shared.store.write(app, move |tx| take_targets(tx, now)).await?;
    let mut lanes = shared.store.read(app, deliveries::lanes).await?;
    if notices == BATCH || has_more || targets == BATCH {
        lanes.push(Due { app, lane: String::new(), due_at: now });
    }
    Ok(lanes)
}

fn take_notices(tx: &mut Tx<'_>, now: Millis) -> Result<usize> {
    let items = outbox::take(tx, OFFLINE_PUSH, now, BATCH)?;
    for item in &items {
        take_notice(tx, now, item)?;
    }
    Ok(items.len())
}

fn take_notice(tx: &mut Tx<'_>, now: Millis, item: &Item) -> Result<()> {
    let notice: Notice = match serde_json::from_str(&item.payload) {
        Ok(notice) => notice,
        Err(error) => {
            // It would be as unreadable the next time, and everything behind it would wait.
            tracing::error!(app = %tx.app(), id = item.id, %error, "a notice cannot be read and is dropped");
            return Ok(());
        }
    };
    let expires_at = item.due_at.plus(limit::LIFE_TIME_S * 1_000);
    let receiver = UserId::trusted(&item.part);
    let nick = accounts::get(tx, &UserId::trusted(&notice.sender))?.map(|sender| sender.nick).unwrap_or_default();
    let notification = notice::notification(&notice, &nick);
    let ways = ways_of(tx, now, &receiver, &notification)?;
    if ways.is_empty() || expires_at <= now {
        return Ok(());
    }
    let task = Task {
        id: item.id,
        notification: serde_json::to_string(&notification).map_err(contract::Failure::internal)?,
        created_at: now,
        expires_at,
        // A device of the self-built channel shows what it missed when it is back, as a phone does.
        is_kept: true,
        message: item.conversation.map(|conversation| (conversation, item.seq)),
    };
    deliveries::add_task(tx, &task)?;
    deliveries::add_ways(tx, task.id, 0, receiver.as_str(), &ways, now)
}

/// The ways to the devices of an account that are away.
pub(super) fn ways_of(
    tx: &mut Tx<'_>,
    now: Millis,
    receiver: &UserId,
    notification: &Notification,
) -> Result<Vec<Way>> {
    let away: Vec<Device> = devices::of_account(tx, receiver)?
        .into_iter()
        .filter(|device| device.is_logged_in && !device.is_replaced && !device.is_connected(now))
        .collect();
    let tokens = devices::tokens_of(tx, receiver)?;
    let mut ways = Vec::new();
    for device in &away {
        let own: Vec<&Token> = tokens.iter().filter(|token| token.device == device.id).collect();
        add_ways(tx, &device.id, &own, notification, &mut ways)?;
    }
    Ok(ways)
}

/// Adds the ways by which a device gets a notification, with the number on its icon.
fn add_ways(
    tx: &mut Tx<'_>,
    device: &DeviceId,
    tokens: &[&Token],
    notification: &Notification,
    ways: &mut Vec<Way>,
) -> Result<()> {
    let wanted = |token: &&&Token| {
        let has_voip = |token: &Token| tokens.iter().any(|other| is_voip_of(&other.channel, &token.channel));
        if notification.kind == Kind::Voip { !has_voip(token) } else { !is_voip(&token.channel) }
    };
    let tokens: Vec<&&Token> = tokens.iter().filter(wanted).collect();
    if tokens.is_empty() {
        return Ok(());
    }
    let badge = count(tx, device, notification)?;
    ways.extend(tokens.into_iter().map(|token| Way {
        device: device.clone(),
        lane: deliveries::lane(&token.channel, token.credential),
        badge,
    }));
    Ok(())
}

/// Whether a channel takes the ringing tokens of another.
fn is_voip_of(channel: &str, other: &str) -> bool {
    is_voip(channel) && !is_voip(other) && channel.starts_with(other)
}

fn count(tx: &mut Tx<'_>, device: &DeviceId, notification: &Notification) -> Result<Option<i64>> {
    Ok(match notification.badge {
        None => None,
        Some(Badge::Set(number)) => Some(deliveries::count_badge(tx, device, Some(number.into()), 0)?),
        Some(Badge::Add(number)) => Some(deliveries::count_badge(tx, device, None, number.into())?),
    })
}

fn take_targets(tx: &mut Tx<'_>, now: Millis) -> Result<usize> {
    let targets = deliveries::take_targets(tx, now, BATCH)?;
    for open in &targets {
        take_target(tx, now, open)?;
    }
    Ok(targets.len())
}

fn take_target(tx: &mut Tx<'_>, now: Millis, open: &Open) -> Result<()> {
    if open.expires_at <= now {
        return deliveries::end_target(tx, now, open, &status(PushCommon::NONE));
    }
    // Unreadable text has no badge to count and no kind; the lane ends it with the reason.
    let notification: Notification = serde_json::from_str(&open.notification).unwrap_or_default();
    let bound: Vec<Device> = match &open.target {
        Target::Account(account) => devices::of_account(tx, account)?,
        Target::Device(device) => devices::get(tx, device)?.into_iter().collect(),
    };
    let mut ways = Vec::new();
    for device in bound.iter().filter(|device| device.is_logged_in && !device.is_replaced) {
        let tokens = match &device.account {
            Some(account) if !device.is_connected(now) => devices::tokens_of(tx, account)?,
            _ => Vec::new(),
        };
        let vendors: Vec<&Token> =
            tokens.iter().filter(|token| token.device == device.id && token.channel != SELF_BUILT).collect();
        let before = ways.len();
        add_ways(tx, &device.id, &vendors, &notification, &mut ways)?;
        if ways.len() == before {
            let badge = count(tx, &device.id, &notification)?;
            ways.push(Way { device: device.id.clone(), lane: SELF_LANE.to_owned(), badge });
        }
    }
    if ways.is_empty() {
        return deliveries::set_unbound(tx, open, &status(PushCommon::NoBindInfo));
    }
    deliveries::set_ways(tx, now, open, &ways)
}
