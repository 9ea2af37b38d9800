//! The one clock. Rules get the moment as an argument; tests hold it still and move it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use contract::Millis;

/// Tells the time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Added to the system's time, or to nothing if the clock stands.
    offset_ms: Arc<AtomicI64>,
    is_standing: bool,
}

impl Clock {
    /// A clock that shows a moment until it is moved, for tests.
    pub fn standing(at: Millis) -> Self {
        Self { offset_ms: Arc::new(AtomicI64::new(at.0)), is_standing: true }
    }

    /// The moment.
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    pub fn now(&self) -> Millis {
        if self.is_standing {
            return Millis(self.offset_ms.load(Ordering::Relaxed));
        }
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Millis(since.as_millis() as i64 + self.offset_ms.load(Ordering::Relaxed))
    }

    /// Moves the clock, for tests.
    pub fn advance(&self, ms: i64) {
        self.offset_ms.fetch_add(ms, Ordering::Relaxed);
    }
}
