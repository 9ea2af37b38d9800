//! Sets some of a group's attributes.

use chat::attributes::Change;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Pair, change, pairs};
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Sets attributes of a group; those that are not named stay. A group has up to 16, with values of up to 16,000 bytes
/// altogether, and takes five writes a second.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyGroupAttr {
    /// The group.
    group_id: GroupName,
    /// The pairs.
    group_attr: Vec<Pair>,
}

impl Action for ModifyGroupAttr {
    const NAME: &'static str = "group_open_http_svc/modify_group_attr";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for ModifyGroupAttr {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        change(call, tx, &self.group_id, &Change::Modify(pairs(&self.group_attr)?))
    }
}
