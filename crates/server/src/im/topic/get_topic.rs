//! Reads topics as an account sees them.

use chat::topic::{Seen, get};
use contract::codes::Family;
use contract::{Fault, Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Snapshot;

use super::by;
use crate::im::action::{Action, Call, Read};
use crate::im::fields::{FieldFault, User};
use crate::im::group::{GroupName, group_fault, show};
use crate::im::verdict;

/// Reads topics of a community as an account sees them. Of each topic its own `ErrorCode` counts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetTopic {
    /// The group.
    group_id: GroupName,
    /// Whose view.
    #[serde(rename = "From_Account")]
    viewer: User,
    /// Which; absent or empty means all.
    topic_id_list: Option<Vec<String>>,
    /// Names of fields of `TopicInfo`; absent or empty means all.
    response_filter: Option<Vec<String>>,
}

/// A topic, and what is the account's own of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Item {
    error_code: i32,
    error_info: &'static str,
    /// `ShutUpTime`: until when the account may not write there; `MsgSeq`: up to where it has read;
    /// `MsgFlag`: how it receives what is said, as in the community.
    self_info: Value,
    /// `TopicId`, `GroupID` and what the topic says of itself.
    topic_info: Value,
}

/// In the order asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    topic_and_self_info: Vec<Item>,
}

impl Item {
    fn of(group: &str, id: String, seen: Result<Seen, Fault>, filter: &[String]) -> Self {
        let Seen { topic, progress, read, muted_until, receive, .. } = match seen {
            Ok(seen) => seen,
            Err(fault) => {
                let (error_code, error_info) = verdict(Family::Group, &Err(fault));
                let topic_info = json!({ "TopicId": id, "GroupID": group });
                return Self { error_code, error_info, self_info: json!({}), topic_info };
            }
        };
        let mut info = json!({
            "TopicName": topic.card.name,
            "FaceUrl": topic.card.face,
            "Notification": topic.card.notification,
            "Introduction": topic.card.introduction,
            "CustomString": topic.card.custom,
            "CreateTime": topic.created_at.secs(),
            "LastMsgTime": progress.last_at.secs(),
            "NextMsgSeq": progress.seq.0 + 1,
            "MuteAllMember": if topic.is_muted { "On" } else { "Off" },
        });
        if let Some(fields) = info.as_object_mut().filter(|_| !filter.is_empty()) {
            fields.retain(|name, _| filter.contains(name));
        }
        info["TopicId"] = id.into();
        info["GroupID"] = group.into();
        let own = json!({ "ShutUpTime": show::mute_end(muted_until), "MsgSeq": read.0, "MsgFlag": receive.as_str() });
        Self { error_code: 0, error_info: "", self_info: own, topic_info: info }
    }
}

impl Action for GetTopic {
    const NAME: &'static str = "million_group_open_http_svc/get_topic";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "topic";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Read for GetTopic {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let by = by(call, snapshot, Some(&self.viewer))?;
        let ids = self.topic_id_list.as_deref().filter(|ids| !ids.is_empty());
        if ids.is_some_and(|ids| ids.len() > limit::TOPIC_BATCH) {
            return Err(Fault::FieldInvalid { field: "TopicIdList" }.into());
        }
        let found = get(snapshot, call.now, &call.app, &self.group_id.0, &by, &self.viewer.0, ids)?;
        let filter = self.response_filter.as_deref().unwrap_or_default();
        let group = self.group_id.0.as_str();
        let item = |(id, seen): (String, Result<Seen, Fault>)| Item::of(group, id, seen, filter);
        Ok(Answer { topic_and_self_info: found.into_iter().map(item).collect() })
    }
}
