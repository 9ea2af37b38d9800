//! Who is here: sessions by account and by device.

use std::collections::hash_map::{Entry, RandomState};
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use bytes::Bytes;
use contract::webhook::{Origin, StateChange};
use contract::{AppId, ConversationId, DeviceId, Fault, Millis, Platform, UserId};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot;

use crate::bucket::{Bucket, Rate};
use crate::group::Memberships;
use crate::link::Link;

/// One login of one connection.
pub(crate) struct Session {
    pub(crate) link: Arc<Link>,
    pub(crate) app: AppId,
    pub(crate) account: UserId,
    pub(crate) device: DeviceId,
    /// Tells it from every other one, in the store too.
    pub(crate) id: i64,
    /// The moment of the login; of two sessions that exclude each other the later one stays. Before the store has
    /// the login, no other one is later.
    began: AtomicI64,
    /// The account's epoch at login, or [`PENDING`].
    epoch: AtomicI64,
    /// Sessions of an earlier epoch are void: noted also while the login is still on its way.
    void_below: AtomicI64,
    /// Another login took its place: noted also while its own is still on its way.
    is_replaced: AtomicBool,
    /// And did so because the account had too many web instances.
    is_web_full: AtomicBool,
    /// The store has its login.
    is_stored: AtomicBool,
    /// It was sent away or logged out: whoever is told of logins knows already.
    is_dismissed: AtomicBool,
    /// What kind of device it is.
    pub(crate) platform: Platform,
    /// The groups that it hears.
    pub(crate) groups: Mutex<Memberships>,
    /// The live rooms that this connection is in, a few.
    pub(crate) live: Mutex<BTreeSet<ConversationId>>,
    /// Notifications that wait for their confirmation.
    pub(crate) acks: Mutex<Vec<(Bytes, oneshot::Sender<()>)>>,
}

/// The epoch of a session whose login is not committed yet: it hears of kicks, and of nothing else.
const PENDING: i64 = i64::MIN;

impl Session {
    pub(crate) fn new(
        link: Arc<Link>,
        app: AppId,
        account: UserId,
        device: DeviceId,
        platform: Platform,
        id: i64,
    ) -> Self {
        Self {
            link,
            app,
            account,
            device,
            id,
            began: AtomicI64::new(i64::MAX),
            epoch: AtomicI64::new(PENDING),
            void_below: AtomicI64::new(PENDING),
            is_replaced: AtomicBool::new(false),
            is_web_full: AtomicBool::new(false),
            is_stored: AtomicBool::new(false),
            is_dismissed: AtomicBool::new(false),
            platform,
            groups: Mutex::default(),
            live: Mutex::default(),
            acks: Mutex::default(),
        }
    }

    pub(crate) fn begin(&self, at: Millis) {
        self.began.store(at.0, Ordering::SeqCst);
    }

    pub(crate) fn began(&self) -> Millis {
        Millis(self.began.load(Ordering::SeqCst))
    }

    /// Who acts, as webhooks tell it.
    pub(crate) fn origin(&self) -> Origin {
        Origin::device(self.link.from(), self.platform)
    }

    /// Notes that it ends for a reason that is told by itself.
    pub(crate) fn dismiss(&self) {
        self.is_dismissed.store(true, Ordering::SeqCst);
    }

    /// Whether it was sent away or logged out.
    pub(crate) fn is_dismissed(&self) -> bool {
        self.is_dismissed.load(Ordering::SeqCst)
    }

    /// Notes that the store has its login, of which its end has to be told as well.
    pub(crate) fn note_stored(&self) {
        self.is_stored.store(true, Ordering::SeqCst);
    }

    /// How its end is told: not at all if its login was not, or if it was dismissed.
    pub(crate) fn farewell(&self) -> Option<StateChange> {
        if !self.is_stored.load(Ordering::SeqCst) || self.is_dismissed.load(Ordering::SeqCst) {
            return None;
        }
        Some(if self.link.is_silent() { StateChange::TimeOut } else { StateChange::LinkClose })
    }

    pub(crate) fn is_in(&self) -> bool {
        self.epoch() != PENDING
    }

    pub(crate) fn epoch(&self) -> i64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Makes every epoch below `epoch` void. Answers whether the session is in and has to go now.
    pub(crate) fn void_below(&self, epoch: i64) -> bool {
        self.void_below.fetch_max(epoch, Ordering::SeqCst);
        self.is_in() && self.epoch() < epoch
    }

    /// Gives the session's place to a login that came later. Answers whether it is in and has to go now.
    pub(crate) fn replace(&self, is_web_full: bool) -> bool {
        if is_web_full {
            self.is_web_full.store(true, Ordering::SeqCst);
        }
        self.is_replaced.store(true, Ordering::SeqCst);
        self.is_in()
    }

    /// Lets the session hear everything. Answers why it has to go at once, if it was sent away on its way.
    pub(crate) fn come_in(&self, epoch: i64) -> Option<Fault> {
        self.epoch.store(epoch, Ordering::SeqCst);
        if self.void_below.load(Ordering::SeqCst) > epoch {
            Some(Fault::UserSigRevoked)
        } else {
            self.is_replaced.load(Ordering::SeqCst).then(|| self.replacement())
        }
    }

