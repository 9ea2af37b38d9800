//! Access tokens that a room has given out, each with its app and its end.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;

/// Access tokens that are remembered; the oldest is forgotten.
const TICKETS_MAX: usize = 10_000;

/// What a room has given out.
#[derive(Debug, Default)]
pub(crate) struct Tickets(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    known: HashMap<String, Ticket>,
    order: VecDeque<String>,
}

/// For whom, until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) app: String,
    pub(crate) until_ms: i64,
}

/// Why an access token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stale {
    Unknown,
    Expired,
}

impl Tickets {
    /// Remembers what is given out.
    pub(crate) fn issue(&self, token: &str, app: &str, until_ms: i64) {
        let mut inner = self.0.lock();
        if inner.order.len() >= TICKETS_MAX
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.known.remove(&oldest);
        }
        inner.order.push_back(token.to_owned());
        inner.known.insert(token.to_owned(), Ticket { app: app.to_owned(), until_ms });
    }

    /// The app that an access token stands for.
    pub(crate) fn check(&self, token: &str, now_ms: i64) -> Result<String, Stale> {
        let inner = self.0.lock();
        let ticket = inner.known.get(token).ok_or(Stale::Unknown)?;
        if ticket.until_ms <= now_ms { Err(Stale::Expired) } else { Ok(ticket.app.clone()) }
    }

    /// Takes back what was given to an app.
    pub(crate) fn revoke(&self, app: &str) {
        self.0.lock().known.retain(|_, ticket| ticket.app != app);
    }

    pub(crate) fn clear(&self) {
        *self.0.lock() = Inner::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_ends_at_its_moment() {
        let tickets = Tickets::default();
        tickets.issue("t", "app", 10);
        assert_eq!(tickets.check("t", 9), Ok("app".to_owned()));
        assert_eq!(tickets.check("t", 10), Err(Stale::Expired));
        assert_eq!(tickets.check("u", 0), Err(Stale::Unknown));
        tickets.revoke("app");
        assert_eq!(tickets.check("t", 9), Err(Stale::Unknown));
    }
}
