//! Following: one-sided ties between accounts. Two that follow each other are mutual.

use contract::error::refuse;
use contract::event::Event;
use contract::webhook::Happening;
use contract::{DeviceId, Fault, Millis, Result, UserId, limit};
use store::apps::App;
use store::follows::{Counts, Entry, List, Tie};
use store::profiles::Profile;
use store::{Snapshot, Tx, accounts, follows};

use crate::profile;

/// Who follows or unfollows, when and from where.
#[derive(Debug, Clone)]
pub struct Act {
    /// The account.
    pub account: UserId,
    /// The moment.
    pub now: Millis,
    /// The device that needs no notice of it.
    pub origin: Option<DeviceId>,
}

/// Refuses where accounts cannot follow each other.
pub fn check_enabled(app: &App) -> Result<(), Fault> {
    if app.settings.has_follow && app.plan().allowance().has_follow { Ok(()) } else { Err(Fault::FollowDisabled) }
}

/// What became of each account of a batch, in the order given.
pub type Outcomes = Vec<Result<(), Fault>>;

/// Follows up to [`limit::FOLLOW_BATCH`] accounts. Following again changes nothing and is no fault; one that cannot be
/// followed does not keep the others out. None stands for a text that is no UserID.
pub fn add(tx: &mut Tx<'_>, app: &App, act: &Act, targets: &[Option<UserId>]) -> Result<Outcomes> {
    let mut batch = Batch::open(tx, app, act, targets)?;
    let plan = app.plan().allowance();
    let following_max = app.settings.following_max.or(plan.following_max);
    let is_full = |count: u64, max: Option<u64>| max.is_some_and(|max| count >= max);
    let outcomes = batch.each(
        targets,
        |batch, tx, index, target| {
            let tie = batch.ties[index];
            if tie.is_following {
                return Ok(Ok(()));
            }
            let own = follows::counts(tx, &act.account)?;
            let others = follows::counts(tx, target)?;
            let mutual_max = app.settings.mutual_max;
            let fault = if is_full(own.following, following_max) {
                Fault::FollowingQuota
            } else if is_full(others.followers, app.settings.followers_max) {
                Fault::FollowerQuota
            } else if tie.is_followed && is_full(own.mutual, mutual_max) {
                Fault::MutualQuota
            } else if tie.is_followed && is_full(others.mutual, mutual_max) {
                Fault::PeerMutualQuota
            } else {
                follows::add(tx, act.now, &act.account, target, tie.is_followed)?;
                batch.note(target, true);
                tell(tx, act, target, true, tie.is_followed);
                return Ok(Ok(()));
            };
            Ok(Err(fault))
        },
        tx,
    )?;
    let followed = |targets| Happening::Followed { account: act.account.clone(), targets };
    batch.after_hook(tx, act.now, followed)?;
    Ok(outcomes)
}

/// Ends follows of up to [`limit::FOLLOW_BATCH`] accounts. One that was not followed is no fault.
pub fn remove(tx: &mut Tx<'_>, app: &App, act: &Act, targets: &[Option<UserId>]) -> Result<Outcomes> {
    let mut batch = Batch::open(tx, app, act, targets)?;
    let outcomes = batch.each(
        targets,
        |batch, tx, index, target| {
            let tie = batch.ties[index];
            if tie.is_following {
                follows::remove(tx, &act.account, target, tie.is_followed)?;
                batch.note(target, false);
                tell(tx, act, target, false, false);
            }
            Ok(Ok(()))
        },
        tx,
    )?;
    let unfollowed = |targets| Happening::Unfollowed { account: act.account.clone(), targets };
    batch.after_hook(tx, act.now, unfollowed)?;
    Ok(outcomes)
}

fn tell(tx: &mut Tx<'_>, act: &Act, target: &UserId, is_following: bool, is_mutual: bool) {
    let Act { account, now: at, origin } = act.clone();
    tx.after(Event::FollowChanged { account, target: target.clone(), is_following, is_mutual, at, origin });
}

/// A batch whose accounts are held, so that counts and ties stay as they were read.
struct Batch {
    account: UserId,
    /// The well-formed targets, with what is known of each.
    users: Vec<UserId>,
    alive: Vec<bool>,
    ties: Vec<Tie>,
    /// Those whose tie has changed.
    changed: Vec<UserId>,
}

