//! Removes some of a group's attributes.

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

/// Removes attributes of a group. If one is not there, none is removed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteGroupAttr {
    /// The group.
    group_id: GroupName,
    /// Which, by their keys.
    group_attr: Vec<Key>,
}

/// A pair by its key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Key {
    /// The key.
    key: String,
}

impl Action for DeleteGroupAttr {
    const NAME: &'static str = "group_open_http_svc/delete_group_attr";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for DeleteGroupAttr {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        let keys = self.group_attr.iter().map(|pair| pair.key.clone()).collect();
        change(call, tx, &self.group_id, &Change::Delete(keys))
    }
}
