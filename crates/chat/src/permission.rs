//! Permission groups of communities: what some members may beyond what all may.
//!
//! Where a community has them switched on, admins are members like all others: what a member may is the community's
//! default joined with what its permission groups allow, there and in each topic. The owner and the back end may
//! everything. Where they are off, the roles decide.

use contract::error::refuse;
use contract::event::Event;
use contract::group::{Actor, GroupEvent, GroupId, GroupKind, Permission, Role, TopicPermission};
use contract::{Fault, Millis, Result, UserId, limit};
use store::apps::App;
use store::groups::{self, Group, members};
use store::permissions::{self, PermissionGroup};
use store::topics::Topic;
use store::{Snapshot, Tx};

use crate::ground::{By, Standing, actor, alive};
use crate::topic;

/// Ids of permission groups begin so.
const PREFIX: &str = "@PMG#_";
/// And those that the server chooses so.
const CHOSEN: &str = "@PMG#_@PMG#";

/// What a caller says of a permission group; none leaves it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// Its name.
    pub name: Option<String>,
    /// What its members may do.
    pub permission: Option<i64>,
    /// What the app keeps there.
    pub custom: Option<String>,
}

/// What became of each item of a batch, in the order given.
pub type Outcomes = Vec<Result<(), Fault>>;

/// What became of an account that was to be put in or taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It is not in the community, or there is no such account.
    No = 0,
    /// It was.
    Done = 1,
    /// It was so before.
    Already = 2,
}

/// Refuses where there are no communities.
pub fn check_enabled(app: &App) -> Result<(), Fault> {
    let is_on = app.settings.groups.has_communities && app.plan().groups().community_max.is_some();
    if is_on { Ok(()) } else { Err(Fault::CommunityDisabled) }
}

/// Finds a community in which the actor stands somewhere. Groups of other types have neither topics nor permission
/// groups.
pub fn community(snapshot: &mut Snapshot<'_>, app: &App, id: &GroupId, by: &By) -> Result<Standing> {
    check_enabled(app)?;
    let group = alive(snapshot, id)?;
    if group.kind != GroupKind::Community {
        return refuse(Fault::CommunityDisabled);
    }
    let actor = actor(snapshot, &group, by)?;
    if actor == Actor::Outsider {
        return refuse(Fault::GroupForbidden);
    }
    Ok(Standing { group, actor })
}

/// As [`community`], and held until the transaction ends.
pub fn lock_community(tx: &mut Tx<'_>, app: &App, id: &GroupId, by: &By) -> Result<Standing> {
    groups::lock(tx, id)?;
    community(tx, app, id, by)
}

/// What an actor may do in a community.
pub fn allowed(snapshot: &mut Snapshot<'_>, standing: &Standing, account: &UserId) -> Result<Permission> {
    let Standing { group, actor } = standing;
    Ok(match actor {
        Actor::App | Actor::Inside(Role::Owner) => Permission::ALL,
        Actor::Outsider => Permission(0),
        Actor::Inside(role) if !group.has_permissions => by_role(*role),
        Actor::Inside(_) => permissions::masks(snapshot, group.conversation, account)?
            .into_iter()
            .fold(Permission(group.permissions), |all, mask| all.with(Permission(mask))),
    })
}

/// What an actor may do in a topic.
pub fn allowed_in(
    snapshot: &mut Snapshot<'_>,
    standing: &Standing,
    topic: &Topic,
    account: &UserId,
) -> Result<TopicPermission> {
    let everywhere = allowed(snapshot, standing, account)?.in_topic();
    if !standing.group.has_permissions || !matches!(standing.actor, Actor::Inside(_)) {
        return Ok(everywhere);
    }
    let masks = permissions::topic_masks(snapshot, standing.group.conversation, topic.conversation, account)?;
    Ok(masks.into_iter().fold(everywhere, |all, mask| all.with(TopicPermission(mask))))
}

/// What permission groups allow an account in a place: in its community, and just there if it is a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Granted {
    /// In the community.
    pub(crate) everywhere: Permission,
    /// In the place.
    pub(crate) here: TopicPermission,
}

/// What permission groups allow a member of a community in it, or in a topic of it. None: they are off there, or there
/// are none, and roles decide.
pub(crate) fn granted(
    snapshot: &mut Snapshot<'_>,
    place: &Group,
    account: &UserId,
    role: Role,
) -> Result<Option<Granted>> {
    if place.kind != GroupKind::Community {
        return Ok(None);
    }
    let group = match place.id.community() {
        Some(id) => alive(snapshot, &id)?,
        None => place.clone(),
    };
    if !group.has_permissions {
        return Ok(None);
    }
    let standing = Standing { group, actor: Actor::Inside(role) };
    let everywhere = allowed(snapshot, &standing, account)?;
    let mut here = everywhere.in_topic();
    if place.is_topic() {
        let masks = permissions::topic_masks(snapshot, standing.group.conversation, place.conversation, account)?;
        here = masks.into_iter().fold(here, |all, mask| all.with(TopicPermission(mask)));
    }
    Ok(Some(Granted { everywhere, here }))
}

