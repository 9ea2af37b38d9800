//! Messages of groups as devices use them: frames into the words of `chat::group`, and back.

use chat::group::message::{self as messages, History};
use chat::group::send::Wishes;
use chat::group::{By, Scope, read};
use chat::message::change::Edit;
use contract::codes::Family;
use contract::frame::wire::{
    self, GroupForgetRequest, GroupHistoryRequest, GroupModifyRequest, GroupPage, GroupPairs, GroupPairsRequest,
    GroupPlaces, GroupReaders, GroupReadersRequest, GroupSendAnswer, GroupSendRequest, GroupTallies, group_pairs,
    group_tallies,
};
use contract::group::{self, GroupId, Priority};
use contract::message::{Extension, ExtensionChange, Flags, check_body};
use contract::{Error, Fault, Result, Seq, UserId};
use serde_json::Value;
use store::Tx;
use store::groups::messages::Extra;

use super::ask::{PAGE, look, write};
use super::post::Post;
use super::tell::shown;
use crate::announce::extension;
use crate::refusal;
use crate::request::Call;

/// Sends a message into a group.
pub(crate) async fn send(call: &Call, request: GroupSendRequest) -> Result<GroupSendAnswer> {
    let id = GroupId::parse(&request.group)?;
    let invalid = |field| Fault::FieldInvalid { field };
    let elements: Value = serde_json::from_str(&request.body).map_err(|_| invalid("body"))?;
    check_body(&elements).map_err(|_| invalid("body"))?;
    let push = match request.push.as_str() {
        "" => None,
        text => match serde_json::from_str(text) {
            Ok(Value::Object(info)) => {
                push::chat::check_push_info(&info).map_err(|_| invalid("push"))?;
                Some(Value::Object(info))
            }
            _ => return Err(invalid("push").into()),
        },
    };
    let priority = match request.priority.as_str() {
        "" => Priority::Normal,
        name => Priority::parse(name).ok_or(invalid("priority"))?,
    };
    if request.cloud.contains('\0') {
        return Err(invalid("cloud").into());
    }
    let is_both = !request.targets.is_empty() && (request.mentions_all || !request.mentions.is_empty());
    if is_both || request.targets.len() > group::TARGETS {
        return Err(invalid("targets").into());
    }
    if request.mentions.iter().chain(&request.targets).any(|name| UserId::parse(name).is_err()) {
        return Err(invalid("mentions").into());
    }
    let wishes = Wishes {
        mentions_all: request.mentions_all,
        mentions: request.mentions.len() + usize::from(request.mentions_all),
        targets: request.targets.len(),
        is_online_only: request.online_only,
        wants_receipt: request.receipt_wanted,
        is_extensible: request.extensible,
        is_uncounted: request.no_unread,
    };
    let account = call.session.account.clone();
    let post = Post {
        group: id,
        is_admin: call.app.is_admin(&account),
        operator: account.clone(),
        sender: account,
        random: request.random,
        elements,
        cloud: request.cloud,
        priority,
        flags: priority
            .flags()
            .with_if(!request.no_last, Flags::MOVES_LIST)
            .with_if(request.receipt_wanted, Flags::RECEIPT_WANTED)
            .with_if(request.extensible, Flags::EXTENSIBLE)
            .with_if(!request.targets.is_empty(), Flags::TARGETED),
        extra: Extra { at: request.mentions, all: request.mentions_all, to: request.targets },
        wishes,
        push,
        origin: Some(call.session.device.clone()),
        told: Some(call.session.origin()),
        asks_before: true,
        is_stream: false,
    };
    let is_guest = |room| call.session.live.lock().contains(&room);
    let sent = call.hub.post_from(&call.app, call.now, post, is_guest).await?;
    Ok(GroupSendAnswer { seq: sent.seq.0 as u64, at: sent.at.0 })
}

fn places(request: &GroupPlaces) -> Vec<Seq> {
    request.seqs.iter().map(|seq| Seq(i64::try_from(*seq).unwrap_or(i64::MAX))).collect()
}

