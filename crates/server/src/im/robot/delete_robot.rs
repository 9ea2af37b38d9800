//! Makes a robot invalid: it neither writes nor is written to until it is made again.

use chat::robot::delete;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::User;

/// Deletes a robot. What it wrote stays; one that is invalid already is no error.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DeleteRobot {
    /// Its UserID.
    #[serde(rename = "Robot_Account")]
    id: User,
}

impl Action for DeleteRobot {
    const NAME: &'static str = "openim_robot_http_svc/delete_robot";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "robot";
    type Answer = Done;
}

impl Write for DeleteRobot {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        delete(tx, call.now, &self.id.0)?;
        Ok(Done {})
    }
}
