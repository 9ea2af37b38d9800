//! Channels against the vendors' rooms of the sandbox.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

mod apns;
mod apns_connections;
