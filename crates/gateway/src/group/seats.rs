//! Which group has which connections here.
//!
//! Locks are taken in one order: a session's memberships, a shard of rooms, a room's seats. A delivery takes only the
//! last, for a few hundred seats at a time.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use contract::{AppId, ConversationId};
use parking_lot::Mutex;

use super::fan_out::Line;
use crate::registry::Session;

/// A group of an app, by its conversation.
pub(crate) type Key = (AppId, ConversationId);

/// Locks that are taken for different groups at the same time.
const SHARDS: usize = 64;
/// Memberships of all connections of a node.
pub(crate) const SEATS_MAX: usize = 10_000_000;
/// Memberships of one connection: what the largest plan lets an account join.
pub(crate) const SEATS_PER_SESSION: usize = 5_000;

/// The connections of one group.
pub(crate) struct Room {
    key: Key,
    seats: Mutex<Seats>,
    /// What waits to be delivered.
    pub(super) line: Mutex<Line>,
}

#[derive(Default)]
struct Seats {
    seats: Vec<Option<Arc<Session>>>,
    free: Vec<u32>,
}

impl Seats {
    fn taken(&self) -> usize {
        self.seats.len() - self.free.len()
    }

    fn take(&mut self, session: &Arc<Session>) -> u32 {
        let session = Some(Arc::clone(session));
        if let Some(place) = self.free.pop() {
            self.seats[place as usize] = session;
            return place;
        }
        if self.seats.is_empty() {
            // Most groups have one member here.
            self.seats.reserve_exact(1);
        }
        self.seats.push(session);
        self.seats.len() as u32 - 1
    }

    fn leave(&mut self, place: u32) {
        self.seats[place as usize] = None;
        self.free.push(place);
    }
}

impl Room {
    /// Connections in the room.
    pub(crate) fn taken(&self) -> usize {
        self.seats.lock().taken()
    }

    /// Calls `each` for the sessions of up to `count` seats from `start` on. Answers where to go on; none at the end.
    pub(super) fn visit(&self, start: usize, count: usize, mut each: impl FnMut(&Arc<Session>)) -> Option<usize> {
        let seats = self.seats.lock();
        let end = seats.seats.len().min(start.saturating_add(count));
        seats.seats.get(start..end).into_iter().flatten().flatten().for_each(&mut each);
        (end < seats.seats.len()).then_some(end)
    }
}

/// The groups that a session is in. Taken under the session's own lock.
#[derive(Default)]
pub(crate) struct Memberships {
    rooms: Vec<(Arc<Room>, u32)>,
    /// Groups that it was taken out of before it was known to be in them: its login was reading the list meanwhile.
    left: Option<Vec<ConversationId>>,
    /// The connection is over.
    is_over: bool,
}

/// Groups that a session may be taken out of while its list is read; beyond that its login fails and is tried again.
const LEFT_MAX: usize = 1_000;

/// Whether somebody was seated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seated {
    /// It is in the room now.
    Newly,
    /// It was there.
    Already,
    /// There is no room for more, or the connection is over.
    No,
}

/// All groups that somebody here is in.
pub(crate) struct Groups {
    hasher: RandomState,
    shards: Vec<Mutex<HashMap<Key, Arc<Room>>>>,
    taken: AtomicUsize,
}

impl Default for Groups {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            taken: AtomicUsize::new(0),
        }
    }
}

impl Groups {
    /// The room of a group, if somebody here is in it.
    pub(crate) fn room(&self, key: Key) -> Option<Arc<Room>> {
        self.shard(key).lock().get(&key).cloned()
    }

    /// Memberships of all connections.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Begins to seat a session whose list of groups is about to be read.
    pub(crate) fn begin(session: &Session) {
        session.groups.lock().left = Some(Vec::new());
    }

    /// Seats a session in the groups that were read; ends what [`Self::begin`] began. Answers false if it was taken out
    /// of so many meanwhile that the list has to be read again, or if there is no room for all.
    pub(crate) fn finish(&self, session: &Arc<Session>, groups: &[ConversationId]) -> bool {
        let mut own = session.groups.lock();
        let left = own.left.take().unwrap_or_default();
        if left.len() >= LEFT_MAX {
            return false;
        }
        own.rooms.reserve_exact(groups.len());
        let mut is_whole = true;
        for group in groups.iter().filter(|group| !left.contains(group)) {
            is_whole &= self.seat(session, &mut own, (session.app, *group)) != Seated::No;
        }
        is_whole
    }

    /// Seats a session in a group.
    pub(crate) fn join(&self, session: &Arc<Session>, group: ConversationId) -> Seated {
        let mut own = session.groups.lock();
        if let Some(left) = &mut own.left {
            left.retain(|other| *other != group);
        }
        self.seat(session, &mut own, (session.app, group))
    }

    fn seat(&self, session: &Arc<Session>, own: &mut Memberships, key: Key) -> Seated {
        if own.rooms.iter().any(|(room, _)| room.key == key) {
            return Seated::Already;
        }
        if own.is_over || own.rooms.len() >= SEATS_PER_SESSION || self.taken() >= SEATS_MAX {
            return Seated::No;
        }
        let mut rooms = self.shard(key).lock();
        let new = || Arc::new(Room { key, seats: Mutex::default(), line: Mutex::default() });
        let room = rooms.entry(key).or_insert_with(new);
        let place = room.seats.lock().take(session);
        own.rooms.push((Arc::clone(room), place));
        self.taken.fetch_add(1, Ordering::Relaxed);
        Seated::Newly
    }

