//! Brings a notice to everybody in a group.
//!
//! A notice is encoded once; the same bytes go into every queue. A group has a line of its own, so that its notices keep
//! their order, and one runner at a time empties it: whoever commits, if few are here; one of a few tasks, if many are,
//! because a commit must not wait for ten thousand queues. A runner takes what waits in a group, up to a bound, along on
//! one walk over its seats, so that a connection is woken up and written to once for all of it; then it gives way to other
//! groups.
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
/// Notices that one walk over the seats takes along.
const PARCELS: usize = 32;
/// Notices that are queued under one lock of the seats: half a millisecond.
const PUSHES: usize = 1_024;
/// Seats that are served before others have their turn. Each of them may be a task that wakes up, and a worker's own queue
/// holds 256 of those: what is over goes into the queue that everything else comes by (an answer of a commit, a new
/// connection), which would wait behind it.
const SEATS: usize = 64;
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
        for _ in 0..LINE_MAX / PARCELS {
            let parcels = take(&room);
            if parcels.is_empty() {
                return;
            }
            self.hand_out(&room, &parcels, 0, usize::MAX);
        }
        self.fan_out.queue(room);
    }

    /// Serves seats with notices. Answers where to go on; none at the end.
    fn hand_out(&self, room: &Room, parcels: &[Parcel], start: usize, count: usize) -> Option<usize> {
        let mut skipped = 0;
        let next = room.visit(start, count, |session| {
            if session.is_in() {
                let frames = parcels.iter().filter(|parcel| parcel.filter.passes(session)).map(|parcel| &parcel.bytes);
                skipped += session.link.push_or_hint(frames, &self.fan_out.hint, &self.settings);
            }
        });
        if skipped > 0 {
            self.fan_out.skipped.fetch_add(skipped, Ordering::Relaxed);
        }
        next
    }

    /// Serves large groups until the hub ends.
    pub(crate) async fn run_fan_out(self: Arc<Self>) {
        while !self.fan_out.is_ending.load(Ordering::Acquire) {
            let next = self.fan_out.waiting.lock().pop_front();
            let Some(room) = next else {
                self.fan_out.bell.notified().await;
                continue;
            };
            let parcels = take(&room);
            if parcels.is_empty() {
                continue;
            }
            let (mut start, seats) = (Some(0), (PUSHES / parcels.len()).min(SEATS));
            while let Some(from) = start {
                start = self.hand_out(&room, &parcels, from, seats);
                tokio::task::yield_now().await;
            }
            self.fan_out.queue(room);
        }
    }
}

/// Takes what is next in a group's line: nothing if nothing is, and then nobody runs it.
fn take(room: &Room) -> Vec<Parcel> {
    let mut line = room.line.lock();
    let count = line.parcels.len().min(PARCELS);
    let mut parcels: Vec<Parcel> = line.parcels.drain(..count).collect();
    if parcels.is_empty() && line.has_gap {
        line.has_gap = false;
        let bytes = Frame::notice(Command::GroupGap, &GroupGapNotice {}).to_bytes();
        parcels.push(Parcel { bytes, filter: Filter::All });
    }
    if parcels.is_empty() {
        line.is_running = false;
        line.parcels = VecDeque::new();
    }
    parcels
}
