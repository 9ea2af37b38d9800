//! Pushes as the mPaaS OpenAPI asks for them: what a caller may say, what becomes of it, and when it runs.
//!
//! * `content`: from texts and extended parameters to a notification, with the bounds of the contract. Pure.
//! * `vendor`: what is said to single vendors. Pure.
//! * `schedule`: once, later, or in a cycle of days. Pure.
//! * `callback`: what the app is told of the outcome, and its signature. Pure.
//! * `device`: devices by their delivery tokens: reported, bound, found.
//! * `order`: a push ready to run, as it waits for its time. `run`: from an order to tasks, now or when it is due.

pub mod callback;
pub mod content;
pub mod device;
pub mod order;
pub mod run;
pub mod schedule;
pub mod vendor;

/// Targets of a simple push, and of one by template.
pub const TARGETS: usize = 10;
/// Targets of a batch.
pub const BATCH_TARGETS: usize = 100;
/// How long a push may be valid; the contract names no number.
pub const EXPIRY_S: i64 = 30 * 86_400;
/// Extended parameters of a push.
pub const EXTENDED: usize = 20;
/// Extended parameters of one target of a batch: fewer than this.
pub const TARGET_EXTENDED: usize = 10;
/// The caller's own key of a message.
pub const KEY_BYTES: usize = 128;
/// A user, or a device's token: those of HarmonyOS are the longest.
pub const TARGET_BYTES: usize = 512;
/// The name of a task.
pub const TASK_NAME_BYTES: usize = 256;
/// Plans of an app with runs to come.
pub const PLANS: usize = 100;
/// Templates of an app.
pub const TEMPLATES: usize = 100;
/// How far back a message or a task may be revoked.
pub const REVOKE_MS: i64 = 7 * 86_400_000;

/// A number for something new. It stays below 2^53, which every caller's language can hold.
pub fn fresh_id() -> i64 {
    ((uuid::Uuid::new_v4().as_u64_pair().0 >> 12) as i64).max(1)
}

/// An id for a plan: 32 hexadecimal digits.
pub fn plan_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
