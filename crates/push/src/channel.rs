//! What the engine asks of a vendor channel: take a batch, answer once per message with one verdict, in order.
//!
//! A channel does not retry, sleep between messages, count, or touch the store. It may send a message again only when
//! the vendor has said that it never looked at it.

use std::fmt;
use std::sync::Arc;

use contract::Millis;
use contract::codes::{OfflinePush, Row};
use contract::notification::Notification;
use futures_util::future::BoxFuture;
use uuid::Uuid;

/// Tells the time; the one real clock is the server's.
pub type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// One vendor, one credential of one app.
pub trait Channel: Send + Sync {
    /// What a batch may hold.
    fn limits(&self) -> Limits;

    /// Sends a batch. The answers are as many as the messages and in their order.
    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>>;

    /// Takes back what was sent, where the vendor can; none where it cannot. The answers are as many as the recalls and
    /// in their order.
    fn recall<'a>(&'a self, _: &'a [Recall]) -> Option<BoxFuture<'a, Vec<Answer>>> {
        None
    }

    /// Ends connections and waits for what the channel has started. The channel is not used afterwards.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// What a channel can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages in one batch; more are worked off in several rounds.
    pub batch_max: usize,
    /// Bytes of the largest payload of an ordinary notification.
    pub payload_bytes_max: usize,
    /// Whether the vendor adds to a badge. If not, whoever asks resolves it before.
    pub can_add_badge: bool,
}

/// One message to one device.
#[derive(Clone)]
pub struct Outgoing {
    /// A UUID that stays the same in every attempt, so that a repetition can be known as one.
    pub id: [u8; 16],
    /// The device's token at the vendor.
    pub token: String,
    /// What to show; shared by all devices of a task.
    pub notification: Arc<Notification>,
    /// When the vendor shall give up.
    pub expires_at: Millis,
    /// 1 for the first.
    pub attempt: u32,
}

/// One notification that shall disappear from one device.
#[derive(Clone, PartialEq, Eq)]
pub struct Recall {
    /// The device's token at the vendor.
    pub token: String,
    /// The number that the notification was sent with.
    pub notify_id: i64,
}

/// As with a message, the token stays out of logs.
impl fmt::Debug for Recall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recall").field("notify_id", &self.notify_id).finish_non_exhaustive()
    }
}

/// Neither the token nor the text belongs in a log; the end of the token is enough to tell devices apart.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.token.char_indices().rev().nth(5).map_or(0, |(at, _)| at);
        f.debug_struct("Outgoing")
            .field("id", &Uuid::from_bytes(self.id))
            .field("token", &format_args!("…{}", &self.token[end..]))
            .field("expires_at", &self.expires_at)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// A verdict with the vendor's own words, for the receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the engine acts upon.
    pub verdict: Verdict,
    /// What the vendor said.
    pub said: Said,
}

/// The vendor's answer, as it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// Its code: an HTTP status, a number or a word.
    pub code: String,
    /// Its text; cut when it is very long.
    pub text: String,
    /// Its name for the request.
    pub request: String,
    /// Nothing was sent: the channel saw by itself what the vendor would say.
    pub is_local: bool,
    /// Where the channel knows the published class of the failure closer than its verdict tells it.
    pub class: Option<OfflinePush>,
}

/// How one message fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The vendor took it.
    Accepted,
    /// The token is dead. With a moment: only if it was bound before that.
    Gone {
        /// How receipts call it.
        status: Status,
        /// When the vendor knew.
        since: Option<Millis>,
    },
    /// Sending it again would be refused again.
    Refused {
        /// How receipts call it.
        status: Status,
        /// What is at fault.
        scope: Scope,
    },
    /// It may be sent again.
    Later {
        /// How receipts call it, if this was the last attempt.
        status: Status,
        /// What is in trouble.
        scope: Scope,
        /// The vendor's wish, if it has one.
        after_ms: Option<i64>,
    },
}

/// What a refusal or a delay is about: how far the engine has to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This message.
    Message,
    /// This device.
    Token,
    /// The whole credential: every message would fare the same.
    App,
    /// The connection or the vendor's node.
    Node,
    /// What the whole credential may send in one day of the vendor's: the wish is the time until the next day begins.
    Day,
}

/// A published delivery status. Numbers are reused between families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status {
    /// Whose table.
    pub family: &'static str,
    /// The number in it.
    pub number: i32,
}

impl Status {
    /// The status of a published row that has a number.
    pub(crate) const fn of(row: &'static Row) -> Self {
        let number = match row.number() {
            Some(number) => number,
            None => 0,
        };
        Self { family: row.family.as_str(), number }
    }
}

/// The longest text of a vendor that is kept.
const SAID_BYTES: usize = 512;

impl Said {
    /// Keeps a vendor's words, cut to a bound.
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.truncate(text.floor_char_boundary(SAID_BYTES));
        Self { code: code.into(), text, ..Self::default() }
    }

    /// Words that nobody but the channel said.
    pub fn local(text: impl Into<String>) -> Self {
        Self { is_local: true, ..Self::new("", text) }
    }
}

impl Verdict {
    /// The status of everything but a success.
    pub fn status(&self) -> Option<Status> {
        match self {
            Self::Accepted => None,
            Self::Gone { status, .. } | Self::Refused { status, .. } | Self::Later { status, .. } => Some(*status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_token_and_text_out_of_logs() {
        let notification = Notification { body: "secret".into(), ..Notification::default() };
        for token in ["0123456789abcdef", "abcdef", "ü", ""] {
            let message = Outgoing {
                id: [7; 16],
                token: token.to_owned(),
                notification: Arc::new(notification.clone()),
                expires_at: Millis(1),
                attempt: 1,
            };
            let shown = format!("{message:?}");
            assert!(!shown.contains("secret") && !shown.contains("9abcdef"), "{shown}");
        }
    }

    #[test]
    fn a_vendors_text_is_cut_between_characters() {
        let said = Said::new("400", "é".repeat(400));
        assert_eq!(said.text.len(), 512);
        assert_eq!(Said::new("400", format!("a{}", "é".repeat(400))).text.len(), 511);
    }
}
