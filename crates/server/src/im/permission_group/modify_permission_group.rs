//! Changes a permission group.

use chat::permission::{Wish, modify};
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use crate::im::action::{Action, Call, Done, Write};
use crate::im::attribute::by;
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Changes a permission group; what is absent stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyPermissionGroup {
    /// The group.
    group_id: GroupName,
    /// Which permission group.
    permission_group_id: String,
    /// Up to 150 bytes.
    permission_group_name: Option<String>,
    /// What its members may do, one bit for each thing.
    permission: Option<i64>,
    /// Up to 3,000 bytes of the app's own.
    custom_string: Option<String>,
}

impl Action for ModifyPermissionGroup {
    const NAME: &'static str = "group_open_http_svc/modify_permission_group";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "permission-group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for ModifyPermissionGroup {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        let wish = Wish {
            name: self.permission_group_name.clone(),
            permission: self.permission,
            custom: self.custom_string.clone(),
        };
        modify(tx, &call.app, &self.group_id.0, &by(call), &self.permission_group_id, &wish)?;
        Ok(Done {})
    }
}
