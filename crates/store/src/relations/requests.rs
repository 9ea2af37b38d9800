//! Friend requests that wait for an answer: one row, a place in the lists of both sides.

use contract::{AppId, Result, UserId, limit};

use super::list;
use crate::value::{Bind, FromRow, Params, Row, Value};
use crate::{Snapshot, Tx};

/// A friend request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who is to answer.
    pub receiver: UserId,
    /// Who asks.
    pub asker: UserId,
    /// Its place in the receiver's list.
    pub receiver_version: i64,
    /// Its place in the asker's list.
    pub asker_version: i64,
    /// Seconds since the epoch.
    pub asked_at: i64,
    /// Where they met.
    pub source: String,
    /// What the asker says.
    pub wording: String,
    /// What the asker will call the receiver.
    pub remark: String,
    /// Into which of its groups the asker will put the receiver; empty means none.
    pub label: String,
}

impl FromRow for Request {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            receiver: row.get(0)?,
            asker: row.get(1)?,
            receiver_version: row.get(2)?,
            asker_version: row.get(3)?,
            asked_at: row.get(4)?,
            source: row.get(5)?,
            wording: row.get(6)?,
            remark: row.get(7)?,
            label: row.get(8)?,
        })
    }
}

struct Saved<'a>(AppId, &'a Request);

impl Params for Saved<'_> {
    fn values(&self) -> impl AsRef<[Value<'_>]> {
        let Self(app, row) = self;
        [
            app.value(),
            row.receiver.value(),
            row.asker.value(),
            row.receiver_version.value(),
            row.asker_version.value(),
            row.asked_at.value(),
            row.source.value(),
            row.wording.value(),
            row.remark.value(),
            row.label.value(),
        ]
    }
}

/// Writes requests, each over an earlier one between the same two.
pub fn save<'a>(tx: &mut Tx<'_>, rows: impl IntoIterator<Item = &'a Request>) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "INSERT INTO friend_requests (app, receiver, asker, receiver_version, asker_version, asked_at, source,
                                          wording, remark, label)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (app, receiver, asker) DO UPDATE
             SET receiver_version = $4, asker_version = $5, asked_at = $6, source = $7, wording = $8, remark = $9,
                 label = $10"
        ),
        rows.into_iter().map(|row| Saved(app, row)),
    )
}

/// Reads all requests that wait for the account's answer, oldest first; their number is bounded.
pub fn received(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Vec<Request>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT receiver, asker, receiver_version, asker_version, asked_at, source, wording, remark, label
             FROM friend_requests WHERE app = $1 AND receiver = $2 ORDER BY receiver_version"
        ),
        (app, account),
    )
}

/// Reads the requests that the account sent, after a place in its list, oldest first.
pub fn sent(snapshot: &mut Snapshot<'_>, account: &UserId, after: i64, count: usize) -> Result<Vec<Request>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT receiver, asker, receiver_version, asker_version, asked_at, source, wording, remark, label
             FROM friend_requests WHERE app = $1 AND asker = $2 AND asker_version > $3
             ORDER BY asker_version LIMIT $4"
        ),
        (app, account, after, count.min(limit::STORE_PAGE) as i64),
    )
}

/// Reads the requests between the account and some others (a bounded batch), whoever asks.
pub fn between(snapshot: &mut Snapshot<'_>, account: &UserId, others: &[UserId]) -> Result<Vec<Request>> {
    let (app, list) = (snapshot.app(), list(others));
    let mut found: Vec<Request> = snapshot.all(
        sql! {
            sqlite: "SELECT receiver, asker, receiver_version, asker_version, asked_at, source, wording, remark, label
                     FROM friend_requests
                     WHERE app = $1 AND receiver = $2 AND asker IN (SELECT value FROM json_each($3))",
            postgres: "SELECT receiver, asker, receiver_version, asker_version, asked_at, source, wording, remark, label
                       FROM friend_requests
                       WHERE app = $1 AND receiver = $2
                         AND asker = ANY (ARRAY(SELECT jsonb_array_elements_text($3::text::jsonb)))"
        },
        (app, account, &list),
    )?;
    let sent: Vec<Request> = snapshot.all(
        sql! {
            sqlite: "SELECT receiver, asker, receiver_version, asker_version, asked_at, source, wording, remark, label
                     FROM friend_requests
                     WHERE app = $1 AND asker = $2 AND receiver IN (SELECT value FROM json_each($3))",
            postgres: "SELECT receiver, asker, receiver_version, asker_version, asked_at, source, wording, remark, label
                       FROM friend_requests
                       WHERE app = $1 AND asker = $2
                         AND receiver = ANY (ARRAY(SELECT jsonb_array_elements_text($3::text::jsonb)))"
        },
        (app, account, &list),
    )?;
    found.extend(sent);
    Ok(found)
}

/// Removes requests, each a receiver and an asker.
pub fn remove<'a>(tx: &mut Tx<'_>, pairs: impl IntoIterator<Item = (&'a UserId, &'a UserId)>) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("DELETE FROM friend_requests WHERE app = $1 AND receiver = $2 AND asker = $3"),
        pairs.into_iter().map(|(receiver, asker)| (app, receiver, asker)),
    )
}
