//! One account and others, with everything between them: held, read at once, changed in memory, written back.
//!
//! All accounts are held in key order before anything is read, so two calls about the same accounts take turns, and none
//! waits for another that waits for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::mem;

use contract::error::refuse;
use contract::event::Event;
use contract::webhook::Pair;
use contract::{Failure, Fault, Millis, Result, UserId, limit};
use store::Tx;
use store::apps::{AllowType, App};
use store::relations::blocks::{self, Block};
use store::relations::friends::{self, Friend};
use store::relations::labels::{self, Label};
use store::relations::requests::{self, Request};
use store::relations::{self, Root, RootPair, Stance};

/// What a new friend is noted with.
#[derive(Debug, Clone, Default)]
pub(super) struct Note {
    pub(super) remark: String,
    pub(super) source: String,
    pub(super) wording: String,
    pub(super) labels: i64,
    pub(super) added_at: i64,
}

/// An account, the others, and all between it and them. A key of two accounts is (whose, about whom).
pub(super) struct Scene {
    from: UserId,
    roots: BTreeMap<UserId, RootPair>,
    stances: HashMap<UserId, Stance>,
    friends: BTreeMap<(UserId, UserId), Friend>,
    blocks: BTreeSet<(UserId, UserId)>,
    requests: BTreeMap<(UserId, UserId), Request>,
    labels: HashMap<UserId, Vec<Label>>,
    changed: BTreeSet<(UserId, UserId)>,
    blocked: Vec<(UserId, Block)>,
    unblocked: Vec<(UserId, UserId)>,
    asked: BTreeSet<(UserId, UserId)>,
    answered: BTreeSet<(UserId, UserId)>,
    /// Whose list has got whom, and lost whom, in the order in which it happened.
    linked: Vec<Pair>,
    unlinked: Vec<Pair>,
}

impl Scene {
    /// Holds and reads. The others may be unknown, or repeated.
    pub(super) fn open(tx: &mut Tx<'_>, from: &UserId, others: &[UserId]) -> Result<Self> {
        let all: BTreeSet<&UserId> = others.iter().chain([from]).collect();
        let all: Vec<UserId> = all.into_iter().cloned().collect();
        relations::hold(tx, &all)?;
        let roots = relations::roots(tx, &all)?;
        let mut scene = Self {
            from: from.clone(),
            roots: roots.into_iter().map(|root| (root.account.clone(), (root.clone(), root))).collect(),
            stances: HashMap::new(),
            friends: BTreeMap::new(),
            blocks: BTreeSet::new(),
            requests: BTreeMap::new(),
            labels: HashMap::new(),
            changed: BTreeSet::new(),
            blocked: Vec::new(),
            unblocked: Vec::new(),
            asked: BTreeSet::new(),
            answered: BTreeSet::new(),
            linked: Vec::new(),
            unlinked: Vec::new(),
        };
        if others.is_empty() {
            return Ok(scene);
        }
        for row in friends::among(tx, from, others)?.into_iter().chain(friends::about(tx, from, others)?) {
            scene.friends.insert((row.account.clone(), row.friend.clone()), row);
        }
        scene.blocks.extend(blocks::among(tx, from, others)?.into_iter().map(|peer| (from.clone(), peer)));
        scene.blocks.extend(blocks::about(tx, from, others)?.into_iter().map(|account| (account, from.clone())));
        for row in requests::between(tx, from, others)? {
            scene.requests.insert((row.receiver.clone(), row.asker.clone()), row);
        }
        Ok(scene)
    }

    /// As [`Self::open`]; the account must exist.
    pub(super) fn enter(tx: &mut Tx<'_>, from: &UserId, others: &[UserId]) -> Result<Self> {
        let scene = Self::open(tx, from, others)?;
        if scene.is_alive(from) { Ok(scene) } else { refuse(Fault::AccountUnknown) }
    }

