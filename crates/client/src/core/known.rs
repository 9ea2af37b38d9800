//! What the cache remembers, and what it knows when a session begins.

use contract::MsgKey;
use contract::frame::wire::{ContactState, ConversationGroup, Head};
use contract::stream::Chunk;

use crate::message::{Message, MessageId};

/// Something to remember.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Write {
    /// A message; with a place if the conversation is complete up to it.
    Message { peer: String, message: Message, place: Option<(u64, i64)> },
    /// The conversation is complete up to here.
    Place { peer: String, seq: u64, time: i64 },
    /// What the account has set for a conversation.
    Contact(Box<ContactState>),
    /// All conversation groups.
    Groups(Vec<ConversationGroup>),
    /// Settings of conversations are known up to this version.
    Contacts(i64),
    /// Changes of older messages are known up to this movement.
    Checked { peer: String, at: i64 },
    /// What the server says about a conversation.
    Head(Box<Head>),
    /// The next request for heads goes on from here.
    Cursor(i64),
    /// The server's store has another life: nothing that was known holds any more.
    Anew { life: u64 },
    /// A message for many, in the conversation with its sender.
    Broadcast(Message),
    /// All broadcasts up to this number are known.
    Broadcasts(u64),
    /// This account read up to a place.
    ReadByMe { peer: String, seq: u64 },
    /// The peer read everything up to a second.
    ReadByPeer { peer: String, time: i64 },
    /// A message was recalled.
    Recalled { peer: String, id: MessageId },
    /// The peer gave receipts.
    Receipts { peer: String, keys: Vec<MsgKey> },
    /// A stream message grew; its version if the server told it.
    Streamed { peer: String, id: MessageId, version: Option<u32>, chunks: Vec<Chunk> },
    /// Messages went from this account's view.
    Deleted { peer: String, ids: Vec<MessageId> },
}

/// What the cache knows when a session begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The life of the server's store that all of this is of.
    pub(crate) life: u64,
    pub(crate) cursor: i64,
    /// All broadcasts up to this number are known.
    pub(crate) broadcasts: u64,
    /// The version up to which settings of conversations are known.
    pub(crate) contacts: i64,
    pub(crate) groups: Vec<ConversationGroup>,
    pub(crate) lines: Vec<KnownLine>,
}

/// What the cache knows of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownLine {
    pub(crate) peer: String,
    /// Complete up to here; none if only the head was seen.
    pub(crate) place: Option<(u64, i64)>,
    /// The newest place that the server told.
    pub(crate) target: u64,
    /// The newest movement that the server told.
    pub(crate) moved_at: i64,
    /// Changes up to this movement are known.
    pub(crate) checked_at: i64,
}
