//! Accounts and their online status.

pub mod account_check;
pub mod account_delete;
pub mod account_import;
pub mod kick;
pub mod multiaccount_import;
pub mod query_online_status;

use contract::{Error, Fault, Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::Call;
use super::fields::{User, user_fault};
use crate::moderation::{Scene, Suspect};

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

/// Imports an account after a look at what others are shown of it. A name that is refused for what it says is refused
/// after every other reason.
async fn import(call: &Call, user: UserId, nick: Option<String>, face: Option<String>) -> Result<()> {
    let checked = nick.as_deref().map(|nick| call.node.moderation.check_text(call.app.id, Scene::UserInfo, nick));
    let (passed, refusal) = match checked.transpose() {
        Ok(passed) => (passed.unwrap_or_default(), None),
        Err(fault) => (chat::moderation::Passed::default(), Some(fault)),
    };
    let suspect = nick
        .as_deref()
        .filter(|_| !passed.review.is_empty())
        .map(|nick| Suspect::text(Scene::UserInfo, &user, &passed.review, nick));
    let nick = passed.replaced.or(nick);
    let (now, app) = (call.now, call.app.clone());
    let write = move |tx: &mut store::Tx<'_>| {
        chat::account::import(tx, now, &app, &user, nick.as_deref(), face.as_deref())?;
        // The other checks are made by the import itself; an error undoes it.
        refusal.clone().map_or(Ok(()), |fault| Err(Error::Fault(fault)))
    };
    call.node.store.write(call.app.id, write).await?;
    match suspect {
        Some(suspect) => call.node.moderation.note(call.app.id, call.now, suspect).await,
        None => Ok(()),
    }
}
