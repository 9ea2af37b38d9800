//! Pushes a notification to up to 500 named accounts or devices.

use std::collections::HashSet;

use ::push::broadcast::{Request, batch};
use contract::codes::Family;
use contract::{DeviceId, Fault, Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::deliveries::Target;
use store::{Snapshot, devices};

use super::content::{Carried, bare, data_id, speaker};
use super::{Missed, Product, admit, hands, push_fault, task};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};

/// The notification. It is not stored and counts nothing.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Batch {
    /// In whose name.
    #[serde(rename = "From_Account")]
    sender: User,
    /// 1–500 UserIDs or names of devices; one that stands twice gets it once.
    #[serde(rename = "To_Account")]
    targets: Vec<String>,
    /// Tells repetitions: the same push within two minutes is one.
    #[serde(rename = "MsgRandom")]
    random: u32,
    /// How the notification looks.
    #[serde(rename = "OfflinePushInfo")]
    push: Option<Value>,
    /// The caller's own name for the push, at most 64 bytes.
    #[serde(rename = "DataId")]
    data_id: Option<String>,
}

/// By what the push is known, and whom it cannot reach.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    task_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    error_list: Vec<Missed>,
}

impl Action for Batch {
    const NAME: &'static str = "timpush/batch";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    const FIELD_FAULT: FieldFault = push_fault;
    type Answer = Answer;
}

impl Perform for Batch {
    async fn perform(self, call: Call) -> Result<Answer> {
        admit(&call, Product::TimPush)?;
        let carried = Carried { push: self.push, ..Carried::default() };
        carried.check_size()?;
        if self.targets.is_empty() || self.targets.len() > limit::RECEIVER_BATCH {
            return Err(Fault::FieldInvalid { field: "To_Account" }.into());
        }
        let info = carried.info()?.ok_or(Fault::FieldMissing { field: "OfflinePushInfo" })?;
        let data_id = data_id(self.data_id)?;
        let (sender, nick) = speaker(&call, Some(self.sender.0)).await?;
        let notification = bare(&sender, &nick, info)?;
        let names: Vec<&str> = self.targets.iter().map(String::as_str).chain([data_id.as_str()]).collect();
        let crc = carried.print(&names);
        let names = self.targets;
        let (targets, error_list) = call.node.store.read(call.app.id, move |s| look_up(s, &names)).await?;
        if targets.is_empty() {
            return Err(Fault::AccountUnknown.into());
        }
        let request = Request {
            origin: Self::NAME,
            random: self.random,
            crc,
            matter: hands::nothing(false),
            notification: Some(notification),
            data_id,
            life_ms: limit::LIFE_TIME_S * 1_000,
            is_kept: false,
            task: task::unique(),
            sender,
        };
        let now = call.now;
        let begun = call.node.store.write(call.app.id, move |tx| batch(tx, now, &request, &targets)).await?;
        Ok(Answer { task_id: task::batch_id(call.app.id, &begun, self.random), error_list })
    }
}

/// Finds out what each name is: an account, else a device.
fn look_up(snapshot: &mut Snapshot<'_>, names: &[String]) -> Result<(Vec<Target>, Vec<Missed>)> {
    let users: Vec<UserId> = names.iter().filter_map(|name| UserId::parse(name).ok()).collect();
    let living = chat::account::check(snapshot, &users)?;
    let accounts: HashSet<&str> =
        users.iter().zip(living).filter(|(_, is_alive)| *is_alive).map(|(user, _)| user.as_str()).collect();
    let (mut targets, mut missed, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for name in names.iter().filter(|name| seen.insert(name.as_str())) {
        if accounts.contains(name.as_str()) {
            targets.push(Target::Account(UserId::trusted(name)));
            continue;
        }
        let device = match DeviceId::parse(name) {
            Ok(id) => devices::get(snapshot, &id)?.map(|device| device.id),
            Err(_) => None,
        };
        match device {
            Some(id) => targets.push(Target::Device(id)),
            None => missed.push(Missed::new(name)),
        }
    }
    Ok((targets, missed))
}
