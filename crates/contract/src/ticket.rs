//! What the gateway gives for resuming: a ticket and a key, both signed, both bound to one login.
//!
//! The ticket lives as long as the UserSig that opened the session; the key is renewed at every resume and lives
//! shorter, so a stolen pair is soon worth nothing. Both name the account's epoch: whoever verifies compares it with
//! the store, so a kick voids them on every node without a list of revoked tickets.

use hmac::{Hmac, KeyInit, Mac};
use prost::Message;
use sha2::Sha256;

use crate::fault::Fault;
use crate::id::{AppId, DeviceId, Millis, UserId};

/// How long a key lives at most; the ticket may outlive it.
pub const KEY_LIFE_MS: i64 = 24 * 3_600 * 1_000;

/// What the signatures are made with. Several, so that they rotate: the first signs, all verify.
pub type Secrets = [[u8; 32]];

const TAG_BYTES: usize = 32;

/// The login that a ticket or a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The app.
    pub app: AppId,
    /// The account.
    pub account: UserId,
    /// The device.
    pub device: DeviceId,
    /// The account's epoch at login.
    pub epoch: i64,
    /// When the UserSig was signed; the account's `sig_from` must lie before.
    pub signed_at: Millis,
    /// The first moment at which this is no longer valid.
    pub expires_at: Millis,
    /// The class of the device, as the wire contract numbers it.
    pub platform: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Claims {
    #[prost(int64, tag = "1")]
    app: i64,
    #[prost(string, tag = "2")]
    account: String,
    #[prost(string, tag = "3")]
    device: String,
    #[prost(int64, tag = "4")]
    epoch: i64,
    #[prost(int64, tag = "5")]
    signed_at: i64,
    #[prost(int64, tag = "6")]
    expires_at: i64,
    #[prost(int32, tag = "7")]
    platform: i32,
}

/// Makes the ticket of a login.
pub fn ticket(secrets: &Secrets, grant: &Grant) -> Vec<u8> {
    seal(secrets, b"ticket", grant)
}

/// Makes the key of a login; it expires within [`KEY_LIFE_MS`], and never after its ticket.
pub fn key(secrets: &Secrets, grant: &Grant, now: Millis) -> (Vec<u8>, Millis) {
    let expires_at = grant.expires_at.min(now.plus(KEY_LIFE_MS));
    (seal(secrets, b"key", &Grant { expires_at, ..grant.clone() }), expires_at)
}

/// Verifies what a device presents to resume. The order of the checks is the order of the codes in the contract.
pub fn verify(
    secrets: &Secrets,
    ticket: &[u8],
    key: &[u8],
    account: &str,
    app: AppId,
    now: Millis,
) -> Result<Grant, Fault> {
    match (ticket.is_empty(), key.is_empty()) {
        (true, _) => return Err(Fault::TicketIncomplete),
        (false, true) => return Err(Fault::TicketKeyEmpty),
        (false, false) => {}
    }
    let ticket = open(secrets, b"ticket", ticket).ok_or(Fault::TicketForged)?;
    let key = open(secrets, b"key", key).ok_or(Fault::TicketForged)?;
    let is_one_login = (key.app, &key.account, &key.device, key.epoch, key.signed_at)
        == (ticket.app, &ticket.account, &ticket.device, ticket.epoch, ticket.signed_at);
    if key.account.as_str() != account || key.app != app || !is_one_login {
        return Err(Fault::TicketOtherAccount);
    }
    if now >= ticket.expires_at {
        return Err(Fault::TicketExpired);
    }
    if now >= key.expires_at {
        return Err(Fault::TicketKeyExpired);
    }
    Ok(ticket)
}

fn seal(secrets: &Secrets, purpose: &[u8], grant: &Grant) -> Vec<u8> {
    let claims = Claims {
        app: grant.app.0,
        account: grant.account.as_str().into(),
        device: grant.device.as_str().into(),
        epoch: grant.epoch,
        signed_at: grant.signed_at.0,
        expires_at: grant.expires_at.0,
        platform: grant.platform,
    };
    let mut blob = claims.encode_to_vec();
    let secret = secrets.first().expect("a node starts only with at least one ticket secret");
    let tag = signature(secret, purpose, &blob).finalize().into_bytes();
    blob.extend_from_slice(&tag);
    blob
}

fn open(secrets: &Secrets, purpose: &[u8], blob: &[u8]) -> Option<Grant> {
    let (claims, tag) = blob.split_at(blob.len().checked_sub(TAG_BYTES)?);
    secrets.iter().find(|secret| signature(secret, purpose, claims).verify_slice(tag).is_ok())?;
    let claims = Claims::decode(claims).ok()?;
    Some(Grant {
        app: AppId(claims.app),
        account: UserId::trusted(&claims.account),
        device: DeviceId::trusted(&claims.device),
        epoch: claims.epoch,
        signed_at: Millis(claims.signed_at),
        expires_at: Millis(claims.expires_at),
        platform: claims.platform,
    })
}

fn signature(secret: &[u8; 32], purpose: &[u8], claims: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(purpose);
    mac.update(&[0]);
    mac.update(claims);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: AppId = AppId(7);
    const OLD: [u8; 32] = [1; 32];
    const NEW: [u8; 32] = [2; 32];

    fn grant(account: &str) -> Grant {
        Grant {
            app: APP,
            account: UserId::trusted(account),
            device: DeviceId::trusted("d"),
            epoch: 3,
            signed_at: Millis(10),
            expires_at: Millis(10 * KEY_LIFE_MS),
            platform: 2,
        }
    }

    #[test]
    fn a_pair_resumes_its_login_also_after_the_secret_was_rotated() {
        let grant = grant("alice");
        let (key, key_end) = key(&[OLD], &grant, Millis(0));
        assert_eq!(key_end, Millis(KEY_LIFE_MS));
        assert_eq!(verify(&[NEW, OLD], &ticket(&[OLD], &grant), &key, "alice", APP, Millis(0)), Ok(grant));
    }

    #[test]
    fn each_refusal_has_its_own_fault() {
        let (alice, bob) = (grant("alice"), grant("bob"));
        let t = ticket(&[OLD], &alice);
        let (k, key_end) = key(&[OLD], &alice, Millis(0));
        let (other, _) = key(&[OLD], &bob, Millis(0));
        let mut bent = t.clone();
        bent[3] ^= 1;
        let check = |t: &[u8], k: &[u8], account: &str, now: Millis| {
            verify(&[OLD], t, k, account, APP, now).expect_err("refused")
        };
        assert_eq!(check(&[], &[], "alice", Millis(0)), Fault::TicketIncomplete);
        assert_eq!(check(&[], &k, "alice", Millis(0)), Fault::TicketIncomplete);
        assert_eq!(check(&t, &[], "alice", Millis(0)), Fault::TicketKeyEmpty);
        assert_eq!(check(&bent, &k, "alice", Millis(0)), Fault::TicketForged);
        assert_eq!(check(&k, &t, "alice", Millis(0)), Fault::TicketForged);
        assert_eq!(check(&t, &other, "alice", Millis(0)), Fault::TicketOtherAccount);
        assert_eq!(check(&t, &k, "bob", Millis(0)), Fault::TicketOtherAccount);
        assert_eq!(check(&t, &k, "alice", key_end), Fault::TicketKeyExpired);
        assert_eq!(check(&t, &k, "alice", alice.expires_at), Fault::TicketExpired);
    }
}
