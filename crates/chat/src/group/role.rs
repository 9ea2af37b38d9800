//! What members are, whose a group is, and who may write.

use contract::error::refuse;
use contract::group::{Actor, GroupId, MUTE_FOREVER_S, NoticeKind, Operation, ReceiveOption, Role};
use contract::webhook::GroupHappening;
use contract::{Fault, Millis, Result, UserId};
use serde_json::Map;
use store::Tx;
use store::groups::members::{self, Member};
use store::groups::{self, Fields, Group};

use super::{By, Scope, acting, ensure, hold, hold_place, member_of, profile, role_of, tip};

/// What is to be changed of a member; none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// What it is to be.
    pub role: Option<Role>,
    /// How it is to receive messages.
    pub receive: Option<ReceiveOption>,
    /// What it is to be called.
    pub name_card: Option<String>,
    /// Declared fields; an empty value takes one away.
    pub fields: Fields,
    /// For how many seconds it may not write; 0 lifts the mute.
    pub mute_s: Option<i64>,
}

impl Change {
    /// For how long it mutes, if it does nothing else.
    pub fn is_only_mute(&self) -> Option<i64> {
        let alone = Self { mute_s: self.mute_s, ..Self::default() };
        self.mute_s.filter(|_| *self == alone)
    }
}

/// Tells whoever keeps connections by group that a member hears it no more, or again.
fn hear(tx: &mut Tx<'_>, group: &Group, account: &UserId, (before, after): (ReceiveOption, ReceiveOption)) {
    let one = std::slice::from_ref(account);
    match (before == ReceiveOption::Discard, after == ReceiveOption::Discard) {
        (false, true) => tip::heard(tx, group, &[], one),
        (true, false) => tip::heard(tx, group, one, &[]),
        _ => {}
    }
}

/// Changes a member. Answers the group, and the member as it is now.
pub fn change(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    account: &UserId,
    change: &Change,
) -> Result<(Group, Member)> {
    let mut group = hold(tx, id)?;
    if !group.kind.capability().has_members {
        // A live room has no members to be changed; its guests are muted and let speak again.
        return refuse(Fault::GroupForbidden);
    }
    let mut member = member_of(tx, &group, account)?;
    let is_own = *by.account() == member.account;
    let [mutes, edits, sets_admins] = [Operation::Mute, Operation::EditMember, Operation::SetAdmin]
        .map(|operation| acting(tx, &group, by, operation));
    let who = Acting { mutes: mutes?, edits: edits?, sets_admins: sets_admins? };
    check(scope, &group, who, is_own, &member, change)?;
    if let Some(receive) = change.receive {
        hear(tx, &group, account, (member.receive, receive));
        member.receive = receive;
    }
    if let Some(card) = &change.name_card {
        member.name_card.clone_from(card);
    }
    for (key, value) in &change.fields {
        if value.is_empty() {
            member.fields.remove(key);
        } else {
            member.fields.insert(key.clone(), value.clone());
        }
    }
    let was = member.role;
    member.role = change.role.unwrap_or(was);
    members::put(tx, group.conversation, std::slice::from_ref(&member))?;
    if was != member.role {
        let (told, kind) = match member.role {
            Role::Admin => (tip::Tip::AdminSet(account), NoticeKind::MadeAdmin),
            _ => (tip::Tip::AdminUnset(account), NoticeKind::UnmadeAdmin),
        };
        tip::notify(tx, vec![account.clone()], tip::notice(&group, by, scope.now, kind, ""));
        tip::tell(tx, &mut group, by, scope.now, &told)?;
    }
    if was != member.role || change.name_card.is_some() {
        let what = GroupHappening::MemberEdited {
            account: account.clone(),
            role: (was != member.role).then(|| member.role.as_str().to_owned()),
            card: change.name_card.clone(),
        };
        tip::hook(tx, &group, by, scope.now, what)?;
    }
    if let Some(seconds) = change.mute_s {
        member.muted_until = until(scope.now, seconds);
        members::mute(tx, group.conversation, std::slice::from_ref(account), member.muted_until)?;
        tip::tell(tx, &mut group, by, scope.now, &tip::Tip::Muted(std::slice::from_ref(account), seconds))?;
    }
    tip::changed(tx, &group);
    Ok((group, member))
}

/// As what somebody changes a member, by what is changed.
#[derive(Clone, Copy)]
struct Acting {
    mutes: Actor,
    edits: Actor,
    sets_admins: Actor,
}

