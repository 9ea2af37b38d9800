//! What the users of devices did with notifications.

use contract::{DeviceId, Millis, Result};

use crate::Tx;

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Opened it.
    Opened = 1,
    /// Swiped it away.
    Ignored = 2,
}

/// Notes a report. Answers whether it is the first of its kind from this device about this notification.
pub fn add(tx: &mut Tx<'_>, now: Millis, id: &[u8; 16], device: &DeviceId, kind: Kind) -> Result<bool> {
    let app = tx.app();
    let added = tx.run(
        sql!("INSERT INTO push_reports (app, id, device, kind, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"),
        (app, &id[..], device, kind as i64, now),
    )?;
    Ok(added > 0)
}

/// Forgets reports from before a moment, up to `count` of them. Answers how many there were.
pub fn forget(tx: &mut Tx<'_>, before: Millis, count: usize) -> Result<u64> {
    let app = tx.app();
    tx.run(
        sql!(
            "DELETE FROM push_reports WHERE app = $1 AND (id, device, kind) IN (
                 SELECT id, device, kind FROM push_reports WHERE app = $1 AND at < $2 ORDER BY at LIMIT $3
             )"
        ),
        (app, before, count as i64),
    )
}
