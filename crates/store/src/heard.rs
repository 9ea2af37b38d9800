//! Which groups an account hears: those that it is in and whose messages it did not turn off.

use contract::{ConversationId, Result, UserId};

use crate::Snapshot;

/// Reads a page of the groups that an account hears, in the order of their conversations, behind one of them.
pub fn page(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    after: Option<ConversationId>,
    count: usize,
) -> Result<Vec<ConversationId>> {
    let app = snapshot.app();
    // 2 is `Discard`: not delivered at all.
    let rows: Vec<(ConversationId,)> = snapshot.all(
        sql!(
            "SELECT conversation FROM group_members
             WHERE app = $1 AND account = $2 AND conversation > $3 AND receive <> 2 ORDER BY conversation LIMIT $4"
        ),
        (app, account, after.unwrap_or(ConversationId([0; 16])), count as i64),
    )?;
    Ok(rows.into_iter().map(|(conversation,)| conversation).collect())
}
