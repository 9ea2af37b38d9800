//! The rules of what is bound to a device: account, aliases, phone.
//!
//! There is one identity graph. A device is a row of `store::devices` whichever surface speaks of it: a chat SDK names
//! it at login, push by [`DeviceId`] text, mPaaS by its delivery token. Its account is the account of chat, where one
//! is logged in on it. So whatever is bound here reaches the device by every surface, and who looks for an audience
//! reads `store::bindings` (devices by account and alias), `store::bound_tags` (by tag) and `store::devices` (tokens).

use std::collections::BTreeSet;

use contract::{DeviceId, Fault, Millis, Result, UserId, limit};
use store::bindings::{self, Bound, Os, Registration};
use store::bound_tags::Holder;
use store::devices::{self, Token};
use store::{Snapshot, Tx};

use crate::tag;

/// How a device's name looks that a push service gave: 32 digits and small letters.
const ISSUED_BYTES: usize = 32;

/// Reads the device that a parameter names.
///
/// Devices of chat name themselves, so every name of a device that is there is good; what neither is one nor could be
/// is malformed.
pub fn device(snapshot: &mut Snapshot<'_>, now: Millis, id: &str) -> Result<Bound> {
    match bindings::get(snapshot, now, id)? {
        Some(bound) => Ok(bound),
        None if is_issued(id) => Err(Fault::FieldNotFound { field: "DeviceId" }.into()),
        None => Err(Fault::FieldInvalid { field: "DeviceId" }.into()),
    }
}

/// Whether a text looks like the name of a device that a push service gave.
pub fn is_issued(id: &str) -> bool {
    id.len() == ISSUED_BYTES && id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// Whether a notification may reach the device: it is registered for push, or somebody is logged in on it.
pub const fn is_available(device: &Bound) -> bool {
    device.is_enrolled || device.is_logged_in
}

/// Binds aliases to a device; what is bound stays, and one that is named twice counts once.
pub fn bind_aliases(tx: &mut Tx<'_>, now: Millis, id: &str, aliases: &[String]) -> Result<()> {
    // One of the stores keeps no NUL in a text.
    if aliases.iter().any(|alias| alias.contains('\0')) {
        return Err(Fault::FieldInvalid { field: "AliasName" }.into());
    }
    let device = device(tx, now, id)?.id;
    bindings::lock(tx, &device)?;
    let held = bindings::aliases_of(tx, &device)?;
    let fresh: BTreeSet<&String> = aliases.iter().filter(|alias| !held.contains(alias)).collect();
    let fresh: Vec<String> = fresh.into_iter().cloned().collect();
    if held.len() + fresh.len() > limit::ALIASES_PER_DEVICE {
        return Err(Fault::FieldItemsTooMany { field: "AliasName", max: limit::ALIASES_PER_DEVICE }.into());
    }
    for alias in &fresh {
        if bindings::devices_of_alias(tx, alias)?.len() >= limit::DEVICES_PER_ALIAS {
            return Err(Fault::FieldItemsTooMany { field: "AliasName", max: limit::DEVICES_PER_ALIAS }.into());
        }
    }
    bindings::add_aliases(tx, now, &device, &fresh)
}

/// Takes aliases off a device. One that is not bound is not there.
pub fn unbind_aliases(tx: &mut Tx<'_>, now: Millis, id: &str, aliases: &[String]) -> Result<()> {
    let device = device(tx, now, id)?.id;
    bindings::lock(tx, &device)?;
    let held = bindings::aliases_of(tx, &device)?;
    if !aliases.iter().all(|alias| held.contains(alias)) {
        return Err(Fault::FieldNotFound { field: "AliasName" }.into());
    }
    bindings::remove_aliases(tx, &device, aliases).map(drop)
}

/// Takes every alias off a device.
pub fn clear_aliases(tx: &mut Tx<'_>, now: Millis, id: &str) -> Result<()> {
    let device = device(tx, now, id)?.id;
    bindings::clear_aliases(tx, &device)
}

/// Sets the phone of a device.
pub fn bind_phone(tx: &mut Tx<'_>, now: Millis, id: &str, phone: &str) -> Result<()> {
    let is_number = phone.strip_prefix('+').unwrap_or(phone);
    if is_number.len() < 5 || !is_number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::FieldInvalid { field: "PhoneNumber" }.into());
    }
    let device = device(tx, now, id)?.id;
    bindings::set_phone(tx, &device, phone)
}

