//! What members have read: marks, unread messages, receipts.

use contract::error::refuse;
use contract::event::Event;
use contract::group::{self, GroupEvent, GroupId, GroupMessage};
use contract::message::Flags;
use contract::webhook::GroupHappening;
use contract::{Fault, Result, Seq, UserId, limit};
use store::groups::{Group, members, messages, receipts};
use store::{Snapshot, Tx};

use super::send::counts;
use super::{By, Scope, find, hold, member_of, tip};

/// Moves an account's read mark to a place, the newest if none is named. Its other devices are told.
pub fn mark(tx: &mut Tx<'_>, by: &By, id: &GroupId, up_to: Option<Seq>) -> Result<()> {
    let group = find(tx, id)?;
    let member = member_of(tx, &group, by.account())?;
    let seq = up_to.map_or(group.seq, |up_to| up_to.min(group.seq));
    if members::set_read(tx, &group, &member.account, seq)? {
        tx.after(Event::Group(GroupEvent::Read {
            group: group.id,
            account: member.account,
            seq,
            origin: by.device().cloned(),
        }));
    }
    Ok(())
}

/// Puts a member's mark where as many messages are unread as are wanted, or all there are.
pub fn set_unread(tx: &mut Tx<'_>, scope: &Scope<'_>, id: &GroupId, account: &UserId, unread: i64) -> Result<()> {
    let group = hold(tx, id)?;
    if !counts(scope, group.kind) {
        // The contract says that there is nothing to do.
        return Ok(());
    }
    member_of(tx, &group, account)?;
    put_unread(tx, &group, account, unread)
}

/// As [`set_unread`], for a member that is known to be one.
pub(super) fn put_unread(tx: &mut Tx<'_>, group: &Group, account: &UserId, unread: i64) -> Result<()> {
    let mark = match unread {
        0 => Some(group.seq),
        _ => messages::mark_for(tx, group.conversation, account, unread)?,
    };
    members::reset_read(tx, group, account, mark.unwrap_or_default())
}

/// Counts what a member has not read.
pub fn unread(snapshot: &mut Snapshot<'_>, account: &UserId, id: &GroupId) -> Result<i64> {
    let group = find(snapshot, id)?;
    let member = member_of(snapshot, &group, account)?;
    messages::unread(snapshot, &group, &member)
}

/// How many have read a message and how many have not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Which message.
    pub seq: Seq,
    /// How many have.
    pub read: i64,
    /// How many have not.
    pub unread: i64,
}

/// Refuses where no receipts are kept.
fn ensure_kept(scope: &Scope<'_>, group: &Group) -> Result<()> {
    if !group.kind.capability().has_receipts {
        return refuse(Fault::GroupForbidden);
    }
    if scope.plan.has_features && scope.settings.has_receipts { Ok(()) } else { refuse(Fault::GroupFeatureMissing) }
}

/// Finds a message for which receipts are kept.
fn receipted(snapshot: &mut Snapshot<'_>, group: &Group, seq: Seq) -> Result<Option<GroupMessage>> {
    let found = messages::at(snapshot, group.conversation, seq)?;
    Ok(found.filter(|message| message.flags.has(Flags::RECEIPT_WANTED) && !message.flags.has(Flags::RECALLED)))
}

/// How many have read a message, and how many of those whom it is for have not.
fn tally(snapshot: &mut Snapshot<'_>, group: &Group, message: &GroupMessage) -> Result<(i64, i64)> {
    let (read, unread) = receipts::count(snapshot, group.conversation, message.seq, &message.sender)?;
    if message.targets.is_empty() {
        return Ok((read, unread));
    }
    Ok((read, targets_waiting(snapshot, group, message)?.len() as i64))
}

/// Those whom a targeted message is for and who have not read it, in the order of their names.
fn targets_waiting(snapshot: &mut Snapshot<'_>, group: &Group, message: &GroupMessage) -> Result<Vec<UserId>> {
    let read = receipts::readers(snapshot, group.conversation, message.seq, "", limit::STORE_PAGE)?;
    let mut waiting: Vec<UserId> = members::among(snapshot, group.conversation, &message.targets)?
        .into_iter()
        .filter(|member| member.joined_at <= message.at && member.account != message.sender)
        .map(|member| member.account)
        .filter(|account| !read.contains(account))
        .collect();
    waiting.sort_unstable();
    waiting.dedup();
    Ok(waiting)
}

