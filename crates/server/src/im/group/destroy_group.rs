//! Disbands a group.

use chat::group::create::disband;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{GroupName, by, group_fault, scope};
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::FieldFault;

/// Disbands a group, with all that is in it, for good. Its id is free again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DestroyGroup {
    /// The group.
    group_id: GroupName,
}

impl Action for DestroyGroup {
    const NAME: &'static str = "group_open_http_svc/destroy_group";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for DestroyGroup {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        disband(tx, &scope(call), &by(call, None), &self.group_id.0)?;
        Ok(Done {})
    }
}
