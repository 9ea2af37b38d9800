//! Reads the key-value pairs of a message of a group.

use chat::group::message::pairs;
use contract::codes::Family;
use contract::{Result, Seq};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Snapshot;

use super::{GroupName, by, group_fault, scope};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::FieldFault;
use crate::im::message::get_key_values::Answer;

/// Which message of a group, and from where on; as `get_key_values` does it for one-to-one messages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GroupGetKeyValues {
    /// The group.
    group_id: GroupName,
    /// The message.
    msg_seq: i64,
    /// Only pairs whose `Seq` is not below this one; absent means all.
    start_seq: Option<u32>,
}

impl Action for GroupGetKeyValues {
    const NAME: &'static str = "openim_msg_ext_http_svc/group_get_key_values";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Read for GroupGetKeyValues {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let start = self.start_seq.unwrap_or_default().into();
        Ok(pairs(snapshot, &scope(call), &by(call, None), &self.group_id.0, Seq(self.msg_seq), start)?.into())
    }
}
