//! Robots: which accounts are robots, and what only a robot has.

use contract::{Millis, Result, UserId, limit};

use crate::{Snapshot, Tx};

/// Whether a robot of this name was ever made, and whether it is valid.
pub fn is_valid(snapshot: &mut Snapshot<'_>, id: &UserId) -> Result<Option<bool>> {
    let app = snapshot.app();
    let row: Option<(Millis,)> =
        snapshot.opt(sql!("SELECT deleted_at FROM robots WHERE app = $1 AND id = $2"), (app, id))?;
    Ok(row.map(|(deleted_at,)| deleted_at == Millis(0)))
}

/// Makes a robot, or makes one valid again; a signature that is absent stays.
pub fn save(tx: &mut Tx<'_>, now: Millis, id: &UserId, signature: Option<&str>) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO robots (app, id, signature, created_at) VALUES ($1, $2, COALESCE($3, ''), $4)
             ON CONFLICT (app, id) DO UPDATE SET signature = COALESCE($3, robots.signature), deleted_at = 0"
        ),
        (app, id, signature, now),
    )
}

/// Makes a robot invalid.
pub fn delete(tx: &mut Tx<'_>, now: Millis, id: &UserId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("UPDATE robots SET deleted_at = $3 WHERE app = $1 AND id = $2 AND deleted_at = 0"), (app, id, now))
}

/// Lists the valid robots by name.
pub fn all(snapshot: &mut Snapshot<'_>) -> Result<Vec<UserId>> {
    let app = snapshot.app();
    let rows: Vec<(String,)> = snapshot.all(
        sql!("SELECT id FROM robots WHERE app = $1 AND deleted_at = 0 ORDER BY id LIMIT $2"),
        (app, limit::ROBOTS as i64),
    )?;
    Ok(rows.into_iter().map(|(id,)| UserId::trusted(&id)).collect())
}
