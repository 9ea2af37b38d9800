//! Makes a conversation group of an account.

use chat::conversation::contact;
use contract::codes::Family;
use contract::{Fault, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{ContactItem, Done, GroupItem, contacts, owner};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::{UpTo, User};

/// Makes a conversation group and puts conversations in, whether there are messages in them or not. An account has up
/// to 20 groups, which together hold up to 1,000 conversations. A group that is there already takes the conversations as
/// well.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CreateContactGroup {
    /// Whose group.
    #[serde(rename = "From_Account")]
    account: User,
    /// Exactly one group.
    #[serde(rename = "GroupContactItem")]
    groups: UpTo<GroupContactItem, 1>,
}

/// A group to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GroupContactItem {
    /// 1 to 32 bytes, unique for the account.
    group_name: String,
    /// The conversations.
    contact_item: Option<Vec<ContactItem>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Made {
    group_item: GroupItem,
    result_item: Vec<Done>,
}

/// The group, and what became of each conversation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    group_result_item: Vec<Made>,
    error_display: &'static str,
}

impl Action for CreateContactGroup {
    const NAME: &'static str = "recentcontact/create_contact_group";
    const FAMILY: Family = Family::Conversation;
    const CHAPTER: &'static str = "conversation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Write for CreateContactGroup {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let field = "GroupContactItem";
        let asked = self.groups.0.first().ok_or(Fault::FieldMissing { field })?;
        let members = contacts(asked.contact_item.as_deref().unwrap_or_default())?;
        let made = contact::create_group(tx, &owner(call, &self.account.0), &asked.group_name, &members)?;
        let done = members.iter().zip(&made.refused).map(|(contact, refused)| Done::of(contact, refused.as_ref()));
        let made = Made { group_item: (&made.group).into(), result_item: done.collect() };
        Ok(Answer { group_result_item: vec![made], error_display: "" })
    }
}
