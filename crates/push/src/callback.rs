//! Callbacks: what a vendor tells afterwards in its receipts, from its call to the delivery's status.
//!
//! A delivery that a vendor has taken keeps its status until the vendor says that the device did not get it. Receipts may
//! come twice and in any order; each leads to the same end.

use contract::codes::OfflinePush;
use contract::{Millis, Result};
use store::receipts::Report;
use store::{Tx, devices};

pub use crate::channels::{CALLBACK_HEADER, CallbackKey, Fate, Receipt, Unreadable};
use crate::channels::{harmony, honor, huawei, oppo, vivo, xiaomi};

/// Reads a call. None for a channel whose vendor sends no receipts.
pub fn read(
    channel: &str,
    header: Option<&str>,
    body: &[u8],
    key: Option<&CallbackKey>,
    now: Millis,
) -> Option<std::result::Result<Vec<Receipt>, Unreadable>> {
    Some(match channel {
        "harmony" => harmony::receipt::read(header, body, key, now),
        "honor" => honor::receipt::read(body),
        "huawei" => huawei::receipt::read(header, body, key, now),
        "oppo" => oppo::receipt::read(body),
        "vivo" => vivo::receipt::read(body),
        "xiaomi" => xiaomi::receipt::read(body),
        _ => return None,
    })
}

/// Writes receipts down. Answers how many deliveries changed.
pub fn take(tx: &mut Tx<'_>, now: Millis, channel: &str, receipts: &[Receipt]) -> Result<u64> {
    let mut changed = 0;
    for receipt in receipts {
        let (status, class) = match receipt.fate {
            // The vendor had taken it: the delivery says so already.
            Fate::Arrived | Fate::Opened => continue,
            Fate::Failed(status) => (status, OfflinePush::VendorRefused),
            Fate::Gone(status) => (status, OfflinePush::TokenInvalid),
            Fate::OverQuota if channel == "huawei" => (None, OfflinePush::HuaweiDailyQuota),
            Fate::OverQuota => (None, OfflinePush::VendorRefused),
        };
        let text = format!("receipt {}", receipt.code);
        let report = Report {
            channel,
            request: &receipt.request,
            token: &receipt.token,
            status: status
                .map(|status| store::deliveries::Status { family: status.family.to_owned(), number: status.number }),
            class: class.row().number().unwrap_or_default(),
            text: &text,
        };
        changed += store::receipts::note(tx, &report)?;
        if matches!(receipt.fate, Fate::Gone(_)) {
            devices::drop_token(tx, channel, &receipt.token, receipt.at.unwrap_or(now))?;
        }
    }
    Ok(changed)
}
