//! Tasks and their deliveries: one row for each notification to one device by one channel.
//!
//! A delivery begins without a lane, as a target that a task named. Looking up the ways to the target turns it into
//! one row per way. `targets` is that look-up, `claim` is how rows are taken by lease and given back, `settle` is what became
//! of them, `recall` is what is taken back from phones, `upkeep` counts and forgets them, `work` is what there is to
//! do for an app; here is the rest of their lives.
//!
//! `due_at` is the only schedule: when to send, when to give up waiting, when a lease has run out.

mod claim;
mod recall;
mod route;
mod settle;
mod targets;
mod upkeep;
mod work;

use contract::webhook::Notified;
use contract::{ConversationId, DeviceId, Millis, MsgKey, Result, Seq, UserId, limit};

use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};
use crate::{groups, push_counts};
pub use claim::{Claim, Claimed, Due, Look, all_lanes, claim, lanes, renew};
pub use recall::{Went, announcing, pushed, repeat, went};
pub use route::{Road, Route};
pub use settle::{Settled, release, settle};
pub use targets::{Chosen, Open, end_target, set_unbound, set_ways, take_targets};
pub use upkeep::{Depth, apps_before, depths, purge};
pub use work::{ToDo, to_do};

/// A published status of a delivery; numbers are reused between families.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Whose table.
    pub family: String,
    /// The number in it.
    pub number: i32,
}

/// What a delivery waits for, besides its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Waits {
    /// Nothing: it is sent when it is due.
    #[default]
    Nothing = 0,
    /// The device's connection.
    Connection = 1,
    /// A binding of the account, or the first sign of the device.
    Binding = 2,
    /// Whoever holds it.
    Release = 3,
}

impl Waits {
    fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Connection,
            2 => Self::Binding,
            3 => Self::Release,
            _ => Self::Nothing,
        }
    }
}

/// A vendor's own words, kept beside the status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// Its code.
    pub code: String,
    /// Its text.
    pub text: String,
    /// Its name for the request.
    pub request: String,
    /// Nothing was sent: the channel saw by itself what the vendor would say.
    pub is_local: bool,
}

/// One delivery as it may be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The task.
    pub task: i64,
    /// Its number in the task.
    pub number: i64,
    /// The account that the task named.
    pub account: Option<UserId>,
    /// The device.
    pub device: Option<DeviceId>,
    /// Channel and credential; empty while the ways to the target are not known.
    pub lane: String,
    /// What it waits for.
    pub waits: Waits,
    /// None before there was anything to tell.
    pub status: Option<Status>,
    /// The coarse class of a failure; 0 for none.
    pub class: i32,
    /// The vendor's words at the last attempt.
    pub said: Said,
    /// How often it was sent.
    pub attempts: u32,
    /// When it was sent last.
    pub tried_at: Millis,
    /// When it ended; 0 while it is open.
    pub ended_at: Millis,
}

/// What a task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Unique in the app.
    pub id: i64,
    /// What is pushed, as JSON.
    pub notification: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it is not worth delivering any more.
    pub expires_at: Millis,
    /// Whether a device that is away gets it on the self-built channel when it is back.
    pub is_kept: bool,
    /// The message that it announces.
    pub message: Option<(ConversationId, Seq)>,
    /// By which ways it goes.
    pub route: Route,
}

/// Whom a task names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// All devices of an account.
    Account(UserId),
    /// One device.
    Device(DeviceId),
}

/// A way to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The device.
    pub device: DeviceId,
    /// Channel and credential, as [`lane`] writes them.
    pub lane: String,
    /// The number on the app's icon.
    pub badge: Option<i64>,
}

/// Row numbers that belong to one target: more than a device can have channels or an account can have ways.
pub const NUMBERS_PER_TARGET: i64 = 1_000;

/// The channel of our own connections.
pub const SELF_BUILT: &str = "noroshi";

/// The lane of our own connections.
pub const SELF_LANE: &str = "noroshi:0";

/// Names a lane.
pub fn lane(channel: &str, credential: i64) -> String {
    format!("{channel}:{credential}")
}

/// Reads a lane's name.
pub fn parse_lane(lane: &str) -> Option<(&str, i64)> {
    let (channel, credential) = lane.rsplit_once(':')?;
    Some((channel, credential.parse().ok()?))
}

