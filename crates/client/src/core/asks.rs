//! What may be asked, and what an answer has to be understood with.

use contract::MsgKey;
use contract::frame::Frame;
use contract::frame::wire::SendRequest;

use crate::core::change::{Change, Changing};
use crate::core::contacts::ListChange;
use crate::core::social;
use crate::core::sync::Fill;
use crate::message::{MessageId, NewFile, SendOptions};

/// What the application asks for.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Send {
        to: String,
        body: String,
        options: SendOptions,
    },
    Recall(MessageId),
    Read {
        peer: String,
    },
    Receipts {
        peer: String,
        keys: Vec<MsgKey>,
    },
    History {
        peer: String,
        before: Option<MessageId>,
        count: u32,
    },
    Status(Vec<String>),
    Token {
        channel: String,
        token: String,
        credential: i64,
        remove: bool,
    },
    Change(Box<Change>),
    ConfirmPush(Vec<u8>),
    Social(social::Ask),
    /// Something whose answer concerns nobody but the caller.
    Plain(Frame),
    Upload(NewFile),
    Links(Vec<String>),
    ListChange(ListChange),
}

/// What an answer has to be understood with.
pub(super) enum Context {
    Send(Box<SendRequest>),
    Recall(MessageId),
    Read { peer: String, upto: u64 },
    Receipts,
    History { peer: String },
    Change(Box<Changing>),
    Status,
    Token,
    ConfirmPush,
    Social(social::Kind),
    Plain { is_repeatable: bool },
    Upload,
    Links,
    Logout,
    Heartbeat,
    Heads { after: i64, behind: String },
    Contacts { after: i64 },
    ListChange { is_repeatable: bool },
    Since { peer: String, fill: Fill },
    Broadcasts { after: u64 },
}

impl Context {
    /// Whether the request is made for the connection, which asks again on the next one if it must.
    pub(super) fn is_internal(&self) -> bool {
        matches!(
            self,
            Self::Heartbeat
                | Self::Heads { .. }
                | Self::Since { .. }
                | Self::Broadcasts { .. }
                | Self::Contacts { .. }
                | Self::Logout
        )
    }

    /// Whether a second request after a lost answer does what one would have done.
    pub(super) fn is_repeatable(&self) -> bool {
        if let Self::Change(changing) = self {
            return changing.is_repeatable();
        }
        matches!(
            self,
            Self::Plain { is_repeatable: true }
                | Self::Send(_)
                | Self::Read { .. }
                | Self::Receipts
                | Self::Status
                | Self::Token
                | Self::ConfirmPush
                | Self::Social(_)
                | Self::Upload
                | Self::Links
                | Self::ListChange { is_repeatable: true }
        )
    }
}
