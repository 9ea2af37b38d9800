//! Lists batches and broadcasts.

use contract::error::refuse;
use contract::{Error, Fault, Millis, Result};
use push::mpaas::order::Kind;
use push::mpaas::run::{self, Memo, ORIGIN};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Snapshot;
use store::tasks::{self, Filter, Record};

use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::mpaas::answer::{self, Found, Shape};
use crate::openapi::mpaas::parameters::{Instance, Page};

/// Tasks of a page where the caller does not say, and at most.
const USUAL: usize = 10;
const MOST: usize = 100;
/// Tasks of a period that are looked through for those that are asked for.
const LOOK: usize = 1_000;

/// Lists batches and broadcasts since a moment, the latest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryPushAnalysisTaskList {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// From this moment on, in milliseconds.
    start_time: i64,
    /// The one of this number.
    task_id: Option<String>,
    /// Those whose name holds this.
    task_name: Option<String>,
    /// From 1, which is the default.
    page_number: Option<i64>,
    /// 1 to 100; default 10.
    page_size: Option<i64>,
}

/// One task.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Task {
    /// Its number.
    task_id: String,
    /// What its caller calls it.
    task_name: String,
    /// The template that it was made by.
    template_id: String,
    /// The name of the template.
    template_name: String,
    /// 2 batch, 3 broadcast.
    #[serde(rename = "Type")]
    kind: i64,
    /// When it was asked for, in milliseconds.
    gmt_create: i64,
}

impl Action for QueryPushAnalysisTaskList {
    const NAME: &'static str = "QueryPushAnalysisTaskList";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "analysis";
    type Answer = Found<Vec<Task>>;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::Query, error)
    }
}

impl Read for QueryPushAnalysisTaskList {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Found<Vec<Task>>> {
        self.instance.app(call)?;
        if self.start_time < 0 {
            return refuse(Fault::FieldInvalid { field: "StartTime" });
        }
        let page = Page::of(("PageNumber", self.page_number), ("PageSize", self.page_size), USUAL, MOST)?;
        let mut found: Vec<Record> = Vec::new();
        for kind in [Kind::Multiple, Kind::Broadcast] {
            let filter = Filter {
                origin: ORIGIN.to_owned(),
                kind: kind.as_str().to_owned(),
                from: Millis(self.start_time),
                until: Millis(i64::MAX),
                ..Filter::default()
            };
            found.extend(tasks::list(snapshot, &filter, 0, LOOK)?);
        }
        found.sort_by_key(|record| (-record.push_at.0, -record.id));
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (id, name) = (filled(&self.task_id), filled(&self.task_name));
        let fits = |record: &Record| {
            run::is_whole(record)
                && id.as_ref().is_none_or(|id| *id == record.id.to_string())
                && name.as_ref().is_none_or(|name| record.name.contains(name.as_str()))
        };
        let shown = found.into_iter().filter(fits).skip(page.skip() as usize).take(page.size);
        Ok(Found::with(shown.map(task).collect::<Result<_>>()?))
    }
}

fn task(record: Record) -> Result<Task> {
    let (id, name) = Memo::of(&record)?.template.unwrap_or_default();
    Ok(Task {
        task_id: record.id.to_string(),
        kind: Kind::parse(&record.kind).map_or(0, |kind| kind as i64),
        task_name: record.name,
        template_id: id.to_string(),
        template_name: name,
        gmt_create: record.created_at.0,
    })
}
