//! Lists the marks and conversation groups of an account.

use contract::codes::Family;
use contract::{Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::conversations::contacts;

use super::{GroupItem, Marked, check_account};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::User;

/// A page of the conversations that an account has marked or put into groups, in the order of their last changes, with
/// all its groups. A page holds up to 100; one that changes meanwhile comes again on a later page.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetContactGroup {
    /// Whose marks and groups.
    #[serde(rename = "From_Account")]
    account: User,
    /// 0 for the first page, then `NextStartIndex` of the page before.
    #[serde(rename = "StartIndex")]
    index: u64,
}

/// The page and where the next one goes on.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    contact_item: Vec<Marked>,
    group_item: Vec<GroupItem>,
    /// 1 if this was the last page.
    complete_flag: u32,
    next_start_index: i64,
    error_display: &'static str,
}

impl Action for GetContactGroup {
    const NAME: &'static str = "recentcontact/get_contact_group";
    const FAMILY: Family = Family::Conversation;
    const CHAPTER: &'static str = "conversation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Read for GetContactGroup {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let account = &self.account.0;
        check_account(call, snapshot, account)?;
        let after = i64::try_from(self.index).unwrap_or(i64::MAX);
        let count = limit::CONVERSATION_PAGE;
        let mut states = contacts::marked(snapshot, account, after, count + 1)?;
        let is_complete = states.len() <= count;
        states.truncate(count);
        let groups = contacts::groups(snapshot, account)?;
        Ok(Answer {
            contact_item: states.iter().map(|state| Marked::of(state, &groups)).collect(),
            group_item: groups.iter().map(GroupItem::from).collect(),
            complete_flag: is_complete.into(),
            next_start_index: states.last().map_or(after, |state| state.version),
            error_display: "",
        })
    }
}