/// A member gives receipts for messages that asked for them; others are passed over. Their senders are told.
pub fn give(tx: &mut Tx<'_>, scope: &Scope<'_>, by: &By, id: &GroupId, seqs: &[Seq]) -> Result<(Group, Vec<Tally>)> {
    let group = hold(tx, id)?;
    ensure_kept(scope, &group)?;
    let member = member_of(tx, &group, by.account())?;
    let (cleared, reader) = (member.cleared_in(&group), member.account);
    let (mut told, mut tallies, mut has_known) = (Vec::new(), Vec::new(), false);
    for seq in seqs {
        // Nobody reads what is for others, or was written before its time.
        let is_shown = |message: &GroupMessage| message.is_for(&reader) && message.seq > cleared;
        let Some(message) = receipted(tx, &group, *seq)?.filter(is_shown) else { continue };
        has_known = true;
        if message.sender != reader && receipts::give(tx, group.conversation, *seq, &reader, scope.now)? {
            let (read, unread) = tally(tx, &group, &message)?;
            told.push((*seq, message.sender, read, unread));
            tallies.push(Tally { seq: *seq, read, unread });
        }
    }
    if !has_known {
        return refuse(Fault::ReceiptUnknown);
    }
    if !told.is_empty() {
        let messages = tallies.iter().map(|tally: &Tally| (tally.seq.0, tally.read, tally.unread)).collect();
        tip::hook(tx, &group, by, scope.now, GroupHappening::Receipts { messages })?;
        tx.after(Event::Group(GroupEvent::Receipts { group: group.id.clone(), reader, messages: told }));
    }
    Ok((group, tallies))
}

/// Tells of messages how many have read them; a fault for those of which no receipts are kept.
pub fn tallies(
    snapshot: &mut Snapshot<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    seqs: &[Seq],
) -> Result<Vec<(Seq, Result<Tally, Fault>)>> {
    let group = readable(snapshot, scope, by, id)?;
    let mut found = Vec::with_capacity(seqs.len());
    for seq in seqs {
        let tally = match receipted(snapshot, &group, *seq)? {
            Some(message) => {
                let (read, unread) = tally(snapshot, &group, &message)?;
                Ok(Tally { seq: *seq, read, unread })
            }
            None => Err(Fault::ReceiptUnknown),
        };
        found.push((*seq, tally));
    }
    Ok(found)
}

/// Names those who have read a message, or those who have not, behind a name. Answers also whether there are more.
pub fn names(
    snapshot: &mut Snapshot<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    seq: Seq,
    has_read: bool,
    (after, count): (&str, usize),
) -> Result<(Vec<UserId>, bool)> {
    let group = readable(snapshot, scope, by, id)?;
    let Some(message) = receipted(snapshot, &group, seq)? else { return refuse(Fault::ReceiptUnknown) };
    let count = count.clamp(1, group::RECEIPT_PAGE);
    let mut found = if has_read {
        receipts::readers(snapshot, group.conversation, seq, after, count + 1)?
    } else if !message.targets.is_empty() {
        targets_waiting(snapshot, &group, &message)?.into_iter().filter(|account| account.as_str() > after).collect()
    } else {
        receipts::waiting(snapshot, group.conversation, (seq, &message.sender), after, count + 1)?
    };
    let has_more = found.len() > count;
    found.truncate(count);
    Ok((found, has_more))
}

fn readable(snapshot: &mut Snapshot<'_>, scope: &Scope<'_>, by: &By, id: &GroupId) -> Result<Group> {
    let group = find(snapshot, id)?;
    ensure_kept(scope, &group)?;
    if let By::User(account, _) = by {
        member_of(snapshot, &group, account)?;
    }
    Ok(group)
}
