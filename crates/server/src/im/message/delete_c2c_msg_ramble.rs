//! Deletes messages from the view of one side; the other side keeps them.

use chat::message::change::delete;
use contract::codes::Family;
use contract::{Fault, MsgKey, Result, limit};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Tx, accounts};

use super::{deletion, send_fault};
use crate::im::action::{Action, Call, Done, Perform};
use crate::im::fields::{FieldFault, UpTo, User};

/// Whose view of which conversation, and what goes from it. A message that is not there, or was deleted before, is no
/// error. Connected devices are not told; they miss the message when they load the history again. Fields are checked in
/// this order.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DeleteC2cMsgRamble {
    /// The other account.
    #[serde(rename = "Peer_Account")]
    peer: User,
    /// From whose view they go.
    #[serde(rename = "Operator_Account")]
    operator: User,
    /// Keys of 1 to 30 messages, in whichever direction they were sent.
    #[serde(rename = "MsgKeyList")]
    keys: UpTo<String, { limit::DELETE_BATCH }>,
}

impl Action for DeleteC2cMsgRamble {
    const NAME: &'static str = "openim/delete_c2c_msg_ramble";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "message";
    const FIELD_FAULT: FieldFault = send_fault;
    type Answer = Done;
}

impl Perform for DeleteC2cMsgRamble {
    async fn perform(self, call: Call) -> Result<Done> {
        let keys = self.keys.0.iter().map(|key| key.parse()).collect::<Result<Vec<MsgKey>, Fault>>()?;
        let (operator, peer, app) = (self.operator.0, self.peer.0, call.app.clone());
        let write = move |tx: &mut Tx<'_>| {
            let account = accounts::get(tx, &operator)?;
            if !account.is_some_and(|account| account.is_alive()) && !app.is_admin(&operator) {
                return Err(Fault::BatchSenderUnknown.into());
            }
            // What a deleted account wrote stays with its peers, who may delete it.
            if accounts::get(tx, &peer)?.is_none() && !app.is_admin(&peer) {
                return Err(Fault::ReceiverInvalid.into());
            }
            delete(tx, &operator, &peer, &keys)
        };
        call.node.store.write(call.app.id, write).await.map_err(deletion)?;
        Ok(Done {})
    }
}
