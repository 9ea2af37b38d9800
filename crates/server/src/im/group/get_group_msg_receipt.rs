//! How many have read messages of a group.

use chat::group::read::tallies;
use contract::Result;
use contract::codes::Family;
use contract::group::RECEIPT_BATCH;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::group_msg_recall::{Place, places};
use super::{GroupName, by, group_fault, scope};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::FieldFault;
use crate::im::number_of;

/// How many have read messages of a group that asked for receipts, and how many have not.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetGroupMsgReceipt {
    /// The group.
    group_id: GroupName,
    /// Up to 50.
    msg_seq_list: Vec<Place>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Item {
    /// 0, or why nothing is known of the message.
    code: i32,
    msg_seq: i64,
    read_num: i64,
    unread_num: i64,
}

/// One entry per message.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    group_msg_receipt_list: Vec<Item>,
}

impl Action for GetGroupMsgReceipt {
    const NAME: &'static str = "group_open_http_svc/get_group_msg_receipt";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Read for GetGroupMsgReceipt {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let seqs = places(&self.msg_seq_list, RECEIPT_BATCH)?;
        let found = tallies(snapshot, &scope(call), &by(call, None), &self.group_id.0, &seqs)?;
        let item = |(seq, tally): (contract::Seq, std::result::Result<chat::group::read::Tally, _>)| match tally {
            Ok(tally) => Item { code: 0, msg_seq: seq.0, read_num: tally.read, unread_num: tally.unread },
            Err(fault) => Item { code: number_of(Family::Group, &fault), msg_seq: seq.0, read_num: 0, unread_num: 0 },
        };
        Ok(Answer { group_msg_receipt_list: found.into_iter().map(item).collect() })
    }
}
