//! Removes all friends of an account.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Plain, is_both, owner};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Removes all friends of an account with all that is noted of them. Its friend groups stay, empty.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FriendDeleteAll {
    /// Whose friends.
    #[serde(rename = "From_Account")]
    from: User,
    /// `Delete_Type_Single`, which is the default, or `Delete_Type_Both`: the account goes out of their lists too.
    #[serde(rename = "DeleteType")]
    kind: Option<String>,
}

impl Action for FriendDeleteAll {
    const NAME: &'static str = "sns/friend_delete_all";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Plain;

    fn is_own(&self, caller: &UserId) -> bool {
        self.from.0 == *caller
    }
}

impl Write for FriendDeleteAll {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Plain> {
        let from = owner(&self.from)?;
        let kind = self.kind.as_deref().unwrap_or("Delete_Type_Single");
        let is_both = is_both(kind, "Delete_Type_Single", "Delete_Type_Both", "DeleteType")?;
        chat::relation::delete_all(tx, call.now, &from, is_both)?;
        Ok(Plain { error_display: "" })
    }
}
