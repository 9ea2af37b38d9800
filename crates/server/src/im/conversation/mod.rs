//! The list of recent conversations, and what an account sets for them: pins, marks, groups.

pub mod create_contact_group;
pub mod del_contact_group;
pub mod delete;
pub mod get_contact_group;
pub mod get_list;
pub mod mark_contact;
pub mod search_contact_group;
pub mod update_contact_group;

use chat::conversation::contact::Owner;
use contract::codes::Family;
use contract::error::refuse;
use contract::{Fault, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::accounts::{self, Account};
use store::conversations::contacts::{Contact, Group, State};

use super::action::Call;
use super::fields::User;
use super::{number_of, spell};

/// Names a conversation.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ContactItem {
    /// 1 with an account, 2 of a group.
    #[serde(rename = "Type")]
    kind: u32,
    /// Type 1: the account.
    #[serde(rename = "To_Account")]
    user: Option<User>,
    /// Type 2: the group. Some pages spell it `ToGroupid`.
    #[serde(rename = "ToGroupId", alias = "ToGroupid")]
    group: Option<String>,
}

impl ContactItem {
    fn contact(&self) -> Result<Contact, Fault> {
        contact(self.kind, self.user.as_ref(), self.group.as_deref())
    }
}

/// Reads what names a conversation; one of the stores keeps no NUL in a text.
fn contact(kind: u32, user: Option<&User>, group: Option<&str>) -> Result<Contact, Fault> {
    match (kind, user, group) {
        (1, Some(user), _) => Ok(Contact::User(user.0.clone())),
        (1, None, _) => Err(Fault::FieldMissing { field: "To_Account" }),
        (2, _, Some(group)) if !group.is_empty() && !group.contains('\0') => Ok(Contact::Group(group.to_owned())),
        (2, ..) => Err(Fault::FieldMissing { field: "ToGroupId" }),
        _ => Err(Fault::FieldInvalid { field: "Type" }),
    }
}

fn contacts(items: &[ContactItem]) -> Result<Vec<Contact>, Fault> {
    items.iter().map(ContactItem::contact).collect()
}

/// Names a conversation in an answer.
#[derive(Debug, Serialize, JsonSchema)]
struct Named {
    /// 1 with an account, 2 of a group.
    #[serde(rename = "Type")]
    kind: u32,
    /// The account.
    #[serde(rename = "To_Account", skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The group.
    #[serde(rename = "ToGroupId", skip_serializing_if = "Option::is_none")]
    group: Option<String>,
}

impl From<&Contact> for Named {
    fn from(contact: &Contact) -> Self {
        match contact {
            Contact::User(user) => Self { kind: 1, user: Some(user.to_string()), group: None },
            Contact::Group(id) => Self { kind: 2, user: None, group: Some(id.clone()) },
        }
    }
}

/// A conversation group in an answer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct GroupItem {
    /// Its name.
    group_name: String,
    /// Its id: of this account, never used again.
    group_id: i64,
}

impl From<&Group> for GroupItem {
    fn from(group: &Group) -> Self {
        Self { group_name: group.name.clone(), group_id: group.id }
    }
}

/// What is set for a conversation.
#[derive(Debug, Serialize, JsonSchema)]
struct Marked {
    #[serde(flatten)]
    contact: Named,
    #[serde(flatten)]
    marks: Marks,
    /// Seconds, of the last change.
    #[serde(rename = "Timestamp")]
    timestamp: i64,
}

impl Marked {
    fn of(state: &State, groups: &[Group]) -> Self {
        Self { contact: (&state.contact).into(), marks: Marks::of(state, groups), timestamp: state.marked_at.secs() }
    }
}

/// Marks and groups of a conversation.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Marks {
    /// The marks as binary digits; mark 0 is the last one. `0` means none.
    standard_mark: String,
    /// The custom mark.
    #[serde(skip_serializing_if = "String::is_empty")]
    custom_mark: String,
    /// The ids of its conversation groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contact_group_id: Vec<i64>,
}

impl Marks {
    fn of(state: &State, groups: &[Group]) -> Self {
        let is_in = |group: &&Group| state.slots & 1 << group.slot != 0;
        Self {
            standard_mark: format!("{:b}", state.marks),
            custom_mark: state.custom.clone(),
            contact_group_id: groups.iter().filter(is_in).map(|group| group.id).collect(),
        }
    }
}

/// What became of one conversation of several.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Done {
    /// The conversation.
    contact_item: Named,
    /// 0, or why nothing was done for it.
    result_code: i32,
    /// The text of the code.
    result_info: &'static str,
}

impl Done {
    fn of(contact: &Contact, refused: Option<&Fault>) -> Self {
        let (result_code, result_info) = refused.map_or((0, ""), |fault| {
            (number_of(Family::Conversation, fault), spell(Family::Conversation, &fault.clone().into()).text)
        });
        Self { contact_item: contact.into(), result_code, result_info }
    }
}

/// Whose list is changed, by the back end.
fn owner<'a>(call: &'a Call, account: &'a UserId) -> Owner<'a> {
    Owner { app: &call.app, now: call.now, account, origin: None }
}

/// Refuses an account that does not exist. Administrators need not.
fn check_account(call: &Call, snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<()> {
    let found = accounts::get(snapshot, account)?;
    check_alive(call, account, found.as_ref())
}

/// [`check_account`] of one that was looked for.
fn check_alive(call: &Call, account: &UserId, found: Option<&Account>) -> Result<()> {
    if found.is_some_and(Account::is_alive) || call.app.is_admin(account) {
        Ok(())
    } else {
        refuse(Fault::AccountUnknown)
    }
}
