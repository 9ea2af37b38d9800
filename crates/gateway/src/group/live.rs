//! Live rooms: who is in them is known here alone, and only as long as a connection is.
//!
//! A room exists from its first guest to its last. What it remembers meanwhile is bounded: its guests, the latest messages
//! for those who come, and the marks that the app gives to guests. Whoever comes and goes is told to the others at most
//! once a second and by a few names: in a room of ten thousand that fills up, ten thousand times ten thousand notices
//! would be all that anybody gets.

use std::collections::hash_map::{Entry, RandomState};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::BuildHasher;

use bytes::Bytes;
use contract::group::GroupId;
use contract::{Fault, Millis, Seq, UserId, limit};
use parking_lot::{Mutex, MutexGuard};

use super::seats::Key;

const SHARDS: usize = 64;
/// Messages that a newcomer is shown.
pub(crate) const RECENT: usize = 20;
/// Bytes of them altogether, so that they fit into an answer.
const RECENT_BYTES: usize = 64 * 1024;
/// Names of those who came or went in one notice.
const NAMES: usize = 10;
/// The places of a room begin with the seconds since then, so that those of its next life are higher: 2020-09-13.
const FIRST_SECOND: i64 = 1_600_000_000;
/// A mark of an app's own begins here.
pub const MARK_MIN: i64 = 1_000;
/// The mark of a guest that stays without a connection.
pub const MARK_ROBOT: i64 = 500;
/// The mark of a guest that no list shows.
pub const MARK_HIDDEN: i64 = 600;

/// A guest of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Who.
    pub account: UserId,
    /// Since when.
    pub since: Millis,
}

/// A page of guests, the latest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GuestPage {
    /// The guests.
    pub guests: Vec<Guest>,
    /// Where the next page begins; 0 if there is none.
    pub next: u64,
}

/// Who came and went since the others were told last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) key: Key,
    pub(crate) group: GroupId,
    pub(crate) online: usize,
    pub(crate) came: Vec<UserId>,
    pub(crate) went: Vec<UserId>,
}

/// What a newcomer finds.
pub(crate) struct Found {
    /// None of its account's devices was here before.
    pub(crate) is_first: bool,
    pub(crate) online: usize,
    pub(crate) recent: Vec<Bytes>,
}

struct Seat {
    since: Millis,
    /// Its place in the order of arrival.
    order: u64,
    /// Connections.
    sessions: u32,
    /// It stays until then without any.
    stays_until: Millis,
}

struct Room {
    group: GroupId,
    guests: HashMap<UserId, Seat>,
    arrivals: BTreeMap<u64, UserId>,
    latest: u64,
    marks: BTreeMap<i64, BTreeSet<UserId>>,
    recent: VecDeque<Bytes>,
    seq: i64,
    came: Vec<UserId>,
    went: Vec<UserId>,
    is_dirty: bool,
}

impl Room {
    fn new(group: &GroupId, now: Millis) -> Self {
        Self {
            group: group.clone(),
            guests: HashMap::new(),
            arrivals: BTreeMap::new(),
            latest: 0,
            marks: BTreeMap::new(),
            recent: VecDeque::new(),
            seq: first_seq(now),
            came: Vec::new(),
            went: Vec::new(),
            is_dirty: false,
        }
    }

    fn seat(&mut self, account: &UserId, now: Millis) -> (&mut Seat, bool) {
        let is_known = self.guests.contains_key(account);
        if !is_known {
            self.latest += 1;
            self.arrivals.insert(self.latest, account.clone());
            note(&mut self.came, account);
        }
        let new = || Seat { since: now, order: self.latest, sessions: 0, stays_until: Millis(0) };
        (self.guests.entry(account.clone()).or_insert_with(new), is_known)
    }

    fn unseat(&mut self, account: &UserId) {
        if let Some(seat) = self.guests.remove(account) {
            self.arrivals.remove(&seat.order);
            for marked in self.marks.values_mut() {
                marked.remove(account);
            }
            self.marks.retain(|_, marked| !marked.is_empty());
            note(&mut self.went, account);
        }
    }

    fn has_mark(&self, mark: i64, account: &UserId) -> bool {
        self.marks.get(&mark).is_some_and(|marked| marked.contains(account))
    }
}

fn note(names: &mut Vec<UserId>, account: &UserId) {
    if names.len() < NAMES {
        names.push(account.clone());
    }
}

fn first_seq(now: Millis) -> i64 {
    (now.secs() - FIRST_SECOND).max(0)
}

/// The live rooms that somebody here is in.
pub struct LiveRooms {
    hasher: RandomState,
    shards: Vec<Mutex<HashMap<Key, Room>>>,
    /// Rooms whose guests are to be told who came and went.
    dirty: Mutex<Vec<Key>>,
}