/// Adds a task.
pub fn add_task(tx: &mut Tx<'_>, task: &Task) -> Result<()> {
    let app = tx.app();
    let (conversation, seq) = task.message.unzip();
    let route = &task.route;
    tx.post_row(
        sql! {
            sqlite: "INSERT INTO tasks (app, id, notification, created_at, expires_at, store_offline, conversation, seq, own,
                         road, systems, channels, fleeting, counted, kind)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            postgres: "INSERT INTO tasks (app, id, notification, created_at, expires_at, store_offline, conversation, seq,
                           own, road, systems, channels, fleeting, counted, kind)
                       SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[],
                           $6::bigint[], $7::bytea[], $8::bigint[], $9::text[], $10::bigint[], $11::bigint[], $12::text[],
                           $13::bigint[], $14::bigint[], $15::text[])"
        },
        (
            app,
            task.id,
            &task.notification,
            task.created_at,
            task.expires_at,
            task.is_kept,
            conversation,
            seq.unwrap_or_default(),
            &route.own,
            route.road as i64,
            route.systems,
            &route.channels,
            route.is_fleeting,
            route.counted,
            &route.kind,
        ),
    )
}

/// Says what a task pushes, once that is known: for one whose only target tells it.
pub fn set_notification(tx: &mut Tx<'_>, task: i64, notification: &str) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("UPDATE tasks SET notification = $3 WHERE app = $1 AND id = $2"), (app, task, notification))
}

/// Adds a delivery for each target of a task. A held one has a status from the start and waits for its release.
pub fn add_targets(tx: &mut Tx<'_>, task: &Task, targets: &[Target], held: Option<Status>) -> Result<()> {
    add_targets_from(tx, task, task.created_at, 0, targets, held)
}

/// As [`add_targets`], for a task that has so many targets already.
pub fn add_targets_from(
    tx: &mut Tx<'_>,
    task: &Task,
    now: Millis,
    known: i64,
    targets: &[Target],
    held: Option<Status>,
) -> Result<()> {
    let app = tx.app();
    let (waits, due) = if held.is_some() { (Waits::Release, task.expires_at) } else { (Waits::Nothing, now) };
    let Status { family, number } = held.unwrap_or(Status { family: String::new(), number: 0 });
    targets.iter().zip(known..).try_for_each(|(target, index)| {
        let (account, device) = match target {
            Target::Account(account) => (account.as_str(), ""),
            Target::Device(device) => ("", device.as_str()),
        };
        let place = index * NUMBERS_PER_TARGET;
        tx.post_row(
            sql! {
                sqlite: "INSERT INTO deliveries (app, task, number, account, device, waits, family, status, due_at)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                postgres: "INSERT INTO deliveries (app, task, number, account, device, waits, family, status, due_at)
                           SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],
                               $6::bigint[], $7::text[], $8::bigint[], $9::bigint[])"
            },
            (app, task.id, place, account, device, waits as i64, family.as_str(), i64::from(number), due),
        )
    })
}

/// Adds deliveries whose ways are known, numbered from `first`.
pub fn add_ways(tx: &mut Tx<'_>, task: i64, first: i64, account: &str, ways: &[Way], due: Millis) -> Result<()> {
    let app = tx.app();
    let rows = ways
        .iter()
        .zip(first..)
        .map(|(way, number)| (app, task, number, account, way.device.as_str(), way.lane.as_str(), way.badge, due));
    tx.post_all(
        sql!(
            "INSERT INTO deliveries (app, task, number, account, device, lane, badge, due_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        ),
        rows,
    )
}

/// Adds one delivery whose way is known, unless it is there. Answers whether it is new.
pub fn add_way(tx: &mut Tx<'_>, task: i64, number: i64, way: &Way, due: Millis) -> Result<bool> {
    let app = tx.app();
    let new = tx.run(
        sql!(
            "INSERT INTO deliveries (app, task, number, device, lane, badge, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT DO NOTHING"
        ),
        (app, task, number, &way.device, &way.lane, way.badge, due),
    )?;
    Ok(new > 0)
}

/// Adds to the counters what became known of the deliveries of a task.
pub fn count(tx: &mut Tx<'_>, now: Millis, tally: &push_counts::Tally) -> Result<()> {
    if tally.is_empty() { Ok(()) } else { push_counts::add(tx, now, tally) }
}

/// Whether anything is open for an account or its device, so that the arrival of one that nobody waits for costs a
/// read alone.
pub fn is_awaited(snapshot: &mut Snapshot<'_>, account: &UserId, device: &DeviceId) -> Result<bool> {
    let app = snapshot.app();
    let (awaited,): (bool,) = snapshot.one(
        sql!(
            "SELECT CASE WHEN EXISTS (
                 SELECT 1 FROM deliveries WHERE app = $1 AND account = $2 AND lane = '' AND ended_at = 0
             ) OR EXISTS (
                 SELECT 1 FROM deliveries WHERE app = $1 AND device = $3 AND ended_at = 0
             ) OR EXISTS (
                 SELECT 1 FROM devices WHERE app = $1 AND id = $3 AND badge <> 0
             ) THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END"
        ),
        (app, account, device),
    )?;
    Ok(awaited)
}

