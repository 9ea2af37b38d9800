//! From outbox rows and named targets to deliveries by lane.
//!
//! Both are done by the transaction that takes the row, so there is nothing to lease. A message's notice goes to the
//! devices that are away: a connected one has the message itself. A push to named targets goes over the device's own
//! connection if it has one, else by its vendor tokens, and without any of them waits for the connection.

use std::collections::HashMap;
use std::sync::Arc;

use contract::codes::PushCommon;
use contract::notification::{Badge, Kind, Notification};
use contract::{DeviceId, Millis, Result, UserId, limit};
use store::audiences::Reach;
use store::bindings::Os;
use store::deliveries::{
    self, Chosen, Claim, Claimed, Due, Look, NUMBERS_PER_TARGET, Open, Route, SELF_BUILT, SELF_LANE, Target, Task,
    ToDo, Way,
};
use store::devices::{self, Device, Token};
use store::outbox::{self, Item};
use store::push_counts::Tally;
use store::{OFFLINE_PUSH, Snapshot, Tx, accounts, audiences};
use tokio::sync::OwnedSemaphorePermit;

use super::driver::Key;
use super::{Shared, grouped};
use crate::chat::Notice;
use crate::credential::is_voip;
use crate::delivery::status;
use crate::ways::Ways;
use crate::{live, notice, recall, task};

/// Rows of one transaction: short, because other writers wait behind it.
const BATCH: usize = 64;

