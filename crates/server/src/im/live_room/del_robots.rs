//! Has accounts stay in a live room no longer than they are connected.

use chat::live::check_managed;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{BATCH, accounts, room};
use crate::im::action::{Action, Call, Done, Perform};
use crate::im::fields::{FieldFault, User};
use crate::im::group::{GroupName, group_fault};

/// Has accounts stay in a live room no longer than they are connected.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DelRobots {
    /// The group.
    group_id: GroupName,
    /// Up to 500.
    #[serde(rename = "Robot_Account")]
    robots: Vec<User>,
}

impl Action for DelRobots {
    const NAME: &'static str = "group_open_avchatroom_http_svc/del_robots";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "live-room";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Perform for DelRobots {
    async fn perform(self, call: Call) -> Result<Done> {
        check_managed(&call.app)?;
        let robots = accounts(&self.robots, "Robot_Account", BATCH)?;
        let key = room(&call, &self.group_id.0).await?;
        call.node.hub.live().release(key, &robots);
        Ok(Done {})
    }
}
