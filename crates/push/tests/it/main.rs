//! Channels against the vendors' rooms of the sandbox, and the engine on a real store with scripted vendors.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

mod apns;
mod apns_connections;
mod audience;
mod bench;
mod broadcast;
mod callback;
mod courtesy;
mod endpoint;
mod engine_apns;
mod engine_failures;
mod engine_load;
mod engine_quota;
mod engine_statuses;
mod engine_tokens;
mod grouped;
mod paces;
mod recalls;
mod room_codes;
mod rooms;
mod tasks;
mod vendor_codes;
mod vendors;
