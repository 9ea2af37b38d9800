//! What a device does with messages that were sent: edits, extensions, deletions, streams.

use std::sync::Arc;

pub(super) use chat::message::change::Named;
use chat::message::change::{Actor, Base, Edit, delete as hide, modify as edit};
use chat::message::{extension, stream as streams};
use chat::moderation::Checked;
use contract::codes::Family;
use contract::frame::wire::{
    self, DeleteRequest, ExtendAnswer, ExtendRequest, ExtensionsAnswer, ExtensionsRequest, MessageRef, ModifyAnswer,
    ModifyRequest, SendAnswer, SendRequest, StreamRequest, extend_answer,
};
use contract::message::{Extension, ExtensionChange, check_body};
use contract::stream::{Chunk, Stream, check_order};
use contract::{Error, Failure, Fault, MsgKey, Result, UserId, limit};
use store::{Snapshot, Tx};

use super::{key_of, peer_of};
use crate::announce::extension as shown;
use crate::refusal;
use crate::request::Call;

/// Changes a message of one of the account's conversations.
pub(crate) async fn modify(call: &Call, request: ModifyRequest) -> Result<ModifyAnswer> {
    let named = named(request.message.as_ref())?;
    if request.body.is_none() && request.cloud.is_none() {
        return Err(Fault::MsgBodyInvalid.into());
    }
    let mut body = request.body;
    let mut content = Ok(Checked::default());
    if let Some(text) = &mut body {
        let mut elements = serde_json::from_str(text).map_err(|_| Fault::BodyMalformed)?;
        check_body(&elements)?;
        content = call.hub.front.check_body(call.app.id, &mut elements);
        if content.as_ref().is_ok_and(|checked| checked.is_changed) {
            *text = elements.to_string();
        }
    }
    // One of the stores keeps no NUL in a text.
    if request.cloud.as_ref().is_some_and(|cloud| cloud.contains('\0')) {
        return Err(Fault::FieldInvalid { field: "cloud" }.into());
    }
    let (review, refusal) = match content {
        Ok(checked) => (checked.review, None),
        Err(fault) => (Vec::new(), Some(fault)),
    };
    let text = body.clone().filter(|_| !review.is_empty()).unwrap_or_default();
    let (asked, change) = (named.clone(), Edit { body, cloud: request.cloud });
    let (now, bytes, actor) = (call.now, call.app.settings.message_bytes, member(call));
    let base = Base::Held(i64::from(request.version));
    let write = move |tx: &mut Tx<'_>| {
        let version = edit(tx, now, &actor, &named, base, &change, bytes)?;
        // Whether it may be changed at all is told first; an error undoes the change.
        refusal.clone().map_or(Ok(version), |fault| Err(fault.into()))
    };
    let version = call.write(write).await?;
    if !review.is_empty() {
        call.hub.front.note(call.app.id, &asked, &text, &review).await?;
    }
    Ok(ModifyAnswer { version: version as u32 })
}

/// Changes the pairs of a message.
pub(crate) async fn extend(call: &Call, request: ExtendRequest) -> Result<ExtendAnswer> {
    let named = named(request.message.as_ref()).map_err(|_| Fault::FieldInvalid { field: "message" })?;
    let change = ExtensionChange::from_number(request.change.into()).ok_or(Fault::FieldInvalid { field: "change" })?;
    let pairs: Vec<Extension> = request
        .extensions
        .into_iter()
        .map(|pair| Extension { key: pair.key, value: pair.value, seq: i64::try_from(pair.seq).unwrap_or(i64::MAX) })
        .collect();
    let (now, actor, app) = (call.now, member(call), call.app.clone());
    let write = move |tx: &mut Tx<'_>| extension::change(tx, now, &app, &actor, &named, change, &pairs);
    let changed = call.hub.store.write(call.app.id, write).await?;
    let late = refusal::spell(Family::Group, &Fault::ExtensionConflict.into()).0;
    let item = |(pair, is_late): &(Extension, bool)| extend_answer::Item {
        code: if *is_late { late } else { 0 },
        extension: Some(shown(pair)),
    };
    Ok(ExtendAnswer { items: changed.pairs.iter().map(item).collect(), latest_seq: changed.latest as u64 })
}

/// Reads the pairs of a message.
pub(crate) async fn extensions(call: &Call, request: ExtensionsRequest) -> Result<ExtensionsAnswer> {
    let named = named(request.message.as_ref()).map_err(|_| Fault::FieldInvalid { field: "message" })?;
    let start = i64::try_from(request.start_seq).map_err(|_| Fault::FieldInvalid { field: "start_seq" })?;
    let (actor, app) = (member(call), call.app.clone());
    let read = move |snapshot: &mut Snapshot<'_>| extension::list(snapshot, &app, &actor, &named, start);
    let found = call.hub.store.read(call.app.id, read).await?;
    Ok(ExtensionsAnswer {
        extensions: found.pairs.iter().map(shown).collect(),
        latest_seq: found.latest as u64,
        clear_seq: found.cleared as u64,
        finished: found.is_complete,
    })
}

