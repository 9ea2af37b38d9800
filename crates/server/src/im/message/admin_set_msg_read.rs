//! Marks a conversation as read in the name of one of its accounts.

use contract::codes::Family;
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Tx, accounts};

use super::send_fault;
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, Number, User};

/// Marks a conversation as read in the name of one of its accounts.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AdminSetMsgRead {
    /// Whose messages were read.
    #[serde(rename = "Peer_Account")]
    peer: User,
    /// Who read.
    #[serde(rename = "Report_Account")]
    reader: User,
    /// Everything up to this second is read; absent means everything there is. Text or a number.
    #[serde(rename = "MsgReadTime")]
    time: Option<Number>,
}

impl Action for AdminSetMsgRead {
    const NAME: &'static str = "openim/admin_set_msg_read";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "message";
    const FIELD_FAULT: FieldFault = send_fault;
    type Answer = Done;
}

impl Write for AdminSetMsgRead {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        let reader = accounts::get(tx, &self.reader.0)?;
        if !reader.is_some_and(|account| account.is_alive()) && !call.app.is_admin(&self.reader.0) {
            return Err(Fault::BatchSenderUnknown.into());
        }
        // What a deleted account wrote stays with its peers, who must be able to put it away.
        if accounts::get(tx, &self.peer.0)?.is_none() && !call.app.is_admin(&self.peer.0) {
            return Err(Fault::ReceiverInvalid.into());
        }
        chat::conversation::set_read(tx, call.now, &self.reader.0, &self.peer.0, self.time.map(|time| time.0))?;
        Ok(Done {})
    }
}
