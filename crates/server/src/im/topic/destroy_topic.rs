//! Deletes topics.

use chat::topic::destroy;
use contract::codes::Family;
use contract::{Fault, Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::by;
use crate::im::action::{Action, Call, Write};
use crate::im::fields::{FieldFault, User};
use crate::im::group::{GroupName, group_fault};
use crate::im::verdict;

/// Deletes topics of a community with their messages. One that cannot be deleted does not keep the others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DestroyTopic {
    /// The group.
    group_id: GroupName,
    /// Up to 200.
    topic_id_list: Vec<String>,
    /// In whose name; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    from: Option<User>,
}

/// What became of one topic.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Item {
    error_code: i32,
    error_info: &'static str,
    topic_id: String,
}

/// In the order asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    destroy_result_item: Vec<Item>,
}

impl Action for DestroyTopic {
    const NAME: &'static str = "million_group_open_http_svc/destroy_topic";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "topic";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Write for DestroyTopic {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        if self.topic_id_list.is_empty() || self.topic_id_list.len() > limit::TOPIC_BATCH {
            return Err(Fault::FieldInvalid { field: "TopicIdList" }.into());
        }
        let by = by(call, tx, self.from.as_ref())?;
        let done = destroy(tx, call.now, &call.app, &self.group_id.0, &by, &self.topic_id_list)?;
        let item = |(id, outcome): (&String, Result<(), Fault>)| {
            let (error_code, error_info) = verdict(Self::FAMILY, &outcome);
            Item { error_code, error_info, topic_id: id.clone() }
        };
        Ok(Answer { destroy_result_item: self.topic_id_list.iter().zip(done).map(item).collect() })
    }
}
