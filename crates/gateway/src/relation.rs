//! Commands on relations: frames into the words of `chat::relation`, and back.
//!
//! A device acts for its own account. An administrator's device may name another owner; anybody else is refused.

use std::collections::HashMap;

use chat::relation::{self, Ask, Changes, Friends, Mutual as Found, Outcomes, Way};
use contract::codes::Family;
use contract::event::RelationVersions;
use contract::frame::wire::{
    BlockPage, CustomValue, Friend, FriendAddRequest, FriendAnswer, FriendGroupChange, FriendGroupNames,
    FriendGroupRename, FriendGroups, FriendPage, FriendRequest, FriendUpdateRequest, Mutual, RelationAnswer,
    RelationCheckAnswer, RelationItems, RelationPage, RequestAccept, RequestPage, RequestRef, RequestsRequest,
    block_page, custom_value, friend_answer, friend_groups, relation_answer, relation_check_answer,
};
use contract::frame::{self, wire};
use contract::webhook::{FriendQuestion, FriendStep};
use contract::{Fault, Result, UserId, limit};
use serde_json::{Map, Value};
use store::relations::friends::Friend as Row;
use store::relations::labels::Label;
use store::relations::requests::Request;
use store::{Snapshot, Tx};

use crate::refusal;
use crate::request::Call;

/// Friends that a device removes with one request.
const REMOVALS: usize = 100;
/// Friends that a device asks for by name: with every field of the app's own they fit into a frame.
const CHOSEN: usize = 20;
/// Requests of one answer, for the same reason.
const REQUESTS: usize = 500;

/// Whose relations a request is about.
fn owner(call: &Call, named: &str) -> Result<UserId> {
    let own = &call.session.account;
    if named.is_empty() || named == own.as_str() {
        return Ok(own.clone());
    }
    if !call.app.is_admin(own) {
        return Err(Fault::AdminRequired.into());
    }
    let owner = UserId::parse(named).map_err(|_| Fault::FieldInvalid { field: "owner" })?;
    relation::check_account(&owner)?;
    Ok(owner)
}

fn account(name: &str) -> Result<UserId, Fault> {
    UserId::parse(name).map_err(|_| Fault::FieldInvalid { field: "account" })
}

fn accounts(names: &[String], max: usize) -> Result<Vec<Result<UserId, Fault>>, Fault> {
    if (1..=max).contains(&names.len()) {
        Ok(names.iter().map(|name| account(name)).collect())
    } else {
        Err(Fault::BatchSizeInvalid { max })
    }
}

/// Whoever acts in another account's name is an administrator.
fn admin(call: &Call, owner: &UserId) -> Option<UserId> {
    Some(&call.session.account).filter(|own| *own != owner).cloned()
}

/// Asks the app's webhook, if it wants to be asked, about what is not refused at first sight.
async fn consult(call: &Call, owner: &UserId, peer: &UserId, remark: &str, step: FriendStep) -> Result<()> {
    let question = FriendQuestion {
        requester: call.session.account.clone(),
        account: owner.clone(),
        peer: peer.clone(),
        remark: remark.to_owned(),
        step,
    };
    if !call.app.settings.webhook.has(question.webhook()) {
        return Ok(());
    }
    let look = question.clone();
    read(call, move |snapshot| match look.step {
        FriendStep::Add { .. } => relation::check_alive(snapshot, &[&look.account, &look.peer]),
        FriendStep::Agree { .. } | FriendStep::Reject => {
            relation::check_answer(snapshot, &look.account, &look.peer, &look.remark)
        }
    })
    .await?;
    call.hub.front.before_friends(call.app.clone(), call.session.origin(), question).await
}

/// Runs a change of relations.
async fn write<T: Send + 'static>(call: &Call, job: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
    call.write(job).await
}

/// Reads relations.
async fn read<T: Send + 'static>(
    call: &Call,
    job: impl Fn(&mut Snapshot<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    call.hub.store.read(call.app.id, job).await
}

fn spell(fault: Fault) -> (i32, String) {
    let (code, text) = refusal::spell(Family::Relation, &fault.into());
    (code, text.to_owned())
}

fn answer(names: Vec<String>, outcomes: Outcomes) -> RelationAnswer {
    let item = |(account, outcome): (String, Result<(), Fault>)| match outcome {
        Ok(()) => relation_answer::Item { account, ..Default::default() },
        Err(fault) => {
            let (code, text) = spell(fault);
            relation_answer::Item { account, code, text }
        }
    };
    RelationAnswer { items: names.into_iter().zip(outcomes).map(item).collect() }
}

