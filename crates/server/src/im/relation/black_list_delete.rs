//! Takes up to 1,000 accounts off an account's blocklist.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use store::Tx;

use super::{Items, accounts, check_batch, items, name, owner};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Takes up to 1,000 accounts off an account's blocklist. They are no friends again by that.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct BlackListDelete {
    /// Whose blocklist.
    #[serde(rename = "From_Account")]
    from: User,
    /// 1–1,000 accounts.
    #[serde(rename = "To_Account")]
    to: Vec<Value>,
}

impl Action for BlackListDelete {
    const NAME: &'static str = "sns/black_list_delete";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Items;

    fn is_own(&self, caller: &UserId) -> bool {
        self.from.0 == *caller
    }
}

impl Write for BlackListDelete {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Items> {
        let from = owner(&self.from)?;
        check_batch(&self.to)?;
        let outcomes = chat::relation::unblock(tx, call.now, &from, &accounts(&self.to))?;
        Ok(items("BlackListDelete", self.to.iter().map(name).collect(), &outcomes))
    }
}
