//! Who speaks: UserSigs verified once, then known by their hash; the account's epoch asked every time, or where other
//! nodes write as well, every [`VOID_FRESH`].

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use contract::user_sig::{self, Claim};
use contract::{AppId, Fault, Millis, Result, UserId};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use store::apps::App;
use store::{Store, accounts};

use crate::rates::Rates;

/// Verified UserSigs that are kept.
const VERIFIED_KEPT: u64 = 100_000;
/// Accounts whose void-before second is kept.
const VOID_KEPT: u64 = 200_000;
/// How long after a kick on another node a UserSig may still be taken here. What happens on this node counts at once.
const VOID_FRESH: Duration = Duration::from_millis(100);

/// Up to when UserSigs of an account are void.
#[derive(Debug, Clone, Copy)]
struct Void {
    second: i64,
    read_at: Instant,
}

/// Verifies UserSigs.
pub struct Sigs {
    verified: Cache<[u8; 32], Claim>,
    /// Per account, the second up to which its UserSigs are void. Exact where this process alone writes to the store: the
    /// value grows, and every growth is noted before the call that caused it is answered.
    void_before: Cache<(AppId, UserId), Void>,
    /// Tells this process's hashes from those of others, so that nobody can prepare collisions.
    hasher: RandomState,
}

impl Default for Sigs {
    fn default() -> Self {
        let verified = Cache::builder().max_capacity(VERIFIED_KEPT).time_to_live(Duration::from_hours(1)).build();
        Self { verified, void_before: Cache::new(VOID_KEPT), hasher: RandomState::new() }
    }
}

impl Sigs {
    /// Verifies a UserSig for `user` of `app` in the documented order.
    pub async fn verify(
        &self,
        store: &Store,
        rates: &Rates,
        app: &App,
        user: &UserId,
        sig: &str,
        now: Millis,
    ) -> Result<Claim> {
        if sig.is_empty() {
            return Err(Fault::UserSigEmpty.into());
        }
        let key = self.key(app, user, sig);
        let claim = match self.verified.get(&key) {
            Some(claim) if now < claim.expires_at => claim,
            Some(_) => return Err(Fault::UserSigExpired.into()),
            None => {
                if !rates.may_verify(app.id, user) {
                    return Err(Fault::VerifyThrottled.into());
                }
                let claim = user_sig::verify(sig, app.id, user, &app.signing_keys(), now).inspect_err(|fault| {
                    if *fault == Fault::UserSigForged {
                        rates.note_failure(app.id, user);
                    }
                })?;
                self.verified.insert(key, claim.clone());
                claim
            }
        };
        if claim.signed_at.secs() <= self.void_before(store, app.id, user).await? {
            return Err(Fault::UserSigRevoked.into());
        }
        Ok(claim)
    }

    /// Notes that UserSigs of an account are void up to a second.
    pub fn void(&self, app: AppId, user: &UserId, second: i64) {
        self.note(app, user, Void { second, read_at: Instant::now() });
    }

    fn note(&self, app: AppId, user: &UserId, Void { second, read_at }: Void) {
        self.void_before.entry((app, user.clone())).and_upsert_with(|known| {
            let known = known.map_or(second, |known| known.into_value().second);
            Void { second: known.max(second), read_at }
        });
    }

    async fn void_before(&self, store: &Store, app: AppId, user: &UserId) -> Result<i64> {
        if let Some(known) = self.void_before.get(&(app, user.clone()))
            && (store.is_exclusive() || known.read_at.elapsed() < VOID_FRESH)
        {
            return Ok(known.second);
        }
        let (account, read_at) = (user.clone(), Instant::now());
        let second = store
            .read(app, move |snapshot| Ok(accounts::get(snapshot, &account)?.map_or(-1, |account| account.sig_from)))
            .await?;
        // A kick may have come between the read and here; the larger second wins.
        self.note(app, user, Void { second, read_at });
        Ok(second)
    }

    /// Names a verified sig. The app's version is part of it: a key that an operator takes away stops at once.
    fn key(&self, app: &App, user: &UserId, sig: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.hasher.hash_one(0_u8).to_le_bytes());
        hash.update(app.id.0.to_le_bytes());
        hash.update(app.version.to_le_bytes());
        hash.update([user.as_str().len() as u8]);
        hash.update(user.as_str());
        hash.update(sig);
        hash.finalize().into()
    }
}
