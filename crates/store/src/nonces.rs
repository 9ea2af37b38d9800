//! Nonces of signed calls: each is good once per access key, for as long as its time stamp is.

use contract::{Millis, Result, limit};

use crate::Tx;

/// A nonce of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce {
    /// The access key that signed.
    pub key: String,
    /// What the caller drew.
    pub text: String,
    /// The first moment at which the call would be refused for its age.
    pub until: Millis,
}

/// Uses a nonce up. Answers false if it was used before.
pub fn spend(tx: &mut Tx<'_>, now: Millis, nonce: &Nonce) -> Result<bool> {
    let app = tx.app();
    if tx.is_shared() {
        // Two of the same do not get in; whose was there first is seen when each runs alone.
        tx.post_row(
            sql!(
                postgres: "INSERT INTO nonces (app, access_key, nonce, expires_at)
                           SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[])"
            ),
            (app, &nonce.key, &nonce.text, nonce.until),
        )?;
        return Ok(true);
    }
    // One that is over may lie there until it is swept.
    let spent = tx.run(
        sql!(
            "INSERT INTO nonces (app, access_key, nonce, expires_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, access_key, nonce) DO UPDATE SET expires_at = $4 WHERE nonces.expires_at <= $5"
        ),
        (app, &nonce.key, &nonce.text, nonce.until, now),
    )?;
    Ok(spent > 0)
}

/// Sweeps nonces of the app that are over, a page at a time. Answers how many; less than a page means that none is left.
pub fn sweep(tx: &mut Tx<'_>, now: Millis) -> Result<u64> {
    let app = tx.app();
    tx.run(
        sql!(
            "DELETE FROM nonces WHERE app = $1 AND (access_key, nonce) IN (
                 SELECT access_key, nonce FROM nonces WHERE app = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3
             )"
        ),
        (app, now, limit::STORE_PAGE as i64),
    )
}
