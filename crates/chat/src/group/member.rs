//! Who comes and goes.

use contract::error::refuse;
use contract::group::{Actor, GroupId, JoinOption, NoticeKind, Operation, Role};
use contract::webhook::GroupHappening;
use contract::{Fault, Result, UserId};
use store::groups::members::{self, Member};
use store::groups::requests::{self, RequestKind};
use store::groups::{self, Group};
use store::{Snapshot, Tx, live_rooms};

use super::{By, Scope, acting, create, ensure, ensure_room_of, hold, hold_accounts, role_of, tip};

/// What became of somebody who was to be added; the number is the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// Not added.
    Failed = 0,
    /// In from now on.
    Joined = 1,
    /// Was in already.
    Present = 2,
    /// In as soon as somebody consents.
    Asked = 3,
}

/// What became of somebody who wanted to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// In from now on.
    In,
    /// In as soon as the group's admins approve: the number of the request.
    Asked(i64),
}

/// What became of an addition.
#[derive(Debug, Clone)]
pub struct Addition {
    /// The group as it is now.
    pub group: Group,
    /// Everybody, in the order asked.
    pub results: Vec<(UserId, Added)>,
}

/// Adds accounts to a group. `refused` are not added, because the app does not want it; if the others do not all fit,
/// nobody is added.
pub fn add(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    accounts: &[UserId],
    refused: &[UserId],
    is_silent: bool,
) -> Result<Addition> {
    let mut group = hold(tx, id)?;
    ensure(tx, &group, by, Operation::Invite)?;
    let approver = acting(tx, &group, by, Operation::Approve)?;
    let needs_approval = invite_needs_approval(&group, approver)?;
    hold_accounts(tx, accounts)?;
    let mut present: Vec<UserId> = Vec::new();
    for some in accounts.chunks(contract::limit::STORE_PAGE) {
        present.extend(members::among(tx, group.conversation, some)?.into_iter().map(|member| member.account));
    }
    let mut room = group.members_max - group.members;
    let (mut results, mut joined, mut asked) = (Vec::with_capacity(accounts.len()), Vec::new(), Vec::new());
    for account in accounts {
        let result = if present.contains(account) || joined.contains(account) {
            Added::Present
        } else if refused.contains(account) {
            Added::Failed
        } else if needs_approval || scope.settings.asks_invited {
            asked.push(account.clone());
            Added::Asked
        } else if room <= 0 {
            // All of them or none: a caller of whose list some were in could not tell by the number that others are not.
            return refuse(Fault::GroupFull);
        } else {
            room -= 1;
            joined.push(account.clone());
            Added::Joined
        };
        results.push((account.clone(), result));
    }
    if !joined.is_empty() {
        ensure_room_of(tx, scope, &joined)?;
        admit(tx, scope, by, &mut group, &joined, is_silent, Some(NoticeKind::Invited))?;
    }
    let kind = if needs_approval { RequestKind::Invite } else { RequestKind::Consent };
    for account in &asked {
        ask(tx, scope, by, &group, kind, account, "")?;
    }
    Ok(Addition { group, results })
}

/// Whether whom a member invites must be approved; refuses where nobody may be invited.
fn invite_needs_approval(group: &Group, actor: Actor) -> Result<bool> {
    if actor == Actor::App {
        return Ok(false);
    }
    match group.invite_option {
        JoinOption::Free => Ok(false),
        JoinOption::Approval => Ok(actor < Actor::Inside(Role::Admin)),
        JoinOption::Nobody => refuse(Fault::GroupForbidden),
    }
}

/// Lets accounts, which are held, into a group that has room for them.
pub(super) fn admit(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    group: &mut Group,
    accounts: &[UserId],
    is_silent: bool,
    notice: Option<NoticeKind>,
) -> Result<()> {
    // What was said before they came is not for them, and what is said after is unread: so nobody speaks meanwhile.
    groups::hold_head(tx, group)?;
    let members: Vec<Member> =
        accounts.iter().map(|account| Member::new(account.clone(), Role::Member, group, scope.now)).collect();
    members::put(tx, group.conversation, &members)?;
    group.members += accounts.len() as i64;
    groups::save(tx, group)?;
    for account in accounts {
        requests::settle(tx, group.conversation, account, scope.now)?;
    }
    tip::moved(tx, group, accounts, &[]);
    let what = GroupHappening::Joined { members: accounts.to_vec(), invited: notice == Some(NoticeKind::Invited) };
    tip::hook(tx, group, by, scope.now, what)?;
    if group.members >= group.members_max {
        tip::hook(tx, group, by, scope.now, GroupHappening::Full)?;
    }
    if is_silent {
        return Ok(());
    }
    tip::tell(tx, group, by, scope.now, &tip::Tip::Joined(accounts))?;
    if let Some(kind) = notice.filter(|_| group.is_awake()) {
        tip::notify(tx, accounts.to_vec(), tip::notice(group, by, scope.now, kind, ""));
    }
    Ok(())
}

