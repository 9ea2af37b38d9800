//! Tells which accounts are in a live room.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{BATCH, Members, accounts, names, room};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};
use crate::im::group::{GroupName, group_fault};

/// Tells which of some accounts are in a live room now.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CheckMembers {
    /// The group.
    group_id: GroupName,
    /// Up to 500.
    #[serde(rename = "Member_Account")]
    members: Vec<User>,
}

impl Action for CheckMembers {
    const NAME: &'static str = "group_open_avchatroom_http_svc/check_members";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "live-room";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Members;
}

impl Perform for CheckMembers {
    async fn perform(self, call: Call) -> Result<Members> {
        let asked = accounts(&self.members, "Member_Account", BATCH)?;
        let key = room(&call, &self.group_id.0).await?;
        Ok(Members { members: names(&call.node.hub.live().present(key, &asked)) })
    }
}
