//! Lists the valid robots of the app.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Snapshot, robots};

use crate::im::action::{Action, Call, Read};

/// Nothing is asked.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetAllRobots {}

/// Their UserIDs, in order.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    #[serde(rename = "Robot_Account")]
    robots: Vec<String>,
}

impl Action for GetAllRobots {
    const NAME: &'static str = "openim_robot_http_svc/get_all_robots";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "robot";
    type Answer = Answer;
}

impl Read for GetAllRobots {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let robots = robots::all(snapshot)?.iter().map(ToString::to_string).collect();
        Ok(Answer { robots })
    }
}