    /// What a session that another one replaced is told.
    pub(crate) fn replacement(&self) -> Fault {
        if self.is_web_full.load(Ordering::SeqCst) { Fault::WebInstanceReplaced } else { Fault::Replaced }
    }
}

/// Locks that are taken for different accounts at the same time.
const SHARDS: usize = 64;

/// A map in parts with a lock each.
type Shards<K, V> = Vec<Mutex<HashMap<K, V>>>;

/// All sessions of a node.
pub(crate) struct Registry {
    hasher: RandomState,
    accounts: Shards<(AppId, UserId), Account>,
    devices: Shards<(AppId, DeviceId), Arc<Session>>,
}

#[derive(Default)]
struct Account {
    sessions: Vec<Arc<Session>>,
    /// By command.
    rates: Vec<(i32, Bucket)>,
}

/// Sessions of one account at a time; more are refused before they get here, by the rate of logins.
const SESSIONS_MAX: usize = 256;

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            accounts: (0..SHARDS).map(|_| Mutex::default()).collect(),
            devices: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }

    /// Adds a session that is on its way in. Answers false if the account has too many.
    pub(crate) fn add(&self, session: &Arc<Session>) -> bool {
        let key = (session.app, session.account.clone());
        let mut accounts = self.shard(&self.accounts, &key);
        let account = accounts.entry(key).or_default();
        if account.sessions.len() >= SESSIONS_MAX {
            return false;
        }
        if account.sessions.is_empty() {
            account.sessions.reserve_exact(1);
        }
        account.sessions.push(Arc::clone(session));
        true
    }

    /// Makes a session the one by which its device is reached.
    pub(crate) fn bind(&self, session: &Arc<Session>) {
        let key = (session.app, session.device.clone());
        self.shard(&self.devices, &key).insert(key, Arc::clone(session));
    }

    /// Removes a session.
    pub(crate) fn remove(&self, session: &Session) {
        let key = (session.app, session.account.clone());
        if let Entry::Occupied(mut account) = self.shard(&self.accounts, &key).entry(key.clone()) {
            account.get_mut().sessions.retain(|other| other.id != session.id);
            if account.get().sessions.is_empty() {
                account.remove();
            }
        }
        let key = (session.app, session.device.clone());
        if let Entry::Occupied(device) = self.shard(&self.devices, &key).entry(key.clone())
            && device.get().id == session.id
        {
            device.remove();
        }
    }

    /// The sessions of an account, those on their way in among them.
    pub(crate) fn of_account(&self, app: AppId, account: &UserId) -> Vec<Arc<Session>> {
        let key = (app, account.clone());
        self.shard(&self.accounts, &key).get(&key).map(|account| account.sessions.clone()).unwrap_or_default()
    }

    /// The session of a device.
    pub(crate) fn of_device(&self, app: AppId, device: &DeviceId) -> Option<Arc<Session>> {
        let key = (app, device.clone());
        self.shard(&self.devices, &key).get(&key).cloned()
    }

    /// Counts a request of a connected account, whichever of its devices it comes from.
    pub(crate) fn take(&self, session: &Session, command: i32, now: Millis, rate: Rate) -> bool {
        let key = (session.app, session.account.clone());
        let mut accounts = self.shard(&self.accounts, &key);
        let Some(account) = accounts.get_mut(&key) else { return true };
        let known = account.rates.iter().position(|(counted, _)| *counted == command);
        let index = known.unwrap_or_else(|| {
            account.rates.push((command, Bucket::default()));
            account.rates.len() - 1
        });
        account.rates[index].1.take(now, rate)
    }

    fn shard<'a, K: Hash, V>(&self, shards: &'a [Mutex<HashMap<K, V>>], key: &K) -> MutexGuard<'a, HashMap<K, V>> {
        shards[self.hasher.hash_one(key) as usize % SHARDS].lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: i64) -> Arc<Session> {
        let link = Arc::new(Link::new(Millis(0), 1));
        let (alice, phone) = (UserId::trusted("alice"), DeviceId::trusted("phone"));
        Arc::new(Session::new(link, AppId(1), alice, phone, Platform::Android, id))
    }

    #[test]
    fn a_session_on_its_way_in_remembers_that_it_was_sent_away() {
        let kicked = session(1);
        assert!(!kicked.void_below(4), "nobody is in yet");
        assert_eq!(kicked.come_in(3), Some(Fault::UserSigRevoked));
        let later = session(2);
        assert!(!later.void_below(4));
        assert_eq!(later.come_in(4), None, "it logged in after the kick");
        assert!(later.void_below(5));
        let replaced = session(3);
        assert!(!replaced.replace(false));
        assert_eq!(replaced.come_in(4), Some(Fault::Replaced));
    }

    #[test]
    fn an_old_connection_of_a_device_does_not_take_the_new_ones_place_away() {
        let registry = Registry::new();
        let (old, new) = (session(1), session(2));
        for session in [&old, &new] {
            assert!(registry.add(session));
            registry.bind(session);
        }
        registry.remove(&old);
        assert_eq!(registry.of_account(AppId(1), &old.account).len(), 1);
        assert_eq!(registry.of_device(AppId(1), &old.device).map(|session| session.id), Some(2));
        registry.remove(&new);
        assert!(registry.of_device(AppId(1), &old.device).is_none());
        assert!(registry.accounts.iter().all(|shard| shard.lock().is_empty()), "nothing is kept of who left");
    }
}
