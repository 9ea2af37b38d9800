//! Reads counters of a group.

use chat::counters::list;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Snapshot;

use super::super::attribute::by;
use super::Answer;
use crate::im::action::{Action, Call, Read};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Reads counters of a group. Those that are not there are left out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetGroupCounter {
    /// The group.
    group_id: GroupName,
    /// Which; absent means all.
    group_counter_keys: Option<Vec<String>>,
}

impl Action for GetGroupCounter {
    const NAME: &'static str = "group_open_http_svc/get_group_counter";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Read for GetGroupCounter {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let keys = self.group_counter_keys.as_deref();
        Ok(Answer::of(list(snapshot, &call.app, &self.group_id.0, &by(call), keys)?))
    }
}
