//! Some members of a group.

use contract::codes::Family;
use contract::group::{LAST_SENT_SPAN, Operation, SPECIFIED_BATCH};
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::groups::{members, messages};

use super::get_group_member_info::roles;
use super::{GroupName, batch, bounded, by, group_fault, show};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};

/// Some members of a group; accounts that are not in it are left out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetSpecifiedGroupMemberInfo {
    /// The group.
    group_id: GroupName,
    /// Up to 50 accounts.
    #[serde(rename = "Member_List_Account")]
    members: Vec<User>,
    /// Which fields are wanted; absent means all. `OnlineStatus` comes only if it is named.
    member_info_filter: Option<Vec<String>>,
    /// `Owner`, `Admin`, `Member`; absent means all.
    member_role_filter: Option<Vec<String>>,
    /// Declared fields that are wanted.
    #[serde(rename = "AppDefinedDataFilter_GroupMember")]
    member_fields: Option<Vec<String>>,
}

/// The members among those asked for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    group_id: String,
    member_list: Vec<Map<String, Value>>,
}

impl Action for GetSpecifiedGroupMemberInfo {
    const NAME: &'static str = "group_open_http_svc/get_specified_group_member_info";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Perform for GetSpecifiedGroupMemberInfo {
    async fn perform(self, call: Call) -> Result<Answer> {
        let accounts = batch(&self.members, "Member_List_Account", SPECIFIED_BATCH)?;
        let roles = roles(self.member_role_filter.as_deref())?;
        let wants_status =
            self.member_info_filter.as_ref().is_some_and(|names| names.iter().any(|name| name == "OnlineStatus"));
        let (store, app, now) = (call.node.store.clone(), call.app.id, call.now);
        let (id, operator) = (self.group_id.0.clone(), by(&call, None));
        let mut member_list = store
            .read(app, move |snapshot| {
                let group = chat::group::find(snapshot, &id)?;
                chat::group::ensure(snapshot, &group, &operator, Operation::ReadMembers)?;
                let sent = messages::last_sent(snapshot, group.conversation, LAST_SENT_SPAN)?;
                let found = members::among(snapshot, group.conversation, &accounts)?;
                let found = found.iter().filter(|member| roles.is_empty() || roles.contains(&member.role));
                let shown = found.map(|member| {
                    let last = sent.iter().find(|(sender, _)| *sender == member.account).map_or(0, |(_, at)| *at);
                    let wanted = self.member_info_filter.as_deref();
                    show::member(&group, member, last, now, wanted, self.member_fields.as_deref())
                });
                Ok(shown.collect::<Vec<_>>())
            })
            .await?;
        if wants_status {
            for shown in &mut member_list {
                let account = shown.get("Member_Account").and_then(Value::as_str).map(UserId::trusted);
                let is_here = account.is_some_and(|account| call.node.hub.is_connected(app, &account));
                shown.insert("OnlineStatus".into(), if is_here { "Online" } else { "Offline" }.into());
            }
        }
        bounded(Answer { group_id: self.group_id.0.to_string(), member_list })
    }
}
