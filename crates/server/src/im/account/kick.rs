//! Ends every session of an account and makes every UserSig signed until now void.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User, user_fault};

/// Ends every session of an account and makes every UserSig signed until now void.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Kick {
    /// The account. Older clients call it `Identifier`.
    #[serde(rename = "UserID")]
    user: User,
}

impl Action for Kick {
    const NAME: &'static str = "im_open_login_svc/kick";
    const FAMILY: Family = Family::Account;
    const CHAPTER: &'static str = "account";
    const FIELD_FAULT: FieldFault = user_fault;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("Identifier", "UserID")];
    type Answer = Done;
}

impl Write for Kick {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        chat::account::kick(tx, call.now, &self.user.0)?;
        Ok(Done {})
    }
}
