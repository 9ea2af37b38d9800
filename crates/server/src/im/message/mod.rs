//! One-to-one messages: sends, streams, imports, history, edits, extensions, recall, deletion, read marks.

pub mod admin_getroammsg;
pub mod admin_msgwithdraw;
pub mod admin_set_msg_read;
pub mod batchsendmsg;
pub mod delete_c2c_msg_ramble;
pub mod get_c2c_unread_msg_num;
pub mod get_key_values;
pub mod importmsg;
pub mod modify_c2c_msg;
pub mod send_c2c_stream_msg;
pub mod sendmsg;
pub mod set_key_values;

use chat::moderation::Checked;
use contract::message::{Flags, check_body};
use contract::webhook::Webhook;
use contract::{Error, Fault, Millis, Result, UserId, limit};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use store::append::{Draft, Sent};
use tracing::error;

use super::action::Call;
use super::fields::User;
use super::shape;
use crate::moderation::Suspect;
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

/// What every send says besides whom it is for. Fields are checked in this order.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Letter {
    /// In whose name; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    pub sender: Option<User>,
    /// Orders messages of one second and tells repetitions; absent means that the server chooses.
    #[serde(rename = "MsgSeq")]
    pub msg_seq: Option<u32>,
    /// Tells repetitions.
    #[serde(rename = "MsgRandom")]
    pub msg_random: u32,
    #[serde(rename = "*")]
    #[schemars(flatten)]
    pub(crate) content: Content,
}

impl Letter {
    /// In whose name it is sent.
    pub fn sender(&mut self, call: &Call) -> UserId {
        self.sender.take().map_or_else(|| call.caller.clone(), |sender| sender.0)
    }
}

/// What a message consists of and how it is treated. The fields are values, because they are checked in the
/// documented order of their codes and not by their types.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Content {
    /// A list of elements.
    #[schemars(with = "shape::Elements")]
    pub(crate) msg_body: Option<Value>,
    /// Opaque text; travels with the message.
    #[schemars(with = "Option<String>")]
    cloud_custom_data: Option<Value>,
    /// `NoUnread`, `NoLastMsg`, `WithMuteNotifications`.
    #[schemars(with = "Option<Vec<String>>")]
    send_msg_control: Option<Value>,
    /// 1: the sender's devices and history get it; 2: neither; absent: history only.
    #[schemars(with = "Option<i64>")]
    sync_other_machine: Option<Value>,
    /// Seconds to wait for devices; 0 reaches connected ones only; at most seven days.
    #[schemars(with = "Option<i64>")]
    msg_life_time: Option<Value>,
    /// 1 reaches connected devices only.
    #[schemars(with = "Option<i64>")]
    online_only_flag: Option<Value>,
    /// How an offline notification looks.
    #[schemars(with = "Option<shape::PushInfo>")]
    offline_push_info: Option<Value>,
    /// 1: the sender wants a receipt.
    #[schemars(with = "Option<i64>")]
    is_need_read_receipt: Option<Value>,
    /// 1: extensions may be attached later.
    #[schemars(with = "Option<i64>")]
    support_message_extension: Option<Value>,
}

/// Which bounds hold for a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// A life time over the bound is shortened, as the field table of `sendmsg` says.
    Single,
    /// A life time over the bound is refused, as the page of `batchsendmsg` says.
    Batch,
    /// As a single one, but large; the elements were checked.
    Stream,
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
    /// What the app's lists say of it; nothing where nobody asked.
    content: Result<Checked, Fault>,
}

impl Content {
    /// A content without options, as an import has it.
    pub(crate) fn plain(msg_body: Option<Value>, cloud_custom_data: Option<Value>) -> Self {
        Self { msg_body, cloud_custom_data, ..Self::default() }
    }

