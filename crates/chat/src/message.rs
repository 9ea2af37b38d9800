//! Messages: who may send to whom, recall, receipts; `change`, `extension` and `stream` are what may follow a send.

pub mod change;
pub mod extension;
pub mod stream;

use contract::error::refuse;
use contract::event::Event;
use contract::message::{Flags, Message};
use contract::webhook::Happening;
use contract::{Fault, Millis, MsgKey, Result, Seq, UserId};
use store::accounts::Account;
use store::append::{Draft, Facts, Standing};
use store::messages::View;
use store::relations::Tie;
use store::{Snapshot, Tx, accounts, conversations, messages, outbox, relations};

/// Decides whether a send is allowed. Pure, because it runs twice: before the send is queued, and again under the
/// locks of the append writer with the facts of that moment.
pub fn decide(draft: &Draft, facts: &Facts) -> Result<()> {
    if draft.group.is_some() {
        return crate::group::send::decide(draft, facts);
    }
    if facts.sender != Standing::Active && !draft.is_admin {
        return refuse(Fault::SenderUnknown);
    }
    // What has a device as its origin is said by the account itself; a back end may speak for it.
    if draft.origin.is_some() && draft.at < facts.sender_muted_until {
        return refuse(Fault::SenderMuted);
    }
    match facts.receiver {
        Standing::Active => {}
        Standing::Deleted => return refuse(Fault::ReceiverDeleted),
        Standing::Unknown => return refuse(Fault::ReceiverUnknown),
    }
    if draft.obeys_relations() { decide_tie(draft, facts.tie) } else { Ok(()) }
}

/// Decides what a device may send, by what stands between the two accounts.
fn decide_tie(draft: &Draft, tie: Tie) -> Result<()> {
    if tie.is_blocked {
        return refuse(Fault::BlockedByReceiver);
    }
    if !draft.friends_only || draft.sender == draft.receiver {
        return Ok(());
    }
    match (tie.is_senders_friend, tie.is_receivers_friend) {
        (true, true) => Ok(()),
        (false, false) => refuse(Fault::NotFriends),
        (true, false) => refuse(Fault::NotReceiversFriend),
        (false, true) => refuse(Fault::NotSendersFriend),
    }
}

/// Reads the facts that [`decide`] needs, without locks.
pub fn gather(snapshot: &mut Snapshot<'_>, draft: &Draft) -> Result<Facts> {
    let standing = |account: Option<&Account>| match account {
        None => Standing::Unknown,
        Some(account) if account.is_alive() => Standing::Active,
        Some(_) => Standing::Deleted,
    };
    let sender = accounts::get(snapshot, &draft.sender)?;
    let receiver = accounts::get(snapshot, &draft.receiver)?;
    let tie = if draft.obeys_relations() {
        relations::tie(snapshot, &draft.sender, &draft.receiver)?
    } else {
        Tie::default()
    };
    Ok(Facts {
        sender: standing(sender.as_ref()),
        receiver: standing(receiver.as_ref()),
        receiver_reach: receiver.is_some_and(|account| account.is_alive() && account.reach > 0),
        sender_muted_until: sender.map_or(Millis(0), |account| account.muted_until),
        tie,
        group: crate::group::send::facts(snapshot, draft)?,
    })
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
    if message.flags.has(Flags::RECALLED) {
        return refuse(Fault::MessageRecalled);
    }
    let at = conversations::touch(tx, view.conversation(), now)?;
    if !messages::set_flags(tx, &view, &message, Flags::RECALLED, at)? {
        return refuse(Fault::MessageRecalled);
    }
    outbox::leave_recall(tx, now, view.conversation(), message.seq)?;
    tx.after(Event::DeliveryQueued);
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
    let mut wanted = Vec::new();
    for key in keys {
        let message: Option<Message> = messages::by_key(tx, &view, *key)?;
        let is_wanted = |message: &Message| {
            let flags = message.flags;
            message.sender == *peer && flags.has(Flags::RECEIPT_WANTED) && !flags.has(Flags::RECEIPT_GIVEN)
        };
        wanted.extend(message.filter(is_wanted));
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let at = conversations::touch(tx, view.conversation(), now)?;
    let mut given = Vec::new();
    for message in wanted {
        if messages::set_flags(tx, &view, &message, Flags::RECEIPT_GIVEN, at)? {
            given.push(message.key);
        }
    }
    if !given.is_empty() {
        tx.after(Event::ReceiptsGiven { reader: reader.clone(), peer: peer.clone(), keys: given });
    }
    Ok(())
}
