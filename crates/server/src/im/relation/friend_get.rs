//! Lists an account's friends, page by page.

use contract::codes::Family;
use contract::{Fault, Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::{Tagged, custom, owner, standard};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::User;

/// Lists an account's friends with all that is noted of them, 100 a page, in the order of their last changes: whoever
/// changes while the pages are read comes again on a later one. No profile fields are answered.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FriendGet {
    /// Whose friends.
    #[serde(rename = "From_Account")]
    from: User,
    /// 0 for the first page, then `NextStartIndex` of the page before.
    #[serde(rename = "StartIndex")]
    start: i64,
    /// The sequence of an earlier answer: if no standard field has changed since, none is answered. 0 or absent: answer
    /// them.
    #[serde(rename = "StandardSequence")]
    standard_sequence: Option<i64>,
    /// The same for the app's own fields.
    #[serde(rename = "CustomSequence")]
    custom_sequence: Option<i64>,
}

/// A friend.
#[derive(Serialize, JsonSchema)]
pub struct Entry {
    /// Who.
    #[serde(rename = "To_Account")]
    account: String,
    /// What is noted; what is empty is left out.
    #[serde(rename = "ValueItem")]
    values: Vec<Tagged>,
}

/// A page.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// The friends.
    user_data_item: Vec<Entry>,
    /// Rises with every change of standard fields, additions and removals among them.
    standard_sequence: i64,
    /// Rises with every change of the app's own fields.
    custom_sequence: i64,
    /// All friends of the account.
    friend_num: i64,
    /// 1 if this is the last page.
    complete_flag: i64,
    /// Where the next page starts; 0 if this is the last.
    next_start_index: i64,
    /// Always empty; kept for clients that read it.
    error_display: &'static str,
}

impl Action for FriendGet {
    const NAME: &'static str = "sns/friend_get";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.from.0 == *caller
    }
}

impl Read for FriendGet {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let from = owner(&self.from)?;
        if self.start < 0 {
            return Err(Fault::FieldInvalid { field: "StartIndex" }.into());
        }
        let page = chat::relation::friends(snapshot, &from, self.start, limit::FRIEND_PAGE)?;
        let is_known = |given: Option<i64>, now: i64| given.is_some_and(|given| given > 0 && given == now);
        let has_standard = !is_known(self.standard_sequence, page.root.standard);
        let has_custom = !is_known(self.custom_sequence, page.root.custom);
        let mut entries = Vec::with_capacity(page.friends.len());
        for friend in page.friends.iter().filter(|_| has_standard || has_custom) {
            let mut values = if has_standard { standard(friend, &page.labels) } else { Vec::new() };
            if has_custom {
                values.extend(custom(friend)?);
            }
            entries.push(Entry { account: friend.friend.to_string(), values });
        }
        let next = page.next.filter(|_| has_standard || has_custom).unwrap_or(0);
        Ok(Answer {
            user_data_item: entries,
            standard_sequence: page.root.standard,
            custom_sequence: page.root.custom,
            friend_num: page.root.friends,
            complete_flag: i64::from(next == 0),
            next_start_index: next,
            error_display: "",
        })
    }
}
