//! Sends the same message to up to 500 accounts, each in its own conversation.

use std::collections::HashSet;

use contract::codes::Family;
use contract::{Error, Fault, MsgKey, Result, UserId, limit};
use futures_util::stream::{self, StreamExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::accounts;
use store::append::Draft;

use super::{Bound, Composed, Letter, send, send_fault};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, UpTo, User};
use crate::im::number_of;

/// Sends the same message to up to 500 accounts, each in its own conversation. Fields are checked in the order of the
/// table. A `MsgLifeTime` of more than seven days is refused.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Batchsendmsg {
    /// 1–500 UserIDs; one that is named twice gets the message once.
    #[serde(rename = "To_Account")]
    #[schemars(with = "UpTo<User, 500>")]
    receivers: Option<Value>,
    #[serde(rename = "*")]
    #[schemars(flatten)]
    letter: Letter,
}

/// A receiver that did not get it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Missed {
    /// The account.
    #[serde(rename = "To_Account")]
    account: String,
    /// Why not.
    error_code: i32,
}

/// The key under which every receiver finds the message.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// Names the message in all later calls.
    msg_key: String,
    /// When it was stored, in seconds.
    msg_time: i64,
    /// Those that did not get it; absent where all did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    error_list: Vec<Missed>,
}

impl Action for Batchsendmsg {
    const NAME: &'static str = "openim/batchsendmsg";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "message";
    const FIELD_FAULT: FieldFault = send_fault;
    type Answer = Answer;

    fn status(answer: &Answer) -> &'static str {
        if answer.error_list.is_empty() { "OK" } else { "SomeError" }
    }
}

/// Sends of one batch that are under way at a time: enough to fill a commit, few enough to leave room for others.
const UNDER_WAY: usize = 64;

impl Perform for Batchsendmsg {
    async fn perform(mut self, call: Call) -> Result<Answer> {
        let names = receivers(self.receivers)?;
        let sender = self.letter.sender(&call);
        let Letter { msg_seq, msg_random, content, .. } = self.letter;
        let composed = content.compose(&call, Bound::Batch)?.moderated(&call);
        call.node.rates.check_batch(&call.app, names.len())?;
        check_sender(&call, &sender).await?;
        composed.ensure()?;
        let msg_seq = msg_seq.unwrap_or_else(|| u32::from_le_bytes(crate::vault::random()));
        let batch = Batch { call: &call, composed: &composed, sender: &sender, msg_seq, msg_random };
        let outcomes: Vec<_> =
            stream::iter(names.clone()).map(|name| batch.send_one(name)).buffered(UNDER_WAY).collect().await;
        answer(&batch, &names, outcomes)
    }
}

struct Batch<'a> {
    call: &'a Call,
    composed: &'a Composed,
    sender: &'a UserId,
    msg_seq: u32,
    msg_random: u32,
}

impl Batch<'_> {
    async fn send_one(&self, name: String) -> Result<MsgKey> {
        let receiver = UserId::parse(&name).map_err(|_| Fault::AccountUnknown)?;
        let draft = self.composed.draft(self.call, self.sender.clone(), receiver, Some(self.msg_seq), self.msg_random);
        // The contract calls no webhook for a batch.
        let draft = Draft { told: None, ..draft };
        Ok(send(self.call, self.composed, draft).await?.key)
    }
}

fn answer(batch: &Batch<'_>, names: &[String], outcomes: Vec<Result<MsgKey>>) -> Result<Answer> {
    let own = MsgKey { time: batch.call.now.secs(), seq: batch.msg_seq, random: batch.msg_random };
    let mut key = None;
    let mut error_list = Vec::new();
    for (name, outcome) in names.iter().zip(outcomes) {
        match outcome {
            Ok(sent) => key = key.or(Some(sent)),
            Err(Error::Fault(_)) => {
                let error_code = number_of(Family::Account, &Fault::AccountUnknown);
                error_list.push(Missed { account: name.clone(), error_code });
            }
            Err(failure) => return Err(failure),
        }
    }
    if error_list.len() == names.len() {
        return Err(Fault::ReceiverUnknown.into());
    }
    let key = key.unwrap_or(own);
    Ok(Answer { msg_key: key.to_string(), msg_time: key.time, error_list })
}

/// Reads the list of receivers, each once, in the order given.
fn receivers(list: Option<Value>) -> Result<Vec<String>, Fault> {
    let Some(Value::Array(list)) = list else { return Err(Fault::ReceiversNotList) };
    if list.is_empty() {
        return Err(Fault::ReceiversEmpty);
    }
    if list.len() > limit::RECEIVER_BATCH {
        return Err(Fault::ReceiversTooMany { max: limit::RECEIVER_BATCH });
    }
    let mut seen = HashSet::new();
    let mut names = Vec::with_capacity(list.len());
    for name in list {
        let Value::String(name) = name else { return Err(Fault::ReceiverInvalid) };
        if seen.insert(name.clone()) {
            names.push(name);
        }
    }
    Ok(names)
}

async fn check_sender(call: &Call, sender: &UserId) -> Result<()> {
    if call.app.is_admin(sender) {
        return Ok(());
    }
    let account = sender.clone();
    let found = call.node.store.read(call.app.id, move |snapshot| accounts::get(snapshot, &account)).await?;
    match found {
        Some(account) if account.is_alive() => Ok(()),
        _ => Err(Fault::BatchSenderUnknown.into()),
    }
}
