//! New groups, and their end.

use std::sync::Arc;

use contract::error::refuse;
use contract::event::Event;
use contract::group::{Actor, GroupEvent, GroupId, GroupKind, NoticeKind, Operation, Role};
use contract::webhook::{GroupHappening, Happening, Webhook};
use contract::{ConversationId, Fault, Millis, Result, Seq, UserId};
use store::Tx;
use store::groups::members::{self, Member};
use store::groups::{self, Fields, Group};
use store::statistics::{self, What};
use store::topics;

use super::{By, Scope, ensure, ensure_accounts, ensure_room_of, hold, hold_accounts, profile, tip};

/// What a new group is to be.
#[derive(Debug, Clone)]
pub struct New {
    /// The id that the caller chose.
    pub id: Option<GroupId>,
    /// Its type.
    pub kind: GroupKind,
    /// Whose it is to be.
    pub owner: Option<UserId>,
    /// What it says of itself.
    pub profile: profile::Change,
    /// How many it is to hold.
    pub members_max: Option<i64>,
    /// Who is in from the start, each with its role and its fields.
    pub members: Vec<(UserId, Role, Fields)>,
    /// A community with topics.
    pub has_topics: bool,
    /// Permission groups are on.
    pub has_permissions: bool,
    /// What those may who are in no permission group.
    pub permissions: i64,
    /// When it was created, if elsewhere.
    pub created_at: Option<Millis>,
}

impl New {
    /// A group of a type with nothing but that.
    pub fn plain(kind: GroupKind) -> Self {
        Self {
            id: None,
            kind,
            owner: None,
            profile: profile::Change::default(),
            members_max: None,
            members: Vec::new(),
            has_topics: false,
            has_permissions: false,
            permissions: 0,
            created_at: None,
        }
    }
}

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// How much of a day's quota may be used before the app is told of each further group, in per cent.
const QUOTA_ALARM_PERCENT: i64 = 70;

/// Creates a group; an import tells nobody and costs no quota of a day.
pub fn create(tx: &mut Tx<'_>, scope: &Scope<'_>, by: &By, new: &New, is_import: bool) -> Result<Group> {
    check(scope, by, new)?;
    let seats = seats(new);
    ensure_accounts(tx, seats.iter().map(|(account, ..)| *account))?;
    let mut totals = groups::totals(tx)?;
    let old = match &new.id {
        Some(id) => groups::lock(tx, id)?,
        None => None,
    };
    if let Some(old) = old.as_ref().filter(|old| old.is_alive()) {
        let is_own = new.owner.is_some() && old.owner == new.owner;
        return refuse(if is_own { Fault::GroupIdOwned } else { Fault::GroupIdTaken });
    }
    hold_accounts(tx, seats.iter().map(|(account, ..)| *account))?;
    let today = scope.now.0.div_euclid(DAY_MS);
    if totals.day != today {
        (totals.day, totals.added) = (today, 0);
    }
    // Groups that belong to nobody count for no quota, live rooms excepted.
    if !seats.is_empty() || new.kind == GroupKind::Live {
        ensure_quota(scope, new, &totals, is_import)?;
    }
    ensure_room_of(tx, scope, seats.iter().map(|(account, ..)| *account))?;
    totals.number += 1;
    totals.alive += 1;
    totals.live += i64::from(new.kind == GroupKind::Live);
    totals.added += i64::from(!is_import);
    groups::save_totals(tx, totals)?;
    // The only row of statistics that this transaction holds: whoever writes several waits for it and not for each other.
    statistics::add(tx, today, What::GroupsAdded, 1)?;
    let id = new.id.clone().unwrap_or_else(|| GroupId::chosen(scrambled(totals.number), new.kind));
    let life = old.map_or(0, |old| old.life + 1);
    let mut group = blank(scope, new, id, life, totals.number);
    profile::apply(&mut group, scope, &new.profile);
    (group.info_seq, group.info_at) = (1, scope.now);
    // A live room keeps no members: its owner comes in by a device like everybody else.
    let seats = if group.kind.capability().has_members { seats } else { Vec::new() };
    group.members = seats.len() as i64;
    groups::save(tx, &group)?;
    groups::open(tx, &group)?;
    let members: Vec<Member> = seats
        .into_iter()
        .map(|(account, role, fields)| {
            let at = new.created_at.unwrap_or(scope.now);
            Member { fields: fields.clone(), ..Member::new(account.clone(), role, &group, at) }
        })
        .collect();
    members::put(tx, group.conversation, &members)?;
    let joined: Vec<UserId> = members.into_iter().map(|member| member.account).collect();
    if !joined.is_empty() {
        tip::moved(tx, &group, &joined, &[]);
    }
    if !is_import {
        let rest = joined.iter().filter(|account| Some(*account) != group.owner.as_ref());
        let what = GroupHappening::Created {
            owner: group.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
            name: group.name.clone(),
            members: rest.cloned().collect(),
            fields: group.fields.clone().into_iter().collect(),
        };
        tip::hook(tx, &group, by, scope.now, what)?;
        tell_quota(tx, scope, totals.added)?;
    }
    if !is_import && let Some(owner) = &group.owner {
        tip::notify(tx, vec![owner.clone()], tip::notice(&group, by, scope.now, NoticeKind::Created, ""));
    }
    Ok(group)
}

