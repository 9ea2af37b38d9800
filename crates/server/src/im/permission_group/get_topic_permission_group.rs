//! Reads what a permission group allows in topics.

use chat::permission::topics;
use contract::codes::Family;
use contract::{Fault, Result, limit};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Snapshot;

use super::TopicAnswer;
use crate::im::action::{Action, Call, Read};
use crate::im::attribute::by;
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Reads what a permission group allows in topics.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetTopicPermissionGroup {
    /// The group.
    group_id: GroupName,
    /// Which permission group.
    permission_group_id: String,
    /// Up to 200; absent or empty means all of which something is said.
    topic_id_list: Option<Vec<String>>,
}

impl Action for GetTopicPermissionGroup {
    const NAME: &'static str = "group_open_http_svc/get_topic_permission_group";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "permission-group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = TopicAnswer;
}

impl Read for GetTopicPermissionGroup {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<TopicAnswer> {
        let asked = self.topic_id_list.as_deref().filter(|ids| !ids.is_empty());
        if asked.is_some_and(|ids| ids.len() > limit::TOPIC_BATCH) {
            return Err(Fault::FieldInvalid { field: "TopicIdList" }.into());
        }
        let (app, id) = (&call.app, &self.permission_group_id);
        let found = topics(snapshot, app, &self.group_id.0, &by(call), id, asked)?;
        Ok(TopicAnswer::of(found.into_iter().map(|(topic, mask)| (topic, mask.map(Some)))))
    }
}
