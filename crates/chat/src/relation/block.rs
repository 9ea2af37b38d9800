//! Blocklists. Whoever is put there is no friend any more, in neither direction, and asks for nothing.

use contract::{Fault, Millis, Result, UserId, limit};
use store::Tx;

use super::scene::Scene;
use super::{Outcomes, check_peer};

/// Puts accounts on the account's blocklist.
pub fn block(tx: &mut Tx<'_>, now: Millis, from: &UserId, accounts: &[Result<UserId, Fault>]) -> Result<Outcomes> {
    each(tx, from, accounts, |scene, to| {
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
    })
}

/// Takes accounts off the account's blocklist; they are no friends again by that.
pub fn unblock(tx: &mut Tx<'_>, from: &UserId, accounts: &[Result<UserId, Fault>]) -> Result<Outcomes> {
    each(tx, from, accounts, |scene, to| Ok(if scene.unblock(from, to)? { Ok(()) } else { Err(Fault::NotBlocked) }))
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
