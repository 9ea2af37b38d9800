//! Deletes counters of a group.

use chat::counters::delete;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::super::attribute::by;
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Deletes counters of a group. Those that are not there are passed over.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteGroupCounter {
    /// The group.
    group_id: GroupName,
    /// Which; absent means all.
    group_counter_keys: Option<Vec<String>>,
}

impl Action for DeleteGroupCounter {
    const NAME: &'static str = "group_open_http_svc/delete_group_counter";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for DeleteGroupCounter {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        delete(tx, &call.app, &self.group_id.0, &by(call), self.group_counter_keys.as_deref())?;
        Ok(Done {})
    }
}
