//! Sets, removes or clears the key-value pairs of a message of a group.

use chat::group::message::extend;
use contract::codes::Family;
use contract::message::{Extension, ExtensionChange};
use contract::{Fault, Result, Seq};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{GroupName, by, group_fault, scope};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::FieldFault;
use crate::im::message::set_key_values::{Answer, Asked};

/// Which message of a group, and what becomes of its pairs; as `set_key_values` does it for one-to-one messages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GroupSetKeyValues {
    /// The group.
    group_id: GroupName,
    /// The message, which must have been sent with `SupportMessageExtension` 1.
    msg_seq: i64,
    /// 1 sets the pairs that are given, 2 removes them, 3 removes all.
    operate_type: i64,
    /// 1 to 20 pairs, for 1 and 2; a message has at most 300.
    extension_list: Option<Vec<Asked>>,
}

impl Action for GroupSetKeyValues {
    const NAME: &'static str = "openim_msg_ext_http_svc/group_set_key_values";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Write for GroupSetKeyValues {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let field = "OperateType";
        let change = ExtensionChange::from_number(self.operate_type).ok_or(Fault::FieldInvalid { field })?;
        let pairs: Vec<Extension> = self.extension_list.iter().flatten().map(Extension::from).collect();
        let seq = Seq(self.msg_seq);
        Ok(extend(tx, &scope(call), &by(call, None), &self.group_id.0, seq, change, &pairs)?.into())
    }
}
