//! Sends a message into a group that grows chunk by chunk, as a language model writes it.

use std::sync::Arc;

use chat::group::Scope;
use chat::group::stream::{Extended, begin, extend, name_of};
use chat::message::stream::Piece;
use contract::codes::Family;
use contract::group::GroupId;
use contract::stream::Stream;
use contract::{Failure, Fault, Millis, MsgKey, Result, Seq};
use gateway::group::Posted;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::letter::Letter;
use super::{Spot, group_fault, send_group_msg};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};
use crate::moderation::{Scene, Suspect};

/// A part of a stream in a group. `MsgBody` has one `TIMStreamElem` with `CompatibleText` for clients that do not know
/// streams and 1 to 100 `Chunks`, each `{"EventType": "data", "Index": 1, "Markdown": "…", "IsLast": 0}` with an `Index`
/// one above that of the chunk before it. The first call sends the message; the others name it by the `StreamMsgID` that
/// was answered, and of their other fields only those that name the group count. A chunk that is sent twice is taken once.
/// The stream ends with `IsLast` 1, when it is recalled, or when no chunk comes for 15 seconds; it is continued up to 5
/// times a second and has up to 128 KB. A chunk with a word that the app does not want is refused, and the stream may go
/// on with another one. The webhook before a message is not asked about streams. Groups without history have none.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SendGroupStreamMsg {
    #[serde(rename = "*spot")]
    #[schemars(flatten)]
    spot: Spot,
    /// In whose name; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    from: Option<User>,
    #[serde(rename = "*")]
    #[schemars(flatten)]
    letter: Letter,
}

/// Where the message is, and what names its stream.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    #[serde(flatten)]
    sent: send_group_msg::Answer,
    /// What names the stream in the next call; empty if it was dropped.
    #[serde(rename = "StreamMsgID")]
    stream: String,
}

impl Action for SendGroupStreamMsg {
    const NAME: &'static str = "stream_msg/send_group_stream_msg";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "message";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("IsNeedReadReceipt", "NeedReadReceipt")];
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Perform for SendGroupStreamMsg {
    async fn perform(self, call: Call) -> Result<Answer> {
        let id = self.spot.id()?;
        let part = self.letter.part()?;
        if let Some(name) = part.id {
            let name = name.parse().map_err(|_| Fault::FieldInvalid { field: "StreamMsgID" })?;
            go_on(&call, id, name, Piece::Numbered(part.chunks)).await?;
            let sent = Posted { seq: Seq(name.seq.into()), at: Millis::from_secs(name.time), is_dropped: false };
            return Ok(Answer::of(sent, name.random));
        }
        let what = "TIMStreamElem needs CompatibleText";
        let compatible = part.compatible.ok_or(Fault::MsgElementInvalid { what })?;
        let stream = Stream::open(compatible, &part.chunks).ok_or(Fault::FieldInvalid { field: "MsgBody" })?;
        let elements = serde_json::from_str(&stream.body()).map_err(Failure::internal)?;
        let sender = self.from.map_or_else(|| call.caller.clone(), |from| from.0);
        let post = self.letter.post_stream(&call, id.clone(), sender, elements)?;
        if post.wishes.is_online_only {
            // What is not stored cannot be continued.
            return Err(Fault::RequestIllegal.into());
        }
        let (now, app, random) = (call.now, Arc::clone(&call.app), post.random);
        call.node.store.write(app.id, move |tx| begin(tx, &Scope::of(&app, now), &app, &id)).await?;
        let sent = call.node.hub.post(&call.app, now, post).await?;
        Ok(Answer::of(sent, random))
    }
}

impl Answer {
    fn of(sent: Posted, random: u32) -> Self {
        let name = (!sent.is_dropped).then(|| name_of(sent.seq, sent.at, random).to_string());
        Self { sent: send_group_msg::Answer::of(sent), stream: name.unwrap_or_default() }
    }
}

/// Continues a stream.
async fn go_on(call: &Call, id: GroupId, name: MsgKey, piece: Piece) -> Result<()> {
    let (now, app, node, asked) = (call.now, Arc::clone(&call.app), Arc::clone(&call.node), id.clone());
    let check = {
        let (node, app) = (Arc::clone(&node), app.id);
        move |text: &str| node.moderation.check_text(app, Scene::Group, text)
    };
    let scoped = Arc::clone(&app);
    let write = move |tx: &mut Tx<'_>| extend(tx, &Scope::of(&scoped, now), &asked, name, &piece, &check);
    let Extended { message, review } = node.store.write(app.id, write).await?;
    if review.is_empty() {
        return Ok(());
    }
    let suspect = Suspect::in_group(&id, &message.sender, &message.body, &review).with_key(name);
    node.moderation.note(app.id, now, suspect).await
}
