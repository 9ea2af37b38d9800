//! Recalls messages of a group.

use chat::group::message::recall;
use contract::codes::Family;
use contract::group::{RECALL_BATCH, RECALL_REASON_BYTES};
use contract::{Fault, Result, Seq};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{Spot, by, group_fault, scope};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::FieldFault;
use crate::im::number_of;

/// Recalls messages of a group, however old; each on its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GroupMsgRecall {
    #[serde(rename = "*")]
    #[schemars(flatten)]
    spot: Spot,
    /// Up to 10.
    msg_seq_list: Vec<Place>,
    /// Why, up to 100 bytes.
    reason: Option<String>,
}

/// The place of a message.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub struct Place {
    /// Its sequence.
    #[serde(rename = "MsgSeq")]
    pub seq: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    msg_seq: i64,
    /// 0, or why not.
    ret_code: i32,
}

/// What became of each.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    recall_ret_list: Vec<Outcome>,
}

impl Action for GroupMsgRecall {
    const NAME: &'static str = "group_open_http_svc/group_msg_recall";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

/// The places of a list that may not be empty and has a bound.
pub(super) fn places(list: &[Place], max: usize) -> Result<Vec<Seq>, Fault> {
    let fits = (1..=max).contains(&list.len()) && list.iter().all(|place| place.seq > 0);
    if fits {
        Ok(list.iter().map(|place| Seq(place.seq)).collect())
    } else {
        Err(Fault::FieldInvalid { field: "MsgSeqList" })
    }
}

impl Write for GroupMsgRecall {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let seqs = places(&self.msg_seq_list, RECALL_BATCH)?;
        let reason = self.reason.as_deref().unwrap_or_default();
        if reason.len() > RECALL_REASON_BYTES {
            return Err(Fault::FieldTooLong { field: "Reason", max: RECALL_REASON_BYTES }.into());
        }
        let (_, outcomes) = recall(tx, &scope(call), &by(call, None), &self.spot.id()?, &seqs, i64::MAX, reason)?;
        let outcome = |(seq, outcome): (Seq, Result<(), Fault>)| Outcome {
            msg_seq: seq.0,
            ret_code: outcome.err().map_or(0, |fault| number_of(Family::Group, &fault)),
        };
        Ok(Answer { recall_ret_list: seqs.into_iter().zip(outcomes).map(outcome).collect() })
    }
}
