//! What accounts are in a group.

use contract::Result;
use contract::codes::Family;
use contract::group::{MEMBER_BATCH, Operation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::groups::members;

use super::{CHUNK, GroupName, batch, by, group_fault};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::{FieldFault, User};

/// What accounts are in a group: `Owner`, `Admin`, `Member` or `NotMember`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetRoleInGroup {
    /// The group.
    group_id: GroupName,
    /// Up to 500.
    #[serde(rename = "User_Account")]
    accounts: Vec<User>,
}

/// What one account is.
#[derive(Serialize, JsonSchema)]
pub struct Item {
    #[serde(rename = "Member_Account")]
    account: String,
    #[serde(rename = "Role")]
    role: &'static str,
}

/// What each is, in the order asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    user_id_list: Vec<Item>,
}

impl Action for GetRoleInGroup {
    const NAME: &'static str = "group_open_http_svc/get_role_in_group";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Read for GetRoleInGroup {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let accounts = batch(&self.accounts, "User_Account", MEMBER_BATCH)?;
        let group = chat::group::find(snapshot, &self.group_id.0)?;
        chat::group::ensure(snapshot, &group, &by(call, None), Operation::ReadMembers)?;
        let mut found = Vec::new();
        for some in accounts.chunks(CHUNK) {
            found.extend(members::among(snapshot, group.conversation, some)?);
        }
        let item = |account: &contract::UserId| {
            let member = found.iter().find(|member| member.account == *account);
            Item { account: account.to_string(), role: member.map_or("NotMember", |member| member.role.as_str()) }
        };
        Ok(Answer { user_id_list: accounts.iter().map(item).collect() })
    }
}
