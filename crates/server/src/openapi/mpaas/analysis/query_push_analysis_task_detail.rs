//! Says what became of a batch or a broadcast.

use contract::{Error, Result};
use push::mpaas::run;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Snapshot;

use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::mpaas::answer::{self, Found, Shape};
use crate::openapi::mpaas::parameters::Instance;

/// Says what became of a batch or a broadcast.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryPushAnalysisTaskDetail {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// The task, as the push answered it.
    task_id: i64,
}

/// What became of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Detail {
    /// The task.
    task_id: i64,
    /// Notifications to be sent to a device by a channel.
    push_num: f64,
    /// Those that were sent.
    push_success_num: f64,
    /// Those that arrived.
    push_arrival_num: f64,
    /// When it began, in milliseconds.
    start_time: i64,
    /// Until when it is valid, in milliseconds.
    end_time: i64,
    /// For how long it runs, in seconds.
    duration: String,
}

impl Action for QueryPushAnalysisTaskDetail {
    const NAME: &'static str = "QueryPushAnalysisTaskDetail";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "analysis";
    type Answer = Found<Detail>;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::Query, error)
    }
}

impl Read for QueryPushAnalysisTaskDetail {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Found<Detail>> {
        self.instance.app(call)?;
        let status = run::task_status(snapshot, self.task_id)?;
        let (counts, record) = (status.total(), &status.record);
        let seconds = (call.now.min(record.expires_at).0 - record.push_at.0).max(0) / 1_000;
        Ok(Found::with(Detail {
            task_id: record.id,
            push_num: counts.accepted as f64,
            push_success_num: counts.sent as f64,
            push_arrival_num: counts.received as f64,
            start_time: record.push_at.0,
            end_time: record.expires_at.0,
            duration: seconds.to_string(),
        }))
    }
}