/// Recalls messages.
pub(crate) async fn recall(call: &Call, request: GroupPlaces) -> Result<()> {
    let (id, seqs) = (GroupId::parse(&request.group)?, places(&request));
    if !(1..=group::RECALL_BATCH).contains(&seqs.len()) || request.reason.len() > group::RECALL_REASON_BYTES {
        return Err(Fault::FieldInvalid { field: "seqs" }.into());
    }
    let window = call.app.settings.recall_window_s;
    let rule = move |tx: &mut Tx<'_>, scope: &Scope<'_>, by: &By| {
        let (_, outcomes) = messages::recall(tx, scope, by, &id, &seqs, window, &request.reason)?;
        // A device asks about what it shows: the first that is refused refuses all.
        outcomes.into_iter().collect::<Result<Vec<()>, Fault>>().map(drop).map_err(Error::from)
    };
    write(call, rule).await
}

/// Changes a message.
pub(crate) async fn modify(call: &Call, request: GroupModifyRequest) -> Result<()> {
    let id = GroupId::parse(&request.group)?;
    let seq = Seq(i64::try_from(request.seq).unwrap_or(i64::MAX));
    let mut body = None;
    if !request.body.is_empty() {
        let mut elements: Value =
            serde_json::from_str(&request.body).map_err(|_| Fault::FieldInvalid { field: "body" })?;
        check_body(&elements).map_err(|_| Fault::FieldInvalid { field: "body" })?;
        call.hub.front.check_body(call.app.id, &mut elements)?;
        body = Some(elements.to_string());
    }
    if body.is_none() && request.cloud.is_none() {
        return Err(Fault::FieldInvalid { field: "body" }.into());
    }
    let max = call.app.settings.message_bytes;
    if body.as_ref().map_or(0, String::len) + request.cloud.as_ref().map_or(0, String::len) > max {
        return Err(Fault::MessageTooLong { max }.into());
    }
    let edit = Edit { body, cloud: request.cloud };
    write(call, move |tx, scope, by| messages::modify(tx, scope, by, &id, seq, &edit).map(drop)).await
}

/// Takes messages out of the account's own view.
pub(crate) async fn delete(call: &Call, request: GroupPlaces) -> Result<()> {
    let (id, seqs) = (GroupId::parse(&request.group)?, places(&request));
    write(call, move |tx, _, by| messages::delete(tx, by, &id, &seqs)).await
}

fn count_of(request: &GroupHistoryRequest) -> usize {
    match request.count as usize {
        0 => PAGE,
        count => count.min(PAGE),
    }
}

/// History, newest first.
pub(crate) async fn history(call: &Call, request: GroupHistoryRequest) -> Result<GroupPage> {
    let (id, count) = (GroupId::parse(&request.group)?, count_of(&request));
    let from = i64::try_from(request.seq).ok().filter(|seq| *seq > 0).map(Seq);
    look(call, move |snapshot, _, by| {
        let (page, _, next) = messages::seen(snapshot, by.account(), &id, from, count)?;
        Ok(page_of(&page, next.0.max(0) as u64))
    })
    .await
}

/// What came behind a place, oldest first.
pub(crate) async fn since(call: &Call, request: GroupHistoryRequest) -> Result<GroupPage> {
    let (id, count) = (GroupId::parse(&request.group)?, count_of(&request));
    let behind = Seq(i64::try_from(request.seq).unwrap_or(i64::MAX));
    look(call, move |snapshot, _, by| {
        let (page, up_to) = messages::since(snapshot, by.account(), &id, behind, count)?;
        Ok(page_of(&page, up_to.0 as u64))
    })
    .await
}

fn page_of(page: &History, next: u64) -> GroupPage {
    GroupPage { messages: page.messages.iter().map(shown).collect(), finished: page.is_complete, next }
}

/// Moves the account's read mark.
pub(crate) async fn mark(call: &Call, request: GroupHistoryRequest) -> Result<()> {
    let id = GroupId::parse(&request.group)?;
    let up_to = i64::try_from(request.seq).ok().filter(|seq| *seq > 0).map(Seq);
    write(call, move |tx, _, by| read::mark(tx, by, &id, up_to)).await
}

fn receipted(request: &GroupPlaces) -> Result<(GroupId, Vec<Seq>), Fault> {
    let seqs = places(request);
    if !(1..=group::RECEIPT_BATCH).contains(&seqs.len()) {
        return Err(Fault::FieldInvalid { field: "seqs" });
    }
    Ok((GroupId::parse(&request.group)?, seqs))
}

