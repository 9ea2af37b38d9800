//! Deletes a conversation from the list of an account.

use chat::conversation::contact;
use contract::codes::Family;
use contract::{Error, Fault, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::owner;
use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;

/// Deletes a conversation from the list of an account, until its next message. Its pin goes, nothing of it is unread any
/// more, and the account's devices are told; the other side notices nothing.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Delete {
    /// Whose list.
    #[serde(rename = "From_Account")]
    account: User,
    /// 1 with an account, 2 of a group.
    #[serde(rename = "Type")]
    kind: u32,
    /// Type 1: the account on the other side.
    #[serde(rename = "To_Account")]
    user: Option<User>,
    /// Type 2: the group. `ToGroupId` is understood as well.
    #[serde(rename = "ToGroupid")]
    group: Option<String>,
    /// 1 also takes the history away from this account; 0 or absent keeps it.
    #[serde(rename = "ClearRamble")]
    clear: Option<u32>,
}

/// Nothing but success.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    error_display: &'static str,
}

impl Action for Delete {
    const NAME: &'static str = "recentcontact/delete";
    const FAMILY: Family = Family::Conversation;
    const CHAPTER: &'static str = "conversation";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("ToGroupId", "ToGroupid")];
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Write for Delete {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let named = super::contact(self.kind, self.user.as_ref(), self.group.as_deref())?;
        let clears = match self.clear {
            None | Some(0) => false,
            Some(1) => true,
            Some(_) => return Err(Fault::FieldInvalid { field: "ClearRamble" }.into()),
        };
        let outcome = contact::delete(tx, &owner(call, &self.account.0), &[named], clears)?;
        match outcome.refused.into_iter().flatten().next() {
            Some(fault) => Err(Error::Fault(fault)),
            None => Ok(Answer { error_display: "" }),
        }
    }
}
