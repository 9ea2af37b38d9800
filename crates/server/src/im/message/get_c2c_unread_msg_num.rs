//! Counts what an account has not read: altogether, or from each of up to ten peers.

use contract::codes::Family;
use contract::{Error, Fault, Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Snapshot, accounts, conversations};

use crate::im::action::{Action, Call, Read};
use crate::im::fields::{FieldFault, UpTo, User};
use crate::im::number_of;

/// Counts what an account has not read: altogether, or from each of up to ten peers.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetC2cUnreadMsgNum {
    /// Who has not read them.
    #[serde(rename = "To_Account")]
    account: User,
    /// Up to ten peers; absent means all together.
    #[serde(rename = "Peer_Account")]
    #[schemars(with = "Option<UpTo<User, 10>>")]
    peers: Option<Vec<Value>>,
}

#[derive(Serialize, JsonSchema)]
struct Counted {
    /// The peer.
    #[serde(rename = "Peer_Account")]
    peer: String,
    /// How many of its messages are not read.
    #[serde(rename = "C2CUnreadMsgNum")]
    unread: i64,
}

#[derive(Serialize, JsonSchema)]
struct Unknown {
    /// The peer.
    #[serde(rename = "Peer_Account")]
    peer: String,
    /// Why it could not be asked about.
    #[serde(rename = "ErrorCode")]
    code: i32,
}

/// One number for all, or one for each.
#[derive(Default, Serialize, JsonSchema)]
pub struct Answer {
    /// How many messages are not read altogether, where no peer was named.
    #[serde(rename = "AllC2CUnreadMsgNum", skip_serializing_if = "Option::is_none")]
    all: Option<i64>,
    /// One for each peer that was named.
    #[serde(rename = "C2CUnreadMsgNumList", skip_serializing_if = "Option::is_none")]
    counted: Option<Vec<Counted>>,
    /// Peers that could not be asked about; absent where there is none.
    #[serde(rename = "ErrorList", skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<Unknown>,
}

impl Action for GetC2cUnreadMsgNum {
    const NAME: &'static str = "openim/get_c2c_unread_msg_num";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "message";
    const FIELD_FAULT: FieldFault = |field, _| match field {
        "To_Account" | "Peer_Account" => Some(Fault::ReceiverInvalid),
        _ => None,
    };
    type Answer = Answer;
}

impl Read for GetC2cUnreadMsgNum {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let account = &self.account.0;
        let is_known = accounts::get(snapshot, account)?.is_some_and(|account| account.is_alive());
        if !is_known && !call.app.is_admin(account) {
            return Err(Fault::ReceiverInvalid.into());
        }
        let Some(peers) = &self.peers else {
            let all = conversations::unread_total(snapshot, account)?;
            return Ok(Answer { all: Some(all), ..Answer::default() });
        };
        if peers.len() > limit::PEER_BATCH {
            return Err(Fault::PeersTooMany { max: limit::PEER_BATCH }.into());
        }
        let mut counted = Vec::new();
        let mut unknown = Vec::new();
        for peer in peers {
            let name = peer.as_str().ok_or(Fault::ReceiverInvalid)?;
            let unread = match UserId::parse(name) {
                Ok(peer) => chat::conversation::unread_from(snapshot, account, &peer),
                Err(_) => Err(Fault::AccountUnknown.into()),
            };
            match unread {
                Ok(unread) => counted.push(Counted { peer: name.into(), unread }),
                Err(Error::Fault(_)) => {
                    let code = number_of(Family::Account, &Fault::AccountUnknown);
                    unknown.push(Unknown { peer: name.into(), code });
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(Answer { all: None, counted: Some(counted), unknown })
    }
}
