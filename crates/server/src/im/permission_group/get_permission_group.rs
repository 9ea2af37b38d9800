//! Reads permission groups.

use chat::permission::{get, list};
use contract::codes::Family;
use contract::{Fault, Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::permissions::PermissionGroup;

use crate::im::action::{Action, Call, Read};
use crate::im::attribute::by;
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};
use crate::im::verdict;

/// Reads permission groups of a community: those that are named, or a page of all.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetPermissionGroup {
    /// The group.
    group_id: GroupName,
    /// Up to 20; absent or empty means a page of all.
    permission_group_id_list: Option<Vec<String>>,
    /// Up to 20, which is also meant if it is absent.
    limit: Option<usize>,
    /// Empty or absent, or `Next` of the last page.
    next: Option<String>,
}

/// A permission group.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Info {
    error_code: i32,
    error_info: &'static str,
    permission_group_id: String,
    permission_group_name: String,
    permission: i64,
    custom_string: String,
    /// How many are in it.
    member_num: i64,
}

impl Info {
    fn of(id: String, found: Result<PermissionGroup, Fault>) -> Self {
        let (error_code, error_info) = verdict(Family::Group, &found.as_ref().map(drop).map_err(Clone::clone));
        let (name, permission, custom, members) = found
            .map_or_else(|_| Default::default(), |group| (group.name, group.permission, group.custom, group.members));
        Self {
            error_code,
            error_info,
            permission_group_id: id,
            permission_group_name: name,
            permission,
            custom_string: custom,
            member_num: members,
        }
    }
}

/// In the order asked, or of their ids.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    permission_group_info_list: Vec<Info>,
    /// Where the next page begins; empty at the end.
    next: String,
}

impl Action for GetPermissionGroup {
    const NAME: &'static str = "group_open_http_svc/get_permission_group";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "permission-group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Read for GetPermissionGroup {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let (ids, max) = (self.permission_group_id_list.as_deref().unwrap_or_default(), limit::PERMISSION_GROUP_BATCH);
        let count = self.limit.unwrap_or(max);
        if ids.len() > max {
            return Err(Fault::FieldInvalid { field: "PermissionGroupIdList" }.into());
        }
        if count == 0 || count > max {
            return Err(Fault::FieldInvalid { field: "Limit" }.into());
        }
        let (group, by) = (&self.group_id.0, by(call));
        let page = match ids {
            [] => list(snapshot, &call.app, group, &by, self.next.as_deref().unwrap_or_default(), count)?,
            ids => get(snapshot, &call.app, group, &by, ids)?,
        };
        let info = |(id, found): (String, Result<PermissionGroup, Fault>)| Info::of(id, found);
        Ok(Answer { permission_group_info_list: page.groups.into_iter().map(info).collect(), next: page.next })
    }
}
