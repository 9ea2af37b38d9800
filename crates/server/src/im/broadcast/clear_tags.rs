//! Takes all tags of up to 100 accounts away.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Tx, tags};

use super::{Outcome, Product, admit, named};
use crate::im::action::{Action, Call, Write};

/// Takes all tags of up to 100 accounts away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImRemoveAllTags {
    /// 1–100 accounts.
    #[serde(rename = "To_Account")]
    accounts: Vec<String>,
}

/// Takes all tags of up to 100 accounts away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ClearAllTags {
    /// 1–100 accounts.
    #[serde(rename = "To_Account")]
    accounts: Vec<String>,
}

impl Action for ImRemoveAllTags {
    const NAME: &'static str = "all_member_push/im_remove_all_tags";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    type Answer = Outcome;
}

impl Write for ImRemoveAllTags {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Outcome> {
        clear(tx, call, Product::AllMember, &self.accounts)
    }
}

impl Action for ClearAllTags {
    const NAME: &'static str = "timpush/clear_all_tags";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    type Answer = Outcome;
}

impl Write for ClearAllTags {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Outcome> {
        clear(tx, call, Product::TimPush, &self.accounts)
    }
}

fn clear(tx: &mut Tx<'_>, call: &Call, product: Product, accounts: &[String]) -> Result<Outcome> {
    admit(call, product)?;
    let (known, error_list) = named(tx, product, accounts, String::as_str)?;
    let users: Vec<UserId> = known.into_iter().map(|(user, _)| user).collect();
    tags::clear_tags(tx, &users)?;
    Ok(Outcome { error_list })
}
