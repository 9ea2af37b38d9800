//! Groups that nobody uses: without a message, also in their topics, and without a change of what they say of
//! themselves.

use contract::group::{GroupId, GroupKind};
use contract::{Millis, Result, limit};

use super::Group;
use crate::{Snapshot, Sql};

/// A page of the living groups of a type behind a number, in the order of creation: each with its number and with
/// whether nobody has used it since a moment.
pub fn page(
    snapshot: &mut Snapshot<'_>,
    kind: GroupKind,
    after: i64,
    since: Millis,
    count: usize,
) -> Result<Vec<(GroupId, i64, bool)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT recent.id, recent.number, CAST(CASE WHEN recent.info_at < $4 AND COALESCE(c.last_at, 0) < $4 AND NOT EXISTS (
                 SELECT 1 FROM topics t JOIN conversations d ON d.app = t.app AND d.id = t.conversation
                 WHERE t.app = $1 AND t.community = recent.conversation AND t.deleted_at = 0 AND d.last_at >= $4
             ) THEN 1 ELSE 0 END AS BIGINT)
             FROM (SELECT id, number, info_at, conversation FROM groups
                   WHERE app = $1 AND kind = $2 AND ended_at = 0 AND number > $3 ORDER BY number LIMIT $5) AS recent
             LEFT JOIN conversations c ON c.app = $1 AND c.id = recent.conversation
             ORDER BY recent.number"
        ),
        (app, kind as i64, after, since, count.min(limit::STORE_PAGE) as i64),
    )
}

/// Whether nobody has used a group since a moment.
pub fn is_idle(snapshot: &mut Snapshot<'_>, group: &Group, since: Millis) -> Result<bool> {
    if group.info_at >= since || group.last_at >= since {
        return Ok(false);
    }
    let app = snapshot.app();
    let spoken: Option<(i64,)> = snapshot.opt(SPOKEN, (app, group.conversation, since))?;
    Ok(spoken.is_none())
}

/// A topic in which somebody spoke since a moment.
const SPOKEN: Sql = sql!(
    "SELECT d.last_at FROM topics t JOIN conversations d ON d.app = t.app AND d.id = t.conversation
     WHERE t.app = $1 AND t.community = $2 AND t.deleted_at = 0 AND d.last_at >= $3 LIMIT 1"
);
