//! What became of pushes, from counters that are kept as it happens.
//!
//! Rates are percentages: of what was sent, how much arrived; of what arrived, how much was opened or wiped away.

pub mod list_analysis_core_index;
pub mod query_push_analysis_core_index;
pub mod query_push_analysis_task_detail;
pub mod query_push_analysis_task_list;

use contract::error::refuse;
use contract::{Fault, Millis, Result};
use push::mpaas::order::Kind;
use push::mpaas::run;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::bindings::Os;
use store::deliveries::SELF_BUILT;
use store::push_counts::{self, Counts, Line};

const DAY_MS: i64 = 86_400_000;
/// The longest period of one question.
const DAYS: i64 = 90;

/// Which pushes are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Asked {
    /// Of devices with `ANDROID`, `IOS` or `HARMONYOS`.
    platform: Option<String>,
    /// By `ANDROID` (our own connection), `IOS`, `FCM`, `HMS`, `MIUI`, `OPPO`, `VIVO`, `HONOR` or `HARMONYOS`.
    channel: Option<String>,
    /// `SIMPLE`, `TEMPLATE`, `MULTIPLE` or `BROADCAST`.
    #[serde(rename = "Type")]
    kind: Option<String>,
    /// One batch or broadcast.
    task_id: Option<String>,
}

/// What a text says, if it says anything.
fn filled(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

impl Asked {
    /// Adds up what is asked for, from the day of one moment to the end of that of another.
    fn sum(&self, snapshot: &mut Snapshot<'_>, from: i64, until: i64, ahead_ms: i64) -> Result<Counts> {
        let day = |at: i64| at.checked_add(ahead_ms).map(|at| at.div_euclid(DAY_MS));
        let (Some(first), Some(last)) = (day(from), day(until)) else {
            return refuse(Fault::FieldInvalid { field: "StartTime" });
        };
        if last < first || last - first >= DAYS {
            return refuse(Fault::FieldInvalid { field: "EndTime" });
        }
        let (system, channel, kind) = (self.system()?, self.channel()?, self.kind()?);
        let lines = if let Some(task) = filled(self.task_id.as_ref()) {
            let id = task.parse().map_err(|_| Fault::FieldInvalid { field: "TaskId" })?;
            let status = run::task_status(snapshot, id)?;
            let own = status.record.kind.clone();
            status.lines.into_iter().map(|line| Line { kind: own.clone(), ..line }).collect()
        } else {
            let hour = |day: i64| push_counts::hour(Millis(day * DAY_MS - ahead_ms));
            push_counts::sum(snapshot, hour(first), hour(last + 1))?
        };
        let mut counts = Counts::default();
        for line in lines {
            let is_own = Kind::parse(&line.kind).is_some_and(|found| kind.is_none_or(|kind| kind == found));
            let fits = system.is_none_or(|system| line.system == system as i64)
                && channel.is_none_or(|channel| line.channel == channel);
            if is_own && fits {
                counts += line.counts;
            }
        }
        Ok(counts)
    }

    fn system(&self) -> Result<Option<Os>> {
        let Some(text) = filled(self.platform.as_ref()) else { return Ok(None) };
        Ok(Some(match text.to_ascii_uppercase().as_str() {
            "ANDROID" => Os::Android,
            "IOS" => Os::Ios,
            "HARMONYOS" => Os::Harmony,
            _ => return refuse(Fault::FieldInvalid { field: "Platform" }),
        }))
    }

    fn channel(&self) -> Result<Option<&'static str>> {
        let Some(text) = filled(self.channel.as_ref()) else { return Ok(None) };
        if text.eq_ignore_ascii_case("android") {
            return Ok(Some(SELF_BUILT));
        }
        let found = push::mpaas::device::vendor(text).filter(|_| text.parse::<i64>().is_err());
        found.map(Some).ok_or_else(|| Fault::FieldInvalid { field: "Channel" }.into())
    }

    fn kind(&self) -> Result<Option<Kind>> {
        let Some(text) = filled(self.kind.as_ref()) else { return Ok(None) };
        Kind::parse(text).map(Some).ok_or_else(|| Fault::FieldInvalid { field: "Type" }.into())
    }
}

/// Counts with their rates.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Index {
    /// Notifications to be sent to a device by a channel.
    push_total_num: f64,
    /// Those that were sent.
    push_num: f64,
    /// Those that arrived.
    arrival_num: f64,
    /// Percent of those sent.
    arrival_rate: f64,
    /// Those that were opened.
    open_num: f64,
    /// Percent of those that arrived.
    open_rate: f64,
    /// Those that were wiped away.
    ignore_num: f64,
    /// Percent of those that arrived.
    ignore_rate: f64,
}

impl From<Counts> for Index {
    fn from(counts: Counts) -> Self {
        Self {
            push_total_num: counts.accepted as f64,
            push_num: counts.sent as f64,
            arrival_num: counts.received as f64,
            arrival_rate: percent(counts.received, counts.sent),
            open_num: counts.opened as f64,
            open_rate: percent(counts.opened, counts.received),
            ignore_num: counts.removed as f64,
            ignore_rate: percent(counts.removed, counts.received),
        }
    }
}

/// Percent, to the hundredth; 0 of nothing.
fn percent(part: i64, whole: i64) -> f64 {
    if whole <= 0 { 0.0 } else { (part as f64 * 10_000.0 / whole as f64).round() / 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_percentage_and_nothing_of_nothing() {
        assert_eq!((percent(1, 3), percent(0, 5), percent(5, 0), percent(7, 7)), (33.33, 0.0, 0.0, 100.0));
    }
}
