//! Lists pushes by the time at which they begin, as older clients ask.

use contract::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::records::{Asked, PushInfo, find};
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::emas::push::words::PushType;
use crate::openapi::fields::{AppKey, Moment};

/// Lists pushes by the time at which they begin, as older clients ask.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ListPushRecords {
    /// The app.
    app_key: AppKey,
    /// From this moment on.
    start_time: Moment,
    /// Up to this moment.
    end_time: Moment,
    /// `NOTICE` or `MESSAGE`; absent for both.
    push_type: Option<PushType>,
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
    push_message_infos: Infos,
}

/// A wrapped list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Infos {
    /// The pushes.
    push_message_info: Vec<PushInfo>,
}

impl Action for ListPushRecords {
    const NAME: &'static str = "ListPushRecords";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "query";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for ListPushRecords {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let asked = Asked {
            from: self.start_time.0,
            until: self.end_time.0,
            kind: self.push_type,
            target: None,
            keyword: "",
            page: self.page,
            page_size: self.page_size,
        };
        let found = find(snapshot, &asked)?;
        let push_message_infos = Infos { push_message_info: found.all };
        Ok(Answer { total: found.total, page: found.page, page_size: found.page_size, push_message_infos })
    }
}
