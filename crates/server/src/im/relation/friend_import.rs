//! Imports friends from another system.

use chat::relation::Imported;
use contract::codes::Family;
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use store::Tx;

use super::{Items, Names, Tagged, account, check_batch, items, names, owner, read};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Puts up to 1,000 friends from another system into an account's own list, as they were there: nobody is asked, and
/// blocklists do not count, so only administrators may. What is known of a friend already is overwritten.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FriendImport {
    /// Who gets friends.
    #[serde(rename = "From_Account")]
    from: User,
    /// 1–1,000 items: `To_Account`, `Remark` (96 bytes), `RemarkTime` and `AddTime` (seconds), `GroupName` (a list of
    /// groups, made if they are not there), `AddSource` (`AddSource_Type_` and 1–8 letters), `AddWording` (256 bytes),
    /// `CustomItem` (a list of `Tag` and `Value`).
    #[serde(rename = "AddFriendItem")]
    friends: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(rename = "To_Account")]
    to: Value,
    remark: Option<String>,
    remark_time: Option<u32>,
    group_name: Option<Names>,
    add_source: String,
    add_wording: Option<String>,
    add_time: Option<u32>,
    custom_item: Option<Vec<Tagged>>,
}

impl Action for FriendImport {
    const NAME: &'static str = "sns/friend_import";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Items;
}

impl Write for FriendImport {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Items> {
        let from = owner(&self.from)?;
        check_batch(&self.friends)?;
        let entries = read(&self.friends, "AddFriendItem").into_iter();
        let friends: Vec<_> = entries.map(|entry| entry.and_then(imported)).collect();
        let outcomes = chat::relation::import(tx, call.now, &call.app, &from, &friends)?;
        Ok(items("FriendImport", names(&self.friends), &outcomes))
    }
}

fn imported(entry: Entry) -> Result<Imported, Fault> {
    if entry.add_source.is_empty() {
        return Err(Fault::FieldInvalid { field: "AddSource" });
    }
    let custom = entry.custom_item.unwrap_or_default();
    Ok(Imported {
        account: account(&entry.to)?,
        remark: entry.remark.unwrap_or_default(),
        remark_at: entry.remark_time.map_or(0, i64::from),
        groups: entry.group_name.unwrap_or_default().0,
        source: entry.add_source,
        wording: entry.add_wording.unwrap_or_default(),
        added_at: entry.add_time.map_or(0, i64::from),
        custom: custom.into_iter().map(|field| (field.tag.into_owned(), field.value)).collect(),
    })
}
