//! Lists friend groups.

use contract::codes::Family;
use contract::{Fault, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::{Names, owner};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::User;

/// Lists an account's friend groups, and who is in them if asked.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GroupGet {
    /// Whose groups.
    #[serde(rename = "From_Account")]
    from: User,
    /// `Need_Friend_Type_Yes` answers who is in them; `Need_Friend_Type_No` or absent does not.
    #[serde(rename = "NeedFriend")]
    need: Option<String>,
    /// Only these; absent or empty means all. One that does not exist is left out.
    #[serde(rename = "GroupName")]
    names: Option<Names>,
}

/// A group.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Entry {
    /// Its name.
    group_name: String,
    /// How many are in it.
    friend_number: usize,
    /// Who, if asked.
    #[serde(rename = "To_Account", skip_serializing_if = "Option::is_none")]
    members: Option<Vec<String>>,
}

/// The groups.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// In the order in which they were made.
    result_item: Vec<Entry>,
    /// Rises with every change of the account's groups.
    current_sequence: i64,
    /// Always empty; kept for clients that read it.
    error_display: &'static str,
}

impl Action for GroupGet {
    const NAME: &'static str = "sns/group_get";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.from.0 == *caller
    }
}

impl Read for GroupGet {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let from = owner(&self.from)?;
        let has_members = match self.need.as_deref() {
            Some("Need_Friend_Type_Yes") => true,
            None | Some("" | "Need_Friend_Type_No") => false,
            Some(_) => return Err(Fault::FieldInvalid { field: "NeedFriend" }.into()),
        };
        let names = self.names.as_ref().map_or(&[][..], |names| &names.0);
        let found = chat::relation::groups(snapshot, &from, names)?;
        let entry = |group: chat::relation::Group| Entry {
            group_name: group.name,
            friend_number: group.members.len(),
            members: has_members.then(|| group.members.iter().map(ToString::to_string).collect()),
        };
        Ok(Answer {
            result_item: found.groups.into_iter().map(entry).collect(),
            current_sequence: found.version,
            error_display: "",
        })
    }
}
