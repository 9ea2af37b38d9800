//! Who is muted in a group.

use contract::codes::Family;
use contract::{Millis, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::groups::members;

use super::show::mute_end;
use super::{Spot, bounded, group_fault};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::FieldFault;

/// Who is muted in a group at the moment, at most 10,000 accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetGroupMutedAccount {
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
    #[serde(rename = "MutedUntil")]
    until: i64,
}

/// All of them.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    group_id: String,
    muted_account_list: Vec<Item>,
}

impl Action for GetGroupMutedAccount {
    const NAME: &'static str = "group_open_http_svc/get_group_muted_account";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

/// Who is muted, with the moment at which it ends.
pub(super) fn muted(call: &Call, snapshot: &mut Snapshot<'_>, spot: &Spot) -> Result<Vec<(UserId, Millis)>> {
    let group = chat::group::place(snapshot, &spot.id()?)?;
    members::muted(snapshot, group.conversation, call.now, contract::group::GROUP_PAGE)
}

impl Read for GetGroupMutedAccount {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let item = |(account, until): (UserId, Millis)| Item { account: account.to_string(), until: mute_end(until) };
        let muted_account_list = muted(call, snapshot, &self.spot)?.into_iter().map(item).collect();
        bounded(Answer { group_id: self.spot.group.0.to_string(), muted_account_list })
    }
}
