//! Groups: who may do what, and what becomes of it.
//!
//! * `create`: new groups, and their end. * `member`: who comes and goes. * `role`: what members are, and who may write.
//! * `profile`: what a group says of itself. * `request`: who wants in and waits. * `send`: whether a message may be
//!   written. * `message`: what is done with messages afterwards. * `read`: what members have read. * `import`: groups from
//!   elsewhere. * `stream`: messages that grow. * `tip`: what is told of all that. * `flow`: how much a group takes within a second.
//!
//! What a type of group allows to whom is one table, `contract::group::RULES`. An app's back end has the rights of an
//! owner everywhere and is bound by the type all the same.

pub mod create;
pub mod flow;
pub mod import;
pub mod member;
pub mod message;
pub mod profile;
pub mod read;
pub mod request;
pub mod role;
pub mod send;
pub mod stream;
pub(crate) mod tip;

use std::sync::Arc;

use contract::error::refuse;
use contract::event::Event;
use contract::group::{
    Actor, GroupAllowance, GroupEvent, GroupId, GroupKind, NoticeKind, Operation, Permission, Role, SYSTEM,
    TopicPermission,
};
use contract::{DeviceId, Failure, Fault, Millis, Result, UserId};
use store::accounts::Account;
use store::apps::App;
use store::groups::members::{self, Member};
use store::groups::{self, Group, GroupSettings};
use store::{Snapshot, Tx, accounts};

use crate::permission;

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// The app's back end, in an account's name.
    App(UserId),
    /// An account by one of its devices.
    User(UserId, DeviceId),
}

impl By {
    /// In whose name.
    pub const fn account(&self) -> &UserId {
        match self {
            Self::App(account) | Self::User(account, _) => account,
        }
    }

    /// The device that acts and needs no notice.
    pub const fn device(&self) -> Option<&DeviceId> {
        match self {
            Self::App(_) => None,
            Self::User(_, device) => Some(device),
        }
    }
}

/// Within which bounds: what the plan allows, what the app says, and when.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The moment.
    pub now: Millis,
    /// What the plan allows.
    pub plan: GroupAllowance,
    /// What the app says.
    pub settings: &'a GroupSettings,
}

impl<'a> Scope<'a> {
    /// The bounds of an app.
    pub fn of(app: &'a App, now: Millis) -> Self {
        Self { now, plan: app.plan().groups(), settings: &app.settings.groups }
    }

    /// Refuses where communities are not to be had.
    pub fn ensure_communities(&self) -> Result<()> {
        if self.plan.community_max.is_some() && self.settings.has_communities {
            Ok(())
        } else {
            refuse(Fault::CommunityDisabled)
        }
    }
}

/// Finds a group that is there. A topic is none, except for its messages.
pub fn find(snapshot: &mut Snapshot<'_>, id: &GroupId) -> Result<Group> {
    ensure_group(id)?;
    alive(groups::get(snapshot, id)?)
}

/// Finds a group that is there and holds it until the transaction ends.
pub fn hold(tx: &mut Tx<'_>, id: &GroupId) -> Result<Group> {
    ensure_group(id)?;
    alive(groups::lock(tx, id)?)
}

/// Finds what messages are in: a group, or a topic of a community.
pub fn place(snapshot: &mut Snapshot<'_>, id: &GroupId) -> Result<Group> {
    alive(groups::get(snapshot, id)?)
}

/// Finds what messages are in and holds it until the transaction ends.
pub fn hold_place(tx: &mut Tx<'_>, id: &GroupId) -> Result<Group> {
    alive(groups::lock(tx, id)?)
}

fn ensure_group(id: &GroupId) -> Result<()> {
    if id.community().is_some() { refuse(Fault::GroupIdInvalid) } else { Ok(()) }
}

fn alive(found: Option<Group>) -> Result<Group> {
    match found {
        Some(group) if group.is_alive() => Ok(group),
        Some(_) => refuse(Fault::GroupGone),
        None => refuse(Fault::GroupIdInvalid),
    }
}

/// What somebody is in a group.
pub fn actor(snapshot: &mut Snapshot<'_>, group: &Group, by: &By) -> Result<Actor> {
    match by {
        By::App(_) => Ok(Actor::App),
        By::User(account, _) => Ok(Actor::of(role_of(snapshot, group, account)?)),
    }
}

/// What an account is in a group, if it is in.
pub fn role_of(snapshot: &mut Snapshot<'_>, group: &Group, account: &UserId) -> Result<Option<Role>> {
    if group.kind == GroupKind::Live {
        return crate::ground::live_role(snapshot, group, account);
    }
    Ok(members::get(snapshot, group.home(), account)?.map(|member| member.role))
}

