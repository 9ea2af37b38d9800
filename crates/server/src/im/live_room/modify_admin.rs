//! Makes administrators of a live room.

use chat::live::set_admins;
use contract::codes::Family;
use contract::{Result, limit};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{accounts, sets};
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User};
use crate::im::group::{GroupName, group_fault};

/// Makes accounts administrators of a live room, or ordinary again. A room has up to five; they need not be in it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyAdmin {
    /// The group.
    group_id: GroupName,
    /// 1 makes them administrators, 2 ordinary.
    command_type: i64,
    /// Who.
    #[serde(rename = "Admin_Account")]
    admins: Vec<User>,
}

impl Action for ModifyAdmin {
    const NAME: &'static str = "group_open_avchatroom_http_svc/modify_admin";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "live-room";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for ModifyAdmin {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        let accounts = accounts(&self.admins, "Admin_Account", limit::LIVE_ADMINS)?;
        set_admins(tx, call.now, &call.app, &self.group_id.0, &accounts, sets(self.command_type)?)?;
        Ok(Done {})
    }
}
