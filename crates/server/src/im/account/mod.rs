//! Accounts and their online status.

pub mod account_check;
pub mod account_delete;
pub mod account_import;
pub mod kick;
pub mod multiaccount_import;
pub mod query_online_status;

use contract::{Fault, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::{User, user_fault};

/// An entry of a batch that names an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Item {
    /// The account.
    #[serde(rename = "UserID")]
    pub user: User,
}

/// What happened to one account of a batch.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ItemResult {
    /// The account.
    #[serde(rename = "UserID")]
    pub user: String,
    /// 0, or why not.
    pub result_code: i32,
    /// Empty, or why not in words.
    pub result_info: &'static str,
}

/// The fault of a list of [`Item`]s: that of the first entry which does not fit.
fn batch_fault(field: &'static str, given: Option<&Value>) -> Option<Fault> {
    match given {
        Some(Value::Array(unfit)) => user_fault("UserID", unfit.first()?.get("UserID")),
        Some(_) => None,
        None => Some(Fault::FieldMissing { field }),
    }
}

/// Refuses a batch of the wrong size.
fn check_batch<T>(items: &[T]) -> Result<(), Fault> {
    if (1..=limit::ACCOUNT_BATCH).contains(&items.len()) {
        Ok(())
    } else {
        Err(Fault::BatchSizeInvalid { max: limit::ACCOUNT_BATCH })
    }
}
