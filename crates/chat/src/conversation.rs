//! Conversations: history, read marks, unread, and what a device missed.
//!
//! `list`: the list, newest first. `contact`: what an account sets for its conversations (pins, marks, groups) and how it
//! puts them away.

pub mod contact;
pub mod list;

use contract::error::refuse;
use contract::event::Event;
use contract::message::Message;
use contract::webhook::Happening;
use contract::{Fault, Millis, MsgKey, Place, Result, Seq, UserId, limit};
use store::conversations::Head;
use store::conversations::contacts::Contact;
use store::messages::View;
use store::{Snapshot, Tx, accounts, conversations, messages};

/// A page of history, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The messages.
    pub messages: Vec<Message>,
    /// Nothing older lies within what was asked for.
    pub is_complete: bool,
}

/// What part of a conversation's history is asked for.
#[derive(Debug, Clone)]
pub struct Span {
    /// Seconds; nothing older.
    pub min_time: i64,
    /// Seconds; nothing newer.
    pub max_time: i64,
    /// Go on behind this message.
    pub before: Option<MsgKey>,
    /// How many messages at most.
    pub count: usize,
    /// How many bytes of bodies at most; one message comes however large it is.
    pub bytes: usize,
}

/// Reads the newest page of a span. Pages walk back in time; each is ordered oldest first.
pub fn history(snapshot: &mut Snapshot<'_>, viewer: &UserId, peer: &UserId, span: &Span) -> Result<Page> {
    let Some(head) = conversations::get(snapshot, viewer, peer)? else {
        return Ok(Page { messages: Vec::new(), is_complete: true });
    };
    let view = View { viewer: viewer.clone(), peer: peer.clone(), cleared: head.cleared.seq };
    // Behind the last second that is asked for lies everything in it.
    let end = MsgKey { time: span.max_time.saturating_add(1), seq: 0, random: 0 };
    let before = span.before.map_or(end, |key| key.min(end));
    let count = span.count.clamp(1, limit::HISTORY_PAGE);
    let mut found = messages::before(snapshot, &view, before, span.min_time, count + 1)?;
    let mut is_complete = found.len() <= count;
    found.truncate(count);
    let mut bytes = 0;
    let fitting = found
        .iter()
        .take_while(|message| {
            let is_first = bytes == 0;
            bytes += message.body.len() + message.cloud.len() + ENVELOPE_BYTES;
            is_first || bytes <= span.bytes
        })
        .count();
    is_complete &= fitting == found.len();
    found.truncate(fitting);
    if !is_complete && let Some(edge) = found.last().map(|message| message.key) {
        // The cursor is a key, so a page must not end among messages that share one.
        found.retain(|message| message.key != edge);
        let mut shared = messages::before(snapshot, &view, following(edge), edge.time, limit::HISTORY_PAGE)?;
        shared.retain(|message| message.key == edge);
        found.extend(shared);
        let next = messages::before(snapshot, &view, edge, span.min_time, 1)?;
        is_complete = next.is_empty();
    }
    found.reverse();
    Ok(Page { messages: found, is_complete })
}

/// The first key behind a key in the order of the contract.
fn following(key: MsgKey) -> MsgKey {
    match (key.random.checked_add(1), key.seq.checked_add(1)) {
        (Some(random), _) => MsgKey { random, ..key },
        (None, Some(seq)) => MsgKey { seq, random: 0, ..key },
        (None, None) => MsgKey { time: key.time.saturating_add(1), seq: 0, random: 0 },
    }
}

/// What a message costs in an answer besides its body.
const ENVELOPE_BYTES: usize = 200;

/// Reads what the viewer's device missed in one conversation: what arrived after the place that it knows.
pub fn since(
    snapshot: &mut Snapshot<'_>,
    now: Millis,
    viewer: &UserId,
    peer: &UserId,
    after: Place,
    count: usize,
) -> Result<Page> {
    let Some(head) = conversations::get(snapshot, viewer, peer)? else {
        return Ok(Page { messages: Vec::new(), is_complete: true });
    };
    let view = View { viewer: viewer.clone(), peer: peer.clone(), cleared: head.cleared.seq };
    let count = count.clamp(1, limit::HISTORY_PAGE);
    let mut found = messages::since(snapshot, &view, after, now, count + 1)?;
    let is_complete = found.len() <= count;
    found.truncate(count);
    Ok(Page { messages: found, is_complete })
}

