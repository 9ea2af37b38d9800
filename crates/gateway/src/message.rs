//! Commands on messages and conversations: frames into the words of `chat`, and back.

use std::sync::Arc;

pub(crate) mod change;

use chat::conversation::{self, Changes, Listed, Page, Span};
use chat::message::{Recaller, give_receipts};
use chat::moderation::Checked;
use contract::frame::wire::{
    Head, HeadsAnswer, HeadsRequest, HistoryRequest, MessagePage, MessageRef, Place, ReadRequest, ReceiptRequest,
    SendAnswer, SendRequest, SinceRequest,
};
use contract::message::{Flags, Message, check_body};
use contract::webhook::Webhook;
use contract::{Error, Fault, Millis, MsgKey, Result, Seq, UserId, limit};
use serde_json::Value;
use store::append::{Draft, DraftKind, Sent};

use crate::announce::shown;
use crate::request::Call;

/// Sends a message in the account's own name.
pub(crate) async fn send(call: &Call, request: SendRequest) -> Result<SendAnswer> {
    let (is_online_only, msg_seq) = (request.online_only, request.msg_seq);
    let Composed { draft, push_info, content } = compose(call, request)?;
    let kept = call.hub.keep_for_refusal(call.app.id, &draft);
    match deliver(call, draft, push_info, content, is_online_only).await {
        Ok(Some(sent)) => {
            Ok(SendAnswer { time: sent.key.time, msg_seq: sent.key.seq, seq: sent.seq.0 as u64, at: sent.at.0 })
        }
        // The app wants it to look as if it had been sent.
        Ok(None) => Ok(SendAnswer { time: call.now.secs(), msg_seq, seq: 0, at: call.now.0 }),
        Err(error) => {
            call.hub.tell_unsent(call.app.id, kept, &error).await?;
            Err(error)
        }
    }
}

/// Asks whom there is to ask, and lets the append writer decide. None: the app wants it dropped.
async fn deliver(
    call: &Call,
    draft: Draft,
    push_info: Option<Value>,
    content: Result<Checked, Fault>,
    is_online_only: bool,
) -> Result<Option<Sent>> {
    let review = match content {
        Ok(checked) => checked.review,
        Err(fault) => return Err(chat::moderation::refusal(&call.hub.store, call.app.id, &draft, fault).await),
    };
    let Some(draft) = ask(call, draft, push_info, is_online_only).await? else { return Ok(None) };
    // Most messages are in nobody's list, and a draft is no small thing to keep.
    let suspect = (!review.is_empty()).then(|| draft.clone());
    let key = MsgKey { time: draft.at.secs(), seq: draft.msg_seq.unwrap_or_default(), random: draft.msg_random };
    let outcome = if is_online_only {
        call.hub.pass(call.app.id, draft).await
    } else {
        call.hub.store.send(call.app.id, draft).await
    };
    let sent = match outcome {
        // The app does not let its users know who blocks them: it looks as if only connected devices were reached.
        Err(Error::Fault(Fault::BlockedByReceiver)) if call.app.settings.blocked_looks_sent => {
            Sent { key, seq: Seq(0), at: call.now, duplicate: false }
        }
        outcome => outcome?,
    };
    if let Some(draft) = suspect {
        let named = change::Named { sender: draft.sender, receiver: draft.receiver, key: sent.key };
        call.hub.front.note(call.app.id, &named, &draft.body, &review).await?;
    }
    Ok(Some(sent))
}

/// Asks the app's webhook, if it wants to be asked, about what the rules allow.
async fn ask(call: &Call, draft: Draft, push_info: Option<Value>, is_online_only: bool) -> Result<Option<Draft>> {
    if !call.app.settings.webhook.has(Webhook::BeforeSendMsg) {
        return Ok(Some(draft));
    }
    call.hub.decide(call.app.id, &draft).await?;
    let (app, origin) = (Arc::clone(&call.app), call.session.origin());
    call.hub.front.before_send(app, origin, draft, push_info, is_online_only).await
}

/// A message whose parts were checked.
struct Composed {
    draft: Draft,
    /// The offline push as the sender gave it.
    push_info: Option<Value>,
    /// What the app's lists say: a refusal only after those that concern sender and receiver.
    content: Result<Checked, Fault>,
}

