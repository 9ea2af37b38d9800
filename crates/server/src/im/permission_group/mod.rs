//! Permission groups of communities: what some members may beyond what all may.

pub mod add_permission_group_member;
pub mod add_topic_permission_group;
pub mod create_permission_group;
pub mod delete_permission_group_member;
pub mod delete_topic_permission_group;
pub mod destroy_permission_group;
pub mod get_permission_group;
pub mod get_permission_group_member_list;
pub mod get_topic_permission_group;
pub mod modify_permission_group;
pub mod set_topic_permission_group;

use chat::permission::{Said, move_members, set_topics};
use contract::codes::Family;
use contract::{Fault, Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::action::Call;
use super::attribute::by;
use super::fields::User;
use super::group::GroupName;
use super::live_room::accounts;
use super::verdict;

/// An account of a list.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Member {
    /// Who.
    #[serde(rename = "Member_Account")]
    account: User,
}

/// What became of an account.
#[derive(Serialize, JsonSchema)]
pub struct Moved {
    #[serde(rename = "Member_Account")]
    account: String,
    /// 0 is not in the community, 1 done, 2 was so before.
    #[serde(rename = "Result")]
    result: i64,
}

/// In the order asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MoveAnswer {
    member_list: Vec<Moved>,
}

fn shift(
    call: &Call,
    tx: &mut Tx<'_>,
    group: &GroupName,
    id: &str,
    members: &[Member],
    is_in: bool,
) -> Result<MoveAnswer> {
    let users: Vec<User> = members.iter().map(|member| member.account.clone()).collect();
    let named: Vec<UserId> = accounts(&users, "MemberList", limit::PERMISSION_MEMBER_BATCH)?;
    let moved = move_members(tx, &call.app, &group.0, &by(call), id, &named, is_in)?;
    let item = |(account, moved): (&UserId, _)| Moved { account: account.to_string(), result: moved as i64 };
    Ok(MoveAnswer { member_list: named.iter().zip(moved).map(item).collect() })
}

/// What a permission group allows in a topic.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct TopicMask {
    /// Which topic.
    topic_id: String,
    /// One bit for each thing.
    permission: i64,
}

/// What became of one topic, or what is allowed in it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct TopicOutcome {
    error_code: i32,
    error_info: &'static str,
    topic_id: String,
    /// What is allowed there, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    permission: Option<i64>,
}

/// In the order asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct TopicAnswer {
    topic_permission_result_list: Vec<TopicOutcome>,
}

impl TopicAnswer {
    fn of(outcomes: impl IntoIterator<Item = (String, Result<Option<i64>, Fault>)>) -> Self {
        let item = |(topic_id, outcome): (String, Result<Option<i64>, Fault>)| {
            let permission = outcome.as_ref().ok().copied().flatten();
            let (error_code, error_info) = verdict(Family::Group, &outcome.map(drop));
            TopicOutcome { error_code, error_info, topic_id, permission }
        };
        Self { topic_permission_result_list: outcomes.into_iter().map(item).collect() }
    }
}

fn say(
    call: &Call,
    tx: &mut Tx<'_>,
    group: &GroupName,
    id: &str,
    topics: &[(String, Option<i64>)],
    said: Said,
) -> Result<TopicAnswer> {
    let is_wrong = topics.iter().any(|(_, mask)| mask.is_some_and(|mask| mask < 0));
    if topics.is_empty() || topics.len() > limit::TOPIC_PERMISSION_BATCH || is_wrong {
        return Err(Fault::FieldInvalid { field: "TopicPermissionList" }.into());
    }
    let done = set_topics(tx, &call.app, &group.0, &by(call), id, topics, said)?;
    let named = topics.iter().map(|(topic, _)| topic.clone());
    Ok(TopicAnswer::of(named.zip(done.into_iter().map(|outcome| outcome.map(|()| None)))))
}

fn masks(given: &[TopicMask]) -> Vec<(String, Option<i64>)> {
    given.iter().map(|mask| (mask.topic_id.clone(), Some(mask.permission))).collect()
}