/// Takes messages out of the account's own view.
pub(crate) async fn delete(call: &Call, request: DeleteRequest) -> Result<()> {
    let peer = peer_of(&request.peer)?;
    let max = limit::DELETE_BATCH_DEVICE;
    if request.messages.is_empty() || request.messages.len() > max {
        return Err(Fault::BatchSizeInvalid { max }.into());
    }
    let keys: Vec<MsgKey> = request.messages.iter().map(key_of).collect();
    let account = call.session.account.clone();
    let deleted = call.hub.store.write(call.app.id, move |tx| hide(tx, &account, &peer, &keys)).await;
    deleted.map_err(|error| match error {
        Error::Failure(failure) => {
            tracing::error!(%failure, "messages were not deleted");
            Fault::DeleteFailed.into()
        }
        fault @ Error::Fault(_) => fault,
    })
}

/// Opens a stream, or continues one.
pub(crate) async fn stream(call: &Call, request: StreamRequest) -> Result<SendAnswer> {
    let chunks: Vec<Chunk> = request.chunks.into_iter().map(chunk).collect();
    if chunks.len() > limit::STREAM_CHUNKS {
        return Err(Fault::BatchSizeInvalid { max: limit::STREAM_CHUNKS }.into());
    }
    check_order(&chunks)?;
    let Some(message) = &request.message else {
        let Some(stream) = Stream::open(request.compatible_text, &chunks) else {
            return Err(Fault::MsgBodyInvalid.into());
        };
        return open(call, request.to, request.msg_seq, request.msg_random, &stream).await;
    };
    let named = named(Some(message))?;
    if chunks.is_empty() {
        return Err(Fault::MsgBodyInvalid.into());
    }
    let (now, actor, piece) = (call.now, member(call), streams::Piece::Numbered(chunks));
    let (app, front, asked) = (call.app.id, Arc::clone(&call.hub.front), named.clone());
    let check = move |text: &str| front.check_text(app, text);
    let write = move |tx: &mut Tx<'_>| streams::extend(tx, now, &actor, &named, &piece, &check);
    let streams::Extended { message, review } = call.hub.store.write(app, write).await?;
    if !review.is_empty() {
        call.hub.front.note(app, &asked, &message.body, &review).await?;
    }
    let (key, seq) = (message.key, message.seq.0 as u64);
    Ok(SendAnswer { time: key.time, msg_seq: key.seq, seq, at: message.at.0 })
}

async fn open(call: &Call, to: String, msg_seq: u32, msg_random: u32, stream: &Stream) -> Result<SendAnswer> {
    let body = stream.body();
    if body.len() > limit::STREAM_BYTES {
        return Err(Fault::MessageTooLong { max: limit::STREAM_BYTES }.into());
    }
    let mut elements = serde_json::from_str(&body).map_err(Failure::internal)?;
    let receiver = peer_of(&to)?;
    let content = call.hub.front.check_body(call.app.id, &mut elements);
    let body = if content.as_ref().is_ok_and(|checked| checked.is_changed) { elements.to_string() } else { body };
    let request = SendRequest { to, msg_seq, msg_random, body, ..SendRequest::default() };
    let draft = super::draft(call, request, receiver, &elements, None);
    let review = match content {
        Ok(checked) => checked.review,
        Err(fault) => return Err(chat::moderation::refusal(&call.hub.store, call.app.id, &draft, fault).await),
    };
    let (now, app) = (call.now, call.app.clone());
    call.hub.store.write(call.app.id, move |tx| streams::begin(tx, now, &app)).await?;
    let suspect = (!review.is_empty()).then(|| draft.clone());
    let sent = call.hub.store.send(call.app.id, draft).await?;
    if let Some(draft) = suspect {
        let named = Named { sender: draft.sender, receiver: draft.receiver, key: sent.key };
        call.hub.front.note(call.app.id, &named, &draft.body, &review).await?;
    }
    Ok(SendAnswer { time: sent.key.time, msg_seq: sent.key.seq, seq: sent.seq.0 as u64, at: sent.at.0 })
}

fn chunk(chunk: wire::Chunk) -> Chunk {
    Chunk { index: chunk.index, markdown: chunk.markdown, is_last: chunk.last }
}

fn member(call: &Call) -> Actor {
    Actor::Member(call.session.account.clone())
}

fn named(message: Option<&MessageRef>) -> Result<Named, Fault> {
    let message = message.ok_or(Fault::MsgKeyInvalid)?;
    let sender = UserId::parse(&message.from).map_err(|_| Fault::SenderInvalid)?;
    Ok(Named { sender, receiver: peer_of(&message.to)?, key: key_of(message) })
}