/// Takes in what an app has, and lists its lanes that have something to do.
pub(super) async fn run(shared: &Arc<Shared>, app: contract::AppId) -> Result<Vec<Due>> {
    // One app's flood is worked off in turns with the others: the driver starts this again.
    let now = shared.now();
    let own = shared.lane(&Key { app, lane: Arc::from("") });
    let after = own.look_after(now);
    let ToDo { next_task, has_notices, has_groups, has_recalls, has_targets } =
        shared.store.read(app, move |snapshot| deliveries::to_do(snapshot, now, after)).await?;
    let launches = next_task.is_some_and(|first| first <= now);
    let next = if launches { shared.store.write(app, move |tx| task::launch_due(tx, now)).await? } else { next_task };
    let notices = if has_notices { shared.store.write(app, move |tx| take_notices(tx, now)).await? } else { 0 };
    let has_more = has_groups && grouped::run(shared, app, now).await?;
    // What announces a message is made before it is taken back.
    let is_early = notices == BATCH || has_more;
    let recalls = has_recalls && (is_early || shared.store.write(app, move |tx| recall::take(tx, now)).await?);
    // What was launched a moment ago has targets.
    let (targets, mut lanes) = if has_targets || launches {
        targets(shared, app, Look { after, now, count: BATCH }).await?
    } else {
        (0, shared.store.read(app, deliveries::lanes).await?)
    };
    if after == Millis(0) && targets < BATCH {
        own.note_cleared(now);
    }
    lanes.extend(next.map(|due_at| Due { app, lane: String::new(), due_at }));
    if is_early || recalls || targets == BATCH {
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
    let ways = count_badges(tx, &ways, &notification)?;
    let task = Task {
        id: item.id,
        notification: serde_json::to_string(&notification).map_err(contract::Failure::internal)?,
        created_at: now,
        expires_at,
        // A device of the self-built channel shows what it missed when it is back, as a phone does.
        is_kept: true,
        message: item.conversation.map(|conversation| (conversation, item.seq)),
        route: Route::default(),
    };
    deliveries::add_task(tx, &task)?;
    deliveries::add_ways(tx, task.id, 0, receiver.as_str(), &ways, now)
}

/// The ways to the devices of an account that are away, without the numbers on their icons.
pub(super) fn ways_of(
    snapshot: &mut Snapshot<'_>,
    now: Millis,
    receiver: &UserId,
    notification: &Notification,
) -> Result<Vec<Way>> {
    let away: Vec<Device> = devices::of_account(snapshot, receiver)?
        .into_iter()
        .filter(|device| device.is_logged_in && !device.is_replaced && !device.is_connected(now))
        .collect();
    let tokens = devices::tokens_of(snapshot, receiver)?;
    let mut ways = Vec::new();
    for device in &away {
        let own: Vec<&Token> = tokens.iter().filter(|token| token.device == device.id).collect();
        ways.extend(ways_to(&device.id, &own, notification.kind));
    }
    Ok(ways)
}

/// The ways by which a device gets a notification of a kind.
fn ways_to(device: &DeviceId, tokens: &[&Token], kind: Kind) -> impl Iterator<Item = Way> {
    let wanted = move |token: &&&Token| {
        let has_voip = |token: &Token| tokens.iter().any(|other| is_voip_of(&other.channel, &token.channel));
        if kind == Kind::Voip { !has_voip(token) } else { !is_voip(&token.channel) }
    };
    let way = |token: &&Token| {
        let lane = deliveries::lane(&token.channel, token.credential);
        Way { device: device.clone(), lane, badge: None }
    };
    tokens.iter().filter(wanted).map(way)
}

/// Adds the number on the icon of each device; the ways to one stand together.
pub(super) fn count_badges(tx: &mut Tx<'_>, ways: &[Way], notification: &Notification) -> Result<Vec<Way>> {
    let mut counted = Vec::with_capacity(ways.len());
    for own in ways.chunk_by(|one, other| one.device == other.device) {
        let Some(Way { device, .. }) = own.first() else { continue };
        let badge = count(tx, device, notification)?;
        counted.extend(own.iter().map(|way| Way { badge, ..way.clone() }));
    }
    Ok(counted)
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

/// Gives targets their ways. Answers how many they were, and the lanes that have something to do now.
///
/// What goes over our own connections is claimed on the way, as far as their lane has room: nobody has to look for it.
async fn targets(shared: &Arc<Shared>, app: contract::AppId, look: Look) -> Result<(usize, Vec<Due>)> {
    let lane = shared.lane(&Key { app, lane: Arc::from(SELF_LANE) });
    let (permits, claim) = lane.offer(shared, look.count);
    let count = permits.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
    let taken = shared.store.write(app, move |tx| take_targets(tx, look, &claim, count)).await?;
    let Taken { targets, lanes, claimed } = taken;
    if let Some(permits) = permits.filter(|_| !claimed.is_empty()) {
        lane.hand(claim, claimed, permits);
    }
    Ok((targets, lanes))
}

/// What became of targets.
struct Taken {
    targets: usize,
    lanes: Vec<Due>,
    claimed: Vec<Claimed>,
}

fn take_targets(tx: &mut Tx<'_>, look: Look, claim: &Claim, count: usize) -> Result<Taken> {
    tx.relax()?;
    let now = look.now;
    let targets = deliveries::take_targets(tx, look)?;
    let mut tally = Tally::new();
    let (open, over): (Vec<&Open>, Vec<&Open>) = targets.iter().partition(|open| open.expires_at > now);
    for open in over {
        deliveries::end_target(tx, now, open, &status(PushCommon::NONE))?;
        store::results::keep(tx, now, &[(open.task, open.number)])?;
    }
    let reached = Reached::of(tx, now, &open)?;
    let (mut chosen, mut claimed) = (Vec::new(), Vec::new());
    for open in open {
        let ways = choose(tx, now, open, &reached, &mut tally)?;
        let Some(first) = ways.first() else {
            leave(tx, now, open, &mut tally)?;
            continue;
        };
        let is_claimed = first.lane == SELF_LANE && claimed.len() < count;
        if is_claimed {
            claimed.push(own(open, first, reached.get(&open.target)));
        }
        chosen.push(Chosen { open, ways, is_claimed });
    }
    deliveries::set_ways(tx, now, &chosen, claim)?;
    let lanes = deliveries::lanes(tx)?;
    // All at once and last: counters are rows that other lanes wait for, too.
    deliveries::count(tx, now, &tally)?;
    Ok(Taken { targets: targets.len(), lanes, claimed })
}

/// What goes over our own connection, as a claim would find it.
fn own(open: &Open, way: &Way, reached: &[Reach]) -> Claimed {
    let os = reached.iter().find(|reach| reach.device == way.device).map_or(Os::Other, |reach| reach.os);
    let Open { route, .. } = open;
    Claimed {
        task: open.task,
        number: open.number,
        device: way.device.clone(),
        attempts: 0,
        badge: way.badge,
        status: None,
        class: 0,
        token: None,
        bound_at: Millis(0),
        // It was found by its account, or by its name, among those that are.
        is_bound: true,
        notification: Arc::from(if route.own.is_empty() { &*open.notification } else { &*route.own }),
        expires_at: open.expires_at,
        is_kept: open.is_kept,
        place: Ways::of(route).place(os, SELF_BUILT),
    }
}

/// The devices of a batch's targets and their tokens, read at once.
struct Reached(HashMap<Target, Vec<Reach>>);

impl Reached {
    fn of(tx: &mut Tx<'_>, now: Millis, targets: &[&Open]) -> Result<Self> {
        let (mut accounts, mut devices) = (Vec::new(), Vec::new());
        for open in targets {
            match &open.target {
                Target::Account(account) => accounts.push(account.clone()),
                Target::Device(device) => devices.push(device.clone()),
            }
        }
        let mut reached: HashMap<Target, Vec<Reach>> = HashMap::new();
        accounts.sort_unstable();
        accounts.dedup();
        if !accounts.is_empty() {
            for reach in audiences::reach_accounts(tx, now, &accounts)? {
                reached.entry(Target::Account(reach.account.clone())).or_default().push(reach);
            }
        }
        devices.sort_unstable();
        devices.dedup();
        if !devices.is_empty() {
            for reach in audiences::reach(tx, now, &devices)? {
                reached.entry(Target::Device(reach.device.clone())).or_default().push(reach);
            }
        }
        Ok(Self(reached))
    }

    fn get(&self, target: &Target) -> &[Reach] {
        self.0.get(target).map_or(&[], Vec::as_slice)
    }
}

/// The ways of a target; none if nothing leads to it.
fn choose(tx: &mut Tx<'_>, now: Millis, open: &Open, reached: &Reached, tally: &mut Tally) -> Result<Vec<Way>> {
    // Unreadable text has no badge to count and no kind; the lane ends it with the reason.
    let notification: Notification = serde_json::from_str(&open.notification).unwrap_or_default();
    let chosen = Ways::of(&open.route);
    if notification.live.is_some() {
        let way = live::way(tx, now, open, &notification)?;
        if let Some(way) = &way {
            let channel = deliveries::parse_lane(&way.lane).map_or("", |(channel, _)| channel);
            if let Some(place) = chosen.place(Os::Ios, channel) {
                tally.entry(place).or_default().accepted += 1;
            }
        }
        return Ok(way.into_iter().collect());
    }
    let mut ways = Vec::new();
    for rows in reached.get(&open.target).chunk_by(|one, other| one.device == other.device) {
        let lanes = chosen.lanes(rows, notification.kind);
        let Some(device) = rows.first().filter(|_| !lanes.is_empty()) else { continue };
        let badge = count(tx, &device.device, &notification)?;
        for lane in lanes {
            let channel = deliveries::parse_lane(&lane.name).map_or(&*lane.name, |(channel, _)| channel);
            if let Some(place) = chosen.place(device.os, channel) {
                tally.entry(place).or_default().accepted += 1;
            }
            ways.push(Way { device: device.device.clone(), lane: lane.name, badge });
        }
    }
    // One target's rows have numbers of their own, and no more.
    ways.truncate(NUMBERS_PER_TARGET as usize);
    Ok(ways)
}

/// Leaves a target that nothing leads to: it waits for a device, or ends.
fn leave(tx: &mut Tx<'_>, now: Millis, open: &Open, tally: &mut Tally) -> Result<()> {
    let unbound = status(PushCommon::NoBindInfo);
    if !open.route.is_fleeting {
        return deliveries::set_unbound(tx, open, &unbound);
    }
    if let Some(place) = Ways::of(&open.route).place(Os::Other, "") {
        tally.entry(place).or_default().failed += 1;
    }
    deliveries::end_target(tx, now, open, &unbound)?;
    store::results::keep(tx, now, &[(open.task, open.number)]).map(drop)
}
