//! What waits to be told.

use super::{Happening, Origin};
use crate::id::{ConversationId, Millis, Place};

/// Something that happened, as it waits for the webhook that tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Its place in the order of the app.
    pub id: i64,
    /// What it is told in order with.
    pub part: i64,
    /// When it happened.
    pub at: Millis,
    /// Who acted.
    pub origin: Origin,
    /// What happened; none if it cannot be read.
    pub happening: Option<Happening>,
    /// Where the message is that it tells of, if it tells of a stored one.
    pub place: Option<(ConversationId, Place)>,
    /// How long what happened is as the store keeps it.
    pub bytes: usize,
}
