//! The sandbox from outside: real TLS, real HTTP/2, a client that is nobody's push client.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

mod apns_connections;
mod apns_refusals;
mod apns_senders;
mod client;
mod connections;
mod control;
mod fcm;
mod harmony;
mod honor;
mod huawei;
mod keys;
mod oppo;
mod receiver;
mod vivo;
mod wire;
mod xiaomi;
