//! Takes a push back within 24 hours: whoever has not been served is not, stored messages are recalled, and notifications
//! are overwritten.

use ::push::broadcast::{Request, Undo, revoke, revoke_batch};
use contract::codes::Family;
use contract::error::refuse;
use contract::{Fault, Millis, Result, limit};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use store::{Tx, broadcasts};

use super::content::{Carried, bare, speaker};
use super::{Product, admit, hands, push, rule, task};
use crate::im::action::{Action, Call, Done, Perform};

/// The push to take back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Revoke {
    /// As `push` or `batch` answered it.
    task_id: String,
    /// What overwrites the notification; needed if the push stored no message.
    offline_push_info: Option<Value>,
}

impl Action for Revoke {
    const NAME: &'static str = "timpush/revoke";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "broadcast";
    type Answer = Done;
}

impl Perform for Revoke {
    async fn perform(self, call: Call) -> Result<Done> {
        admit(&call, Product::TimPush)?;
        let carried = Carried { push: self.offline_push_info, ..Carried::default() };
        carried.check_size()?;
        let (sender, nick) = speaker(&call, None).await?;
        let notification = match carried.info()? {
            Some(info) => Some(bare(&sender, &nick, info)?),
            None => None,
        };
        let named = task::parse(call.app.id, &self.task_id).ok_or(Fault::TaskUnknown)?;
        let request = Request {
            origin: Self::NAME,
            sender,
            random: u32::from_le_bytes(crate::vault::random()),
            crc: 0,
            matter: String::new(),
            notification,
            data_id: String::new(),
            life_ms: limit::LIFE_TIME_S * 1_000,
            is_kept: false,
            task: task::unique(),
        };
        let (now, rule) = (call.now, rule(&call));
        let undo = move |tx: &mut Tx<'_>| take_back(tx, now, rule, named, request.clone());
        call.node.store.write(call.app.id, undo).await?;
        Ok(Done {})
    }
}

fn take_back(
    tx: &mut Tx<'_>,
    now: Millis,
    rule: ::push::broadcast::Rule,
    named: task::Named,
    request: Request,
) -> Result<()> {
    let Some(found) = broadcasts::get(tx, named.number)? else { return refuse(Fault::TaskUnknown) };
    let is_named = found.order.random == named.random && found.order.created_at.secs() == named.second;
    let is_batch = found.order.origin == super::batch::Batch::NAME;
    if !is_named || !(is_batch || found.order.origin == push::Push::NAME) {
        return refuse(Fault::TaskUnknown);
    }
    let recall = hands::recalled(&found.order, now);
    let has_stored = recall.is_some();
    let matter = recall.unwrap_or_else(|| hands::nothing(false));
    let undo = Undo { request: Request { matter, ..request }, has_stored };
    if is_batch { revoke_batch(tx, now, rule, &found, &undo) } else { revoke(tx, now, rule, &found, &undo) }
}
