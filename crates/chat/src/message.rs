//! Messages: who may send to whom, recall, receipts.

use contract::event::Event;
use contract::fault::refuse;
use contract::message::{Flags, Message};
use contract::webhook::Happening;
use contract::{Fault, Millis, MsgKey, Result, Seq, UserId};
use store::append::{Draft, Facts, Standing};
use store::messages::View;
use store::{Snapshot, Tx, accounts, conversations, messages};

/// Decides whether a send is allowed. Pure, because it runs twice: before the send is queued, and again under the
/// locks of the append writer with the facts of that moment.
pub fn decide(draft: &Draft, facts: &Facts) -> Result<()> {
    if facts.sender != Standing::Active && !draft.is_admin {
        return refuse(Fault::SenderUnknown);
    }
    match facts.receiver {
        Standing::Active => Ok(()),
        Standing::Deleted => refuse(Fault::ReceiverDeleted),
        Standing::Unknown => refuse(Fault::ReceiverUnknown),
    }
}

/// Reads the facts that [`decide`] needs, without locks.
pub fn gather(snapshot: &mut Snapshot<'_>, draft: &Draft) -> Result<Facts> {
    let mut of = |user: &UserId| -> Result<(Standing, bool)> {
        Ok(match accounts::get(snapshot, user)? {
            None => (Standing::Unknown, false),
            Some(account) if account.is_alive() => (Standing::Active, account.reach > 0),
            Some(_) => (Standing::Deleted, false),
        })
    };
    let (sender, _) = of(&draft.sender)?;
    let (receiver, receiver_reach) = of(&draft.receiver)?;
    Ok(Facts { sender, receiver, receiver_reach })
}

/// Who recalls, and so within which bounds.
#[derive(Debug, Clone)]
pub enum Recaller {
    /// The back end may recall any message at any time.
    Admin(UserId),
    /// A device may recall what its account sent, within a window.
    Sender {
        /// The account.
        user: UserId,
        /// The window in seconds.
        window_s: i64,
    },
}

/// Takes a message back from both sides.
pub fn recall(
    tx: &mut Tx<'_>,
    now: Millis,
    sender: &UserId,
    receiver: &UserId,
    key: MsgKey,
    recaller: &Recaller,
) -> Result<()> {
    let view = View { viewer: sender.clone(), peer: receiver.clone(), cleared: Seq(0) };
    let Some(message) = messages::sent(tx, &view, sender, key)? else {
        return refuse(Fault::MessageUnknown);
    };
    let by = match recaller {
        Recaller::Sender { user, .. } if user != sender => return refuse(Fault::MessageUnknown),
        Recaller::Sender { window_s, .. } if now.secs() - key.time > *window_s => {
            return refuse(Fault::RecallTooLate { window_s: *window_s });
        }
        Recaller::Admin(user) | Recaller::Sender { user, .. } => user,
    };
    if message.flags.has(Flags::RECALLED) || !messages::set_flags(tx, &view, &message, Flags::RECALLED, now)? {
        return refuse(Fault::MessageRecalled);
    }
    conversations::touch(tx, view.conversation(), now)?;
    tx.after_hook(now, &Happening::Recalled { sender: sender.clone(), receiver: receiver.clone(), key })?;
    tx.after(Event::MessageRecalled {
        sender: sender.clone(),
        receiver: receiver.clone(),
        key,
        seq: message.seq,
        by: by.clone(),
    });
    Ok(())
}

/// Gives receipts for single messages that `reader` received from `peer`. Unknown ones and those whose sender asked
/// for none are passed over, as the contract does; the senders' devices are told of the others.
pub fn give_receipts(tx: &mut Tx<'_>, now: Millis, reader: &UserId, peer: &UserId, keys: &[MsgKey]) -> Result<()> {
    let view = View { viewer: reader.clone(), peer: peer.clone(), cleared: Seq(0) };
    let mut given = Vec::new();
    for key in keys {
        let message: Option<Message> = messages::by_key(tx, &view, *key)?;
        if let Some(message) = message
            && message.sender == *peer
            && message.flags.has(Flags::RECEIPT_WANTED)
            && messages::set_flags(tx, &view, &message, Flags::RECEIPT_GIVEN, now)?
        {
            given.push(*key);
        }
    }
    if !given.is_empty() {
        conversations::touch(tx, view.conversation(), now)?;
        tx.after(Event::ReceiptsGiven { reader: reader.clone(), peer: peer.clone(), keys: given });
    }
    Ok(())
}
