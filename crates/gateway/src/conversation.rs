//! Commands on the list of conversations: frames into the words of `chat::conversation`, and back.

use std::sync::Arc;

use chat::conversation::contact::{self, Change, Changed, Grouped, Outcome, Owner};
use chat::conversation::list::{self, Asked, Shown};
use contract::codes::Family;
use contract::frame::wire::{
    ContactState, Conversation, ConversationAnswer, ConversationClearRequest, ConversationDeleteRequest,
    ConversationGroup, ConversationGroupRequest, ConversationListRequest, ConversationMarkRequest, ConversationPage,
    ConversationPinRequest, ConversationSync, ConversationSyncRequest, Place, conversation_answer,
};
use contract::{Fault, Result, UserId, limit};
use store::Tx;
use store::accounts::Account;
use store::conversations::Head;
use store::conversations::contacts::{self, Contact, Group, State};

use crate::announce::shown;
use crate::message::{ENVELOPE_BYTES, PAGE_BYTES, size};
use crate::order::Look;
use crate::refusal;
use crate::request::Call;

/// Lists conversations, newest first; the first page begins with the pinned ones.
pub(crate) async fn list(call: &Call, request: ConversationListRequest) -> Result<ConversationPage> {
    let account = match request.owner.as_str() {
        "" => call.session.account.clone(),
        owner if owner == call.session.account.as_str() => call.session.account.clone(),
        _ if !call.app.is_admin(&call.session.account) => return Err(Fault::ListForeign.into()),
        owner => UserId::parse(owner).map_err(|_| Fault::FieldInvalid { field: "owner" })?,
    };
    let behind =
        if request.goes_on { list::cursor_of(request.time, request.index.max(1)) } else { list::cursor_of(0, 0) };
    let count = match request.count as usize {
        0 => limit::CONVERSATION_PAGE,
        count => count.min(limit::CONVERSATION_PAGE),
    };
    let max = call.app.plan().allowance().conversations_max;
    let asked = Asked { behind, without_pinned: true, with_empty: true, with_groups: false, count, max };
    let is_first = !request.goes_on;
    let owner = account.clone();
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        let beginning = list::begin(snapshot, &owner, &asked)?;
        if !beginning.account.as_ref().is_some_and(Account::is_alive) {
            return Err(Fault::AccountUnknown.into());
        }
        let mut entries = if is_first { list::pinned(snapshot, &owner, &beginning, true)? } else { Vec::new() };
        let Some(page) = list::page(snapshot, &owner, &asked, beginning)? else { return Ok(None) };
        entries.extend(page.entries);
        let items = list::show(snapshot, &owner, entries)?;
        let answer = (items, page.next, page.is_complete, contacts::groups(snapshot, &owner)?);
        Ok(Some(Look { answer, is_loose: page.is_loose }))
    };
    let (items, next, finished, groups) = call.hub.order.read(&call.hub.store, call.app.id, &account, read).await?;
    let mut bytes = 0;
    Ok(ConversationPage {
        items: items.iter().map(|item| conversation(item, &groups, &mut bytes)).collect(),
        next_time: next.time,
        next_index: list::index_of(&next),
        finished,
        groups: groups.iter().map(group).collect(),
    })
}

/// A conversation as a device is shown it. Last messages that no longer fit are left out: they are found by their
/// places.
fn conversation(item: &Shown, groups: &[Group], bytes: &mut usize) -> Conversation {
    let head = item.listed.as_ref().map(|listed| &listed.head);
    let last = item.listed.as_ref().and_then(|listed| listed.last.as_ref());
    *bytes += last.map_or(ENVELOPE_BYTES, size);
    let place = |place: contract::Place| Place { seq: place.seq.0 as u64, time: place.time };
    Conversation {
        peer: item.entry.peer.name().to_owned(),
        place: head.map(|head| place(head.place)),
        unread: item.listed.as_ref().map_or(0, |listed| listed.unread as u32),
        read: head.map(|head| place(head.read)),
        peer_read_time: head.map_or(0, |head| head.peer_read.time),
        last: last.filter(|_| *bytes <= PAGE_BYTES).map(shown),
        time: item.entry.time,
        state: Some(state(&item.state, head, groups)),
    }
}