/// Asks an account to become a friend.
pub(crate) async fn add(call: &Call, request: FriendAddRequest) -> Result<()> {
    let from = owner(call, &request.owner)?;
    let ask = Ask {
        account: account(&request.account)?,
        remark: request.remark,
        group: request.group,
        source: request.source,
        wording: request.wording,
    };
    let (now, app, is_both) = (call.now, call.app.clone(), !request.single);
    ask.check(&from)?;
    let (group, source, wording) = (ask.group.clone(), ask.source.clone(), ask.wording.clone());
    let step = FriendStep::Add { group, source, wording, is_both };
    consult(call, &from, &ask.account, &ask.remark, step).await?;
    let (asks, admin) = ([Ok(ask)], admin(call, &from));
    let outcomes = write(call, move |tx| {
        let way = Way { is_both, is_forced: false, admin: admin.as_ref() };
        relation::add(tx, now, &app, &from, &asks, way)
    });
    let outcomes = outcomes.await?;
    outcomes.into_iter().try_for_each(|outcome| Ok(outcome?))
}

/// Removes friends.
pub(crate) async fn delete(call: &Call, request: RelationItems) -> Result<RelationAnswer> {
    let from = owner(call, &request.owner)?;
    let accounts = accounts(&request.accounts, REMOVALS)?;
    let (now, app, is_both) = (call.now, call.app.clone(), request.both);
    let outcomes = write(call, move |tx| relation::delete(tx, now, &app, &from, &accounts, is_both)).await?;
    Ok(answer(request.accounts, outcomes))
}

/// Notes things of a friend.
pub(crate) async fn update(call: &Call, request: FriendUpdateRequest) -> Result<()> {
    let from = owner(call, &request.owner)?;
    let field = |(tag, value): (String, CustomValue)| match value.value {
        Some(custom_value::Value::Text(text)) => Ok((tag, Value::from(text))),
        Some(custom_value::Value::Number(number)) => Ok((tag, Value::from(number))),
        None => Err(Fault::FieldInvalid { field: "custom" }),
    };
    let change = Changes {
        account: account(&request.account)?,
        remark: request.remark,
        groups: request.groups.map(|groups| groups.names),
        custom: request.custom.into_iter().map(field).collect::<Result<Map<_, _>, _>>()?,
    };
    let (now, app, changes) = (call.now, call.app.clone(), [Ok(change)]);
    let outcomes = write(call, move |tx| relation::update(tx, now, &app, &from, &changes)).await?;
    outcomes.into_iter().try_for_each(|outcome| Ok(outcome?))
}

fn friend(row: &Row, labels: &[Label]) -> Result<Friend> {
    let value = |value: Value| match value {
        Value::String(text) => Some(custom_value::Value::Text(text)),
        Value::Number(number) => number.as_i64().map(custom_value::Value::Number),
        _ => None,
    };
    let custom = relation::fields_of(&row.custom)?.into_iter();
    let custom: HashMap<String, CustomValue> =
        custom.map(|(tag, kept)| (tag, CustomValue { value: value(kept) })).collect();
    Ok(Friend {
        account: row.friend.to_string(),
        remark: row.remark.clone(),
        groups: relation::names_of(row, labels),
        source: row.source.clone(),
        wording: row.wording.clone(),
        added_at: row.added_at,
        custom,
    })
}

/// Bytes of friends in one answer: what is left of a frame is the envelope's.
const PAGE_BYTES: usize = limit::FRAME_BYTES - 16 * 1024;

/// What changed in the list of friends.
pub(crate) async fn friends(call: &Call, request: RelationPage) -> Result<FriendPage> {
    let from = owner(call, &request.owner)?;
    let (after, count) = (request.after, count_of(request.count));
    let since = read(call, move |snapshot| relation::friends_since(snapshot, &from, after, count)).await?;
    let Friends { friends: rows, labels, root, next } = since.page;
    let mut page = FriendPage { reset: since.is_reset, total: root.friends, ..FriendPage::default() };
    let (mut bytes, mut last) = (0, 0);
    for row in &rows {
        let shown = friend(row, &labels)?;
        bytes += frame::size(&shown);
        // The app's own fields may make a page larger than a frame; the rest then comes on the next one.
        if bytes > PAGE_BYTES && last > 0 {
            page.next = last;
            return Ok(page);
        }
        last = row.version;
        if row.is_ended {
            page.removed.push(shown.account);
        } else {
            page.friends.push(shown);
        }
    }
    page.finished = next.is_none();
    page.next = next.unwrap_or(root.version);
    Ok(page)
}

