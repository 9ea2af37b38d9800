//! Stream messages that still grow: when they were last continued, and how often within a second. The text itself is
//! the body of the message.

use contract::{ConversationId, Millis, Result, Seq};

use crate::{Snapshot, Tx};

/// When a stream was last continued; none if it never was or has ended.
pub fn last_at(snapshot: &mut Snapshot<'_>, conversation: ConversationId, message: Seq) -> Result<Option<Millis>> {
    let app = snapshot.app();
    let row: Option<(Millis,)> = snapshot.opt(
        sql!("SELECT last_at FROM streams WHERE app = $1 AND conversation = $2 AND message = $3"),
        (app, conversation, message),
    )?;
    Ok(row.map(|(last_at,)| last_at))
}

/// Notes that a stream is continued. Answers how often it was within this second.
pub fn note(tx: &mut Tx<'_>, conversation: ConversationId, message: Seq, now: Millis) -> Result<i64> {
    let app = tx.app();
    let (calls,): (i64,) = tx.one(
        sql!(
            "INSERT INTO streams (app, conversation, message, last_at, second, calls) VALUES ($1, $2, $3, $4, $5, 1)
             ON CONFLICT (app, conversation, message) DO UPDATE SET
                 calls = CASE WHEN streams.second = $5 THEN streams.calls + 1 ELSE 1 END, second = $5, last_at = $4
             RETURNING calls"
        ),
        (app, conversation, message, now, now.secs()),
    )?;
    Ok(calls)
}

/// Forgets a stream that has ended.
pub fn end(tx: &mut Tx<'_>, conversation: ConversationId, message: Seq) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!("DELETE FROM streams WHERE app = $1 AND conversation = $2 AND message = $3"),
        (app, conversation, message),
    )
}

/// Forgets the streams of the app that nobody has continued since a moment.
pub fn forget(tx: &mut Tx<'_>, before: Millis) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM streams WHERE app = $1 AND last_at < $2"), (app, before))
}

/// Counts a stream that begins today. Answers how many have.
pub fn count_day(tx: &mut Tx<'_>, now: Millis) -> Result<i64> {
    let app = tx.app();
    let day = now.secs().div_euclid(86_400);
    tx.post(sql!("DELETE FROM stream_days WHERE app = $1 AND day < $2"), (app, day))?;
    let (started,): (i64,) = tx.one(
        sql!(
            "INSERT INTO stream_days (app, day, started) VALUES ($1, $2, 1)
             ON CONFLICT (app, day) DO UPDATE SET started = stream_days.started + 1 RETURNING started"
        ),
        (app, day),
    )?;
    Ok(started)
}
