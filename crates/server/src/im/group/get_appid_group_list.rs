//! Lists the groups of the app.

use contract::codes::Family;
use contract::group::{GROUP_PAGE, GroupKind};
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Snapshot, groups};

use super::bounded;
use crate::im::action::{Action, Call, Read};
use crate::im::fields::Number;

/// Lists the groups of the app in the order of their creation, page by page; once a second.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetAppidGroupList {
    /// Up to 10,000, which is also what absent means.
    limit: Option<i64>,
    /// 0 first, then what the page before answered.
    next: Option<Number>,
    /// Only of this type: `Public`, `Private`, `ChatRoom`, `AVChatRoom`, `BChatRoom`, `Community`.
    group_type: Option<String>,
}

/// The id of a group.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Item {
    group_id: String,
}

/// A page of groups.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// How many groups of the type the app has.
    total_count: i64,
    group_id_list: Vec<Item>,
    /// Where the next page begins; 0 after the last.
    next: i64,
}

impl Action for GetAppidGroupList {
    const NAME: &'static str = "group_open_http_svc/get_appid_group_list";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    type Answer = Answer;
}

impl Read for GetAppidGroupList {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let count = match self.limit {
            None => Some(GROUP_PAGE),
            Some(count) => usize::try_from(count).ok().filter(|count| (1..=GROUP_PAGE).contains(count)),
        };
        let count = count.ok_or(Fault::FieldInvalid { field: "Limit" })?;
        let after = self.next.map_or(0, |next| next.0);
        if after < 0 {
            return Err(Fault::FieldInvalid { field: "Next" }.into());
        }
        let kind = match self.group_type.as_deref() {
            None => None,
            // A type of old times, of which there are no groups.
            Some("BChatRoom") => return Ok(Answer { total_count: 0, group_id_list: Vec::new(), next: 0 }),
            Some(name) => Some(GroupKind::parse(name).ok_or(Fault::FieldInvalid { field: "GroupType" })?),
        };
        let total_count = groups::count(snapshot, kind)?;
        let found = groups::list(snapshot, kind, after, count)?;
        let next = found.last().filter(|_| found.len() == count).map_or(0, |(_, number)| *number);
        let group_id_list = found.into_iter().map(|(id, _)| Item { group_id: id.to_string() }).collect();
        bounded(Answer { total_count, group_id_list, next })
    }
}
