//! One-to-one messages: sends, imports, history, recall, read marks.

pub mod admin_getroammsg;
pub mod admin_msgwithdraw;
pub mod admin_set_msg_read;
pub mod batchsendmsg;
pub mod get_c2c_unread_msg_num;
pub mod importmsg;
pub mod sendmsg;

use contract::message::{Flags, check_body};
use contract::webhook::Webhook;
use contract::{Fault, Millis, Result, UserId, limit};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use store::append::{Draft, Sent};

use super::action::Call;
use crate::webhook::Gate;

/// The faults of the fields that all message commands share.
pub fn list_fault(field: &'static str, given: Option<&Value>) -> Option<Fault> {
    match field {
        "To_Account" if given.is_none() => Some(Fault::FieldMissing { field }),
        "To_Account" => Some(Fault::ReceiverInvalid),
        _ => None,
    }
}

/// The faults of the fields of a send, by the command's own table of codes.
pub fn send_fault(field: &'static str, _: Option<&Value>) -> Option<Fault> {
    match field {
        "To_Account" | "Peer_Account" => Some(Fault::ReceiverInvalid),
        "From_Account" | "Operator_Account" | "Report_Account" => Some(Fault::SenderInvalid),
        "MsgSeq" => Some(Fault::MsgSeqInvalid),
        "MsgRandom" => Some(Fault::MsgRandomInvalid),
        "MsgTimeStamp" => Some(Fault::MsgTimeInvalid),
        "MsgKey" => Some(Fault::MsgKeyInvalid),
        "SyncFromOldSystem" => Some(Fault::ImportModeInvalid),
        _ => None,
    }
}

/// What a send says besides who writes to whom. The fields are values, because they are checked in the documented
/// order of their codes and not by their types.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Content {
    msg_body: Option<Value>,
    sync_other_machine: Option<Value>,
    msg_life_time: Option<Value>,
    online_only_flag: Option<Value>,
    offline_push_info: Option<Value>,
    cloud_custom_data: Option<Value>,
    send_msg_control: Option<Value>,
    is_need_read_receipt: Option<Value>,
    support_message_extension: Option<Value>,
}

/// Which bounds hold for a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// A life time over the bound is shortened, as the field table of `sendmsg` says.
    Single,
    /// A life time over the bound is refused, as the page of `batchsendmsg` says.
    Batch,
}

/// A checked content, ready to become a draft.
#[derive(Debug, Clone)]
pub struct Composed {
    body: String,
    cloud: String,
    flags: Flags,
    life_s: i64,
    /// Reaches connected devices only.
    pub is_online_only: bool,
    push: Option<Value>,
    elements: Value,
}

impl Content {
    /// Checks everything in the documented order (tencent-im-rest reference, §5.0, rows 9–15).
    pub fn compose(self, call: &Call, bound: Bound) -> Result<Composed> {
        let body = self.msg_body.ok_or(Fault::MsgBodyInvalid)?;
        check_body(&body)?;
        let cloud = text(self.cloud_custom_data, "CloudCustomData")?;
        let control = names(self.send_msg_control.as_ref(), "SendMsgControl")?;
        let sync = number(self.sync_other_machine, Fault::SyncFlagInvalid)?;
        let life = number(self.msg_life_time, Fault::LifeTimeInvalid)?;
        let online_only = number(self.online_only_flag, Fault::FieldInvalid { field: "OnlineOnlyFlag" })?;
        let life_s = match life {
            Some(life) if life < 0 => return Err(Fault::LifeTimeInvalid.into()),
            Some(life) if life > limit::LIFE_TIME_S && bound == Bound::Batch => {
                return Err(Fault::LifeTimeTooLong { max: limit::LIFE_TIME_S }.into());
            }
            Some(life) => life.min(limit::LIFE_TIME_S),
            None => limit::LIFE_TIME_S,
        };
        let push = match self.offline_push_info {
            Some(Value::Object(info)) => {
                push::chat::check_push_info(&info)?;
                Some(Value::Object(info))
            }
            Some(_) => return Err(Fault::PushInfoInvalid.into()),
            None => None,
        };
        let has_receipt = is_one(self.is_need_read_receipt, "IsNeedReadReceipt")?;
        let is_extensible = is_one(self.support_message_extension, "SupportMessageExtension")?;
        let body_text = body.to_string();
        let max = call.app.settings.message_bytes;
        if body_text.len() + cloud.len() > max {
            return Err(match bound {
                Bound::Single => Fault::MessageTooLong { max },
                Bound::Batch => Fault::BatchMessageTooLong { max },
            }
            .into());
        }
        let is_online_only = life_s == 0 || online_only == Some(1);
        Ok(Composed {
            push,
            elements: body,
            body: body_text,
            cloud,
            flags: Flags::default()
                .with_if(!control.contains(&"NoUnread"), Flags::COUNTS)
                .with_if(!control.contains(&"NoLastMsg"), Flags::MOVES_LIST)
                .with_if(sync != Some(2), Flags::IN_SENDER_VIEW)
                .with_if(has_receipt, Flags::RECEIPT_WANTED)
                .with_if(is_extensible, Flags::EXTENSIBLE)
                .with_if(is_online_only, Flags::ONLINE_ONLY),
            life_s,
            is_online_only,
        })
    }
}