/// Keeps a request and tells who is to answer it.
fn ask(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    group: &Group,
    kind: RequestKind,
    account: &UserId,
    wording: &str,
) -> Result<i64> {
    let number = requests::add(tx, group.conversation, kind, (account, by.account()), wording, scope.now)?;
    let (who, what) = match kind {
        RequestKind::Consent => (vec![account.clone()], NoticeKind::InviteAsked),
        RequestKind::Apply | RequestKind::Invite => {
            (members::leaders(tx, group.conversation)?, NoticeKind::JoinRequested)
        }
    };
    let mut notice = tip::notice(group, by, scope.now, what, wording);
    notice.request = number;
    tip::notify(tx, who, notice);
    Ok(number)
}

/// An account joins, or asks to.
pub fn join(tx: &mut Tx<'_>, scope: &Scope<'_>, by: &By, id: &GroupId, wording: &str) -> Result<(Group, Joined)> {
    let mut group = hold(tx, id)?;
    let account = by.account();
    // A live room is entered by a connection; no list says who is in it.
    if !Operation::Apply.is_allowed(group.kind, Actor::Outsider) || !group.kind.capability().has_members {
        return refuse(Fault::GroupForbidden);
    }
    if role_of(tx, &group, account)?.is_some() {
        return refuse(Fault::AlreadyMember);
    }
    let option = if group.kind.capability().has_join_option { group.join_option } else { JoinOption::Free };
    if option == JoinOption::Nobody {
        return refuse(Fault::GroupForbidden);
    }
    hold_accounts(tx, [account])?;
    ensure_fits(&group)?;
    ensure_room_of(tx, scope, [account])?;
    if option == JoinOption::Approval {
        let number = ask(tx, scope, by, &group, RequestKind::Apply, account, wording)?;
        return Ok((group, Joined::Asked(number)));
    }
    // Whoever joins by itself knows; only the group is told.
    admit(tx, scope, by, &mut group, std::slice::from_ref(account), false, None)?;
    Ok((group, Joined::In))
}

/// Refuses if a group has no room left.
pub(super) fn ensure_fits(group: &Group) -> Result<()> {
    if group.members < group.members_max { Ok(()) } else { refuse(Fault::GroupFull) }
}

/// Leaves for the app's webhook that somebody was turned away by a group that is full. A transaction of its own: the one
/// that refused has left nothing.
pub fn tell_full(tx: &mut Tx<'_>, scope: &Scope<'_>, by: &By, id: &GroupId) -> Result<()> {
    match groups::get(tx, id)? {
        Some(group) if group.is_alive() && ensure_fits(&group).is_err() => {
            tip::hook(tx, &group, by, scope.now, GroupHappening::Full)
        }
        // Meanwhile it is another, or the list was too long for what is left.
        _ => Ok(()),
    }
}

/// An account leaves. A group whose last member leaves is over; answers whether it is.
pub fn quit(tx: &mut Tx<'_>, scope: &Scope<'_>, by: &By, id: &GroupId) -> Result<Group> {
    let mut group = hold(tx, id)?;
    let account = by.account().clone();
    let Some(role) = role_of(tx, &group, &account)? else { return refuse(Fault::GroupForbidden) };
    if !group.kind.capability().has_members && role != Role::Owner {
        return refuse(Fault::GroupForbidden);
    }
    if role == Role::Owner && !Operation::OwnerQuit.is_allowed(group.kind, Actor::Inside(role)) {
        return refuse(Fault::OwnerMayNotLeave);
    }
    leave(tx, scope, by, &mut group, &account)?;
    Ok(group)
}

