//! Pushes that were asked for: an audience, a notification and a time each, and how far they are.
//!
//! `push_tasks` is what was asked; what is under way is in `tasks` with its deliveries, or in a broadcast.

use contract::{AppId, DeviceId, Millis, Result, limit};

use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// It waits for its time.
    #[default]
    Waiting = 0,
    /// It takes targets one call after the other.
    Open = 1,
    /// It was started.
    Started = 2,
    /// It takes no more targets, or its last occurrence is over.
    Complete = 3,
    /// It was cancelled before it started.
    Cancelled = 4,
    /// It was taken back.
    Revoked = 5,
}

impl State {
    fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Open,
            2 => Self::Started,
            3 => Self::Complete,
            4 => Self::Cancelled,
            5 => Self::Revoked,
            _ => Self::Waiting,
        }
    }
}

/// A task as it was asked for, with its progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Unique in the app.
    pub id: i64,
    /// The task in whose counters it shows; itself unless it is a part of another.
    pub counted: i64,
    /// Who asked, in the words of the surface.
    pub origin: String,
    /// What it is, in the words of the surface.
    pub kind: String,
    /// What the caller calls it.
    pub name: String,
    /// The caller's own key; empty for none.
    pub key: String,
    /// What is shown, to find it by.
    pub title: String,
    /// What is shown, to find it by.
    pub body: String,
    /// By what it names its audience.
    pub target: String,
    /// All that was asked for, as JSON.
    pub spec: String,
    /// When it was asked for.
    pub created_at: Millis,
    /// When it starts.
    pub push_at: Millis,
    /// When it is not worth delivering any more.
    pub expires_at: Millis,
    /// How far it is.
    pub state: State,
    /// When it is to be started; none for never.
    pub due_at: Option<Millis>,
    /// The broadcast that it became.
    pub broadcast: Option<i64>,
    /// Targets that were named so far.
    pub targets: i64,
    /// Whether devices that come back get its broadcast over our own connection.
    pub is_kept: bool,
}

impl FromRow for Record {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let some = |number: i64| (number != 0).then_some(number);
        Ok(Self {
            id: row.get(0)?,
            counted: row.get(1)?,
            origin: row.get(2)?,
            kind: row.get(3)?,
            name: row.get(4)?,
            key: row.get(5)?,
            title: row.get(6)?,
            body: row.get(7)?,
            target: row.get(8)?,
            spec: row.get(9)?,
            created_at: row.get(10)?,
            push_at: row.get(11)?,
            expires_at: row.get(12)?,
            state: State::from_number(row.get(13)?),
            due_at: some(row.get(14)?).map(Millis),
            broadcast: some(row.get(15)?),
            targets: row.get(16)?,
            is_kept: row.get::<i64>(17)? > 0,
        })
    }
}

impl Record {
    /// The broadcast that devices which come back are to hear of; 0 for none.
    fn kept(&self) -> i64 {
        if self.is_kept { self.broadcast.unwrap_or_default() } else { 0 }
    }
}

/// Adds a task, as far as it is.
pub fn add(tx: &mut Tx<'_>, record: &Record) -> Result<()> {
    let app = tx.app();
    tx.post_row(
        sql! {
            sqlite: "INSERT INTO push_tasks (app, id, counted, origin, kind, name, own_key, title, body, target, spec,
                         created_at, push_at, expires_at, due_at, state, broadcast, targets, kept)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
            postgres: "INSERT INTO push_tasks (app, id, counted, origin, kind, name, own_key, title, body, target, spec,
                           created_at, push_at, expires_at, due_at, state, broadcast, targets, kept)
                       SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[],
                           $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[],
                           $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[])"
        },
        (
            app,
            record.id,
            record.counted,
            &record.origin,
            &record.kind,
            &record.name,
            &record.key,
            &record.title,
            &record.body,
            &record.target,
            &record.spec,
            record.created_at,
            record.push_at,
            record.expires_at,
            record.due_at.unwrap_or_default(),
            record.state as i64,
            record.broadcast.unwrap_or_default(),
            record.targets,
            record.kept(),
        ),
    )
}

/// Writes down how far a task is.
pub fn save(tx: &mut Tx<'_>, record: &Record) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE push_tasks SET state = $3, due_at = $4, broadcast = $5, targets = $6, spec = $7, kept = $8
             WHERE app = $1 AND id = $2"
        ),
        (
            app,
            record.id,
            record.state as i64,
            record.due_at.unwrap_or_default(),
            record.broadcast.unwrap_or_default(),
            record.targets,
            &record.spec,
            record.kept(),
        ),
    )
}

