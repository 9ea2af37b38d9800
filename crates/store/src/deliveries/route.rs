//! By which ways a task goes.

use serde::{Deserialize, Serialize};

use crate::bindings::Os;

/// By which ways a task goes, to which devices, and where it counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    /// What our own connection carries, as JSON, where it differs from what vendors get; empty where it does not.
    pub own: String,
    /// Which way comes first.
    pub road: Road,
    /// A bit for each system of devices; 0 for all.
    pub systems: i64,
    /// Channels by name, with commas between them; empty for all.
    pub channels: String,
    /// Whether a target without a binding ends at once.
    pub is_fleeting: bool,
    /// The task in whose counters it shows; 0 for none.
    pub counted: i64,
    /// Its kind, for the counters.
    pub kind: String,
}

impl Route {
    /// Whether devices of a system are meant.
    pub const fn takes(&self, os: Os) -> bool {
        self.systems == 0 || self.systems & (1 << os as i64) != 0
    }

    /// Whether a channel may carry it.
    pub fn allows(&self, channel: &str) -> bool {
        self.channels.is_empty() || self.channels.split(',').any(|allowed| allowed == channel)
    }
}

/// Which way comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Road {
    /// Our own connection where there is one, else the vendors, else our own when it is back.
    #[default]
    OwnFirst = 0,
    /// The vendors, else our own connection.
    VendorFirst = 1,
    /// Our own connection only.
    OwnOnly = 2,
    /// The vendors only.
    VendorOnly = 3,
    /// Apple's devices by their vendor only, others as with [`Self::OwnFirst`].
    Notice = 4,
}

impl Road {
    /// The road of a number.
    pub const fn from_number(number: i64) -> Self {
        match number {
            1 => Self::VendorFirst,
            2 => Self::OwnOnly,
            3 => Self::VendorOnly,
            4 => Self::Notice,
            _ => Self::OwnFirst,
        }
    }
}
