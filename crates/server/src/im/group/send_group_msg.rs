//! Sends a message into a group.

use contract::Result;
use contract::codes::Family;
use gateway::group::Posted;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::letter::Letter;
use super::{Spot, group_fault};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};

/// Sends a message into a group, in the name of any account of the app, in the group or not. One that is more than the
/// group takes within a second is dropped, which the answer says.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SendGroupMsg {
    #[serde(rename = "*spot")]
    #[schemars(flatten)]
    spot: Spot,
    /// In whose name; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    from: Option<User>,
    #[serde(rename = "*")]
    #[schemars(flatten)]
    letter: Letter,
    /// `ForbidBeforeSendMsgCallback`, `ForbidAfterSendMsgCallback`: the webhook is not called for this message.
    #[serde(rename = "ForbidCallbackControl")]
    unhooked: Option<Vec<String>>,
}

/// Where the message is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// When it was stored, in seconds.
    msg_time: i64,
    /// Its sequence in the group; 0 for one that is not stored.
    msg_seq: i64,
    /// `MsgFreqCtrl` if it was dropped, because the group had had enough for this second; empty otherwise.
    msg_drop_reason: &'static str,
}

impl Action for SendGroupMsg {
    const NAME: &'static str = "group_open_http_svc/send_group_msg";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("IsNeedReadReceipt", "NeedReadReceipt")];
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Perform for SendGroupMsg {
    async fn perform(self, call: Call) -> Result<Answer> {
        let sender = self.from.map_or_else(|| call.caller.clone(), |from| from.0);
        let mut post = self.letter.post(&call, self.spot.id()?, sender)?;
        let unhooked = self.unhooked.unwrap_or_default();
        let is_off = |name: &str| unhooked.iter().any(|word| word == name);
        if is_off("ForbidAfterSendMsgCallback") {
            post.told = None;
        }
        post.asks_before = !is_off("ForbidBeforeSendMsgCallback");
        Ok(Answer::of(call.node.hub.post(&call.app, call.now, post).await?))
    }
}

impl Answer {
    /// Where a message is that was sent just now.
    pub(super) fn of(sent: Posted) -> Self {
        Self {
            msg_time: sent.at.secs(),
            msg_seq: sent.seq.0,
            msg_drop_reason: if sent.is_dropped { "MsgFreqCtrl" } else { "" },
        }
    }
}
