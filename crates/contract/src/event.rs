//! What is announced after a commit.
//!
//! An announcement is a hint: it may be lost, and then sequence gaps and versions heal it. So an event holds
//! enough to deliver at once, and nothing that exists only in it.

use std::sync::Arc;

use crate::group::GroupEvent;
use crate::id::{ConversationId, DeviceId, Millis, MsgKey, Seq, UserId};
use crate::message::{Extension, ExtensionChange, Message};
use crate::profile::{Sequences, Value};
use crate::stream::Chunk;
use crate::webhook::Batch;

/// Up to where each part of an account's relations has moved: the account's version at the last change of the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RelationVersions {
    /// Friends with all that is noted of them.
    pub friends: i64,
    /// Names of friend groups.
    pub groups: i64,
    /// The blocklist.
    pub blocks: i64,
    /// Friend requests, sent and received.
    pub requests: i64,
}

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
    /// An account took messages out of its own view.
    MessagesHidden {
        /// The account.
        account: UserId,
    },
    /// A message has another body or other custom data than before.
    MessageModified {
        /// The message as it is now.
        message: Arc<Message>,
    },
    /// A stream message grew.
    MessageStreamed {
        /// The message as it is now.
        message: Arc<Message>,
        /// What is new in it.
        chunks: Vec<Chunk>,
    },
    /// The extensions of a message changed.
    MessageExtended {
        /// The message.
        message: Arc<Message>,
        /// What was done with the pairs.
        change: ExtensionChange,
        /// The pairs that were set or removed; none when all were.
        pairs: Vec<Extension>,
        /// The newest sequence of the message's pairs.
        latest: i64,
        /// Who changed them.
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
    /// Something changed that belongs to an account's list of conversations: a pin, a mark, a group, a deletion, a read
    /// mark. What it was is asked for by version.
    ConversationsChanged {
        /// The account.
        account: UserId,
        /// The account's version after the change.
        version: i64,
        /// The device that made the change and knows it.
        origin: Option<DeviceId>,
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
        /// It was one web instance too many, which has a code of its own.
        is_web_full: bool,
    },
    /// An account came into being, or back to life.
    AccountAdded,
    /// An account was deleted.
    AccountRemoved,
    /// A device of an account came in.
    CameIn {
        /// The account.
        account: UserId,
        /// Whether with a UserSig; otherwise it came back with its ticket.
        is_login: bool,
    },
    /// Fields of a profile changed.
    ProfileChanged {
        /// Whose.
        account: UserId,
        /// The fields that devices may read, each with its tag and its new value.
        fields: Vec<(String, Value)>,
        /// The sequences that hold from now on.
        sequences: Sequences,
        /// The device that changed them and needs no notice.
        origin: Option<DeviceId>,
    },
    /// An account follows another one, or no longer.
    FollowChanged {
        /// Who follows.
        account: UserId,
        /// Whom.
        target: UserId,
        /// Whether it follows from now on.
        is_following: bool,
        /// Whether each follows the other.
        is_mutual: bool,
        /// When.
        at: Millis,
        /// The device that did it and needs no notice.
        origin: Option<DeviceId>,
    },
    /// Something of an account's relations changed.
    RelationsChanged {
        /// The account.
        account: UserId,
        /// Where each part stands now.
        versions: RelationVersions,
    },
    /// Friends came into lists and went out of them; each list of two counts.
    FriendsCounted {
        /// How many came in.
        added: i64,
        /// How many went out.
        removed: i64,
    },
    /// A broadcast goes by: the accounts of one slice, each of which gets the message as if it were its own.
    BroadcastPassed {
        /// Whom it is for.
        accounts: Arc<[UserId]>,
        /// What they are shown.
        broadcast: Arc<Broadcast>,
    },
    /// A broadcast was queued, or revoked.
    BroadcastQueued,
    /// Something happened in a group.
    Group(GroupEvent),
    /// Work for the delivery engine was queued: deliveries, word that some are to be taken back, or the end of a wait.
    DeliveryQueued,
    /// The notification of a message was queued for the devices of its receivers that are away, which is work for the
    /// delivery engine, too.
    NotificationQueued {
        /// Whether the message is one of a group.
        is_of_group: bool,
    },
    /// Something that a webhook tells of was queued; with it what that is, where its id is known. Others are to be read. On
    /// the embedded store every id is known, and they follow each other in the order of the commits.
    WebhookQueued(Option<Arc<Batch>>),
    /// An app's settings changed.
    AppChanged,
}

/// A message that is the same for all its receivers and kept once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broadcast {
    /// Its place among the app's broadcasts, from 1.
    pub number: i64,
    /// The place of the kept one before it, if it is kept itself.
    pub before: Option<i64>,
    /// Who speaks.
    pub sender: UserId,
    /// Its key.
    pub key: MsgKey,
    /// When it began.
    pub at: Millis,
    /// The JSON text of `MsgBody`.
    pub body: Arc<str>,
}
