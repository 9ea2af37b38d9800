//! Who has read a message of a group, and who has not.

use chat::group::read::names;
use contract::codes::Family;
use contract::group::RECEIPT_PAGE;
use contract::{Fault, Result, Seq};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::{GroupName, by, group_fault, scope};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::FieldFault;

/// Who has read a message of a group that asked for receipts, or who has not, in the order of their names.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetGroupMsgReceiptDetail {
    /// The group.
    group_id: GroupName,
    /// The message.
    msg_seq: i64,
    /// 0 those who have read it, 1 those who have not.
    filter: i64,
    /// Empty first, then what the page before answered.
    cursor: Option<String>,
    /// How many; more than 200 means 200.
    count: i64,
}

#[derive(Serialize, JsonSchema)]
struct Reader {
    #[serde(rename = "Read_Account")]
    account: String,
}

#[derive(Serialize, JsonSchema)]
struct Waiting {
    #[serde(rename = "Unread_Account")]
    account: String,
}

/// A page of names.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    msg_seq: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_list: Option<Vec<Reader>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread_list: Option<Vec<Waiting>>,
    /// Where the next page begins; empty after the last.
    cursor: String,
    /// 1 after the last page; under both names that the contract has for it.
    is_finish: i64,
    is_finished: i64,
}

impl Action for GetGroupMsgReceiptDetail {
    const NAME: &'static str = "group_open_http_svc/get_group_msg_receipt_detail";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Read for GetGroupMsgReceiptDetail {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let has_read = match self.filter {
            0 => true,
            1 => false,
            _ => return Err(Fault::FieldInvalid { field: "Filter" }.into()),
        };
        let count = usize::try_from(self.count).ok().filter(|count| *count > 0);
        let count = count.ok_or(Fault::FieldInvalid { field: "Count" })?.min(RECEIPT_PAGE);
        let after = self.cursor.as_deref().unwrap_or_default();
        let (seq, who) = (Seq(self.msg_seq), by(call, None));
        let (found, has_more) = names(snapshot, &scope(call), &who, &self.group_id.0, seq, has_read, (after, count))?;
        let cursor = found.last().filter(|_| has_more).map(ToString::to_string).unwrap_or_default();
        let text = |account: &contract::UserId| account.to_string();
        Ok(Answer {
            msg_seq: self.msg_seq,
            read_list: has_read.then(|| found.iter().map(|account| Reader { account: text(account) }).collect()),
            unread_list: (!has_read).then(|| found.iter().map(|account| Waiting { account: text(account) }).collect()),
            cursor,
            is_finish: i64::from(!has_more),
            is_finished: i64::from(!has_more),
        })
    }
}
