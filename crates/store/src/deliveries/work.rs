//! What the engine has to do for an app, in one look.

use contract::{Millis, Result};

use crate::value::{FromRow, Row};
use crate::{GROUP_PUSH, OFFLINE_PUSH, PUSH_RECALL, Snapshot};

/// What is due, or will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ToDo {
    /// When the next task is to be started.
    pub next_task: Option<Millis>,
    /// Whether messages wait for their notifications …
    pub has_notices: bool,
    /// … or messages to groups …
    pub has_groups: bool,
    /// … or what is to be taken back.
    pub has_recalls: bool,
    /// Whether targets wait for their ways.
    pub has_targets: bool,
}

impl FromRow for ToDo {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self {
            next_task: row.get(0)?,
            has_notices: row.get(1)?,
            has_groups: row.get(2)?,
            has_recalls: row.get(3)?,
            has_targets: row.get(4)?,
        })
    }
}

/// Looks what there is to do, among targets due after a moment ([`super::Look`]): cheaper than a turn at the writer, for which a
/// push waits as all before its own.
pub fn to_do(snapshot: &mut Snapshot<'_>, now: Millis, after: Millis) -> Result<ToDo> {
    let app = snapshot.app();
    snapshot.one(
        sql!(
            "SELECT (SELECT due_at FROM push_tasks WHERE app = $1 AND due_at > 0 ORDER BY due_at LIMIT 1),
                 EXISTS (SELECT 1 FROM outbox WHERE app = $1 AND topic = $3 AND due_at <= $2),
                 EXISTS (SELECT 1 FROM outbox WHERE app = $1 AND topic = $4 AND due_at <= $2),
                 EXISTS (SELECT 1 FROM outbox WHERE app = $1 AND topic = $5 AND due_at <= $2),
                 EXISTS (SELECT 1 FROM deliveries WHERE app = $1 AND lane = '' AND ended_at = 0 AND due_at > $6
                     AND due_at <= $2)"
        ),
        (app, now, OFFLINE_PUSH, GROUP_PUSH, PUSH_RECALL, after),
    )
}
