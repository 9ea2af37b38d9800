//! What the client tells the application without being asked.

use contract::MsgKey;

use crate::message::{Message, MessageId};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Logged in or resumed; what was missed follows.
    Connected,
    /// The connection is gone; the client opens another unless the reason ends the session.
    Disconnected {
        /// Why.
        reason: Reason,
    },
    /// A message: from a peer, or from another device of this account (`from` is this account then).
    Message(Message),
    /// An account read its conversation with a peer: either side may be this account.
    Read {
        /// Who read.
        reader: String,
        /// Whose messages were read.
        peer: String,
        /// Up to and with this second.
        time: i64,
        /// Up to and with this place.
        seq: u64,
    },
    /// A message was recalled.
    Recalled {
        /// Which.
        message: MessageId,
        /// Its place.
        seq: u64,
        /// Who recalled it.
        by: String,
    },
    /// A peer gave receipts for single messages of this account.
    Receipts {
        /// Who read.
        reader: String,
        /// The keys of the messages.
        keys: Vec<MsgKey>,
    },
    /// The list of conversations, their last messages or their unread counts changed.
    Conversations {
        /// The peers of the conversations.
        peers: Vec<String>,
    },
    /// The conversation groups changed.
    ConversationGroups,
    /// The session was ended; the client does not connect again before the next login.
    Kicked {
        /// The published code that says why.
        code: i32,
        /// Its short text.
        text: String,
    },
    /// The user sig has expired or is void; the application logs in with a new one.
    UserSigExpired,
    /// A notification of the self-built channel.
    Pushed(Push),
    /// The local cache could not be written. What happened was still told, but will not be found in it.
    CacheFailed {
        /// What the database said.
        text: String,
    },
}

/// A notification of the self-built channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// What [`crate::Client::confirm_push`] takes.
    pub id: Vec<u8>,
    /// The title.
    pub title: String,
    /// The text.
    pub body: String,
    /// JSON of what else it carries; empty means none.
    pub extra: String,
    /// Milliseconds since the epoch after which it is of no use.
    pub expires_at: i64,
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It was closed or broke; the text is the transport's.
    Lost(String),
    /// The gateway did not answer in time.
    Silent,
    /// The node is going away.
    Moved,
    /// The gateway refused to let this connection go on.
    Refused {
        /// The published code.
        code: i32,
        /// Its short text.
        text: String,
    },
    /// The gateway sent what its contract does not allow.
    Protocol(String),
    /// The session was ended: logout, kick, user sig over.
    SessionOver,
}

/// Where the client stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// No account is logged in.
    LoggedOut,
    /// The first login of this session is under way.
    LoggingIn,
    /// Logged in and connected.
    Connected,
    /// Logged in; a connection is being opened again.
    Reconnecting,
    /// Logout is under way.
    LoggingOut,
}
