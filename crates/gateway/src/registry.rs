//! Who is here: sessions by account and by device.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use contract::{AppId, DeviceId, Millis, UserId};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot;

use crate::bucket::{Bucket, Rate};
use crate::link::Link;

/// One login of one connection.
pub(crate) struct Session {
    pub(crate) link: Arc<Link>,
    pub(crate) app: AppId,
    pub(crate) account: UserId,
    pub(crate) device: DeviceId,
    /// Tells it from every other one, in the store too.
    pub(crate) id: i64,
    /// The moment of the login; of two sessions that exclude each other the later one stays.
    pub(crate) began: Millis,
    /// The account's epoch at login, or [`PENDING`].
    epoch: AtomicI64,
    /// Sessions of an earlier epoch are void: noted also while the login is still on its way.
    void_below: AtomicI64,
    /// Notifications that wait for their confirmation.
    pub(crate) acks: Mutex<Vec<(Bytes, oneshot::Sender<()>)>>,
}

/// The epoch of a session whose login is not committed yet: it hears of kicks, and of nothing else.
const PENDING: i64 = i64::MIN;

impl Session {
    pub(crate) fn new(link: Arc<Link>, app: AppId, account: UserId, device: DeviceId, id: i64, began: Millis) -> Self {
        Self {
            link,
            app,
            account,
            device,
            id,
            began,
            epoch: AtomicI64::new(PENDING),
            void_below: AtomicI64::new(PENDING),
            acks: Mutex::default(),
        }
    }

    pub(crate) fn is_in(&self) -> bool {
        self.epoch() != PENDING
    }

    pub(crate) fn epoch(&self) -> i64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Makes every epoch below `epoch` void. Answers whether the session is in and has to go now.
    pub(crate) fn void_below(&self, epoch: i64) -> bool {
        self.void_below.fetch_max(epoch, Ordering::SeqCst);
        self.is_in() && self.epoch() < epoch
    }

    /// Lets the session hear everything. Answers false if its epoch was made void meanwhile.
    pub(crate) fn come_in(&self, epoch: i64) -> bool {
        self.epoch.store(epoch, Ordering::SeqCst);
        self.void_below.load(Ordering::SeqCst) <= epoch
    }
}

/// Locks that are taken for different accounts at the same time.
const SHARDS: usize = 64;

/// All sessions of a node.
pub(crate) struct Registry {
    hasher: RandomState,
    accounts: Vec<Mutex<HashMap<(AppId, UserId), Account>>>,
    devices: Vec<Mutex<HashMap<(AppId, DeviceId), Arc<Session>>>>,
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
        match account.rates.iter_mut().find(|(counted, _)| *counted == command) {
            Some((_, bucket)) => bucket.take(now, rate),
            None => {
                let mut bucket = Bucket::default();
                let is_allowed = bucket.take(now, rate);
                account.rates.push((command, bucket));
                is_allowed
            }
        }
    }

    fn shard<'a, K: Hash, V>(&self, shards: &'a [Mutex<HashMap<K, V>>], key: &K) -> MutexGuard<'a, HashMap<K, V>> {
        shards[self.hasher.hash_one(key) as usize % SHARDS].lock()
    }
}
