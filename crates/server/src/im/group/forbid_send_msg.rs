//! Mutes accounts in a group.

use chat::group::role::mute;
use contract::Result;
use contract::codes::Family;
use contract::group::MEMBER_BATCH;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::modify_group_member_info::seconds;
use super::{Spot, batch, by, group_fault, scope};
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User};

/// Mutes accounts in a group for some time, or lets them write again. A mute outlives leaving, and accounts that are not
/// in the group may be muted ahead.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ForbidSendMsg {
    #[serde(rename = "*")]
    #[schemars(flatten)]
    spot: Spot,
    /// Up to 500.
    #[serde(rename = "Members_Account")]
    members: Vec<User>,
    /// Seconds; 0 lifts the mute, 4294967295 is for ever.
    mute_time: i64,
}

impl Action for ForbidSendMsg {
    const NAME: &'static str = "group_open_http_svc/forbid_send_msg";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("ShutUpTime", "MuteTime")];
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for ForbidSendMsg {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        let accounts = batch(&self.members, "Members_Account", MEMBER_BATCH)?;
        let seconds = seconds(self.mute_time)?;
        mute(tx, &scope(call), &by(call, None), &self.spot.id()?, &accounts, seconds)?;
        Ok(Done {})
    }
}
