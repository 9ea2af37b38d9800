//! Who wants in: requests to join, and invitations that wait for somebody's consent.

use contract::{ConversationId, Failure, Millis, Result, UserId};

use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// An account applies, and the group's admins answer.
    Apply = 0,
    /// An account was invited and answers itself.
    Consent = 1,
    /// An account was invited, and the group's admins answer.
    Invite = 2,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody answered yet.
    Waits = 0,
    /// It was granted.
    Granted = 1,
    /// It was refused.
    Refused = 2,
}

/// A request to join a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// From 1 in each group.
    pub number: i64,
    /// What is waited for.
    pub kind: RequestKind,
    /// Who is to come in.
    pub account: UserId,
    /// Who invited; the account itself if it applies.
    pub inviter: UserId,
    /// What it says.
    pub wording: String,
    /// When it was made.
    pub at: Millis,
    /// What became of it.
    pub outcome: Outcome,
}

impl FromRow for Request {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let kind = match row.get::<i64>(1)? {
            0 => RequestKind::Apply,
            1 => RequestKind::Consent,
            2 => RequestKind::Invite,
            _ => return Err(Failure::internal("a request of no kind").into()),
        };
        let outcome = match row.get::<i64>(6)? {
            0 => Outcome::Waits,
            1 => Outcome::Granted,
            _ => Outcome::Refused,
        };
        Ok(Self {
            number: row.get(0)?,
            kind,
            account: row.get(2)?,
            inviter: row.get(3)?,
            wording: row.get(4)?,
            at: row.get(5)?,
            outcome,
        })
    }
}

/// Keeps a request, in place of one of the same account that waits; answers its number. The group is held. Some of those
/// that were answered long ago are forgotten.
pub fn add(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    kind: RequestKind,
    (account, inviter): (&UserId, &UserId),
    wording: &str,
    now: Millis,
) -> Result<i64> {
    let app = tx.app();
    tx.post(
        sql!("DELETE FROM group_requests WHERE app = $1 AND conversation = $2 AND account = $3 AND outcome + 0 = 0"),
        (app, conversation, account),
    )?;
    let (number,): (i64,) = tx.one(
        sql!("SELECT COALESCE(MAX(number), 0) + 1 FROM group_requests WHERE app = $1 AND conversation = $2"),
        (app, conversation),
    )?;
    tx.post(
        sql!(
            "INSERT INTO group_requests (app, conversation, number, kind, account, inviter, wording, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        ),
        (app, conversation, number, kind as i64, account, inviter, wording, now),
    )?;
    // Numbers are not given again, because a newer one is there now.
    tx.post(
        sql!(
            "DELETE FROM group_requests WHERE app = $1 AND conversation = $2 AND number IN (
                 SELECT number FROM group_requests
                 WHERE app = $1 AND conversation = $2 AND outcome > 0 AND answered_at < $3
                 ORDER BY answered_at LIMIT $4)"
        ),
        (app, conversation, now.plus(-ANSWERED_MS), FORGOTTEN_AT_ONCE),
    )?;
    Ok(number)
}

/// How long what was answered is remembered: whoever answers again is told so meanwhile.
const ANSWERED_MS: i64 = 30 * 86_400_000;

/// Answered requests that a new one makes forgotten: more than one, so that they become fewer.
const FORGOTTEN_AT_ONCE: i64 = 20;

/// Finds a request.
pub fn get(snapshot: &mut Snapshot<'_>, conversation: ConversationId, number: i64) -> Result<Option<Request>> {
    let app = snapshot.app();
    snapshot.opt(
        sql!(
            "SELECT number, kind, account, inviter, wording, at, outcome FROM group_requests
             WHERE app = $1 AND conversation = $2 AND number = $3"
        ),
        (app, conversation, number),
    )
}

/// Answers a request.
pub fn answer(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    number: i64,
    outcome: Outcome,
    by: &UserId,
    now: Millis,
) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE group_requests SET outcome = $4, answered_by = $5, answered_at = $6
             WHERE app = $1 AND conversation = $2 AND number = $3"
        ),
        (app, conversation, number, outcome as i64, by, now),
    )
}

/// Settles what waits for an account that came in another way.
pub fn settle(tx: &mut Tx<'_>, conversation: ConversationId, account: &UserId, now: Millis) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE group_requests SET outcome = 1, answered_at = $4
             WHERE app = $1 AND conversation = $2 AND account = $3 AND outcome + 0 = 0"
        ),
        (app, conversation, account, now),
    )
}

/// Reads what waits in a group for its admins, newest first.
pub fn of_group(snapshot: &mut Snapshot<'_>, conversation: ConversationId, count: usize) -> Result<Vec<Request>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT number, kind, account, inviter, wording, at, outcome FROM group_requests
             WHERE app = $1 AND conversation = $2 AND outcome = 0 AND kind <> 1 ORDER BY number DESC LIMIT $3"
        ),
        (app, conversation, count as i64),
    )
}

/// Reads the invitations that wait for an account's consent, newest first, each with its group's conversation.
pub fn of_account(snapshot: &mut Snapshot<'_>, account: &UserId, count: usize) -> Result<Vec<(ConversationId, i64)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT conversation, number FROM group_requests
             WHERE app = $1 AND account = $2 AND outcome = 0 AND kind = 1 ORDER BY at DESC, number DESC LIMIT $3"
        ),
        (app, account, count as i64),
    )
}

/// Whether anything that waits for an answer is about an account.
pub fn is_named(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<bool> {
    let app = snapshot.app();
    let found: Option<(i64,)> = snapshot.opt(
        sql!("SELECT number FROM group_requests WHERE app = $1 AND account = $2 AND outcome = 0 LIMIT 1"),
        (app, account),
    )?;
    Ok(found.is_some())
}

/// Refuses some of what waits for an account, everywhere; answers how many requests. They stay, because their numbers are
/// not given again.
pub fn withdraw(tx: &mut Tx<'_>, account: &UserId, now: Millis, count: usize) -> Result<usize> {
    let app = tx.app();
    let gone = tx.run(
        sql!(
            "UPDATE group_requests SET outcome = 2, answered_at = $3
             WHERE app = $1 AND account = $2 AND outcome = 0 AND (conversation, number) IN (
                 SELECT conversation, number FROM group_requests WHERE app = $1 AND account = $2 AND outcome = 0
                 ORDER BY at LIMIT $4)"
        ),
        (app, account, now, count as i64),
    )?;
    Ok(gone as usize)
}
