//! Says how an account and up to 100 others follow each other.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::follows::Tie;

use super::{Item, users};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::User;

/// Says how an account and up to 100 others follow each other.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FollowCheck {
    /// Whose ties.
    #[serde(rename = "From_Account")]
    account: User,
    /// 1–100 UserIDs.
    #[serde(rename = "To_Account")]
    others: Vec<String>,
}

/// One tie.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Checked {
    #[serde(flatten)]
    item: Item,
    /// 0: neither follows the other; 1: `To_Account` follows; 2: `From_Account` follows; 3: both.
    follow_type: u8,
}

/// All of them, in the order asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    result_item: Vec<Checked>,
    /// Always empty.
    error_display: &'static str,
}

impl Action for FollowCheck {
    const NAME: &'static str = "follow/follow_check";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "follow";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Read for FollowCheck {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let ties = chat::follow::check(snapshot, &call.app, &self.account.0, &users(&self.others))?;
        let checked = self.others.iter().zip(ties).map(|(name, tie)| {
            let Tie { is_following, is_followed } = tie.clone().unwrap_or_default();
            let follow_type = u8::from(is_followed) + 2 * u8::from(is_following);
            Checked { item: Item::of(name, tie.as_ref().err()), follow_type }
        });
        Ok(Answer { result_item: checked.collect(), error_display: "" })
    }
}