    /// Reads more of the account's own rows; whose change concerns nobody else.
    pub(super) fn read_own(&mut self, tx: &mut Tx<'_>, others: &[UserId]) -> Result<()> {
        let rows = friends::among(tx, &self.from, others)?;
        self.friends.extend(rows.into_iter().map(|row| ((row.account.clone(), row.friend.clone()), row)));
        Ok(())
    }

    /// Reads what the profiles of all say about friend requests.
    pub(super) fn read_stances(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let all: Vec<UserId> = self.roots.keys().cloned().collect();
        self.stances = relations::stances(tx, &all)?;
        Ok(())
    }

    pub(super) fn is_alive(&self, account: &UserId) -> bool {
        self.roots.get(account).is_some_and(|(_, root)| root.is_alive)
    }

    pub(super) fn allow_type(&self, app: &App, account: &UserId) -> AllowType {
        let own = self.stances.get(account).and_then(|stance| AllowType::parse(&stance.allow_type));
        own.unwrap_or(app.settings.allow_type)
    }

    pub(super) fn is_forbidden(&self, account: &UserId) -> bool {
        self.stances.get(account).is_some_and(|stance| stance.forbid_type == "AdminForbid_Type_SendOut")
    }

    /// Whether the account has the friend in its list.
    pub(super) fn has(&self, account: &UserId, friend: &UserId) -> bool {
        self.friend(account, friend).is_some()
    }

    pub(super) fn friend(&self, account: &UserId, friend: &UserId) -> Option<&Friend> {
        self.friends.get(&(account.clone(), friend.clone())).filter(|row| !row.is_ended)
    }

    pub(super) fn blocks(&self, account: &UserId, peer: &UserId) -> bool {
        self.blocks.contains(&(account.clone(), peer.clone()))
    }

    pub(super) fn request(&self, receiver: &UserId, asker: &UserId) -> Option<&Request> {
        self.requests.get(&(receiver.clone(), asker.clone()))
    }

    pub(super) fn root(&self, account: &UserId) -> Result<&Root> {
        match self.roots.get(account) {
            Some((_, root)) => Ok(root),
            None => Err(Failure::internal("relations of an account that is not held").into()),
        }
    }

    pub(super) fn edit(&mut self, account: &UserId) -> Result<&mut Root> {
        match self.roots.get_mut(account) {
            Some((_, root)) => Ok(root),
            None => Err(Failure::internal("relations of an account that is not held").into()),
        }
    }

    /// The account's groups.
    pub(super) fn labels(&mut self, tx: &mut Tx<'_>, account: &UserId) -> Result<&mut Vec<Label>> {
        if !self.labels.contains_key(account) {
            self.labels.insert(account.clone(), labels::all(tx, account)?);
        }
        Ok(self.labels.entry(account.clone()).or_default())
    }

    /// How many of these groups are not there yet and find no room.
    pub(super) fn has_room_for(&mut self, tx: &mut Tx<'_>, account: &UserId, names: &[String]) -> Result<bool> {
        let known = self.labels(tx, account)?;
        let new: BTreeSet<&String> =
            names.iter().filter(|name| known.iter().all(|label| label.name != **name)).collect();
        Ok(known.len() + new.len() <= limit::FRIEND_GROUPS)
    }

    /// The bits of groups, which are made if they are not there. The caller has looked whether there is room.
    pub(super) fn bits(&mut self, tx: &mut Tx<'_>, account: &UserId, names: &[String]) -> Result<i64> {
        let mut bits = 0;
        for name in names {
            let known = self.labels(tx, account)?.iter().find(|label| label.name == *name).map(|label| label.bit);
            bits |= 1 << known.map_or_else(|| self.make_label(tx, account, name), Ok)?;
        }
        Ok(bits)
    }

    fn make_label(&mut self, tx: &mut Tx<'_>, account: &UserId, name: &str) -> Result<i64> {
        let known = self.labels(tx, account)?;
        let free = (0..62).find(|bit| known.iter().all(|label| label.bit != *bit));
        let bit = free.ok_or_else(|| Failure::internal("no bit is left for a friend group"))?;
        let label = Label { bit, name: name.to_owned() };
        labels::save(tx, account, &label)?;
        known.push(label);
        let root = self.edit(account)?;
        root.labels = root.take_version();
        Ok(bit)
    }

