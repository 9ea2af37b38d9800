//! Takes back what a permission group allows in topics.

use chat::permission::Said;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{TopicAnswer, say};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Takes back what a permission group allows in topics.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteTopicPermissionGroup {
    /// The group.
    group_id: GroupName,
    /// Which permission group.
    permission_group_id: String,
    /// Up to 50.
    topic_id_list: Vec<String>,
}

impl Action for DeleteTopicPermissionGroup {
    const NAME: &'static str = "group_open_http_svc/delete_topic_permission_group";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "permission-group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = TopicAnswer;
}

impl Write for DeleteTopicPermissionGroup {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<TopicAnswer> {
        let topics: Vec<_> = self.topic_id_list.iter().map(|topic| (topic.clone(), None)).collect();
        say(call, tx, &self.group_id, &self.permission_group_id, &topics, Said::Either)
    }
}
