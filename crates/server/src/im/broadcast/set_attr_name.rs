//! Names the attributes that accounts of the app may have, at most ten; values stay with the index when a name changes.

use std::collections::BTreeMap;

use contract::codes::Family;
use contract::error::refuse;
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Product, admit};
use crate::im::action::{Action, Call, Done, Write};

/// Names the attributes that accounts of the app may have, at most ten; values stay with the index when a name changes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImSetAttrName {
    /// Index, `"0"` to `"9"`, to name, 1–50 bytes.
    attr_names: BTreeMap<String, String>,
}

/// Names the attributes that accounts of the app may have, at most ten; values stay with the index when a name changes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SetAttrName {
    /// Index, `"0"` to `"9"`, to name, 1–50 bytes.
    attr_names: BTreeMap<String, String>,
}

impl Action for ImSetAttrName {
    const NAME: &'static str = "all_member_push/im_set_attr_name";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    type Answer = Done;
}

impl Write for ImSetAttrName {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        set(tx, call, Product::AllMember, &self.attr_names)
    }
}

impl Action for SetAttrName {
    const NAME: &'static str = "timpush/set_attr_name";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    type Answer = Done;
}

impl Write for SetAttrName {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        set(tx, call, Product::TimPush, &self.attr_names)
    }
}

fn set(tx: &mut Tx<'_>, call: &Call, product: Product, names: &BTreeMap<String, String>) -> Result<Done> {
    admit(call, product)?;
    let field = "AttrNames";
    if names.is_empty() {
        return refuse(Fault::FieldInvalid { field });
    }
    let named = names.iter().map(|(index, name)| {
        let place = index.parse().map_err(|_| Fault::FieldInvalid { field })?;
        Ok((place, name.clone()))
    });
    let named: Vec<(i64, String)> = named.collect::<Result<_, Fault>>()?;
    chat::tags::name_attributes(tx, &named)?;
    Ok(Done {})
}
