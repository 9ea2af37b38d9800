//! Names each request, so that a caller's answer and our log can be laid side by side.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderName, HeaderValue};

use crate::vault::random;

/// The header that carries the name back to the caller.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The name of one request: what process, which of its requests. Never taken from a caller, so a log line can be
/// trusted to mean one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(u32, u64);

impl RequestId {
    /// The next one of this process.
    pub fn next() -> Self {
        static PROCESS: OnceLock<u32> = OnceLock::new();
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let process = *PROCESS.get_or_init(|| u32::from_le_bytes(random()));
        Self(process, NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    /// As a header's value.
    pub fn header(self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).expect("hex digits fit in a header")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}{:08x}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_requests_have_one_name() {
        let (one, other) = (RequestId::next(), RequestId::next());
        assert_ne!(one.to_string(), other.to_string());
        assert_eq!(one.to_string().len(), 16);
    }
}
