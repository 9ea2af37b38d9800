//! Reads the history of a group.

use chat::group::message::history;
use contract::codes::Family;
use contract::group::{GroupMessage, HISTORY_PAGE};
use contract::message::Flags;
use contract::{Failure, Fault, Result, Seq};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Snapshot;

use super::{Spot, bounded, group_fault};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::FieldFault;

/// Reads the history of a group backwards, newest first. A place whose message is not kept any more has a placeholder.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GroupMsgGetSimple {
    #[serde(rename = "*")]
    #[schemars(flatten)]
    spot: Spot,
    /// How many messages, up to 20.
    req_msg_number: i64,
    /// Up to and with this one; absent means the newest.
    req_msg_seq: Option<i64>,
    /// 1 also shows that messages were recalled.
    with_recalled_msg: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Item {
    #[serde(rename = "From_Account")]
    from: String,
    /// 0 a message, 1 one that is not kept any more, 2 one that was recalled.
    is_place_msg: i64,
    /// 1: it is a tip.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_system_msg: Option<i64>,
    msg_body: Value,
    #[serde(skip_serializing_if = "String::is_empty")]
    cloud_custom_data: String,
    /// 1 high, 2 normal, 3 low, 4 lowest.
    msg_priority: i64,
    msg_random: u32,
    msg_seq: i64,
    msg_time_stamp: i64,
}

/// A page.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    group_id: String,
    /// 1: all that was asked for; 0: there is more; 2: there was more, but it has expired.
    is_finished: i64,
    rsp_msg_list: Vec<Item>,
}

impl Action for GroupMsgGetSimple {
    const NAME: &'static str = "group_open_http_svc/group_msg_get_simple";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

fn item(message: &GroupMessage) -> Result<Item> {
    let is_recalled = message.flags.has(Flags::RECALLED);
    let body = if is_recalled { Value::Array(Vec::new()) } else { parse(&message.body)? };
    Ok(Item {
        from: message.sender.to_string(),
        is_place_msg: if is_recalled { 2 } else { 0 },
        is_system_msg: message.flags.has(Flags::TIP).then_some(1),
        msg_body: body,
        cloud_custom_data: if is_recalled { String::new() } else { message.cloud.to_string() },
        msg_priority: message.priority as i64,
        msg_random: message.random,
        msg_seq: message.seq.0,
        msg_time_stamp: message.at.secs(),
    })
}

fn parse(body: &str) -> Result<Value> {
    serde_json::from_str(body).map_err(|error| Failure::internal(error).into())
}

fn gone(seq: i64) -> Item {
    Item {
        from: String::new(),
        is_place_msg: 1,
        is_system_msg: None,
        msg_body: Value::Array(Vec::new()),
        cloud_custom_data: String::new(),
        msg_priority: 2,
        msg_random: 0,
        msg_seq: seq,
        msg_time_stamp: 0,
    }
}

impl Read for GroupMsgGetSimple {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let count = usize::try_from(self.req_msg_number).ok().filter(|count| *count > 0);
        let count = count.ok_or(Fault::FieldInvalid { field: "ReqMsgNumber" })?;
        if self.req_msg_seq.is_some_and(|seq| seq < 0) {
            return Err(Fault::FieldInvalid { field: "ReqMsgSeq" }.into());
        }
        let with_recalled = super::is_on(self.with_recalled_msg, "WithRecalledMsg")?;
        let page = history(snapshot, &self.spot.id()?, self.req_msg_seq.map(Seq), count.min(HISTORY_PAGE))?;
        let newest = self.req_msg_seq.map_or(page.group.seq.0, |seq| seq.min(page.group.seq.0));
        let oldest = (newest - count.min(HISTORY_PAGE) as i64).max(0);
        let mut list = Vec::new();
        // One entry per place, kept or not, so that a caller sees where it is.
        for seq in (oldest + 1..=newest).rev() {
            match page.messages.iter().find(|message| message.seq.0 == seq) {
                Some(message) if message.flags.has(Flags::RECALLED) && !with_recalled => {}
                Some(message) => list.push(item(message)?),
                None => list.push(gone(seq)),
            }
        }
        let is_whole = count <= HISTORY_PAGE || oldest == 0;
        let is_rest_gone = page.messages.last().is_none_or(|last| last.seq.0 > oldest + 1) && page.is_complete;
        let is_finished = match (is_whole, is_rest_gone) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 0,
        };
        bounded(Answer { group_id: self.spot.group.0.to_string(), is_finished, rsp_msg_list: list })
    }
}
