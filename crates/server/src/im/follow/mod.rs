//! Following: one-sided ties between accounts.

pub mod follow_add;
pub mod follow_check;
pub mod follow_delete;
pub mod follow_get;
pub mod follow_get_info;

use chat::follow::{Act, Outcomes};
use contract::codes::{self, Family};
use contract::{Fault, UserId};
use schemars::JsonSchema;
use serde::Serialize;

use super::action::Call;
use super::number_of;

/// What became of one account of a batch.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Item {
    /// The account.
    #[serde(rename = "To_Account")]
    account: String,
    /// 0, or why not.
    result_code: i32,
    /// Empty, or why not in words.
    result_info: &'static str,
}

impl Item {
    fn of(account: &str, fault: Option<&Fault>) -> Self {
        let (result_code, result_info) = fault
            .map_or((0, ""), |fault| (number_of(Family::Relation, fault), codes::render(Family::Relation, fault).text));
        Self { account: account.to_owned(), result_code, result_info }
    }
}

/// What became of a batch, in the order given.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    result_item: Vec<Item>,
    /// Always empty.
    error_display: &'static str,
}

impl Answer {
    fn of(names: &[String], outcomes: &Outcomes) -> Self {
        let items = names.iter().zip(outcomes).map(|(name, outcome)| Item::of(name, outcome.as_ref().err()));
        Self { result_item: items.collect(), error_display: "" }
    }
}

/// Reads names; a text that is no UserID is the fault of its item alone.
fn users(names: &[String]) -> Vec<Option<UserId>> {
    names.iter().map(|name| UserId::parse(name).ok()).collect()
}

/// What an administrator does in an account's name.
fn act(call: &Call, account: &UserId) -> Act {
    Act { account: account.clone(), now: call.now, origin: None }
}
