//! Adds one account to the app. Importing an account again is not an error; what is given is updated.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;

use super::import;
use crate::im::action::{Action, Call, Done, Perform};
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

impl Perform for AccountImport {
    async fn perform(self, call: Call) -> Result<Done> {
        import(&call, self.user.0, self.nick, self.face_url).await?;
        Ok(Done {})
    }
}
