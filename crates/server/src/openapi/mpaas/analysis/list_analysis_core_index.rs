//! Adds up what became of pushes, in texts.

use contract::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Snapshot;

use super::{Asked, Index};
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::mpaas::answer::{self, Shape};
use crate::openapi::mpaas::parameters::Instance;

/// As `QueryPushAnalysisCoreIndex`, with numbers as texts and every parameter optional: without a period, of today.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ListAnalysisCoreIndex {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// A moment of the first day, in milliseconds; that of `EndTime` if it is absent.
    start_time: Option<i64>,
    /// A moment of the last day; now if it is absent.
    end_time: Option<i64>,
    /// Which pushes.
    #[serde(rename = "*asked")]
    #[schemars(flatten)]
    asked: Asked,
}

/// What came of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// `true`.
    success: bool,
    /// `OK`.
    result_code: &'static str,
    /// Empty.
    result_message: &'static str,
    /// What was found.
    result_content: Content,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Content {
    /// `true`.
    success: bool,
    /// Empty.
    result_msg: &'static str,
    /// The numbers.
    data: Texts,
}

/// The numbers as texts.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Texts {
    /// Notifications to be sent to a device by a channel.
    push_total_num: String,
    /// Those that were sent.
    push_num: String,
    /// Those that arrived.
    arrival_num: String,
    /// Percent of those sent.
    arrival_rate: String,
    /// Those that were opened.
    open_num: String,
    /// Percent of those that arrived.
    open_rate: String,
    /// Those that were wiped away.
    ignore_num: String,
    /// Percent of those that arrived.
    ignore_rate: String,
}

impl From<Index> for Texts {
    fn from(index: Index) -> Self {
        let text = |number: f64| number.to_string();
        Self {
            push_total_num: text(index.push_total_num),
            push_num: text(index.push_num),
            arrival_num: text(index.arrival_num),
            arrival_rate: text(index.arrival_rate),
            open_num: text(index.open_num),
            open_rate: text(index.open_rate),
            ignore_num: text(index.ignore_num),
            ignore_rate: text(index.ignore_rate),
        }
    }
}

impl Action for ListAnalysisCoreIndex {
    const NAME: &'static str = "ListAnalysisCoreIndex";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "analysis";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        let mut body = answer::refusal(Shape::Query, error)?;
        body.insert("Success".into(), false.into());
        Some(body)
    }
}

impl Read for ListAnalysisCoreIndex {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let ahead_ms = self.instance.app(call)?.settings.mpaas.ahead_ms();
        let until = self.end_time.unwrap_or(call.now.0);
        let counts = self.asked.sum(snapshot, self.start_time.unwrap_or(until), until, ahead_ms)?;
        let data = Index::from(counts).into();
        let result_content = Content { success: true, result_msg: "", data };
        Ok(Answer { success: true, result_code: "OK", result_message: "", result_content })
    }
}
