//! Counts what became of one push.

use contract::{Fault, Result};
use push::task;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::Numbers;
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::fields::AppKey;

/// Counts what became of one push, up to now.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryPushStatByMsg {
    /// The app.
    app_key: AppKey,
    /// The push.
    message_id: i64,
}

/// The push.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// One line.
    push_stats: PushStats,
}

/// A wrapped list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushStats {
    /// The push.
    push_stat: Vec<PushStat>,
}

/// What became of a push.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushStat {
    /// The push.
    message_id: String,
    /// How often each thing happened.
    #[serde(flatten)]
    numbers: Numbers,
}

impl Action for QueryPushStatByMsg {
    const NAME: &'static str = "QueryPushStatByMsg";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "query";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for QueryPushStatByMsg {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let found = task::status(snapshot, self.message_id)?;
        let status = found.ok_or(Fault::FieldNotFound { field: "MessageId" })?;
        let one = PushStat { message_id: self.message_id.to_string(), numbers: Numbers::of(status.total()) };
        Ok(Answer { push_stats: PushStats { push_stat: vec![one] } })
    }
}
