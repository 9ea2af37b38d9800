//! What an account sets for its conversations: pins, marks and groups; and how it puts them away.
//!
//! Every change takes the account's next version and leaves one event for its other devices. The rules hold the
//! account's row from the first check on, so that what is counted against a bound stays so until the commit.

mod groups;

use std::collections::HashMap;

use contract::error::refuse;
use contract::event::Event;
use contract::group::GroupId;
use contract::{DeviceId, Fault, Millis, Result, UserId, limit};
use store::apps::App;
use store::conversations::contacts::{self, Contact, State};
use store::{Snapshot, Tx, accounts, conversations, groups as groups_of};

pub use groups::{Grouped, create_group, delete_group, rename_group, update_group};

use super::list::conversation_of;

/// Whose list is changed, when, and by which device.
#[derive(Debug, Clone)]
pub struct Owner<'a> {
    /// The app, whose plan says what is possible.
    pub app: &'a App,
    /// Now.
    pub now: Millis,
    /// The account.
    pub account: &'a UserId,
    /// The device that asks, which needs no notice.
    pub origin: Option<&'a DeviceId>,
}

impl Owner<'_> {
    /// Holds the account, which must live.
    fn hold(&self, tx: &mut Tx<'_>) -> Result<()> {
        if accounts::lock(tx, self.account)?.is_some_and(|account| account.is_alive()) {
            Ok(())
        } else {
            refuse(Fault::AccountUnknown)
        }
    }

    /// Whether the plan has groups and standard marks.
    fn check_plan(&self) -> Result<()> {
        if self.app.plan().allowance().has_conversation_groups {
            Ok(())
        } else {
            refuse(Fault::ConversationGroupsForbidden)
        }
    }

    /// Stores what changed, each with its version, and tells the other devices; answers the account's version.
    fn save(&self, tx: &mut Tx<'_>, mut states: Vec<State>) -> Result<i64> {
        if states.is_empty() {
            return accounts::version(tx, self.account);
        }
        let version = number(tx, self.account, &mut states)?;
        contacts::save(tx, self.account, &states)?;
        self.tell(tx, version);
        Ok(version)
    }

    fn tell(&self, tx: &mut Tx<'_>, version: i64) {
        let (account, origin) = (self.account.clone(), self.origin.cloned());
        tx.after(Event::ConversationsChanged { account, version, origin });
    }
}

/// Gives each state a version of its own; answers the last.
fn number(tx: &mut Tx<'_>, account: &UserId, states: &mut [State]) -> Result<i64> {
    let Some(last) = accounts::next_versions(tx, account, states.len())? else {
        return refuse(Fault::AccountUnknown);
    };
    for (state, version) in states.iter_mut().rev().zip((0..=last).rev()) {
        state.version = version;
    }
    Ok(last)
}

/// What became of each of several contacts.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The account's version after the change.
    pub version: i64,
    /// In the order asked: nothing, or why this one was left out.
    pub refused: Vec<Option<Fault>>,
}

/// Why a contact cannot be one, or nothing. A group is one as long as the account is in it.
fn refusals(snapshot: &mut Snapshot<'_>, account: &UserId, contacts: &[Contact]) -> Result<Vec<Option<Fault>>> {
    let users: Vec<UserId> = contacts
        .iter()
        .filter_map(|contact| match contact {
            Contact::User(user) => Some(user.clone()),
            Contact::Group(_) => None,
        })
        .collect();
    let mut known: Vec<UserId> = accounts::among(snapshot, &users)?.into_iter().map(|account| account.id).collect();
    known.sort_unstable();
    let mut refusals = Vec::with_capacity(contacts.len());
    for contact in contacts {
        refusals.push(match contact {
            // What a deleted account wrote stays with its peers, who must be able to put it away.
            Contact::User(user) => known.binary_search(user).is_err().then_some(Fault::AccountUnknown),
            Contact::Group(id) => joined(snapshot, account, id)?.is_none().then_some(Fault::GroupNotJoined),
        });
    }
    Ok(refusals)
}

/// Finds a group that an account is in.
fn joined(snapshot: &mut Snapshot<'_>, account: &UserId, id: &str) -> Result<Option<groups_of::Group>> {
    let Ok(id) = GroupId::parse(id) else { return Ok(None) };
    let Some(group) = groups_of::get(snapshot, &id)?.filter(groups_of::Group::is_alive) else { return Ok(None) };
    let member = groups_of::members::get(snapshot, group.conversation, account)?;
    Ok(member.map(|_| group))
}