/// Makes what waits for an account's binding due. Answers how many rows that concerned.
pub fn wake_account(tx: &mut Tx<'_>, now: Millis, account: &UserId) -> Result<u64> {
    let app = tx.app();
    // The condition names no `waits`, so that a row which is being looked up elsewhere is waited for, not missed.
    tx.run(
        sql!(
            "UPDATE deliveries SET due_at = CASE WHEN waits = 2 THEN CAST($3 AS BIGINT) ELSE due_at END,
                 waits = CASE WHEN waits = 2 THEN 0 ELSE waits END
             WHERE app = $1 AND account = $2 AND lane = '' AND ended_at = 0"
        ),
        (app, account, now),
    )
}

/// Makes what waits for a device's connection due, and notes the connection on what is under way to it.
pub fn wake_device(tx: &mut Tx<'_>, now: Millis, device: &DeviceId) -> Result<u64> {
    let app = tx.app();
    tx.post(sql!("UPDATE devices SET badge = 0 WHERE app = $1 AND id = $2 AND badge <> 0"), (app, device))?;
    tx.run(
        sql!(
            "UPDATE deliveries SET woken = 1,
                 due_at = CASE WHEN waits IN (1, 2) THEN CAST($3 AS BIGINT) ELSE due_at END,
                 waits = CASE WHEN waits IN (1, 2) THEN 0 ELSE waits END
             WHERE app = $1 AND device = $2 AND lane IN ('', 'noroshi:0') AND ended_at = 0"
        ),
        (app, device, now),
    )
}

/// Lets go what a task held. Answers how many rows that concerned.
pub fn wake_task(tx: &mut Tx<'_>, now: Millis, task: i64) -> Result<u64> {
    let app = tx.app();
    tx.run(
        sql!(
            "UPDATE deliveries SET due_at = $3, waits = 0, family = '', status = 0
             WHERE app = $1 AND task = $2 AND waits = 3 AND ended_at + 0 = 0"
        ),
        (app, task, now),
    )
}

/// Adds to the number on the icon of a device, or sets it, and answers what it is now.
pub fn count_badge(tx: &mut Tx<'_>, device: &DeviceId, set: Option<i64>, add: i64) -> Result<i64> {
    let app = tx.app();
    let row: Option<(i64,)> = tx.opt(
        sql!(
            "UPDATE devices SET badge = CASE
                 WHEN CAST($3 AS BIGINT) IS NOT NULL THEN CAST($3 AS BIGINT)
                 WHEN badge + CAST($4 AS BIGINT) < 0 THEN 0
                 ELSE badge + CAST($4 AS BIGINT) END
             WHERE app = $1 AND id = $2 RETURNING badge"
        ),
        (app, device, set, add),
    )?;
    Ok(row.map_or(0, |(badge,)| badge))
}

/// Whether anything was ever delivered by a lane.
pub fn has_delivered(snapshot: &mut Snapshot<'_>, lane: &str) -> Result<bool> {
    let app = snapshot.app();
    let row: Option<(i64,)> =
        snapshot.opt(sql!("SELECT delivered_at FROM lanes WHERE app = $1 AND lane = $2"), (app, lane))?;
    Ok(row.is_some())
}

/// Notes that something was delivered by a lane.
pub fn note_delivered(tx: &mut Tx<'_>, now: Millis, lane: &str) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("INSERT INTO lanes (app, lane, delivered_at) VALUES ($1, $2, $3) ON CONFLICT (app, lane) DO NOTHING"),
        (app, lane, now),
    )
}

impl FromRow for Delivery {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let family: String = row.get(6)?;
        let number = row.get::<i64>(7)? as i32;
        Ok(Self {
            task: row.get(0)?,
            number: row.get(1)?,
            account: row.get(2)?,
            device: row.get(3)?,
            lane: row.get(4)?,
            waits: Waits::from_number(row.get(5)?),
            status: (!family.is_empty()).then_some(Status { family, number }),
            class: row.get::<i64>(8)? as i32,
            said: Said { code: row.get(9)?, text: row.get(10)?, request: row.get(11)?, is_local: row.get(12)? },
            attempts: row.get(13)?,
            tried_at: row.get(14)?,
            ended_at: row.get(15)?,
        })
    }
}

/// In whose counters a task shows, and as what kind; none if nobody counts it.
pub fn counted(snapshot: &mut Snapshot<'_>, task: i64) -> Result<Option<(i64, String)>> {
    let app = snapshot.app();
    snapshot.opt(sql!("SELECT counted, kind FROM tasks WHERE app = $1 AND id = $2 AND counted <> 0"), (app, task))
}

/// Reads one delivery.
pub fn get(snapshot: &mut Snapshot<'_>, task: i64, number: i64) -> Result<Option<Delivery>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT task, number, NULLIF(account, ''), NULLIF(device, ''), lane, waits, family, status, class, said_code,
                 said_text, said_request, said_local, attempts, tried_at, ended_at
             FROM deliveries WHERE app = $1 AND task = $2 AND number = $3"
        ),
        (app, task, number),
    )
}

