//! Removes friend groups.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{Names, owner};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Removes friend groups. The friends in them stay friends.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GroupDelete {
    /// Whose groups.
    #[serde(rename = "From_Account")]
    from: User,
    /// Their names, none twice. If one does not exist, none is removed.
    #[serde(rename = "GroupName")]
    names: Names,
}

/// What happened.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// Rises with every change of the account's groups.
    current_sequence: i64,
    /// Always empty; kept for clients that read it.
    error_display: &'static str,
}

impl Action for GroupDelete {
    const NAME: &'static str = "sns/group_delete";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.from.0 == *caller
    }
}

impl Write for GroupDelete {
    fn write(&self, _: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let from = owner(&self.from)?;
        let version = chat::relation::delete_groups(tx, &from, &self.names.0)?;
        Ok(Answer { current_sequence: version, error_display: "" })
    }
}
