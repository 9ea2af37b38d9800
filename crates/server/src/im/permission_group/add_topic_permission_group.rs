//! Says what a permission group allows in topics of which nothing was said yet.

use chat::permission::Said;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{TopicAnswer, TopicMask, masks, say};
use crate::im::action::{Action, Call, Write};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Says what a permission group allows in topics of which nothing was said yet.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AddTopicPermissionGroup {
    /// The group.
    group_id: GroupName,
    /// Which permission group.
    permission_group_id: String,
    /// Up to 50.
    topic_permission_list: Vec<TopicMask>,
}

impl Action for AddTopicPermissionGroup {
    const NAME: &'static str = "group_open_http_svc/add_topic_permission_group";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "permission-group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = TopicAnswer;
}

impl Write for AddTopicPermissionGroup {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<TopicAnswer> {
        let topics = masks(&self.topic_permission_list);
        say(call, tx, &self.group_id, &self.permission_group_id, &topics, Said::Nothing)
    }
}
