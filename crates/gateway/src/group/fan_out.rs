//! Brings a notice to everybody in a group.
//!
//! A notice is encoded once; the same bytes go into every queue. A group has a line of its own, so that its notices keep
//! their order, and one runner at a time empties it: whoever commits, if few are here; one of a few tasks, if many are,
//! because a commit must not wait for ten thousand queues. A runner gives way to other groups after every notice.
//!
//! Nothing here waits for a device. Of a connection whose queue is half full a group's notices are left out, and one small
//! hint stands in their place: the device asks for what it misses, which is in the store. (What is meant for one account
//! still cuts a connection whose queue is full, as ever.) A group that gets more than its line holds gives the same hint
//! to all.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use contract::frame::wire::GroupGapNotice;
use contract::frame::{Command, Frame};
use contract::{DeviceId, UserId};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::seats::{Key, Room};
use crate::hub::Hub;
use crate::registry::Session;

/// Notices that wait in one group. A group takes forty messages a second; this is what a stall of some seconds leaves.
const LINE_MAX: usize = 256;
/// Connections that are served at once by whoever commits.
const INLINE_MAX: usize = 64;
/// Seats that are looked at under one lock: half a millisecond.
const SEATS: usize = 512;
/// Tasks that serve large groups.
pub(crate) const RUNNERS: usize = 2;

/// Who gets a notice of all that are in the group.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    /// Everybody.
    All,
    /// Everybody but one device of an account: it knows.
    Except(UserId, DeviceId),
}

impl Filter {
    /// Everybody but the device that caused it, if one did.
    pub(crate) fn but(account: &UserId, origin: Option<&DeviceId>) -> Self {
        origin.map_or(Self::All, |device| Self::Except(account.clone(), device.clone()))
    }

    fn passes(&self, session: &Session) -> bool {
        match self {
            Self::All => true,
            Self::Except(account, device) => session.device != *device || session.account != *account,
        }
    }
}

struct Parcel {
    bytes: Bytes,
    filter: Filter,
}

/// What waits in one group.
#[derive(Default)]
pub(crate) struct Line {
    parcels: VecDeque<Parcel>,
    /// Somebody empties it.
    is_running: bool,
    /// Some found no place in it: everybody is told to ask.
    has_gap: bool,
}

/// The groups whose lines wait for a runner, and what was counted.
pub(crate) struct FanOut {
    waiting: Mutex<VecDeque<Arc<Room>>>,
    bell: Notify,
    pub(super) is_ending: AtomicBool,
    /// The hint, encoded once.
    hint: Bytes,
    skipped: AtomicU64,
}

impl Default for FanOut {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            bell: Notify::new(),
            is_ending: AtomicBool::new(false),
            hint: Frame::notice(Command::GroupGap, &GroupGapNotice {}).to_bytes(),
            skipped: AtomicU64::new(0),
        }
    }
}

impl FanOut {
    /// Notices that were left out because a connection did not read.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    /// Lets the runners end.
    pub(crate) fn end(&self) {
        self.is_ending.store(true, Ordering::Release);
        self.bell.notify_waiters();
        self.bell.notify_one();
    }

    fn queue(&self, room: Arc<Room>) {
        // A group stands in it once, so it is no longer than there are groups.
        self.waiting.lock().push_back(room);
        self.bell.notify_one();
    }
}

impl Hub {
    /// Brings a notice to the connections of a group. Encodes it once, and only if somebody is here. Never waits.
    pub(crate) fn deliver_to_group(&self, key: Key, filter: Filter, frame: impl FnOnce() -> Frame) {
        let Some(room) = self.groups.room(key) else { return };
        let is_mine = {
            let mut line = room.line.lock();
            if line.parcels.len() >= LINE_MAX {
                line.has_gap = true;
                self.fan_out.skipped.fetch_add(1, Ordering::Relaxed);
                return;
            }
            // Under the lock, so that of two who commit after each other the first one's notice is first.
            line.parcels.push_back(Parcel { bytes: frame().to_bytes(), filter });
            !std::mem::replace(&mut line.is_running, true)
        };
        if !is_mine {
            return;
        }
        if room.taken() > INLINE_MAX {
            return self.fan_out.queue(room);
        }
        for _ in 0..LINE_MAX {
            let Some(parcel) = take(&room) else { return };
            self.hand_out(&room, &parcel, 0, usize::MAX);
        }
        self.fan_out.queue(room);
    }

    /// Serves seats with a notice. Answers where to go on; none at the end.
    fn hand_out(&self, room: &Room, parcel: &Parcel, start: usize, count: usize) -> Option<usize> {
        room.visit(start, count, |session| {
            if session.is_in() && parcel.filter.passes(session) && !self.pass_by(session, &parcel.bytes) {
                self.fan_out.skipped.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    fn pass_by(&self, session: &Session, bytes: &Bytes) -> bool {
        session.link.push_or_hint(bytes, &self.fan_out.hint, &self.settings)
    }

    /// Serves large groups until the hub ends.
    pub(crate) async fn run_fan_out(self: Arc<Self>) {
        while !self.fan_out.is_ending.load(Ordering::Acquire) {
            let next = self.fan_out.waiting.lock().pop_front();
            let Some(room) = next else {
                self.fan_out.bell.notified().await;
                continue;
            };
            let Some(parcel) = take(&room) else { continue };
            let mut start = Some(0);
            while let Some(from) = start {
                start = self.hand_out(&room, &parcel, from, SEATS);
                tokio::task::yield_now().await;
            }
            self.fan_out.queue(room);
        }
    }
}

/// Takes what is next in a group's line: none if nothing is, and then nobody runs it.
fn take(room: &Room) -> Option<Parcel> {
    let mut line = room.line.lock();
    let parcel = line.parcels.pop_front();
    if parcel.is_none() && line.has_gap {
        line.has_gap = false;
        let bytes = Frame::notice(Command::GroupGap, &GroupGapNotice {}).to_bytes();
        return Some(Parcel { bytes, filter: Filter::All });
    }
    if parcel.is_none() {
        line.is_running = false;
        line.parcels = VecDeque::new();
    }
    parcel
}
