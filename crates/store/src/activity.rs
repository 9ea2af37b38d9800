//! Which accounts were active on a day and how much was sent, kept only where a plan bounds it.

use contract::{Millis, Result, UserId};

use crate::Tx;

const DAY_MS: i64 = 86_400_000;

/// Counts an account as active on the day of `now` (UTC). Answers false, and changes nothing, if it would be one more
/// than `max`. Days that are over are forgotten.
pub fn add(tx: &mut Tx<'_>, now: Millis, account: &UserId, max: u64) -> Result<bool> {
    let (app, day) = (tx.app(), now.0.div_euclid(DAY_MS));
    let known: Option<(i64,)> =
        tx.opt(sql!("SELECT 1 FROM daily_active WHERE app = $1 AND day = $2 AND account = $3"), (app, day, account))?;
    if known.is_some() {
        return Ok(true);
    }
    let (count,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM daily_active WHERE app = $1 AND day = $2"), (app, day))?;
    if count as u64 >= max {
        return Ok(false);
    }
    tx.post(sql!("DELETE FROM daily_active WHERE app = $1 AND day < $2"), (app, day))?;
    tx.post(
        sql!("INSERT INTO daily_active (app, day, account) VALUES ($1, $2, $3) ON CONFLICT (app, day, account) DO NOTHING"),
        (app, day, account),
    )?;
    Ok(true)
}

/// Counts messages sent on the day of `now` (UTC). Answers false, and changes nothing, if they would be more than
/// `max`. Days that are over are forgotten.
pub fn spend_sends(tx: &mut Tx<'_>, now: Millis, sends: u64, max: u64) -> Result<bool> {
    let (app, day) = (tx.app(), now.0.div_euclid(DAY_MS));
    // The row is made first, so that there is one to lock and to compare with.
    let made = tx.run(
        sql!("INSERT INTO daily_sends (app, day, count) VALUES ($1, $2, 0) ON CONFLICT (app, day) DO NOTHING"),
        (app, day),
    )?;
    if made > 0 {
        tx.post(sql!("DELETE FROM daily_sends WHERE app = $1 AND day < $2"), (app, day))?;
    }
    let counted = tx.run(
        sql!("UPDATE daily_sends SET count = count + $3 WHERE app = $1 AND day = $2 AND count + $3 <= $4"),
        (app, day, sends as i64, max.min(i64::MAX as u64) as i64),
    )?;
    Ok(counted > 0)
}
