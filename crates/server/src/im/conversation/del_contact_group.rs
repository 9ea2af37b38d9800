//! Deletes a conversation group of an account.

use chat::conversation::contact;
use contract::codes::Family;
use contract::{Fault, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{GroupItem, owner};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::{UpTo, User};

/// Deletes a conversation group; its conversations stay.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DelContactGroup {
    /// Whose group.
    #[serde(rename = "From_Account")]
    account: User,
    /// Exactly one name.
    #[serde(rename = "GroupName")]
    names: UpTo<String, 1>,
}

/// The group that was deleted.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    group_item: Vec<GroupItem>,
    error_display: &'static str,
}

impl Action for DelContactGroup {
    const NAME: &'static str = "recentcontact/del_contact_group";
    const FAMILY: Family = Family::Conversation;
    const CHAPTER: &'static str = "conversation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Write for DelContactGroup {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let name = self.names.0.first().ok_or(Fault::FieldMissing { field: "GroupName" })?;
        let deleted = contact::delete_group(tx, &owner(call, &self.account.0), name)?;
        Ok(Answer { group_item: vec![(&deleted.group).into()], error_display: "" })
    }
}
