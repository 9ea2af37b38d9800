//! Where an actor stands in a group: what every rule on groups asks first.

use contract::error::refuse;
use contract::group::{Actor, GroupId, GroupKind, Role};
use contract::{ConversationId, Fault, Result, UserId};
use store::groups::{self, Group, members};
use store::{Snapshot, Tx, live_rooms};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// The app's back end, in an account's name.
    App(UserId),
    /// A device of an account.
    Device {
        /// The account.
        account: UserId,
        /// A connection of it is in the group, if it is a live room: nothing else says who is in one.
        is_guest: bool,
    },
}

impl By {
    /// In whose name.
    pub const fn account(&self) -> &UserId {
        match self {
            Self::App(account) | Self::Device { account, .. } => account,
        }
    }
}

/// A living group, and what an actor is in it.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The group.
    pub group: Group,
    /// What the actor is.
    pub actor: Actor,
}

/// Finds a living group. A topic is none.
pub fn alive(snapshot: &mut Snapshot<'_>, id: &GroupId) -> Result<Group> {
    if id.community().is_some() {
        return refuse(Fault::GroupIdInvalid);
    }
    match groups::get(snapshot, id)? {
        Some(group) if group.is_alive() => Ok(group),
        Some(_) => refuse(Fault::GroupGone),
        None => refuse(Fault::GroupIdInvalid),
    }
}

/// Finds a living group of which the actor is part; refuses those who are not.
pub fn stand(snapshot: &mut Snapshot<'_>, id: &GroupId, by: &By) -> Result<Standing> {
    let group = alive(snapshot, id)?;
    let actor = actor(snapshot, &group, by)?;
    if actor == Actor::Outsider {
        return refuse(Fault::GroupForbidden);
    }
    Ok(Standing { group, actor })
}

/// As [`stand`], and the group does not end before the transaction does.
pub fn stay(tx: &mut Tx<'_>, id: &GroupId, by: &By) -> Result<Standing> {
    let standing = stand(tx, id, by)?;
    keep(tx, standing.group.conversation)?;
    Ok(standing)
}

/// Keeps what was there a moment ago from ending until the transaction ends.
pub fn keep(tx: &mut Tx<'_>, conversation: ConversationId) -> Result<()> {
    if groups::keep(tx, conversation)? { Ok(()) } else { refuse(Fault::GroupGone) }
}

/// What somebody is in a group.
pub fn actor(snapshot: &mut Snapshot<'_>, group: &Group, by: &By) -> Result<Actor> {
    let (account, is_guest) = match by {
        By::App(_) => return Ok(Actor::App),
        By::Device { account, is_guest } => (account, *is_guest),
    };
    if group.kind != GroupKind::Live {
        return Ok(Actor::of(members::get(snapshot, group.conversation, account)?.map(|member| member.role)));
    }
    match live_role(snapshot, group, account)? {
        Some(Role::Owner) => Ok(Actor::Inside(Role::Owner)),
        _ if !is_guest => Ok(Actor::Outsider),
        role => Ok(Actor::Inside(role.unwrap_or(Role::Member))),
    }
}

/// What is stored of an account in a live room: whether it is the owner or helps the owner. Everybody else is a member as
/// long as it is there, which no table knows.
pub fn live_role(snapshot: &mut Snapshot<'_>, room: &Group, account: &UserId) -> Result<Option<Role>> {
    if room.owner.as_ref() == Some(account) {
        return Ok(Some(Role::Owner));
    }
    let is_admin = live_rooms::admins(snapshot, room.conversation)?.contains(account);
    Ok(is_admin.then_some(Role::Admin))
}
