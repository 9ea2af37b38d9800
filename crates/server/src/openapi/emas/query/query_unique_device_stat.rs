//! Counts the devices that were heard of, each once in a day or a month.

use std::collections::BTreeMap;

use contract::{Fault, Millis, Result, moment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Snapshot, device_counts};

use super::{check_period, written};
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::emas::push::words::Granularity;
use crate::openapi::fields::{AppKey, Moment};

/// Counts the devices that were heard of, each once in a day or a month, up to now. Both begin at 00:00 in UTC+8.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryUniqueDeviceStat {
    /// The app.
    app_key: AppKey,
    /// From this moment on.
    start_time: Moment,
    /// Up to this moment, at most 31 days later, or as many months.
    end_time: Moment,
    /// `DAY` or `MONTH`.
    granularity: Granularity,
}

/// The days or months.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// Those in which a device was heard of.
    app_device_stats: AppDeviceStats,
}

/// A wrapped list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AppDeviceStats {
    /// The lines.
    app_device_stat: Vec<AppDeviceStat>,
}

/// The devices of a day or a month.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AppDeviceStat {
    /// When it begins.
    time: String,
    /// How many.
    count: i64,
}

impl Action for QueryUniqueDeviceStat {
    const NAME: &'static str = "QueryUniqueDeviceStat";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "query";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

/// When a month begins.
fn month_start(month: i64) -> Millis {
    let text = format!("{:04}-{:02}-01T00:00:00Z", month / 12, month % 12 + 1);
    moment::parse(&text).unwrap_or_default().plus(-device_counts::OFFSET_MS)
}

impl Read for QueryUniqueDeviceStat {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let (from, until) = (self.start_time.0, self.end_time.0);
        let mut found: BTreeMap<Millis, i64> = BTreeMap::new();
        match self.granularity {
            Granularity::Hour => return Err(Fault::FieldInvalid { field: "Granularity" }.into()),
            Granularity::Day => {
                check_period(from, until)?;
                let days = device_counts::days(snapshot, device_counts::day(from), device_counts::day(until) + 1)?;
                for day in days {
                    *found.entry(device_counts::day_start(day.day)).or_default() += day.active;
                }
            }
            Granularity::Month => {
                let (first, last) = (device_counts::month(from), device_counts::month(until));
                if last < first {
                    return Err(Fault::FieldInvalid { field: "EndTime" }.into());
                }
                for (month, active) in device_counts::months(snapshot, first, last + 1)? {
                    found.insert(month_start(month), active);
                }
            }
        }
        let line = |(at, count)| AppDeviceStat { time: written(at), count };
        let lines = found.into_iter().filter(|(_, count)| *count > 0).map(line).collect();
        Ok(Answer { app_device_stats: AppDeviceStats { app_device_stat: lines } })
    }
}