/// Reads one task.
pub fn get(snapshot: &mut Snapshot<'_>, id: i64) -> Result<Option<Record>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT id, counted, origin, kind, name, own_key, title, body, target, spec, created_at, push_at, expires_at,
                 state, due_at, broadcast, targets, kept
             FROM push_tasks WHERE app = $1 AND id = $2"
        ),
        (app, id),
    )
}

/// Reads one task and holds it until the transaction ends.
pub fn hold(tx: &mut Tx<'_>, id: i64) -> Result<Option<Record>> {
    let app = tx.app();
    tx.opt(
        sql! {
            sqlite: "SELECT id, counted, origin, kind, name, own_key, title, body, target, spec, created_at, push_at,
                         expires_at, state, due_at, broadcast, targets, kept
                     FROM push_tasks WHERE app = $1 AND id = $2",
            postgres: "SELECT id, counted, origin, kind, name, own_key, title, body, target, spec, created_at, push_at,
                           expires_at, state, due_at, broadcast, targets, kept
                       FROM push_tasks WHERE app = $1 AND id = $2 FOR UPDATE"
        },
        (app, id),
    )
}

/// Takes tasks whose time has come, oldest first, and holds them until the transaction ends.
pub fn take_due(tx: &mut Tx<'_>, now: Millis, count: usize) -> Result<Vec<Record>> {
    let app = tx.app();
    tx.all(
        sql! {
            sqlite: "SELECT id, counted, origin, kind, name, own_key, title, body, target, spec, created_at, push_at,
                         expires_at, state, due_at, broadcast, targets, kept
                     FROM push_tasks WHERE app = $1 AND due_at > 0 AND due_at <= $2 ORDER BY due_at LIMIT $3",
            postgres: "SELECT id, counted, origin, kind, name, own_key, title, body, target, spec, created_at, push_at,
                           expires_at, state, due_at, broadcast, targets, kept
                       FROM push_tasks WHERE app = $1 AND due_at > 0 AND due_at <= $2 ORDER BY due_at LIMIT $3
                       FOR UPDATE SKIP LOCKED"
        },
        (app, now, count as i64),
    )
}

/// When the next task of the app is to be started.
pub fn next_due(snapshot: &mut Snapshot<'_>) -> Result<Option<Millis>> {
    let app = snapshot.app();
    let row: Option<(Millis,)> = snapshot
        .opt(sql!("SELECT due_at FROM push_tasks WHERE app = $1 AND due_at > 0 ORDER BY due_at LIMIT 1"), (app,))?;
    Ok(row.map(|(at,)| at))
}

/// Lists apps that have a task to start, each with the moment of the first, in pages by id. It spans apps, so it runs for
/// the platform.
pub fn apps_due(snapshot: &mut Snapshot<'_>, after: AppId) -> Result<Vec<(AppId, Millis)>> {
    snapshot.all(
        sql!(
            "WITH RECURSIVE firsts (app) AS (
                 SELECT (SELECT MIN(t.app) FROM push_tasks t WHERE t.due_at > 0 AND t.app > $1)
                 UNION ALL
                 SELECT (SELECT MIN(t.app) FROM push_tasks t WHERE t.due_at > 0 AND t.app > firsts.app)
                 FROM firsts WHERE firsts.app IS NOT NULL
             )
             SELECT firsts.app, (SELECT MIN(t.due_at) FROM push_tasks t WHERE t.app = firsts.app AND t.due_at > 0)
             FROM firsts WHERE firsts.app IS NOT NULL LIMIT $2"
        ),
        (after, limit::STORE_PAGE as i64),
    )
}

/// Finds tasks by the caller's own key, newest first.
pub fn of_key(snapshot: &mut Snapshot<'_>, key: &str) -> Result<Vec<Record>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT id, counted, origin, kind, name, own_key, title, body, target, spec, created_at, push_at, expires_at,
                 state, due_at, broadcast, targets, kept
             FROM push_tasks WHERE app = $1 AND own_key = $2 AND own_key <> '' ORDER BY created_at DESC, id LIMIT $3"
        ),
        (app, key, limit::STORE_PAGE as i64),
    )
}

/// Lists the parts of a task after an id, in their order.
pub fn parts(snapshot: &mut Snapshot<'_>, counted: i64, after: i64) -> Result<Vec<Record>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT id, counted, origin, kind, name, own_key, title, body, target, spec, created_at, push_at, expires_at,
                 state, due_at, broadcast, targets, kept
             FROM push_tasks WHERE app = $1 AND counted = $2 AND counted <> id AND id > $3 ORDER BY id LIMIT $4"
        ),
        (app, counted, after, limit::STORE_PAGE as i64),
    )
}

