//! Takes attributes of up to 100 accounts away.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Outcome, Product, admit, named};
use crate::im::action::{Action, Call, Write};

/// Takes attributes of up to 100 accounts away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImRemoveAttr {
    /// 1–100 accounts with the names of their attributes.
    user_attrs: Vec<UserAttrs>,
}

/// Takes attributes of up to 100 accounts away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RemoveAttr {
    /// 1–100 accounts with the names of their attributes.
    user_attrs: Vec<UserAttrs>,
}

/// One account's attributes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UserAttrs {
    /// The account.
    #[serde(rename = "To_Account")]
    account: String,
    /// Declared names.
    attrs: Vec<String>,
}

impl Action for ImRemoveAttr {
    const NAME: &'static str = "all_member_push/im_remove_attr";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("Attrs", "UserAttrs")];
    type Answer = Outcome;
}

impl Write for ImRemoveAttr {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Outcome> {
        remove(tx, call, Product::AllMember, &self.user_attrs)
    }
}

impl Action for RemoveAttr {
    const NAME: &'static str = "timpush/remove_attr";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("Attrs", "UserAttrs")];
    type Answer = Outcome;
}

impl Write for RemoveAttr {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Outcome> {
        remove(tx, call, Product::TimPush, &self.user_attrs)
    }
}

fn remove(tx: &mut Tx<'_>, call: &Call, product: Product, entries: &[UserAttrs]) -> Result<Outcome> {
    admit(call, product)?;
    let (known, error_list) = named(tx, product, entries, |entry| &entry.account)?;
    let all: Vec<_> = known.into_iter().map(|(user, index)| (user, entries[index].attrs.clone())).collect();
    chat::tags::remove_attributes(tx, &all)?;
    Ok(Outcome { error_list })
}