/// Checks in the order of the REST command: receiver, body, options, size, and last what the app's lists say.
fn compose(call: &Call, mut request: SendRequest) -> Result<Composed> {
    let receiver = UserId::parse(&request.to).map_err(|_| Fault::ReceiverInvalid)?;
    let mut elements: Value = serde_json::from_str(&request.body).map_err(|_| Fault::BodyMalformed)?;
    check_body(&elements)?;
    let push = match request.push.as_str() {
        "" => None,
        text => match serde_json::from_str(text) {
            Ok(Value::Object(info)) => {
                push::chat::check_push_info(&info)?;
                Some(Value::Object(info))
            }
            _ => return Err(Fault::PushInfoInvalid.into()),
        },
    };
    let max = call.app.settings.message_bytes;
    if request.body.len() + request.cloud.len() > max {
        return Err(Fault::MessageTooLong { max }.into());
    }
    let content = call.hub.front.check_body(call.app.id, &mut elements);
    if content.as_ref().is_ok_and(|checked| checked.is_changed) {
        request.body = elements.to_string();
    }
    let draft = draft(call, request, receiver, &elements, push.as_ref());
    Ok(Composed { draft, push_info: push, content })
}

/// The draft of a message whose parts were checked.
fn draft(call: &Call, request: SendRequest, receiver: UserId, elements: &Value, push: Option<&Value>) -> Draft {
    let life_s = match i64::from(request.life_time) {
        0 => limit::LIFE_TIME_S,
        life => life.min(limit::LIFE_TIME_S),
    };
    let sender = call.session.account.clone();
    let flags = Flags::default()
        .with(Flags::IN_SENDER_VIEW)
        .with_if(!request.no_unread, Flags::COUNTS)
        .with_if(!request.no_last, Flags::MOVES_LIST)
        .with_if(request.receipt_wanted, Flags::RECEIPT_WANTED)
        .with_if(request.extensible, Flags::EXTENSIBLE)
        .with_if(request.online_only, Flags::ONLINE_ONLY);
    Draft {
        push: push::chat::notice(&sender, elements, push),
        is_admin: call.app.is_admin(&sender),
        sender,
        receiver,
        group: None,
        msg_seq: Some(request.msg_seq),
        msg_random: request.msg_random,
        at: call.now,
        kind: DraftKind::Live,
        body: request.body,
        cloud: request.cloud,
        flags: flags.0,
        expires_at: call.now.plus(life_s * 1_000),
        origin: Some(call.session.device.clone()),
        friends_only: call.app.settings.friends_only,
        told: Some(call.session.origin()),
    }
}

/// Takes back a message that the account sent.
pub(crate) async fn recall(call: &Call, request: MessageRef) -> Result<()> {
    if request.from != call.session.account.as_str() {
        return Err(Fault::NotSender.into());
    }
    let receiver = UserId::parse(&request.to).map_err(|_| Fault::ReceiverInvalid)?;
    let (now, sender, key) = (call.now, call.session.account.clone(), key_of(&request));
    let by = Recaller::Sender { user: sender.clone(), window_s: call.app.settings.recall_window_s };
    let recall = move |tx: &mut store::Tx<'_>| chat::message::recall(tx, now, &sender, &receiver, key, &by);
    call.write(recall).await
}

/// Marks a conversation as read.
pub(crate) async fn read(call: &Call, request: ReadRequest) -> Result<()> {
    let peer = peer_of(&request.peer)?;
    let reader = call.session.account.clone();
    let up_to = (request.time > 0).then_some(request.time);
    let now = call.now;
    call.write(move |tx| conversation::set_read(tx, now, &reader, &peer, up_to)).await
}

/// Gives receipts for single messages.
pub(crate) async fn receipt(call: &Call, request: ReceiptRequest) -> Result<()> {
    let peer = peer_of(&request.peer)?;
    let max = limit::HISTORY_PAGE;
    if request.messages.is_empty() || request.messages.len() > max {
        return Err(Fault::BatchSizeInvalid { max }.into());
    }
    let keys: Vec<MsgKey> = request.messages.iter().map(key_of).collect();
    let (now, reader) = (call.now, call.session.account.clone());
    let give = move |tx: &mut store::Tx<'_>| give_receipts(tx, now, &reader, &peer, &keys);
    call.write(give).await
}

/// Reads a page of history backwards.
pub(crate) async fn history(call: &Call, request: HistoryRequest) -> Result<MessagePage> {
    let peer = peer_of(&request.peer)?;
    let span = Span {
        min_time: 0,
        max_time: i64::MAX,
        before: request.before.as_ref().map(key_of),
        count: count_of(request.count),
        bytes: PAGE_BYTES,
    };
    let viewer = call.session.account.clone();
    let read = move |snapshot: &mut store::Snapshot<'_>| conversation::history(snapshot, &viewer, &peer, &span);
    let page = call.hub.store.read(call.app.id, read).await?;
    Ok(MessagePage {
        messages: page.messages.iter().map(shown).collect(),
        finished: page.is_complete,
        ..MessagePage::default()
    })
}

