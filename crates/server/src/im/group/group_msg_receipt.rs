//! Gives receipts in the name of a member.

use chat::group::read::give;
use contract::Result;
use contract::codes::Family;
use contract::group::RECEIPT_BATCH;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::group_msg_recall::{Place, places};
use super::{GroupName, by, group_fault, scope};
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User};

/// Gives receipts in the name of a member, for messages that asked for them; others are passed over.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GroupMsgReceipt {
    /// The group.
    group_id: GroupName,
    /// Who has read.
    #[serde(rename = "From_Account")]
    reader: User,
    /// Up to 50.
    msg_seq_list: Vec<Place>,
}

impl Action for GroupMsgReceipt {
    const NAME: &'static str = "group_open_http_svc/group_msg_receipt";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for GroupMsgReceipt {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        let seqs = places(&self.msg_seq_list, RECEIPT_BATCH)?;
        give(tx, &scope(call), &by(call, Some(&self.reader)), &self.group_id.0, &seqs)?;
        Ok(Done {})
    }
}
