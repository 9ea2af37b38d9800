//! Lists what is planned, by its older name.

use contract::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Snapshot;

use super::{Asked, Runs};
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::mpaas::answer::{Found, Shape};
use crate::openapi::mpaas::parameters::Instance;

/// As `QueryPushSchedulerList`, by its older name and with any window: lists the runs of planned pushes. A push in a cycle has a run for each time; cancelled
/// ones are not listed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryMpsSchedulerList {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// From this moment on, in milliseconds; the beginning if it is absent.
    start_time: Option<i64>,
    /// Up to this one; without an end if it is absent.
    end_time: Option<i64>,
    /// What is asked besides.
    #[serde(rename = "*asked")]
    #[schemars(flatten)]
    asked: Asked,
}

impl Action for QueryMpsSchedulerList {
    const NAME: &'static str = "QueryMpsSchedulerList";
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

impl Read for QueryMpsSchedulerList {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Found<Runs>> {
        self.instance.app(call)?;
        self.asked.list(snapshot, self.start_time.unwrap_or(0), self.end_time.unwrap_or(i64::MAX))
    }
}