/// Reads what a device missed in one conversation, and what changed meanwhile in what it has.
pub(crate) async fn since(call: &Call, request: SinceRequest) -> Result<MessagePage> {
    let peer = peer_of(&request.peer)?;
    let after = request.after.unwrap_or_default();
    let after = contract::Place { seq: seq_of(after.seq)?, time: after.time };
    let (now, count, changed_after) = (call.now, count_of(request.count), Millis(request.changed_after));
    let behind = match request.changed_after_seq {
        0 => None,
        seq => Some(seq_of(seq)?),
    };
    let viewer = call.session.account.clone();
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        let page = conversation::since(snapshot, now, &viewer, &peer, after, count)?;
        let changes = match changed_after {
            Millis(0) => Changes { is_complete: true, ..Changes::default() },
            moment => conversation::changed(snapshot, &viewer, &peer, moment, behind)?,
        };
        Ok((page, changes))
    };
    let (Page { mut messages, is_complete }, mut changes) = call.hub.store.read(call.app.id, read).await?;
    let is_cut = cut(&mut messages, |message| message);
    let has_more = cut(&mut changes.messages, |(_, message)| message) || !changes.is_complete;
    let next = changes.messages.last().filter(|_| has_more);
    Ok(MessagePage {
        messages: messages.iter().map(shown).collect(),
        finished: is_complete && !is_cut,
        changed_more: has_more,
        changed_next: next.map_or(0, |(at, _)| at.0),
        changed_next_seq: next.map_or(0, |(_, message)| message.seq.0 as u64),
        changed: changes.messages.iter().map(|(_, message)| shown(message)).collect(),
    })
}

/// Lists the conversations that moved.
pub(crate) async fn heads(call: &Call, request: HeadsRequest) -> Result<HeadsAnswer> {
    let (account, after, count) = (call.session.account.clone(), Millis(request.after), count_of(request.count));
    let behind = match request.after_peer.as_str() {
        "" => None,
        peer => Some(peer_of(peer)?),
    };
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        conversation::moved(snapshot, &account, after, behind.as_ref(), count)
    };
    let (mut listed, mut is_complete) = call.hub.store.read(call.app.id, read).await?;
    let fitting = fitting_heads(&listed);
    is_complete &= fitting == listed.len();
    listed.truncate(fitting);
    let last = listed.last().map(|listed| &listed.head);
    Ok(HeadsAnswer {
        next: last.map_or(request.after, |head| head.moved_at.0),
        next_peer: last.map_or(request.after_peer, |head| head.peer.to_string()),
        heads: listed.iter().map(head).collect(),
        finished: is_complete,
    })
}

/// How many heads fit into an answer, with their last messages.
fn fitting_heads(listed: &[Listed]) -> usize {
    let mut bytes = 0;
    let fits = |listed: &&Listed| {
        let is_first = bytes == 0;
        bytes += listed.last.as_ref().map_or(ENVELOPE_BYTES, size);
        is_first || bytes <= PAGE_BYTES
    };
    listed.iter().take_while(fits).count()
}

fn head(listed: &Listed) -> Head {
    let place = |place: contract::Place| Some(Place { seq: place.seq.0 as u64, time: place.time });
    let head = &listed.head;
    Head {
        peer: head.peer.to_string(),
        place: place(head.place),
        unread: listed.unread as u32,
        read: place(head.read),
        peer_read_time: head.peer_read.time,
        last: listed.last.as_ref().map(shown),
        moved_at: head.moved_at.0,
    }
}

/// Bytes of messages in one answer: half a frame, so that two lists fit.
pub(crate) const PAGE_BYTES: usize = limit::FRAME_BYTES / 2 - 8 * 1024;
/// What a message costs besides its texts.
pub(crate) const ENVELOPE_BYTES: usize = 200;

pub(crate) fn size(message: &Message) -> usize {
    message.body.len() + message.cloud.len() + ENVELOPE_BYTES
}

/// Cuts a list to what fits into an answer. Answers whether something was cut.
fn cut<T>(items: &mut Vec<T>, message: impl Fn(&T) -> &Message) -> bool {
    let mut bytes = 0;
    let fits = |item: &&T| {
        let is_first = bytes == 0;
        bytes += size(message(item));
        is_first || bytes <= PAGE_BYTES
    };
    let fitting = items.iter().take_while(fits).count();
    let is_cut = fitting < items.len();
    items.truncate(fitting);
    is_cut
}

/// No number means a full page.
fn count_of(count: u32) -> usize {
    if count == 0 { limit::HISTORY_PAGE } else { count as usize }
}

fn seq_of(seq: u64) -> Result<Seq, Fault> {
    i64::try_from(seq).map(Seq).map_err(|_| Fault::FieldInvalid { field: "seq" })
}

fn peer_of(text: &str) -> Result<UserId, Fault> {
    UserId::parse(text).map_err(|_| Fault::ReceiverInvalid)
}

fn key_of(reference: &MessageRef) -> MsgKey {
    MsgKey { time: reference.time, seq: reference.msg_seq, random: reference.msg_random }
}
