//! Blocklists. Whoever is put there is no friend any more, in neither direction, and asks for nothing.

use contract::webhook::Happening;
use contract::{Fault, Millis, Result, UserId, limit};
use store::Tx;

use super::scene::Scene;
use super::{Outcomes, after_hooks, check_peer};

/// Puts accounts on the account's blocklist.
pub fn block(tx: &mut Tx<'_>, now: Millis, from: &UserId, accounts: &[Result<UserId, Fault>]) -> Result<Outcomes> {
    let outcomes = each(tx, from, accounts, |scene, to| {
        if scene.blocks(from, to) {
            return Ok(Err(Fault::AlreadyBlocked));
        }
        let max = limit::BLOCKLIST;
        if scene.root(from)?.blocks >= max {
            return Ok(Err(Fault::BlocklistQuota { max }));
        }
        scene.unlink(from, to)?;
        scene.unlink(to, from)?;
        scene.drop_requests(to)?;
        scene.block(from, to, now)?;
        Ok(Ok(()))
    })?;
    let blocked = |peers: &[UserId]| Happening::Blocked { account: from.clone(), peers: peers.to_vec() };
    after_hooks(tx, now, &changed(accounts, &outcomes), blocked)?;
    Ok(outcomes)
}

/// Takes accounts off the account's blocklist; they are no friends again by that.
pub fn unblock(tx: &mut Tx<'_>, now: Millis, from: &UserId, accounts: &[Result<UserId, Fault>]) -> Result<Outcomes> {
    let change =
        |scene: &mut Scene, to: &UserId| Ok(if scene.unblock(from, to)? { Ok(()) } else { Err(Fault::NotBlocked) });
    let outcomes = each(tx, from, accounts, change)?;
    let unblocked = |peers: &[UserId]| Happening::Unblocked { account: from.clone(), peers: peers.to_vec() };
    after_hooks(tx, now, &changed(accounts, &outcomes), unblocked)?;
    Ok(outcomes)
}

/// The accounts of a batch that something happened to.
fn changed(accounts: &[Result<UserId, Fault>], outcomes: &Outcomes) -> Vec<UserId> {
    let changed = accounts.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_ok());
    changed.filter_map(|(account, _)| account.clone().ok()).collect()
}

fn each(
    tx: &mut Tx<'_>,
    from: &UserId,
    accounts: &[Result<UserId, Fault>],
    change: impl Fn(&mut Scene, &UserId) -> Result<Result<(), Fault>>,
) -> Result<Outcomes> {
    let others: Vec<UserId> = accounts.iter().flatten().cloned().collect();
    let mut scene = Scene::enter(tx, from, &others)?;
    let mut outcomes = Outcomes::with_capacity(accounts.len());
    for account in accounts {
        outcomes.push(match account {
            Err(fault) => Err(fault.clone()),
            Ok(to) => match check_peer(from, to) {
                Err(fault) => Err(fault),
                Ok(()) if !scene.is_alive(to) => Err(Fault::AccountUnknown),
                Ok(()) => change(&mut scene, to)?,
            },
        });
    }
    scene.close(tx)?;
    Ok(outcomes)
}
