//! Says for up to 100 accounts whether they are imported.

use contract::codes::Family;
use contract::{Fault, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::{Item, batch_fault, check_batch};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::FieldFault;

/// Says for up to 100 accounts whether they are imported.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountCheck {
    /// 1–100 accounts.
    check_item: Vec<Item>,
}

/// One account.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Checked {
    /// The account.
    #[serde(rename = "UserID")]
    user: String,
    /// 0.
    result_code: i32,
    /// Empty.
    result_info: &'static str,
    /// `Imported` or `NotImported`.
    account_status: &'static str,
}

/// All of them, in the order asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// One for each account.
    result_item: Vec<Checked>,
}

impl Action for AccountCheck {
    const NAME: &'static str = "im_open_login_svc/account_check";
    const FAMILY: Family = Family::Account;
    const CHAPTER: &'static str = "account";
    const FIELD_FAULT: FieldFault = batch_fault;
    type Answer = Answer;
}

impl Read for AccountCheck {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer, contract::Error> {
        check_batch(&self.check_item).map_err(|fault: Fault| contract::Error::Fault(fault))?;
        let users: Vec<UserId> = self.check_item.iter().map(|item| item.user.0.clone()).collect();
        let imported = chat::account::check(snapshot, &users)?;
        let result_item = users
            .iter()
            .zip(imported)
            .map(|(user, is_imported)| Checked {
                user: user.to_string(),
                result_code: 0,
                result_info: "",
                account_status: if is_imported { "Imported" } else { "NotImported" },
            })
            .collect();
        Ok(Answer { result_item })
    }
}
