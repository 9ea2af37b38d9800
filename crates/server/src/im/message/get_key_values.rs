//! Reads the key-value pairs of a message.

use chat::message::change::Actor;
use chat::message::extension;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::set_key_values::{Pair, named};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::User;

/// Which message, and from where on. Fields are checked in this order.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetKeyValues {
    /// Who received the message.
    #[serde(rename = "To_Account")]
    receiver: User,
    /// Who sent it; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    sender: Option<User>,
    /// Its key.
    #[serde(rename = "MsgKey")]
    key: String,
    /// Only pairs whose `Seq` is not below this one; absent means all.
    #[serde(rename = "StartSeq")]
    start: Option<u32>,
}

/// At most 200 pairs, by `Seq`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// 1: no pair follows; 0: ask again from behind the last one.
    complete_flag: i64,
    /// The newest `Seq` that was given out for this message.
    latest_seq: i64,
    /// Every pair whose `Seq` is not above this one was removed.
    clear_seq: i64,
    extension_list: Vec<Pair>,
}

impl From<extension::Pairs> for Answer {
    fn from(found: extension::Pairs) -> Self {
        Self {
            complete_flag: i64::from(found.is_complete),
            latest_seq: found.latest,
            clear_seq: found.cleared,
            extension_list: found.pairs.into_iter().map(Pair::from).collect(),
        }
    }
}

impl Action for GetKeyValues {
    const NAME: &'static str = "openim_msg_ext_http_svc/get_key_values";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "message";
    type Answer = Answer;
}

impl Read for GetKeyValues {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let named = named(call, self.sender.as_ref(), &self.receiver, &self.key)?;
        let actor = Actor::Admin(call.caller.clone());
        let start = self.start.unwrap_or_default().into();
        let found = extension::list(snapshot, &call.app, &actor, &named, start)?;
        Ok(found.into())
    }
}
