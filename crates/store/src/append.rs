//! The append writer: takes the sends that wait, decides again under the locks, stores all, commits once.
//!
//! The steps are the same on both engines and live in `plan`, places in `numbering`; an engine gathers what a step asks for and writes
//! what it answers: [`sqlite`] in a loop over prepared statements, [`postgres`] with one set-based statement a
//! step. `window` is the worker's memory of what it stored lately, which makes telling repeated sends cheap.

mod columns;
mod grouped;
pub(crate) mod heads;
mod numbering;
pub(crate) mod plan;
pub(crate) mod postgres;
pub(crate) mod sqlite;
mod told;
pub(crate) mod window;

use std::time::Instant;

use contract::group::{GroupId, GroupKind, Role};
use contract::webhook::Origin;
use contract::{ConversationId, DeviceId, Error, Fault, Millis, MsgKey, Result, Seq, UserId};
use tokio::sync::oneshot;

use crate::groups::messages::Extra;
use crate::relations::Tie;

/// A message on its way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Who writes.
    pub sender: UserId,
    /// Whom it is for; of a message to a group the sender itself.
    pub receiver: UserId,
    /// The group that it goes into, if it does.
    pub group: Option<Box<IntoGroup>>,
    /// Chosen by the sender; a draft without one is never a repeated send and gets the conversation's new sequence.
    pub msg_seq: Option<u32>,
    /// Chosen by the sender.
    pub msg_random: u32,
    /// Now, or for an import the time it was written elsewhere.
    pub at: Millis,
    /// How it comes in.
    pub kind: DraftKind,
    /// The elements, as JSON text.
    pub body: String,
    /// The custom data of the sender.
    pub cloud: String,
    /// Bits of [`contract::message::Flags`].
    pub flags: i64,
    /// When a device that was away need not get it any more.
    pub expires_at: Millis,
    /// The offline push, as JSON text for the outbox, should the receiver have a device that it can reach.
    pub push: Option<String>,
    /// The device that sends, which needs no echo.
    pub origin: Option<DeviceId>,
    /// An administrator sends in the sender's name.
    pub is_admin: bool,
    /// The app lets only friends write to each other, and a device sends this.
    pub friends_only: bool,
    /// Who acts, for the webhook that tells of the message; none where no webhook shall.
    pub told: Option<Origin>,
}

/// The group that a draft goes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntoGroup {
    /// Its id.
    pub id: GroupId,
    /// Its conversation, as it was when the draft was made: another life of the id does not get the message.
    pub conversation: ConversationId,
    /// Whom it mentions, and whom it is for.
    pub extra: Extra,
    /// Who acts: the sender, or the administrator who sends in its name.
    pub operator: UserId,
    /// Robots of the group that it mentions, if their back end is to be told.
    pub robots: Vec<UserId>,
    /// Members who are to give receipts for it, if it wants any and the app is to be told.
    pub readers: Option<i64>,
}

impl IntoGroup {
    /// The conversation that its members hang on.
    pub(crate) fn home(&self) -> ConversationId {
        self.id.home(self.conversation)
    }
}

impl Draft {
    /// Whether what stands between the two accounts matters: a back end sends whatever it likes.
    pub const fn obeys_relations(&self) -> bool {
        self.origin.is_some() && !self.is_admin && self.group.is_none()
    }
}

/// How a message comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftKind {
    /// Just now.
    Live,
    /// From another system, with its own time.
    Import {
        /// Whether it counts as unread.
        counts: bool,
        /// When it comes in: devices that were away look for what moved since.
        came_at: Millis,
    },
}

/// What is known of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Never imported.
    Unknown,
    /// Alive.
    Active,
    /// Deleted.
    Deleted,
}

/// What the decision rests on, read under the locks of the append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The sender's account.
    pub sender: Standing,
    /// The receiver's account.
    pub receiver: Standing,
    /// Whether the receiver has a device that a push can reach; in a group, whether anybody in the app has one.
    pub receiver_reach: bool,
    /// Until when the sender may not write; 0 if it may.
    pub sender_muted_until: Millis,
    /// What stands between them; looked up only where the draft or the receiver gives reason to.
    pub tie: Tie,
    /// What is known of the group and of the sender's place in it; none of a group that is not there.
    pub group: Option<GroupFacts>,
}

/// What the decision about a message to a group rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupFacts {
    /// Its type.
    pub kind: GroupKind,
    /// Plain members may not write.
    pub is_muted: bool,
    /// What the sender is there; none if it is not in.
    pub role: Option<Role>,
    /// Until when the sender may not write there; 0 if it may.
    pub muted_until: Millis,
    /// Until when the sender may write in no group; 0 if it may.
    pub banned_until: Millis,
    /// How many are in.
    pub members: i64,
}

/// What became of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The key of the message.
    pub key: MsgKey,
    /// Its place in the conversation.
    pub seq: Seq,
    /// When it was stored.
    pub at: Millis,
    /// It had been sent before: this is the first one's answer and nothing was stored.
    pub duplicate: bool,
}

/// Decides about a draft; pure.
pub type Decide = fn(&Draft, &Facts) -> Result<()>;

/// A draft in the queue, with what can be worked out before it waits.
pub(crate) struct Waiting {
    pub(crate) draft: Draft,
    pub(crate) conversation: ConversationId,
    pub(crate) crc: u32,
    /// What a group's message has besides, as the store keeps it.
    pub(crate) extra: String,
    pub(crate) since: Instant,
    pub(crate) to: oneshot::Sender<Result<Sent>>,
}

impl Waiting {
    pub(crate) fn new(mut draft: Draft) -> Result<(Self, oneshot::Receiver<Result<Sent>>)> {
        // PostgreSQL keeps no NUL in a text, and one such draft must not spoil the batch of the others.
        let texts = [Some(&draft.body), Some(&draft.cloud), draft.push.as_ref()];
        if texts.into_iter().flatten().any(|text| text.as_bytes().contains(&0)) {
            return Err(Error::Fault(Fault::MsgBodyInvalid));
        }
        let (to, from) = oneshot::channel();
        let crc = crc32fast::hash(draft.body.as_bytes());
        let (conversation, extra) = match &draft.group {
            Some(group) => (group.conversation, group.extra.text()?),
            None => (ConversationId::pair(&draft.sender, &draft.receiver), String::new()),
        };
        if draft.group.is_some() {
            // A group numbers its messages itself; what tells a repetition besides the random number is who sends.
            draft.msg_seq = Some(crc32fast::hash(draft.sender.as_str().as_bytes()));
        }
        Ok((Self { draft, conversation, crc, extra, since: Instant::now(), to }, from))
    }

    pub(crate) fn answer(self, outcome: Result<Sent>) {
        // A caller that went away does not hear the answer; what was committed stays.
        drop(self.to.send(outcome));
    }
}