    /// Checks everything in the documented order (tencent-im-rest reference, §5.0, rows 9–15).
    pub(crate) fn compose(self, call: &Call, bound: Bound) -> Result<Composed> {
        let body = self.msg_body.ok_or(Fault::MsgBodyInvalid)?;
        if bound != Bound::Stream {
            check_body(&body)?;
        }
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
        let max = match bound {
            Bound::Single | Bound::Batch => call.app.settings.message_bytes,
            Bound::Stream => limit::STREAM_BYTES,
        };
        if body_text.len() + cloud.len() > max {
            return Err(match bound {
                Bound::Single | Bound::Stream => Fault::MessageTooLong { max },
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
            content: Ok(Checked::default()),
        })
    }
}

impl Composed {
    /// Looks for what the app does not want to be said. Outside any transaction; a refusal comes with the send, after
    /// those that concern sender and receiver.
    pub fn moderated(mut self, call: &Call) -> Self {
        self.content = call.node.moderation.check_body(call.app.id, &mut self.elements);
        if self.content.as_ref().is_ok_and(|checked| checked.is_changed) {
            self.body = self.elements.to_string();
        }
        self
    }

    /// Refuses what the app does not want to be said.
    pub fn ensure(&self) -> Result<()> {
        self.content.as_ref().map(drop).map_err(|fault| fault.clone().into())
    }

    /// The draft of a live message to one receiver: it takes the texts along.
    pub fn take_draft(
        &mut self,
        call: &Call,
        sender: UserId,
        receiver: UserId,
        msg_seq: Option<u32>,
        msg_random: u32,
    ) -> Draft {
        let (body, cloud) = (std::mem::take(&mut self.body), std::mem::take(&mut self.cloud));
        Draft { body, cloud, ..self.draft(call, sender, receiver, msg_seq, msg_random) }
    }

    /// The draft of a live message to one of several receivers.
    pub fn draft(&self, call: &Call, sender: UserId, receiver: UserId, msg_seq: Option<u32>, msg_random: u32) -> Draft {
        Draft {
            push: push::chat::notice(&sender, &self.elements, self.push.as_ref()),
            is_admin: call.app.is_admin(&sender),
            sender,
            receiver,
            group: None,
            msg_seq,
            msg_random,
            at: call.now,
            kind: store::append::DraftKind::Live,
            body: self.body.clone(),
            cloud: self.cloud.clone(),
            flags: self.flags.0,
            expires_at: call.now.plus(self.life_s * 1_000),
            origin: None,
            friends_only: false,
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

/// What a caller is told when stored messages could not be deleted: a code of its own, whatever the trouble was.
pub fn deletion(error: Error) -> Error {
    match error {
        Error::Failure(failure) => {
            error!(%failure, "messages were not deleted");
            Fault::DeleteFailed.into()
        }
        fault @ Error::Fault(_) => fault,
    }
}

/// Asks the app's webhook about one draft where that is wanted, sends it, and leaves a refusal for the webhook that tells of
/// it. None: it is not delivered, and its sender is not to learn it.
pub async fn deliver(call: &Call, composed: &Composed, draft: Draft, is_asked: bool) -> Result<Option<Sent>> {
    let (app, hub) = (call.app.id, &call.node.hub);
    let kept = hub.keep_for_refusal(app, &draft);
    let outcome = async {
        let asked = if is_asked { ask(call, draft, composed).await? } else { Some(draft) };
        match asked {
            Some(draft) => send(call, composed, draft).await.map(Some),
            None => Ok(None),
        }
    };
    match outcome.await {
        Err(error) => {
            hub.tell_unsent(app, kept, &error).await?;
            Err(error)
        }
        outcome => outcome,
    }
}

/// Sends one draft: refuses what the app does not want to be said, lets the append writer decide under its locks, and
/// tells the operators of what they want to look at.
async fn send(call: &Call, composed: &Composed, draft: Draft) -> Result<Sent> {
    let (app, node) = (call.app.id, &call.node);
    let review = match &composed.content {
        Ok(checked) => &checked.review,
        Err(fault) => return Err(chat::moderation::refusal(&node.store, app, &draft, fault.clone()).await),
    };
    let suspect = (!review.is_empty()).then(|| Suspect::message(&draft, review));
    let sent =
        if composed.is_online_only { node.hub.pass(app, draft).await? } else { node.store.send(app, draft).await? };
    if let Some(suspect) = suspect {
        node.moderation.note(app, call.now, suspect.with_key(sent.key)).await?;
    }
    Ok(sent)
}

/// Asks the app's webhook about what the rules allow, if the app wants to be asked. None: it is not to be delivered, and
/// its sender is not to learn it.
async fn ask(call: &Call, draft: Draft, composed: &Composed) -> Result<Option<Draft>> {
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

pub(crate) fn text(value: Option<Value>, field: &'static str) -> Result<String, Fault> {
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
