//! Imports a message of another system, with its own time.

use contract::codes::Family;
use contract::{Error, Fault, Millis, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Bound, Composed, Content, send_fault};
use crate::im::action::{Action, Call, Done, Perform};
use crate::im::fields::{FieldFault, User};
use crate::im::shape;

/// Imports a message of another system, with its own time. Fields are checked in the order of the table.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Importmsg {
    /// 5 (1 in older pages): a migration while both systems run, counted as unread and delivered; 2: history alone.
    #[serde(rename = "SyncFromOldSystem")]
    mode: i64,
    /// Who received it.
    #[serde(rename = "To_Account")]
    receiver: User,
    /// Who sent it.
    #[serde(rename = "From_Account")]
    sender: User,
    /// See `sendmsg`.
    #[serde(rename = "MsgSeq")]
    msg_seq: Option<u32>,
    /// See `sendmsg`.
    #[serde(rename = "MsgRandom")]
    msg_random: u32,
    /// Seconds since the epoch.
    #[serde(rename = "MsgTimeStamp")]
    time: u32,
    /// See `sendmsg`.
    #[serde(rename = "MsgBody")]
    #[schemars(with = "shape::Elements")]
    body: Option<Value>,
    /// See `sendmsg`.
    #[serde(rename = "CloudCustomData")]
    #[schemars(with = "Option<String>")]
    cloud: Option<Value>,
}

impl Action for Importmsg {
    const NAME: &'static str = "openim/importmsg";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "message";
    const FIELD_FAULT: FieldFault = send_fault;
    type Answer = Done;
}

impl Perform for Importmsg {
    async fn perform(self, call: Call) -> Result<Done> {
        let counts = match self.mode {
            1 | 5 => true,
            2 => false,
            _ => return Err(Fault::ImportModeInvalid.into()),
        };
        let content = Content::plain(self.body, self.cloud);
        let mut composed = content.compose(&call, Bound::Single)?;
        let at = Millis::from_secs(i64::from(self.time));
        let (sender, receiver) = (self.sender.0, self.receiver.0);
        let draft = composed.take_draft(&call, sender, receiver, self.msg_seq, self.msg_random);
        let draft = Composed::import(draft, at, counts);
        match call.node.store.send(call.app.id, draft).await {
            Ok(_) => Ok(Done {}),
            Err(Error::Fault(Fault::SenderUnknown)) => Err(Fault::BatchSenderUnknown.into()),
            Err(error) => Err(error),
        }
    }
}
