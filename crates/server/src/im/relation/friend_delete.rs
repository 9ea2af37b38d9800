//! Removes friends.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use store::Tx;

use super::{Items, accounts, check_batch, is_both, items, name, owner};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Removes up to 1,000 friends with all that is noted of them.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FriendDelete {
    /// Whose friends.
    #[serde(rename = "From_Account")]
    from: User,
    /// 1–1,000 accounts.
    #[serde(rename = "To_Account")]
    to: Vec<Value>,
    /// `Delete_Type_Single`, which is the default, or `Delete_Type_Both`: the account goes out of their lists too.
    #[serde(rename = "DeleteType")]
    kind: Option<String>,
}

impl Action for FriendDelete {
    const NAME: &'static str = "sns/friend_delete";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Items;

    fn is_own(&self, caller: &UserId) -> bool {
        self.from.0 == *caller
    }
}

impl Write for FriendDelete {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Items> {
        let from = owner(&self.from)?;
        check_batch(&self.to)?;
        let kind = self.kind.as_deref().unwrap_or("Delete_Type_Single");
        let is_both = is_both(kind, "Delete_Type_Single", "Delete_Type_Both", "DeleteType")?;
        let outcomes = chat::relation::delete(tx, call.now, &call.app, &from, &accounts(&self.to), is_both)?;
        Ok(items("FriendDelete", self.to.iter().map(name).collect(), &outcomes))
    }
}
