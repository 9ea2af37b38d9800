//! Sends a message to one account, in the name of any account of the app.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Bound, Content, send, send_fault};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};
use crate::im::shape;

/// Sends a message to one account, in the name of any account of the app. Fields are checked in the order of the table.
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
    #[schemars(with = "shape::Elements")]
    body: Option<Value>,
    /// Opaque; travels with the message.
    #[serde(rename = "CloudCustomData")]
    #[schemars(with = "Option<String>")]
    cloud: Option<Value>,
    /// `NoUnread`, `NoLastMsg`, `WithMuteNotifications`.
    #[serde(rename = "SendMsgControl")]
    #[schemars(with = "Option<Vec<String>>")]
    control: Option<Value>,
    /// 1: the sender's devices and history get it; 2: neither; absent: history only.
    #[serde(rename = "SyncOtherMachine")]
    #[schemars(with = "Option<i64>")]
    sync: Option<Value>,
    /// Seconds to wait for devices; 0 reaches connected ones only; more than seven days means seven days.
    #[serde(rename = "MsgLifeTime")]
    #[schemars(with = "Option<i64>")]
    life: Option<Value>,
    /// 1 reaches connected devices only.
    #[serde(rename = "OnlineOnlyFlag")]
    #[schemars(with = "Option<i64>")]
    online_only: Option<Value>,
    /// How an offline notification looks.
    #[serde(rename = "OfflinePushInfo")]
    #[schemars(with = "Option<shape::PushInfo>")]
    push: Option<Value>,
    /// 1: the sender wants a receipt.
    #[serde(rename = "IsNeedReadReceipt")]
    #[schemars(with = "Option<i64>")]
    receipt: Option<Value>,
    /// 1: extensions may be attached later.
    #[serde(rename = "SupportMessageExtension")]
    #[schemars(with = "Option<i64>")]
    extension: Option<Value>,
}

/// What identifies the stored message.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// When it was stored, in seconds.
    msg_time: i64,
    /// Names the message in all later calls.
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
        let draft = composed.draft(&call, sender, self.receiver.0, self.msg_seq, self.msg_random);
        let sent = send(&call, draft, composed.is_online_only).await?;
        Ok(Answer { msg_time: sent.key.time, msg_key: sent.key.to_string() })
    }
}
