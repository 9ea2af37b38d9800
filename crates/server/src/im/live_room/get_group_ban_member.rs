//! Lists who is kept out of a live room.

use chat::ground::By;
use chat::live::bans;
use contract::codes::Family;
use contract::{Fault, Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use crate::im::action::{Action, Call, Read};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Lists who is kept out of a live room, page by page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetGroupBanMember {
    /// The group.
    group_id: GroupName,
    /// Up to 100.
    limit: usize,
    /// 0, or `NextOffset` of the last page.
    offset: usize,
}

/// Somebody who is kept out.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Banned {
    #[serde(rename = "Member_Account")]
    account: String,
    /// Seconds since the epoch.
    banned_until: i64,
}

/// A page.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    banned_account_list: Vec<Banned>,
    /// Where the next page begins; 0 if there is none.
    next_offset: usize,
}

impl Action for GetGroupBanMember {
    const NAME: &'static str = "group_open_http_svc/get_group_ban_member";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "live-room";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Read for GetGroupBanMember {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let count = self.limit;
        if count == 0 || count > limit::BAN_PAGE {
            return Err(Fault::FieldInvalid { field: "Limit" }.into());
        }
        let by = By::App(call.caller.clone());
        let found = bans(snapshot, call.now, &call.app, &self.group_id.0, &by, self.offset, count)?;
        let next_offset = if found.len() == count { self.offset.saturating_add(count) } else { 0 };
        let banned =
            |ban: store::live_rooms::Ban| Banned { account: ban.account.to_string(), banned_until: ban.until.secs() };
        Ok(Answer { banned_account_list: found.into_iter().map(banned).collect(), next_offset })
    }
}
