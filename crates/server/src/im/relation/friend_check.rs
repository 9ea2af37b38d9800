//! Says for up to 1,000 accounts whether they are friends.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Snapshot;

use super::{Checked, accounts, check_batch, checked, is_both, name, owner};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::User;

/// Says for up to 1,000 accounts whether they are in an account's list of friends, and if asked also whether the account
/// is in theirs.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FriendCheck {
    /// Whose friends.
    #[serde(rename = "From_Account")]
    from: User,
    /// 1–1,000 accounts.
    #[serde(rename = "To_Account")]
    to: Vec<Value>,
    /// `CheckResult_Type_Single` looks at the account's own list, `CheckResult_Type_Both` at both sides.
    #[serde(rename = "CheckType")]
    kind: String,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// In the order asked.
    info_item: Vec<Checked>,
    /// Those that could not be checked; absent if none.
    #[serde(rename = "Fail_Account", skip_serializing_if = "Vec::is_empty")]
    fail_account: Vec<String>,
    /// Always empty; kept for clients that read it.
    error_display: &'static str,
}

impl Action for FriendCheck {
    const NAME: &'static str = "sns/friend_check";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.from.0 == *caller
    }
}

impl Read for FriendCheck {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let from = owner(&self.from)?;
        check_batch(&self.to)?;
        let is_both = is_both(&self.kind, "CheckResult_Type_Single", "CheckResult_Type_Both", "CheckType")?;
        let found = chat::relation::check(snapshot, &from, &accounts(&self.to), is_both)?;
        let names = self.to.iter().map(name).collect();
        let (items, failed) = checked("FriendCheck", "CheckResult_Type", "NoRelation", names, found);
        Ok(Answer { info_item: items, fail_account: failed, error_display: "" })
    }
}
