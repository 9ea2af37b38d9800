//! Makes friend groups.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Tx;

use super::{ItemResult, Names, accounts, check_batch, name, owner, results};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Makes friend groups, and puts friends into all of them if there are any. A group that exists is refused, unless
/// friends are to go into it. An account has 32 groups at most.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GroupAdd {
    /// Whose groups.
    #[serde(rename = "From_Account")]
    from: User,
    /// Their names, 1–30 bytes each, none twice.
    #[serde(rename = "GroupName")]
    names: Names,
    /// Up to 1,000 friends.
    #[serde(rename = "To_Account")]
    to: Option<Vec<Value>>,
}

/// What happened.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// Of each friend, in the order asked; absent if none was named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    result_item: Vec<ItemResult>,
    /// Those that failed; absent if none did.
    #[serde(rename = "Fail_Account", skip_serializing_if = "Vec::is_empty")]
    fail_account: Vec<String>,
    /// Rises with every change of the account's groups.
    current_sequence: i64,
    /// Always empty; kept for clients that read it.
    error_display: &'static str,
}

impl Action for GroupAdd {
    const NAME: &'static str = "sns/group_add";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.from.0 == *caller
    }
}

impl Write for GroupAdd {
    fn write(&self, _: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let from = owner(&self.from)?;
        let to = self.to.as_deref().unwrap_or_default();
        if !to.is_empty() {
            check_batch(to)?;
        }
        let (version, outcomes) = chat::relation::add_groups(tx, &from, &self.names.0, &accounts(to))?;
        let (result_item, fail_account) = results("GroupAdd", to.iter().map(name).collect(), &outcomes);
        Ok(Answer { result_item, fail_account, current_sequence: version, error_display: "" })
    }
}