/// Leaves for the app's webhook that the day's quota is nearly used up.
fn tell_quota(tx: &mut Tx<'_>, scope: &Scope<'_>, used: i64) -> Result<()> {
    match scope.plan.new_per_day {
        Some(max) if used * 100 > max * QUOTA_ALARM_PERCENT => {
            tx.after_hook(scope.now, &Happening::GroupQuota { used, max })
        }
        _ => Ok(()),
    }
}

/// What can be refused without looking.
fn check(scope: &Scope<'_>, by: &By, new: &New) -> Result<()> {
    if new.kind == GroupKind::Community {
        scope.ensure_communities()?;
    } else if new.has_topics || new.has_permissions {
        return refuse(Fault::FieldInvalid { field: "SupportTopic" });
    }
    if !new.members.is_empty() && !Operation::Seed.is_allowed(new.kind, Actor::App) {
        return refuse(Fault::GroupForbidden);
    }
    if new.members.iter().any(|(_, role, _)| *role == Role::Owner) {
        return refuse(Fault::FieldInvalid { field: "Role" });
    }
    // Where there are no admins, nobody begins as one.
    let has_admins = Operation::SetAdmin.is_allowed(new.kind, Actor::App);
    if !has_admins && new.members.iter().any(|(_, role, _)| *role == Role::Admin) {
        return refuse(Fault::GroupForbidden);
    }
    let actor = match by {
        By::App(_) => Actor::App,
        By::User(..) => Actor::Inside(Role::Owner),
    };
    for (_, _, fields) in &new.members {
        profile::check_member_fields(scope, actor, fields)?;
    }
    profile::check(scope, new.kind, actor, &new.profile)
}

/// Owner and members, each once.
fn seats(new: &New) -> Vec<(&UserId, Role, &Fields)> {
    static NONE: Fields = Fields::new();
    let mut seats: Vec<(&UserId, Role, &Fields)> = Vec::with_capacity(new.members.len() + 1);
    seats.extend(new.owner.iter().map(|owner| (owner, Role::Owner, &NONE)));
    for (account, role, fields) in &new.members {
        match seats.iter_mut().find(|(seated, ..)| *seated == account) {
            Some(seat) => seat.2 = fields,
            None => seats.push((account, *role, fields)),
        }
    }
    seats
}

fn ensure_quota(scope: &Scope<'_>, new: &New, totals: &groups::Totals, is_import: bool) -> Result<()> {
    let plan = &scope.plan;
    if let Some(max) = plan.groups_max.filter(|max| totals.alive >= *max) {
        return refuse(Fault::GroupQuota { max });
    }
    if let Some(max) = plan.live_max.filter(|max| new.kind == GroupKind::Live && totals.live >= *max) {
        return refuse(Fault::LiveGroupQuota { max });
    }
    if !is_import && plan.new_per_day.is_some_and(|max| totals.added >= max) {
        return refuse(Fault::GroupThrottled);
    }
    let max = plan.ceiling(new.kind);
    if seats(new).len() as i64 > max {
        return refuse(Fault::MemberQuota { max });
    }
    Ok(())
}

