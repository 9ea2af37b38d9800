//! What is done with messages of a group after they were sent: recall, edits, deletions, pairs; and history.

use std::sync::Arc;

use contract::error::refuse;
use contract::event::Event;
use contract::group::{self, Actor, GroupEvent, GroupId, GroupMessage, Operation, TopicPermission};
use contract::message::{Extension, ExtensionChange, Flags};
use contract::webhook::GroupHappening;
use contract::{Fault, Millis, Result, Seq, UserId};
use store::extensions::Target;
use store::groups::members::{self, Member};
use store::groups::{self, Group, messages};
use store::{Snapshot, Tx, conversations, outbox};

use super::{By, Scope, acting, actor, ensure, find, hold_place, member_of, place, tip};
use crate::message::change::Edit;
use crate::message::extension::{self, Changed, Pairs};
use crate::message::stream;
use crate::permission;

/// Refuses to recall where nothing can be recalled; answers the group.
fn recallable(tx: &mut Tx<'_>, scope: &Scope<'_>, id: &GroupId) -> Result<Group> {
    let group = hold_place(tx, id)?;
    if !group.kind.capability().has_history {
        return refuse(Fault::GroupWithoutRecall);
    }
    if !scope.settings.has_recall {
        return refuse(Fault::GroupRecallDisabled);
    }
    Ok(group)
}

/// Takes messages back. Each of them is recalled or not on its own; answers what became of each, and the group.
pub fn recall(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    seqs: &[Seq],
    window_s: i64,
    reason: &str,
) -> Result<(Group, Vec<Result<(), Fault>>)> {
    let group = recallable(tx, scope, id)?;
    let who = acting(tx, &group, by, Operation::RecallOthers)?;
    if who == Actor::Outsider {
        return refuse(Fault::GroupForbidden);
    }
    let mut outcomes = Vec::with_capacity(seqs.len());
    let (mut recalled, mut touched) = (Vec::new(), None);
    for seq in seqs {
        let outcome =
            check_recall(messages::at(tx, group.conversation, *seq)?.as_ref(), scope, by, who, &group, window_s);
        if outcome.is_ok() {
            let at = match touched {
                Some(at) => at,
                None => *touched.insert(conversations::touch(tx, group.conversation, scope.now)?),
            };
            messages::set_flags(tx, group.conversation, *seq, Flags::RECALLED, at)?;
            recalled.push(*seq);
        }
        outcomes.push(outcome);
    }
    if !recalled.is_empty() {
        leave_recalls(tx, scope, &group, &recalled)?;
        let what = GroupHappening::Recalled { seqs: recalled.iter().map(|seq| seq.0).collect() };
        tip::hook(tx, &group, by, scope.now, what)?;
        tx.after(Event::Group(GroupEvent::Recalled {
            group: group.id.clone(),
            conversation: group.conversation,
            seqs: recalled,
            by: by.account().clone(),
            reason: reason.to_owned(),
        }));
    }
    Ok((group, outcomes))
}

fn check_recall(
    message: Option<&GroupMessage>,
    scope: &Scope<'_>,
    by: &By,
    who: Actor,
    group: &Group,
    window_s: i64,
) -> Result<(), Fault> {
    let Some(message) = message else { return Err(Fault::MessageUnknown) };
    if message.flags.has(Flags::TIP) {
        return Err(Fault::RecallImpossible);
    }
    if message.flags.has(Flags::RECALLED) {
        return Err(Fault::MessageRecalled);
    }
    if Operation::RecallOthers.is_allowed(group.kind, who) {
        return Ok(());
    }
    if message.sender != *by.account() {
        return Err(Fault::GroupForbidden);
    }
    if scope.now.secs() - message.at.secs() > window_s {
        return Err(Fault::RecallTooLate { window_s });
    }
    Ok(())
}

