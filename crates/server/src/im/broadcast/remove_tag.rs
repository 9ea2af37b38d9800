//! Takes tags of up to 100 accounts away.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Outcome, Product, UserTags, admit, named, tags_by_account};
use crate::im::action::{Action, Call, Write};

/// Takes tags of up to 100 accounts away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImRemoveTag {
    /// 1–100 accounts with their tags.
    user_tags: Vec<UserTags>,
}

/// Takes tags of up to 100 accounts away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RemoveTag {
    /// 1–100 accounts with their tags.
    user_tags: Vec<UserTags>,
}

impl Action for ImRemoveTag {
    const NAME: &'static str = "all_member_push/im_remove_tag";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("Tags", "UserTags")];
    type Answer = Outcome;
}

impl Write for ImRemoveTag {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Outcome> {
        remove(tx, call, Product::AllMember, &self.user_tags)
    }
}

impl Action for RemoveTag {
    const NAME: &'static str = "timpush/remove_tag";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("Tags", "UserTags")];
    type Answer = Outcome;
}

impl Write for RemoveTag {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Outcome> {
        remove(tx, call, Product::TimPush, &self.user_tags)
    }
}

fn remove(tx: &mut Tx<'_>, call: &Call, product: Product, entries: &[UserTags]) -> Result<Outcome> {
    admit(call, product)?;
    let (known, error_list) = named(tx, product, entries, |entry| &entry.account)?;
    chat::tags::remove_tags(tx, &tags_by_account(&known, entries))?;
    Ok(Outcome { error_list })
}
