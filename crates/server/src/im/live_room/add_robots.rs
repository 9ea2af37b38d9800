//! Has accounts stay in a live room without a connection.

use chat::live::{check_accounts, check_managed};
use contract::codes::Family;
use contract::{Result, limit};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{BATCH, accounts, room};
use crate::im::action::{Action, Call, Done, Perform};
use crate::im::fields::{FieldFault, User};
use crate::im::group::{GroupName, group_fault};

/// Has accounts stay in a live room for three days, whether they are connected or not. A node that starts anew does not
/// know of them any more.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AddRobots {
    /// The group.
    group_id: GroupName,
    /// Up to 500.
    #[serde(rename = "Robot_Account")]
    robots: Vec<User>,
}

impl Action for AddRobots {
    const NAME: &'static str = "group_open_avchatroom_http_svc/add_robots";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "live-room";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Perform for AddRobots {
    async fn perform(self, call: Call) -> Result<Done> {
        check_managed(&call.app)?;
        let robots = accounts(&self.robots, "Robot_Account", BATCH)?;
        let key = room(&call, &self.group_id.0).await?;
        let named = robots.clone();
        call.node.store.read(call.app.id, move |snapshot| check_accounts(snapshot, &named)).await?;
        let until = call.now.plus(limit::LIVE_ROBOT_MS);
        call.node.hub.live().keep(key, &self.group_id.0, &robots, call.now, until);
        Ok(Done {})
    }
}
