//! Takes a message back from both sides, however old it is.

use chat::message::Recaller;
use contract::codes::Family;
use contract::{MsgKey, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::send_fault;
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User};

/// Takes a message back from both sides, however old it is.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AdminMsgwithdraw {
    /// Who received it.
    #[serde(rename = "To_Account")]
    receiver: User,
    /// Who sent it.
    #[serde(rename = "From_Account")]
    sender: User,
    /// Its key.
    #[serde(rename = "MsgKey")]
    key: String,
}

impl Action for AdminMsgwithdraw {
    const NAME: &'static str = "openim/admin_msgwithdraw";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "message";
    const FIELD_FAULT: FieldFault = send_fault;
    type Answer = Done;
}

impl Write for AdminMsgwithdraw {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        let key: MsgKey = self.key.parse()?;
        let recaller = Recaller::Admin(call.caller.clone());
        chat::message::recall(tx, call.now, &self.sender.0, &self.receiver.0, key, &recaller)?;
        Ok(Done {})
    }
}
