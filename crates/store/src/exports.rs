//! Hourly files of history: what goes into one, which are made, and who makes them.
//!
//! There is no index of messages by hour, because an index is what a message costs. The conversations that moved since
//! the hour began are found by walking over the heads, which are far fewer; within one the hour is a range of its index.

use contract::{AppId, ConversationId, Millis, Result, UserId, limit};

use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// How far the history of an app is looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The first hour (since the epoch, UTC) that may lack a file.
    pub next_hour: i64,
    /// When the last purge began.
    pub purged_at: Millis,
}

/// Takes the app's history into care until a moment. Answers none if another node has it. An app that was never cared
/// for begins with `first_hour`, or with its own first one: all its conversations are gone through for each hour.
pub fn claim(tx: &mut Tx<'_>, now: Millis, by: i64, until: Millis, first_hour: i64) -> Result<Option<Mark>> {
    let app = tx.app();
    let claimed = tx.run(
        sql!(
            "INSERT INTO history_marks (app, next_hour, lease_by, lease_until)
             VALUES ($1, COALESCE((SELECT a.created_at / 3600000 FROM apps a
                                   WHERE a.id = $1 AND a.created_at / 3600000 > $2), $2), $3, $4)
             ON CONFLICT (app) DO UPDATE SET lease_by = $3, lease_until = $4
             WHERE history_marks.lease_until <= $5 OR history_marks.lease_by = $3"
        ),
        (app, first_hour, by, until, now),
    )?;
    if claimed == 0 {
        return Ok(None);
    }
    let row: Option<(i64, Millis)> =
        tx.opt(sql!("SELECT next_hour, purged_at FROM history_marks WHERE app = $1"), (app,))?;
    Ok(row.map(|(next_hour, purged_at)| Mark { next_hour, purged_at }))
}

/// Keeps the care for longer. Answers false if somebody else has it by now.
pub fn keep(tx: &mut Tx<'_>, by: i64, until: Millis) -> Result<bool> {
    let app = tx.app();
    let kept =
        tx.run(sql!("UPDATE history_marks SET lease_until = $3 WHERE app = $1 AND lease_by = $2"), (app, by, until))?;
    Ok(kept > 0)
}

/// Lets go of the care, and notes where the next one goes on.
pub fn release(tx: &mut Tx<'_>, by: i64, mark: Mark) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE history_marks SET next_hour = CASE WHEN next_hour > $3 THEN next_hour ELSE $3 END,
                 purged_at = $4, lease_by = 0, lease_until = 0
             WHERE app = $1 AND lease_by = $2"
        ),
        (app, by, mark.next_hour, mark.purged_at),
    )
}

/// A file that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Hours since the epoch, UTC.
    pub hour: i64,
    /// It is that of groups, not of pairs.
    pub is_group: bool,
    /// When it was made.
    pub made_at: Millis,
    /// Messages in it; an hour without any has no file.
    pub messages: i64,
    /// Bytes of the plain text.
    pub size: i64,
    /// MD5 of the plain text, in hex.
    pub md5: String,
    /// Bytes of the file.
    pub gzip_size: i64,
    /// MD5 of the file, in hex.
    pub gzip_md5: String,
}

/// Finds the file of an hour: that of pairs, or that of groups.
pub fn get(snapshot: &mut Snapshot<'_>, hour: i64, is_group: bool) -> Result<Option<Export>> {
    let app = snapshot.app();
    let row: Option<(i64, Millis, i64, i64, String, i64, String)> = snapshot.opt(
        sql!(
            "SELECT hour, made_at, messages, size, md5, gzip_size, gzip_md5 FROM exports
             WHERE app = $1 AND hour = $2 AND grouped = $3"
        ),
        (app, hour, i64::from(is_group)),
    )?;
    Ok(row.map(|(hour, made_at, messages, size, md5, gzip_size, gzip_md5)| Export {
        hour,
        is_group,
        made_at,
        messages,
        size,
        md5,
        gzip_size,
        gzip_md5,
    }))
}

/// Notes the files of an hour and that it is done. Answers false, and changes nothing, if the care was lost meanwhile.
pub fn finish(tx: &mut Tx<'_>, by: i64, until: Millis, hour: i64, files: &[Export]) -> Result<bool> {
    let app = tx.app();
    let held = tx.run(
        sql!(
            "UPDATE history_marks SET next_hour = $3, lease_until = $4
             WHERE app = $1 AND lease_by = $2 AND next_hour <= $3"
        ),
        (app, by, hour + 1, until),
    )?;
    if held == 0 {
        return Ok(false);
    }
    for export in files.iter().filter(|export| export.messages > 0) {
        tx.post(
            sql!(
                "INSERT INTO exports (app, hour, grouped, made_at, messages, size, md5, gzip_size, gzip_md5)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (app, hour, grouped) DO UPDATE SET made_at = $4, messages = $5, size = $6, md5 = $7,
                     gzip_size = $8, gzip_md5 = $9"
            ),
            (
                app,
                hour,
                i64::from(export.is_group),
                export.made_at,
                export.messages,
                export.size,
                &export.md5,
                export.gzip_size,
                &export.gzip_md5,
            ),
        )?;
    }
    Ok(true)
}

/// Lists hours before one whose files are still there.
pub fn before(snapshot: &mut Snapshot<'_>, hour: i64) -> Result<Vec<i64>> {
    let app = snapshot.app();
    let rows: Vec<(i64,)> = snapshot.all(
        sql!("SELECT hour FROM exports WHERE app = $1 AND hour < $2 GROUP BY hour ORDER BY hour LIMIT $3"),
        (app, hour, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(hour,)| hour).collect())
}