    /// Puts a friend into a list; one that is there already stays as it is.
    pub(super) fn link(&mut self, account: &UserId, friend: &UserId, note: Note) -> Result<()> {
        if self.has(account, friend) {
            return Ok(());
        }
        let key = (account.clone(), friend.clone());
        let is_reopened = self.friends.contains_key(&key);
        let root = self.edit(account)?;
        root.standard = root.take_version();
        root.friends += 1;
        root.graves -= i64::from(is_reopened);
        let remark_at = if note.remark.is_empty() { 0 } else { note.added_at };
        let row = Friend {
            account: account.clone(),
            friend: friend.clone(),
            version: root.version,
            is_ended: false,
            remark: note.remark,
            source: note.source,
            wording: note.wording,
            added_at: note.added_at,
            remark_at,
            labels: note.labels,
            custom: String::new(),
        };
        self.friends.insert(key.clone(), row);
        self.linked.push(key.clone());
        self.changed.insert(key);
        Ok(())
    }

    /// Changes what is noted of a friend.
    pub(super) fn note(
        &mut self,
        account: &UserId,
        friend: &UserId,
        is_custom: bool,
        change: impl FnOnce(&mut Friend),
    ) -> Result<()> {
        let root = self.edit(account)?;
        let version = root.take_version();
        if is_custom {
            root.custom = version;
        } else {
            root.standard = version;
        }
        let key = (account.clone(), friend.clone());
        if let Some(row) = self.friends.get_mut(&key) {
            change(row);
            row.version = version;
            self.changed.insert(key);
        }
        Ok(())
    }

    /// Takes a friend out of a list. Answers whether it was there.
    pub(super) fn unlink(&mut self, account: &UserId, friend: &UserId) -> Result<bool> {
        if !self.has(account, friend) {
            return Ok(false);
        }
        let key = (account.clone(), friend.clone());
        let root = self.edit(account)?;
        let version = root.take_version();
        root.standard = version;
        root.friends -= 1;
        root.graves += 1;
        let mut had_custom = false;
        if let Some(row) = self.friends.get_mut(&key) {
            had_custom = !row.custom.is_empty();
            *row = Friend {
                version,
                is_ended: true,
                remark: String::new(),
                source: String::new(),
                wording: String::new(),
                added_at: 0,
                remark_at: 0,
                labels: 0,
                custom: String::new(),
                ..row.clone()
            };
        }
        if had_custom {
            self.edit(account)?.custom = version;
        }
        self.unlinked.push(key.clone());
        self.changed.insert(key);
        Ok(true)
    }

    /// What was put into lists so far, for the webhook that tells of it.
    pub(super) fn take_linked(&mut self) -> Vec<Pair> {
        mem::take(&mut self.linked)
    }

    /// What was taken out of lists so far.
    pub(super) fn take_unlinked(&mut self) -> Vec<Pair> {
        mem::take(&mut self.unlinked)
    }

    /// Puts an account on a blocklist.
    pub(super) fn block(&mut self, account: &UserId, peer: &UserId, now: Millis) -> Result<()> {
        let root = self.edit(account)?;
        root.blocklist = root.take_version();
        root.blocks += 1;
        let entry = Block { peer: peer.clone(), version: root.version, blocked_at: now.secs() };
        self.blocks.insert((account.clone(), peer.clone()));
        self.blocked.push((account.clone(), entry));
        Ok(())
    }

    /// Takes an account off a blocklist. Answers whether it was there.
    pub(super) fn unblock(&mut self, account: &UserId, peer: &UserId) -> Result<bool> {
        let key = (account.clone(), peer.clone());
        if !self.blocks.remove(&key) {
            return Ok(false);
        }
        let root = self.edit(account)?;
        root.blocklist = root.take_version();
        root.blocks -= 1;
        self.unblocked.push(key);
        Ok(true)
    }