/// Takes an account that goes by itself out of a group that is held. What it owned belongs to nobody; a group whose last
/// member goes is over.
fn leave(tx: &mut Tx<'_>, scope: &Scope<'_>, by: &By, group: &mut Group, account: &UserId) -> Result<()> {
    let one = std::slice::from_ref(account);
    if group.owner.as_ref() == Some(account) {
        group.owner = None;
    }
    group.members -= members::remove(tx, group.conversation, one)?;
    crate::permission::forget(tx, group, one)?;
    groups::save(tx, group)?;
    tip::moved(tx, group, &[], one);
    tip::notify(tx, one.to_vec(), tip::notice(group, by, scope.now, NoticeKind::Quit, ""));
    tip::tell(tx, group, by, scope.now, &tip::Tip::Quit(account))?;
    tip::hook(tx, group, by, scope.now, GroupHappening::Left { members: one.to_vec(), kicked: false })?;
    if group.members == 0 && group.kind.capability().has_members {
        create::vanish(tx, scope, by, group)?;
    }
    Ok(())
}

/// Takes an account that is to be deleted out of some of the places where groups know it. Answers whether it was in none
/// any more: a transaction that took it out of some holds groups, and does nothing else.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: &Scope<'_>, account: &UserId) -> Result<bool> {
    let joined = members::joined_conversations(tx, account, FORGET_PAGE)?;
    let by = By::App(account.clone());
    // Held in the order of their ids, like every other transaction that holds several.
    for (id, _) in &joined {
        if let Some(mut group) = groups::lock(tx, id)?.filter(Group::is_alive) {
            leave(tx, scope, &by, &mut group, account)?;
        }
    }
    if !joined.is_empty() {
        return Ok(false);
    }
    let owned = groups::owned_by(tx, account, FORGET_PAGE)?;
    for id in &owned {
        if let Some(mut group) = groups::lock(tx, id)?.filter(|group| group.owner.as_ref() == Some(account)) {
            group.owner = None;
            groups::save(tx, &group)?;
            tip::changed(tx, &group);
        }
    }
    let requests = requests::withdraw(tx, account, scope.now, FORGET_PAGE)?;
    let helped = live_rooms::forget_admin(tx, account, FORGET_PAGE)?;
    Ok([owned.len(), requests, helped] == [0; 3])
}

/// Whether any group knows the account: as a member, its owner, somebody who asks or is asked, or an administrator.
pub(crate) fn is_anywhere(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<bool> {
    Ok(!members::joined_conversations(snapshot, account, 1)?.is_empty()
        || !groups::owned_by(snapshot, account, 1)?.is_empty()
        || requests::is_named(snapshot, account)?
        || live_rooms::is_admin(snapshot, account)?)
}

/// Groups that one step of a deletion takes an account out of.
const FORGET_PAGE: usize = 20;

/// Removes accounts; those that are not in are none the worse. Answers the group and who was really in.
pub fn kick(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    accounts: &[UserId],
    reason: &str,
    is_silent: bool,
) -> Result<(Group, Vec<UserId>)> {
    let mut group = hold(tx, id)?;
    if !group.kind.capability().has_members {
        // Of a live room nobody is removed: the contract has muting and banning for that.
        return refuse(Fault::FieldInvalid { field: "GroupId" });
    }
    let actor = ensure(tx, &group, by, Operation::Kick)?;
    let max = contract::group::NOTICE_BYTES;
    if reason.len() > max {
        return refuse(Fault::FieldTooLong { field: "Reason", max });
    }
    let mut found: Vec<Member> = Vec::new();
    for some in accounts.chunks(contract::limit::STORE_PAGE) {
        found.extend(members::among(tx, group.conversation, some)?);
    }
    if found.iter().any(|member| member.role == Role::Owner || !actor.outranks(member.role)) {
        return refuse(Fault::GroupForbidden);
    }
    let mut gone: Vec<UserId> = found.into_iter().map(|member| member.account).collect();
    gone.sort_unstable();
    gone.dedup();
    if gone.is_empty() {
        return Ok((group, gone));
    }
    group.members -= members::remove(tx, group.conversation, &gone)?;
    crate::permission::forget(tx, &group, &gone)?;
    groups::save(tx, &group)?;
    tip::moved(tx, &group, &[], &gone);
    if group.is_awake() {
        tip::notify(tx, gone.clone(), tip::notice(&group, by, scope.now, NoticeKind::Kicked, reason));
    }
    if !is_silent {
        tip::tell(tx, &mut group, by, scope.now, &tip::Tip::Kicked(&gone))?;
    }
    tip::hook(tx, &group, by, scope.now, GroupHappening::Left { members: gone.clone(), kicked: true })?;
    Ok((group, gone))
}
