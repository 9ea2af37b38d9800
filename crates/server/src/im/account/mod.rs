//! Accounts and their online status.

pub mod account_check;
pub mod account_delete;
pub mod account_import;
pub mod kick;
pub mod multiaccount_import;
pub mod query_online_status;

use contract::{Fault, limit};
use serde::{Deserialize, Serialize};

use super::fields::User;

/// An entry of a batch that names an account.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Item {
    /// The account.
    #[serde(rename = "UserID")]
    pub user: User,
}

/// What happened to one account of a batch.
#[derive(Serialize)]
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

/// The faults of a batch field: absent or empty or too long is one thing, a bad entry another.
fn batch_fault(field: &'static str, is_missing: bool) -> Option<Fault> {
    match field {
        "DeleteItem" | "CheckItem" if is_missing => Some(Fault::FieldMissing { field }),
        _ => None,
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
