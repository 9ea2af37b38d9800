//! Sends a message to one account, in the name of any account of the app.

use contract::codes::Family;
use contract::{MsgKey, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Bound, Content, ask, names, send, send_fault};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};

/// The message. Fields are checked in this order.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Sendmsg {
    /// Who receives it.
    #[serde(rename = "To_Account")]
    receiver: User,
    /// In whose name; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    sender: Option<User>,
    /// Orders messages of one second and tells repetitions; absent means that the server chooses.
    #[serde(rename = "MsgSeq")]
    msg_seq: Option<u32>,
    /// Tells repetitions.
    #[serde(rename = "MsgRandom")]
    msg_random: u32,
    /// A list of elements.
    #[serde(rename = "MsgBody")]
    body: Option<Value>,
    /// Opaque; travels with the message.
    #[serde(rename = "CloudCustomData")]
    cloud: Option<Value>,
    /// `ForbidBeforeSendMsgCallback`, `ForbidAfterSendMsgCallback`: the webhook is not called for this message.
    #[serde(rename = "ForbidCallbackControl")]
    unhooked: Option<Value>,
    /// `NoUnread`, `NoLastMsg`, `WithMuteNotifications`.
    #[serde(rename = "SendMsgControl")]
    control: Option<Value>,
    /// 1: the sender's devices and history get it; 2: neither; absent: history only.
    #[serde(rename = "SyncOtherMachine")]
    sync: Option<Value>,
    /// Seconds to wait for devices; 0 reaches connected ones only; more than seven days means seven days.
    #[serde(rename = "MsgLifeTime")]
    life: Option<Value>,
    /// 1 reaches connected devices only.
    #[serde(rename = "OnlineOnlyFlag")]
    online_only: Option<Value>,
    /// How an offline notification looks.
    #[serde(rename = "OfflinePushInfo")]
    push: Option<Value>,
    /// 1: the sender wants a receipt.
    #[serde(rename = "IsNeedReadReceipt")]
    receipt: Option<Value>,
    /// 1: extensions may be attached later.
    #[serde(rename = "SupportMessageExtension")]
    extension: Option<Value>,
}

/// What identifies the stored message.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    msg_time: i64,
    msg_key: String,
}

impl Action for Sendmsg {
    const NAME: &'static str = "openim/sendmsg";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "message";
    const FIELD_FAULT: FieldFault = send_fault;
    type Answer = Answer;
}

impl Perform for Sendmsg {
    async fn perform(self, call: Call) -> Result<Answer> {
        let sender = self.sender.map_or_else(|| call.caller.clone(), |sender| sender.0);
        let content = Content {
            msg_body: self.body,
            sync_other_machine: self.sync,
            msg_life_time: self.life,
            online_only_flag: self.online_only,
            offline_push_info: self.push,
            cloud_custom_data: self.cloud,
            send_msg_control: self.control,
            is_need_read_receipt: self.receipt,
            support_message_extension: self.extension,
        };
        let composed = content.compose(&call, Bound::Single)?;
        let unhooked = names(self.unhooked.as_ref(), "ForbidCallbackControl")?;
        let mut draft = composed.draft(&call, sender, self.receiver.0, self.msg_seq, self.msg_random);
        if unhooked.contains(&"ForbidAfterSendMsgCallback") {
            draft.told = None;
        }
        if !unhooked.contains(&"ForbidBeforeSendMsgCallback") {
            let Some(passed) = ask(&call, draft, &composed).await? else {
                // The app wants it to look as if it had been sent.
                let (time, seq) = (call.now.secs(), self.msg_seq.unwrap_or_default());
                let key = MsgKey { time, seq, random: self.msg_random };
                return Ok(Answer { msg_time: time, msg_key: key.to_string() });
            };
            draft = passed;
        }
        let sent = send(&call, draft, composed.is_online_only).await?;
        Ok(Answer { msg_time: sent.key.time, msg_key: sent.key.to_string() })
    }
}