/// Takes back what one account wrote among the group's newest messages, without telling devices; what phones show of it
/// disappears as after any recall.
pub fn recall_sender(tx: &mut Tx<'_>, scope: &Scope<'_>, by: &By, id: &GroupId, sender: &UserId) -> Result<()> {
    let group = hold_place(tx, id)?;
    ensure(
        tx,
        &group,
        by,
        if group.kind.capability().has_history { Operation::RecallOthers } else { Operation::Send },
    )?;
    if !group.kind.capability().has_history {
        return Ok(());
    }
    let behind = Seq((group.seq.0 - group::SENDER_RECALL_SPAN).max(0));
    let at = conversations::touch(tx, group.conversation, scope.now)?;
    let recalled = messages::recall_of(tx, group.conversation, sender, behind, at)?;
    leave_recalls(tx, scope, &group, &recalled)
}

/// Leaves word for what announced messages on phones.
fn leave_recalls(tx: &mut Tx<'_>, scope: &Scope<'_>, group: &Group, recalled: &[Seq]) -> Result<()> {
    recalled.iter().try_for_each(|seq| outbox::leave_recall(tx, scope.now, group.conversation, *seq))?;
    tx.after(Event::DeliveryQueued);
    Ok(())
}

/// Takes all messages up to a place, or all there are, out of the members' views. The back end still sees them.
pub fn clear(tx: &mut Tx<'_>, by: &By, id: &GroupId, up_to: Option<Seq>) -> Result<()> {
    let mut group = hold_place(tx, id)?;
    if actor(tx, &group, by)? < Actor::Inside(contract::group::Role::Owner) {
        return refuse(Fault::GroupForbidden);
    }
    group.cleared = group.cleared.max(up_to.unwrap_or(group.seq).min(group.seq));
    groups::save(tx, &group)?;
    tx.after(Event::Group(GroupEvent::Cleared {
        group: group.id.clone(),
        conversation: group.conversation,
        seq: group.cleared,
    }));
    Ok(())
}

/// Changes body or custom data of a message. Its sender may, admins may, and the back end.
pub fn modify(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    seq: Seq,
    edit: &Edit,
) -> Result<GroupMessage> {
    let group = hold_place(tx, id)?;
    ensure(tx, &group, by, Operation::Modify)?;
    let who = acting(tx, &group, by, Operation::RecallOthers)?;
    let found = messages::at(tx, group.conversation, seq)?;
    let is_there = |message: &GroupMessage| !message.flags.has(Flags::TIP) && !message.flags.has(Flags::RECALLED);
    let Some(mut message) = found.filter(is_there) else { return refuse(Fault::MessageUnknown) };
    if message.sender != *by.account() && !Operation::RecallOthers.is_allowed(group.kind, who) {
        return refuse(Fault::GroupForbidden);
    }
    let growing = stream::Growing { conversation: group.conversation, seq, at: message.at };
    if stream::is_open(tx, scope.now, &growing, &message.body)? {
        return refuse(Fault::RequestIllegal);
    }
    let body = edit.body.clone().unwrap_or_else(|| message.body.to_string());
    let cloud = edit.cloud.clone().unwrap_or_else(|| message.cloud.to_string());
    let at = conversations::touch(tx, group.conversation, scope.now)?;
    if !messages::edit(tx, group.conversation, &message, &body, &cloud, at)? {
        return refuse(Fault::ModifyConflict);
    }
    message.body = Arc::from(body);
    message.cloud = Arc::from(cloud);
    message.flags = Flags(message.flags.0 + Flags::CHANGE.0);
    tx.after(Event::Group(GroupEvent::Modified {
        group: group.id.clone(),
        conversation: group.conversation,
        message: Arc::new(message.clone()),
    }));
    Ok(message)
}

