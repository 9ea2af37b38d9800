//! Reads the history of a conversation as one of its two accounts sees it.

use contract::codes::Family;
use contract::message::{Flags, Message};
use contract::{Fault, MsgKey, Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{Snapshot, accounts};

use super::send_fault;
use crate::im::action::{Action, Call, Read};
use crate::im::fields::{FieldFault, Number, User};
use crate::im::shape;

/// Reads the history of a conversation as one of its two accounts sees it, page by page, back in time.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AdminGetroammsg {
    /// The other account. Older clients call it `To_Account`.
    #[serde(rename = "Peer_Account")]
    peer: User,
    /// Whose view is read. Older clients call it `From_Account`.
    #[serde(rename = "Operator_Account")]
    operator: User,
    /// How many messages at most; a page holds 100 and about 13 KB.
    #[serde(rename = "MaxCnt")]
    count: Number,
    /// The first second.
    #[serde(rename = "MinTime")]
    min_time: Number,
    /// The last second.
    #[serde(rename = "MaxTime")]
    max_time: Number,
    /// `LastMsgKey` of the page before; the next one ends before that message.
    #[serde(rename = "LastMsgKey")]
    last: Option<String>,
}

/// A message as the contract shows it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Shown {
    /// Who sent it.
    #[serde(rename = "From_Account")]
    sender: String,
    /// Who received it.
    #[serde(rename = "To_Account")]
    receiver: String,
    /// As it was sent, or given by the server.
    msg_seq: u32,
    /// As it was sent.
    msg_random: u32,
    /// When it was sent, in seconds.
    msg_time_stamp: i64,
    /// 0, or 8 once recalled; a recalled message shows no elements.
    msg_flag_bits: i64,
    /// 1 once the receiver gave a receipt.
    is_peer_read: i64,
    /// Names the message in all later calls.
    msg_key: String,
    /// Its elements.
    #[schemars(with = "shape::Elements")]
    msg_body: Box<RawValue>,
    /// As it was sent.
    cloud_custom_data: String,
    /// 1 if extensions may be attached.
    support_message_extension: i64,
}

/// A page, oldest message first; pages walk back in time.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// 1: nothing older is left in the span.
    complete: i64,
    /// How many messages the page holds.
    msg_cnt: usize,
    /// Of the oldest message of the page; with `LastMsgKey` they ask for the next one.
    last_msg_time: i64,
    /// Of the oldest message of the page.
    last_msg_key: String,
    /// The messages.
    msg_list: Vec<Shown>,
}

impl Action for AdminGetroammsg {
    const NAME: &'static str = "openim/admin_getroammsg";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "message";
    const ALIASES: &'static [(&'static str, &'static str)] =
        &[("To_Account", "Peer_Account"), ("From_Account", "Operator_Account")];
    const FIELD_FAULT: FieldFault = send_fault;
    type Answer = Answer;
}

impl Read for AdminGetroammsg {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        if self.count.0 < 1 {
            return Err(Fault::FieldInvalid { field: "MaxCnt" }.into());
        }
        let before = match self.last.as_deref() {
            None | Some("") => None,
            Some(text) => Some(text.parse::<MsgKey>().map_err(|_| Fault::FieldInvalid { field: "LastMsgKey" })?),
        };
        let operator = accounts::get(snapshot, &self.operator.0)?;
        if !operator.is_some_and(|account| account.is_alive()) && !call.app.is_admin(&self.operator.0) {
            return Err(Fault::BatchSenderUnknown.into());
        }
        // What a deleted account wrote stays with its peers.
        if accounts::get(snapshot, &self.peer.0)?.is_none() && !call.app.is_admin(&self.peer.0) {
            return Err(Fault::ReceiverInvalid.into());
        }
        let span = chat::conversation::Span {
            min_time: self.min_time.0,
            max_time: self.max_time.0,
            before,
            count: usize::try_from(self.count.0).unwrap_or(usize::MAX),
            bytes: limit::HISTORY_PAGE_BYTES,
        };
        let page = chat::conversation::history(snapshot, &self.operator.0, &self.peer.0, &span)?;
        let oldest = page.messages.first();
        Ok(Answer {
            complete: i64::from(page.is_complete),
            msg_cnt: page.messages.len(),
            last_msg_time: oldest.map_or(0, |message| message.key.time),
            last_msg_key: oldest.map_or(String::new(), |message| message.key.to_string()),
            msg_list: page.messages.iter().map(shown).collect::<Result<_>>()?,
        })
    }
}

fn shown(message: &Message) -> Result<Shown> {
    let is_recalled = message.flags.has(Flags::RECALLED);
    let body = if is_recalled { "[]" } else { &*message.body };
    Ok(Shown {
        sender: message.sender.to_string(),
        receiver: message.receiver.to_string(),
        msg_seq: message.key.seq,
        msg_random: message.key.random,
        msg_time_stamp: message.key.time,
        msg_flag_bits: if is_recalled { 8 } else { 0 },
        is_peer_read: i64::from(message.flags.has(Flags::RECEIPT_GIVEN)),
        msg_key: message.key.to_string(),
        msg_body: RawValue::from_string(body.to_owned()).map_err(contract::Failure::internal)?,
        cloud_custom_data: if is_recalled { String::new() } else { message.cloud.to_string() },
        support_message_extension: i64::from(message.flags.has(Flags::EXTENSIBLE)),
    })
}
