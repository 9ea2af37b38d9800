//! What only reads.

use std::collections::{HashMap, HashSet};

use contract::error::refuse;
use contract::{Fault, Result, UserId};
use store::Snapshot;
use store::relations::blocks::{self, Block};
use store::relations::friends::{self, Friend};
use store::relations::labels::{self, Label};
use store::relations::requests::{self, Request};
use store::relations::{self, Root};

use super::check_account;

/// Reads the root of a living account.
pub fn root(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Root> {
    living(relations::root(snapshot, account)?)
}

fn living(root: Option<Root>) -> Result<Root> {
    match root.filter(|root| root.is_alive) {
        Some(root) => Ok(root),
        None => refuse(Fault::AccountUnknown),
    }
}

/// A page of friends.
#[derive(Debug, Clone)]
pub struct Friends {
    /// In the order of their places.
    pub friends: Vec<Friend>,
    /// What the bits of their labels are called.
    pub labels: Vec<Label>,
    /// Where the account's relations stand.
    pub root: Root,
    /// The place after which the next page begins; none if this is the last.
    pub next: Option<i64>,
}

/// Reads a page of friends after a place.
pub fn friends(snapshot: &mut Snapshot<'_>, account: &UserId, after: i64, count: usize) -> Result<Friends> {
    let (root, mut page, labels) = relations::page(snapshot, account, after, count + 1)?;
    let root = living(root)?;
    let next = cut(&mut page, count);
    Ok(Friends { friends: page, labels, root, next })
}

fn cut(page: &mut Vec<Friend>, count: usize) -> Option<i64> {
    let has_more = page.len() > count;
    page.truncate(count);
    page.last().filter(|_| has_more).map(|row| row.version)
}

/// What changed in a list of friends.
#[derive(Debug, Clone)]
pub struct Since {
    /// New and changed friends, and those who are none any more, in the order of the changes.
    pub page: Friends,
    /// What the caller knows is too old: it forgets everything and takes what follows as the whole list.
    pub is_reset: bool,
}

/// Reads what changed in the account's list of friends after a version. Walks through to the end bring the caller to
/// what the list is now.
pub fn friends_since(snapshot: &mut Snapshot<'_>, account: &UserId, after: i64, count: usize) -> Result<Since> {
    let root = root(snapshot, account)?;
    // A version from the future was made before the account was lost and restored.
    let is_reset = after < root.floor && after > 0 || after > root.version;
    let after = if is_reset { 0 } else { after };
    let mut page = if after == 0 {
        friends::page(snapshot, account, 0, count + 1)?
    } else {
        friends::since(snapshot, account, after, count + 1)?
    };
    let next = cut(&mut page, count);
    Ok(Since { page: Friends { friends: page, labels: labels::all(snapshot, account)?, root, next }, is_reset })
}

/// Chosen friends, in the order asked, and what the bits of their labels are called.
pub type Chosen = (Vec<Result<Friend, Fault>>, Vec<Label>);

/// Reads chosen friends.
pub fn some(snapshot: &mut Snapshot<'_>, account: &UserId, others: &[Result<UserId, Fault>]) -> Result<Chosen> {
    root(snapshot, account)?;
    let named: Vec<UserId> = others.iter().flatten().cloned().collect();
    let alive = alive(snapshot, &named)?;
    let rows = friends::among(snapshot, account, &named)?.into_iter().filter(|row| !row.is_ended);
    let rows: HashMap<UserId, Friend> = rows.map(|row| (row.friend.clone(), row)).collect();
    let of = |other: &Result<UserId, Fault>| {
        let other = other.clone()?;
        check_account(&other)?;
        if !alive.contains(&other) {
            return Err(Fault::AccountUnknown);
        }
        rows.get(&other).cloned().ok_or(Fault::NotFriend)
    };
    Ok((others.iter().map(of).collect(), labels::all(snapshot, account)?))
}

fn alive(snapshot: &mut Snapshot<'_>, users: &[UserId]) -> Result<HashSet<UserId>> {
    let known = store::accounts::among(snapshot, users)?.into_iter();
    Ok(known.filter(store::accounts::Account::is_alive).map(|account| account.id).collect())
}

/// Who of two has whom in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutual {
    /// Neither.
    Neither,
    /// The first has the second.
    Mine,
    /// The second has the first.
    Theirs,
    /// Each has the other.
    Both,
}

impl Mutual {
    const fn of(is_mine: bool, is_theirs: bool) -> Self {
        match (is_mine, is_theirs) {
            (false, false) => Self::Neither,
            (true, false) => Self::Mine,
            (false, true) => Self::Theirs,
            (true, true) => Self::Both,
        }
    }
}

/// Tells for each of some others whether it is a friend, in the order asked; whether the account is one of theirs only if
/// `is_both`.
pub fn check(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    others: &[Result<UserId, Fault>],
    is_both: bool,
) -> Result<Vec<Result<Mutual, Fault>>> {
    let named: Vec<UserId> = others.iter().flatten().cloned().collect();
    let live = |rows: Vec<Friend>| rows.into_iter().filter(|row| !row.is_ended);
    let mine: HashSet<UserId> = live(friends::among(snapshot, account, &named)?).map(|row| row.friend).collect();
    let theirs: HashSet<UserId> = if is_both {
        live(friends::about(snapshot, account, &named)?).map(|row| row.account).collect()
    } else {
        HashSet::new()
    };
    compare(snapshot, account, others, &mine, &theirs)
}