    /// Leaves a friend request, over an earlier one of the same asker.
    pub(super) fn ask(&mut self, mut request: Request) -> Result<()> {
        let key = (request.receiver.clone(), request.asker.clone());
        let is_new = !self.requests.contains_key(&key);
        let receiver = self.edit(&key.0)?;
        receiver.requests = receiver.take_version();
        receiver.asked += i64::from(is_new);
        request.receiver_version = receiver.version;
        let asker = self.edit(&key.1)?;
        asker.requests = asker.take_version();
        request.asker_version = asker.version;
        self.requests.insert(key.clone(), request);
        self.answered.remove(&key);
        self.asked.insert(key);
        Ok(())
    }

    /// Takes a friend request away. Answers whether it was there.
    pub(super) fn answer(&mut self, receiver: &UserId, asker: &UserId) -> Result<bool> {
        let key = (receiver.clone(), asker.clone());
        if self.requests.remove(&key).is_none() {
            return Ok(false);
        }
        let root = self.edit(receiver)?;
        root.requests = root.take_version();
        root.asked -= 1;
        let root = self.edit(asker)?;
        root.requests = root.take_version();
        self.asked.remove(&key);
        self.answered.insert(key);
        Ok(true)
    }

    /// Takes the requests between the account and another away.
    pub(super) fn drop_requests(&mut self, other: &UserId) -> Result<()> {
        let from = self.from.clone();
        self.answer(&from, other)?;
        self.answer(other, &from)?;
        Ok(())
    }

    /// The account's own lists were emptied: it has nothing, and whoever knew of anything starts again.
    pub(super) fn reset(&mut self) -> Result<()> {
        let from = self.from.clone();
        let own = |key: &(UserId, UserId)| key.0 == from;
        self.changed.retain(|key| !own(key));
        let root = self.edit(&from)?;
        let version = root.take_version();
        (root.standard, root.custom, root.labels, root.blocklist) = (version, version, version, version);
        (root.friends, root.graves, root.blocks, root.floor) = (0, 0, 0, version);
        Ok(())
    }

    /// Writes everything back and tells whom it concerns.
    pub(super) fn close(mut self, tx: &mut Tx<'_>) -> Result<()> {
        friends::save(tx, self.changed.iter().filter_map(|key| self.friends.get(key)))?;
        blocks::remove(tx, self.unblocked.iter().map(|(account, peer)| (account, peer)))?;
        for (account, entry) in &self.blocked {
            blocks::add(tx, account, [entry])?;
        }
        requests::remove(tx, self.answered.iter().map(|(receiver, asker)| (receiver, asker)))?;
        requests::save(tx, self.asked.iter().filter_map(|key| self.requests.get(key)))?;
        self.roots.retain(|_, (before, root)| before != root);
        for (_, root) in self.roots.values_mut().filter(|(_, root)| root.graves > limit::FRIEND_GRAVES) {
            // Half of them at once, so that this is rare.
            let surplus = root.graves - limit::FRIEND_GRAVES / 2;
            let last = friends::forget_ended(tx, &root.account, surplus)?;
            root.graves -= surplus;
            root.floor = root.floor.max(last);
        }
        let changed: Vec<&RootPair> = self.roots.values().collect();
        relations::save(tx, &changed)?;
        let moved = |(before, root): &&RootPair| root.friends - before.friends;
        let added: i64 = changed.iter().map(moved).filter(|moved| *moved > 0).sum();
        let removed: i64 = changed.iter().map(moved).filter(|moved| *moved < 0).sum();
        if (added, removed) != (0, 0) {
            tx.after(Event::FriendsCounted { added, removed: -removed });
        }
        for (_, root) in changed {
            tx.after(Event::RelationsChanged { account: root.account.clone(), versions: root.versions() });
        }
        Ok(())
    }
}
