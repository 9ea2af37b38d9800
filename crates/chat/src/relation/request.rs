//! What becomes of friend requests.

use contract::error::refuse;
use contract::webhook::{Befriended, Happening};
use contract::{Fault, Millis, Result, UserId, limit};
use store::relations::requests;
use store::{Snapshot, Tx};

use super::scene::{Note, Scene};
use super::{after_hooks, check_text};

/// Refuses an answer that cannot be one before anybody is asked about it: there is no such request.
pub fn check_answer(snapshot: &mut Snapshot<'_>, from: &UserId, asker: &UserId, remark: &str) -> Result<()> {
    check_text("remark", remark, limit::FRIEND_REMARK_BYTES)?;
    let found = requests::between(snapshot, from, std::slice::from_ref(asker))?;
    if found.iter().any(|request| request.receiver == *from) { Ok(()) } else { refuse(Fault::RequestUnknown) }
}

/// Agrees to a request: the asker gets the account as a friend, and the account gets the asker too if `is_both`. The
/// administrator is who does it in the account's name.
pub fn accept(
    tx: &mut Tx<'_>,
    now: Millis,
    from: &UserId,
    asker: &UserId,
    remark: &str,
    is_both: bool,
    admin: Option<&UserId>,
) -> Result<()> {
    check_text("remark", remark, limit::FRIEND_REMARK_BYTES)?;
    let mut scene = Scene::enter(tx, from, std::slice::from_ref(asker))?;
    let Some(request) = scene.request(from, asker).cloned() else {
        return refuse(Fault::RequestUnknown);
    };
    let max = limit::FRIENDS;
    if is_both && !scene.has(from, asker) && scene.root(from)?.friends >= max {
        return refuse(Fault::FriendQuota { max });
    }
    if !scene.has(asker, from) && scene.root(asker)?.friends >= max {
        return refuse(Fault::PeerFriendQuota { max });
    }
    // The asker's groups may have become too many since it asked; its friend then goes into none.
    let groups: Vec<String> = Some(request.label).filter(|label| !label.is_empty()).into_iter().collect();
    let labels = if scene.has_room_for(tx, asker, &groups)? { scene.bits(tx, asker, &groups)? } else { 0 };
    let (source, wording) = (request.source, request.wording);
    let note = Note { remark: request.remark, source, wording, labels, added_at: now.secs() };
    if is_both {
        scene.link(from, asker, Note { remark: remark.to_owned(), labels: 0, ..note.clone() })?;
    }
    scene.link(asker, from, note)?;
    scene.drop_requests(asker)?;
    let pairs = scene.take_linked();
    scene.close(tx)?;
    after_hooks(tx, now, &pairs, |pairs| Happening::FriendsAdded {
        account: from.clone(),
        initiator: asker.clone(),
        pairs: pairs.to_vec(),
        admin: admin.cloned(),
        way: Befriended::Agreed,
    })
}

/// Refuses a request; the asker may ask again.
pub fn refuse_request(tx: &mut Tx<'_>, from: &UserId, asker: &UserId) -> Result<()> {
    let mut scene = Scene::enter(tx, from, std::slice::from_ref(asker))?;
    if !scene.answer(from, asker)? {
        return refuse(Fault::RequestUnknown);
    }
    scene.close(tx)
}

/// Takes a request away without an answer: one that the account sent, or one that it received.
pub fn remove_request(tx: &mut Tx<'_>, from: &UserId, peer: &UserId, is_sent: bool) -> Result<()> {
    let mut scene = Scene::enter(tx, from, std::slice::from_ref(peer))?;
    let (receiver, asker) = if is_sent { (peer, from) } else { (from, peer) };
    if !scene.answer(receiver, asker)? {
        return refuse(Fault::RequestGone);
    }
    scene.close(tx)
}

/// Notes that the account has looked at the requests that it has received up to a version, or up to now.
pub fn mark_seen(tx: &mut Tx<'_>, from: &UserId, up_to: Option<i64>) -> Result<()> {
    let mut scene = Scene::enter(tx, from, &[])?;
    let root = scene.edit(from)?;
    let is_new = match up_to {
        Some(version) => version.min(root.version) > root.seen,
        None => root.requests > root.seen,
    };
    if is_new {
        root.requests = root.take_version();
        root.seen = up_to.unwrap_or(root.version).min(root.version);
    }
    scene.close(tx)
}
