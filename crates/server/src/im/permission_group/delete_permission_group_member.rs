//! Takes accounts out of a permission group.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Member, MoveAnswer, shift};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Takes accounts out of a permission group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DeletePermissionGroupMember {
    /// The group.
    group_id: GroupName,
    /// Which permission group.
    permission_group_id: String,
    /// Up to 100.
    member_list: Vec<Member>,
}

impl Action for DeletePermissionGroupMember {
    const NAME: &'static str = "group_open_http_svc/delete_permission_group_member";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "permission-group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = MoveAnswer;
}

impl Write for DeletePermissionGroupMember {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<MoveAnswer> {
        shift(call, tx, &self.group_id, &self.permission_group_id, &self.member_list, false)
    }
}
