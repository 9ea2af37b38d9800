//! Looks up the marks and groups of chosen conversations.

use chat::conversation::contact;
use contract::codes::Family;
use contract::{Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::conversations::contacts;

use super::{ContactItem, GroupItem, Marked, check_account};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::{UpTo, User};

/// The marks and groups of up to 300 conversations, in the order asked, with all groups of the account.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SearchContactGroup {
    /// Whose marks and groups.
    #[serde(rename = "From_Account")]
    account: User,
    /// 1 to 300 conversations.
    #[serde(rename = "ContactItem")]
    items: UpTo<ContactItem, { limit::CONTACT_SEARCH }>,
}

/// What is set for each conversation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    contact_result_item: Vec<Marked>,
    group_item: Vec<GroupItem>,
    error_display: &'static str,
}

impl Action for SearchContactGroup {
    const NAME: &'static str = "recentcontact/search_contact_group";
    const FAMILY: Family = Family::Conversation;
    const CHAPTER: &'static str = "conversation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Read for SearchContactGroup {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let account = &self.account.0;
        let asked = super::contacts(&self.items.0)?;
        check_account(call, snapshot, account)?;
        let states = contact::search(snapshot, account, &asked)?;
        let groups = contacts::groups(snapshot, account)?;
        Ok(Answer {
            contact_result_item: states.iter().map(|state| Marked::of(state, &groups)).collect(),
            group_item: groups.iter().map(GroupItem::from).collect(),
            error_display: "",
        })
    }
}
