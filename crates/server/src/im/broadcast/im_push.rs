//! Sends a message to every account of the app, or to all who match a condition.

use ::push::broadcast::{Audience, Request, begin};
use contract::codes::Family;
use contract::{Fault, Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::content::{Carried, announced, speaker};
use super::{Product, admit, condition, push_fault, rule, task};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};

/// The message. It is not part of anybody's history; devices that return within its life read it, once each.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ImPush {
    /// In whose name; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    sender: Option<User>,
    /// Tells repetitions: the same push within two minutes is one.
    #[serde(rename = "MsgRandom")]
    random: u32,
    /// A list of elements; with notification and condition at most 10 KB.
    #[serde(rename = "MsgBody")]
    body: Option<Value>,
    /// Seconds for which it is kept for devices that return, at most seven days; 0, the default, reaches connected ones
    /// only.
    #[serde(rename = "MsgLifeTime")]
    life: Option<Value>,
    /// How the notification looks on devices that are away.
    #[serde(rename = "OfflinePushInfo")]
    push: Option<Value>,
    /// `TagsOr`, `TagsAnd`, `TagsNot`: lists of at most 10 tags; or `AttrsOr`, `AttrsAnd`, `AttrsNot`: objects of name and
    /// value. All that are named must hold. Absent means everybody.
    #[serde(rename = "Condition")]
    condition: Option<Value>,
}

/// By what the push is known.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    pub(super) task_id: String,
}

impl Action for ImPush {
    const NAME: &'static str = "all_member_push/im_push";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    const FIELD_FAULT: FieldFault = push_fault;
    type Answer = Answer;
}

/// How long a push to connected devices may take before it is of no use.
const PASSING_MS: i64 = 3_600_000;

impl Perform for ImPush {
    async fn perform(self, call: Call) -> Result<Answer> {
        admit(&call, Product::AllMember)?;
        let carried = Carried { body: self.body, push: self.push, condition: self.condition };
        carried.check_size()?;
        let body = carried.message()?;
        let life_s = life(self.life.as_ref())?;
        carried.info()?;
        let places = call.node.store.read(call.app.id, chat::tags::places).await?;
        let condition = condition::parse(carried.condition.as_ref(), &places)?;
        let (sender, nick) = speaker(&call, self.sender.map(|sender| sender.0)).await?;
        let is_kept = life_s > 0;
        let notification = is_kept.then(|| announced(&sender, &nick, body, carried.push.as_ref())).flatten();
        let request = Request {
            origin: Self::NAME,
            random: self.random,
            crc: carried.print(&[&life_s.to_string()]),
            matter: gateway::broadcast::matter(u32::from_le_bytes(crate::vault::random()), body),
            notification,
            data_id: String::new(),
            life_ms: if is_kept { life_s * 1_000 } else { PASSING_MS },
            is_kept,
            task: task::unique(),
            sender,
        };
        let task_id = start(&call, request, Audience::Accounts { condition, upto: None }).await?;
        Ok(Answer { task_id })
    }
}

/// Begins a broadcast and answers its id.
pub(super) async fn start(call: &Call, request: Request, audience: Audience) -> Result<String> {
    let (now, rule, random) = (call.now, rule(call), request.random);
    let begun = call.node.store.write(call.app.id, move |tx| begin(tx, now, rule, &request, &audience)).await?;
    Ok(task::id(call.app.id, &begun, random))
}

fn life(given: Option<&Value>) -> Result<i64, Fault> {
    let max = limit::LIFE_TIME_S;
    match given {
        None | Some(Value::Null) => Ok(0),
        Some(value) => match value.as_i64() {
            Some(life) if life > max => Err(Fault::LifeTimeTooLong { max }),
            Some(life) if life >= 0 => Ok(life),
            _ => Err(Fault::LifeTimeInvalid),
        },
    }
}
