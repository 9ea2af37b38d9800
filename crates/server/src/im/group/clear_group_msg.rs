//! Clears the history of a group for its members.

use chat::group::message::clear;
use contract::codes::Family;
use contract::{Fault, Result, Seq};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{GroupName, by, group_fault};
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::FieldFault;

/// Clears the history of a group for its members; the back end still reads it by `group_msg_get_simple`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ClearGroupMsg {
    /// The group.
    group_id: GroupName,
    /// Up to and with this message; absent means all.
    msg_seq: Option<i64>,
}

impl Action for ClearGroupMsg {
    const NAME: &'static str = "group_open_http_svc/clear_group_msg";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for ClearGroupMsg {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        if self.msg_seq.is_some_and(|seq| seq < 0) {
            return Err(Fault::FieldInvalid { field: "MsgSeq" }.into());
        }
        clear(tx, &by(call, None), &self.group_id.0, self.msg_seq.map(Seq))?;
        Ok(Done {})
    }
}
