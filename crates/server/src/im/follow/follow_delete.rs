//! Ends follows of up to 20 accounts.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Answer, act, users};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Lets an account no longer follow up to 20 others. One that was not followed is not an error.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FollowDelete {
    /// Who followed.
    #[serde(rename = "From_Account")]
    account: User,
    /// 1–20 UserIDs.
    #[serde(rename = "To_Account")]
    targets: Vec<String>,
}

impl Action for FollowDelete {
    const NAME: &'static str = "follow/follow_delete";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "follow";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Write for FollowDelete {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let outcomes = chat::follow::remove(tx, &call.app, &act(call, &self.account.0), &users(&self.targets))?;
        Ok(Answer::of(&self.targets, &outcomes))
    }
}
