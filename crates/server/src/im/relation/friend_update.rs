//! Changes what an account has noted of its friends.

use chat::relation::{CUSTOM, Changes};
use contract::codes::Family;
use contract::{Fault, Result, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Tx;

use super::{GROUP, Items, Names, REMARK, Tagged, account, check_batch, items, names, owner, read};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Changes what an account has noted of up to 1,000 friends: remark, groups and the app's own fields. Of an item either
/// all tags change or none.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FriendUpdate {
    /// Whose friends.
    #[serde(rename = "From_Account")]
    from: User,
    /// 1–1,000 items: `To_Account` and `SnsItem`, a list of `Tag` and `Value`. `Tag_SNS_IM_Remark` takes a text of 96
    /// bytes, `Tag_SNS_IM_Group` the list of all groups that the friend is in from now on, `Tag_SNS_Custom_…` a text of
    /// 500 bytes or a whole number.
    #[serde(rename = "UpdateItem")]
    updates: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(rename = "To_Account")]
    to: Value,
    sns_item: Vec<Tagged>,
}

impl Action for FriendUpdate {
    const NAME: &'static str = "sns/friend_update";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Items;

    fn is_own(&self, caller: &UserId) -> bool {
        self.from.0 == *caller
    }
}

impl Write for FriendUpdate {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Items> {
        let from = owner(&self.from)?;
        check_batch(&self.updates)?;
        let entries = read(&self.updates, "UpdateItem").into_iter();
        let changes: Vec<_> = entries.map(|entry| entry.and_then(changes)).collect();
        let outcomes = chat::relation::update(tx, call.now, &call.app, &from, &changes)?;
        Ok(items("FriendUpdate", names(&self.updates), &outcomes))
    }
}

fn changes(entry: Entry) -> Result<Changes, Fault> {
    let invalid = || Fault::FieldInvalid { field: "SnsItem" };
    if entry.sns_item.is_empty() {
        return Err(invalid());
    }
    let mut changes = Changes { account: account(&entry.to)?, remark: None, groups: None, custom: Map::new() };
    for Tagged { tag, value } in entry.sns_item {
        match (tag.as_ref(), value) {
            (REMARK, Value::String(text)) => changes.remark = Some(text),
            (GROUP, value) => changes.groups = Some(serde_json::from_value::<Names>(value).map_err(|_| invalid())?.0),
            (tag, value) if tag.starts_with(CUSTOM) => {
                changes.custom.insert(tag.to_owned(), value);
            }
            _ => return Err(invalid()),
        }
    }
    Ok(changes)
}