/// Puts a group away for one of its members: out of its list, and with `clears` its history too.
fn put_away(tx: &mut Tx<'_>, account: &UserId, group: &groups_of::Group, clears: bool) -> Result<()> {
    groups_of::members::hide(tx, group.conversation, account, group.seq)?;
    if clears {
        groups_of::members::clear(tx, group.conversation, account, group.seq)?;
    }
    Ok(())
}

fn check_one(snapshot: &mut Snapshot<'_>, account: &UserId, contact: &Contact) -> Result<()> {
    match refusals(snapshot, account, std::slice::from_ref(contact))?.pop().flatten() {
        Some(fault) => refuse(fault),
        None => Ok(()),
    }
}

fn states_of(snapshot: &mut Snapshot<'_>, account: &UserId, contacts: &[Contact]) -> Result<HashMap<Contact, State>> {
    let found = contacts::among(snapshot, account, contacts)?;
    Ok(found.into_iter().map(|state| (state.contact.clone(), state)).collect())
}

fn state_of(snapshot: &mut Snapshot<'_>, account: &UserId, contact: &Contact) -> Result<State> {
    let found = contacts::among(snapshot, account, std::slice::from_ref(contact))?.pop();
    Ok(found.unwrap_or_else(|| State::none(contact.clone())))
}

/// Notes that the account's marks of a conversation changed, for devices that come back. An account that does not exist
/// (an administrator need not) has no devices.
pub(super) fn note(tx: &mut Tx<'_>, account: &UserId, contact: &Contact) -> Result<()> {
    let Some(version) = accounts::next_versions(tx, account, 1)? else { return Ok(()) };
    let state = State { version, ..state_of(tx, account, contact)? };
    contacts::save(tx, account, &[state])
}

/// Pins a conversation above the others, or takes the pin away.
pub fn pin(tx: &mut Tx<'_>, owner: &Owner<'_>, contact: &Contact, is_pinned: bool) -> Result<i64> {
    owner.hold(tx)?;
    check_one(tx, owner.account, contact)?;
    let mut state = state_of(tx, owner.account, contact)?;
    if (state.pinned_at.0 != 0) == is_pinned {
        return accounts::version(tx, owner.account);
    }
    if is_pinned && contacts::pinned(tx, owner.account)?.len() >= limit::PINS {
        return refuse(Fault::PinQuota { max: limit::PINS });
    }
    state.pinned_at = if is_pinned { owner.now } else { Millis(0) };
    owner.save(tx, vec![state])
}

/// How the marks of one contact change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Bits to take away, before others are set.
    pub clear: u64,
    /// Bits to set.
    pub set: u64,
    /// The new custom mark.
    pub custom: Option<String>,
}

/// Marks up to 100 conversations.
pub fn mark(tx: &mut Tx<'_>, owner: &Owner<'_>, items: &[(Contact, Change)]) -> Result<Outcome> {
    let max = limit::MARK_BATCH;
    if items.is_empty() || items.len() > max {
        return refuse(Fault::MarkBatchInvalid { max });
    }
    if items.iter().any(|(_, change)| change.set | change.clear != 0) {
        owner.check_plan()?;
    }
    owner.hold(tx)?;
    let contacts: Vec<Contact> = items.iter().map(|(contact, _)| contact.clone()).collect();
    let mut refused = refusals(tx, owner.account, &contacts)?;
    let mut states = states_of(tx, owner.account, &contacts)?;
    let mut marked = contacts::held(tx, owner.account)?.marked;
    let mut changed: Vec<Contact> = Vec::new();
    for ((contact, change), refusal) in items.iter().zip(&mut refused) {
        if refusal.is_some() {
            continue;
        }
        let state = states.entry(contact.clone()).or_insert_with(|| State::none(contact.clone()));
        let marks = state.marks & !change.clear | change.set;
        let custom = change.custom.as_ref().unwrap_or(&state.custom);
        if (marks, custom) == (state.marks, &state.custom) {
            continue;
        }
        let (was_marked, is_marked) = (state.is_marked(), marks != 0 || !custom.is_empty());
        if is_marked && !was_marked && marked >= limit::GROUPED_CONVERSATIONS {
            *refusal = Some(Fault::GroupedQuota { max: limit::GROUPED_CONVERSATIONS });
            continue;
        }
        marked = marked + usize::from(is_marked) - usize::from(was_marked);
        (state.marks, state.custom, state.marked_at) = (marks, custom.clone(), owner.now);
        if !changed.contains(contact) {
            changed.push(contact.clone());
        }
    }
    let states = changed.into_iter().filter_map(|contact| states.remove(&contact)).collect();
    Ok(Outcome { version: owner.save(tx, states)?, refused })
}

