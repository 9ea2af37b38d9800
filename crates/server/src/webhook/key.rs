//! Which event it is that is told.

/// An event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    /// Its batch.
    pub(super) batch: i64,
    /// Its place there.
    pub(super) index: usize,
}
