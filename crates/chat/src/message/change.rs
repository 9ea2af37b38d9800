//! Changes of stored messages: edits by either side or the back end, and deletions from one side.

use std::sync::Arc;

use contract::error::refuse;
use contract::event::Event;
use contract::message::{Flags, Message};
use contract::webhook::Happening;
use contract::{Fault, Millis, MsgKey, Result, UserId};
use store::messages::View;
use store::{Snapshot, Tx, accounts, conversations, messages};

use super::stream;

/// Names a message: its key means something only together with the two accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Who sent it.
    pub sender: UserId,
    /// Who received it.
    pub receiver: UserId,
    /// Its key in their conversation.
    pub key: MsgKey,
}

/// Who acts on a message, and so within which bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The back end may act on any message.
    Admin(UserId),
    /// An account may act on what it sees in its own conversations.
    Member(UserId),
}

impl Actor {
    /// The account that acts.
    pub const fn user(&self) -> &UserId {
        match self {
            Self::Admin(user) | Self::Member(user) => user,
        }
    }

    /// Refuses an account that acts on the conversation of others.
    fn check(&self, named: &Named) -> Result<()> {
        match self {
            Self::Member(user) if *user != named.sender && *user != named.receiver => refuse(Fault::NotSender),
            _ => Ok(()),
        }
    }
}

/// Finds a message that the actor may act on; none if it does not exist for them.
pub(crate) fn find(snapshot: &mut Snapshot<'_>, actor: &Actor, named: &Named) -> Result<Option<(View, Message)>> {
    actor.check(named)?;
    let mut view = View { viewer: named.sender.clone(), peer: named.receiver.clone(), cleared: contract::Seq(0) };
    let Some(message) = messages::sent(snapshot, &view, &named.sender, named.key)? else { return Ok(None) };
    if let Actor::Member(user) = actor {
        let other = if *user == named.sender { &named.receiver } else { &named.sender };
        let head = conversations::get(snapshot, user, other)?;
        if !message.is_seen_by(user) || head.is_none_or(|head| message.seq <= head.cleared.seq) {
            return Ok(None);
        }
        view = View { viewer: user.clone(), peer: other.clone(), ..view };
    }
    Ok(Some((view, message)))
}

/// What becomes of a message; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edit {
    /// The JSON text of the new elements, which were checked.
    pub body: Option<String>,
    /// The new custom data.
    pub cloud: Option<String>,
}

/// Which version of the message an edit is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The one that the caller held before it asked.
    Held(i64),
    /// The one that was read for this call: whoever changed it since was faster.
    Read(i64),
}

/// Reads the version of a message for an edit by the back end, which names none, and refuses what cannot be edited.
///
/// The accounts are checked first: who never was imported can be no side of a conversation.
pub fn version(snapshot: &mut Snapshot<'_>, named: &Named, is_admin: impl Fn(&UserId) -> bool) -> Result<i64> {
    if !is_admin(&named.sender) && accounts::get(snapshot, &named.sender)?.is_none() {
        return refuse(Fault::SenderUnknown);
    }
    if !is_admin(&named.receiver) && accounts::get(snapshot, &named.receiver)?.is_none() {
        return refuse(Fault::ReceiverUnknown);
    }
    let view = View { viewer: named.sender.clone(), peer: named.receiver.clone(), cleared: contract::Seq(0) };
    match messages::sent(snapshot, &view, &named.sender, named.key)? {
        None => refuse(Fault::MessageUnknown),
        Some(message) if message.flags.has(Flags::RECALLED) => refuse(Fault::MessageRecalled),
        Some(message) => Ok(message.flags.version()),
    }
}

/// Changes a message for both sides; `bytes` bounds body and custom data together. Answers the new version.
pub fn modify(
    tx: &mut Tx<'_>,
    now: Millis,
    actor: &Actor,
    named: &Named,
    base: Base,
    edit: &Edit,
    bytes: usize,
) -> Result<i64> {
    let Some((view, mut message)) = find(tx, actor, named)? else { return refuse(Fault::MessageUnknown) };
    let version = message.flags.version();
    match base {
        _ if message.flags.has(Flags::RECALLED) => return refuse(Fault::MessageRecalled),
        Base::Held(held) if held != version => return refuse(Fault::VersionOutdated { version }),
        Base::Read(read) if read != version => return refuse(Fault::ModifyConflict),
        Base::Held(_) | Base::Read(_) => {}
    }
    let place = stream::Growing { conversation: view.conversation(), seq: message.seq, at: message.at };
    if stream::is_open(tx, now, &place, &message.body)? {
        return refuse(Fault::RequestIllegal);
    }
    if let Some(body) = &edit.body {
        message.body = Arc::from(body.as_str());
    }
    if let Some(cloud) = &edit.cloud {
        message.cloud = Arc::from(cloud.as_str());
    }
    if message.body.len() + message.cloud.len() > bytes {
        return refuse(Fault::MessageTooLong { max: bytes });
    }
    store_edit(tx, now, &view, &mut message)?;
    let version = message.flags.version();
    let happening = Happening::Modified {
        operator: actor.user().clone(),
        sender: named.sender.clone(),
        receiver: named.receiver.clone(),
        key: named.key,
        body: message.body.as_ref().into(),
        cloud: message.cloud.as_ref().into(),
    };
    tx.after_hook(now, &happening)?;
    tx.after(Event::MessageModified { message: Arc::new(message) });
    Ok(version)
}

/// Stores a changed message unless somebody else was faster, and lets devices that were away look for it.
pub(super) fn store_edit(tx: &mut Tx<'_>, now: Millis, view: &View, message: &mut Message) -> Result<()> {
    let at = conversations::touch(tx, view.conversation(), now)?;
    if !messages::edit(tx, view, message, &message.body, &message.cloud, at)? {
        return refuse(Fault::ModifyConflict);
    }
    message.flags = Flags(message.flags.0 + Flags::CHANGE.0);
    Ok(())
}

/// Takes messages out of the account's own view. Unknown ones and those that are deleted already are passed over, so
/// that a call may be repeated.
pub fn delete(tx: &mut Tx<'_>, account: &UserId, peer: &UserId, keys: &[MsgKey]) -> Result<()> {
    let view = View { viewer: account.clone(), peer: peer.clone(), cleared: contract::Seq(0) };
    messages::hide(tx, &view, keys)?;
    tx.after(Event::MessagesHidden { account: account.clone() });
    Ok(())
}