/// What a role stands for where there are no permission groups.
const fn by_role(role: Role) -> Permission {
    let member = Permission::SEND.with(Permission::PAST);
    match role {
        Role::Member => member,
        Role::Admin => Permission(Permission::BAN.0 * 2 - 1),
        Role::Owner => Permission::ALL,
    }
}

/// Refuses whoever lacks something in a community.
pub fn need(snapshot: &mut Snapshot<'_>, standing: &Standing, by: &By, what: Permission) -> Result<()> {
    if allowed(snapshot, standing, by.account())?.has(what) { Ok(()) } else { refuse(Fault::GroupForbidden) }
}

/// Refuses whoever would give away what it has not: that would be a way to get it.
fn need_all(snapshot: &mut Snapshot<'_>, standing: &Standing, by: &By, given: i64) -> Result<()> {
    need(snapshot, standing, by, Permission(given))
}

/// As [`need_all`], of what a permission group allows in topics: who comes into it gets that as well.
fn need_topics(snapshot: &mut Snapshot<'_>, standing: &Standing, by: &By, id: &str) -> Result<()> {
    if !matches!(standing.actor, Actor::Inside(_)) {
        return Ok(());
    }
    for (topic, mask) in permissions::topics(snapshot, standing.group.conversation, id)? {
        let topic = topic::find(snapshot, &standing.group, &topic)?;
        if !allowed_in(snapshot, standing, &topic, by.account())?.has(TopicPermission(mask)) {
            return refuse(Fault::GroupForbidden);
        }
    }
    Ok(())
}

/// A new permission group.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// The id that the caller chooses.
    pub id: Option<&'a str>,
    /// What it is to be.
    pub wish: &'a Wish,
    /// Makes an id where the caller chooses none.
    pub number: u64,
}

/// Makes a permission group. Answers its id.
pub fn create(tx: &mut Tx<'_>, now: Millis, app: &App, community: &GroupId, by: &By, new: &New<'_>) -> Result<String> {
    let New { id, wish, number } = *new;
    check(wish)?;
    let Some(name) = &wish.name else { return refuse(Fault::FieldMissing { field: "PermissionGroupName" }) };
    let id = match id {
        Some(id) => custom(id)?,
        None => format!("{CHOSEN}{number:016x}"),
    };
    let standing = lock_community(tx, app, community, by)?;
    need(tx, &standing, by, Permission::GROUPS)?;
    need_all(tx, &standing, by, wish.permission.unwrap_or_default())?;
    let max = limit::PERMISSION_GROUPS;
    if permissions::count(tx, standing.group.conversation)? >= max {
        return refuse(Fault::JoinedQuota { max });
    }
    let group = PermissionGroup {
        id,
        name: name.clone(),
        permission: wish.permission.unwrap_or_default(),
        custom: wish.custom.clone().unwrap_or_default(),
        created_at: now,
        members: 0,
    };
    if !permissions::add(tx, standing.group.conversation, &group)? {
        return refuse(Fault::GroupIdTaken);
    }
    tell(tx, &standing.group);
    Ok(group.id)
}

/// Removes permission groups.
pub fn destroy(tx: &mut Tx<'_>, app: &App, community: &GroupId, by: &By, ids: &[String]) -> Result<Outcomes> {
    let standing = lock_community(tx, app, community, by)?;
    need(tx, &standing, by, Permission::GROUPS)?;
    let one = |id: &String| {
        let is_gone = permissions::remove(tx, standing.group.conversation, id)?;
        Ok(if is_gone { Ok(()) } else { Err(Fault::FieldInvalid { field: "PermissionGroupId" }) })
    };
    let outcomes = ids.iter().map(one).collect::<Result<Outcomes>>()?;
    tell(tx, &standing.group);
    Ok(outcomes)
}

/// Changes a permission group.
pub fn modify(tx: &mut Tx<'_>, app: &App, community: &GroupId, by: &By, id: &str, wish: &Wish) -> Result<()> {
    check(wish)?;
    let standing = lock_community(tx, app, community, by)?;
    need(tx, &standing, by, Permission::GROUPS)?;
    need_all(tx, &standing, by, wish.permission.unwrap_or_default())?;
    let mut group = find(tx, &standing.group, id)?;
    group.name = wish.name.clone().unwrap_or(group.name);
    group.permission = wish.permission.unwrap_or(group.permission);
    group.custom = wish.custom.clone().unwrap_or(group.custom);
    permissions::change(tx, standing.group.conversation, &group)?;
    tell(tx, &standing.group);
    Ok(())
}

