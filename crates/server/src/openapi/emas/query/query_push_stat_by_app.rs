//! Counts what became of an app's pushes, by day or by hour.

use std::collections::BTreeMap;

use contract::{Millis, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::push_counts::{self, Counts};
use store::{Snapshot, device_counts};

use super::{Numbers, check_period, written};
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::emas::push::words::Granularity;
use crate::openapi::fields::{AppKey, Moment};

/// Counts what became of an app's pushes, by day or by hour, up to now. Days begin at 00:00 in UTC+8.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryPushStatByApp {
    /// The app.
    app_key: AppKey,
    /// From this moment on.
    start_time: Moment,
    /// Up to this moment, at most 31 days later.
    end_time: Moment,
    /// `DAY` or `HOUR`.
    granularity: Granularity,
}

/// The days or hours.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// Those in which something happened.
    app_push_stats: AppPushStats,
}

/// A wrapped list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AppPushStats {
    /// The days or hours.
    app_push_stat: Vec<AppPushStat>,
}

/// What happened in a day or an hour.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AppPushStat {
    /// When it begins.
    time: String,
    /// How often each thing happened.
    #[serde(flatten)]
    numbers: Numbers,
}

impl Action for QueryPushStatByApp {
    const NAME: &'static str = "QueryPushStatByApp";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "query";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for QueryPushStatByApp {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let (from, until) = (self.start_time.0, self.end_time.0);
        check_period(from, until)?;
        let hours = push_counts::by_hour(snapshot, push_counts::hour(from), push_counts::hour(until) + 1)?;
        let mut found: BTreeMap<Millis, Counts> = BTreeMap::new();
        for (hour, counts) in hours {
            let at = Millis(hour * 3_600_000);
            let begins = match self.granularity {
                Granularity::Hour => at,
                Granularity::Day | Granularity::Month => device_counts::day_start(device_counts::day(at)),
            };
            *found.entry(begins).or_default() += counts;
        }
        let line = |(at, counts)| AppPushStat { time: written(at), numbers: Numbers::of(counts) };
        Ok(Answer { app_push_stats: AppPushStats { app_push_stat: found.into_iter().map(line).collect() } })
    }
}
