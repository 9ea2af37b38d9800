//! Adds one account to the app. Importing an account again is not an error; what is given is updated.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User, user_fault};

/// Adds one account to the app. Importing an account again is not an error; what is given is updated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountImport {
    /// 1–32 bytes; the key of the account for ever. Older clients call it `Identifier`.
    #[serde(rename = "UserID")]
    user: User,
    /// Shown to others; at most 500 bytes.
    nick: Option<String>,
    /// The URL of a picture; at most 500 bytes.
    face_url: Option<String>,
}

impl Action for AccountImport {
    const NAME: &'static str = "im_open_login_svc/account_import";
    const FAMILY: Family = Family::Account;
    const CHAPTER: &'static str = "account";
    const FIELD_FAULT: FieldFault = user_fault;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("Identifier", "UserID")];
    type Answer = Done;
}

impl Write for AccountImport {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        chat::account::import(tx, call.now, &call.app, &self.user.0, self.nick.as_deref(), self.face_url.as_deref())?;
        Ok(Done {})
    }
}