/// Takes the phone of a device away; that there is none is no fault.
pub fn unbind_phone(tx: &mut Tx<'_>, now: Millis, id: &str) -> Result<()> {
    let device = device(tx, now, id)?.id;
    bindings::set_phone(tx, &device, "")
}

/// Binds a device to an account, in the place of another one. The account need not be one of chat.
pub fn bind_account(tx: &mut Tx<'_>, now: Millis, id: &DeviceId, account: &str) -> Result<()> {
    let bound = device(tx, now, id.as_str())?;
    if bound.account == account {
        return Ok(());
    }
    if bindings::count_of_account(tx, account)? >= limit::DEVICES_PER_PUSH_ACCOUNT as i64 {
        return Err(Fault::FieldItemsTooMany { field: "Account", max: limit::DEVICES_PER_PUSH_ACCOUNT }.into());
    }
    bindings::bind_account(tx, id, account)
}

/// A device that a team brings with it.
#[derive(Debug, Clone)]
pub struct Moved {
    /// Its name, which stays.
    pub device: String,
    /// Its system.
    pub os: Os,
    /// Its account; empty means none.
    pub account: String,
    /// Its aliases.
    pub aliases: Vec<String>,
    /// Its own tags.
    pub tags: Vec<String>,
    /// Its phone; empty means none.
    pub phone: String,
    /// Who made it.
    pub brand: String,
    /// What it is called.
    pub model: String,
    /// Tokens by channel.
    pub tokens: Vec<(String, String)>,
}

/// Registers a device with everything that is bound to it. Again is no fault: what it has stays, what is new is added.
pub fn import(tx: &mut Tx<'_>, now: Millis, moved: &Moved) -> Result<()> {
    let id = DeviceId::parse(&moved.device).map_err(|_| Fault::FieldInvalid { field: "device" })?;
    check_texts(moved)?;
    let what = Registration {
        os: moved.os as i64,
        brand: moved.brand.clone(),
        model: moved.model.clone(),
        ..Registration::default()
    };
    // The class of devices of chat that is nearest; chat corrects it when somebody logs in.
    let platform = match moved.os {
        Os::Ios => 1,
        Os::Android | Os::Harmony => 2,
        Os::Other => 3,
    };
    bindings::register(tx, now, &id, platform, &what)?;
    if !moved.account.is_empty() {
        bind_account(tx, now, &id, &moved.account)?;
    }
    bind_aliases(tx, now, id.as_str(), &moved.aliases)?;
    if !moved.tags.is_empty() {
        tag::bind(tx, now, Holder::Device, &[id.to_string()], &moved.tags)?;
    }
    if !moved.phone.is_empty() {
        bind_phone(tx, now, id.as_str(), &moved.phone)?;
    }
    for (channel, token) in &moved.tokens {
        if token.is_empty() || token.len() > limit::DEVICE_TOKEN_BYTES {
            return Err(Fault::TokenTooLong { max: limit::DEVICE_TOKEN_BYTES }.into());
        }
        let token =
            Token { device: id.clone(), channel: channel.clone(), token: token.clone(), credential: 0, bound_at: now };
        devices::set_token(tx, &UserId::trusted(&moved.account), &token)?;
    }
    Ok(())
}

fn check_texts(moved: &Moved) -> Result<()> {
    let aliases = moved.aliases.iter().map(|alias| ("alias", alias.as_str(), limit::ALIAS_BYTES));
    let single = [
        ("account", moved.account.as_str(), limit::PUSH_ACCOUNT_BYTES),
        ("phone", &moved.phone, limit::PHONE_BYTES),
        ("brand", &moved.brand, limit::DEVICE_TEXT_BYTES),
        ("model", &moved.model, limit::DEVICE_TEXT_BYTES),
    ];
    for (field, text, max) in single.into_iter().chain(aliases) {
        if text.len() > max {
            return Err(Fault::FieldTooLong { field, max }.into());
        }
        if text.contains('\0') {
            return Err(Fault::FieldInvalid { field }.into());
        }
    }
    if moved.tags.iter().any(|tag| tag.chars().count() > limit::PUSH_TAG_LETTERS) {
        return Err(Fault::FieldLettersTooMany { field: "tag", max: limit::PUSH_TAG_LETTERS }.into());
    }
    let is_blank = |texts: &[String]| texts.iter().any(|text| text.trim().is_empty() || text.contains(','));
    if is_blank(&moved.aliases) {
        return Err(Fault::FieldInvalid { field: "alias" }.into());
    }
    if is_blank(&moved.tags) {
        return Err(Fault::FieldInvalid { field: "tag" }.into());
    }
    Ok(())
}
