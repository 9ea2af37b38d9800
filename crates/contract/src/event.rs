//! What is announced after a commit.
//!
//! An announcement is a hint: it may be lost, and then sequence gaps and versions heal it. So an event holds
//! enough to deliver at once, and nothing that exists only in it.

use std::sync::Arc;

use crate::id::{ConversationId, DeviceId, Millis, MsgKey, Seq, UserId};
use crate::message::Message;

/// Something that happened in one app.
#[derive(Debug, Clone)]
pub enum Event {
    /// A message was stored, or is passing by online only (its sequence is 0 then).
    MessageAppended {
        /// Its conversation.
        conversation: ConversationId,
        /// The message with all that a device is shown.
        message: Arc<Message>,
        /// The device that sent it and needs no copy.
        origin: Option<DeviceId>,
        /// Whether the sender's other devices get a copy.
        echo: bool,
    },
    /// A message was recalled.
    MessageRecalled {
        /// Who had sent it.
        sender: UserId,
        /// Who had received it.
        receiver: UserId,
        /// Its key.
        key: MsgKey,
        /// Its place.
        seq: Seq,
        /// Who recalled it.
        by: UserId,
    },
    /// An account read its conversation with a peer up to a place.
    ConversationRead {
        /// Who read.
        reader: UserId,
        /// Whose messages were read.
        peer: UserId,
        /// Up to and with this second.
        time: i64,
        /// Up to and with this place.
        seq: Seq,
    },
    /// An account gave receipts for single messages.
    ReceiptsGiven {
        /// Who read.
        reader: UserId,
        /// Who had sent the messages.
        peer: UserId,
        /// The messages.
        keys: Vec<MsgKey>,
    },
    /// An account's sessions and signatures from before are void (kick, deletion).
    EpochRaised {
        /// The account.
        account: UserId,
        /// The epoch that holds from now on.
        epoch: i64,
        /// UserSigs signed in or before this second are void.
        sig_from: i64,
    },
    /// A device logged in somewhere; an older session of the same class has to go.
    SessionReplaced {
        /// The account.
        account: UserId,
        /// The device whose session ends.
        device: DeviceId,
        /// Sessions that began before this moment end.
        before: Millis,
    },
    /// Work for the delivery engine was queued.
    DeliveryQueued,
    /// Something that a webhook tells of was queued.
    WebhookQueued,
    /// An app's settings changed.
    AppChanged,
}
