//! Devices, as an app's own server reports, binds and looks for them.

pub mod push_bind;
pub mod push_query_device_state;
pub mod push_report;
pub mod push_un_bind;

use contract::{Fault, Result};
use push::mpaas::device::os_of;
use store::bindings::Os;

/// A delivery token: those of HarmonyOS are the longest.
pub type Token = crate::openapi::fields::Text<{ push::mpaas::TARGET_BYTES }>;
/// A user.
pub type User = crate::openapi::fields::Text<{ contract::limit::PUSH_ACCOUNT_BYTES }>;

/// The system that the contract numbers so.
pub fn os(number: i64) -> Result<Os> {
    os_of(number).ok_or_else(|| Fault::OsTypeInvalid.into())
}
