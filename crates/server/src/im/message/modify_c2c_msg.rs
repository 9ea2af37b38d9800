//! Changes a stored message for both sides.

use chat::message::change::{Actor, Base, Edit, Named, modify, version};
use contract::codes::Family;
use contract::message::check_body;
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use store::{Snapshot, Tx};

use super::{send_fault, text};
use crate::im::action::{Action, Call, Done, Perform};
use crate::im::fields::{FieldFault, User};

/// Which message, and what becomes of it: at least one of `MsgBody` and `CloudCustomData`, each replaced as a whole.
/// Both sides' devices are told. If somebody else changes the message while the call is under way, one of the two is
/// refused. The new elements are looked through for what the app does not want, as those of a send. Fields are checked in this order.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ModifyC2cMsg {
    /// Who received it.
    #[serde(rename = "To_Account")]
    receiver: User,
    /// Who sent it.
    #[serde(rename = "From_Account")]
    sender: User,
    /// Its key.
    #[serde(rename = "MsgKey")]
    key: String,
    /// The new list of elements; absent leaves it.
    #[serde(rename = "MsgBody")]
    body: Option<Value>,
    /// The new custom data; absent leaves it.
    #[serde(rename = "CloudCustomData")]
    cloud: Option<Value>,
}

impl Action for ModifyC2cMsg {
    const NAME: &'static str = "openim/modify_c2c_msg";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "message";
    const FIELD_FAULT: FieldFault = send_fault;
    type Answer = Done;
}

impl Perform for ModifyC2cMsg {
    async fn perform(self, call: Call) -> Result<Done> {
        let named = Named { sender: self.sender.0, receiver: self.receiver.0, key: self.key.parse()? };
        if self.body.is_none() && self.cloud.is_none() {
            return Err(Fault::MsgBodyInvalid.into());
        }
        let mut body = self.body;
        body.as_ref().map_or(Ok(()), check_body)?;
        let cloud = self.cloud.map(|cloud| text(Some(cloud), "CloudCustomData")).transpose()?;
        let content = body.as_mut().map(|body| call.node.moderation.check_body(call.app.id, body)).transpose();
        let (review, refusal) = match content {
            Ok(checked) => (checked.unwrap_or_default().review, None),
            Err(fault) => (Vec::new(), Some(fault)),
        };
        let edit = Edit { body: body.map(|body| body.to_string()), cloud };
        // What is read here is what the caller means to change; the write refuses if it is another message by then.
        let (app, asked) = (call.app.clone(), named.clone());
        let read = move |snapshot: &mut Snapshot<'_>| version(snapshot, &asked, |user| app.is_admin(user));
        let base = Base::Read(call.node.store.read(call.app.id, read).await?);
        let (now, bytes, actor) = (call.now, call.app.settings.message_bytes, Actor::Admin(call.caller.clone()));
        let (asked, text) = (named.clone(), edit.body.clone().filter(|_| !review.is_empty()).unwrap_or_default());
        let origin = call.origin();
        let write = move |tx: &mut Tx<'_>| {
            tx.act_for(origin);
            modify(tx, now, &actor, &named, base, &edit, bytes)?;
            // Whether it may be changed at all is told first; an error undoes the change.
            refusal.clone().map_or(Ok(()), |fault| Err(fault.into()))
        };
        call.node.store.write(call.app.id, write).await?;
        call.node.moderation.note_change(call.app.id, now, &asked, &text, &review).await?;
        Ok(Done {})
    }
}
