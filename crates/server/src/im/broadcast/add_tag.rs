//! Adds tags to up to 100 accounts, at most 10 to each in a call and 100 altogether.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Outcome, Product, UserTags, admit, named, tags_by_account};
use crate::im::action::{Action, Call, Write};

/// Adds tags to up to 100 accounts, at most 10 to each in a call and 100 altogether.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImAddTag {
    /// 1–100 accounts with their tags.
    user_tags: Vec<UserTags>,
}

/// Adds tags to up to 100 accounts, at most 10 to each in a call and 100 altogether.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AddTag {
    /// 1–100 accounts with their tags.
    user_tags: Vec<UserTags>,
}

impl Action for ImAddTag {
    const NAME: &'static str = "all_member_push/im_add_tag";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("Tags", "UserTags")];
    type Answer = Outcome;
}

impl Write for ImAddTag {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Outcome> {
        add(tx, call, Product::AllMember, &self.user_tags)
    }
}

impl Action for AddTag {
    const NAME: &'static str = "timpush/add_tag";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("Tags", "UserTags")];
    type Answer = Outcome;
}

impl Write for AddTag {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Outcome> {
        add(tx, call, Product::TimPush, &self.user_tags)
    }
}

fn add(tx: &mut Tx<'_>, call: &Call, product: Product, entries: &[UserTags]) -> Result<Outcome> {
    admit(call, product)?;
    let (known, error_list) = named(tx, product, entries, |entry| &entry.account)?;
    chat::tags::add_tags(tx, &tags_by_account(&known, entries))?;
    Ok(Outcome { error_list })
}