/// Takes messages out of one member's view.
pub fn delete(tx: &mut Tx<'_>, by: &By, id: &GroupId, seqs: &[Seq]) -> Result<()> {
    let group = hold_place(tx, id)?;
    if !group.kind.capability().has_history {
        return refuse(Fault::GroupWithoutDelete);
    }
    if seqs.len() > group::DELETE_BATCH {
        return refuse(Fault::DeleteBatchTooLarge { max: group::DELETE_BATCH });
    }
    let member = member_of(tx, &group, by.account())?;
    for seq in seqs {
        match messages::at(tx, group.conversation, *seq)? {
            None => return refuse(Fault::MessageToDeleteUnknown),
            Some(message) if message.flags.has(Flags::TIP) => return refuse(Fault::DeleteImpossible),
            Some(_) => {}
        }
    }
    messages::delete_for(tx, group.conversation, &member.account, seqs)
}

/// A page of history, newest first.
#[derive(Debug, Clone)]
pub struct History {
    /// The messages; places that hold none any more are missing.
    pub messages: Vec<GroupMessage>,
    /// The group.
    pub group: Group,
    /// Nothing lies before them.
    pub is_complete: bool,
}

/// Reads history as the back end sees it: everything that is stored, from a place backwards.
pub fn history(snapshot: &mut Snapshot<'_>, id: &GroupId, from: Option<Seq>, count: usize) -> Result<History> {
    let group = place(snapshot, id)?;
    if !group.kind.capability().has_history {
        return refuse(Fault::GroupWithoutHistory);
    }
    let from = from.map_or(group.seq, |from| from.min(group.seq));
    let mut messages = messages::back(snapshot, group.conversation, from, Seq(0), count + 1)?;
    let is_complete = messages.len() <= count;
    messages.truncate(count);
    Ok(History { messages, group, is_complete })
}

/// Reads history as a member sees it, from a place backwards: not what is for others, nor what it took out of its view,
/// nor what was before its time. Answers also where the next page begins.
pub fn seen(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    id: &GroupId,
    from: Option<Seq>,
    count: usize,
) -> Result<(History, Member, Seq)> {
    let group = place(snapshot, id)?;
    if !group.kind.capability().has_history {
        return refuse(Fault::GroupWithoutHistory);
    }
    let member = member_of(snapshot, &group, account)?;
    let from = from.map_or(group.seq, |from| from.min(group.seq));
    let mut messages = messages::back(snapshot, group.conversation, from, member.cleared_in(&group), count + 1)?;
    let mut is_complete = messages.len() <= count;
    messages.truncate(count);
    let mut next = messages.last().map_or(Seq(0), |message| Seq(message.seq.0 - 1));
    let from_when = reads_from(snapshot, &group, &member)?;
    if messages.last().is_some_and(|oldest| oldest.at < from_when) {
        messages.retain(|message| message.at >= from_when);
        (is_complete, next) = (true, Seq(0));
    }
    let messages = visible(snapshot, &group, account, messages)?;
    Ok((History { messages, group, is_complete }, member, next))
}

/// Reads what came behind a place, oldest first, as a member sees it; answers also up to where it looked.
pub fn since(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    id: &GroupId,
    behind: Seq,
    count: usize,
) -> Result<(History, Seq)> {
    let group = place(snapshot, id)?;
    let member = member_of(snapshot, &group, account)?;
    let behind = behind.max(member.cleared_in(&group));
    let mut messages = messages::since(snapshot, group.conversation, behind, count + 1)?;
    let is_complete = messages.len() <= count;
    messages.truncate(count);
    let up_to = messages.last().map_or(behind, |message| message.seq);
    let from_when = reads_from(snapshot, &group, &member)?;
    messages.retain(|message| message.at >= from_when);
    let messages = visible(snapshot, &group, account, messages)?;
    Ok((History { messages, group, is_complete }, up_to))
}

/// The moment from which on a member reads what was written: where permission groups are on, what was written before one
/// came is among the things that they allow.
fn reads_from(snapshot: &mut Snapshot<'_>, group: &Group, member: &Member) -> Result<Millis> {
    let granted = permission::granted(snapshot, group, &member.account, member.role)?;
    let is_kept_out = granted.is_some_and(|granted| !granted.here.has(TopicPermission::PAST));
    Ok(if is_kept_out { member.joined_at } else { Millis(i64::MIN) })
}