/// Forgets the files of some hours.
pub fn remove(tx: &mut Tx<'_>, hours: &[i64]) -> Result<u64> {
    let app = tx.app();
    tx.many(sql!("DELETE FROM exports WHERE app = $1 AND hour = $2"), hours.iter().map(|hour| (app, *hour)))
}

/// A conversation as the walk comes by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which.
    pub id: ConversationId,
    /// One of two accounts; or the group, or the topic.
    pub low: String,
    /// The other account; empty of a group.
    pub high: String,
    /// When the newest live message came.
    pub last_at: Millis,
}

/// Walks over the app's pairs, or over its groups and topics, in the order of their keys.
pub fn heads(snapshot: &mut Snapshot<'_>, is_group: bool, after: ConversationId, count: usize) -> Result<Vec<Head>> {
    let app = snapshot.app();
    let rows: Vec<(ConversationId, String, String, Millis)> = snapshot.all(
        sql!(
            "SELECT id, low, high, last_at FROM conversations
             WHERE app = $1 AND id > $2 AND kind = $3 ORDER BY id LIMIT $4"
        ),
        (app, after, i64::from(is_group), count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(|(id, low, high, last_at)| Head { id, low, high, last_at }).collect())
}

/// A message as a file of history shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who sent it.
    pub sender: UserId,
    /// Seconds, with what follows the order within the conversation of a pair.
    pub time: i64,
    /// See `time`.
    pub msg_seq: u32,
    /// See `time`.
    pub msg_random: u32,
    /// In the order of arrival, which is that of a group.
    pub seq: i64,
    /// The elements, as JSON text.
    pub body: String,
}

impl FromRow for Line {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            sender: row.get(0)?,
            time: row.get(1)?,
            msg_seq: row.get(2)?,
            msg_random: row.get(3)?,
            seq: row.get(4)?,
            body: row.get(5)?,
        })
    }
}

/// Reads messages of a pair within a span of seconds, after a line. What was imported or recalled is not among them.
pub fn lines(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    span: (i64, i64),
    after: Option<&Line>,
    count: usize,
) -> Result<Vec<Line>> {
    let app = snapshot.app();
    let (time, msg_seq, msg_random, seq) = after.map_or((span.0, -1, -1, -1), |line| {
        (line.time, i64::from(line.msg_seq), i64::from(line.msg_random), line.seq)
    });
    snapshot.all(
        sql!(
            "SELECT sender, time, msg_seq, msg_random, seq, body FROM messages
             WHERE app = $1 AND conversation = $2 AND grouped = 0 AND time >= $3 AND time < $4
               AND (time, msg_seq, msg_random, seq) > ($3, $5, $6, $7) AND flags & 96 = 0
             ORDER BY time, msg_seq, msg_random, seq LIMIT $8"
        ),
        (app, conversation, time, span.1, msg_seq, msg_random, seq, count.min(limit::STORE_PAGE) as i64),
    )
}

/// Reads messages of a group within a span of seconds, after a line. What was imported or recalled, and what the system
/// told, is not among them.
pub fn group_lines(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    span: (i64, i64),
    after: Option<&Line>,
    count: usize,
) -> Result<Vec<Line>> {
    let app = snapshot.app();
    let after = if let Some(line) = after {
        line.seq
    } else {
        // Live messages follow the time, so none before the last that is older lies in the span.
        let older: Option<(i64,)> = snapshot.opt(
            sql!(
                "SELECT seq FROM messages
                 WHERE app = $1 AND conversation = $2 AND grouped = 1 AND time < $3 AND flags & 32 = 0
                 ORDER BY seq DESC LIMIT 1"
            ),
            (app, conversation, span.0),
        )?;
        older.map_or(0, |(seq,)| seq)
    };
    snapshot.all(
        sql!(
            "SELECT sender, time, msg_seq, msg_random, seq, body FROM messages
             WHERE app = $1 AND conversation = $2 AND grouped = 1 AND seq > $3 AND time >= $4 AND time < $5
               AND flags & 16480 = 0
             ORDER BY seq LIMIT $6"
        ),
        (app, conversation, after, span.0, span.1, count.min(limit::STORE_PAGE) as i64),
    )
}

/// Lists apps that have any conversation, in pages ordered by id. It spans apps, so it runs for the platform.
pub fn apps(snapshot: &mut Snapshot<'_>, after: AppId) -> Result<Vec<AppId>> {
    let rows: Vec<(AppId,)> = snapshot.all(
        sql!(
            "WITH RECURSIVE firsts (app) AS (
                 SELECT (SELECT MIN(app) FROM (
                     SELECT MIN(c.app) AS app FROM conversations c WHERE c.app > $1
                     UNION ALL SELECT MIN(e.app) FROM ended_groups e WHERE e.app > $1) AS next)
                 UNION ALL
                 SELECT (SELECT MIN(app) FROM (
                     SELECT MIN(c.app) AS app FROM conversations c WHERE c.app > firsts.app
                     UNION ALL SELECT MIN(e.app) FROM ended_groups e WHERE e.app > firsts.app) AS next)
                 FROM firsts WHERE firsts.app IS NOT NULL
             )
             SELECT firsts.app FROM firsts WHERE firsts.app IS NOT NULL LIMIT $2"
        ),
        (after, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(app,)| app).collect())
}
