//! Adds friends, or asks them.

use chat::relation::{Ask, Way};
use contract::codes::Family;
use contract::{Fault, Result, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use store::Tx;

use super::{Items, Names, account, check_batch, is_both, items, names, owner, read};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Adds up to 1,000 friends. Where the other account wants to be asked, a request is left for it instead, which its item
/// tells with a code of its own. Blocklists always count; a forced addition asks nobody.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FriendAdd {
    /// Who gets friends.
    #[serde(rename = "From_Account")]
    from: User,
    /// 1–1,000 items: `To_Account`, `Remark` (96 bytes), `GroupName` (one group, made if it is not there),
    /// `AddSource` (`AddSource_Type_` and 1–8 letters), `AddWording` (256 bytes).
    #[serde(rename = "AddFriendItem")]
    friends: Vec<Value>,
    /// `Add_Type_Both`, which is the default, or `Add_Type_Single`: only the account's own list gets the friend, and
    /// nobody is asked.
    #[serde(rename = "AddType")]
    kind: Option<String>,
    /// 1 asks nobody; only administrators may.
    #[serde(rename = "ForceAddFlags")]
    force: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(rename = "To_Account")]
    to: Value,
    remark: Option<String>,
    group_name: Option<Names>,
    add_source: String,
    add_wording: Option<String>,
}

impl Action for FriendAdd {
    const NAME: &'static str = "sns/friend_add";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Items;

    fn is_own(&self, caller: &UserId) -> bool {
        // Whoever is added against its own wish is somebody else's matter.
        self.from.0 == *caller && self.force != Some(1)
    }
}

impl Write for FriendAdd {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Items> {
        let from = owner(&self.from)?;
        check_batch(&self.friends)?;
        let kind = self.kind.as_deref().unwrap_or("Add_Type_Both");
        let is_both = is_both(kind, "Add_Type_Single", "Add_Type_Both", "AddType")?;
        let asks: Vec<_> = read(&self.friends, "AddFriendItem").into_iter().map(|entry| entry.and_then(ask)).collect();
        let admin = Some(&call.caller).filter(|caller| call.app.is_admin(caller));
        let way = Way { is_both, is_forced: self.force == Some(1), admin };
        let outcomes = chat::relation::add(tx, call.now, &call.app, &from, &asks, way)?;
        Ok(items("FriendAdd", names(&self.friends), &outcomes))
    }
}

fn ask(entry: Entry) -> Result<Ask, Fault> {
    let mut groups = entry.group_name.unwrap_or_default().0;
    if groups.len() > 1 {
        return Err(Fault::FieldInvalid { field: "GroupName" });
    }
    if entry.add_source.is_empty() {
        return Err(Fault::FieldInvalid { field: "AddSource" });
    }
    Ok(Ask {
        account: account(&entry.to)?,
        remark: entry.remark.unwrap_or_default(),
        group: groups.pop().unwrap_or_default(),
        source: entry.add_source,
        wording: entry.add_wording.unwrap_or_default(),
    })
}
