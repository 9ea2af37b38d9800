//! Pushes: whom they are for, what is shown, when.
//!
//! * `words`: choices and other small types. `fields_*`: what is said to each system of devices, `live` to what is shown
//!   live. `compose`: from those to tasks. `vendors`: what is said to single vendors. `shapes`: the newer, nested form of the same.
//! * The other files are actions.

pub mod cancel_push;
pub mod complete_continuously_push;
mod compose;
pub mod continuously_push;
mod fields_android;
mod fields_apple;
mod fields_harmony;
mod live;
pub mod mass_push;
pub mod mass_push_v2;
#[expect(clippy::module_inception, reason = "an action's file carries its name")]
pub mod push;
pub mod push_message_to_android;
pub mod push_message_to_ios;
pub mod push_notice_to_android;
pub mod push_notice_to_ios;
pub mod push_v2;
mod shapes;
mod shapes_android;
mod simple;
mod vendors;
pub mod words;

use ::push::task::Pace;
use contract::Fault;
use schemars::JsonSchema;
use serde::Serialize;

pub use compose::ORIGIN;

/// Tasks of one mass push.
const MASS_MAX: usize = 100;

/// The number of a push.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Sent {
    /// By which the push is asked for, and cancelled.
    message_id: String,
}

impl Sent {
    /// Wraps a number.
    pub fn new(id: impl Into<String>) -> Self {
        Self { message_id: id.into() }
    }
}

/// How often all devices may be meant by a kind of push, where quotas hold.
const fn pace(kind: &str) -> Pace {
    let count_max = if matches!(kind.as_bytes(), b"message") { 30 } else { 10 };
    Pace { pause_ms: 1_000, window_ms: 600_000, count_max }
}

/// Reads the number of a push.
fn message_id(text: &str) -> Result<i64, Fault> {
    text.trim().parse().map_err(|_| Fault::FieldInvalid { field: "MessageId" })
}

/// There is no such push, or nothing can be done with it any more.
const fn unknown_message() -> Fault {
    Fault::FieldNotFound { field: "MessageId" }
}
