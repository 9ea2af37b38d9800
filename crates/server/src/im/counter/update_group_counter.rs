//! Changes counters of a group.

use chat::counters::{Mode, change};
use contract::codes::Family;
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::super::attribute::by;
use super::{Answer, Counter};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Changes counters of a group, which has up to 20. One that is not there begins with 0.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateGroupCounter {
    /// The group.
    group_id: GroupName,
    /// The counters.
    group_counter: Vec<Counter>,
    /// `Set`, which is also meant if it is absent; `Increase` or `Decrease`.
    mode: Option<String>,
}

impl Action for UpdateGroupCounter {
    const NAME: &'static str = "group_open_http_svc/update_group_counter";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Write for UpdateGroupCounter {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let mode = match self.mode.as_deref() {
            None | Some("Set") => Mode::Set,
            Some("Increase") => Mode::Increase,
            Some("Decrease") => Mode::Decrease,
            Some(_) => return Err(Fault::FieldInvalid { field: "Mode" }.into()),
        };
        let pairs: Vec<(String, i64)> = self.group_counter.iter().map(|pair| (pair.key.clone(), pair.value)).collect();
        Ok(Answer::of(change(tx, &call.app, &self.group_id.0, &by(call), mode, &pairs)?))
    }
}