/// Leaves out what an account does not see.
fn visible(
    snapshot: &mut Snapshot<'_>,
    group: &Group,
    account: &UserId,
    mut messages: Vec<GroupMessage>,
) -> Result<Vec<GroupMessage>> {
    let (Some(one), Some(other)) = (messages.first(), messages.last()) else { return Ok(messages) };
    let (first, last) = (one.seq.min(other.seq), one.seq.max(other.seq));
    let deleted = messages::deleted_for(snapshot, group.conversation, account, first, last)?;
    messages.retain(|message| message.is_for(account) && !deleted.contains(&message.seq));
    Ok(messages)
}

/// Finds a message to which pairs may be attached.
fn extensible(
    snapshot: &mut Snapshot<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    seq: Seq,
) -> Result<(Group, Target)> {
    if !scope.plan.has_features {
        return refuse(Fault::FeatureNotInPlan);
    }
    let group = place(snapshot, id)?;
    if let By::User(account, _) = by {
        let member = member_of(snapshot, &group, account)?;
        if seq <= member.cleared_in(&group) {
            return refuse(Fault::ExtendedUnknown);
        }
    }
    let found = messages::at(snapshot, group.conversation, seq)?;
    match found.filter(|message| !message.flags.has(Flags::RECALLED) && message.is_for(by.account())) {
        None => refuse(Fault::ExtendedUnknown),
        Some(message) if !message.flags.has(Flags::EXTENSIBLE) => refuse(Fault::ExtensionForbidden),
        Some(_) => Ok((group.clone(), Target { conversation: group.conversation, message: seq })),
    }
}

/// Changes pairs of a message, as [`extension::change`] does in a pair.
pub fn extend(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    seq: Seq,
    change: ExtensionChange,
    asked: &[Extension],
) -> Result<Changed> {
    extension::check(change, asked)?;
    let (group, target) = extensible(tx, scope, by, id, seq)?;
    crate::ground::keep(tx, group.conversation)?;
    let is_checked = matches!(by, By::User(..));
    let (changed, has_changed) = extension::apply(tx, scope.now, target, is_checked, change, asked)?;
    if has_changed {
        let at = conversations::touch(tx, group.conversation, scope.now)?;
        messages::note_extended(tx, group.conversation, seq, at)?;
        let pairs = extension::told(&changed);
        let what = GroupHappening::Extended {
            seq: seq.0,
            change: change as i64,
            pairs: pairs.into_iter().map(|pair| (pair.key, pair.value, pair.seq)).collect(),
            latest: changed.latest,
        };
        tip::hook(tx, &group, by, scope.now, what)?;
        tx.after(Event::Group(GroupEvent::Extended {
            group: group.id.clone(),
            conversation: group.conversation,
            seq,
            change,
            pairs: extension::told(&changed),
            latest: changed.latest,
            by: by.account().clone(),
        }));
    }
    Ok(changed)
}

/// Reads a page of the pairs of a message.
pub fn pairs(
    snapshot: &mut Snapshot<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    seq: Seq,
    start: i64,
) -> Result<Pairs> {
    let (_, target) = extensible(snapshot, scope, by, id, seq)?;
    extension::page(snapshot, target, start)
}

/// Takes a group out of one member's list; with its history, nothing of what was is shown to it again.
pub fn forget(tx: &mut Tx<'_>, account: &UserId, id: &GroupId, with_history: bool) -> Result<()> {
    let group = find(tx, id)?;
    let member = member_of(tx, &group, account)?;
    members::hide(tx, group.conversation, &member.account, group.seq)?;
    if with_history {
        members::clear(tx, group.conversation, &member.account, group.seq)?;
    }
    Ok(())
}