/// Lists the tasks whose broadcasts are newer than a number and kept for devices that come back, in their order.
pub fn kept(snapshot: &mut Snapshot<'_>, now: Millis, after: i64, count: usize) -> Result<Vec<Record>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT id, counted, origin, kind, name, own_key, title, body, target, spec, created_at, push_at, expires_at,
                 state, due_at, broadcast, targets, kept
             FROM push_tasks WHERE app = $1 AND kept > 0 AND kept > $2 AND expires_at > $3 ORDER BY kept LIMIT $4"
        ),
        (app, after, now, count as i64),
    )
}

/// Whether a broadcast is kept for a device that has come back: a read, because every arrival asks.
pub fn is_kept_for(snapshot: &mut Snapshot<'_>, now: Millis, device: &DeviceId) -> Result<bool> {
    let app = snapshot.app();
    let row: Option<(i64,)> = snapshot.opt(
        sql!(
            "SELECT t.id FROM devices d, push_tasks t
             WHERE d.app = $1 AND d.id = $2 AND t.app = d.app AND t.kept > 0 AND t.kept > d.pushed AND t.expires_at > $3
             LIMIT 1"
        ),
        (app, device, now),
    )?;
    Ok(row.is_some())
}

/// What tasks are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Of this surface; empty for all.
    pub origin: String,
    /// Of this kind; empty for all.
    pub kind: String,
    /// To such a target; empty for all.
    pub target: String,
    /// With this in title or body, or as the id; empty for all.
    pub keyword: String,
    /// Starting from this moment on …
    pub from: Millis,
    /// … and before this.
    pub until: Millis,
}

/// Counts tasks, parts of others left out.
pub fn count(snapshot: &mut Snapshot<'_>, filter: &Filter) -> Result<i64> {
    let app = snapshot.app();
    let (count,): (i64,) = snapshot.one(
        sql!(
            "SELECT COUNT(*) FROM push_tasks
             WHERE app = $1 AND push_at >= $2 AND push_at < $3 AND counted = id
                 AND ($4 = '' OR origin = $4) AND ($5 = '' OR kind = $5) AND ($6 = '' OR target = $6)
                 AND ($7 = '' OR CAST(id AS TEXT) = $8 OR title LIKE $7 ESCAPE '!' OR body LIKE $7 ESCAPE '!')"
        ),
        (
            app,
            filter.from,
            filter.until,
            filter.origin.as_str(),
            filter.kind.as_str(),
            filter.target.as_str(),
            pattern(&filter.keyword).as_str(),
            filter.keyword.as_str(),
        ),
    )?;
    Ok(count)
}

/// Lists tasks, parts of others left out, the latest first.
pub fn list(snapshot: &mut Snapshot<'_>, filter: &Filter, skip: i64, count: usize) -> Result<Vec<Record>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT id, counted, origin, kind, name, own_key, title, body, target, spec, created_at, push_at, expires_at,
                 state, due_at, broadcast, targets, kept
             FROM push_tasks
             WHERE app = $1 AND push_at >= $2 AND push_at < $3 AND counted = id
                 AND ($4 = '' OR origin = $4) AND ($5 = '' OR kind = $5) AND ($6 = '' OR target = $6)
                 AND ($7 = '' OR CAST(id AS TEXT) = $8 OR title LIKE $7 ESCAPE '!' OR body LIKE $7 ESCAPE '!')
             ORDER BY push_at DESC, id DESC LIMIT $9 OFFSET $10"
        ),
        (
            app,
            filter.from,
            filter.until,
            filter.origin.as_str(),
            filter.kind.as_str(),
            filter.target.as_str(),
            pattern(&filter.keyword).as_str(),
            filter.keyword.as_str(),
            count.min(limit::STORE_PAGE) as i64,
            skip,
        ),
    )
}

/// A pattern that holds a text; none of an empty one.
fn pattern(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// When tasks to all devices were asked for since a moment, each with its kind and what was asked, the latest first.
pub fn to_all(snapshot: &mut Snapshot<'_>, since: Millis, count: usize) -> Result<Vec<Record>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT id, counted, origin, kind, name, own_key, title, body, target, spec, created_at, push_at, expires_at,
                 state, due_at, broadcast, targets, kept
             FROM push_tasks WHERE app = $1 AND target = 'all' AND created_at > $2 AND counted = id ORDER BY created_at DESC LIMIT $3"
        ),
        (app, since, count.min(limit::STORE_PAGE) as i64),
    )
}