/// As what somebody does something in a group. Where a community has its permission groups on, its admins are members like
/// all others, and whom permission groups allow something does that as an admin would.
pub fn acting(snapshot: &mut Snapshot<'_>, group: &Group, by: &By, operation: Operation) -> Result<Actor> {
    let actor = actor(snapshot, group, by)?;
    let (By::User(account, _), Actor::Inside(role @ (Role::Member | Role::Admin))) = (by, actor) else {
        return Ok(actor);
    };
    let Some(granted) = permission::granted(snapshot, group, account, role)? else { return Ok(actor) };
    let is_granted = match operation {
        Operation::EditProfile | Operation::EditRules => granted.everywhere.has(Permission::PROFILE),
        Operation::Kick | Operation::Approve | Operation::EditMember => granted.everywhere.has(Permission::MEMBERS),
        Operation::Mute | Operation::MuteAll => granted.here.has(TopicPermission::MUTE),
        Operation::RecallOthers => granted.here.has(TopicPermission::RECALL),
        _ => false,
    };
    Ok(Actor::Inside(if is_granted { Role::Admin } else { Role::Member }))
}

/// Refuses what the table does not allow; answers what the one who acts is.
pub fn ensure(snapshot: &mut Snapshot<'_>, group: &Group, by: &By, operation: Operation) -> Result<Actor> {
    let actor = acting(snapshot, group, by, operation)?;
    if operation.is_allowed(group.kind, actor) { Ok(actor) } else { refuse(Fault::GroupForbidden) }
}

/// Finds a member; who is none may do nothing that members do.
pub fn member_of(snapshot: &mut Snapshot<'_>, group: &Group, account: &UserId) -> Result<Member> {
    match members::get(snapshot, group.home(), account)? {
        Some(member) => Ok(member),
        None => refuse(Fault::GroupForbidden),
    }
}

/// Refuses if one of the accounts is not there.
fn ensure_accounts<'a>(snapshot: &mut Snapshot<'_>, users: impl IntoIterator<Item = &'a UserId>) -> Result<()> {
    ensure_alive(users, |some| accounts::among(snapshot, some))
}

/// As [`ensure_accounts`], and holds them until the transaction ends: none is deleted, or comes into another group, while
/// this one takes it in. The group is held before them.
fn hold_accounts<'a>(tx: &mut Tx<'_>, users: impl IntoIterator<Item = &'a UserId>) -> Result<()> {
    ensure_alive(users, |some| accounts::lock_all(tx, some))
}

fn ensure_alive<'a>(
    users: impl IntoIterator<Item = &'a UserId>,
    mut find: impl FnMut(&[UserId]) -> Result<Vec<Account>>,
) -> Result<()> {
    let mut users: Vec<UserId> = users.into_iter().cloned().collect();
    users.sort_unstable();
    users.dedup();
    for some in users.chunks(contract::limit::STORE_PAGE) {
        if find(some)?.iter().filter(|account| account.is_alive()).count() < some.len() {
            return refuse(Fault::AccountUnknown);
        }
    }
    Ok(())
}

/// Refuses if one of some accounts would be in more groups than it may.
fn ensure_room_of<'a>(
    snapshot: &mut Snapshot<'_>,
    scope: &Scope<'_>,
    accounts: impl IntoIterator<Item = &'a UserId>,
) -> Result<()> {
    let Some(max) = scope.plan.joined_max else { return Ok(()) };
    let accounts: Vec<UserId> = accounts.into_iter().cloned().collect();
    for some in accounts.chunks(contract::limit::STORE_PAGE) {
        if members::count_joined(snapshot, some)?.iter().any(|(_, count)| *count >= max) {
            return refuse(Fault::JoinedQuota { max });
        }
    }
    Ok(())
}

/// Tells connected members of a group something, all of them or some; nothing of it is kept.
pub fn tell(tx: &mut Tx<'_>, now: Millis, by: &By, id: &GroupId, accounts: &[UserId], text: &str) -> Result<()> {
    let group = place(tx, id)?;
    if !accounts.is_empty() && !group.kind.capability().has_members {
        return refuse(Fault::GroupForbidden);
    }
    let notice = tip::notice(&group, by, now, NoticeKind::Custom, text);
    if accounts.is_empty() {
        let conversation = group.home();
        tx.after(Event::Group(GroupEvent::NotifiedAll { conversation, notice: Arc::new(notice) }));
        return Ok(());
    }
    let mut among = Vec::new();
    for some in accounts.chunks(contract::limit::STORE_PAGE) {
        among.extend(members::among(tx, group.home(), some)?.into_iter().map(|member| member.account));
    }
    tip::notify(tx, among, notice);
    Ok(())
}

/// Who says what nobody in particular says.
fn system() -> UserId {
    UserId::trusted(SYSTEM)
}

/// What cannot be: a group without a conversation.
fn no_head() -> contract::Error {
    Failure::internal("a group has no conversation").into()
}
