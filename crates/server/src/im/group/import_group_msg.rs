//! Brings messages of a group from elsewhere.

use chat::group::import::{Letter, messages};
use contract::codes::Family;
use contract::group::IMPORT_BATCH;
use contract::message::check_body;
use contract::{Fault, Millis, Result, Seq};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Tx;

use super::{Spot, group_fault, is_on, scope};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::{FieldFault, User};
use crate::im::{number_of, shape};

/// Brings messages of a group from elsewhere, oldest first; nobody is told, and afterwards nobody has anything unread.
/// Each must not be older than the one before it, nor than the group, and lie before now.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImportGroupMsg {
    #[serde(rename = "*")]
    #[schemars(flatten)]
    spot: Spot,
    /// 1: the conversation moves up in the members' lists.
    recent_contact_flag: Option<i64>,
    /// Up to 20.
    msg_list: Vec<Item>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Item {
    /// Who sent it.
    #[serde(rename = "From_Account")]
    from: User,
    /// When, in seconds.
    send_time: u32,
    /// Chosen by the sender.
    random: Option<u32>,
    /// A list of elements.
    #[schemars(with = "shape::Elements")]
    msg_body: Value,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    msg_seq: i64,
    msg_time: i64,
    /// 0, or why the message was not taken.
    result: i32,
}

/// What became of each.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    import_msg_result: Vec<Outcome>,
}

impl Action for ImportGroupMsg {
    const NAME: &'static str = "group_open_http_svc/import_group_msg";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

fn letter(item: &Item, max: usize) -> Result<Letter, Fault> {
    check_body(&item.msg_body).map_err(|_| Fault::FieldInvalid { field: "MsgBody" })?;
    let body = item.msg_body.to_string();
    let body = if body.len() > max { Err(Fault::MessageTooLong { max }) } else { Ok(body) };
    let at = Millis::from_secs(item.send_time.into());
    Ok(Letter { sender: item.from.0.clone(), at, random: item.random.unwrap_or(0), body })
}

impl Write for ImportGroupMsg {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        if !(1..=IMPORT_BATCH).contains(&self.msg_list.len()) {
            return Err(Fault::FieldInvalid { field: "MsgList" }.into());
        }
        let moves_list = is_on(self.recent_contact_flag, "RecentContactFlag")?;
        let max = call.app.settings.message_bytes;
        let letters: Vec<Letter> = self.msg_list.iter().map(|item| letter(item, max)).collect::<Result<_, _>>()?;
        let outcomes = messages(tx, &scope(call), &self.spot.id()?, &letters, moves_list)?;
        let outcome = |outcome: std::result::Result<(Seq, Millis), Fault>| match outcome {
            Ok((seq, at)) => Outcome { msg_seq: seq.0, msg_time: at.secs(), result: 0 },
            Err(fault) => Outcome { msg_seq: 0, msg_time: 0, result: number_of(Family::Group, &fault) },
        };
        Ok(Answer { import_msg_result: outcomes.into_iter().map(outcome).collect() })
    }
}
