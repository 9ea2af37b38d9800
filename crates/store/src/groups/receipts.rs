//! Who has read messages that asked for receipts.

use contract::{ConversationId, Millis, Result, Seq, UserId};

use crate::{Snapshot, Tx};

/// Keeps a receipt; answers whether it is new.
pub fn give(tx: &mut Tx<'_>, conversation: ConversationId, seq: Seq, account: &UserId, now: Millis) -> Result<bool> {
    let app = tx.app();
    let given = tx.run(
        sql!(
            "INSERT INTO group_receipts (app, conversation, seq, account, at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (app, conversation, seq, account) DO NOTHING"
        ),
        (app, conversation, seq, account, now),
    )?;
    Ok(given > 0)
}

/// Counts who has read a message and who of its readers-to-be has not: members who were there when it was sent, but for
/// its sender.
pub fn count(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    seq: Seq,
    sender: &UserId,
) -> Result<(i64, i64)> {
    let app = snapshot.app();
    let (read,): (i64,) = snapshot.one(
        sql!("SELECT COUNT(*) FROM group_receipts WHERE app = $1 AND conversation = $2 AND seq = $3"),
        (app, conversation, seq),
    )?;
    let (unread,): (i64,) = snapshot.one(
        sql!(
            "SELECT COUNT(*) FROM group_members m
             WHERE m.app = $1 AND m.conversation = $2 AND m.account <> $4
               AND m.joined_at <= (SELECT at FROM messages
                                   WHERE app = $1 AND conversation = $2 AND seq = $3 AND grouped = 1)
               AND NOT EXISTS (SELECT 1 FROM group_receipts r WHERE r.app = $1 AND r.conversation = $2 AND r.seq = $3
                                                               AND r.account = m.account)"
        ),
        (app, conversation, seq, sender),
    )?;
    Ok((read, unread))
}

/// Reads who has read a message, behind a name.
pub fn readers(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    seq: Seq,
    after: &str,
    count: usize,
) -> Result<Vec<UserId>> {
    let app = snapshot.app();
    let rows: Vec<(UserId,)> = snapshot.all(
        sql!(
            "SELECT account FROM group_receipts
             WHERE app = $1 AND conversation = $2 AND seq = $3 AND account > $4 ORDER BY account LIMIT $5"
        ),
        (app, conversation, seq, after, count as i64),
    )?;
    Ok(rows.into_iter().map(|(account,)| account).collect())
}

/// Reads who has not read a message, behind a name.
pub fn waiting(
    snapshot: &mut Snapshot<'_>,
    conversation: ConversationId,
    (seq, sender): (Seq, &UserId),
    after: &str,
    count: usize,
) -> Result<Vec<UserId>> {
    let app = snapshot.app();
    let rows: Vec<(UserId,)> = snapshot.all(
        sql!(
            "SELECT m.account FROM group_members m
             WHERE m.app = $1 AND m.conversation = $2 AND m.account <> $4 AND m.account > $5
               AND m.joined_at <= (SELECT at FROM messages
                                   WHERE app = $1 AND conversation = $2 AND seq = $3 AND grouped = 1)
               AND NOT EXISTS (SELECT 1 FROM group_receipts r WHERE r.app = $1 AND r.conversation = $2 AND r.seq = $3
                                                               AND r.account = m.account)
             ORDER BY m.account LIMIT $6"
        ),
        (app, conversation, seq, sender, after, count as i64),
    )?;
    Ok(rows.into_iter().map(|(account,)| account).collect())
}
