//! What the client tells the application without being asked.

use contract::MsgKey;
use contract::message::ExtensionChange;
use contract::stream::Chunk;

use crate::group::GroupEvent;
use crate::message::{Extension, Message, MessageId};
use crate::relation::RelationVersions;
use crate::social::Profile;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Logged in or resumed; what was missed follows.
    Connected,
    /// The server's store was put back from an older copy. The cache is empty and is filled anew; what an application holds
    /// itself, such as its places in groups and versions of lists, says nothing any more.
    Restored,
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
    /// A message has another body or other custom data than before.
    Modified(Message),
    /// A stream message grew; the cache has the whole text.
    Streamed {
        /// Which.
        message: MessageId,
        /// What is new, in order.
        chunks: Vec<Chunk>,
    },
    /// The extensions of a message changed.
    Extended {
        /// Which.
        message: MessageId,
        /// What was done.
        change: ExtensionChange,
        /// The pairs that were set or removed; none when all were removed.
        pairs: Vec<Extension>,
        /// The newest sequence of the message's pairs.
        latest: u64,
        /// Who changed them.
        by: String,
    },
    /// The extensions of a message may have changed while there was no connection: [`crate::Client::extensions`] tells.
    ExtensionsStale {
        /// Which.
        message: MessageId,
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
    /// Something of the account's relations changed: what an application holds of a lower version is out of date.
    Relations(RelationVersions),
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
    /// Another device, or the back end, changed fields of this account's profile, or a friend's profile changed: those
    /// fields, with their new values. An empty text says that the field holds nothing any more.
    ProfileChanged(Profile),
    /// This account follows another one or is followed, or no longer.
    FollowChanged {
        /// Who follows.
        account: String,
        /// Whom.
        target: String,
        /// Whether it follows from now on.
        is_following: bool,
        /// Whether each follows the other.
        is_mutual: bool,
        /// When, in seconds since the epoch.
        time: i64,
    },
    /// Something happened in a group.
    Group(Box<GroupEvent>),
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
