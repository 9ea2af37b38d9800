//! Commands on messages and conversations: frames into the words of `chat`, and back.

use std::sync::Arc;

use chat::conversation::{self, Listed, Page, Span};
use chat::message::{Recaller, give_receipts};
use contract::frame::wire::{
    Head, HeadsAnswer, HeadsRequest, HistoryRequest, MessagePage, MessageRef, Place, ReadRequest, ReceiptRequest,
    SendAnswer, SendRequest, SinceRequest,
};
use contract::message::{Flags, Message, check_body};
use contract::webhook::Webhook;
use contract::{Fault, Millis, MsgKey, Result, Seq, UserId, limit};
use serde_json::Value;
use store::append::{Draft, DraftKind};

use crate::announce::shown;
use crate::request::Call;

/// Sends a message in the account's own name.
pub(crate) async fn send(call: &Call, request: SendRequest) -> Result<SendAnswer> {
    let (is_online_only, msg_seq) = (request.online_only, request.msg_seq);
    let (draft, push_info) = compose(call, request)?;
    let Some(draft) = ask(call, draft, push_info, is_online_only).await? else {
        // The app wants it to look as if it had been sent.
        return Ok(SendAnswer { time: call.now.secs(), msg_seq, seq: 0, at: call.now.0 });
    };
    let sent = if is_online_only {
        call.hub.pass(call.app.id, draft).await?
    } else {
        call.hub.store.send(call.app.id, draft).await?
    };
    Ok(SendAnswer { time: sent.key.time, msg_seq: sent.key.seq, seq: sent.seq.0 as u64, at: sent.at.0 })
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

/// Checks in the order of the REST command: receiver, body, options, size. Answers with the draft the offline push as
/// the sender gave it.
fn compose(call: &Call, request: SendRequest) -> Result<(Draft, Option<Value>)> {
    let receiver = UserId::parse(&request.to).map_err(|_| Fault::ReceiverInvalid)?;
    let elements: Value = serde_json::from_str(&request.body).map_err(|_| Fault::BodyMalformed)?;
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
    let draft = Draft {
        push: push::chat::notice(&sender, &elements, push.as_ref()),
        is_admin: call.app.is_admin(&sender),
        sender,
        receiver,
        msg_seq: Some(request.msg_seq),
        msg_random: request.msg_random,
        at: call.now,
        kind: DraftKind::Live,
        body: request.body,
        cloud: request.cloud,
        flags: flags.0,
        expires_at: call.now.plus(life_s * 1_000),
        origin: Some(call.session.device.clone()),
        told: Some(call.session.origin()),
    };
    Ok((draft, push))
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
        changed: Vec::new(),
    })
}

/// Reads what a device missed in one conversation, and what changed meanwhile in what it has.
pub(crate) async fn since(call: &Call, request: SinceRequest) -> Result<MessagePage> {
    let peer = peer_of(&request.peer)?;
    let after = request.after.unwrap_or_default();
    let after = store::conversations::Place { seq: seq_of(after.seq)?, time: after.time };
    let (now, count, changed_after) = (call.now, count_of(request.count), Millis(request.changed_after));
    let viewer = call.session.account.clone();
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        let page = conversation::since(snapshot, now, &viewer, &peer, after, count)?;
        let changed = match changed_after {
            Millis(0) => Vec::new(),
            moment => conversation::changed(snapshot, &viewer, &peer, moment)?,
        };
        Ok((page, changed))
    };
    let (Page { mut messages, is_complete }, mut changed) = call.hub.store.read(call.app.id, read).await?;
    let is_cut = cut(&mut messages);
    // The contract has no cursor for changes: what does not fit is found in history.
    cut(&mut changed);
    Ok(MessagePage {
        messages: messages.iter().map(shown).collect(),
        finished: is_complete && !is_cut,
        changed: changed.iter().map(shown).collect(),
    })
}

/// Lists the conversations that moved.
pub(crate) async fn heads(call: &Call, request: HeadsRequest) -> Result<HeadsAnswer> {
    let (account, after, count) = (call.session.account.clone(), Millis(request.after), count_of(request.count));
    let read = move |snapshot: &mut store::Snapshot<'_>| conversation::moved(snapshot, &account, after, count);
    let (mut listed, mut is_complete) = call.hub.store.read(call.app.id, read).await?;
    let fitting = fitting_heads(&listed);
    is_complete &= fitting == listed.len();
    listed.truncate(fitting);
    drop_texts(&mut listed);
    let next = listed.last().map_or(after, |listed| listed.head.moved_at);
    Ok(HeadsAnswer { heads: listed.iter().map(head).collect(), next: next.0, finished: is_complete })
}

/// How many heads fit into an answer. The cursor is a moment, so all heads of one moment travel together.
fn fitting_heads(listed: &[Listed]) -> usize {
    let mut bytes = 0;
    let mut end = 0;
    for moment in listed.chunk_by(|one, next| one.head.moved_at == next.head.moved_at) {
        bytes += moment.iter().map(|listed| listed.last.as_ref().map_or(ENVELOPE_BYTES, size)).sum::<usize>();
        if end > 0 && bytes > PAGE_BYTES {
            break;
        }
        end += moment.len();
    }
    end
}

/// Takes the last messages away from where they no longer fit. A moment that cannot be parted may hold hundreds of
/// heads (a batch to many accounts): the heads themselves fit always, and a device finds the messages by their places.
fn drop_texts(listed: &mut [Listed]) {
    let mut bytes = 0;
    for listed in listed {
        bytes += listed.last.as_ref().map_or(ENVELOPE_BYTES, size);
        if bytes > PAGE_BYTES {
            listed.last = None;
        }
    }
}

fn head(listed: &Listed) -> Head {
    let place = |place: store::conversations::Place| Some(Place { seq: place.seq.0 as u64, time: place.time });
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
const PAGE_BYTES: usize = limit::FRAME_BYTES / 2 - 8 * 1024;
/// What a message costs besides its texts.
const ENVELOPE_BYTES: usize = 200;

fn size(message: &Message) -> usize {
    message.body.len() + message.cloud.len() + ENVELOPE_BYTES
}

/// Cuts a list to what fits into an answer. Answers whether something was cut.
fn cut(messages: &mut Vec<Message>) -> bool {
    let mut bytes = 0;
    let fitting = messages
        .iter()
        .take_while(|message| {
            let is_first = bytes == 0;
            bytes += size(message);
            is_first || bytes <= PAGE_BYTES
        })
        .count();
    let is_cut = fitting < messages.len();
    messages.truncate(fitting);
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
