//! Says how long an account stays muted.

use contract::codes::Family;
use contract::{Error, Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Snapshot;

use crate::im::action::{Action, Call, Read};
use crate::im::fields::{FieldFault, User};

/// Says how long an account stays muted.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Getnospeaking {
    /// Whose mute.
    #[serde(rename = "Get_Account")]
    account: User,
}

/// What is left of both mutes.
#[derive(Serialize, JsonSchema)]
pub struct Answer {
    /// Seconds in one-to-one conversations: 0 means not muted, 4294967295 for ever.
    #[serde(rename = "C2CmsgNospeakingTime")]
    pairs: u32,
    /// The same in groups.
    #[serde(rename = "GroupmsgNospeakingTime")]
    groups: u32,
}

impl Action for Getnospeaking {
    const NAME: &'static str = "openconfigsvr/getnospeaking";
    const FAMILY: Family = Family::Operations;
    const CHAPTER: &'static str = "mute";
    const FIELD_FAULT: FieldFault = |field, given| match (field, given) {
        ("Get_Account", None | Some(Value::Null)) => Some(Fault::MuteQueryMissing),
        ("Get_Account", Some(_)) => Some(Fault::MuteQueryInvalid),
        _ => None,
    };
    type Answer = Answer;
}

impl Read for Getnospeaking {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let left = chat::mute::left(snapshot, call.now, &self.account.0).map_err(|error| match error {
            Error::Fault(Fault::AccountUnknown) => Fault::MuteQueryInvalid.into(),
            error => error,
        });
        let (pairs, groups) = left?;
        Ok(Answer { pairs, groups })
    }
}
