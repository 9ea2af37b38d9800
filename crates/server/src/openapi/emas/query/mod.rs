//! What became of pushes, and how many devices there are: answered from counters that are kept as things happen.

pub mod list_push_records;
pub mod query_device_stat;
pub mod query_push_list;
pub mod query_push_records;
pub mod query_push_stat_by_app;
pub mod query_push_stat_by_msg;
pub mod query_unique_device_stat;
mod records;

use contract::{Fault, Millis, moment};
use schemars::JsonSchema;
use serde::Serialize;
use store::push_counts::Counts;

/// Days that one query may span.
const DAYS_MAX: i64 = 31;
const DAY_MS: i64 = 86_400_000;

/// Checks a period: its end comes after its beginning, and it is not too long.
fn check_period(from: Millis, until: Millis) -> Result<(), Fault> {
    if until < from {
        return Err(Fault::FieldInvalid { field: "EndTime" });
    }
    if until.0 - from.0 > DAYS_MAX * DAY_MS {
        return Err(Fault::PeriodTooLong { max: DAYS_MAX });
    }
    Ok(())
}

/// How often each thing happened.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Numbers {
    /// Notifications that were to be sent to a device by a channel.
    accept_count: i64,
    /// Those that were sent: the device's connection or its vendor took them.
    sent_count: i64,
    /// Those that arrived.
    received_count: i64,
    /// Those that were opened.
    opened_count: i64,
    /// Those that were wiped away.
    deleted_count: i64,
    /// Short messages are not carried.
    sms_sent_count: i64,
    /// Short messages are not carried.
    sms_skip_count: i64,
    /// Short messages are not carried.
    sms_failed_count: i64,
    /// Short messages are not carried.
    sms_receive_success_count: i64,
    /// Short messages are not carried.
    sms_receive_failed_count: i64,
}

impl Numbers {
    fn of(counts: Counts) -> Self {
        Self {
            accept_count: counts.accepted,
            sent_count: counts.sent,
            received_count: counts.received,
            opened_count: counts.opened,
            deleted_count: counts.removed,
            sms_sent_count: 0,
            sms_skip_count: 0,
            sms_failed_count: 0,
            sms_receive_success_count: 0,
            sms_receive_failed_count: 0,
        }
    }
}

/// A moment as the contract writes it.
fn written(at: Millis) -> String {
    moment::write(at)
}
