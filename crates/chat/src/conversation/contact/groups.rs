//! Conversation groups: an account's own drawers for its conversations.

use contract::error::refuse;
use contract::{Fault, Result, limit};
use store::conversations::contacts::{self, Contact, Group, State};
use store::{Tx, accounts};

use super::{Owner, number, refusals, states_of};

/// What became of a group and of the conversations that were to be put in or taken out.
#[derive(Debug, Clone)]
pub struct Grouped {
    /// The group.
    pub group: Group,
    /// The account's version after the change.
    pub version: i64,
    /// In the order asked, first what was added: nothing, or why this one was left out.
    pub refused: Vec<Option<Fault>>,
}

/// Makes a group and puts conversations in. A group that is there already takes them as well.
pub fn create_group(tx: &mut Tx<'_>, owner: &Owner<'_>, name: &str, add: &[Contact]) -> Result<Grouped> {
    check_name(name)?;
    owner.check_plan()?;
    owner.hold(tx)?;
    let groups = contacts::groups(tx, owner.account)?;
    if let Some(group) = groups.iter().find(|group| group.name == name) {
        return change_members(tx, owner, group.clone(), add, &[]);
    }
    let max = limit::CONVERSATION_GROUPS;
    if groups.len() >= max {
        return refuse(Fault::ConversationGroupQuota { max });
    }
    let is_free = |slot: &u32| groups.iter().all(|group| group.slot != *slot);
    let Some(slot) = (0..u64::BITS).find(is_free) else {
        return refuse(Fault::ConversationGroupQuota { max });
    };
    // A version is never given twice, which is what the id must be like.
    let Some(id) = accounts::next_versions(tx, owner.account, 1)? else { return refuse(Fault::AccountUnknown) };
    let group = Group { slot, id, name: name.to_owned() };
    contacts::save_group(tx, owner.account, &group)?;
    owner.tell(tx, id);
    change_members(tx, owner, group, add, &[])
}

/// Gives a group another name.
pub fn rename_group(tx: &mut Tx<'_>, owner: &Owner<'_>, name: &str, new_name: &str) -> Result<Grouped> {
    check_name(new_name)?;
    owner.check_plan()?;
    owner.hold(tx)?;
    let groups = contacts::groups(tx, owner.account)?;
    let group = find(&groups, name)?;
    if groups.iter().any(|other| other.name == new_name && other.slot != group.slot) {
        return refuse(Fault::FieldInvalid { field: "NewGroupName" });
    }
    let group = Group { name: new_name.to_owned(), ..group };
    contacts::save_group(tx, owner.account, &group)?;
    let Some(version) = accounts::next_versions(tx, owner.account, 1)? else { return refuse(Fault::AccountUnknown) };
    owner.tell(tx, version);
    Ok(Grouped { group, version, refused: Vec::new() })
}

/// Puts conversations into a group and takes others out.
pub fn update_group(
    tx: &mut Tx<'_>,
    owner: &Owner<'_>,
    name: &str,
    add: &[Contact],
    remove: &[Contact],
) -> Result<Grouped> {
    owner.check_plan()?;
    owner.hold(tx)?;
    let group = find(&contacts::groups(tx, owner.account)?, name)?;
    change_members(tx, owner, group, add, remove)
}

/// Deletes a group; its conversations stay. Answers it with the account's version.
pub fn delete_group(tx: &mut Tx<'_>, owner: &Owner<'_>, name: &str) -> Result<Grouped> {
    owner.check_plan()?;
    owner.hold(tx)?;
    let group = find(&contacts::groups(tx, owner.account)?, name)?;
    let bit = 1_u64 << group.slot;
    let mut members = Vec::new();
    let mut after = 0;
    // All of them, or another group that gets the slot would begin with the rest.
    loop {
        let page = contacts::marked(tx, owner.account, after, limit::STORE_PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.version;
        members.extend(page.into_iter().filter(|state| state.slots & bit != 0));
    }
    for state in &mut members {
        state.slots &= !bit;
        state.marked_at = owner.now;
    }
    if !members.is_empty() {
        number(tx, owner.account, &mut members)?;
        contacts::save(tx, owner.account, &members)?;
    }
    contacts::remove_group(tx, owner.account, group.slot)?;
    let Some(version) = accounts::next_versions(tx, owner.account, 1)? else { return refuse(Fault::AccountUnknown) };
    owner.tell(tx, version);
    Ok(Grouped { group, version, refused: Vec::new() })
}

fn change_members(
    tx: &mut Tx<'_>,
    owner: &Owner<'_>,
    group: Group,
    add: &[Contact],
    remove: &[Contact],
) -> Result<Grouped> {
    let max = limit::GROUPED_CONVERSATIONS;
    if add.len() + remove.len() > max {
        return refuse(Fault::GroupedQuota { max });
    }
    let all: Vec<Contact> = add.iter().chain(remove).cloned().collect();
    let refused = refusals(tx, owner.account, &all)?;
    let mut states = states_of(tx, owner.account, &all)?;
    let mut grouped = contacts::held(tx, owner.account)?.grouped;
    let bit = 1_u64 << group.slot;
    let mut changed: Vec<Contact> = Vec::new();
    for (index, (contact, refusal)) in all.iter().zip(&refused).enumerate() {
        if refusal.is_some() {
            continue;
        }
        let state = states.entry(contact.clone()).or_insert_with(|| State::none(contact.clone()));
        let slots = if index < add.len() { state.slots | bit } else { state.slots & !bit };
        if slots == state.slots {
            continue;
        }
        grouped = grouped + usize::from(slots != 0) - usize::from(state.slots != 0);
        (state.slots, state.marked_at) = (slots, owner.now);
        changed.push(contact.clone());
    }
    if grouped > max {
        return refuse(Fault::GroupedQuota { max });
    }
    let states = changed.into_iter().filter_map(|contact| states.remove(&contact)).collect();
    Ok(Grouped { group, version: owner.save(tx, states)?, refused })
}

fn find(groups: &[Group], name: &str) -> Result<Group> {
    match groups.iter().find(|group| group.name == name) {
        Some(group) => Ok(group.clone()),
        None => refuse(Fault::ConversationGroupUnknown),
    }
}

/// One of the stores keeps no NUL in a text.
fn check_name(name: &str) -> Result<()> {
    let max = limit::CONVERSATION_GROUP_NAME_BYTES;
    if name.is_empty() || name.len() > max || name.contains('\0') {
        return refuse(Fault::ConversationGroupNameInvalid { max });
    }
    Ok(())
}
