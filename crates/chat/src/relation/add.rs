//! New friends: asked for, forced by a back end, or imported.

use contract::webhook::{Befriended, Happening};
use contract::{Fault, Millis, Result, UserId, limit};
use serde_json::{Map, Value};
use store::Tx;
use store::apps::{AllowType, App};
use store::relations::requests::Request;

use super::scene::{Note, Scene};
use super::{Outcomes, after_hooks, check_custom, check_group, check_peer, check_source, check_text, merge_custom};

/// Who is to become a friend.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Whom.
    pub account: UserId,
    /// What the asker calls the friend; empty means nothing.
    pub remark: String,
    /// Into which of the asker's groups the friend goes; empty means none. It is made if it is not there.
    pub group: String,
    /// Where they met; empty means unknown.
    pub source: String,
    /// What the request says.
    pub wording: String,
}

/// A friend from another system.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Who.
    pub account: UserId,
    /// What the account calls the friend.
    pub remark: String,
    /// When the remark was set; 0 means never or unknown.
    pub remark_at: i64,
    /// The account's groups that the friend is in.
    pub groups: Vec<String>,
    /// Where they met.
    pub source: String,
    /// What the request said.
    pub wording: String,
    /// When they became friends; 0 means now.
    pub added_at: i64,
    /// The app's own fields by their tags.
    pub custom: Map<String, Value>,
}

/// How friends are added.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// Whether each is to have the other.
    pub is_both: bool,
    /// Whether nobody is asked.
    pub is_forced: bool,
    /// The administrator who does it.
    pub admin: Option<&'a UserId>,
}

impl Ask {
    /// Checks what needs no look at any list: whom it is for, and the form of what it says.
    pub fn check(&self, from: &UserId) -> Result<(), Fault> {
        check_peer(from, &self.account)?;
        check_text("Remark", &self.remark, limit::FRIEND_REMARK_BYTES)?;
        if !self.group.is_empty() {
            check_group(&self.group)?;
        }
        check_source(&self.source)?;
        check_text("AddWording", &self.wording, limit::ADD_WORDING_BYTES)
    }
}

/// Adds friends, or leaves requests where they want to be asked. An item that could not even be read comes as its fault.
pub fn add(
    tx: &mut Tx<'_>,
    now: Millis,
    app: &App,
    from: &UserId,
    asks: &[Result<Ask, Fault>],
    way: Way<'_>,
) -> Result<Outcomes> {
    let others: Vec<UserId> = asks.iter().flatten().map(|ask| ask.account.clone()).collect();
    let mut scene = Scene::enter(tx, from, &others)?;
    scene.read_stances(tx)?;
    let mut outcomes = Outcomes::with_capacity(asks.len());
    for ask in asks {
        outcomes.push(match ask {
            Ok(ask) => add_one(tx, now, app, &mut scene, from, ask, way)?,
            Err(fault) => Err(fault.clone()),
        });
    }
    let pairs = scene.take_linked();
    scene.close(tx)?;
    after_hooks(tx, now, &pairs, |pairs| Happening::FriendsAdded {
        account: from.clone(),
        initiator: from.clone(),
        pairs: pairs.to_vec(),
        admin: way.admin.cloned(),
        way: if way.is_forced { Befriended::Forced } else { Befriended::Asked },
    })?;
    Ok(outcomes)
}

fn add_one(
    tx: &mut Tx<'_>,
    now: Millis,
    app: &App,
    scene: &mut Scene,
    from: &UserId,
    ask: &Ask,
    way: Way<'_>,
) -> Result<Result<(), Fault>> {
    let to = &ask.account;
    if let Err(fault) = check_ask(scene, from, ask, way) {
        return Ok(Err(fault));
    }
    // Who has the asker as a friend already need not be asked again.
    let is_agreed = way.is_forced || scene.has(to, from);
    let allow_type = scene.allow_type(app, to);
    if allow_type == AllowType::Deny && !is_agreed {
        return Ok(Err(Fault::RequestRefused));
    }
    let max = limit::FRIENDS;
    if !scene.has(from, to) && scene.root(from)?.friends >= max {
        return Ok(Err(Fault::FriendQuota { max }));
    }
    if way.is_both && !scene.has(to, from) && scene.root(to)?.friends >= max {
        return Ok(Err(Fault::PeerFriendQuota { max }));
    }
    let groups: Vec<String> = Some(ask.group.clone()).filter(|group| !group.is_empty()).into_iter().collect();
    if !scene.has_room_for(tx, from, &groups)? {
        return Ok(Err(Fault::FriendGroupQuota { max: limit::FRIEND_GROUPS }));
    }
    let bound = app.plan().allowance().friend_adds_per_minute.filter(|_| !way.is_forced);
    if !take(&mut scene.edit(from)?.added, now, bound) {
        return Ok(Err(Fault::RequestThrottled));
    }
    if way.is_both && allow_type == AllowType::Confirm && !is_agreed {
        return leave(now, scene, from, ask);
    }
    let labels = scene.bits(tx, from, &groups)?;
    let (source, wording) = (ask.source.clone(), ask.wording.clone());
    let note = Note { remark: String::new(), source, wording, labels: 0, added_at: now.secs() };
    scene.link(from, to, Note { remark: ask.remark.clone(), labels, ..note.clone() })?;
    if way.is_both {
        scene.link(to, from, note)?;
        scene.drop_requests(to)?;
    }
    Ok(Ok(()))
}