/// Permission groups that were asked for, each found or not, and where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// In the order asked, or of their ids.
    pub groups: Vec<(String, Result<PermissionGroup, Fault>)>,
    /// The last id of a full page; empty at the end.
    pub next: String,
}

/// Reads named permission groups.
pub fn get(snapshot: &mut Snapshot<'_>, app: &App, id: &GroupId, by: &By, ids: &[String]) -> Result<Page> {
    let standing = community(snapshot, app, id, by)?;
    let mut page = Page::default();
    for id in ids {
        let found = permissions::get(snapshot, standing.group.conversation, id)?;
        page.groups.push((id.clone(), found.ok_or(Fault::FieldInvalid { field: "PermissionGroupId" })));
    }
    Ok(page)
}

/// Reads a page of permission groups behind an id.
pub fn list(snapshot: &mut Snapshot<'_>, app: &App, id: &GroupId, by: &By, after: &str, count: usize) -> Result<Page> {
    let standing = community(snapshot, app, id, by)?;
    let found = permissions::page(snapshot, standing.group.conversation, after, count)?;
    let next = found.last().filter(|_| found.len() == count).map_or_else(String::new, |group| group.id.clone());
    Ok(Page { groups: found.into_iter().map(|group| (group.id.clone(), Ok(group))).collect(), next })
}

/// Puts accounts into a permission group, or takes them out; in the order given.
pub fn move_members(
    tx: &mut Tx<'_>,
    app: &App,
    community: &GroupId,
    by: &By,
    id: &str,
    accounts: &[UserId],
    is_in: bool,
) -> Result<Vec<Moved>> {
    let standing = lock_community(tx, app, community, by)?;
    need(tx, &standing, by, Permission::GROUP_MEMBERS)?;
    let granted = find(tx, &standing.group, id)?;
    need_all(tx, &standing, by, granted.permission)?;
    let conversation = standing.group.conversation;
    if is_in {
        need_topics(tx, &standing, by, id)?;
    }
    let inside = members::among(tx, conversation, accounts)?;
    let mut moved = Vec::with_capacity(accounts.len());
    for account in accounts {
        let is_member = inside.iter().any(|member| member.account == *account);
        let is_changed = match (is_in, is_member) {
            (true, false) => {
                moved.push(Moved::No);
                continue;
            }
            (true, true) => permissions::add_member(tx, conversation, id, account)?,
            (false, _) => permissions::remove_member(tx, conversation, id, account)?,
        };
        moved.push(if is_changed { Moved::Done } else { Moved::Already });
    }
    tell(tx, &standing.group);
    Ok(moved)
}

/// Reads a page of a permission group's members behind an account. Answers also where the next one begins.
pub fn list_members(
    snapshot: &mut Snapshot<'_>,
    app: &App,
    id: &GroupId,
    by: &By,
    permission_group: &str,
    after: &str,
    count: usize,
) -> Result<(Vec<UserId>, String)> {
    let standing = community(snapshot, app, id, by)?;
    find(snapshot, &standing.group, permission_group)?;
    let found = permissions::members(snapshot, standing.group.conversation, permission_group, after, count)?;
    let next = found.last().filter(|_| found.len() == count).map_or_else(String::new, ToString::to_string);
    Ok((found, next))
}

/// Of which topics something may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Of those of which nothing is said yet.
    Nothing,
    /// Of those of which something is said.
    Something,
    /// Of both.
    Either,
}

/// Says what a permission group allows in topics; `None` takes back what was said.
pub fn set_topics(
    tx: &mut Tx<'_>,
    app: &App,
    community: &GroupId,
    by: &By,
    id: &str,
    topics: &[(String, Option<i64>)],
    said: Said,
) -> Result<Outcomes> {
    let standing = lock_community(tx, app, community, by)?;
    find(tx, &standing.group, id)?;
    let mut outcomes = Outcomes::new();
    for (topic, permission) in topics {
        let outcome = set_topic(tx, &standing, by, id, topic, *permission, said)?;
        outcomes.push(outcome);
    }
    tell(tx, &standing.group);
    Ok(outcomes)
}

