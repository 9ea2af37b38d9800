//! What arrived: every request with its answer, and what each phone got. Both are rings; the oldest falls out.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;

/// Requests that are kept; with bodies of a few kilobytes about 10 MB.
const REQUESTS_MAX: usize = 2_000;
/// Notifications of all phones that are kept.
const NOTIFICATIONS_MAX: usize = 10_000;

/// A notification as the phone got it.
#[derive(Debug, Clone, Serialize)]
pub struct Notification {
    /// The vendor's room.
    pub room: &'static str,
    /// The phone.
    pub token: String,
    /// When it was accepted, by the sandbox's clock.
    pub at_ms: i64,
    /// The vendor's headers that matter to a phone.
    pub headers: BTreeMap<String, String>,
    /// The payload.
    pub payload: Value,
    /// What a phone would silently ignore.
    pub warnings: Vec<&'static str>,
}

/// A request and what was answered.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// The vendor's room.
    pub room: &'static str,
    /// When it was answered, by the sandbox's clock.
    pub at_ms: i64,
    /// Counts the connections of the room, so that a test sees which requests shared one.
    pub connection: u64,
    /// GET, POST …
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// Every header but the secret part of `authorization`.
    pub headers: BTreeMap<String, String>,
    /// The body, lossily as text.
    pub body: String,
    /// The HTTP status of the answer; 0 when a fault rule gave none.
    pub status: u16,
    /// The vendor's word, empty for a success.
    pub reason: String,
}

/// Both rings.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    requests: Mutex<VecDeque<Request>>,
    notifications: Mutex<VecDeque<Notification>>,
}

impl Inbox {
    pub(crate) fn add_request(&self, request: Request) {
        push(&mut self.requests.lock(), request, REQUESTS_MAX);
    }

    pub(crate) fn add_notification(&self, notification: Notification) {
        push(&mut self.notifications.lock(), notification, NOTIFICATIONS_MAX);
    }

    /// Every request that is kept, oldest first.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().iter().cloned().collect()
    }

    /// What one phone got, oldest first.
    pub(crate) fn of(&self, room: &str, token: &str) -> Vec<Notification> {
        let kept = self.notifications.lock();
        kept.iter().filter(|it| it.room == room && it.token == token).cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.requests.lock().clear();
        self.notifications.lock().clear();
    }
}

fn push<T>(ring: &mut VecDeque<T>, item: T, max: usize) {
    if ring.len() >= max {
        ring.pop_front();
    }
    ring.push_back(item);
}
