//! Mutes: until when an account may not write, in one-to-one conversations and in groups.

use contract::{Millis, Result, UserId};

use crate::{Snapshot, Tx};

/// Until when an account is silent; 0 if it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mute {
    /// In one-to-one conversations.
    pub pairs: Millis,
    /// In groups.
    pub groups: Millis,
}

/// Sets what is named, the rest stays. Answers false if no such account lives.
pub fn set(tx: &mut Tx<'_>, account: &UserId, pairs: Option<Millis>, groups: Option<Millis>) -> Result<bool> {
    let app = tx.app();
    let changed = tx.run(
        sql!(
            "UPDATE accounts SET muted_until = COALESCE($3, muted_until),
                    group_muted_until = COALESCE($4, group_muted_until)
             WHERE app = $1 AND id = $2 AND deleted_at = 0"
        ),
        (app, account, pairs, groups),
    )?;
    Ok(changed > 0)
}

/// Reads the mute of a living account.
pub fn get(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Option<Mute>> {
    let app = snapshot.app();
    let row: Option<(Millis, Millis)> = snapshot.opt(
        sql!("SELECT muted_until, group_muted_until FROM accounts WHERE app = $1 AND id = $2 AND deleted_at = 0"),
        (app, account),
    )?;
    Ok(row.map(|(pairs, groups)| Mute { pairs, groups }))
}