impl Default for LiveRooms {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            dirty: Mutex::default(),
        }
    }
}

impl LiveRooms {
    fn shard(&self, key: Key) -> MutexGuard<'_, HashMap<Key, Room>> {
        self.shards[self.hasher.hash_one(key) as usize % SHARDS].lock()
    }

    fn soil(&self, key: Key, room: &mut Room) {
        if !std::mem::replace(&mut room.is_dirty, true) {
            self.dirty.lock().push(key);
        }
    }

    /// Lets a connection in.
    pub(crate) fn enter(&self, key: Key, group: &GroupId, account: &UserId, now: Millis) -> Found {
        let mut shard = self.shard(key);
        let room = shard.entry(key).or_insert_with(|| Room::new(group, now));
        let (seat, is_known) = room.seat(account, now);
        seat.sessions += 1;
        if !is_known {
            self.soil(key, room);
        }
        Found { is_first: !is_known, online: room.guests.len(), recent: room.recent.iter().cloned().collect() }
    }

    /// A connection is gone. Answers whether its account is, too.
    pub(crate) fn depart(&self, key: Key, account: &UserId, now: Millis) -> bool {
        let mut shard = self.shard(key);
        let Entry::Occupied(mut entry) = shard.entry(key) else { return false };
        let room = entry.get_mut();
        let Some(seat) = room.guests.get_mut(account) else { return false };
        seat.sessions = seat.sessions.saturating_sub(1);
        if seat.sessions > 0 || seat.stays_until > now {
            return false;
        }
        room.unseat(account);
        self.soil(key, room);
        if room.guests.is_empty() {
            entry.remove();
        }
        true
    }

    /// Takes an account out, however many connections it has. Answers whether it was there.
    pub(crate) fn remove(&self, key: Key, account: &UserId) -> bool {
        let mut shard = self.shard(key);
        let Entry::Occupied(mut entry) = shard.entry(key) else { return false };
        let room = entry.get_mut();
        if !room.guests.contains_key(account) {
            return false;
        }
        room.unseat(account);
        self.soil(key, room);
        if room.guests.is_empty() {
            entry.remove();
        }
        true
    }

    /// The id of a room that somebody is in.
    pub(crate) fn name(&self, key: Key) -> Option<GroupId> {
        self.shard(key).get(&key).map(|room| room.group.clone())
    }

    /// Ends a room.
    pub(crate) fn end(&self, key: Key) {
        self.shard(key).remove(&key);
    }

    /// Accounts that are in a room.
    pub fn online(&self, key: Key) -> usize {
        self.shard(key).get(&key).map_or(0, |room| room.guests.len())
    }

    /// Which of these accounts are in a room.
    pub fn present(&self, key: Key, accounts: &[UserId]) -> Vec<UserId> {
        let shard = self.shard(key);
        let Some(room) = shard.get(&key) else { return Vec::new() };
        accounts.iter().filter(|account| room.guests.contains_key(account)).cloned().collect()
    }

    /// A page of the latest guests, `newest` of them at most, behind a place (0 for the first page); only those with a
    /// mark if one is named.
    pub fn guests(&self, key: Key, mark: Option<i64>, after: u64, count: usize, newest: usize) -> GuestPage {
        let shard = self.shard(key);
        let Some(room) = shard.get(&key) else { return GuestPage::default() };
        let end = if after == 0 { u64::MAX } else { after };
        let shown = |account: &UserId| {
            mark.is_none_or(|mark| room.has_mark(mark, account)) && !room.has_mark(MARK_HIDDEN, account)
        };
        let mut page = GuestPage::default();
        let latest = room.arrivals.iter().rev().filter(|(_, account)| shown(account)).take(newest);
        for (order, account) in latest.skip_while(|(order, _)| **order >= end) {
            if page.guests.len() == count {
                page.next = page.next.max(*order + 1);
                return page;
            }
            if let Some(seat) = room.guests.get(account) {
                page.guests.push(Guest { account: account.clone(), since: seat.since });
            }
        }
        page
    }

    /// Gives a mark to those of these accounts that are in a room. Answers which they are.
    pub fn mark(&self, key: Key, mark: i64, accounts: &[UserId]) -> Result<Vec<UserId>, Fault> {
        let mut shard = self.shard(key);
        let Some(room) = shard.get_mut(&key) else { return Ok(Vec::new()) };
        let there: Vec<UserId> = accounts.iter().filter(|account| room.guests.contains_key(account)).cloned().collect();
        let own = room.marks.keys().filter(|known| **known >= MARK_MIN && **known != mark).count();
        let known = room.marks.get(&mark).cloned().unwrap_or_default();
        let new = there.iter().filter(|account| !known.contains(account)).count();
        let is_full = mark >= MARK_MIN && (own >= limit::LIVE_MARKS || known.len() + new > limit::LIVE_MARKED);
        if is_full && new > 0 {
            return Err(Fault::FieldInvalid { field: "Marks" });
        }
        if !there.is_empty() {
            room.marks.entry(mark).or_default().extend(there.iter().cloned());
        }
        Ok(there)
    }

    /// Takes a mark from those of these accounts that are in a room. Answers which they are.
    pub fn unmark(&self, key: Key, mark: i64, accounts: &[UserId]) -> Vec<UserId> {
        let mut shard = self.shard(key);
        let Some(room) = shard.get_mut(&key) else { return Vec::new() };
        if let Some(marked) = room.marks.get_mut(&mark) {
            marked.retain(|account| !accounts.contains(account));
        }
        room.marks.retain(|_, marked| !marked.is_empty());
        accounts.iter().filter(|account| room.guests.contains_key(account)).cloned().collect()
    }

    /// Has accounts stay in a room until a moment, whether they are connected or not.
    pub fn keep(&self, key: Key, group: &GroupId, accounts: &[UserId], now: Millis, until: Millis) {
        let mut shard = self.shard(key);
        let room = shard.entry(key).or_insert_with(|| Room::new(group, now));
        for account in accounts {
            room.seat(account, now).0.stays_until = until;
            room.marks.entry(MARK_ROBOT).or_default().insert(account.clone());
        }
        self.soil(key, room);
    }

    /// Has accounts stay no longer than they are connected.
    pub fn release(&self, key: Key, accounts: &[UserId]) {
        let mut shard = self.shard(key);
        let Entry::Occupied(mut entry) = shard.entry(key) else { return };
        let room = entry.get_mut();
        for account in accounts {
            if let Some(marked) = room.marks.get_mut(&MARK_ROBOT) {
                marked.remove(account);
            }
            if let Some(seat) = room.guests.get_mut(account) {
                seat.stays_until = Millis(0);
                if seat.sessions == 0 {
                    room.unseat(account);
                }
            }
        }
        room.marks.retain(|_, marked| !marked.is_empty());
        self.soil(key, room);
        if room.guests.is_empty() {
            entry.remove();
        }
    }

    /// Gives a message its place. Of a room that nobody is in nothing is remembered.
    pub fn next_place(&self, key: Key, now: Millis) -> Seq {
        let mut shard = self.shard(key);
        let Some(room) = shard.get_mut(&key) else { return Seq(first_seq(now)) };
        room.seq += 1;
        Seq(room.seq)
    }

    /// Remembers a message for those who come.
    pub(crate) fn remember(&self, key: Key, message: Bytes) {
        let mut shard = self.shard(key);
        if let Some(room) = shard.get_mut(&key) {
            room.recent.push_back(message);
            let bytes = |recent: &VecDeque<Bytes>| recent.iter().map(Bytes::len).sum::<usize>();
            while room.recent.len() > RECENT || bytes(&room.recent) > RECENT_BYTES {
                room.recent.pop_front();
            }
        }
    }

    /// Takes who came and went since the last time, and lets those go who stayed without a connection until now.
    pub(crate) fn traffic(&self, now: Millis) -> Vec<Traffic> {
        let dirty = std::mem::take(&mut *self.dirty.lock());
        let mut told = Vec::new();
        for key in dirty {
            let mut shard = self.shard(key);
            let Entry::Occupied(mut entry) = shard.entry(key) else { continue };
            let room = entry.get_mut();
            let is_over = |seat: &Seat| seat.sessions == 0 && seat.stays_until <= now;
            let robots = room.marks.get(&MARK_ROBOT).cloned().unwrap_or_default();
            for account in robots {
                if room.guests.get(&account).is_some_and(is_over) {
                    room.unseat(&account);
                }
            }
            room.is_dirty = false;
            told.push(Traffic {
                key,
                group: room.group.clone(),
                online: room.guests.len(),
                came: std::mem::take(&mut room.came),
                went: std::mem::take(&mut room.went),
            });
            if room.guests.is_empty() {
                entry.remove();
            } else if room.marks.contains_key(&MARK_ROBOT) {
                // Looked at again: their time ends without anybody doing anything.
                self.soil(key, entry.get_mut());
            }
        }
        told.retain(|traffic| !traffic.came.is_empty() || !traffic.went.is_empty());
        told
    }

    /// Live rooms of an app that somebody is in, a bounded number of them.
    pub(crate) fn of_app(&self, app: contract::AppId, max: usize) -> Vec<(Key, GroupId)> {
        let mut found = Vec::new();
        for shard in &self.shards {
            let rooms = shard.lock();
            let own = rooms.iter().filter(|(key, _)| key.0 == app);
            found.extend(own.map(|(key, room)| (*key, room.group.clone())).take(max - found.len()));
        }
        found
    }
}

#[cfg(test)]
mod tests;
