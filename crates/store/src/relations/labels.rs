//! Friend groups: a name for a bit of a friend's labels.

use contract::{AppId, Result, UserId};

use crate::ask::{Ask, ask};
use crate::value::{FromRow, Params, Row};
use crate::{Snapshot, Tx};

/// A friend group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its bit's number.
    pub bit: i64,
    /// Its name.
    pub name: String,
}

impl FromRow for Label {
    fn from_row(row: Row<'_>) -> Result<Self> {
        Ok(Self { bit: row.get(0)?, name: row.get(1)? })
    }
}

/// Reads the account's groups, which are few.
pub fn all(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Vec<Label>> {
    asked(snapshot.app(), account).all(snapshot)
}

pub(super) fn asked(app: AppId, account: &UserId) -> Ask<Label, impl Params> {
    ask(sql!("SELECT bit, name FROM labels WHERE app = $1 AND account = $2 ORDER BY bit"), (app, account))
}

/// Adds a group, or gives it another name.
pub fn save(tx: &mut Tx<'_>, account: &UserId, label: &Label) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO labels (app, account, bit, name) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, account, bit) DO UPDATE SET name = $4"
        ),
        (app, account, label.bit, &label.name),
    )
}

/// Removes a group; the caller takes its bit from the friends.
pub fn delete(tx: &mut Tx<'_>, account: &UserId, bit: i64) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM labels WHERE app = $1 AND account = $2 AND bit = $3"), (app, account, bit))
}

/// Removes all groups of an account.
pub fn clear(tx: &mut Tx<'_>, account: &UserId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM labels WHERE app = $1 AND account = $2"), (app, account))
}
