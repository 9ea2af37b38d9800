//! Who is muted in a group, as older clients ask.

use contract::codes::Family;
use contract::{Millis, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::get_group_muted_account::muted;
use super::show::mute_end;
use super::{Spot, bounded, group_fault};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::FieldFault;

/// Who is muted in a group at the moment: `get_group_muted_account` by its old name and with the old names of its answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetGroupShuttedUin {
    #[serde(rename = "*")]
    #[schemars(flatten)]
    spot: Spot,
}

/// One account.
#[derive(Serialize, JsonSchema)]
pub struct Item {
    #[serde(rename = "Member_Account")]
    account: String,
    /// Until when, in seconds.
    #[serde(rename = "ShuttedUntil")]
    until: i64,
}

/// All of them.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    group_id: String,
    shutted_uin_list: Vec<Item>,
}

impl Action for GetGroupShuttedUin {
    const NAME: &'static str = "group_open_http_svc/get_group_shutted_uin";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Read for GetGroupShuttedUin {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let item = |(account, until): (UserId, Millis)| Item { account: account.to_string(), until: mute_end(until) };
        let shutted_uin_list = muted(call, snapshot, &self.spot)?.into_iter().map(item).collect();
        bounded(Answer { group_id: self.spot.group.0.to_string(), shutted_uin_list })
    }
}
