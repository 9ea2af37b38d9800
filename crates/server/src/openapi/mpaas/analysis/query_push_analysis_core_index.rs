//! Adds up what became of pushes.

use contract::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Snapshot;

use super::{Asked, Index};
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::mpaas::answer::{self, Found, Shape};
use crate::openapi::mpaas::parameters::Instance;

/// Adds up what became of pushes of up to 90 days.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryPushAnalysisCoreIndex {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// A moment of the first day, in milliseconds.
    start_time: i64,
    /// A moment of the last day.
    end_time: i64,
    /// Which pushes.
    #[serde(rename = "*asked")]
    #[schemars(flatten)]
    asked: Asked,
}

impl Action for QueryPushAnalysisCoreIndex {
    const NAME: &'static str = "QueryPushAnalysisCoreIndex";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "analysis";
    type Answer = Found<Index>;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::Query, error)
    }
}

impl Read for QueryPushAnalysisCoreIndex {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Found<Index>> {
        let ahead_ms = self.instance.app(call)?.settings.mpaas.ahead_ms();
        let counts = self.asked.sum(snapshot, self.start_time, self.end_time, ahead_ms)?;
        Ok(Found::with(counts.into()))
    }
}