/// Tasks to tags that were asked for since a moment, the latest first.
pub fn to_tags(snapshot: &mut Snapshot<'_>, since: Millis, count: usize) -> Result<Vec<Record>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT id, counted, origin, kind, name, own_key, title, body, target, spec, created_at, push_at, expires_at,
                 state, due_at, broadcast, targets, kept
             FROM push_tasks WHERE app = $1 AND target = 'tag' AND created_at >= $2 AND counted = id ORDER BY created_at DESC LIMIT $3"
        ),
        (app, since, count.min(limit::STORE_PAGE) as i64),
    )
}

/// What a call with a token was answered since a moment, if it was made. A concurrent call with the same token is waited
/// for: the token is taken first.
pub fn repeated(tx: &mut Tx<'_>, now: Millis, since: Millis, token: &str) -> Result<Option<String>> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM push_repeats WHERE app = $1 AND token = $2 AND at < $3"), (app, token, since))?;
    let taken = tx.run(
        sql!("INSERT INTO push_repeats (app, token, at, answer) VALUES ($1, $2, $3, '') ON CONFLICT DO NOTHING"),
        (app, token, now),
    )?;
    if taken > 0 {
        return Ok(None);
    }
    let row: Option<(String,)> =
        tx.opt(sql!("SELECT answer FROM push_repeats WHERE app = $1 AND token = $2"), (app, token))?;
    Ok(row.map(|(answer,)| answer))
}

/// Notes what a call with a token is answered; [`repeated`] was asked in the same transaction.
pub fn answered(tx: &mut Tx<'_>, token: &str, answer: &str) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("UPDATE push_repeats SET answer = $3 WHERE app = $1 AND token = $2"), (app, token, answer))
}

/// Forgets some of what is long over: tasks, counters and reports. Answers how many tasks.
pub fn purge(tx: &mut Tx<'_>, before: Millis) -> Result<usize> {
    let app = tx.app();
    tx.post(sql!("UPDATE push_tasks SET kept = 0 WHERE app = $1 AND kept > 0 AND expires_at < $2"), (app, before))?;
    let ids: Vec<(i64,)> = tx.all(
        sql!(
            "SELECT id FROM push_tasks WHERE app = $1 AND push_at < $2 AND expires_at < $2 AND due_at = 0
             ORDER BY push_at LIMIT $3"
        ),
        (app, before, PURGE_BATCH),
    )?;
    tx.post_all(sql!("DELETE FROM push_counts WHERE app = $1 AND task = $2"), ids.iter().map(|(id,)| (app, *id)))?;
    tx.post_all(sql!("DELETE FROM push_tasks WHERE app = $1 AND id = $2"), ids.iter().map(|(id,)| (app, *id)))?;
    tx.post(
        sql!(
            "DELETE FROM push_reports WHERE app = $1 AND (task, device, what) IN
                 (SELECT task, device, what FROM push_reports WHERE app = $1 AND at < $2 LIMIT $3)"
        ),
        (app, before, limit::STORE_PAGE as i64),
    )?;
    tx.post(
        sql!(
            "DELETE FROM push_repeats WHERE app = $1 AND token IN
                 (SELECT token FROM push_repeats WHERE app = $1 AND at < $2 LIMIT $3)"
        ),
        (app, before, limit::STORE_PAGE as i64),
    )?;
    Ok(ids.len())
}

/// Tasks that one transaction forgets: background work must not hold the writer.
const PURGE_BATCH: i64 = 100;

/// Lists apps that have tasks from before a moment. It spans apps, so it runs for the platform.
pub fn apps_before(snapshot: &mut Snapshot<'_>, before: Millis) -> Result<Vec<AppId>> {
    let rows: Vec<(AppId,)> = snapshot.all(
        sql!(
            "WITH RECURSIVE firsts (app) AS (
                 SELECT (SELECT MIN(t.app) FROM push_tasks t)
                 UNION ALL
                 SELECT (SELECT MIN(t.app) FROM push_tasks t WHERE t.app > firsts.app)
                 FROM firsts WHERE firsts.app IS NOT NULL
             )
             SELECT firsts.app FROM firsts WHERE firsts.app IS NOT NULL AND EXISTS (
                 SELECT 1 FROM push_tasks t WHERE t.app = firsts.app AND t.push_at < $1
             ) LIMIT $2"
        ),
        (before, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(app,)| app).collect())
}
