//! One connection as everybody else sees it: a bounded queue of frames and a way to end it.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::task::Waker;

use bytes::Bytes;
use contract::Millis;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

use crate::settings::Settings;

/// What is shared between a connection's task and the rest.
pub(crate) struct Link {
    out: Mutex<Out>,
    waker: AtomicWaker,
    /// When the device was last heard of; before login, when it connected.
    heard_at: AtomicI64,
    /// How long it may be silent from then on.
    patience_ms: AtomicI64,
    /// It was cut because it was silent.
    is_silent: AtomicBool,
    from: Option<IpAddr>,
}

#[derive(Default)]
struct Out {
    /// Frames in the open; a sealed connection seals them when it writes them, in order.
    frames: VecDeque<Bytes>,
    bytes: usize,
    end: End,
    /// A hint stands in the queue for what was left out behind it.
    has_hint: bool,
}

/// Whether and how a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum End {
    /// Not at all.
    #[default]
    Never,
    /// When its requests are answered and everything is written.
    Drained,
    /// When everything is written; its requests are not waited for.
    Written,
    /// At once.
    Cut,
}

impl Link {
    pub(crate) fn new(now: Millis, patience_ms: i64) -> Self {
        Self {
            out: Mutex::default(),
            waker: AtomicWaker::new(),
            heard_at: AtomicI64::new(now.0),
            patience_ms: AtomicI64::new(patience_ms),
            is_silent: AtomicBool::new(false),
            from: None,
        }
    }

    pub(crate) fn coming_from(self, from: Option<IpAddr>) -> Self {
        Self { from, ..self }
    }

    /// Whence the device connects.
    pub(crate) const fn from(&self) -> Option<IpAddr> {
        self.from
    }

    /// Cuts a connection whose device was not heard of in time.
    pub(crate) fn cut_silent(&self) {
        self.is_silent.store(true, Ordering::Relaxed);
        self.end(End::Cut);
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.is_silent.load(Ordering::Relaxed)
    }

    /// Queues a frame. A connection that does not read is cut when its queue is full: what it missed it finds by its
    /// places when it comes back. Answers false if that happened now.
    pub(crate) fn push(&self, frame: Bytes, settings: &Settings) -> bool {
        let mut out = self.out.lock();
        if out.end != End::Never && out.end != End::Drained {
            return true;
        }
        let is_full =
            out.frames.len() >= settings.queue_frames || out.bytes + frame.len() > settings.queue_bytes + FRAME_SPARE;
        if is_full {
            out.frames = VecDeque::new();
            out.bytes = 0;
            out.end = End::Cut;
        } else {
            out.bytes += frame.len();
            out.frames.push_back(frame);
        }
        drop(out);
        self.waker.wake();
        !is_full
    }

    /// Queues frames that the device finds elsewhere as well, as far as the queue is not half full: one hint takes the
    /// place of all that are left out. Answers how many were. The connection wakes up once for all of them.
    pub(crate) fn push_or_hint<'f>(
        &self,
        frames: impl IntoIterator<Item = &'f Bytes>,
        hint: &Bytes,
        settings: &Settings,
    ) -> u64 {
        let (mut left_out, mut is_longer) = (0, false);
        {
            let mut out = self.out.lock();
            if out.end != End::Never {
                return 0;
            }
            for frame in frames {
                let is_half_full =
                    out.frames.len() >= settings.queue_frames / 2 || out.bytes + frame.len() > settings.queue_bytes / 2;
                let is_left_out = is_half_full && !out.frames.is_empty();
                left_out += u64::from(is_left_out);
                if is_left_out && std::mem::replace(&mut out.has_hint, true) {
                    continue;
                }
                let frame = if is_left_out { hint } else { frame };
                out.bytes += frame.len();
                out.frames.push_back(frame.clone());
                is_longer = true;
            }
        }
        if is_longer {
            self.waker.wake();
        }
        left_out
    }

    /// Ends the connection; a milder end than one that was asked for before changes nothing.
    pub(crate) fn end(&self, end: End) {
        {
            let mut out = self.out.lock();
            out.end = out.end.max(end);
        }
        self.waker.wake();
    }

    pub(crate) fn ends(&self) -> End {
        self.out.lock().end
    }

    /// Takes queued frames until `bytes` are reached.
    pub(crate) fn take(&self, bytes: usize, into: &mut Vec<Bytes>) {
        let mut out = self.out.lock();
        let mut taken = 0;
        while taken < bytes
            && let Some(frame) = out.frames.pop_front()
        {
            taken += frame.len();
            out.bytes -= frame.len();
            into.push(frame);
        }
        // The device may answer the hint from now on: what is left out after this needs another one.
        out.has_hint = false;
        if out.frames.is_empty() {
            // An idle connection keeps no queue.
            out.frames = VecDeque::new();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.out.lock().frames.is_empty()
    }

    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    pub(crate) fn hear(&self, now: Millis) {
        self.heard_at.store(now.0, Ordering::Relaxed);
    }

    pub(crate) fn set_patience(&self, now: Millis, patience_ms: i64) {
        self.hear(now);
        self.patience_ms.store(patience_ms, Ordering::Relaxed);
    }

    pub(crate) fn deadline(&self) -> Millis {
        Millis(self.heard_at.load(Ordering::Relaxed)).plus(self.patience_ms.load(Ordering::Relaxed))
    }
}

/// A single large answer fits whatever the bound for the rest is.
const FRAME_SPARE: usize = contract::limit::FRAME_BYTES;

#[cfg(test)]
mod tests {
    use contract::seal;

    use super::*;

    #[test]
    fn what_is_found_elsewhere_gives_way_to_one_hint() {
        let mut settings = Settings::new(1, vec![[0; 32]], seal::key_pair());
        settings.queue_frames = 4;
        let link = Link::new(Millis(0), 1);
        let [frame, hint] = ["frame", "hint"].map(|text| Bytes::from_static(text.as_bytes()));
        let push = || link.push_or_hint([&frame], &hint, &settings) == 0;
        let taken = |bytes| {
            let mut frames = Vec::new();
            link.take(bytes, &mut frames);
            frames
        };
        assert_eq!([push(), push(), push(), push()], [true, true, false, false]);
        assert_eq!(taken(1), std::slice::from_ref(&frame));
        assert!(!push(), "still half full, and the device may have seen the hint");
        assert_eq!(taken(100), [frame.clone(), hint.clone(), hint.clone()]);
        assert!(push());
        assert_eq!(link.ends(), End::Never, "nobody is cut for it");
    }

    #[test]
    fn a_full_queue_cuts_the_connection_and_holds_nothing() {
        let mut settings = Settings::new(1, vec![[0; 32]], seal::key_pair());
        settings.queue_frames = 2;
        let link = Link::new(Millis(0), 1);
        assert!(link.push(Bytes::from_static(b"one"), &settings));
        assert!(link.push(Bytes::from_static(b"two"), &settings));
        assert!(!link.push(Bytes::from_static(b"three"), &settings));
        assert_eq!(link.ends(), End::Cut);
        assert!(link.is_empty());
        assert!(link.push(Bytes::from_static(b"four"), &settings), "it was cut once");
        assert!(link.is_empty());
    }
}
