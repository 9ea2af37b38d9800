//! What waits to be told.

use std::sync::Arc;

use super::{Happening, Origin};
use crate::id::{ConversationId, Millis, Place};
use crate::message::Message;

/// Something that happened, as it waits for the webhook that tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
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
    /// That message, where whoever has just stored it hands it over.
    pub message: Option<Arc<Message>>,
}

/// What one transaction has left to be told, or a part of it: kept, read and deleted as one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Its place in the order of the app.
    pub id: i64,
    /// In the order in which they happened; never none.
    pub events: Vec<Untold>,
    /// How long they are as the store keeps them, with the messages that are handed over.
    pub bytes: usize,
}
