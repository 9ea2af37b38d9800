//! Devices as the mPaaS contract names them: by a delivery token, which is the device's own name on Android, and a
//! vendor's token on iOS and HarmonyOS.

use contract::error::refuse;
use contract::event::Event;
use contract::{DeviceId, Fault, Millis, Platform, Result, UserId, limit};
use sha2::{Digest, Sha256};
use store::bindings::{self, Bound, Os};
use store::deliveries;
use store::{Snapshot, Tx, reports};

/// The system that the contract numbers so.
pub const fn os_of(number: i64) -> Option<Os> {
    match number {
        1 => Some(Os::Android),
        2 => Some(Os::Ios),
        7 => Some(Os::Harmony),
        _ => None,
    }
}

/// The channel whose token is the name of devices of a system.
pub const fn token_channel(os: Os) -> Option<&'static str> {
    match os {
        Os::Ios => Some("apns"),
        Os::Harmony => Some("harmony"),
        Os::Android | Os::Other => None,
    }
}

/// A vendor's channel by the number or the word of the contract.
pub fn vendor(text: &str) -> Option<&'static str> {
    Some(match text.to_ascii_lowercase().as_str() {
        "2" | "apns" | "ios" => "apns",
        "4" | "miui" | "xiaomi" => "xiaomi",
        "5" | "hms" | "huawei" => "huawei",
        "6" | "fcm" => "fcm",
        "7" | "oppo" => "oppo",
        "8" | "vivo" => "vivo",
        "honor" => "honor",
        "harmonyos" | "harmony" => "harmony",
        _ => return None,
    })
}

/// A channel as the contract's answers name it.
pub fn vendor_name(channel: &str) -> &'static str {
    match channel {
        "apns" | "apns-voip" => "ios",
        "xiaomi" => "miui",
        "huawei" => "hms",
        "fcm" => "fcm",
        "oppo" => "oppo",
        "vivo" => "vivo",
        "honor" => "honor",
        "harmony" => "harmonyos",
        _ => "unknown",
    }
}

/// The device's name that comes of a token of its own: a token that is too long for one is digested.
pub(crate) fn name_of(token: &str) -> DeviceId {
    if let Ok(id) = DeviceId::parse(token) {
        return id;
    }
    let digest = hex::encode(Sha256::digest(token.as_bytes()));
    DeviceId::trusted(&digest[..limit::DEVICE_ID_BYTES.min(digest.len())])
}

/// The device of a delivery token, whether it is there or not: by the token of its vendor, or by its own name.
pub fn find(snapshot: &mut Snapshot<'_>, os: Os, token: &str) -> Result<DeviceId> {
    if let Some(channel) = token_channel(os)
        && let Some(found) = reports::of_token(snapshot, channel, token)?
    {
        return Ok(found);
    }
    Ok(name_of(token))
}

/// The device of a delivery token of a system that is not told.
pub fn find_any(snapshot: &mut Snapshot<'_>, now: Millis, token: &str) -> Result<Option<Bound>> {
    for os in [Os::Ios, Os::Harmony, Os::Android] {
        let id = find(snapshot, os, token)?;
        if let Some(found) = bindings::get(snapshot, now, id.as_str())? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// What a server says of a device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// A channel and the device's token for it.
    pub vendor: Option<(&'static str, String)>,
    /// What it is called.
    pub model: String,
    /// The version of the app on it.
    pub app_version: String,
}

/// Takes a device on, new or again, with what is said of it.
pub fn report(tx: &mut Tx<'_>, now: Millis, os: Os, token: &str, report: &Report) -> Result<DeviceId> {
    let id = find(tx, os, token)?;
    reports::enroll(tx, now, &id, platform_of(os), os as i64)?;
    bindings::lock(tx, &id)?;
    if let Some(channel) = token_channel(os) {
        reports::set_token(tx, now, &id, channel, token)?;
    }
    if let Some((channel, token)) = &report.vendor {
        reports::set_token(tx, now, &id, channel, token)?;
    }
    reports::describe(tx, &id, &report.model, &report.app_version)?;
    wake(tx, now, &id)?;
    Ok(id)
}

/// The class of a device that has told only its system. HarmonyOS has none of its own; its system is kept beside it.
const fn platform_of(os: Os) -> i64 {
    match os {
        Os::Ios => Platform::IPhone as i64,
        Os::Android | Os::Harmony | Os::Other => Platform::Android as i64,
    }
}

/// Binds a user to a device, in the place of another one; what waits for the user goes out.
pub fn bind(tx: &mut Tx<'_>, now: Millis, os: Os, token: &str, user: &str, phone: Option<&str>) -> Result<()> {
    let id = report(tx, now, os, token, &Report::default())?;
    let held = bindings::get(tx, now, id.as_str())?.map(|device| device.account).unwrap_or_default();
    if held != user {
        if bindings::count_of_account(tx, user)? >= limit::DEVICES_PER_PUSH_ACCOUNT as i64 {
            return refuse(Fault::FieldItemsTooMany { field: "UserId", max: limit::DEVICES_PER_PUSH_ACCOUNT });
        }
        bindings::bind_account(tx, &id, user)?;
    }
    reports::mark_bound(tx, now, &id)?;
    if let Some(phone) = phone.filter(|phone| !phone.is_empty()) {
        bindings::set_phone(tx, &id, phone)?;
    }
    if deliveries::wake_account(tx, now, &UserId::trusted(user))? > 0 {
        tx.after(Event::DeliveryQueued);
    }
    Ok(())
}

/// Takes a user off a device. One that is not bound to it changes nothing, as at the service whose contract this is.
pub fn unbind(tx: &mut Tx<'_>, now: Millis, token: &str, user: &str) -> Result<()> {
    let Some(found) = find_any(tx, now, token)? else { return Ok(()) };
    bindings::lock(tx, &found.id)?;
    if found.account == user {
        bindings::bind_account(tx, &found.id, "")?;
        reports::mark_bound(tx, now, &found.id)?;
    }
    Ok(())
}

/// Makes what waits for the first sign of the device due.
fn wake(tx: &mut Tx<'_>, now: Millis, id: &DeviceId) -> Result<()> {
    if reports::wake(tx, now, id)? > 0 {
        tx.after(Event::DeliveryQueued);
    }
    Ok(())
}