fn state(state: &State, head: Option<&Head>, groups: &[Group]) -> ContactState {
    let is_in = |group: &&Group| state.slots & 1 << group.slot != 0;
    ContactState {
        peer: state.contact.name().to_owned(),
        pinned_at: state.pinned_at.0,
        marks: state.marks,
        custom: state.custom.clone(),
        groups: groups.iter().filter(is_in).map(|group| group.id).collect(),
        hidden: head.map_or(0, |head| head.hidden.seq.0 as u64),
        cleared: head.map_or(0, |head| head.cleared.seq.0 as u64),
        read: head.map_or(0, |head| head.read.seq.0 as u64),
    }
}

fn group(group: &Group) -> ConversationGroup {
    ConversationGroup { id: group.id, name: group.name.clone() }
}

/// Reads what changed since a version.
pub(crate) async fn sync(call: &Call, request: ConversationSyncRequest) -> Result<ConversationSync> {
    let (account, after) = (call.session.account.clone(), request.after);
    let count = if request.count == 0 { limit::CONVERSATION_PAGE } else { request.count as usize };
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        // Before the changes, so that none of them lies behind what is told to be known.
        let version = store::accounts::version(snapshot, &account)?;
        let (changes, is_complete) = contact::changes(snapshot, &account, after, count)?;
        Ok((version, changes, is_complete, contacts::groups(snapshot, &account)?))
    };
    let (version, changes, finished, groups) = call.hub.store.read(call.app.id, read).await?;
    let last = changes.last().map_or(after, |changed| changed.state.version);
    let of = |changed: &Changed| state(&changed.state, changed.head.as_ref(), &groups);
    Ok(ConversationSync {
        contacts: changes.iter().map(of).collect(),
        next: if finished { version.max(last) } else { last },
        finished,
        groups: if finished { groups.iter().map(group).collect() } else { Vec::new() },
    })
}

/// What a command does in its transaction.
type Work<T> = fn(&mut Tx<'_>, &Owner<'_>, &Asking) -> Result<T>;

/// What several commands ask for, parsed.
#[derive(Default)]
struct Asking {
    contacts: Vec<Contact>,
    others: Vec<Contact>,
    change: Change,
    name: String,
    new_name: String,
    is_on: bool,
}

async fn write<T: Send + 'static>(call: &Call, asking: Asking, work: Work<T>) -> Result<T> {
    let (app, now) = (Arc::clone(&call.app), call.now);
    let session = Arc::clone(&call.session);
    let write = move |tx: &mut Tx<'_>| {
        let owner = Owner { app: &app, now, account: &session.account, origin: Some(&session.device) };
        work(tx, &owner, &asking)
    };
    call.hub.store.write(call.app.id, write).await
}

/// Pins a conversation, or takes the pin away.
pub(crate) async fn pin(call: &Call, request: ConversationPinRequest) -> Result<ConversationAnswer> {
    let asking = Asking { contacts: vec![peer(&request.peer)?], is_on: request.pin, ..Asking::default() };
    let version = write(call, asking, |tx, owner, it| contact::pin(tx, owner, &it.contacts[0], it.is_on)).await?;
    Ok(ConversationAnswer { version, ..ConversationAnswer::default() })
}

/// Marks conversations.
pub(crate) async fn mark(call: &Call, request: ConversationMarkRequest) -> Result<ConversationAnswer> {
    let custom = request.has_custom.then_some(request.custom);
    check_custom(custom.as_deref())?;
    let change = Change { clear: request.clear, set: request.set, custom };
    let asking = Asking { contacts: peers(&request.peers)?, change, ..Asking::default() };
    let outcome = write(call, asking, |tx, owner, it| {
        let items: Vec<_> = it.contacts.iter().map(|contact| (contact.clone(), it.change.clone())).collect();
        contact::mark(tx, owner, &items)
    });
    Ok(answer(&request.peers, outcome.await?))
}

