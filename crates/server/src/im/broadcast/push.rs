//! Pushes to every account of the app, or to all who match a condition: a message of their conversations, or a
//! notification alone.

use ::push::broadcast::{Audience, Request};
use contract::codes::Family;
use contract::{Fault, Result, limit};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::content::{Carried, announced, bare, data_id, speaker};
use super::hands;
use super::im_push::{Answer, start};
use super::{Product, admit, condition, push_fault, task};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};

/// Pushes to all accounts, or to those that fit a condition. With `MsgBody` it is a message, without one a notification.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Push {
    /// In whose name.
    #[serde(rename = "From_Account")]
    sender: User,
    /// Tells repetitions: the same push within two minutes is one.
    #[serde(rename = "MsgRandom")]
    random: u32,
    /// A list of elements; with notification and condition at most 10 KB.
    #[serde(rename = "MsgBody")]
    body: Option<Value>,
    /// 0, the default: every account gets the message into its history, and it counts as unread; 1: it is shown to
    /// connected devices and notified to the others, and not stored.
    #[serde(rename = "OnlineOnlyFlag")]
    online_only: Option<i64>,
    /// How the notification looks; needed without `MsgBody`. `PushFlag` 1 keeps it to connected devices.
    #[serde(rename = "OfflinePushInfo")]
    push: Option<Value>,
    /// See `im_push`.
    #[serde(rename = "Condition")]
    condition: Option<Value>,
    /// The caller's own name for the push, at most 64 bytes.
    #[serde(rename = "DataId")]
    data_id: Option<String>,
}

impl Action for Push {
    const NAME: &'static str = "timpush/push";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    const FIELD_FAULT: FieldFault = push_fault;
    type Answer = Answer;
}

impl Perform for Push {
    async fn perform(self, call: Call) -> Result<Answer> {
        admit(&call, Product::TimPush)?;
        let carried = Carried { body: self.body, push: self.push, condition: self.condition };
        carried.check_size()?;
        if carried.body.is_some() {
            carried.message()?;
        }
        let info = carried.info()?;
        let is_passing = self.online_only == Some(1);
        let data_id = data_id(self.data_id)?;
        let places = call.node.store.read(call.app.id, chat::tags::places).await?;
        let condition = condition::parse(carried.condition.as_ref(), &places)?;
        let (sender, nick) = speaker(&call, Some(self.sender.0)).await?;
        let msg_seq = u32::from_le_bytes(crate::vault::random());
        let (matter, notification) = match &carried.body {
            Some(body) if is_passing => {
                (gateway::broadcast::matter(msg_seq, body), announced(&sender, &nick, body, carried.push.as_ref()))
            }
            Some(body) => {
                let push = ::push::chat::notice(&sender, body, carried.push.as_ref());
                (hands::stored(msg_seq, body, push, call.app.is_admin(&sender)), None)
            }
            None => {
                let info = info.ok_or(Fault::FieldMissing { field: "OfflinePushInfo" })?;
                let is_connected = info.get("PushFlag").and_then(Value::as_i64) == Some(1);
                (hands::nothing(is_connected), Some(bare(&sender, &nick, info)?))
            }
        };
        let request = Request {
            origin: Self::NAME,
            random: self.random,
            crc: carried.print(&[&is_passing.to_string(), &data_id]),
            matter,
            notification,
            data_id,
            life_ms: limit::LIFE_TIME_S * 1_000,
            is_kept: false,
            task: task::unique(),
            sender,
        };
        let task_id = start(&call, request, Audience::Accounts { condition, upto: None }).await?;
        Ok(Answer { task_id })
    }
}
