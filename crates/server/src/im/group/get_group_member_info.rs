//! The members of a group, page by page.

use contract::codes::Family;
use contract::group::{COMMUNITY_PAGE, GroupKind, LAST_SENT_SPAN, MEMBER_PAGE, Operation, Role};
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Snapshot;
use store::groups::{members, messages};

use super::{GroupName, bounded, by, group_fault, show};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::FieldFault;

/// The members of a group in the order of their names. A community is read with `Next`, all others with `Offset`; a group
/// of more than 6,000 members must be read in pages. `LastSendMsgTime` is known of those who wrote one of the newest
/// 1,000 messages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetGroupMemberInfo {
    /// The group.
    group_id: GroupName,
    /// Which fields are wanted; absent means all.
    member_info_filter: Option<Vec<String>>,
    /// `Owner`, `Admin`, `Member`; absent means all.
    member_role_filter: Option<Vec<String>>,
    /// Declared fields that are wanted.
    #[serde(rename = "AppDefinedDataFilter_GroupMember")]
    member_fields: Option<Vec<String>>,
    /// How many, up to 6,000, of a community up to 100; absent means all.
    limit: Option<i64>,
    /// How many are passed over.
    offset: Option<i64>,
    /// Communities: empty first, then what the page before answered.
    next: Option<String>,
}

/// A page of members.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// How many the group has.
    member_num: i64,
    member_list: Vec<Map<String, Value>>,
    /// Communities: where the next page begins; empty after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Action for GetGroupMemberInfo {
    const NAME: &'static str = "group_open_http_svc/get_group_member_info";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

/// Roles by name.
pub(super) fn roles(names: Option<&[String]>) -> Result<Vec<Role>, Fault> {
    let parse = |name: &String| Role::parse(name).ok_or(Fault::FieldInvalid { field: "MemberRoleFilter" });
    names.unwrap_or_default().iter().map(parse).collect()
}

impl Read for GetGroupMemberInfo {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let roles = roles(self.member_role_filter.as_deref())?;
        let group = chat::group::find(snapshot, &self.group_id.0)?;
        chat::group::ensure(snapshot, &group, &by(call, None), Operation::ReadMembers)?;
        let is_community = group.kind == GroupKind::Community;
        let max = if is_community { COMMUNITY_PAGE } else { MEMBER_PAGE };
        let count = match self.limit {
            Some(count) => usize::try_from(count).ok().filter(|count| (1..=MEMBER_PAGE).contains(count)),
            None if group.members > MEMBER_PAGE as i64 && !is_community => {
                return Err(Fault::MembersTooMany { max: MEMBER_PAGE }.into());
            }
            None => Some(max),
        };
        let count = count.ok_or(Fault::FieldInvalid { field: "Limit" })?.min(max);
        let offset = self.offset.map_or(Ok(0), usize::try_from);
        let offset = offset.map_err(|_| Fault::FieldInvalid { field: "Offset" })?;
        let after = match &self.next {
            Some(next) if is_community => next.as_str(),
            None if is_community => return Err(Fault::FieldMissing { field: "Next" }.into()),
            _ => "",
        };
        let sent = messages::last_sent(snapshot, group.conversation, LAST_SENT_SPAN)?;
        let offset = if is_community { 0 } else { offset };
        let found = members::page(snapshot, group.conversation, after, &roles, offset, count)?;
        let wanted = match (&self.member_info_filter, &self.member_fields) {
            (None, Some(_)) => Some(&[][..]),
            (filter, _) => filter.as_deref(),
        };
        let shown = |member: &members::Member| {
            let last = sent.iter().find(|(sender, _)| *sender == member.account).map_or(0, |(_, at)| *at);
            show::member(&group, member, last, call.now, wanted, self.member_fields.as_deref())
        };
        let last = found.last().filter(|_| found.len() == count).map(|member| member.account.to_string());
        bounded(Answer {
            member_num: group.members,
            member_list: found.iter().map(shown).collect(),
            next: is_community.then(|| last.unwrap_or_default()),
        })
    }
}