fn blank(scope: &Scope<'_>, new: &New, id: GroupId, life: i64, number: i64) -> Group {
    let capability = new.kind.capability();
    let ceiling = scope.plan.ceiling(new.kind);
    let members_max = new.members_max.map_or(scope.plan.default_size(new.kind), |max| max.clamp(1, ceiling.max(1)));
    Group {
        conversation: ConversationId::group(id.as_str(), life),
        id,
        life,
        kind: new.kind,
        number,
        name: String::new(),
        introduction: String::new(),
        notification: String::new(),
        face_url: String::new(),
        owner: new.owner.clone(),
        created_at: new.created_at.unwrap_or(scope.now),
        ended_at: Millis(0),
        info_seq: 1,
        info_at: scope.now,
        members: 0,
        members_max,
        join_option: capability.apply,
        invite_option: capability.invite,
        is_muted: false,
        shows_past: capability.shows_past,
        has_topics: new.has_topics,
        // Permission groups are a thing of communities with topics, as where a group is changed.
        has_permissions: new.has_topics && new.has_permissions,
        permissions: if new.has_topics { new.permissions } else { 0 },
        fields: Fields::new(),
        cleared: Seq(0),
        import_number: 0,
        import_seq: Seq(0),
        seq: Seq(0),
        last_seq: Seq(0),
        last_time: 0,
        last_at: Millis(0),
    }
}

/// Spreads numbers over all of 64 bits; no two come to the same, because the factor is odd.
const fn scrambled(number: i64) -> u64 {
    (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Disbands a group. What it leaves behind is found by nobody and purged later.
pub fn disband(tx: &mut Tx<'_>, scope: &Scope<'_>, by: &By, id: &GroupId) -> Result<Group> {
    let totals = groups::totals(tx)?;
    let mut group = hold(tx, id)?;
    ensure(tx, &group, by, Operation::Disband)?;
    close(tx, scope, by, &mut group, totals, NoticeKind::Disbanded)?;
    Ok(group)
}

/// Takes a group away that nobody has used since a moment. Answers whether it did: it may be gone, or in use again.
pub fn recycle(tx: &mut Tx<'_>, scope: &Scope<'_>, id: &GroupId, since: Millis) -> Result<bool> {
    let totals = groups::totals(tx)?;
    let Some(mut group) = groups::lock(tx, id)?.filter(Group::is_alive) else { return Ok(false) };
    if !groups::idle::is_idle(tx, &group, since)? {
        return Ok(false);
    }
    close(tx, scope, &By::App(super::system()), &mut group, totals, NoticeKind::Recycled)?;
    Ok(true)
}

/// Takes a group away that its last member left.
pub(super) fn vanish(tx: &mut Tx<'_>, scope: &Scope<'_>, by: &By, group: &mut Group) -> Result<()> {
    // The totals come after the group here, and before it where one is created or ended: a transaction that would wait
    // for its like is run again.
    let totals = groups::totals(tx)?;
    close(tx, scope, by, group, totals, NoticeKind::Recycled)
}

/// Ends a group that is held, and counts it no more.
fn close(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    group: &mut Group,
    mut totals: groups::Totals,
    why: NoticeKind,
) -> Result<()> {
    totals.alive -= 1;
    totals.live -= i64::from(group.kind == GroupKind::Live);
    if group.created_at.0.div_euclid(DAY_MS) == totals.day && totals.added > 0 {
        totals.added -= 1;
    }
    groups::save_totals(tx, totals)?;
    statistics::add(tx, statistics::day(scope.now), What::GroupsRemoved, 1)?;
    end(tx, scope.now, by, group, why)
}

fn end(tx: &mut Tx<'_>, now: Millis, by: &By, group: &mut Group, why: NoticeKind) -> Result<()> {
    if tx.wants(Webhook::AfterGroupDestroyed) {
        let what = GroupHappening::Ended {
            owner: group.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
            name: group.name.clone(),
            members: members::names(tx, group.conversation, "", contract::limit::STORE_PAGE)?,
        };
        tip::hook(tx, group, by, now, what)?;
    }
    group.ended_at = now;
    groups::save(tx, group)?;
    groups::close(tx, group, now)?;
    if group.kind == GroupKind::Community {
        topics::end_all(tx, group.conversation, now)?;
    }
    tx.after(Event::Group(GroupEvent::Ended {
        group: group.id.clone(),
        conversation: group.conversation,
        notice: Arc::new(tip::notice(group, by, now, why, "")),
    }));
    Ok(())
}
