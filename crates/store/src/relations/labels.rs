//! Friend groups: a name for a bit of a friend's labels.

use contract::{Result, UserId};

use crate::{Snapshot, Tx};

/// A friend group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its bit's number.
    pub bit: i64,
    /// Its name.
    pub name: String,
}

/// Reads the account's groups, which are few.
pub fn all(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Vec<Label>> {
    let app = snapshot.app();
    let rows: Vec<(i64, String)> = snapshot
        .all(sql!("SELECT bit, name FROM labels WHERE app = $1 AND account = $2 ORDER BY bit"), (app, account))?;
    Ok(rows.into_iter().map(|(bit, name)| Label { bit, name }).collect())
}

/// Adds a group, or gives it another name.
pub fn save(tx: &mut Tx<'_>, account: &UserId, label: &Label) -> Result<()> {
    let app = tx.app();
    tx.run(
        sql!(
            "INSERT INTO labels (app, account, bit, name) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, account, bit) DO UPDATE SET name = $4"
        ),
        (app, account, label.bit, &label.name),
    )
    .map(drop)
}

/// Removes a group; the caller takes its bit from the friends.
pub fn delete(tx: &mut Tx<'_>, account: &UserId, bit: i64) -> Result<()> {
    let app = tx.app();
    tx.run(sql!("DELETE FROM labels WHERE app = $1 AND account = $2 AND bit = $3"), (app, account, bit)).map(drop)
}

/// Removes all groups of an account.
pub fn clear(tx: &mut Tx<'_>, account: &UserId) -> Result<()> {
    let app = tx.app();
    tx.run(sql!("DELETE FROM labels WHERE app = $1 AND account = $2"), (app, account)).map(drop)
}
