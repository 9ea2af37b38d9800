//! Adds up to 100 accounts. One that cannot be added does not keep the others out.

use contract::codes::Family;
use contract::{Error, Fault, Result, limit};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check_batch;
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::User;

/// The accounts to add, in one of two forms.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MultiaccountImport {
    /// Accounts with what others are shown of them.
    account_list: Option<Vec<Value>>,
    /// The older form: UserIDs alone.
    accounts: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(rename = "UserID")]
    user: User,
    nick: Option<String>,
    face_url: Option<String>,
}

/// Those that could not be added.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failed {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fail_accounts: Vec<String>,
}

impl Action for MultiaccountImport {
    const NAME: &'static str = "im_open_login_svc/multiaccount_import";
    const FAMILY: Family = Family::Account;
    type Answer = Failed;
}

impl Perform for MultiaccountImport {
    async fn perform(self, call: Call) -> Result<Failed> {
        let (entries, is_plain) = match (self.account_list, self.accounts) {
            (Some(entries), _) => (entries, false),
            (None, Some(entries)) => (entries, true),
            (None, None) => return Err(Fault::FieldMissing { field: "AccountList" }.into()),
        };
        check_batch(&entries)?;
        let mut fail_accounts = Vec::new();
        for entry in entries {
            let name = if is_plain { entry.clone() } else { entry.get("UserID").cloned().unwrap_or_default() };
            let Value::String(name) = name else {
                return Err(Fault::FieldInvalid { field: "UserID" }.into());
            };
            let parsed = if is_plain {
                contract::UserId::parse(&name).ok().map(|user| Entry { user: User(user), nick: None, face_url: None })
            } else {
                serde_json::from_value(entry).ok()
            };
            let outcome = match parsed {
                Some(entry) => import(&call, entry).await,
                None => Err(Fault::FieldInvalid { field: "UserID" }.into()),
            };
            match outcome {
                Ok(()) => {}
                Err(Error::Fault(fault @ Fault::AccountQuota { .. }))
                    if fail_accounts.len() == limit::ACCOUNT_BATCH =>
                {
                    return Err(fault.into());
                }
                Err(Error::Fault(_)) => fail_accounts.push(name),
                Err(failure) => return Err(failure),
            }
        }
        Ok(Failed { fail_accounts })
    }
}

async fn import(call: &Call, entry: Entry) -> Result<()> {
    let (now, app) = (call.now, call.app.clone());
    call.node
        .store
        .write(call.app.id, move |tx| {
            let (nick, face) = (entry.nick.as_deref(), entry.face_url.as_deref());
            chat::account::import(tx, now, &app, &entry.user.0, nick, face)
        })
        .await
}
