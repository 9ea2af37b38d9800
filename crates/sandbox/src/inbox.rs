//! What arrived: every request with its answer, and what each phone got. Both are rings; the oldest falls out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// Requests that are kept; with bodies of a few kilobytes about 10 MB.
const REQUESTS_MAX: usize = 2_000;
/// Bytes of the bodies of all of them: a batch weighs a hundred times what a single push does.
const REQUEST_BYTES_MAX: usize = 32 * 1_024 * 1_024;
/// Bytes of one body that are kept.
pub(crate) const BODY_BYTES: usize = 256 * 1_024;
/// Notifications of all phones that are kept, unless the settings say otherwise.
pub(crate) const NOTIFICATIONS: usize = 10_000;

/// A notification as the phone got it.
#[derive(Debug, Clone, Serialize)]
pub struct Notification {
    /// The vendor's room.
    pub room: &'static str,
    /// The phone.
    pub token: String,
    /// When it was accepted, by the sandbox's clock.
    pub at_ms: i64,
    /// What it says; the phones of a batch share it.
    #[serde(flatten, serialize_with = "shared")]
    pub content: Arc<Content>,
    /// Taken back by its sender after it arrived.
    #[serde(skip_serializing_if = "is_not")]
    pub is_revoked: bool,
}

/// What a notification says.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Content {
    /// The vendor's name of the message.
    pub id: String,
    /// The line in bold, empty for a silent message.
    pub title: String,
    /// The text below it.
    pub body: String,
    /// What the app's icon shall show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badge: Option<i64>,
    /// What sort of message the sender called it.
    pub kind: String,
    /// By which a later one replaces or revokes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_id: Option<i64>,
    /// The vendor's headers that matter to a phone.
    pub headers: BTreeMap<String, String>,
    /// The payload.
    pub payload: Value,
    /// What a phone would silently ignore.
    pub warnings: Vec<&'static str>,
}

fn shared<S: Serializer>(content: &Arc<Content>, serializer: S) -> Result<S::Ok, S::Error> {
    content.as_ref().serialize(serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde takes")]
fn is_not(flag: &bool) -> bool {
    !flag
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
#[derive(Debug)]
pub(crate) struct Inbox {
    requests: Mutex<Requests>,
    notifications: Mutex<VecDeque<Notification>>,
    /// Notifications that the second takes.
    room: usize,
}

#[derive(Debug, Default)]
struct Requests {
    ring: VecDeque<Request>,
    bytes: usize,
}

impl Inbox {
    /// Empty rings; this many notifications are kept.
    pub(crate) fn new(room: usize) -> Self {
        Self { requests: Mutex::default(), notifications: Mutex::default(), room }
    }

    pub(crate) fn add_request(&self, request: Request) {
        let mut kept = self.requests.lock();
        kept.bytes += request.body.len();
        kept.ring.push_back(request);
        while kept.ring.len() > REQUESTS_MAX || kept.bytes > REQUEST_BYTES_MAX {
            let gone = kept.ring.pop_front().map_or(0, |gone| gone.body.len());
            kept.bytes -= gone;
        }
    }

    pub(crate) fn add_notifications(&self, arrived: impl IntoIterator<Item = Notification>) {
        let mut kept = self.notifications.lock();
        for notification in arrived {
            kept.push_back(notification);
            if kept.len() > self.room {
                kept.pop_front();
            }
        }
    }

    /// Marks what a sender takes back; answers whether the phone had it.
    pub(crate) fn revoke(&self, room: &str, token: &str, notify_id: i64) -> bool {
        let mut kept = self.notifications.lock();
        let mut found = false;
        for it in kept.iter_mut().filter(|it| it.room == room && it.token == token) {
            if it.content.notify_id == Some(notify_id) {
                it.is_revoked = true;
                found = true;
            }
        }
        found
    }

    /// How many requests are kept.
    pub(crate) fn request_count(&self) -> usize {
        self.requests.lock().ring.len()
    }

    /// Every request that is kept, oldest first.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().ring.iter().cloned().collect()
    }

    /// What one phone got, oldest first.
    pub(crate) fn of(&self, room: &str, token: &str) -> Vec<Notification> {
        let kept = self.notifications.lock();
        kept.iter().filter(|it| it.room == room && it.token == token).cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *self.requests.lock() = Requests::default();
        self.notifications.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_notification_falls_out() {
        let inbox = Inbox::new(2);
        let notification =
            |at_ms| Notification { room: "apns", token: "a".into(), at_ms, content: Arc::default(), is_revoked: false };
        inbox.add_notifications([1, 2, 3].map(notification));
        let kept: Vec<i64> = inbox.of("apns", "a").iter().map(|it| it.at_ms).collect();
        assert_eq!(kept, [2, 3]);
    }
}
