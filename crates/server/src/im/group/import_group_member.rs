//! Brings members of a group from elsewhere.

use chat::group::import::{Newcomer, members};
use contract::codes::Family;
use contract::group::{ADD_BATCH, Role};
use contract::{Fault, Millis, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::add_group_member::{Answer, Outcome};
use super::{GroupName, group_fault, scope};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::{FieldFault, User};

/// Brings members of a group from elsewhere; nobody is told. Whose time lies before the group's or after now is not
/// added.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImportGroupMember {
    /// The group.
    group_id: GroupName,
    /// Up to 300.
    member_list: Vec<Item>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Item {
    /// Who.
    #[serde(rename = "Member_Account")]
    account: User,
    /// `Admin`, or absent.
    role: Option<String>,
    /// Since when, in seconds; absent means now.
    join_time: Option<u32>,
    /// How many messages it has not read; at most as many as there are.
    unread_msg_num: Option<u32>,
}

impl Action for ImportGroupMember {
    const NAME: &'static str = "group_open_http_svc/import_group_member";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

fn newcomer(item: &Item) -> Result<Newcomer, Fault> {
    let role = match item.role.as_deref() {
        None | Some("" | "Member") => Role::Member,
        Some("Admin") => Role::Admin,
        Some(_) => return Err(Fault::FieldInvalid { field: "Role" }),
    };
    Ok(Newcomer {
        account: item.account.0.clone(),
        role,
        joined_at: item.join_time.map(|secs| Millis::from_secs(secs.into())),
        unread: item.unread_msg_num.unwrap_or(0).into(),
    })
}

impl Write for ImportGroupMember {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        if self.member_list.is_empty() {
            return Err(Fault::FieldInvalid { field: "MemberList" }.into());
        }
        if self.member_list.len() > ADD_BATCH {
            return Err(Fault::BatchSizeInvalid { max: ADD_BATCH }.into());
        }
        let newcomers: Vec<Newcomer> = self.member_list.iter().map(newcomer).collect::<Result<_, _>>()?;
        let results = members(tx, &scope(call), &self.group_id.0, &newcomers)?;
        let outcomes = newcomers.iter().zip(results);
        let outcome = |(it, added): (&Newcomer, chat::group::member::Added)| Outcome {
            account: it.account.to_string(),
            result: added as i64,
        };
        Ok(Answer { member_list: outcomes.map(outcome).collect() })
    }
}
