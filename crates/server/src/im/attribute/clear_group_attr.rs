//! Removes a group's attributes.

use chat::attributes::Change;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::change;
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Removes all attributes of a group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ClearGroupAttr {
    /// The group.
    group_id: GroupName,
}

impl Action for ClearGroupAttr {
    const NAME: &'static str = "group_open_http_svc/clear_group_attr";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for ClearGroupAttr {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        change(call, tx, &self.group_id, &Change::Clear)
    }
}