/// Tells for each of some others whether it is on the blocklist, in the order asked; whether the account is on theirs
/// only if `is_both`.
pub fn check_blocks(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    others: &[Result<UserId, Fault>],
    is_both: bool,
) -> Result<Vec<Result<Mutual, Fault>>> {
    let named: Vec<UserId> = others.iter().flatten().cloned().collect();
    let mine: HashSet<UserId> = blocks::among(snapshot, account, &named)?.into_iter().collect();
    let theirs: HashSet<UserId> =
        if is_both { blocks::about(snapshot, account, &named)?.into_iter().collect() } else { HashSet::new() };
    compare(snapshot, account, others, &mine, &theirs)
}

fn compare(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    others: &[Result<UserId, Fault>],
    mine: &HashSet<UserId>,
    theirs: &HashSet<UserId>,
) -> Result<Vec<Result<Mutual, Fault>>> {
    root(snapshot, account)?;
    let named: Vec<UserId> = others.iter().flatten().cloned().collect();
    let alive = alive(snapshot, &named)?;
    let of = |other: &Result<UserId, Fault>| {
        let other = other.clone()?;
        check_account(&other)?;
        if alive.contains(&other) {
            Ok(Mutual::of(mine.contains(&other), theirs.contains(&other)))
        } else {
            Err(Fault::AccountUnknown)
        }
    };
    Ok(others.iter().map(of).collect())
}

/// A page of a blocklist.
#[derive(Debug, Clone)]
pub struct Blocklist {
    /// In the order in which they came onto it.
    pub entries: Vec<Block>,
    /// The version of the list.
    pub version: i64,
    /// The place after which the next page begins; none if this is the last.
    pub next: Option<i64>,
}

/// Reads a page of the account's blocklist after a place.
pub fn blocklist(snapshot: &mut Snapshot<'_>, account: &UserId, after: i64, count: usize) -> Result<Blocklist> {
    let root = root(snapshot, account)?;
    let mut entries = blocks::page(snapshot, account, after, count + 1)?;
    let has_more = entries.len() > count;
    entries.truncate(count);
    let next = entries.last().filter(|_| has_more).map(|entry| entry.version);
    Ok(Blocklist { entries, version: root.blocklist, next })
}

/// A friend group with who is in it.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The friends in it.
    pub members: Vec<UserId>,
}

/// Friend groups and their version.
#[derive(Debug, Clone)]
pub struct Groups {
    /// In the order in which they were made, as far as places were not taken again.
    pub groups: Vec<Group>,
    /// The version of their names.
    pub version: i64,
}

/// Reads the account's friend groups; only those of some names if there are any.
pub fn groups(snapshot: &mut Snapshot<'_>, account: &UserId, names: &[String]) -> Result<Groups> {
    let root = root(snapshot, account)?;
    let known = labels::all(snapshot, account)?;
    let labelled = if known.is_empty() { Vec::new() } else { friends::labelled(snapshot, account)? };
    let wanted = known.into_iter().filter(|label| names.is_empty() || names.contains(&label.name));
    let group = |label: Label| {
        let members = labelled.iter().filter(|(_, bits)| bits & (1 << label.bit) != 0);
        Group { members: members.map(|(friend, _)| friend.clone()).collect(), name: label.name }
    };
    Ok(Groups { groups: wanted.map(group).collect(), version: root.labels })
}

/// The names of a friend's groups.
pub fn names_of(row: &Friend, labels: &[Label]) -> Vec<String> {
    labels.iter().filter(|label| row.labels & (1 << label.bit) != 0).map(|label| label.name.clone()).collect()
}

/// Friend requests.
#[derive(Debug, Clone)]
pub struct Requests {
    /// Oldest first.
    pub requests: Vec<Request>,
    /// Received ones that the account has not looked at.
    pub unread: usize,
    /// The version of the account's requests.
    pub version: i64,
    /// The place after which the next page begins; none if this is the last.
    pub next: Option<i64>,
}

/// Reads all requests that wait for the account's answer.
pub fn received(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Requests> {
    let root = root(snapshot, account)?;
    let requests = requests::received(snapshot, account)?;
    let unread = requests.iter().filter(|request| request.receiver_version > root.seen).count();
    Ok(Requests { requests, unread, version: root.requests, next: None })
}

/// Reads a page of the requests that the account sent, after a place.
pub fn sent(snapshot: &mut Snapshot<'_>, account: &UserId, after: i64, count: usize) -> Result<Requests> {
    let root = root(snapshot, account)?;
    let mut requests = requests::sent(snapshot, account, after, count + 1)?;
    let has_more = requests.len() > count;
    requests.truncate(count);
    let next = requests.last().filter(|_| has_more).map(|request| request.asker_version);
    Ok(Requests { requests, unread: 0, version: root.requests, next })
}
