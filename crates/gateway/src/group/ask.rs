//! What a device asks about groups and their members: frames into the words of `chat::group`, and back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chat::group::create::{New, create, disband};
use chat::group::member::{Joined, add, join, kick, quit, tell_full};
use chat::group::{By, Scope, profile, request, role};
use contract::codes::Family;
use contract::frame::wire::{
    GroupAdded, GroupAnswerRequest, GroupChangeRequest, GroupCreateRequest, GroupInfo, GroupInfos, GroupJoinAnswer,
    GroupJoinRequest, GroupJoinedRequest, GroupMember, GroupMemberChange, GroupMemberPage, GroupMemberRef,
    GroupMembersQuery, GroupMembersRequest, GroupRef, GroupRequests, GroupsRequest, group_added, group_requests,
};
use contract::group::{
    self, Actor, COMMUNITY_PAGE, GroupId, GroupKind, INFO_BATCH, JoinOption, Operation, ReceiveOption, Role,
};
use contract::webhook::{GroupQuestion, Webhook};
use contract::{Error, Fault, Result, UserId, limit};
use store::groups::members::{self, Member};
use store::groups::messages::unread;
use store::groups::requests::{self, Request, RequestKind};
use store::groups::{self, FieldRule, Fields, Group};
use store::{Snapshot, Tx};

use crate::refusal;
use crate::request::Call;

/// Groups of one page, and messages.
pub(super) const PAGE: usize = 50;

pub(super) fn by(call: &Call) -> By {
    By::User(call.session.account.clone(), call.session.device.clone())
}

fn accounts(names: &[String], max: usize) -> Result<Vec<UserId>, Fault> {
    if names.is_empty() {
        return Err(Fault::FieldInvalid { field: "accounts" });
    }
    if names.len() > max {
        return Err(Fault::BatchSizeInvalid { max });
    }
    names.iter().map(|name| UserId::parse(name).map_err(|_| Fault::FieldInvalid { field: "accounts" })).collect()
}

fn one(name: &str) -> Result<UserId, Fault> {
    UserId::parse(name).map_err(|_| Fault::FieldInvalid { field: "account" })
}

fn fields(given: HashMap<String, String>) -> Fields {
    given.into_iter().collect()
}

/// An option by its name; empty means none.
fn option(name: &str, parse: fn(&str) -> Option<JoinOption>) -> Result<Option<JoinOption>, Fault> {
    match name {
        "" => Ok(None),
        name => parse(name).map(Some).ok_or(Fault::FieldInvalid { field: "option" }),
    }
}

fn text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Looks through texts that others read for what the app does not want to be said.
pub(super) fn look_through<'a>(call: &Call, texts: impl IntoIterator<Item = &'a mut String>) -> Result<(), Fault> {
    for text in texts {
        if let Some(replaced) = call.hub.front.check_text(call.app.id, text)?.replaced {
            *text = replaced;
        }
    }
    Ok(())
}

/// Runs a rule in a transaction, within the bounds of the app.
pub(super) async fn write<T: Send + 'static>(
    call: &Call,
    rule: impl Fn(&mut Tx<'_>, &Scope<'_>, &By) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (app, now, by) = (Arc::clone(&call.app), call.now, by(call));
    call.write(move |tx| rule(tx, &Scope::of(&app, now), &by)).await
}

/// As [`write`], where somebody is to come into a group: that it is full is told, although nothing changes by it.
async fn admit<T: Send + 'static>(
    call: &Call,
    id: &GroupId,
    rule: impl Fn(&mut Tx<'_>, &Scope<'_>, &By) -> Result<T> + Send + 'static,
) -> Result<T> {
    let outcome = write(call, rule).await;
    if let Err(Error::Fault(Fault::GroupFull)) = &outcome {
        let full = id.clone();
        write(call, move |tx, scope, by| tell_full(tx, scope, by, &full)).await?;
    }
    outcome
}

