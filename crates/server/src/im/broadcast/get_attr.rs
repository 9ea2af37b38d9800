//! Tells the attributes of up to 100 accounts.

use std::collections::BTreeMap;

use contract::codes::Family;
use contract::{Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Snapshot, tags};

use super::{Missed, Product, admit, named};
use crate::im::action::{Action, Call, Read};

/// Tells the attributes of up to 100 accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImGetAttr {
    /// 1–100 accounts.
    #[serde(rename = "To_Account")]
    accounts: Vec<String>,
}

/// Tells the attributes of up to 100 accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetAttr {
    /// 1–100 accounts.
    #[serde(rename = "To_Account")]
    accounts: Vec<String>,
}

/// One account's attributes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UserAttrs {
    #[serde(rename = "To_Account")]
    account: String,
    attrs: BTreeMap<String, String>,
}

/// All of them, in the order asked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    user_attrs: Vec<UserAttrs>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    error_list: Vec<Missed>,
}

impl Action for ImGetAttr {
    const NAME: &'static str = "all_member_push/im_get_attr";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    type Answer = Answer;
}

impl Read for ImGetAttr {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        get(snapshot, call, Product::AllMember, &self.accounts)
    }
}

impl Action for GetAttr {
    const NAME: &'static str = "timpush/get_attr";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    type Answer = Answer;
}

impl Read for GetAttr {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        get(snapshot, call, Product::TimPush, &self.accounts)
    }
}

fn get(snapshot: &mut Snapshot<'_>, call: &Call, product: Product, accounts: &[String]) -> Result<Answer> {
    admit(call, product)?;
    let (known, error_list) = named(snapshot, product, accounts, String::as_str)?;
    let users: Vec<UserId> = known.into_iter().map(|(user, _)| user).collect();
    let names: BTreeMap<i64, String> = tags::names(snapshot)?.into_iter().collect();
    let values = tags::attributes_of(snapshot, &users)?;
    let user_attrs = users
        .into_iter()
        .map(|user| {
            let own = values.iter().filter(|value| value.account == user);
            let attrs = own.filter_map(|value| Some((names.get(&value.place)?.clone(), value.value.clone()))).collect();
            UserAttrs { account: user.to_string(), attrs }
        })
        .collect();
    Ok(Answer { user_attrs, error_list })
}
