//! Counts who follows up to 20 accounts, and whom they follow.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::{Item, users};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::User;

/// Counts who follows up to 20 accounts, and whom they follow.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FollowGetInfo {
    /// Who asks.
    #[serde(rename = "From_Account")]
    account: User,
    /// 1–20 UserIDs.
    #[serde(rename = "To_Account")]
    others: Vec<String>,
}

/// The counts of one account; 0 where there is an error.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Counted {
    #[serde(flatten)]
    item: Item,
    /// Accounts that follow it.
    follower_count: u64,
    /// Accounts that it follows.
    following_count: u64,
    /// Accounts that do both.
    mutual_following_count: u64,
}

/// All of them, in the order asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    follow_info: Vec<Counted>,
    /// Always empty.
    error_display: &'static str,
}

impl Action for FollowGetInfo {
    const NAME: &'static str = "follow/follow_get_info";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "follow";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Read for FollowGetInfo {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let counts = chat::follow::counts(snapshot, &call.app, &self.account.0, &users(&self.others))?;
        let counted = self.others.iter().zip(counts).map(|(name, counts)| {
            let item = Item::of(name, counts.as_ref().err());
            let counts = counts.unwrap_or_default();
            Counted {
                item,
                follower_count: counts.followers,
                following_count: counts.following,
                mutual_following_count: counts.mutual,
            }
        });
        Ok(Answer { follow_info: counted.collect(), error_display: "" })
    }
}
