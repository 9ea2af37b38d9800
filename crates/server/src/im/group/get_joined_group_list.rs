//! Lists the groups that an account is in.

use contract::codes::Family;
use contract::group::{GroupKind, JOINED_PAGE};
use contract::{Fault, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::groups::members;
use store::{Snapshot, accounts, groups};

use super::{bounded, is_on, show};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::User;

/// Lists the groups that an account is in, in the order of their ids. Live rooms are not among them: nobody keeps who is
/// in. Private groups without a message yet come only if they are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetJoinedGroupList {
    /// Whose list.
    #[serde(rename = "Member_Account")]
    account: User,
    /// 1 asks for live rooms as well.
    with_huge_groups: Option<i64>,
    /// 1 asks for private groups without a message as well.
    with_no_active_groups: Option<i64>,
    /// Up to 5,000, which absent means as well.
    limit: Option<i64>,
    /// How many are passed over.
    offset: Option<i64>,
    /// Only of this type.
    group_type: Option<String>,
    /// `GroupBaseInfoFilter`, `SelfInfoFilter`: which fields are wanted besides the id.
    response_filter: Option<show::Filter>,
    /// 1: communities with topics, which come only then.
    support_topic: Option<i64>,
}

/// Groups that are read at once.
const READ_AT_ONCE: usize = 1_000;

/// A page of groups.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// How many there are altogether.
    total_count: i64,
    group_id_list: Vec<Map<String, Value>>,
}

impl Action for GetJoinedGroupList {
    const NAME: &'static str = "group_open_http_svc/get_joined_group_list";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Read for GetJoinedGroupList {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let account = &self.account.0;
        is_on(self.with_huge_groups, "WithHugeGroups")?;
        let with_dormant = is_on(self.with_no_active_groups, "WithNoActiveGroups")?;
        let has_topics = is_on(self.support_topic, "SupportTopic")?;
        let size = |given: Option<i64>, field, max: usize| {
            let given = given.map(|given| usize::try_from(given).ok().filter(|given| *given <= max));
            given.map(|given| given.ok_or(Fault::FieldInvalid { field })).transpose()
        };
        let count = size(self.limit, "Limit", JOINED_PAGE)?.unwrap_or(JOINED_PAGE);
        let offset = size(self.offset, "Offset", usize::MAX)?.unwrap_or(0);
        let parse = |name: &str| GroupKind::parse(name).ok_or(Fault::FieldInvalid { field: "GroupType" });
        let kind = self.group_type.as_deref().map(parse).transpose()?;
        if has_topics && kind.is_some_and(|kind| kind != GroupKind::Community) {
            return Err(Fault::FieldInvalid { field: "SupportTopic" }.into());
        }
        if !accounts::get(snapshot, account)?.is_some_and(|account| account.is_alive()) && !call.app.is_admin(account) {
            return Err(Fault::AccountUnknown.into());
        }
        let (mut total_count, mut group_id_list, mut after) = (0, Vec::new(), String::new());
        loop {
            let page = members::joined(snapshot, account, &after, READ_AT_ONCE)?;
            let is_last = page.len() < READ_AT_ONCE;
            after = page.last().map(|group| group.id.to_string()).unwrap_or_default();
            for group in page {
                let is_shown = group.is_awake() || with_dormant || group.owner.as_ref() == Some(account);
                let is_meant = group.has_topics == has_topics && kind.is_none_or(|kind| kind == group.kind);
                if !is_shown || !is_meant {
                    continue;
                }
                if total_count >= offset && group_id_list.len() < count {
                    group_id_list.push(self.show(call, snapshot, &group)?);
                }
                total_count += 1;
            }
            if is_last {
                break;
            }
        }
        let total_count = total_count as i64;
        bounded(Answer { total_count, group_id_list })
    }
}

impl GetJoinedGroupList {
    fn show(&self, call: &Call, snapshot: &mut Snapshot<'_>, group: &groups::Group) -> Result<Map<String, Value>> {
        let none = show::Filter::default();
        let filter = self.response_filter.as_ref().unwrap_or(&none);
        let wanted = filter.group_base_info_filter.as_deref().unwrap_or_default();
        let mut shown = show::group(call.app.id, group, Some(wanted), filter.group_fields.as_deref());
        if let Some(own) = &filter.self_info_filter
            && let Some(member) = members::get(snapshot, group.conversation, &self.account.0)?
        {
            let mut info = show::member(group, &member, 0, call.now, Some(own), None);
            info.remove("Member_Account");
            info.remove("LastSendMsgTime");
            shown.insert("SelfInfo".into(), Value::Object(info));
        }
        if group.has_topics {
            shown.insert("SupportTopic".into(), 1.into());
        }
        shown.insert("GroupId".into(), group.id.as_str().into());
        Ok(shown)
    }
}
