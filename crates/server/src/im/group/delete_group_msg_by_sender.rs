//! Takes back what one account wrote in a group.

use chat::group::message::recall_sender;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Spot, by, group_fault, scope};
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User};

/// Takes back what one account wrote among the newest 1,000 messages of a group. Devices are not told; they find it
/// recalled when they read. Vendors take back what they have pushed of it, as far as they can. In a live room nothing
/// happens.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteGroupMsgBySender {
    #[serde(rename = "*")]
    #[schemars(flatten)]
    spot: Spot,
    /// Who wrote.
    #[serde(rename = "Sender_Account")]
    sender: User,
}

impl Action for DeleteGroupMsgBySender {
    const NAME: &'static str = "group_open_http_svc/delete_group_msg_by_sender";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for DeleteGroupMsgBySender {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        recall_sender(tx, &scope(call), &by(call, None), &self.spot.id()?, &self.sender.0)?;
        Ok(Done {})
    }
}