fn set_topic(
    tx: &mut Tx<'_>,
    standing: &Standing,
    by: &By,
    id: &str,
    topic: &str,
    permission: Option<i64>,
    said: Said,
) -> Result<Result<(), Fault>> {
    let topic = match topic::find(tx, &standing.group, topic) {
        Ok(topic) => topic,
        Err(contract::Error::Fault(fault)) => return Ok(Err(fault)),
        Err(failure) => return Err(failure),
    };
    let own = allowed_in(tx, standing, &topic, by.account())?;
    let needed = TopicPermission::PERMISSIONS.with(TopicPermission(permission.unwrap_or_default()));
    if !own.has(needed) {
        return Ok(Err(Fault::GroupForbidden));
    }
    let (community, conversation) = (standing.group.conversation, topic.conversation);
    let there = permissions::of_topic(tx, community, id, conversation)?;
    let absent = Err(Fault::FieldInvalid { field: "TopicId" });
    match permission {
        Some(_) if said == Said::Nothing && there.is_some() => return Ok(absent),
        Some(_) if said == Said::Something && there.is_none() => return Ok(absent),
        Some(permission) => permissions::set_topic(tx, community, id, conversation, permission)?,
        None if there.is_none() => return Ok(absent),
        None => drop(permissions::unset_topic(tx, community, id, conversation)?),
    }
    Ok(Ok(()))
}

/// What a permission group allows in topics: those that are named, or all of which something is said.
pub fn topics(
    snapshot: &mut Snapshot<'_>,
    app: &App,
    id: &GroupId,
    by: &By,
    permission_group: &str,
    asked: Option<&[String]>,
) -> Result<Vec<(String, Result<i64, Fault>)>> {
    let standing = community(snapshot, app, id, by)?;
    find(snapshot, &standing.group, permission_group)?;
    let said = permissions::topics(snapshot, standing.group.conversation, permission_group)?;
    let Some(asked) = asked else { return Ok(said.into_iter().map(|(topic, mask)| (topic, Ok(mask))).collect()) };
    let one = |topic: &String| {
        let mask = said.iter().find(|(known, _)| known == topic).map(|(_, mask)| *mask);
        (topic.clone(), mask.ok_or(Fault::FieldInvalid { field: "TopicId" }))
    };
    Ok(asked.iter().map(one).collect())
}

/// Takes accounts that leave a community out of what they were allowed there.
pub fn forget(tx: &mut Tx<'_>, community: &Group, accounts: &[UserId]) -> Result<()> {
    if community.kind != GroupKind::Community {
        return Ok(());
    }
    accounts.iter().try_for_each(|account| permissions::forget(tx, community.conversation, account))
}

fn find(snapshot: &mut Snapshot<'_>, community: &Group, id: &str) -> Result<PermissionGroup> {
    let found = permissions::get(snapshot, community.conversation, id)?;
    found.ok_or_else(|| Fault::FieldInvalid { field: "PermissionGroupId" }.into())
}

fn tell(tx: &mut Tx<'_>, community: &Group) {
    tx.after(Event::Group(GroupEvent::Permissions {
        group: community.id.clone(),
        conversation: community.conversation,
    }));
}

fn custom(id: &str) -> Result<String, Fault> {
    let own = id.strip_prefix(PREFIX).unwrap_or_default();
    let is_printable = own.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if own.is_empty() || !is_printable || id.starts_with(CHOSEN) || id.len() > limit::PERMISSION_GROUP_ID_BYTES {
        return Err(Fault::FieldInvalid { field: "PermissionGroupId" });
    }
    Ok(id.to_owned())
}

fn check(wish: &Wish) -> Result<(), Fault> {
    let bounds = [
        ("PermissionGroupName", &wish.name, limit::PERMISSION_GROUP_NAME_BYTES),
        ("CustomString", &wish.custom, limit::TOPIC_CUSTOM_BYTES),
    ];
    for (field, text, max) in bounds {
        if text.as_ref().is_some_and(|text| text.len() > max) {
            return Err(Fault::FieldTooLong { field, max });
        }
    }
    if wish.name.as_ref().is_some_and(String::is_empty) {
        return Err(Fault::FieldInvalid { field: "PermissionGroupName" });
    }
    if wish.permission.is_some_and(|mask| mask < 0) {
        return Err(Fault::FieldInvalid { field: "Permission" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_ones_own_keeps_away_from_those_that_the_server_chooses() {
        assert_eq!(custom("@PMG#_stewards").as_deref(), Ok("@PMG#_stewards"));
        for bad in ["", "stewards", "@PMG#_", "@PMG#_@PMG#1", "@PMG#_ä", &format!("@PMG#_{}", "a".repeat(96))] {
            assert!(custom(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_role_stands_for_what_its_bearers_could_do_before() {
        assert!(by_role(Role::Admin).has(Permission::TOPICS.with(Permission::BAN)));
        assert!(!by_role(Role::Member).has(Permission::TOPICS) && by_role(Role::Member).has(Permission::SEND));
    }
}
