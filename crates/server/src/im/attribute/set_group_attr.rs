//! Sets all of a group's attributes.

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

/// Sets the attributes of a group: those that are given take the place of all. A group has up to 16, with values of up
/// to 16,000 bytes altogether, and takes five writes a second.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SetGroupAttr {
    /// The group.
    group_id: GroupName,
    /// The pairs.
    group_attr: Vec<Pair>,
}

impl Action for SetGroupAttr {
    const NAME: &'static str = "group_open_http_svc/set_group_attr";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for SetGroupAttr {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        change(call, tx, &self.group_id, &Change::Replace(pairs(&self.group_attr)?))
    }
}
