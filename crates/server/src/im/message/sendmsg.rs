//! Sends a message to one account, in the name of any account of the app.

use contract::codes::Family;
use contract::{MsgKey, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Bound, Letter, deliver, names, send_fault};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};

/// Sends a message to one account, in the name of any account of the app. Fields are checked in the order of the table.
/// A `MsgLifeTime` of more than seven days means seven days.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Sendmsg {
    /// Who receives it.
    #[serde(rename = "To_Account")]
    receiver: User,
    #[serde(rename = "*")]
    #[schemars(flatten)]
    letter: Letter,
    /// `ForbidBeforeSendMsgCallback`, `ForbidAfterSendMsgCallback`: the webhook is not called for this message.
    #[serde(rename = "ForbidCallbackControl")]
    #[schemars(with = "Option<Vec<String>>")]
    unhooked: Option<Value>,
}

/// What identifies the stored message.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// When it was stored, in seconds.
    msg_time: i64,
    /// Names the message in all later calls.
    msg_key: String,
}

impl Action for Sendmsg {
    const NAME: &'static str = "openim/sendmsg";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "message";
    const FIELD_FAULT: FieldFault = send_fault;
    type Answer = Answer;
}

impl Perform for Sendmsg {
    async fn perform(mut self, call: Call) -> Result<Answer> {
        let sender = self.letter.sender(&call);
        let Letter { msg_seq, msg_random, content, .. } = self.letter;
        let mut composed = content.compose(&call, Bound::Single)?.moderated(&call);
        let unhooked = names(self.unhooked.as_ref(), "ForbidCallbackControl")?;
        let mut draft = composed.take_draft(&call, sender, self.receiver.0, msg_seq, msg_random);
        if unhooked.contains(&"ForbidAfterSendMsgCallback") {
            draft.told = None;
        }
        let is_asked = !unhooked.contains(&"ForbidBeforeSendMsgCallback");
        let key = match deliver(&call, &composed, draft, is_asked).await? {
            Some(sent) => sent.key,
            // The app wants it to look as if it had been sent.
            None => MsgKey { time: call.now.secs(), seq: msg_seq.unwrap_or_default(), random: msg_random },
        };
        Ok(Answer { msg_time: key.time, msg_key: key.to_string() })
    }
}
