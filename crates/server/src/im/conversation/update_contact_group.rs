//! Renames a conversation group of an account, or changes what is in it.

use chat::conversation::contact;
use contract::codes::Family;
use contract::{Fault, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;
use store::conversations::contacts::Contact;

use super::{ContactItem, Done, owner};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Renames a conversation group, or puts conversations in and takes others out.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct UpdateContactGroup {
    /// Whose group.
    #[serde(rename = "From_Account")]
    account: User,
    /// 1, the only kind there is.
    #[serde(rename = "UpdateType")]
    kind: u32,
    /// What changes.
    #[serde(rename = "UpdateGroup")]
    group: UpdateGroup,
}

/// What changes of a group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateGroup {
    /// 1 the name, 2 the conversations.
    update_group_type: u32,
    /// The name of the group.
    old_group_name: String,
    /// Type 1: the new name, 1 to 32 bytes.
    new_group_name: Option<String>,
    /// Type 2: the conversations.
    contact_update_item: Option<Vec<UpdateItem>>,
}

/// One conversation that goes in or out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateItem {
    /// 1 in, 2 out.
    contact_opt_type: u32,
    /// The conversation.
    contact_item: ContactItem,
}

#[derive(Serialize, JsonSchema)]
struct Item {
    /// As it was asked.
    #[serde(rename = "ContactOptType")]
    opt_type: u32,
    #[serde(flatten)]
    done: Done,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Updated {
    update_group_type: u32,
    group_name: String,
    group_id: i64,
    old_group_name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contact_result_item: Vec<Item>,
}

/// The group after the change, and what became of each conversation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    update_type: u32,
    update_group_result: Updated,
    error_display: &'static str,
}

impl Action for UpdateContactGroup {
    const NAME: &'static str = "recentcontact/update_contact_group";
    const FAMILY: Family = Family::Conversation;
    const CHAPTER: &'static str = "conversation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Write for UpdateContactGroup {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        if self.kind != 1 {
            return Err(Fault::FieldInvalid { field: "UpdateType" }.into());
        }
        let asked = &self.group;
        let owner = owner(call, &self.account.0);
        let (grouped, items) = match asked.update_group_type {
            1 => {
                let new = asked.new_group_name.as_deref().ok_or(Fault::FieldMissing { field: "NewGroupName" })?;
                (contact::rename_group(tx, &owner, &asked.old_group_name, new)?, Vec::new())
            }
            2 => {
                let (add, remove) = parted(asked.contact_update_item.as_deref().unwrap_or_default())?;
                let grouped = contact::update_group(tx, &owner, &asked.old_group_name, &add, &remove)?;
                let (added, removed) = grouped.refused.split_at(add.len());
                let (mut added, mut removed) = (add.iter().zip(added), remove.iter().zip(removed));
                // In the order asked.
                let item = |item: &UpdateItem| {
                    let (contact, refused) = if item.contact_opt_type == 1 { added.next() } else { removed.next() }?;
                    Some(Item { opt_type: item.contact_opt_type, done: Done::of(contact, refused.as_ref()) })
                };
                let items = asked.contact_update_item.iter().flatten().filter_map(item).collect();
                (grouped, items)
            }
            _ => return Err(Fault::FieldInvalid { field: "UpdateGroupType" }.into()),
        };
        let result = Updated {
            update_group_type: asked.update_group_type,
            group_name: grouped.group.name,
            group_id: grouped.group.id,
            old_group_name: asked.old_group_name.clone(),
            contact_result_item: items,
        };
        Ok(Answer { update_type: 1, update_group_result: result, error_display: "" })
    }
}

/// What goes in and what goes out.
fn parted(items: &[UpdateItem]) -> Result<(Vec<Contact>, Vec<Contact>), Fault> {
    if items.is_empty() {
        return Err(Fault::FieldMissing { field: "ContactUpdateItem" });
    }
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for item in items {
        match item.contact_opt_type {
            1 => add.push(item.contact_item.contact()?),
            2 => remove.push(item.contact_item.contact()?),
            _ => return Err(Fault::FieldInvalid { field: "ContactOptType" }),
        }
    }
    Ok((add, remove))
}