/// Checks what does not depend on how many friends there are.
fn check_ask(scene: &Scene, from: &UserId, ask: &Ask, way: Way<'_>) -> Result<(), Fault> {
    let to = &ask.account;
    ask.check(from)?;
    if !scene.is_alive(to) {
        return Err(Fault::AccountUnknown);
    }
    if scene.has(from, to) && (!way.is_both || scene.has(to, from)) {
        return Err(Fault::AlreadyFriend);
    }
    if scene.is_forbidden(from) {
        return Err(Fault::RequestForbidden);
    }
    if scene.blocks(from, to) {
        return Err(Fault::PeerBlocked);
    }
    if scene.blocks(to, from) {
        return Err(Fault::BlockedByPeer);
    }
    Ok(())
}

/// Leaves a request; that it waits is an outcome of its own.
fn leave(now: Millis, scene: &mut Scene, from: &UserId, ask: &Ask) -> Result<Result<(), Fault>> {
    let (to, max) = (&ask.account, limit::FRIEND_REQUESTS);
    if scene.request(to, from).is_none() && scene.root(to)?.asked >= max {
        return Ok(Err(Fault::RequestQuota { max }));
    }
    scene.ask(Request {
        receiver: to.clone(),
        asker: from.clone(),
        receiver_version: 0,
        asker_version: 0,
        asked_at: now.secs(),
        source: ask.source.clone(),
        wording: ask.wording.clone(),
        remark: ask.remark.clone(),
        label: ask.group.clone(),
    })?;
    Ok(Err(Fault::RequestPending))
}

/// Counts one more within a minute. Answers false if there were enough already.
pub(super) fn take(counted: &mut (i64, i64), now: Millis, bound: Option<i64>) -> bool {
    let Some(bound) = bound else { return true };
    let minute = now.secs().div_euclid(60);
    if counted.0 != minute {
        *counted = (minute, 0);
    }
    counted.1 += i64::from(counted.1 < bound + 1);
    counted.1 <= bound
}

/// Puts friends from another system into the account's list, as they were there; nobody is asked. What is known of a
/// friend already is overwritten.
pub fn import(
    tx: &mut Tx<'_>,
    now: Millis,
    app: &App,
    from: &UserId,
    friends: &[Result<Imported, Fault>],
) -> Result<Outcomes> {
    let others: Vec<UserId> = friends.iter().flatten().map(|friend| friend.account.clone()).collect();
    let mut scene = Scene::enter(tx, from, &others)?;
    let mut outcomes = Outcomes::with_capacity(friends.len());
    for friend in friends {
        outcomes.push(match friend {
            Ok(friend) => import_one(tx, now, app, &mut scene, from, friend)?,
            Err(fault) => Err(fault.clone()),
        });
    }
    scene.close(tx)?;
    Ok(outcomes)
}

fn import_one(
    tx: &mut Tx<'_>,
    now: Millis,
    app: &App,
    scene: &mut Scene,
    from: &UserId,
    friend: &Imported,
) -> Result<Result<(), Fault>> {
    let to = &friend.account;
    if let Err(fault) = check_import(scene, app, from, friend) {
        return Ok(Err(fault));
    }
    let max = limit::FRIENDS;
    if !scene.has(from, to) && scene.root(from)?.friends >= max {
        return Ok(Err(Fault::FriendQuota { max }));
    }
    if !scene.has_room_for(tx, from, &friend.groups)? {
        return Ok(Err(Fault::FriendGroupQuota { max: limit::FRIEND_GROUPS }));
    }
    let labels = scene.bits(tx, from, &friend.groups)?;
    scene.link(from, to, Note::default())?;
    let added_at = if friend.added_at > 0 { friend.added_at } else { now.secs() };
    scene.note(from, to, false, |row| {
        row.remark.clone_from(&friend.remark);
        row.source.clone_from(&friend.source);
        row.wording.clone_from(&friend.wording);
        (row.labels, row.added_at, row.remark_at) = (labels, added_at, friend.remark_at);
    })?;
    let custom = merge_custom("", &friend.custom)?;
    if scene.friend(from, to).is_some_and(|row| row.custom != custom) {
        scene.note(from, to, true, |row| row.custom = custom)?;
    }
    Ok(Ok(()))
}

fn check_import(scene: &Scene, app: &App, from: &UserId, friend: &Imported) -> Result<(), Fault> {
    check_peer(from, &friend.account)?;
    check_text("Remark", &friend.remark, limit::FRIEND_REMARK_BYTES)?;
    friend.groups.iter().try_for_each(|group| check_group(group))?;
    check_source(&friend.source)?;
    check_text("AddWording", &friend.wording, limit::ADD_WORDING_BYTES)?;
    check_custom(&app.settings.friend_fields, &friend.custom)?;
    if scene.is_alive(&friend.account) { Ok(()) } else { Err(Fault::AccountUnknown) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_of_a_minute_ends_with_the_minute() {
        let mut counted = (0, 0);
        let at = |secs| Millis::from_secs(secs);
        assert!(take(&mut counted, at(60), Some(2)) && take(&mut counted, at(119), Some(2)));
        assert!(!take(&mut counted, at(119), Some(2)) && !take(&mut counted, at(119), Some(2)));
        assert!(take(&mut counted, at(120), Some(2)));
        assert_eq!(counted, (2, 1));
        assert!(take(&mut counted, at(120), None));
    }
}
