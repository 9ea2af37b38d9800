//! Counts an app's devices by day.

use std::collections::BTreeMap;

use contract::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::bindings::Os;
use store::{Snapshot, device_counts};

use super::{check_period, written};
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::emas::push::words::{DeviceType, QueryType};
use crate::openapi::emas::spell_os;
use crate::openapi::fields::{AppKey, Moment};

/// Counts an app's devices by day, up to now. Days begin at 00:00 in UTC+8.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryDeviceStat {
    /// The app.
    app_key: AppKey,
    /// From this moment on.
    start_time: Moment,
    /// Up to this moment, at most 31 days later.
    end_time: Moment,
    /// `NEW` for those that registered on a day, `TOTAL` for all that had until its end.
    query_type: QueryType,
    /// `iOS`, `ANDROID`, `HARMONY` or `ALL` (default).
    device_type: Option<DeviceType>,
}

/// The days.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// A line for each day and system.
    app_device_stats: AppDeviceStats,
}

/// A wrapped list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AppDeviceStats {
    /// The lines.
    app_device_stat: Vec<AppDeviceStat>,
}

/// The devices of a system on a day.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AppDeviceStat {
    /// When the day begins.
    time: String,
    /// The system.
    device_type: &'static str,
    /// How many.
    count: i64,
}

impl Action for QueryDeviceStat {
    const NAME: &'static str = "QueryDeviceStat";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "query";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for QueryDeviceStat {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        check_period(self.start_time.0, self.end_time.0)?;
        let (from, until) = (device_counts::day(self.start_time.0), device_counts::day(self.end_time.0));
        let mut totals: BTreeMap<i64, i64> = device_counts::registered(snapshot, from)?.into_iter().collect();
        let mut added: BTreeMap<(i64, i64), i64> = BTreeMap::new();
        for day in device_counts::days(snapshot, from, until + 1)? {
            added.insert((day.day, day.system), day.added);
        }
        let meant = self.device_type.unwrap_or(DeviceType::All).systems();
        let mut lines = Vec::new();
        for day in from..=until {
            for os in [Os::Ios, Os::Android, Os::Harmony, Os::Other] {
                let new = added.get(&(day, os as i64)).copied().unwrap_or(0);
                let total = totals.entry(os as i64).or_default();
                *total += new;
                let count = match self.query_type {
                    QueryType::New => new,
                    QueryType::Total => *total,
                };
                if count > 0 && (meant == 0 || meant & (1 << os as i64) != 0) {
                    let time = written(device_counts::day_start(day));
                    lines.push(AppDeviceStat { time, device_type: spell_os(os), count });
                }
            }
        }
        Ok(Answer { app_device_stats: AppDeviceStats { app_device_stat: lines } })
    }
}