    /// Takes a session out of a group. Answers whether it was in it.
    pub(crate) fn leave(&self, session: &Session, group: ConversationId) -> bool {
        let mut own = session.groups.lock();
        if let Some(left) = &mut own.left
            && left.len() < LEFT_MAX
        {
            left.push(group);
        }
        let Some(index) = own.rooms.iter().position(|(room, _)| room.key.1 == group) else { return false };
        let (room, place) = own.rooms.swap_remove(index);
        self.vacate(&room, place);
        true
    }

    /// Takes a session out of all its groups, for good. Answers which they were.
    pub(crate) fn leave_all(&self, session: &Session) -> Vec<ConversationId> {
        let rooms = {
            let mut own = session.groups.lock();
            own.is_over = true;
            std::mem::take(&mut own.rooms)
        };
        let groups = rooms.iter().map(|(room, _)| room.key.1).collect();
        for (room, place) in rooms {
            self.vacate(&room, place);
        }
        groups
    }

    /// Takes everybody out of a group that is no more. Answers who was in it.
    pub(crate) fn dissolve(&self, key: Key) -> Vec<Arc<Session>> {
        let Some(room) = self.room(key) else { return Vec::new() };
        let mut sessions = Vec::new();
        room.visit(0, usize::MAX, |session| sessions.push(Arc::clone(session)));
        for session in &sessions {
            self.leave(session, key.1);
        }
        sessions
    }

    fn vacate(&self, room: &Arc<Room>, place: u32) {
        let mut rooms = self.shard(room.key).lock();
        let is_empty = {
            let mut seats = room.seats.lock();
            seats.leave(place);
            seats.taken() == 0
        };
        // Whoever comes next makes a new one; what still waits in this one has nobody to go to.
        if is_empty && rooms.get(&room.key).is_some_and(|known| Arc::ptr_eq(known, room)) {
            rooms.remove(&room.key);
        }
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }

    fn shard(&self, key: Key) -> &Mutex<HashMap<Key, Arc<Room>>> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }
}

#[cfg(test)]
mod tests {
    use contract::{DeviceId, Millis, Platform, UserId};

    use super::*;
    use crate::link::Link;

    const GROUP: ConversationId = ConversationId([1; 16]);

    fn session(id: i64) -> Arc<Session> {
        let link = Arc::new(Link::new(Millis(0), 1));
        let account = UserId::trusted(&format!("u{id}"));
        Arc::new(Session::new(link, AppId(1), account, DeviceId::trusted("phone"), Platform::Android, id))
    }

    fn seated(groups: &Groups) -> Vec<i64> {
        let mut ids = Vec::new();
        if let Some(room) = groups.room((AppId(1), GROUP)) {
            room.visit(0, usize::MAX, |session| ids.push(session.id));
        }
        ids
    }

    #[test]
    fn a_seat_is_taken_once_and_given_to_the_next() {
        let groups = Groups::default();
        let [one, two, three] = [1, 2, 3].map(session);
        assert_eq!(groups.join(&one, GROUP), Seated::Newly);
        assert_eq!(groups.join(&one, GROUP), Seated::Already);
        assert_eq!(groups.join(&two, GROUP), Seated::Newly);
        assert!(groups.leave(&one, GROUP) && !groups.leave(&one, GROUP));
        assert_eq!(groups.join(&three, GROUP), Seated::Newly);
        assert_eq!(seated(&groups), [3, 2]);
        assert_eq!(groups.leave_all(&two), [GROUP]);
        assert_eq!(groups.join(&two, GROUP), Seated::No, "its connection is over");
        assert_eq!(groups.dissolve((AppId(1), GROUP)).len(), 1);
        assert_eq!((groups.taken(), groups.room((AppId(1), GROUP)).is_none()), (0, true), "nothing is kept");
    }

    #[test]
    fn who_is_removed_while_its_list_is_read_is_not_seated() {
        let groups = Groups::default();
        let [one, two] = [1, 2].map(session);
        let other = ConversationId([2; 16]);
        Groups::begin(&one);
        groups.leave(&one, GROUP);
        groups.join(&one, other);
        assert!(groups.finish(&one, &[GROUP, other]));
        assert_eq!((seated(&groups), groups.taken()), (vec![], 1));
        Groups::begin(&two);
        for _ in 0..LEFT_MAX {
            groups.leave(&two, other);
        }
        assert!(!groups.finish(&two, &[GROUP]), "too much happened: it is read again");
    }

    #[test]
    fn a_membership_costs_what_is_stated() {
        assert_eq!(size_of::<Option<Arc<Session>>>(), 8);
        assert_eq!(size_of::<(Arc<Room>, u32)>(), 16);
    }

    #[test]
    fn a_visit_goes_on_where_it_stopped() {
        let groups = Groups::default();
        let all: Vec<_> = (0..10).map(session).collect();
        for session in &all {
            groups.join(session, GROUP);
        }
        groups.leave(&all[4], GROUP);
        let room = groups.room((AppId(1), GROUP)).expect("somebody is there");
        let (mut ids, mut start) = (Vec::new(), Some(0));
        while let Some(from) = start {
            start = room.visit(from, 3, |session| ids.push(session.id));
        }
        assert_eq!(ids, [0, 1, 2, 3, 5, 6, 7, 8, 9]);
    }
}
