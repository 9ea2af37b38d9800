//! Lets an account follow up to 20 others.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Answer, act, users};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Lets an account follow up to 20 others. Following an account again is not an error; one that cannot be followed does
/// not keep the others out. An account cannot follow itself.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FollowAdd {
    /// Who follows.
    #[serde(rename = "From_Account")]
    account: User,
    /// 1–20 accounts.
    #[serde(rename = "FollowItem")]
    items: Vec<Target>,
}

/// Whom.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Target {
    /// The account to follow.
    #[serde(rename = "To_Account")]
    account: String,
}

impl Action for FollowAdd {
    const NAME: &'static str = "follow/follow_add";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "follow";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Write for FollowAdd {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let names: Vec<String> = self.items.iter().map(|item| item.account.clone()).collect();
        let outcomes = chat::follow::add(tx, &call.app, &act(call, &self.account.0), &users(&names))?;
        Ok(Answer::of(&names, &outcomes))
    }
}
