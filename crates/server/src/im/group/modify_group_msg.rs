//! Changes a message of a group.

use chat::group::message::modify;
use chat::message::change::Edit;
use contract::codes::Family;
use contract::message::check_body;
use contract::{Fault, Result, Seq};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Spot, by, scope};
use crate::im::action::{Action, Call, Done, Perform};
use crate::im::message::text;

/// Which message of a group, and what becomes of it: at least one of `MsgBody` and `CloudCustomData`, each replaced as a
/// whole. The members' devices are told.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyGroupMsg {
    #[serde(rename = "*")]
    #[schemars(flatten)]
    spot: Spot,
    /// Its sequence.
    msg_seq: i64,
    /// The new list of elements; absent leaves it.
    msg_body: Option<Value>,
    /// The new custom data; absent leaves it.
    cloud_custom_data: Option<Value>,
}

impl Action for ModifyGroupMsg {
    const NAME: &'static str = "openim/modify_group_msg";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "group";
    type Answer = Done;
}

impl Perform for ModifyGroupMsg {
    async fn perform(self, call: Call) -> Result<Done> {
        if self.msg_body.is_none() && self.cloud_custom_data.is_none() {
            return Err(Fault::MsgBodyInvalid.into());
        }
        let mut body = self.msg_body;
        body.as_ref().map_or(Ok(()), check_body)?;
        let cloud = self.cloud_custom_data.map(|cloud| text(Some(cloud), "CloudCustomData")).transpose()?;
        let max = call.app.settings.message_bytes;
        let size = body.as_ref().map_or(0, |body| body.to_string().len()) + cloud.as_ref().map_or(0, String::len);
        if size > max {
            return Err(Fault::MessageTooLong { max }.into());
        }
        if let Some(body) = &mut body {
            call.node.moderation.check_body(call.app.id, body)?;
        }
        let edit = Edit { body: body.map(|body| body.to_string()), cloud };
        let (store, app, id, seq) = (call.node.store.clone(), call.app.id, self.spot.id()?, Seq(self.msg_seq));
        store
            .write(app, move |tx| {
                tx.act_for(call.origin());
                modify(tx, &scope(&call), &by(&call, None), &id, seq, &edit).map(drop)
            })
            .await?;
        Ok(Done {})
    }
}