/// Chosen friends.
pub(crate) async fn get(call: &Call, request: RelationItems) -> Result<FriendAnswer> {
    let from = owner(call, &request.owner)?;
    let accounts = accounts(&request.accounts, CHOSEN)?;
    let (found, labels) = read(call, move |snapshot| relation::some(snapshot, &from, &accounts)).await?;
    let item = |(account, found): (String, Result<Row, Fault>)| match found {
        Ok(row) => Ok(friend_answer::Item { account, friend: Some(friend(&row, &labels)?), ..Default::default() }),
        Err(fault) => {
            let (code, text) = spell(fault);
            Ok(friend_answer::Item { account, code, text, friend: None })
        }
    };
    Ok(FriendAnswer { items: request.accounts.into_iter().zip(found).map(item).collect::<Result<_>>()? })
}

/// Tells who has whom.
pub(crate) async fn check(call: &Call, request: RelationItems) -> Result<RelationCheckAnswer> {
    let from = owner(call, &request.owner)?;
    let accounts = accounts(&request.accounts, limit::RELATION_BATCH)?;
    let is_both = request.both;
    let found = read(call, move |snapshot| relation::check(snapshot, &from, &accounts, is_both)).await?;
    let item = |(account, found): (String, Result<Found, Fault>)| match found {
        Ok(found) => {
            let relation = match found {
                Found::Neither => Mutual::Neither,
                Found::Mine => Mutual::Own,
                Found::Theirs => Mutual::Others,
                Found::Both => Mutual::Each,
            };
            relation_check_answer::Item { account, relation: relation.into(), ..Default::default() }
        }
        Err(fault) => {
            let (code, text) = spell(fault);
            relation_check_answer::Item { account, code, text, relation: Mutual::Neither.into() }
        }
    };
    Ok(RelationCheckAnswer { items: request.accounts.into_iter().zip(found).map(item).collect() })
}

/// Agrees to a friend request.
pub(crate) async fn accept(call: &Call, request: RequestAccept) -> Result<()> {
    let (from, asker) = (owner(call, &request.owner)?, account(&request.account)?);
    let (now, remark, is_both) = (call.now, request.remark, !request.single);
    consult(call, &from, &asker, &remark, FriendStep::Agree { is_both }).await?;
    let admin = admin(call, &from);
    write(call, move |tx| relation::accept(tx, now, &from, &asker, &remark, is_both, admin.as_ref())).await
}

/// Refuses a friend request.
pub(crate) async fn refuse(call: &Call, request: RequestRef) -> Result<()> {
    let (from, asker) = (owner(call, &request.owner)?, account(&request.account)?);
    consult(call, &from, &asker, "", FriendStep::Reject).await?;
    write(call, move |tx| relation::refuse_request(tx, &from, &asker)).await
}

/// Takes a friend request away.
pub(crate) async fn delete_request(call: &Call, request: RequestRef) -> Result<()> {
    let (from, peer, is_sent) = (owner(call, &request.owner)?, account(&request.account)?, request.sent);
    write(call, move |tx| relation::remove_request(tx, &from, &peer, is_sent)).await
}

/// Lists friend requests.
pub(crate) async fn requests(call: &Call, request: RequestsRequest) -> Result<RequestPage> {
    let from = owner(call, &request.owner)?;
    let (is_sent, after, count) = (request.sent, request.after, count_of(request.count).min(REQUESTS));
    let job = move |snapshot: &mut Snapshot<'_>| {
        let seen = relation::root(snapshot, &from)?.seen;
        let found =
            if is_sent { relation::sent(snapshot, &from, after, count)? } else { relation::received(snapshot, &from)? };
        Ok((found, seen))
    };
    let (found, seen) = read(call, job).await?;
    let shown = |it: Request| FriendRequest {
        account: if is_sent { it.receiver.to_string() } else { it.asker.to_string() },
        asked_at: it.asked_at,
        source: it.source,
        wording: it.wording,
        unread: !is_sent && it.receiver_version > seen,
    };
    Ok(RequestPage {
        requests: found.requests.into_iter().map(shown).collect(),
        unread: found.unread as u32,
        version: found.version,
        next: found.next.unwrap_or_default(),
        finished: found.next.is_none(),
    })
}

/// Notes that the account has looked at the requests that it received.
pub(crate) async fn read_requests(call: &Call, request: RelationPage) -> Result<()> {
    let from = owner(call, &request.owner)?;
    let up_to = (request.after > 0).then_some(request.after);
    write(call, move |tx| relation::mark_seen(tx, &from, up_to)).await
}

/// Puts accounts on the blocklist.
pub(crate) async fn block(call: &Call, request: RelationItems) -> Result<RelationAnswer> {
    let from = owner(call, &request.owner)?;
    let (now, accounts) = (call.now, accounts(&request.accounts, limit::RELATION_BATCH)?);
    let outcomes = write(call, move |tx| relation::block(tx, now, &from, &accounts)).await?;
    Ok(answer(request.accounts, outcomes))
}