/// Takes up to 100 conversations out of the list until their next messages, with their pins; `clears` also takes the
/// history away from this account. Nothing of them is unread any more. The peers notice nothing.
pub fn delete(tx: &mut Tx<'_>, owner: &Owner<'_>, contacts: &[Contact], clears: bool) -> Result<Outcome> {
    let max = limit::MARK_BATCH;
    if contacts.is_empty() || contacts.len() > max {
        return refuse(Fault::MarkBatchInvalid { max });
    }
    owner.hold(tx)?;
    let refused = refusals(tx, owner.account, contacts)?;
    let ids: Vec<_> = contacts.iter().map(|contact| conversation_of(owner.account, contact)).collect();
    let mut states = states_of(tx, owner.account, contacts)?;
    let heads = conversations::among(tx, owner.account, &ids)?;
    let mut changed = Vec::new();
    for ((contact, id), refusal) in contacts.iter().zip(&ids).zip(&refused) {
        if refusal.is_some() || changed.iter().any(|state: &State| state.contact == *contact) {
            continue;
        }
        let head = heads.iter().find(|head| head.conversation == *id);
        if let Some(head) = head {
            conversations::hide(tx, owner.account, *id, head.place)?;
            if clears {
                conversations::clear(tx, owner.account, *id, head.place)?;
            }
        }
        let mut has_changed = head.is_some();
        if let Contact::Group(id) = contact
            && let Some(group) = joined(tx, owner.account, id)?
        {
            put_away(tx, owner.account, &group, clears)?;
            has_changed = true;
        }
        let state = states.remove(contact).unwrap_or_else(|| State::none(contact.clone()));
        if has_changed || state.pinned_at.0 != 0 {
            changed.push(State { pinned_at: Millis(0), ..state });
        }
    }
    Ok(Outcome { version: owner.save(tx, changed)?, refused })
}

/// Takes the history of a conversation away from this account; the conversation stays in its list.
pub fn clear(tx: &mut Tx<'_>, owner: &Owner<'_>, contact: &Contact) -> Result<i64> {
    owner.hold(tx)?;
    check_one(tx, owner.account, contact)?;
    if let Contact::Group(id) = contact
        && let Some(group) = joined(tx, owner.account, id)?
    {
        groups_of::members::clear(tx, group.conversation, owner.account, group.seq)?;
        let state = state_of(tx, owner.account, contact)?;
        return owner.save(tx, vec![state]);
    }
    let id = conversation_of(owner.account, contact);
    let Some(head) = conversations::among(tx, owner.account, &[id])?.pop() else {
        return accounts::version(tx, owner.account);
    };
    conversations::clear(tx, owner.account, id, head.place)?;
    let state = state_of(tx, owner.account, contact)?;
    owner.save(tx, vec![state])
}

/// What changed for one contact, with the marks of its conversation.
#[derive(Debug, Clone)]
pub struct Changed {
    /// What is set for it.
    pub state: State,
    /// The conversation; none if there is none yet.
    pub head: Option<conversations::Head>,
}

/// Reads what changed since a version, in the order of the changes, and whether that was all.
pub fn changes(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    after: i64,
    count: usize,
) -> Result<(Vec<Changed>, bool)> {
    let count = count.clamp(1, limit::CONVERSATION_PAGE);
    let mut states = contacts::changed(snapshot, account, after, count + 1)?;
    let is_complete = states.len() <= count;
    states.truncate(count);
    let ids: Vec<_> = states.iter().map(|state| conversation_of(account, &state.contact)).collect();
    let heads = conversations::among(snapshot, account, &ids)?;
    let changed = states.into_iter().zip(ids).map(|(state, id)| {
        let head = heads.iter().find(|head| head.conversation == id).cloned();
        Changed { state, head }
    });
    Ok((changed.collect(), is_complete))
}

/// Reads what is set for contacts, in the order asked; those that cannot be one refuse the question.
pub fn search(snapshot: &mut Snapshot<'_>, account: &UserId, contacts: &[Contact]) -> Result<Vec<State>> {
    if refusals(snapshot, account, contacts)?.into_iter().flatten().any(|fault| fault == Fault::GroupNotJoined) {
        return refuse(Fault::GroupNotJoined);
    }
    let found = states_of(snapshot, account, contacts)?;
    let of = |contact: &Contact| found.get(contact).cloned().unwrap_or_else(|| State::none(contact.clone()));
    Ok(contacts.iter().map(of).collect())
}