/// Gives receipts.
pub(crate) async fn give(call: &Call, request: GroupPlaces) -> Result<()> {
    let (id, seqs) = receipted(&request)?;
    write(call, move |tx, scope, by| read::give(tx, scope, by, &id, &seqs).map(drop)).await
}

/// How many have read messages.
pub(crate) async fn tallies(call: &Call, request: GroupPlaces) -> Result<GroupTallies> {
    let (id, seqs) = receipted(&request)?;
    let found = look(call, move |snapshot, scope, by| read::tallies(snapshot, scope, by, &id, &seqs)).await?;
    let tally = |(seq, tally): (Seq, Result<read::Tally, Fault>)| match tally {
        Ok(tally) => {
            group_tallies::Tally { seq: seq.0 as u64, code: 0, read: tally.read as u32, unread: tally.unread as u32 }
        }
        Err(fault) => {
            let code = refusal::spell(Family::Group, &fault.into()).0;
            group_tallies::Tally { seq: seq.0 as u64, code, read: 0, unread: 0 }
        }
    };
    Ok(GroupTallies { tallies: found.into_iter().map(tally).collect() })
}

/// Who has read a message, and who has not.
pub(crate) async fn readers(call: &Call, request: GroupReadersRequest) -> Result<GroupReaders> {
    let id = GroupId::parse(&request.group)?;
    let seq = Seq(i64::try_from(request.seq).unwrap_or(i64::MAX));
    let count = if request.count == 0 { group::RECEIPT_PAGE } else { request.count as usize };
    let (names, has_more) = look(call, move |snapshot, scope, by| {
        read::names(snapshot, scope, by, &id, seq, request.has_read, (&request.after, count))
    })
    .await?;
    Ok(GroupReaders { accounts: names.iter().map(ToString::to_string).collect(), finished: !has_more })
}

/// Changes pairs of a message.
pub(crate) async fn set_pairs(call: &Call, request: GroupPairsRequest) -> Result<GroupPairs> {
    let id = GroupId::parse(&request.group)?;
    let seq = Seq(i64::try_from(request.seq).unwrap_or(i64::MAX));
    let change = ExtensionChange::from_number(request.change.into()).ok_or(Fault::FieldInvalid { field: "change" })?;
    let pair = |pair: &wire::Extension| Extension {
        key: pair.key.clone(),
        value: pair.value.clone(),
        seq: i64::try_from(pair.seq).unwrap_or(i64::MAX),
    };
    let pairs: Vec<Extension> = request.extensions.iter().map(pair).collect();
    let changed = write(call, move |tx, scope, by| messages::extend(tx, scope, by, &id, seq, change, &pairs)).await?;
    let late = refusal::spell(Family::Group, &Fault::ExtensionConflict.into()).0;
    let item = |(pair, is_late): &(Extension, bool)| group_pairs::Item {
        code: if *is_late { late } else { 0 },
        extension: Some(extension(pair)),
    };
    Ok(GroupPairs {
        items: changed.pairs.iter().map(item).collect(),
        latest: changed.latest as u64,
        cleared: 0,
        finished: true,
    })
}

/// Reads pairs of a message.
pub(crate) async fn pairs(call: &Call, request: GroupPairsRequest) -> Result<GroupPairs> {
    let id = GroupId::parse(&request.group)?;
    let seq = Seq(i64::try_from(request.seq).unwrap_or(i64::MAX));
    let start = i64::try_from(request.start).unwrap_or(i64::MAX);
    let found = look(call, move |snapshot, scope, by| messages::pairs(snapshot, scope, by, &id, seq, start)).await?;
    let item = |pair: &Extension| group_pairs::Item { code: 0, extension: Some(extension(pair)) };
    Ok(GroupPairs {
        items: found.pairs.iter().map(item).collect(),
        latest: found.latest as u64,
        cleared: found.cleared as u64,
        finished: found.is_complete,
    })
}

/// Takes a group out of the account's list.
pub(crate) async fn forget(call: &Call, request: GroupForgetRequest) -> Result<()> {
    let id = GroupId::parse(&request.group)?;
    write(call, move |tx, _, by| messages::forget(tx, by.account(), &id, request.clear)).await
}