/// Runs a rule on a snapshot, within the bounds of the app.
pub(super) async fn look<T: Send + 'static>(
    call: &Call,
    rule: impl Fn(&mut Snapshot<'_>, &Scope<'_>, &By) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (app, now, by) = (Arc::clone(&call.app), call.now, by(call));
    call.hub.store.read(call.app.id, move |snapshot| rule(snapshot, &Scope::of(&app, now), &by)).await
}

/// Asks the app about a group, if it wants to be asked; answers who may not be added.
pub(super) async fn ask_app(call: &Call, question: GroupQuestion) -> Result<Vec<UserId>> {
    call.hub.front.before_group(Arc::clone(&call.app), call.session.origin(), question).await
}

async fn kind_of(call: &Call, id: &GroupId) -> Result<GroupKind> {
    let id = id.clone();
    call.hub.store.read(call.app.id, move |snapshot| Ok(chat::group::find(snapshot, &id)?.kind)).await
}

/// Creates a group of which the account is the owner.
pub(crate) async fn make(call: &Call, request: GroupCreateRequest) -> Result<GroupRef> {
    let kind = GroupKind::parse(&request.r#type).ok_or(Fault::FieldInvalid { field: "type" })?;
    if request.name.is_empty() {
        return Err(Fault::FieldInvalid { field: "name" }.into());
    }
    let id = text(request.group).map(|id| GroupId::custom(&id, kind)).transpose()?;
    if request.members.len() > group::SEED_BATCH {
        return Err(Fault::BatchSizeInvalid { max: group::SEED_BATCH }.into());
    }
    let members = request.members.iter().map(|name| Ok((one(name)?, Role::Member, Fields::new())));
    let mut new = New {
        id,
        owner: Some(call.session.account.clone()),
        members: members.collect::<Result<_, Fault>>()?,
        has_topics: request.topics,
        profile: profile::Change {
            name: Some(request.name),
            introduction: text(request.introduction),
            notification: text(request.notification),
            face_url: text(request.face_url),
            join_option: option(&request.join_option, JoinOption::parse_apply)?,
            invite_option: option(&request.invite_option, JoinOption::parse_invite)?,
            fields: fields(request.fields),
            ..profile::Change::default()
        },
        ..New::plain(kind)
    };
    look_through(call, new.profile.texts())?;
    if call.app.settings.webhook.has(Webhook::BeforeCreateGroup) {
        let (owner, name) = (call.session.account.clone(), new.profile.name.clone().unwrap_or_default());
        let members = new.members.iter().map(|(account, ..)| account.clone()).collect();
        let asked = owner.clone();
        let owned = call.hub.store.read(call.app.id, move |snapshot| groups::owned(snapshot, &asked)).await?;
        let owned = owned.iter().find(|(of, _)| *of == kind).map_or(0, |(_, count)| *count);
        let (operator, owner) = (owner.clone(), owner.to_string());
        ask_app(call, GroupQuestion::Create { operator, owner, kind, name, members, owned }).await?;
    }
    let made = write(call, move |tx, scope, by| create(tx, scope, by, &new, false)).await?;
    Ok(GroupRef { group: made.id.to_string() })
}

/// Refuses longer words to those who are asked, or who asked.
fn check_wording(wording: &str) -> Result<(), Fault> {
    let max = limit::ADD_WORDING_BYTES;
    if wording.len() > max { Err(Fault::FieldTooLong { field: "wording", max }) } else { Ok(()) }
}

/// Joins a group, or asks to.
pub(crate) async fn enter(call: &Call, request: GroupJoinRequest) -> Result<GroupJoinAnswer> {
    let id = GroupId::parse(&request.group)?;
    check_wording(&request.wording)?;
    if call.app.settings.webhook.has(Webhook::BeforeApplyJoinGroup) {
        let (kind, account) = (kind_of(call, &id).await?, call.session.account.clone());
        ask_app(call, GroupQuestion::Apply { group: id.clone(), kind, account }).await?;
    }
    let group = id.clone();
    let (_, joined) = admit(call, &group, move |tx, scope, by| join(tx, scope, by, &id, &request.wording)).await?;
    Ok(GroupJoinAnswer {
        request: match joined {
            Joined::In => 0,
            Joined::Asked(number) => number,
        },
    })
}

/// Leaves a group.
pub(crate) async fn leave(call: &Call, request: GroupRef) -> Result<()> {
    let id = GroupId::parse(&request.group)?;
    write(call, move |tx, scope, by| quit(tx, scope, by, &id).map(drop)).await
}

/// Adds others to a group, or invites them.
pub(crate) async fn invite(call: &Call, request: GroupMembersRequest) -> Result<GroupAdded> {
    let (id, who) = (GroupId::parse(&request.group)?, accounts(&request.accounts, group::ADD_BATCH)?);
    let mut refused = Vec::new();
    if call.app.settings.webhook.has(Webhook::BeforeInviteJoinGroup) {
        let (kind, operator) = (kind_of(call, &id).await?, call.session.account.clone());
        let question = GroupQuestion::Invite { group: id.clone(), kind, operator, accounts: who.clone() };
        refused = ask_app(call, question).await?;
    }
    let group = id.clone();
    let addition = admit(call, &group, move |tx, scope, by| add(tx, scope, by, &id, &who, &refused, false)).await?;
    let result = |(account, added): (UserId, chat::group::member::Added)| group_added::Result {
        account: account.to_string(),
        result: added as i32,
    };
    Ok(GroupAdded { results: addition.results.into_iter().map(result).collect() })
}

/// Removes members.
pub(crate) async fn remove(call: &Call, request: GroupMembersRequest) -> Result<()> {
    let (id, who) = (GroupId::parse(&request.group)?, accounts(&request.accounts, group::MEMBER_BATCH)?);
    write(call, move |tx, scope, by| kick(tx, scope, by, &id, &who, &request.reason, false).map(drop)).await
}

/// Changes a member: what it is, how it is called, whether it may write.
pub(crate) async fn change_member(call: &Call, request: GroupMemberChange) -> Result<()> {
    let (id, account) = (GroupId::parse(&request.group)?, one(&request.account)?);
    let parsed = |name: &str| Role::parse(name).ok_or(Fault::FieldInvalid { field: "role" });
    let receive = |name: &str| ReceiveOption::parse(name).ok_or(Fault::FieldInvalid { field: "receive" });
    let mut change = role::Change {
        role: request.role.as_deref().map(parsed).transpose()?,
        receive: request.receive.as_deref().map(receive).transpose()?,
        name_card: request.name_card,
        fields: fields(request.fields),
        mute_s: request.mute_seconds.map(i64::from),
    };
    look_through(call, &mut change.name_card)?;
    let rule = move |tx: &mut Tx<'_>, scope: &Scope<'_>, by: &By| {
        // A live room has no list of members; what can be changed of a guest is whether it may write.
        if let Some(seconds) = change.is_only_mute()
            && chat::group::place(tx, &id)?.kind == GroupKind::Live
        {
            return role::mute(tx, scope, by, &id, std::slice::from_ref(&account), seconds).map(drop);
        }
        role::change(tx, scope, by, &id, &account, &change).map(drop)
    };
    write(call, rule).await
}

/// Gives a group to another owner.
pub(crate) async fn transfer(call: &Call, request: GroupMemberRef) -> Result<()> {
    let (id, account) = (GroupId::parse(&request.group)?, one(&request.account)?);
    write(call, move |tx, scope, by| role::transfer(tx, scope, by, &id, &account).map(drop)).await
}

/// Disbands a group.
pub(crate) async fn end(call: &Call, request: GroupRef) -> Result<()> {
    let id = GroupId::parse(&request.group)?;
    write(call, move |tx, scope, by| disband(tx, scope, by, &id).map(drop)).await
}

/// Changes what a group says of itself.
pub(crate) async fn change(call: &Call, request: GroupChangeRequest) -> Result<()> {
    let id = GroupId::parse(&request.group)?;
    let mut wanted = profile::Change {
        name: request.name,
        introduction: request.introduction,
        notification: request.notification,
        face_url: request.face_url,
        members_max: request.members_max.map(i64::from),
        join_option: option(request.join_option.as_deref().unwrap_or_default(), JoinOption::parse_apply)?,
        invite_option: option(request.invite_option.as_deref().unwrap_or_default(), JoinOption::parse_invite)?,
        is_muted: request.muted,
        shows_past: request.shows_past,
        fields: fields(request.fields),
        ..profile::Change::default()
    };
    look_through(call, wanted.texts())?;
    write(call, move |tx, scope, by| profile::change(tx, scope, by, &id, &wanted).map(drop)).await
}

/// What groups say of themselves.
pub(crate) async fn info(call: &Call, request: GroupsRequest) -> Result<GroupInfos> {
    if !(1..=INFO_BATCH).contains(&request.groups.len()) {
        return Err(Fault::FieldInvalid { field: "groups" }.into());
    }
    let rooms = call.session.live.lock().clone();
    look(call, move |snapshot, scope, by| {
        let mut found = Vec::with_capacity(request.groups.len());
        for name in &request.groups {
            let id = GroupId::parse(name).map_err(Error::from);
            found.push(match id.and_then(|id| chat::group::find(snapshot, &id)) {
                Ok(group) => {
                    let is_guest = rooms.contains(&group.conversation);
                    described(snapshot, scope, &group, by.account(), is_guest)?
                }
                Err(Error::Fault(fault)) => GroupInfo {
                    group: name.clone(),
                    code: refusal::spell(Family::Group, &fault.into()).0,
                    ..GroupInfo::default()
                },
                Err(failure) => return Err(failure),
            });
        }
        Ok(GroupInfos { groups: found, finished: true })
    })
    .await
}

/// The groups that the account is in.
pub(crate) async fn joined(call: &Call, request: GroupJoinedRequest) -> Result<GroupInfos> {
    look(call, move |snapshot, scope, by| {
        let joined = members::joined(snapshot, by.account(), &request.after, PAGE + 1)?;
        let finished = joined.len() <= PAGE;
        let mut found = Vec::with_capacity(PAGE);
        for group in joined.iter().take(PAGE) {
            found.push(described(snapshot, scope, group, by.account(), false)?);
        }
        Ok(GroupInfos { groups: found, finished })
    })
    .await
}

/// A group as an account sees it. Who is in a live room is known by its connection alone.
fn described(
    snapshot: &mut Snapshot<'_>,
    scope: &Scope<'_>,
    group: &Group,
    account: &UserId,
    is_guest: bool,
) -> Result<GroupInfo> {
    let own = members::get(snapshot, group.conversation, account)?;
    let count = own.as_ref().map_or(Ok(0), |member| unread(snapshot, group, member))?;
    let role = chat::group::role_of(snapshot, group, account)?;
    let reader = Actor::of(role.or(is_guest.then_some(Role::Member)));
    Ok(GroupInfo {
        group: group.id.to_string(),
        code: 0,
        r#type: group.kind.as_str().to_owned(),
        name: group.name.clone(),
        introduction: group.introduction.clone(),
        notification: group.notification.clone(),
        face_url: group.face_url.clone(),
        owner: group.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
        created: group.created_at.secs(),
        info_seq: group.info_seq as u64,
        members: group.members as u32,
        members_max: group.members_max as u32,
        join_option: group.join_option.apply().to_owned(),
        invite_option: group.invite_option.invite().to_owned(),
        muted: group.is_muted,
        seq: group.seq.0 as u64,
        last_time: group.last_time,
        fields: readable(&scope.settings.fields, reader, &group.fields),
        topics: group.has_topics,
        own: own.as_ref().map(|member| member_of(scope, group, member, reader)),
        unread: count as u32,
    })
}

/// Of declared fields those that somebody may read.
fn readable(declared: &BTreeMap<String, FieldRule>, reader: Actor, fields: &Fields) -> HashMap<String, String> {
    let may = |key: &String| declared.get(key).is_some_and(|rule| rule.reads.least().is_met_by(reader));
    fields.iter().filter(|(key, _)| may(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// A member as somebody sees it.
fn member_of(scope: &Scope<'_>, group: &Group, member: &Member, reader: Actor) -> GroupMember {
    GroupMember {
        account: member.account.to_string(),
        role: member.role.as_str().to_owned(),
        joined: member.joined_at.secs(),
        receive: member.receive.as_str().to_owned(),
        name_card: member.name_card.clone(),
        fields: readable(&scope.settings.member_fields, reader, &member.fields),
        read: member.read_in(group).0 as u64,
        muted_until: member.muted_until.secs().min(group::MUTE_FOREVER_S),
    }
}

/// A page of members.
pub(crate) async fn list(call: &Call, request: GroupMembersQuery) -> Result<GroupMemberPage> {
    let id = GroupId::parse(&request.group)?;
    let parse = |name: &String| Role::parse(name).ok_or(Fault::FieldInvalid { field: "roles" });
    let roles: Vec<Role> = request.roles.iter().map(parse).collect::<Result<_, _>>()?;
    let count = match request.count as usize {
        0 => COMMUNITY_PAGE,
        count => count.min(COMMUNITY_PAGE),
    };
    look(call, move |snapshot, scope, by| {
        let group = chat::group::find(snapshot, &id)?;
        chat::group::ensure(snapshot, &group, by, Operation::ReadMembers)?;
        let reader = chat::group::actor(snapshot, &group, by)?;
        let mut found = members::page(snapshot, group.conversation, &request.after, &roles, 0, count + 1)?;
        let finished = found.len() <= count;
        found.truncate(count);
        let members = found.iter().map(|member| member_of(scope, &group, member, reader)).collect();
        Ok(GroupMemberPage { members, total: group.members as u32, finished })
    })
    .await
}

/// What waits for the account's answer: as one of a group's admins, or for its own consent.
pub(crate) async fn waiting(call: &Call, request: GroupRef) -> Result<GroupRequests> {
    let id = text(request.group).map(|id| GroupId::parse(&id)).transpose()?;
    let item = |group: &GroupId, request: &Request| group_requests::Item {
        group: group.to_string(),
        number: request.number,
        kind: match request.kind {
            RequestKind::Apply => 0,
            RequestKind::Consent => 1,
            RequestKind::Invite => 2,
        },
        account: request.account.to_string(),
        inviter: request.inviter.to_string(),
        wording: request.wording.clone(),
        time: request.at.secs(),
    };
    look(call, move |snapshot, _, by| {
        let mut found = Vec::new();
        if let Some(id) = &id {
            let group = chat::group::find(snapshot, id)?;
            chat::group::ensure(snapshot, &group, by, Operation::Approve)?;
            let waiting = requests::of_group(snapshot, group.conversation, group::REQUESTS)?;
            found.extend(waiting.iter().map(|request| item(id, request)));
            return Ok(GroupRequests { requests: found });
        }
        for (conversation, number) in requests::of_account(snapshot, by.account(), group::REQUESTS)? {
            let Some(id) = groups::of_conversation(snapshot, conversation)? else { continue };
            found.extend(requests::get(snapshot, conversation, number)?.map(|request| item(&id, &request)));
        }
        Ok(GroupRequests { requests: found })
    })
    .await
}

/// Answers a request to join, or an invitation.
pub(crate) async fn answer(call: &Call, request: GroupAnswerRequest) -> Result<()> {
    let id = GroupId::parse(&request.group)?;
    let GroupAnswerRequest { number, granted, wording, .. } = request;
    check_wording(&wording)?;
    let group = id.clone();
    let rule = move |tx: &mut Tx<'_>, scope: &Scope<'_>, by: &By| {
        request::answer(tx, scope, by, &id, number, granted, &wording).map(drop)
    };
    admit(call, &group, rule).await
}