/// Takes accounts off the blocklist.
pub(crate) async fn unblock(call: &Call, request: RelationItems) -> Result<RelationAnswer> {
    let from = owner(call, &request.owner)?;
    let accounts = accounts(&request.accounts, limit::RELATION_BATCH)?;
    let now = call.now;
    let outcomes = write(call, move |tx| relation::unblock(tx, now, &from, &accounts)).await?;
    Ok(answer(request.accounts, outcomes))
}

/// Lists the blocklist.
pub(crate) async fn blocks(call: &Call, request: RelationPage) -> Result<BlockPage> {
    let from = owner(call, &request.owner)?;
    let (after, count) = (request.after, count_of(request.count));
    let page = read(call, move |snapshot| relation::blocklist(snapshot, &from, after, count)).await?;
    let entries = page.entries.into_iter();
    Ok(BlockPage {
        entries: entries
            .map(|it| block_page::Entry { account: it.peer.to_string(), blocked_at: it.blocked_at })
            .collect(),
        version: page.version,
        next: page.next.unwrap_or_default(),
        finished: page.next.is_none(),
    })
}

/// Makes a friend group.
pub(crate) async fn create_group(call: &Call, request: FriendGroupChange) -> Result<RelationAnswer> {
    let from = owner(call, &request.owner)?;
    let members = if request.add.is_empty() { Vec::new() } else { accounts(&request.add, limit::RELATION_BATCH)? };
    let names = [request.name];
    let job = move |tx: &mut Tx<'_>| {
        // Here a group that exists is refused, whoever is to go into it.
        if !relation::groups(tx, &from, &names)?.groups.is_empty() {
            return Err(Fault::FriendGroupExists.into());
        }
        relation::add_groups(tx, &from, &names, &members).map(|(_, outcomes)| outcomes)
    };
    let outcomes = write(call, job).await?;
    Ok(answer(request.add, outcomes))
}

/// Removes friend groups.
pub(crate) async fn delete_groups(call: &Call, request: FriendGroupNames) -> Result<()> {
    let from = owner(call, &request.owner)?;
    let names = request.names;
    write(call, move |tx| relation::delete_groups(tx, &from, &names).map(drop)).await
}

/// Gives a friend group another name.
pub(crate) async fn rename_group(call: &Call, request: FriendGroupRename) -> Result<()> {
    let from = owner(call, &request.owner)?;
    let (old, new) = (request.name, request.new_name);
    write(call, move |tx| relation::rename_group(tx, &from, &old, &new)).await
}

/// Puts friends into a group and takes others out of it.
pub(crate) async fn change_group(call: &Call, request: FriendGroupChange) -> Result<RelationAnswer> {
    let from = owner(call, &request.owner)?;
    let names: Vec<String> = request.add.iter().chain(&request.remove).cloned().collect();
    let mut add = accounts(&names, limit::RELATION_BATCH)?;
    let remove = add.split_off(request.add.len());
    let name = request.name;
    let outcomes = write(call, move |tx| relation::change_group(tx, &from, &name, &add, &remove)).await?;
    Ok(answer(names, outcomes))
}

/// Lists friend groups.
pub(crate) async fn groups(call: &Call, request: FriendGroupNames) -> Result<FriendGroups> {
    let from = owner(call, &request.owner)?;
    let names = request.names;
    let found = read(call, move |snapshot| relation::groups(snapshot, &from, &names)).await?;
    let group = |it: relation::Group| friend_groups::Group { name: it.name, count: it.members.len() as u32 };
    Ok(FriendGroups { groups: found.groups.into_iter().map(group).collect(), version: found.version })
}

/// Tells where each part of the relations stands.
pub(crate) async fn versions(call: &Call, request: RelationPage) -> Result<wire::RelationVersions> {
    let from = owner(call, &request.owner)?;
    let root = read(call, move |snapshot| relation::root(snapshot, &from)).await?;
    Ok(shown(root.versions()))
}

/// Versions as they travel.
pub(crate) fn shown(versions: RelationVersions) -> wire::RelationVersions {
    let RelationVersions { friends, groups, blocks, requests } = versions;
    wire::RelationVersions { friends, groups, blocks, requests }
}

/// No number means a full page of friends. One less than a page of the store, which is asked for one more.
fn count_of(count: u32) -> usize {
    if count == 0 { limit::FRIEND_PAGE } else { (count as usize).min(limit::STORE_PAGE - 1) }
}
