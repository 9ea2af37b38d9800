//! Deletes up to 100 accounts for good.

use contract::codes::{self, Family};
use contract::{Error, Fault, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Item, ItemResult, batch_fault, check_batch};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::FieldFault;
use crate::im::number_of;

/// The accounts to delete.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountDelete {
    /// 1–100 accounts.
    delete_item: Vec<Item>,
}

/// What happened to each, in the order asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    result_item: Vec<ItemResult>,
}

impl Action for AccountDelete {
    const NAME: &'static str = "im_open_login_svc/account_delete";
    const FAMILY: Family = Family::Account;
    const CHAPTER: &'static str = "account";
    const FIELD_FAULT: FieldFault = batch_fault;
    type Answer = Answer;
}

impl Perform for AccountDelete {
    async fn perform(self, call: Call) -> Result<Answer> {
        check_batch(&self.delete_item)?;
        let mut result_item = Vec::with_capacity(self.delete_item.len());
        for item in self.delete_item {
            let user = item.user.0;
            let deleted = delete(&call, &user).await;
            let (result_code, result_info) = match deleted {
                Ok(()) => (0, ""),
                // The plan forbids all of them alike, so the whole call is refused.
                Err(Error::Fault(Fault::DeleteForbidden)) => return Err(Fault::DeleteForbidden.into()),
                Err(Error::Fault(fault)) => {
                    let row = codes::render(Family::Account, &fault);
                    (number_of(Family::Account, &fault), row.text)
                }
                Err(failure) => return Err(failure),
            };
            result_item.push(ItemResult { user: user.to_string(), result_code, result_info });
        }
        Ok(Answer { result_item })
    }
}

/// Deletes one account, in as many steps as its relations need.
async fn delete(call: &Call, user: &UserId) -> Result<()> {
    loop {
        let (now, app, account) = (call.now, call.app.clone(), user.clone());
        let step = move |tx: &mut store::Tx<'_>| chat::account::delete(tx, now, &app, &account);
        if call.node.store.write(call.app.id, step).await? {
            return Ok(());
        }
    }
}