impl Composed {
    /// The draft of a live message.
    pub fn draft(&self, call: &Call, sender: UserId, receiver: UserId, msg_seq: Option<u32>, msg_random: u32) -> Draft {
        Draft {
            push: push::chat::notice(&sender, &self.elements, self.push.as_ref()),
            is_admin: call.app.is_admin(&sender),
            sender,
            receiver,
            msg_seq,
            msg_random,
            at: call.now,
            kind: store::append::DraftKind::Live,
            body: self.body.clone(),
            cloud: self.cloud.clone(),
            flags: self.flags.0,
            expires_at: call.now.plus(self.life_s * 1_000),
            origin: None,
            told: Some(call.origin()),
        }
    }

    /// The offline push as the sender gave it.
    pub fn push_info(&self) -> Option<&Value> {
        self.push.as_ref()
    }

    /// Makes a draft that of an imported message: it has its own time and announces nothing.
    pub fn import(draft: Draft, at: Millis, counts: bool) -> Draft {
        let imported = Flags(draft.flags).with(Flags::IMPORTED).0;
        let flags = if counts { imported } else { imported & !Flags::COUNTS.0 };
        let kind = store::append::DraftKind::Import { counts, came_at: draft.at };
        Draft { kind, at, flags, push: None, told: None, ..draft }
    }
}

/// Sends one draft: decides on the facts of the moment, then lets the append writer decide again under its locks.
pub async fn send(call: &Call, draft: Draft, is_online_only: bool) -> Result<Sent> {
    if is_online_only {
        call.node.hub.pass(call.app.id, draft).await
    } else {
        call.node.store.send(call.app.id, draft).await
    }
}

/// Asks the app's webhook about what the rules allow, if the app wants to be asked. None: it is not to be delivered, and
/// its sender is not to learn it.
pub async fn ask(call: &Call, draft: Draft, composed: &Composed) -> Result<Option<Draft>> {
    if !call.app.settings.webhook.has(Webhook::BeforeSendMsg) {
        return Ok(Some(draft));
    }
    call.node.hub.decide(call.app.id, &draft).await?;
    let (webhooks, push_info) = (&call.node.webhooks, composed.push_info());
    match webhooks.before_send(&call.app, call.origin(), draft, push_info, composed.is_online_only).await? {
        Gate::Pass(draft) => Ok(Some(*draft)),
        Gate::Drop => Ok(None),
    }
}

fn number(value: Option<Value>, fault: Fault) -> Result<Option<i64>, Fault> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or(fault),
    }
}

fn is_one(value: Option<Value>, field: &'static str) -> Result<bool, Fault> {
    Ok(number(value, Fault::FieldInvalid { field })? == Some(1))
}

fn text(value: Option<Value>, field: &'static str) -> Result<String, Fault> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        // One of the stores keeps no NUL in a text.
        Some(Value::String(text)) if !text.contains('\0') => Ok(text),
        Some(_) => Err(Fault::FieldInvalid { field }),
    }
}

/// Reads a list of control words; unknown ones are of no consequence.
fn names<'v>(value: Option<&'v Value>, field: &'static str) -> Result<Vec<&'v str>, Fault> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(words)) => {
            words.iter().map(|word| word.as_str().ok_or(Fault::FieldInvalid { field })).collect()
        }
        Some(_) => Err(Fault::FieldInvalid { field }),
    }
}