fn check(scope: &Scope<'_>, group: &Group, who: Acting, is_own: bool, member: &Member, change: &Change) -> Result<()> {
    let may = |operation: Operation, actor: Actor| operation.is_allowed(group.kind, actor);
    if let Some(role) = change.role
        && (role == Role::Owner || member.role == Role::Owner || !may(Operation::SetAdmin, who.sets_admins))
    {
        return refuse(Fault::GroupForbidden);
    }
    if change.mute_s.is_some() && !(may(Operation::Mute, who.mutes) && who.mutes.outranks(member.role)) {
        return refuse(Fault::GroupForbidden);
    }
    // How it receives messages is each member's own affair; its card and its fields are those of whoever stands above.
    let is_above = may(Operation::EditMember, who.edits) && who.edits.outranks(member.role);
    if change.receive.is_some() && !is_own && who.edits != Actor::App {
        return refuse(Fault::GroupForbidden);
    }
    if change.name_card.is_some() && !is_own && !is_above {
        return refuse(Fault::GroupForbidden);
    }
    if !change.fields.is_empty() && !is_own && !is_above {
        return refuse(Fault::GroupForbidden);
    }
    let max = scope.settings.name_card_bytes;
    if let Some(card) = &change.name_card {
        if card.len() > max {
            return refuse(Fault::FieldTooLong { field: "NameCard", max });
        }
        if card.contains('\0') {
            return refuse(Fault::FieldInvalid { field: "NameCard" });
        }
    }
    profile::check_member_fields(scope, who.edits, &change.fields)
}

/// The end of a mute of so many seconds.
fn until(now: Millis, seconds: i64) -> Millis {
    match seconds {
        0 => Millis(0),
        MUTE_FOREVER_S.. => Millis(i64::MAX),
        _ => now.plus(seconds.saturating_mul(1_000)),
    }
}

/// Mutes accounts in a group, in it or not, or lets them write again.
pub fn mute(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    accounts: &[UserId],
    seconds: i64,
) -> Result<Group> {
    let mut group = hold_place(tx, id)?;
    let who = ensure(tx, &group, by, Operation::Mute)?;
    ensure_below(tx, &group, who, accounts)?;
    members::mute(tx, group.conversation, accounts, until(scope.now, seconds))?;
    tip::tell(tx, &mut group, by, scope.now, &tip::Tip::Muted(accounts, seconds))?;
    tip::changed(tx, &group);
    Ok(group)
}

/// Refuses if one of the accounts is no less in a group than who acts. In a live room that is stored of some alone.
fn ensure_below(tx: &mut Tx<'_>, group: &Group, who: Actor, accounts: &[UserId]) -> Result<()> {
    if !group.kind.capability().has_members {
        for account in accounts {
            if role_of(tx, group, account)?.is_some_and(|role| !who.outranks(role)) {
                return refuse(Fault::GroupForbidden);
            }
        }
        return Ok(());
    }
    for some in accounts.chunks(contract::limit::STORE_PAGE) {
        let found = members::among(tx, group.home(), some)?;
        if found.iter().any(|member| !who.outranks(member.role)) {
            return refuse(Fault::GroupForbidden);
        }
    }
    Ok(())
}

/// Gives a group to another owner, who must be in it; the old one stays as a member. Answers the group and the old
/// owner.
pub fn transfer(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    owner: &UserId,
) -> Result<(Group, Option<UserId>)> {
    let mut group = hold(tx, id)?;
    ensure(tx, &group, by, Operation::Transfer)?;
    let Some(role) = role_of(tx, &group, owner)? else {
        return refuse(Fault::FieldInvalid { field: "NewOwner_Account" });
    };
    if role == Role::Owner {
        return Ok((group.clone(), group.owner));
    }
    let old = group.owner.replace(owner.clone());
    if let Some(old) = &old {
        members::set_role(tx, group.conversation, old, Role::Member)?;
    }
    members::set_role(tx, group.conversation, owner, Role::Owner)?;
    group.info_seq += 1;
    group.info_at = scope.now;
    groups::save(tx, &group)?;
    let mut told = Map::new();
    told.insert("Owner_Account".into(), owner.as_str().into());
    tip::tell(tx, &mut group, by, scope.now, &tip::Tip::Profile(told))?;
    tip::changed(tx, &group);
    let what = GroupHappening::Transferred {
        old: old.as_ref().map(ToString::to_string).unwrap_or_default(),
        new: owner.clone(),
    };
    tip::hook(tx, &group, by, scope.now, what)?;
    Ok((group, old))
}
