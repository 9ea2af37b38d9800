//! Removes permission groups.

use chat::permission::destroy;
use contract::codes::Family;
use contract::{Fault, Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use crate::im::action::{Action, Call, Write};
use crate::im::attribute::by;
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};
use crate::im::verdict;

/// Removes permission groups. One that is not there does not keep the others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DestroyPermissionGroup {
    /// The group.
    group_id: GroupName,
    /// Up to 20.
    permission_group_id_list: Vec<String>,
}

/// What became of one.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Item {
    error_code: i32,
    error_info: &'static str,
    permission_group_id: String,
}

/// In the order asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    permission_group_result_list: Vec<Item>,
}

impl Action for DestroyPermissionGroup {
    const NAME: &'static str = "group_open_http_svc/destroy_permission_group";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "permission-group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Write for DestroyPermissionGroup {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let ids = &self.permission_group_id_list;
        if ids.is_empty() || ids.len() > limit::PERMISSION_GROUP_BATCH {
            return Err(Fault::FieldInvalid { field: "PermissionGroupIdList" }.into());
        }
        let done = destroy(tx, &call.app, &self.group_id.0, &by(call), ids)?;
        let item = |(id, outcome): (&String, Result<(), Fault>)| {
            let (error_code, error_info) = verdict(Self::FAMILY, &outcome);
            Item { error_code, error_info, permission_group_id: id.clone() }
        };
        Ok(Answer { permission_group_result_list: ids.iter().zip(done).map(item).collect() })
    }
}
