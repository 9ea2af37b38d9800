//! The offline push of a message to a group: one outbox row, worked off page by page of members.
//!
//! What is left of a row after a page goes back under its id with the place where the next page begins, in the
//! transaction that made this page's deliveries: a crash neither repeats nor forgets anybody.

use contract::group::ReceiveOption;
use contract::{Failure, Millis, Result, UserId, limit};
use serde::{Deserialize, Serialize};
use store::deliveries::{self, Route, Task};
use store::groups::{members, messages};
use store::outbox::{self, Item};
use store::{GROUP_PUSH, Tx, accounts};

use super::intake::ways_of;
use crate::chat::Notice;
use crate::notice;

/// Members of one transaction.
const PAGE: usize = 500;

/// Rows of one transaction.
const ROWS: usize = 2;

/// What is kept of a message until all its members are served.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Work {
    #[serde(flatten)]
    notice: Notice,
    /// The last member that was served.
    #[serde(default)]
    after: String,
    /// Deliveries that were made.
    #[serde(default)]
    made: i64,
}

/// Serves a page of members of each of some messages; answers whether there may be more.
pub(super) fn take(tx: &mut Tx<'_>, now: Millis) -> Result<bool> {
    let items = outbox::take(tx, GROUP_PUSH, now, ROWS)?;
    let mut has_more = items.len() == ROWS;
    for item in items {
        has_more |= take_one(tx, now, item)?;
    }
    Ok(has_more)
}

fn take_one(tx: &mut Tx<'_>, now: Millis, item: Item) -> Result<bool> {
    let mut work: Work = match serde_json::from_str(&item.payload) {
        Ok(work) => work,
        Err(error) => {
            tracing::error!(app = %tx.app(), id = item.id, %error, "a notice cannot be read and is dropped");
            return Ok(false);
        }
    };
    let expires_at = item.due_at.plus(limit::LIFE_TIME_S * 1_000);
    let Some(conversation) = item.conversation.filter(|_| expires_at > now) else { return Ok(false) };
    // A message that is gone, with its group or recalled, is nobody's news any more.
    let Some(message) = messages::at(tx, conversation, item.seq)? else { return Ok(false) };
    if message.flags.has(contract::message::Flags::RECALLED) {
        return Ok(false);
    }
    let page = members::reached(tx, conversation, &work.after, PAGE)?;
    let is_last = page.len() < PAGE;
    let nick = accounts::get(tx, &UserId::trusted(&work.notice.sender))?.map(|sender| sender.nick).unwrap_or_default();
    let notification = notice::notification(&work.notice, &nick);
    for (account, receive, is_reached) in &page {
        let is_mentioned = message.mentions_all || message.mentions.contains(account);
        let is_wanted = match receive {
            ReceiveOption::AcceptAndNotify => true,
            // Who is mentioned is called although the group is muted.
            ReceiveOption::AcceptNotNotify => is_mentioned,
            ReceiveOption::Discard => false,
        };
        if !is_reached || !is_wanted || *account == message.sender || !message.is_for(account) {
            continue;
        }
        let ways = ways_of(tx, now, account, &notification)?;
        if ways.is_empty() {
            continue;
        }
        if work.made == 0 {
            let text = serde_json::to_string(&notification).map_err(Failure::internal)?;
            let message = Some((conversation, item.seq));
            let (id, route) = (item.id, Route::default());
            let task = Task { id, notification: text, created_at: now, expires_at, is_kept: true, message, route };
            deliveries::add_task(tx, &task)?;
        }
        deliveries::add_ways(tx, item.id, work.made, account.as_str(), &ways, now)?;
        work.made += ways.len() as i64;
    }
    if let Some((account, ..)) = page.last().filter(|_| !is_last) {
        work.after = account.to_string();
        let payload = serde_json::to_string(&work).map_err(Failure::internal)?;
        outbox::put_back(tx, GROUP_PUSH, &Item { payload, ..item })?;
    }
    Ok(!is_last)
}
