//! Puts up to 1,000 accounts on an account's blocklist.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use store::Tx;

use super::{Items, accounts, check_batch, items, name, owner};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Puts up to 1,000 accounts on an account's blocklist. Whoever is put there is no friend any more, in neither direction,
/// cannot ask to become one, and cannot write to the account from a device. The list holds 1,000.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct BlackListAdd {
    /// Whose blocklist.
    #[serde(rename = "From_Account")]
    from: User,
    /// 1–1,000 accounts.
    #[serde(rename = "To_Account")]
    to: Vec<Value>,
}

impl Action for BlackListAdd {
    const NAME: &'static str = "sns/black_list_add";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Items;

    fn is_own(&self, caller: &UserId) -> bool {
        self.from.0 == *caller
    }
}

impl Write for BlackListAdd {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Items> {
        let from = owner(&self.from)?;
        check_batch(&self.to)?;
        let outcomes = chat::relation::block(tx, call.now, &from, &accounts(&self.to))?;
        Ok(items("BlackListAdd", self.to.iter().map(name).collect(), &outcomes))
    }
}