fn check_custom(custom: Option<&str>) -> Result<(), Fault> {
    let max = limit::CUSTOM_MARK_BYTES;
    match custom {
        Some(text) if text.len() > max => Err(Fault::FieldTooLong { field: "custom", max }),
        // One of the stores keeps no NUL in a text.
        Some(text) if text.contains('\0') => Err(Fault::FieldInvalid { field: "custom" }),
        _ => Ok(()),
    }
}

/// Takes conversations out of the list.
pub(crate) async fn delete(call: &Call, request: ConversationDeleteRequest) -> Result<ConversationAnswer> {
    let asking = Asking { contacts: peers(&request.peers)?, is_on: request.clear, ..Asking::default() };
    let outcome = write(call, asking, |tx, owner, it| contact::delete(tx, owner, &it.contacts, it.is_on));
    Ok(answer(&request.peers, outcome.await?))
}

/// Takes the history of a conversation away.
pub(crate) async fn clear(call: &Call, request: ConversationClearRequest) -> Result<ConversationAnswer> {
    let asking = Asking { contacts: vec![peer(&request.peer)?], ..Asking::default() };
    let version = write(call, asking, |tx, owner, it| contact::clear(tx, owner, &it.contacts[0])).await?;
    Ok(ConversationAnswer { version, ..ConversationAnswer::default() })
}

/// Makes a conversation group.
pub(crate) async fn create_group(call: &Call, request: ConversationGroupRequest) -> Result<ConversationAnswer> {
    let asking = Asking { contacts: peers(&request.add)?, name: request.name, ..Asking::default() };
    let made = write(call, asking, |tx, owner, it| contact::create_group(tx, owner, &it.name, &it.contacts));
    Ok(grouped(&request.add, made.await?))
}

/// Renames a conversation group, or changes what is in it.
pub(crate) async fn update_group(call: &Call, request: ConversationGroupRequest) -> Result<ConversationAnswer> {
    let asking = Asking {
        contacts: peers(&request.add)?,
        others: peers(&request.remove)?,
        name: request.name,
        new_name: request.new_name,
        ..Asking::default()
    };
    let changed = write(call, asking, |tx, owner, it| {
        let has_members = !(it.contacts.is_empty() && it.others.is_empty());
        if it.new_name.is_empty() || it.new_name == it.name {
            return contact::update_group(tx, owner, &it.name, &it.contacts, &it.others);
        }
        let renamed = contact::rename_group(tx, owner, &it.name, &it.new_name)?;
        if !has_members {
            return Ok(renamed);
        }
        contact::update_group(tx, owner, &it.new_name, &it.contacts, &it.others)
    });
    let all: Vec<String> = request.add.into_iter().chain(request.remove).collect();
    Ok(grouped(&all, changed.await?))
}

/// Deletes a conversation group.
pub(crate) async fn delete_group(call: &Call, request: ConversationGroupRequest) -> Result<ConversationAnswer> {
    let asking = Asking { name: request.name, ..Asking::default() };
    let deleted = write(call, asking, |tx, owner, it| contact::delete_group(tx, owner, &it.name));
    Ok(grouped(&[], deleted.await?))
}

fn answer(asked: &[String], outcome: Outcome) -> ConversationAnswer {
    let failed = asked.iter().zip(outcome.refused).filter_map(|(peer, fault)| {
        let (code, text) = refusal::spell(Family::Conversation, &fault?.into());
        Some(conversation_answer::Failed { peer: peer.clone(), code, text: text.to_owned() })
    });
    ConversationAnswer { version: outcome.version, failed: failed.collect(), group: 0 }
}

fn grouped(asked: &[String], grouped: Grouped) -> ConversationAnswer {
    let Grouped { group, version, refused } = grouped;
    ConversationAnswer { group: group.id, ..answer(asked, Outcome { version, refused }) }
}

fn peer(text: &str) -> Result<Contact, Fault> {
    UserId::parse(text).map(Contact::User).map_err(|_| Fault::FieldInvalid { field: "peer" })
}

/// A frame holds thousands of names, so they are counted before anything is done with them.
fn peers(texts: &[String]) -> Result<Vec<Contact>, Fault> {
    let max = limit::MARK_BATCH;
    if texts.len() > max {
        return Err(Fault::MarkBatchInvalid { max });
    }
    texts.iter().map(|text| peer(text)).collect()
}
