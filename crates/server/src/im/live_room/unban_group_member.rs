//! Lets accounts into a live room again.

use chat::ground::By;
use chat::live::unban;
use contract::codes::Family;
use contract::{Result, limit};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::accounts;
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User};
use crate::im::group::{GroupName, group_fault};

/// Lets accounts into a live room again. One that was not kept out is no fault.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UnbanGroupMember {
    /// The group.
    group_id: GroupName,
    /// Up to 20.
    #[serde(rename = "Members_Account")]
    members: Vec<User>,
}

impl Action for UnbanGroupMember {
    const NAME: &'static str = "group_open_http_svc/unban_group_member";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "live-room";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for UnbanGroupMember {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        let accounts = accounts(&self.members, "Members_Account", limit::BAN_BATCH)?;
        unban(tx, &call.app, &self.group_id.0, &By::App(call.caller.clone()), &accounts)?;
        Ok(Done {})
    }
}
