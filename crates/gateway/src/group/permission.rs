//! Permission groups of communities as devices use them.

use chat::permission::{self, New, Page, Wish};
use contract::frame::wire::{
    GroupOutcomes, PermissionGroup, PermissionGroupRef, PermissionGroupRequest, PermissionGroups,
    PermissionGroupsRequest, PermissionMembers, PermissionMembersRequest, PermissionTopics, PermissionTopicsRequest,
    TopicMask, group_outcomes,
};
use contract::{Fault, Result, UserId, limit};

use super::room::{by, group};
use super::topic::{code, outcomes};
use crate::request::Call;

fn wish(request: &PermissionGroupRequest) -> Wish {
    Wish { name: request.name.clone(), permission: request.permission, custom: request.custom.clone() }
}

/// Makes a permission group.
pub(crate) async fn create(call: &Call, request: PermissionGroupRequest) -> Result<PermissionGroupRef> {
    let (id, by, app, now, wish) = (group(&request.group)?, by(call, None), call.app.clone(), call.now, wish(&request));
    let (chosen, number) = ((!request.id.is_empty()).then_some(request.id), rand::random());
    let write = move |tx: &mut store::Tx<'_>| {
        permission::create(tx, now, &app, &id, &by, &New { id: chosen.as_deref(), wish: &wish, number })
    };
    Ok(PermissionGroupRef { group: request.group, id: call.write(write).await? })
}

/// Reads permission groups: those that are named, or a page of all.
pub(crate) async fn get(call: &Call, request: PermissionGroupsRequest) -> Result<PermissionGroups> {
    let (id, by, app) = (group(&request.group)?, by(call, None), call.app.clone());
    let max = limit::PERMISSION_GROUP_BATCH;
    if request.ids.len() > max {
        return Err(Fault::FieldInvalid { field: "ids" }.into());
    }
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        if request.ids.is_empty() {
            permission::list(snapshot, &app, &id, &by, &request.after, max)
        } else {
            permission::get(snapshot, &app, &id, &by, &request.ids)
        }
    };
    let Page { groups, next } = call.hub.store.read(call.app.id, read).await?;
    let shown = |(id, found): (String, Result<store::permissions::PermissionGroup, Fault>)| match found {
        Ok(group) => PermissionGroup {
            id,
            code: 0,
            name: group.name,
            permission: group.permission,
            custom: group.custom,
            members: group.members as u64,
        },
        Err(fault) => PermissionGroup { id, code: code(&Err(fault)), ..PermissionGroup::default() },
    };
    Ok(PermissionGroups { groups: groups.into_iter().map(shown).collect(), next })
}

/// Changes a permission group.
pub(crate) async fn modify(call: &Call, request: PermissionGroupRequest) -> Result<()> {
    let (id, by, app, wish) = (group(&request.group)?, by(call, None), call.app.clone(), wish(&request));
    call.write(move |tx| permission::modify(tx, &app, &id, &by, &request.id, &wish)).await
}

/// Removes permission groups.
pub(crate) async fn delete(call: &Call, request: PermissionGroupsRequest) -> Result<GroupOutcomes> {
    let (id, by, app, ids) = (group(&request.group)?, by(call, None), call.app.clone(), request.ids.clone());
    if ids.is_empty() || ids.len() > limit::PERMISSION_GROUP_BATCH {
        return Err(Fault::FieldInvalid { field: "ids" }.into());
    }
    let done = call.write(move |tx| permission::destroy(tx, &app, &id, &by, &ids)).await?;
    Ok(outcomes(request.ids, &done))
}

/// Lists who is in a permission group.
pub(crate) async fn members(call: &Call, request: PermissionMembersRequest) -> Result<PermissionMembers> {
    let (id, by, app) = (group(&request.group)?, by(call, None), call.app.clone());
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        let PermissionMembersRequest { id: own, after, .. } = &request;
        permission::list_members(snapshot, &app, &id, &by, own, after, limit::PERMISSION_MEMBER_BATCH)
    };
    let (accounts, next) = call.hub.store.read(call.app.id, read).await?;
    Ok(PermissionMembers { accounts: accounts.iter().map(ToString::to_string).collect(), next })
}

/// Puts accounts into a permission group, or takes them out.
pub(crate) async fn move_members(call: &Call, request: PermissionMembersRequest) -> Result<GroupOutcomes> {
    let (id, by, app) = (group(&request.group)?, by(call, None), call.app.clone());
    let max = limit::PERMISSION_MEMBER_BATCH;
    if request.accounts.is_empty() || request.accounts.len() > max {
        return Err(Fault::BatchSizeInvalid { max }.into());
    }
    let parse = |account: &String| UserId::parse(account).map_err(|_| Fault::FieldInvalid { field: "accounts" });
    let accounts: Vec<UserId> = request.accounts.iter().map(parse).collect::<Result<_, Fault>>()?;
    let (own, is_in) = (request.id, !request.remove);
    let moved = call.write(move |tx| permission::move_members(tx, &app, &id, &by, &own, &accounts, is_in)).await?;
    let item = |(id, moved)| group_outcomes::Item { id, code: 0, result: moved as u32 };
    Ok(GroupOutcomes { items: request.accounts.into_iter().zip(moved).map(item).collect() })
}

/// Reads what a permission group allows in topics.
pub(crate) async fn topics(call: &Call, request: PermissionTopicsRequest) -> Result<PermissionTopics> {
    let (id, by, app) = (group(&request.group)?, by(call, None), call.app.clone());
    let asked: Vec<String> = request.topics.into_iter().map(|mask| mask.topic).collect();
    if asked.len() > limit::TOPIC_BATCH {
        return Err(Fault::FieldInvalid { field: "topics" }.into());
    }
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        permission::topics(snapshot, &app, &id, &by, &request.id, (!asked.is_empty()).then_some(&asked[..]))
    };
    let found = call.hub.store.read(call.app.id, read).await?;
    let shown = |(topic, mask): (String, Result<i64, Fault>)| TopicMask {
        topic,
        permission: mask.clone().unwrap_or_default(),
        code: code(&mask.map(drop)),
    };
    Ok(PermissionTopics { topics: found.into_iter().map(shown).collect() })
}

/// Says what a permission group allows in topics.
pub(crate) async fn set_topics(call: &Call, request: PermissionTopicsRequest) -> Result<GroupOutcomes> {
    let (id, by, app) = (group(&request.group)?, by(call, None), call.app.clone());
    if request.topics.is_empty() || request.topics.len() > limit::TOPIC_PERMISSION_BATCH {
        return Err(Fault::FieldInvalid { field: "topics" }.into());
    }
    let is_removed = request.remove;
    let names: Vec<String> = request.topics.iter().map(|mask| mask.topic.clone()).collect();
    let masks: Vec<(String, Option<i64>)> =
        request.topics.into_iter().map(|mask| (mask.topic, (!is_removed).then_some(mask.permission))).collect();
    let write = move |tx: &mut store::Tx<'_>| {
        permission::set_topics(tx, &app, &id, &by, &request.id, &masks, permission::Said::Either)
    };
    let done = call.write(write).await?;
    Ok(outcomes(names, &done))
}