/// Reads the deliveries of a task in pages ordered by number.
pub fn of_task(snapshot: &mut Snapshot<'_>, task: i64, after: i64) -> Result<Vec<Delivery>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT task, number, NULLIF(account, ''), NULLIF(device, ''), lane, waits, family, status, class, said_code,
                 said_text, said_request, said_local, attempts, tried_at, ended_at
             FROM deliveries WHERE app = $1 AND task = $2 AND number > $3 ORDER BY number LIMIT $4"
        ),
        (app, task, after, limit::STORE_PAGE as i64),
    )
}

/// Reads the deliveries of a task that went to one device, or to an account and then to it.
pub fn of_task_device(snapshot: &mut Snapshot<'_>, task: i64, device: &DeviceId) -> Result<Vec<Delivery>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT task, number, NULLIF(account, ''), NULLIF(device, ''), lane, waits, family, status, class, said_code,
                 said_text, said_request, said_local, attempts, tried_at, ended_at
             FROM deliveries WHERE app = $1 AND task = $2 AND device = $3 ORDER BY number LIMIT $4"
        ),
        (app, task, device, limit::STORE_PAGE as i64),
    )
}

/// What a delivery tells of, and to whom; none if it tells of no message, or of one that is gone.
pub fn announced(snapshot: &mut Snapshot<'_>, task: i64, number: i64) -> Result<Option<(UserId, Notified)>> {
    let app = snapshot.app();
    let found: Option<(String, Option<ConversationId>, Option<Seq>, Millis)> = snapshot.opt(
        sql!(
            "SELECT d.account, t.conversation, t.seq, t.created_at FROM deliveries d
             JOIN tasks t ON t.app = d.app AND t.id = d.task
             WHERE d.app = $1 AND d.task = $2 AND d.number = $3 AND d.account <> ''"
        ),
        (app, task, number),
    )?;
    let Some((account, Some(conversation), Some(seq), created_at)) = found else { return Ok(None) };
    let account = UserId::trusted(&account);
    if let Some(group) = groups::of_conversation(snapshot, conversation)? {
        let message = groups::messages::at(snapshot, conversation, seq)?;
        return Ok(message.map(|message| {
            let (group, sender, time) = (group.to_string(), message.sender, message.at.secs());
            (account, Notified::Group { group, sender, seq: seq.0, random: message.random, time })
        }));
    }
    // From the newest that the task can tell of backwards: it is among the last few.
    let found: Option<(String, i64, u32, u32)> = snapshot.opt(
        sql!(
            "SELECT sender, time, msg_seq, msg_random FROM messages
             WHERE app = $1 AND conversation = $2 AND time <= $3 AND seq = $4 AND grouped = 0
             ORDER BY time DESC LIMIT 1"
        ),
        (app, conversation, created_at.secs(), seq),
    )?;
    Ok(found.map(|(sender, time, seq, random)| {
        (account, Notified::Message { sender: UserId::trusted(&sender), key: MsgKey { time, seq, random } })
    }))
}

/// Reads what is under way to a device, or waits for it, by the time at which something is to happen.
pub fn open_of_device(snapshot: &mut Snapshot<'_>, device: &DeviceId, count: usize) -> Result<Vec<Delivery>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT task, number, NULLIF(account, ''), NULLIF(device, ''), lane, waits, family, status, class, said_code,
                 said_text, said_request, said_local, attempts, tried_at, ended_at
             FROM deliveries WHERE app = $1 AND device = $2 AND ended_at = 0 ORDER BY due_at LIMIT $3"
        ),
        (app, device, count as i64),
    )
}

/// Reads the deliveries that announce a message.
pub fn of_message(snapshot: &mut Snapshot<'_>, conversation: ConversationId, seq: Seq) -> Result<Vec<Delivery>> {
    let app = snapshot.app();
    // SQLite keeps the order of a CROSS JOIN: from the message's task to its deliveries, not through all of the app.
    snapshot.all(
        sql!(
            "SELECT d.task, d.number, NULLIF(d.account, ''), NULLIF(d.device, ''), d.lane, d.waits, d.family, d.status,
                 d.class, d.said_code, d.said_text, d.said_request, d.said_local, d.attempts, d.tried_at, d.ended_at
             FROM tasks t CROSS JOIN deliveries d
             WHERE d.app = t.app AND d.task = t.id AND t.app = $1 AND t.conversation = $2 AND t.conversation IS NOT NULL AND t.seq = $3
             ORDER BY d.task, d.number LIMIT $4"
        ),
        (app, conversation, seq, limit::STORE_PAGE as i64),
    )
}
