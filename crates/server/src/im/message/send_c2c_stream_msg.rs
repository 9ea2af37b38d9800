//! Sends a message that grows chunk by chunk, as a language model writes it.

use std::sync::Arc;

use chat::message::change::{Actor, Named};
use chat::message::stream::{Extended, Piece, begin, extend};
use contract::codes::Family;
use contract::stream::{Part, Stream};
use contract::{Failure, Fault, MsgKey, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{Bound, Content, Letter, send, send_fault};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};
use crate::moderation::Scene;

/// A part of a stream. `MsgBody` has one `TIMStreamElem` with `CompatibleText` for clients that do not know streams and
/// 1 to 100 `Chunks`, each `{"EventType": "data", "Index": 1, "Markdown": "…", "IsLast": 0}` with an `Index` one above
/// that of the chunk before it. The first call sends the message; the others name it by the `StreamMsgID` that was
/// answered, and of their other fields only the accounts count. A chunk that is sent twice is taken once. The stream
/// ends with `IsLast` 1, or when no chunk comes for 15 seconds; it is continued up to 5 times a second and has up to
/// 128 KB. A chunk with a word that the app does not want is refused, and the stream may go on with another one. Fields
/// are checked in this order.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SendC2cStreamMsg {
    /// Who receives it.
    #[serde(rename = "To_Account")]
    receiver: User,
    #[serde(rename = "*")]
    #[schemars(flatten)]
    letter: Letter,
}

/// What identifies the message.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    msg_time: i64,
    msg_key: String,
    /// What names the stream in the next call.
    #[serde(rename = "StreamMsgID")]
    stream: String,
}

impl Action for SendC2cStreamMsg {
    const NAME: &'static str = "stream_msg/send_c2c_stream_msg";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "message";
    const FIELD_FAULT: FieldFault = send_fault;
    type Answer = Answer;
}

impl Perform for SendC2cStreamMsg {
    async fn perform(mut self, call: Call) -> Result<Answer> {
        let sender = self.letter.sender(&call);
        let Letter { msg_seq, msg_random, content, .. } = self.letter;
        let receiver = self.receiver.0;
        let part = Part::parse(content.msg_body.as_ref().ok_or(Fault::MsgBodyInvalid)?)?;
        let key = if let Some(id) = part.id {
            let named = Named { sender, receiver, key: id.parse()? };
            go_on(&call, named, Piece::Numbered(part.chunks)).await?
        } else {
            let what = "TIMStreamElem needs CompatibleText";
            let compatible = part.compatible.ok_or(Fault::MsgElementInvalid { what })?;
            let stream = Stream::open(compatible, &part.chunks).ok_or(Fault::MsgBodyInvalid)?;
            open(&call, sender, receiver, (msg_seq, msg_random), stream, content).await?
        };
        Ok(Answer { msg_time: key.time, msg_key: key.to_string(), stream: key.to_string() })
    }
}

/// Sends the message with the first chunks of its stream.
pub(crate) async fn open(
    call: &Call,
    sender: UserId,
    receiver: UserId,
    (msg_seq, msg_random): (Option<u32>, u32),
    stream: Stream,
    content: Content,
) -> Result<MsgKey> {
    let body = serde_json::from_str(&stream.body()).map_err(Failure::internal)?;
    let mut composed = Content { msg_body: Some(body), ..content }.compose(call, Bound::Stream)?.moderated(call);
    if composed.is_online_only {
        // What is not stored cannot be continued.
        return Err(Fault::RequestIllegal.into());
    }
    let (now, app) = (call.now, call.app.clone());
    call.node.store.write(call.app.id, move |tx| begin(tx, now, &app)).await?;
    let draft = composed.take_draft(call, sender, receiver, msg_seq, msg_random);
    Ok(send(call, &composed, draft).await?.key)
}

/// Continues a stream.
pub(crate) async fn go_on(call: &Call, named: Named, piece: Piece) -> Result<MsgKey> {
    let (now, actor, key) = (call.now, Actor::Admin(call.caller.clone()), named.key);
    let (app, filter, asked) = (call.app.id, Arc::clone(&call.node), named.clone());
    let check = move |text: &str| filter.moderation.check_text(app, Scene::C2C, text);
    let write = move |tx: &mut Tx<'_>| extend(tx, now, &actor, &named, &piece, &check);
    let Extended { message, review } = call.node.store.write(app, write).await?;
    call.node.moderation.note_change(app, now, &asked, &message.body, &review).await?;
    Ok(key)
}
