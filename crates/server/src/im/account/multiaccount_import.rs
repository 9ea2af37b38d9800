//! Adds up to 100 accounts. One that cannot be added does not keep the others out.

use contract::codes::Family;
use contract::{Error, Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{check_batch, import};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{UpTo, User};

/// Adds up to 100 accounts, in one of two forms. One that cannot be added does not keep the others out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MultiaccountImport {
    /// Accounts with what others are shown of them.
    #[schemars(with = "Option<UpTo<Entry, 100>>")]
    account_list: Option<Vec<Value>>,
    /// The older form: UserIDs alone.
    #[schemars(with = "Option<UpTo<User, 100>>")]
    accounts: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    /// 1–32 bytes.
    #[serde(rename = "UserID")]
    user: User,
    /// Shown to others; at most 500 bytes.
    nick: Option<String>,
    /// The URL of a picture; at most 500 bytes.
    face_url: Option<String>,
}

/// Those that could not be added.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Failed {
    /// Their UserIDs; absent where all came in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fail_accounts: Vec<String>,
}

impl Action for MultiaccountImport {
    const NAME: &'static str = "im_open_login_svc/multiaccount_import";
    const FAMILY: Family = Family::Account;
    const CHAPTER: &'static str = "account";
    type Answer = Failed;
}

impl Perform for MultiaccountImport {
    async fn perform(self, call: Call) -> Result<Failed> {
        let entries = match (self.account_list, self.accounts) {
            (Some(entries), _) => entries,
            (None, Some(names)) => names.into_iter().map(|name| json!({ "UserID": name })).collect(),
            (None, None) => return Err(Fault::FieldMissing { field: "AccountList" }.into()),
        };
        check_batch(&entries)?;
        // A list that is not what it should be is refused before anything of it is imported.
        let names: Option<Vec<String>> =
            entries.iter().map(|entry| Some(entry.get("UserID")?.as_str()?.to_owned())).collect();
        let names = names.ok_or(Fault::FieldInvalid { field: "UserID" })?;
        let (count, mut fail_accounts, mut quota) = (names.len(), Vec::new(), None);
        for (entry, name) in entries.into_iter().zip(names) {
            let outcome = match serde_json::from_value(entry) {
                Ok(Entry { user, nick, face_url }) => import(&call, user.0, nick, face_url).await,
                Err(_) => Err(Fault::FieldInvalid { field: "UserID" }.into()),
            };
            match outcome {
                Ok(()) => {}
                Err(Error::Fault(fault)) => {
                    quota = quota.or(Some(fault).filter(|fault| matches!(fault, Fault::AccountQuota { .. })));
                    fail_accounts.push(name);
                }
                Err(failure) => return Err(failure),
            }
        }
        match quota {
            // Nothing came in, and room would have helped: the caller is told about the room.
            Some(fault) if fail_accounts.len() == count => Err(fault.into()),
            _ => Ok(Failed { fail_accounts }),
        }
    }
}
