//! What groups say of themselves.

use contract::codes::Family;
use contract::group::{GroupId, GroupKind, INFO_BATCH, MEMBER_PAGE};
use contract::{Error, Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Snapshot;
use store::groups::{members, messages};

use super::{bounded, show};
use crate::im::action::{Action, Call, Read};
use crate::im::{number_of, spell};

/// What groups say of themselves, each on its own: one that is not there answers its own code. Without a filter the
/// members come along, but for live rooms, communities and very large groups, whose members are read in pages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetGroupInfo {
    /// Up to 50.
    group_id_list: Vec<String>,
    /// Which fields are wanted; absent means all.
    response_filter: Option<show::Filter>,
}

/// One entry per group asked for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    group_info: Vec<Map<String, Value>>,
}

impl Action for GetGroupInfo {
    const NAME: &'static str = "group_open_http_svc/get_group_info";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    type Answer = Answer;
}

impl Read for GetGroupInfo {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        if !(1..=INFO_BATCH).contains(&self.group_id_list.len()) {
            return Err(Fault::FieldInvalid { field: "GroupIdList" }.into());
        }
        let mut group_info = Vec::with_capacity(self.group_id_list.len());
        for id in &self.group_id_list {
            let mut entry = match self.one(call, snapshot, id) {
                Ok(mut shown) => {
                    shown.insert("ErrorCode".into(), 0.into());
                    shown.insert("ErrorInfo".into(), "".into());
                    shown
                }
                Err(Error::Fault(fault)) => {
                    let mut shown = Map::new();
                    shown.insert("ErrorCode".into(), number_of(Family::Group, &fault).into());
                    shown.insert("ErrorInfo".into(), spell(Family::Group, &fault.into()).text.into());
                    shown
                }
                Err(failure) => return Err(failure),
            };
            entry.insert("GroupId".into(), id.as_str().into());
            group_info.push(entry);
        }
        bounded(Answer { group_info })
    }
}

impl GetGroupInfo {
    fn one(&self, call: &Call, snapshot: &mut Snapshot<'_>, id: &str) -> Result<Map<String, Value>> {
        let group = chat::group::find(snapshot, &GroupId::parse(id)?)?;
        let none = show::Filter::default();
        let filter = self.response_filter.as_ref().unwrap_or(&none);
        let base = filter.group_base_info_filter.as_deref();
        let is_filtered = !filter.is_none();
        let mut shown = show::group(
            call.app.id,
            &group,
            if is_filtered { Some(base.unwrap_or_default()) } else { None },
            filter.group_fields.as_deref(),
        );
        let wants_members = !is_filtered || filter.member_info_filter.is_some() || filter.member_fields.is_some();
        let is_listed = group.kind.capability().has_members && group.kind != GroupKind::Community;
        if wants_members && is_listed && group.members <= MEMBER_PAGE as i64 {
            let wanted =
                if is_filtered { Some(filter.member_info_filter.as_deref().unwrap_or_default()) } else { None };
            let sent = messages::last_sent(snapshot, group.conversation, contract::group::LAST_SENT_SPAN)?;
            let found = members::page(snapshot, group.conversation, "", &[], 0, MEMBER_PAGE)?;
            let list = found.iter().map(|member| {
                let last = sent.iter().find(|(sender, _)| *sender == member.account).map_or(0, |(_, at)| *at);
                Value::Object(show::member(&group, member, last, call.now, wanted, filter.member_fields.as_deref()))
            });
            shown.insert("MemberList".into(), list.collect());
        }
        Ok(shown)
    }
}
