//! Tells the names of the attributes that accounts of the app may have.

use std::collections::BTreeMap;

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Snapshot, tags};

use super::{Product, admit};
use crate::im::action::{Action, Call, Read};

/// Tells the names of the attributes that accounts of the app may have.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImGetAttrName {}

/// Tells the names of the attributes that accounts of the app may have.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetAttrName {}

/// The names by index.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    attr_names: BTreeMap<String, String>,
}

impl Action for ImGetAttrName {
    const NAME: &'static str = "all_member_push/im_get_attr_name";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    type Answer = Answer;
}

impl Read for ImGetAttrName {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        get(snapshot, call, Product::AllMember)
    }
}

impl Action for GetAttrName {
    const NAME: &'static str = "timpush/get_attr_name";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    type Answer = Answer;
}

impl Read for GetAttrName {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        get(snapshot, call, Product::TimPush)
    }
}

fn get(snapshot: &mut Snapshot<'_>, call: &Call, product: Product) -> Result<Answer> {
    admit(call, product)?;
    let names = tags::names(snapshot)?;
    Ok(Answer { attr_names: names.into_iter().map(|(place, name)| (place.to_string(), name)).collect() })
}