/// Messages that changed, in the order of their changes.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Each with the moment of its change; it and the message's place are the cursor.
    pub messages: Vec<(Millis, Message)>,
    /// There are no more.
    pub is_complete: bool,
}

/// Reads the viewer's messages that were changed after a moment, or in that moment behind a place, in one conversation.
pub fn changed(
    snapshot: &mut Snapshot<'_>,
    viewer: &UserId,
    peer: &UserId,
    after: Millis,
    behind: Option<Seq>,
) -> Result<Changes> {
    let Some(head) = conversations::get(snapshot, viewer, peer)? else {
        return Ok(Changes { is_complete: true, ..Changes::default() });
    };
    let view = View { viewer: viewer.clone(), peer: peer.clone(), cleared: head.cleared.seq };
    let count = limit::HISTORY_PAGE;
    let behind = behind.unwrap_or(Seq(i64::MAX));
    let mut messages = messages::changed_after(snapshot, &view, after, behind, count + 1)?;
    let is_complete = messages.len() <= count;
    messages.truncate(count);
    Ok(Changes { messages, is_complete })
}

/// A conversation as its list shows it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The head.
    pub head: Head,
    /// What the account has not read.
    pub unread: i64,
    /// The newest message that moves the list.
    pub last: Option<Message>,
}

/// Lists what moved after a moment, or in that moment behind a peer, oldest movement first. Answers with it whether that
/// was all.
pub fn moved(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    after: Millis,
    behind: Option<&UserId>,
    count: usize,
) -> Result<(Vec<Listed>, bool)> {
    let count = count.clamp(1, limit::HISTORY_PAGE);
    let mut heads = conversations::moved(snapshot, account, after, behind, count + 1)?;
    let is_complete = heads.len() <= count;
    heads.truncate(count);
    Ok((describe(snapshot, account, heads)?, is_complete))
}

/// Adds to heads what their list shows, with one question for all of them.
fn describe(snapshot: &mut Snapshot<'_>, account: &UserId, heads: Vec<Head>) -> Result<Vec<Listed>> {
    let unread = conversations::unread_each(snapshot, account, &heads)?;
    let view = |head: &Head| View { viewer: account.clone(), peer: head.peer.clone(), cleared: head.cleared.seq };
    let asked: Vec<_> = heads.iter().map(|head| (view(head), head.last)).collect();
    let last = messages::at_places(snapshot, &asked)?;
    let listed = heads.into_iter().zip(unread).zip(last);
    Ok(listed.map(|((head, unread), last)| Listed { head, unread, last }).collect())
}

/// Marks the conversation with `peer` as read up to a second, or altogether.
pub fn set_read(tx: &mut Tx<'_>, now: Millis, reader: &UserId, peer: &UserId, up_to: Option<i64>) -> Result<()> {
    // Before its marks, as everybody who changes what belongs to an account.
    accounts::lock(tx, reader)?;
    let Some(head) = conversations::get(tx, reader, peer)? else { return Ok(()) };
    let place = match up_to {
        Some(time) if time < head.place.time => conversations::place_at(tx, head.conversation, time)?,
        _ => head.place,
    };
    if conversations::set_read(tx, reader, head.conversation, place)? {
        contact::note(tx, reader, &Contact::User(peer.clone()))?;
        tx.after_hook(now, &Happening::Read { reader: reader.clone(), peer: peer.clone(), time: place.time })?;
        tx.after(Event::ConversationRead {
            reader: reader.clone(),
            peer: peer.clone(),
            time: place.time,
            seq: place.seq,
        });
    }
    Ok(())
}

/// Counts what the account has not read in its conversation with a peer, who must exist.
pub fn unread_from(snapshot: &mut Snapshot<'_>, account: &UserId, peer: &UserId) -> Result<i64> {
    if !accounts::get(snapshot, peer)?.is_some_and(|peer| peer.is_alive()) {
        return refuse(Fault::AccountUnknown);
    }
    match conversations::get(snapshot, account, peer)? {
        Some(head) => conversations::unread(snapshot, account, &head),
        None => Ok(0),
    }
}
