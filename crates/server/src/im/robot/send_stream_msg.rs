//! Lets a robot answer piece by piece: a stream message whose chunks are numbered here.

use chat::message::change::Named;
use chat::message::stream::Piece;
use contract::codes::Family;
use contract::stream::{Chunk, Stream};
use contract::{Error, Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::im::action::{Action, Call, Perform};
use crate::im::fields::User;
use crate::im::message::Content;
use crate::im::message::send_c2c_stream_msg::{go_on, open};
use crate::vault;

/// A piece of the robot's answer. Bounds are those of `stream_msg/send_c2c_stream_msg`. Fields are checked in this order.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SendStreamMsg {
    /// The robot.
    #[serde(rename = "From_Account")]
    sender: User,
    /// Who receives it.
    #[serde(rename = "To_Account")]
    receiver: User,
    /// The next piece of the text.
    #[serde(rename = "Chunk")]
    chunk: String,
    /// What the first call answered; absent sends a new message.
    #[serde(rename = "MsgKey")]
    key: Option<String>,
    /// 1: nothing follows.
    #[serde(rename = "Finish")]
    finish: Option<i64>,
}

/// What names the message in the next call.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    msg_key: String,
}

impl Action for SendStreamMsg {
    const NAME: &'static str = "openim_robot_http_svc/send_stream_msg";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "robot";
    type Answer = Answer;
}

impl Perform for SendStreamMsg {
    async fn perform(self, call: Call) -> Result<Answer> {
        let (sender, receiver, is_last) = (self.sender.0, self.receiver.0, self.finish == Some(1));
        if !sender.is_robot() {
            return Err(Fault::FieldInvalid { field: "From_Account" }.into());
        }
        let key = match self.key.as_deref() {
            Some(key) if !key.is_empty() => {
                let key = key.parse().map_err(|_| Fault::FieldInvalid { field: "MsgKey" })?;
                let piece = Piece::Next(self.chunk, is_last);
                go_on(&call, Named { sender, receiver, key }, piece).await.map_err(unusable)?
            }
            _ => {
                let whole = Chunk { index: 1, markdown: self.chunk.clone(), is_last };
                let stream = Stream { compatible: self.chunk, whole };
                let numbers = (None, u32::from_le_bytes(vault::random()));
                open(&call, sender, receiver, numbers, stream, Content::default()).await?
            }
        };
        Ok(Answer { msg_key: key.to_string() })
    }
}

/// The command knows one code for a key that cannot be continued, whatever became of the message.
fn unusable(error: Error) -> Error {
    match error {
        Error::Fault(Fault::MessageUnknown | Fault::MessageRecalled | Fault::StreamEnded) => {
            Fault::FieldInvalid { field: "MsgKey" }.into()
        }
        other => other,
    }
}