impl Batch {
    fn open(tx: &mut Tx<'_>, app: &App, act: &Act, targets: &[Option<UserId>]) -> Result<Self> {
        check_enabled(app)?;
        check_size(targets.len(), limit::FOLLOW_BATCH)?;
        let users: Vec<UserId> = targets.iter().flatten().cloned().collect();
        let all: Vec<UserId> = users.iter().chain([&act.account]).cloned().collect();
        let held = accounts::lock_all(tx, &all)?;
        let is_alive = |user: &UserId| held.iter().any(|account| account.id == *user && account.is_alive());
        if !is_alive(&act.account) {
            return refuse(Fault::AccountUnknown);
        }
        let alive = users.iter().map(is_alive).collect();
        let ties = follows::ties(tx, &act.account, &users)?;
        Ok(Self { account: act.account.clone(), users, alive, ties, changed: Vec::new() })
    }

    /// Runs a step for each target that can be followed at all.
    fn each(
        &mut self,
        targets: &[Option<UserId>],
        step: impl Fn(&mut Self, &mut Tx<'_>, usize, &UserId) -> Result<Result<(), Fault>>,
        tx: &mut Tx<'_>,
    ) -> Result<Outcomes> {
        let mut outcomes = Vec::with_capacity(targets.len());
        let mut index = 0;
        for target in targets {
            let outcome = match target {
                Some(target) => {
                    index += 1;
                    let (is_self, is_alive) = (*target == self.account, self.alive[index - 1]);
                    if is_self {
                        Err(Fault::FieldInvalid { field: "To_Account" })
                    } else if is_alive {
                        step(self, tx, index - 1, target)?
                    } else {
                        Err(Fault::AccountUnknown)
                    }
                }
                None => Err(Fault::FieldInvalid { field: "To_Account" }),
            };
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// Leaves what happened for a webhook, if anything did.
    fn after_hook(self, tx: &mut Tx<'_>, now: Millis, happening: impl Fn(Vec<UserId>) -> Happening) -> Result<()> {
        if self.changed.is_empty() { Ok(()) } else { tx.after_hook(now, &happening(self.changed)) }
    }

    /// Keeps what changed for a target that the batch names again.
    fn note(&mut self, target: &UserId, is_following: bool) {
        self.changed.push(target.clone());
        for (user, tie) in self.users.iter().zip(&mut self.ties) {
            if user == target {
                tie.is_following = is_following;
            }
        }
    }
}

fn check_size(count: usize, max: usize) -> Result<(), Fault> {
    if (1..=max).contains(&count) { Ok(()) } else { Err(Fault::BatchSizeInvalid { max }) }
}

/// Takes away a page of what a deleted account follows and of those who follow it. Answers whether there was anything:
/// then all of them are held, and whoever wants to hold others does that in another transaction.
pub(crate) fn forget_page(tx: &mut Tx<'_>, account: &UserId) -> Result<bool> {
    let mut others = Vec::new();
    for list in [List::Following, List::Followers] {
        let page = follows::page(tx, account, list, None, FORGET_PAGE)?;
        others.extend(page.into_iter().map(|entry| entry.account));
    }
    others.sort_unstable();
    others.dedup();
    if others.is_empty() {
        return Ok(false);
    }
    let all: Vec<UserId> = others.iter().chain([account]).cloned().collect();
    accounts::lock_all(tx, &all)?;
    let ties = follows::ties(tx, account, &others)?;
    for (other, tie) in others.iter().zip(&ties) {
        if tie.is_following {
            follows::remove(tx, account, other, tie.is_followed)?;
        }
        if tie.is_followed {
            follows::remove(tx, other, account, false)?;
        }
    }
    Ok(true)
}

/// Whether the account follows anybody, or anybody it.
pub(crate) fn is_of_any(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<bool> {
    for list in [List::Following, List::Followers] {
        if !follows::page(snapshot, account, list, None, 1)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Follows of each direction that one transaction takes away.
const FORGET_PAGE: usize = 200;

/// An account of a list, with its profile.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Who and since when.
    pub entry: Entry,
    /// What it shows.
    pub profile: Profile,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// Newest first.
    pub listed: Vec<Listed>,
    /// Where the next page goes on; empty at the end.
    pub next: String,
}

/// Reads a page of a list. It may be shorter than `count` before the end, where profiles are large.
pub fn list(
    snapshot: &mut Snapshot<'_>,
    app: &App,
    account: &UserId,
    list: List,
    cursor: &str,
    count: usize,
) -> Result<Page> {
    check_enabled(app)?;
    let after = if cursor.is_empty() { None } else { Some(place(cursor)?) };
    check_account(snapshot, account)?;
    let count = count.clamp(1, limit::FOLLOW_PAGE);
    let mut entries = follows::page(snapshot, account, list, after.as_ref(), count + 1)?;
    let mut is_complete = entries.len() <= count;
    entries.truncate(count);
    let users: Vec<UserId> = entries.iter().map(|entry| entry.account.clone()).collect();
    let profiles = profile::get(snapshot, &users)?;
    let (mut listed, mut bytes, mut last) = (Vec::new(), 0, None);
    for (entry, profile) in entries.into_iter().zip(profiles) {
        // Whoever is being deleted at this moment is in no list.
        if let Some(profile) = profile.transpose()? {
            bytes += ENTRY_BYTES + size(&profile);
            if bytes > limit::FOLLOW_PAGE_BYTES && !listed.is_empty() {
                is_complete = false;
                break;
            }
            listed.push(Listed { entry: entry.clone(), profile });
        }
        last = Some(entry);
    }
    let next = match last {
        Some(entry) if !is_complete => format!("{}.{}", entry.at.0, entry.account),
        _ => String::new(),
    };
    Ok(Page { listed, next })
}

/// What an entry costs besides its profile.
const ENTRY_BYTES: usize = 120;

/// What the standard fields of a profile cost, about.
fn size(profile: &Profile) -> usize {
    profile.standard.iter().map(|(tag, value)| tag.len() + value.bytes() + 24).sum()
}

/// Reads a cursor.
fn place(cursor: &str) -> Result<Entry, Fault> {
    let entry = || {
        let (at, account) = cursor.split_once('.')?;
        Some(Entry { at: Millis(at.parse().ok()?), account: UserId::parse(account).ok()? })
    };
    entry().ok_or(Fault::FieldInvalid { field: "StartCursor" })
}

/// Answers for each account how it and the asking one follow each other.
pub fn check(
    snapshot: &mut Snapshot<'_>,
    app: &App,
    account: &UserId,
    others: &[Option<UserId>],
) -> Result<Vec<Result<Tie, Fault>>> {
    check_enabled(app)?;
    check_size(others.len(), limit::FOLLOW_CHECK_BATCH)?;
    check_account(snapshot, account)?;
    let users: Vec<UserId> = others.iter().flatten().cloned().collect();
    let ties = follows::ties(snapshot, account, &users)?;
    answers(snapshot, others, ties)
}

/// Answers for each account how many follow it and whom it follows.
pub fn counts(
    snapshot: &mut Snapshot<'_>,
    app: &App,
    account: &UserId,
    others: &[Option<UserId>],
) -> Result<Vec<Result<Counts, Fault>>> {
    check_enabled(app)?;
    check_size(others.len(), limit::FOLLOW_BATCH)?;
    check_account(snapshot, account)?;
    let counts = others.iter().flatten().map(|user| follows::counts(snapshot, user)).collect::<Result<Vec<_>>>()?;
    answers(snapshot, others, counts)
}

/// Puts what was found for the well-formed accounts back into the order asked; one that does not live has nothing.
fn answers<T>(snapshot: &mut Snapshot<'_>, others: &[Option<UserId>], found: Vec<T>) -> Result<Vec<Result<T, Fault>>> {
    let users: Vec<UserId> = others.iter().flatten().cloned().collect();
    let known = accounts::among(snapshot, &users)?;
    let is_alive = |user: &UserId| known.iter().any(|account| account.id == *user && account.is_alive());
    let mut found = found.into_iter();
    let answer = |other: &Option<UserId>| match other {
        None => Err(Fault::FieldInvalid { field: "To_Account" }),
        Some(user) => found.next().filter(|_| is_alive(user)).ok_or(Fault::AccountUnknown),
    };
    Ok(others.iter().map(answer).collect())
}

fn check_account(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<()> {
    if accounts::get(snapshot, account)?.is_some_and(|account| account.is_alive()) {
        Ok(())
    } else {
        refuse(Fault::AccountUnknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_moment_and_an_account() {
        let entry = Entry { at: Millis(17), account: UserId::trusted("a.b") };
        assert_eq!(place("17.a.b"), Ok(entry));
        for broken in ["17", "17.", "x.a", ".a", "17.日本"] {
            assert_eq!(place(broken), Err(Fault::FieldInvalid { field: "StartCursor" }), "{broken}");
        }
    }
}
