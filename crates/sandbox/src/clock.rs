//! The sandbox's own clock: the machine's time and an offset that the control API moves.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls_pki_types::UnixTime;

/// Tells the time to every room, so that an hour may pass in a test without waiting for it.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// Milliseconds since the Unix epoch, with the offset.
    pub(crate) fn now_ms(&self) -> i64 {
        machine_ms().saturating_add(self.offset_ms.load(Ordering::Relaxed))
    }

    /// The same moment as certificates are checked against.
    pub(crate) fn now_unix(&self) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_millis(self.now_ms().max(0) as u64))
    }

    /// How far this clock is ahead of the machine's.
    pub(crate) fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Moves the clock.
    pub(crate) fn set_offset_ms(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
    }
}

#[expect(clippy::disallowed_methods, reason = "the sandbox stands alone; this is its one clock")]
fn machine_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
