//! Tells the tags of up to 100 accounts.

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Snapshot, tags};

use super::{Missed, Product, admit, named};
use crate::im::action::{Action, Call, Read};

/// Tells the tags of up to 100 accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImGetTag {
    /// 1–100 accounts.
    #[serde(rename = "To_Account")]
    accounts: Vec<String>,
}

/// Tells the tags of up to 100 accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetTag {
    /// 1–100 accounts.
    #[serde(rename = "To_Account")]
    accounts: Vec<String>,
}

/// One account's tags.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Tagged {
    #[serde(rename = "To_Account")]
    account: String,
    tags: Vec<String>,
}

/// All of them, in the order asked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    user_tags: Vec<Tagged>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    error_list: Vec<Missed>,
}

impl Action for ImGetTag {
    const NAME: &'static str = "all_member_push/im_get_tag";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    type Answer = Answer;
}

impl Read for ImGetTag {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        get(snapshot, call, Product::AllMember, &self.accounts)
    }
}

impl Action for GetTag {
    const NAME: &'static str = "timpush/get_tag";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    type Answer = Answer;
}

impl Read for GetTag {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        get(snapshot, call, Product::TimPush, &self.accounts)
    }
}

fn get(snapshot: &mut Snapshot<'_>, call: &Call, product: Product, accounts: &[String]) -> Result<Answer> {
    admit(call, product)?;
    let (known, error_list) = named(snapshot, product, accounts, String::as_str)?;
    let users: Vec<UserId> = known.into_iter().map(|(user, _)| user).collect();
    let tagged = tags::tags_of(snapshot, &users)?;
    let of = |user: &UserId| tagged.iter().filter(|(own, _)| own == user).map(|(_, tag)| tag.clone()).collect();
    let user_tags = users.iter().map(|user| Tagged { account: user.to_string(), tags: of(user) }).collect();
    Ok(Answer { user_tags, error_list })
}
