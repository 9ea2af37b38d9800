//! Sets, removes or clears the key-value pairs of a message.

use chat::message::change::{Actor, Named};
use chat::message::extension;
use contract::codes::Family;
use contract::message::{Extension, ExtensionChange};
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use crate::im::action::{Action, Call, Write};
use crate::im::fields::User;
use crate::im::number_of;

/// Which message, and what becomes of its pairs. The message must have been sent with `SupportMessageExtension` 1. All
/// pairs of a message share one order of changes, and `Seq` of a pair is its place there, so a pair that did not change
/// keeps its `Seq`. A message takes 200 changes a minute. Fields are checked in this order.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SetKeyValues {
    /// Who received the message.
    #[serde(rename = "To_Account")]
    receiver: User,
    /// Who sent it; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    sender: Option<User>,
    /// Its key.
    #[serde(rename = "MsgKey")]
    key: String,
    /// 1 sets the pairs that are given, 2 removes them, 3 removes all.
    #[serde(rename = "OperateType")]
    change: i64,
    /// 1 to 20 pairs, for 1 and 2; a message has at most 300.
    #[serde(rename = "ExtensionList")]
    pairs: Option<Vec<Asked>>,
}

/// A pair as a caller gives it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Asked {
    /// 1 to 100 bytes.
    key: String,
    /// Up to 1,000 bytes; of no consequence when the pair is removed.
    value: Option<String>,
    /// The one that the caller knows. An administrator's call changes the pair whatever it is.
    seq: Option<u32>,
}

/// A pair as it is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Pair {
    key: String,
    value: String,
    seq: i64,
}

impl From<Extension> for Pair {
    fn from(Extension { key, value, seq }: Extension) -> Self {
        Self { key, value, seq }
    }
}

/// What became of one pair.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Changed {
    /// 0, or why the pair was not changed.
    error_code: i32,
    /// The pair as it is now.
    extension: Pair,
}

/// The pairs that were given, in that order.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    extension_list: Vec<Changed>,
}

impl From<&Asked> for Extension {
    fn from(pair: &Asked) -> Self {
        Self {
            key: pair.key.clone(),
            value: pair.value.clone().unwrap_or_default(),
            seq: pair.seq.unwrap_or_default().into(),
        }
    }
}

impl From<extension::Changed> for Answer {
    fn from(changed: extension::Changed) -> Self {
        let item = |(pair, is_late): (Extension, bool)| Changed {
            error_code: if is_late { number_of(Family::Group, &Fault::ExtensionConflict) } else { 0 },
            extension: pair.into(),
        };
        Self { extension_list: changed.pairs.into_iter().map(item).collect() }
    }
}

impl Action for SetKeyValues {
    const NAME: &'static str = "openim_msg_ext_http_svc/set_key_values";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "message";
    type Answer = Answer;
}

impl Write for SetKeyValues {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let named = named(call, self.sender.as_ref(), &self.receiver, &self.key)?;
        let field = "OperateType";
        let change = ExtensionChange::from_number(self.change).ok_or(Fault::FieldInvalid { field })?;
        let actor = Actor::Admin(call.caller.clone());
        let pairs: Vec<Extension> = self.pairs.iter().flatten().map(Extension::from).collect();
        let changed = extension::change(tx, call.now, &call.app, &actor, &named, change, &pairs)?;
        Ok(changed.into())
    }
}

/// The message that a call names.
pub(super) fn named(call: &Call, sender: Option<&User>, receiver: &User, key: &str) -> Result<Named> {
    let sender = sender.map_or_else(|| call.caller.clone(), |sender| sender.0.clone());
    let key = key.parse().map_err(|_| Fault::FieldInvalid { field: "MsgKey" })?;
    Ok(Named { sender, receiver: receiver.0.clone(), key })
}
