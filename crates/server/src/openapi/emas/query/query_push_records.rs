//! Lists pushes by the time at which they begin.

use contract::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::records::{Asked, PushInfo, find};
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::emas::push::words::{PushType, Target};
use crate::openapi::fields::{AppKey, Moment, Text};

/// Lists pushes by the time at which they begin, the latest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryPushRecords {
    /// The app.
    app_key: AppKey,
    /// From this moment on.
    start_time: Moment,
    /// Up to this moment.
    end_time: Moment,
    /// `NOTICE`, `MESSAGE` or `LIVE_ACTIVITY`; absent for all.
    push_type: Option<PushType>,
    /// By what they name whom they are for; absent for all.
    target: Option<Target>,
    /// What began them: all of these are `API`.
    source: Option<Text<32>>,
    /// The number of a push, or a part of its title or text.
    keyword: Option<Text<200>>,
    /// From 1 (default) to 10 000.
    page: Option<i64>,
    /// Up to 100; 20 by default.
    page_size: Option<i64>,
}

/// A page of pushes.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// How many there are on all pages.
    total: i64,
    /// This page.
    page: i64,
    /// How many a page holds.
    page_size: i64,
    /// The pushes.
    push_infos: PushInfos,
}

/// A wrapped list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushInfos {
    /// The pushes.
    push_info: Vec<PushInfo>,
}

impl Action for QueryPushRecords {
    const NAME: &'static str = "QueryPushRecords";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "query";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for QueryPushRecords {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let is_api = self.source.as_ref().is_none_or(|source| source.0.eq_ignore_ascii_case("API"));
        let asked = Asked {
            from: self.start_time.0,
            until: self.end_time.0,
            kind: self.push_type,
            target: self.target,
            keyword: self.keyword.as_ref().map_or("", |word| &word.0),
            page: self.page,
            page_size: self.page_size,
        };
        let mut found = find(snapshot, &asked)?;
        if !is_api {
            (found.total, found.all) = (0, Vec::new());
        }
        let push_infos = PushInfos { push_info: found.all };
        Ok(Answer { total: found.total, page: found.page, page_size: found.page_size, push_infos })
    }
}
