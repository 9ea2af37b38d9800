//! Lists an account's blocklist, page by page.

use contract::codes::Family;
use contract::{Fault, Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::owner;
use crate::im::action::{Action, Call, Read};
use crate::im::fields::User;

/// Lists an account's blocklist, page by page, in the order in which accounts came onto it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct BlackListGet {
    /// Whose blocklist.
    #[serde(rename = "From_Account")]
    from: User,
    /// 0 for the first page, then what the page before answered.
    #[serde(rename = "StartIndex")]
    start: i64,
    /// Entries of a page, 1–1,000; more means 1,000.
    #[serde(rename = "MaxLimited")]
    max: i64,
    /// The sequence of an earlier answer: if the list has not changed since, no entries are answered. 0 or absent: answer
    /// them.
    #[serde(rename = "LastSequence")]
    last_sequence: Option<i64>,
}

/// An entry.
#[derive(Serialize, JsonSchema)]
pub struct Entry {
    /// Who is blocked.
    #[serde(rename = "To_Account")]
    account: String,
    /// Since when, in seconds.
    #[serde(rename = "AddBlackTimeStamp")]
    at: i64,
}

/// A page.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// The entries.
    black_list_item: Vec<Entry>,
    /// Where the next page starts; 0 if this is the last.
    start_index: i64,
    /// Rises with every change of the list; spelt as the contract spells it.
    #[serde(rename = "CurruentSequence")]
    curruent_sequence: i64,
    /// The same, spelt right.
    current_sequence: i64,
    /// Always empty; kept for clients that read it.
    error_display: &'static str,
}

impl Action for BlackListGet {
    const NAME: &'static str = "sns/black_list_get";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.from.0 == *caller
    }
}

impl Read for BlackListGet {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let from = owner(&self.from)?;
        if self.start < 0 {
            return Err(Fault::FieldInvalid { field: "StartIndex" }.into());
        }
        if self.max <= 0 {
            return Err(Fault::FieldInvalid { field: "MaxLimited" }.into());
        }
        // One less than a page of the store, which is asked for one more to see whether there is any.
        let count = self.max.min(limit::STORE_PAGE as i64 - 1) as usize;
        let page = chat::relation::blocklist(snapshot, &from, self.start, count)?;
        let is_known = self.last_sequence.is_some_and(|last| last > 0 && last == page.version);
        let entries = page.entries.into_iter().filter(|_| !is_known);
        Ok(Answer {
            black_list_item: entries.map(|it| Entry { account: it.peer.to_string(), at: it.blocked_at }).collect(),
            start_index: page.next.filter(|_| !is_known).unwrap_or(0),
            curruent_sequence: page.version,
            current_sequence: page.version,
            error_display: "",
        })
    }
}
