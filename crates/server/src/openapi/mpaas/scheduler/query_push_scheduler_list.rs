//! Lists what is planned.

use contract::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Snapshot;

use super::{Asked, Runs};
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::mpaas::answer::{Found, Shape};
use crate::openapi::mpaas::parameters::Instance;

/// Lists the runs of planned pushes by the time at which they run. A push in a cycle has a run for each time; cancelled
/// ones are not listed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryPushSchedulerList {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// From this moment on, in milliseconds.
    start_time: i64,
    /// Up to this one.
    end_time: i64,
    /// What is asked besides.
    #[serde(rename = "*asked")]
    #[schemars(flatten)]
    asked: Asked,
}

impl Action for QueryPushSchedulerList {
    const NAME: &'static str = "QueryPushSchedulerList";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "scheduler";
    type Answer = Found<Runs>;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        super::refusal(Shape::Query, error)
    }
}

impl Read for QueryPushSchedulerList {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Found<Runs>> {
        self.instance.app(call)?;
        self.asked.list(snapshot, self.start_time, self.end_time)
    }
}
