//! Groups: what they say of themselves, who is in, what is written, what came from elsewhere.
//!
//! A call acts with the rights of an owner in every group, whoever's name it uses; the type of the group binds it all the
//! same. What the commands show of a group and of a member is in `show`, what a message is made of in `letter`.

pub mod add_group_member;
pub mod change_group_owner;
pub mod clear_group_msg;
pub mod create_group;
pub mod delete_group_member;
pub mod delete_group_msg_by_sender;
pub mod destroy_group;
pub mod forbid_send_msg;
pub mod get_appid_group_list;
pub mod get_group_info;
pub mod get_group_member_info;
pub mod get_group_msg_receipt;
pub mod get_group_msg_receipt_detail;
pub mod get_group_muted_account;
pub mod get_group_shutted_uin;
pub mod get_joined_group_list;
pub mod get_role_in_group;
pub mod get_specified_group_member_info;
pub mod group_get_key_values;
pub mod group_msg_get_simple;
pub mod group_msg_recall;
pub mod group_msg_receipt;
pub mod group_set_key_values;
pub mod import_group;
pub mod import_group_member;
pub mod import_group_msg;
pub mod letter;
pub mod modify_group_base_info;
pub mod modify_group_member_info;
pub mod modify_group_msg;
pub mod send_group_msg;
pub mod send_group_stream_msg;
pub mod send_group_system_notification;
pub mod set_unread_msg_num;
pub(in crate::im) mod show;

use std::borrow::Cow;

use chat::group::{By, Scope};
use contract::group::{ANSWER_BYTES, GroupId, JoinOption};
use contract::webhook::GroupQuestion;
use contract::{Failure, Fault, Result, UserId, limit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use store::groups::Fields;

use super::action::Call;
use super::fields::User;
use crate::moderation::Scene;

/// The id of a group in a body.
#[derive(Debug, Clone)]
pub struct GroupName(pub GroupId);

impl<'de> Deserialize<'de> for GroupName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        GroupId::parse(&text).map(Self).map_err(|_| serde::de::Error::custom("not a group id"))
    }
}

impl JsonSchema for GroupName {
    fn schema_name() -> Cow<'static, str> {
        "GroupId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": 96 })
    }
}

/// What messages are in: a group, or a topic of a community.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Spot {
    /// The group.
    #[serde(rename = "GroupId")]
    pub group: GroupName,
    /// The topic, of a community with topics.
    #[serde(rename = "TopicId")]
    pub topic: Option<String>,
}

impl Spot {
    /// The id of the group, or of the topic if one is named, which must be one of the group's.
    pub fn id(&self) -> Result<GroupId, Fault> {
        let Some(topic) = self.topic.as_deref().filter(|topic| !topic.is_empty()) else {
            return Ok(self.group.0.clone());
        };
        let id = GroupId::parse(topic).ok().filter(|id| id.community().as_ref() == Some(&self.group.0));
        id.ok_or(Fault::FieldInvalid { field: "TopicId" })
    }
}

/// The faults of the fields that the commands share.
pub fn group_fault(field: &'static str, given: Option<&Value>) -> Option<Fault> {
    match (field, given) {
        ("GroupId", Some(Value::String(_))) => Some(Fault::GroupIdInvalid),
        ("From_Account", Some(_)) => Some(Fault::OperatorInvalid),
        _ => None,
    }
}

/// A declared field with its value.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Pair {
    /// A key that the app has declared.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Who acts: the calling administrator, or the account in whose name it does.
fn by(call: &Call, from: Option<&User>) -> By {
    By::App(from.map_or_else(|| call.caller.clone(), |from| from.0.clone()))
}

/// Within which bounds the call acts.
fn scope(call: &Call) -> Scope<'_> {
    Scope::of(&call.app, call.now)
}

/// Refuses an account in whose name a call acts if it does not exist. Administrators need not.
fn ensure_operator(call: &Call, snapshot: &mut store::Snapshot<'_>, from: Option<&User>) -> Result<()> {
    let Some(User(from)) = from else { return Ok(()) };
    let is_alive = store::accounts::get(snapshot, from)?.is_some_and(|account| account.is_alive());
    if is_alive || call.app.is_admin(from) { Ok(()) } else { Err(Fault::AccountUnknown.into()) }
}

/// The accounts of a list that may not be empty and has a bound.
fn batch(users: &[User], field: &'static str, max: usize) -> Result<Vec<UserId>, Fault> {
    if users.is_empty() {
        return Err(Fault::FieldInvalid { field });
    }
    if users.len() > max {
        return Err(Fault::BatchSizeInvalid { max });
    }
    Ok(users.iter().map(|user| user.0.clone()).collect())
}

/// Declared fields as a map; a key that stands twice has its last value.
fn fields(pairs: Option<Vec<Pair>>) -> Fields {
    pairs.into_iter().flatten().map(|pair| (pair.key, pair.value)).collect()
}

/// A switch that is 0 or 1; absent is 0.
fn is_on(value: Option<i64>, field: &'static str) -> Result<bool, Fault> {
    match value {
        None | Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(_) => Err(Fault::FieldInvalid { field }),
    }
}

/// What those may who are in no permission group.
fn mask(given: Option<i64>) -> Result<Option<i64>, Fault> {
    if given.is_some_and(|mask| mask < 0) { Err(Fault::FieldInvalid { field: "DefaultPermission" }) } else { Ok(given) }
}

/// `On` or `Off`.
fn on_off(value: Option<&str>, field: &'static str) -> Result<Option<bool>, Fault> {
    match value {
        None => Ok(None),
        Some("On") => Ok(Some(true)),
        Some("Off") => Ok(Some(false)),
        Some(_) => Err(Fault::FieldInvalid { field }),
    }
}

fn join_option(value: Option<&str>) -> Result<Option<JoinOption>, Fault> {
    let parse = |name| JoinOption::parse_apply(name).ok_or(Fault::FieldInvalid { field: "ApplyJoinOption" });
    value.map(parse).transpose()
}

fn invite_option(value: Option<&str>) -> Result<Option<JoinOption>, Fault> {
    let parse = |name| JoinOption::parse_invite(name).ok_or(Fault::FieldInvalid { field: "InviteJoinOption" });
    value.map(parse).transpose()
}

/// Refuses an answer that is over the bound of the group service.
fn bounded<T: Serialize>(answer: T) -> Result<T> {
    let size = serde_json::to_vec(&answer).map_err(Failure::internal)?.len();
    if size > ANSWER_BYTES { Err(Fault::AnswerTooLarge.into()) } else { Ok(answer) }
}

/// Asks the app about a group, if it wants to be asked; answers who may not be added.
pub(super) async fn ask_app(call: &Call, question: &GroupQuestion) -> Result<Vec<UserId>> {
    if !call.app.settings.webhook.has(question.webhook()) {
        return Ok(Vec::new());
    }
    call.node.webhooks.before_group(&call.app, call.origin(), question).await
}

/// Looks through texts of a group, or of a topic, for what the app does not want to be said.
pub(super) fn moderate<'a>(
    call: &Call,
    scene: Scene,
    texts: impl IntoIterator<Item = &'a mut String>,
) -> Result<(), Fault> {
    for text in texts {
        let passed = call.node.moderation.check_text(call.app.id, scene, text)?;
        if let Some(changed) = passed.replaced {
            *text = changed;
        }
    }
    Ok(())
}

/// The largest page of a list that the store reads at once.
const CHUNK: usize = limit::STORE_PAGE;
