//! Counts who is in a live room.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::room;
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Counts the accounts that are in a live room now.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetOnlineMemberNum {
    /// The group.
    group_id: GroupName,
}

/// The number.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    online_member_num: usize,
}

impl Action for GetOnlineMemberNum {
    const NAME: &'static str = "group_open_http_svc/get_online_member_num";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "live-room";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Perform for GetOnlineMemberNum {
    async fn perform(self, call: Call) -> Result<Answer> {
        let key = room(&call, &self.group_id.0).await?;
        Ok(Answer { online_member_num: call.node.hub.live().online(key) })
    }
}
