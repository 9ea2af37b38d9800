//! Sets attributes of up to 100 accounts; those that are not named stay.

use std::collections::BTreeMap;

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Outcome, Product, admit, named};
use crate::im::action::{Action, Call, Write};

/// Sets attributes of up to 100 accounts; those that are not named stay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImSetAttr {
    /// 1–100 accounts with their attributes.
    user_attrs: Vec<UserAttrs>,
}

/// Sets attributes of up to 100 accounts; those that are not named stay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SetAttr {
    /// 1–100 accounts with their attributes.
    user_attrs: Vec<UserAttrs>,
}

/// One account's attributes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UserAttrs {
    /// The account.
    #[serde(rename = "To_Account")]
    account: String,
    /// Declared name to value, 1–50 bytes.
    attrs: BTreeMap<String, String>,
}

impl Action for ImSetAttr {
    const NAME: &'static str = "all_member_push/im_set_attr";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("Attrs", "UserAttrs")];
    type Answer = Outcome;
}

impl Write for ImSetAttr {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Outcome> {
        set(tx, call, Product::AllMember, &self.user_attrs)
    }
}

impl Action for SetAttr {
    const NAME: &'static str = "timpush/set_attr";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("Attrs", "UserAttrs")];
    type Answer = Outcome;
}

impl Write for SetAttr {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Outcome> {
        set(tx, call, Product::TimPush, &self.user_attrs)
    }
}

fn set(tx: &mut Tx<'_>, call: &Call, product: Product, entries: &[UserAttrs]) -> Result<Outcome> {
    admit(call, product)?;
    let (known, error_list) = named(tx, product, entries, |entry| &entry.account)?;
    let values =
        |index: usize| entries[index].attrs.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let all: Vec<_> = known.into_iter().map(|(user, index)| (user, values(index))).collect();
    chat::tags::set_attributes(tx, &all)?;
    Ok(Outcome { error_list })
}
