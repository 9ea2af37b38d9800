//! Lists who is in a permission group.

use chat::permission::list_members;
use contract::codes::Family;
use contract::{Fault, Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use crate::im::action::{Action, Call, Read};
use crate::im::attribute::by;
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Lists who is in a permission group, page by page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetPermissionGroupMemberList {
    /// The group.
    group_id: GroupName,
    /// Which permission group.
    permission_group_id: String,
    /// Up to 100, which is also meant if it is absent.
    limit: Option<usize>,
    /// Empty or absent, or `Next` of the last page.
    next: Option<String>,
}

/// Somebody who is in it.
#[derive(Serialize, JsonSchema)]
pub struct Item {
    #[serde(rename = "Member_Account")]
    account: String,
}

/// A page.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    member_list: Vec<Item>,
    /// Where the next page begins; empty at the end.
    next: String,
}

impl Action for GetPermissionGroupMemberList {
    const NAME: &'static str = "group_open_http_svc/get_permission_group_member_list";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "permission-group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Read for GetPermissionGroupMemberList {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let max = limit::PERMISSION_MEMBER_BATCH;
        let count = self.limit.unwrap_or(max);
        if count == 0 || count > max {
            return Err(Fault::FieldInvalid { field: "Limit" }.into());
        }
        let (id, after) = (&self.permission_group_id, self.next.as_deref().unwrap_or_default());
        let (found, next) = list_members(snapshot, &call.app, &self.group_id.0, &by(call), id, after, count)?;
        let member = |account: contract::UserId| Item { account: account.to_string() };
        Ok(Answer { member_list: found.into_iter().map(member).collect(), next })
    }
}
