//! Sends a message into all live rooms of the app.

use std::sync::Arc;

use chat::live::{check_accounts, check_managed};
use contract::codes::Family;
use contract::group::Priority;
use contract::message::{Flags, check_body};
use contract::{Fault, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};
use crate::im::group::group_fault;
use crate::im::shape;

/// Sends a message to everybody who is in a live room of the app, at most once a second. Needs the management of live
/// rooms, which plans of the flagship and above include. Fields are checked in this order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SendBroadcastMsg {
    /// In whose name; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    from: Option<User>,
    /// Any number.
    random: u32,
    /// A list of elements.
    #[schemars(with = "shape::Elements")]
    msg_body: Value,
    /// Opaque text; travels with the message.
    cloud_custom_data: Option<String>,
}

/// Where it stands among the messages to all rooms.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    msg_seq: i64,
}

impl Action for SendBroadcastMsg {
    const NAME: &'static str = "group_open_http_svc/send_broadcast_msg";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "live-room";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Perform for SendBroadcastMsg {
    async fn perform(mut self, call: Call) -> Result<Answer> {
        check_body(&self.msg_body).map_err(|fault| match fault {
            Fault::MsgElementInvalid { what } => Fault::MsgElementInvalid { what },
            _ => Fault::FieldInvalid { field: "MsgBody" },
        })?;
        check_managed(&call.app)?;
        let sender = self.sender(&call).await?;
        call.node.moderation.check_body(call.app.id, &mut self.msg_body)?;
        let (body, cloud) = (self.msg_body.to_string(), self.cloud_custom_data.unwrap_or_default());
        let max = call.app.settings.message_bytes;
        if body.len() + cloud.len() > max {
            return Err(Fault::MessageTooLong { max }.into());
        }
        let message = contract::group::GroupMessage {
            sender,
            seq: contract::Seq(0),
            at: call.now,
            random: self.random,
            priority: Priority::High,
            body: Arc::from(body),
            cloud: Arc::from(cloud),
            flags: Flags::ONLINE_ONLY,
            mentions: Vec::new(),
            mentions_all: false,
            targets: Vec::new(),
        };
        let seq = call.node.hub.tell_live_rooms(call.app.id, call.now, &message)?;
        Ok(Answer { msg_seq: seq.0 })
    }
}

impl SendBroadcastMsg {
    /// Who speaks; it must exist.
    async fn sender(&self, call: &Call) -> Result<UserId> {
        let Some(User(from)) = self.from.clone() else { return Ok(call.caller.clone()) };
        if !call.app.is_admin(&from) {
            let named = [from.clone()];
            call.node.store.read(call.app.id, move |snapshot| check_accounts(snapshot, &named)).await?;
        }
        Ok(from)
    }
}
