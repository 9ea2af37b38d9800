//! Mutes an account.

use contract::codes::Family;
use contract::{Error, Fault, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use store::Tx;

use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User};

/// Keeps an account from writing, from now on for a while or for ever, in one-to-one conversations, in groups, or both.
/// Its devices are refused; what a back end sends in its name passes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Setnospeaking {
    /// Whom.
    #[serde(rename = "Set_Account")]
    account: User,
    /// Seconds in one-to-one conversations: 0 lets it speak again, 4294967295 is for ever; absent changes nothing.
    #[serde(rename = "C2CmsgNospeakingTime")]
    pairs: Option<u32>,
    /// The same in groups. At least one of the two is given.
    #[serde(rename = "GroupmsgNospeakingTime")]
    groups: Option<u32>,
}

impl Action for Setnospeaking {
    const NAME: &'static str = "openconfigsvr/setnospeaking";
    const FAMILY: Family = Family::Operations;
    const CHAPTER: &'static str = "mute";
    const FIELD_FAULT: FieldFault = |field, given| match (field, given) {
        ("Set_Account", None | Some(Value::Null)) => Some(Fault::MuteTargetMissing),
        ("Set_Account", Some(_)) => Some(Fault::MuteTargetInvalid),
        _ => None,
    };
    type Answer = Done;
}

impl Write for Setnospeaking {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        if self.pairs.is_none() && self.groups.is_none() {
            return Err(Fault::MuteTimesMissing.into());
        }
        chat::mute::set(tx, call.now, &self.account.0, self.pairs, self.groups).map_err(|error| match error {
            Error::Fault(Fault::AccountUnknown) => Fault::MuteTargetInvalid.into(),
            error => error,
        })?;
        Ok(Done {})
    }
}
