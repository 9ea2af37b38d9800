//! Pushes of the past and of the near future, in pages: three actions ask for them by different names.

use contract::{Fault, Millis, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::tasks::{self, Filter, Record, State};

use super::written;
use crate::openapi::emas::push::ORIGIN;
use crate::openapi::emas::push::words::{PushType, Target};
use crate::openapi::fields::Moment;

/// Pushes of one page.
const PAGE_MAX: i64 = 100;
/// Pages that may be asked for.
const PAGES_MAX: i64 = 10_000;

/// One push.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PushInfo {
    /// The app.
    app_key: i64,
    /// The push.
    message_id: String,
    /// Its title.
    title: String,
    /// Its text.
    body: String,
    /// Which systems it is for.
    device_type: String,
    /// `NOTICE`, `MESSAGE` or `LIVE_ACTIVITY`.
    push_type: &'static str,
    /// When it begins or began.
    push_time: String,
    /// By what it names whom it is for.
    target: &'static str,
    /// What began it.
    source: &'static str,
    /// `PENDING`, `SENT`, `CANCELED` or `REVOKED`.
    status: &'static str,
}

/// A span of time, in pages: all that the two older actions ask.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Span {
    /// From this moment on.
    start_time: Moment,
    /// Up to this moment.
    end_time: Moment,
    /// `NOTICE`, `MESSAGE` or `LIVE_ACTIVITY`; absent for all.
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
pub(super) struct Infos {
    /// The pushes.
    push_message_info: Vec<PushInfo>,
}

impl Span {
    /// Reads the page.
    pub(super) fn read(&self, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
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

/// What is asked for.
pub(super) struct Asked<'a> {
    pub(super) from: Millis,
    pub(super) until: Millis,
    pub(super) kind: Option<PushType>,
    pub(super) target: Option<Target>,
    pub(super) keyword: &'a str,
    pub(super) page: Option<i64>,
    pub(super) page_size: Option<i64>,
}

/// A page of pushes.
pub(super) struct Found {
    pub(super) total: i64,
    pub(super) page: i64,
    pub(super) page_size: i64,
    pub(super) all: Vec<PushInfo>,
}

/// Reads a page.
pub(super) fn find(snapshot: &mut Snapshot<'_>, asked: &Asked<'_>) -> Result<Found> {
    if asked.until < asked.from {
        return Err(Fault::FieldInvalid { field: "EndTime" }.into());
    }
    let page = asked.page.unwrap_or(1);
    let page_size = asked.page_size.unwrap_or(20);
    if !(1..=PAGES_MAX).contains(&page) {
        return Err(Fault::FieldInvalid { field: "Page" }.into());
    }
    if page_size < 1 {
        return Err(Fault::FieldInvalid { field: "PageSize" }.into());
    }
    if page_size > PAGE_MAX {
        return Err(Fault::FieldItemsTooMany { field: "PageSize", max: PAGE_MAX as usize }.into());
    }
    let filter = Filter {
        origin: ORIGIN.to_owned(),
        kind: asked.kind.map(|kind| kind.kind().to_owned()).unwrap_or_default(),
        target: asked.target.map(|target| target.word().to_owned()).unwrap_or_default(),
        keyword: asked.keyword.to_owned(),
        from: asked.from,
        // The last second is within.
        until: asked.until.plus(1_000),
    };
    let total = tasks::count(snapshot, &filter)?;
    let records = tasks::list(snapshot, &filter, (page - 1) * page_size, page_size as usize)?;
    let app = snapshot.app().0;
    let all = records.into_iter().map(|record| info(app, record)).collect::<Result<_>>()?;
    Ok(Found { total, page, page_size, all })
}

fn info(app_key: i64, record: Record) -> Result<PushInfo> {
    let spec = push::task::Spec::of(&record)?;
    let status = match record.state {
        State::Waiting => "PENDING",
        State::Open | State::Started | State::Complete => "SENT",
        State::Cancelled => "CANCELED",
        State::Revoked => "REVOKED",
    };
    Ok(PushInfo {
        app_key,
        message_id: record.id.to_string(),
        title: record.title,
        body: record.body,
        device_type: spec.extra["DeviceType"].as_str().unwrap_or("ALL").to_owned(),
        push_type: PushType::spell(&record.kind),
        push_time: written(record.push_at),
        target: Target::spell(&record.target),
        source: "API",
        status,
    })
}
