//! Pushes that run later: what is planned, and cancelling it. Two names and two versions say the same.

pub mod cancel_mps_scheduler;
pub mod cancel_push_scheduler;
pub mod query_mps_scheduler_list;
pub mod query_push_scheduler_list;

use contract::error::refuse;
use contract::{Error, Fault, Millis, Result, limit};
use push::mpaas::run;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::plans::{self, Filter, Listed};
use store::{Snapshot, Tx};

use super::answer::{self, Found, Shape};
use super::parameters::{Choice, Page};
use crate::openapi::fields::Listed as Commas;

/// Runs of a page where the caller does not say; as many as a page may have.
const USUAL: usize = 500;

/// Which runs are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Asked {
    /// 0 simple, 1 by template, 2 batch, 3 broadcast; all if it is absent.
    #[serde(rename = "Type")]
    kind: Option<Choice<3>>,
    /// A plan, whose runs are all listed, or a run of one.
    unique_id: Option<String>,
    /// From 1, which is the default.
    page_number: Option<i64>,
    /// 1 to 500, which is the default.
    page_size: Option<i64>,
}

impl Asked {
    /// Lists runs between two moments.
    fn list(&self, snapshot: &mut Snapshot<'_>, from: i64, until: i64) -> Result<Found<Runs>> {
        if until < from {
            return refuse(Fault::FieldInvalid { field: "EndTime" });
        }
        let page = Page::of(("PageNumber", self.page_number), ("PageSize", self.page_size), USUAL, USUAL)?;
        let filter = Filter {
            from: Millis(from),
            until: Millis(until),
            kind: self.kind.map(|kind| kind.0),
            id: self.unique_id.clone().unwrap_or_default(),
        };
        let total_count = plans::count(snapshot, &filter)?;
        let list = plans::list(snapshot, &filter, page.skip(), page.size.min(limit::STORE_PAGE))?;
        Ok(Found::with(Runs { total_count, list: list.into_iter().map(Shown::from).collect() }))
    }
}

/// A page of runs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Runs {
    /// How many there are altogether.
    total_count: i64,
    /// Those of the page, in the order of their moments.
    list: Vec<Shown>,
}

/// One run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    /// The run; as `ParentId` where a push runs once.
    unique_id: String,
    /// The plan.
    parent_id: String,
    /// When it is pushed, in milliseconds.
    push_time: i64,
    /// The title.
    push_title: String,
    /// The content.
    push_content: String,
    /// 0 simple, 1 by template, 2 batch, 3 broadcast.
    #[serde(rename = "Type")]
    kind: i64,
    /// What the targets are.
    delivery_type: i64,
    /// 1 once, 2 in a cycle.
    strategy_type: i64,
    /// `0` not yet, `1` pushed.
    executed_status: &'static str,
    /// `0`: by a call.
    create_type: &'static str,
    /// When it was planned, in milliseconds.
    gmt_create: i64,
}

impl From<Listed> for Shown {
    fn from(one: Listed) -> Self {
        Self {
            unique_id: one.run.id,
            parent_id: one.run.plan,
            push_time: one.run.push_at.0,
            push_title: one.plan.title,
            push_content: one.plan.content,
            kind: one.plan.kind,
            delivery_type: one.plan.delivery,
            strategy_type: one.plan.strategy,
            executed_status: if one.has_run { "1" } else { "0" },
            create_type: "0",
            gmt_create: one.plan.created_at.0,
        }
    }
}

/// Ids of one call.
const IDS: usize = 30;

/// Which plans or runs are cancelled.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Which {
    /// 1 to 30 ids, between commas.
    unique_ids: Commas<String, IDS>,
    /// 0: they are plans, of which all that is left is cancelled (default). 1: they are single runs.
    #[serde(rename = "Type")]
    kind: Option<Choice<1>>,
}

impl Which {
    /// Cancels all of them, or none if one of them is not there to be cancelled.
    fn cancel(&self, tx: &mut Tx<'_>) -> Result<Cancelled> {
        let left = run::cancel(tx, &self.unique_ids.0, self.kind.unwrap_or_default().0 == 1)?;
        if !left.is_empty() {
            return refuse(Fault::ScheduleUnknown);
        }
        Ok(Cancelled { result_code: "OK", result_message: "", result_content: "SUCCESS" })
    }
}

/// What a cancellation answers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Cancelled {
    /// `OK`.
    result_code: &'static str,
    /// Empty.
    result_message: &'static str,
    /// `SUCCESS`.
    result_content: &'static str,
}

fn refusal(shape: Shape, error: &Error) -> Option<Map<String, Value>> {
    answer::refusal(shape, error)
}
