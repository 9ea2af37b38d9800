//! Makes a robot. Making one again is not an error; what is given is changed.

use chat::robot::{Card, create};
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::User;

/// Makes a robot. It is written to and writes like any account, but nobody logs in as one. An app has up to 20 robots by the
/// plans that include them. Fields are checked in this order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CreateRobot {
    /// `@RBT#` and a name of its own, up to 32 bytes altogether.
    #[serde(rename = "UserID")]
    id: User,
    /// Up to 500 bytes.
    nick: Option<String>,
    /// The URL of its picture, up to 500 bytes.
    face_url: Option<String>,
    /// What it says of itself, up to 500 bytes.
    self_signature: Option<String>,
}

impl Action for CreateRobot {
    const NAME: &'static str = "openim_robot_http_svc/create_robot";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "robot";
    type Answer = Done;
}

impl Write for CreateRobot {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        let card =
            Card { nick: self.nick.clone(), face: self.face_url.clone(), signature: self.self_signature.clone() };
        create(tx, call.now, &call.app, &self.id.0, &card)?;
        Ok(Done {})
    }
}
