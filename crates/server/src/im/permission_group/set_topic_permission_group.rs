//! Changes what a permission group allows in topics.

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

/// Changes what a permission group allows in topics.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SetTopicPermissionGroup {
    /// The group.
    group_id: GroupName,
    /// Which permission group.
    permission_group_id: String,
    /// Up to 50.
    topic_permission_list: Vec<TopicMask>,
}

impl Action for SetTopicPermissionGroup {
    const NAME: &'static str = "group_open_http_svc/set_topic_permission_group";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "permission-group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = TopicAnswer;
}

impl Write for SetTopicPermissionGroup {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<TopicAnswer> {
        let topics = masks(&self.topic_permission_list);
        say(call, tx, &self.group_id, &self.permission_group_id, &topics, Said::Something)
    }
}
