//! Groups as the connections of this node see them.
//!
//! * `seats`: which group has which connections here, and the way back. `fan_out`: one encoding of a notice goes to all of
//!   them, in the order of the group, without holding up whoever committed it.
//! * `live`: rooms that exist only while connections are in them. `attendance`: what apps hear of those who come and go.
//! * `notice`, `tell`: what happened in a group becomes notices.
//! * `post`: the one way of a message into a group; `known`: what need not be looked up for it again; `told`: what webhooks hear of it that the append writer does not see. `ask`: what a device asks about groups and
//!   their members. `speak`: what it does with messages.
//! * `attributes`, `room`, `topic`, `permission`: what a device asks about these.
//!
//! **Memory.** A membership costs a seat (8 bytes, and 4 once it was left) in its group and an entry (16 bytes) at its
//! session, whatever the ids are: 40 bytes with the slack of both lists. A group that nobody here is in costs nothing.
//! [`seats::SEATS_MAX`] memberships of a node are 400 MB; beyond it a connection is told to ask instead of being told.

pub(crate) mod ask;
pub(crate) mod attendance;
pub(crate) mod attributes;
pub(crate) mod fan_out;
mod known;
pub(crate) mod live;
mod notice;
pub(crate) mod permission;
mod post;
pub(crate) mod room;
pub(crate) mod seats;
pub(crate) mod speak;
mod tell;
mod told;
pub(crate) mod topic;

pub(crate) use fan_out::FanOut;
pub(crate) use known::Known;
pub use post::{Asked, Post, Posted};
pub(crate) use seats::{Groups, Memberships};

use std::sync::Arc;

use contract::{ConversationId, Failure, Result, limit};

use crate::hub::Hub;
use crate::registry::Session;

/// Times that a list of groups is read anew because too much changed meanwhile.
const READS: usize = 3;

/// Seats a session that is on its way in in all its groups. What is committed from here on reaches it; what was before is
/// in the store, where the device looks next.
pub(crate) async fn load(hub: &Hub, session: &Arc<Session>) -> Result<()> {
    for _ in 0..READS {
        Groups::begin(session);
        let groups = joined(hub, session).await?;
        if hub.groups.finish(session, &groups) {
            return Ok(());
        }
    }
    Err(Failure::Overloaded("an account's groups change faster than they can be read".into()).into())
}

async fn joined(hub: &Hub, session: &Session) -> Result<Vec<ConversationId>> {
    let mut groups: Vec<ConversationId> = Vec::new();
    while groups.len() < seats::SEATS_PER_SESSION {
        let (account, after) = (session.account.clone(), groups.last().copied());
        let read =
            move |snapshot: &mut store::Snapshot<'_>| store::heard::page(snapshot, &account, after, limit::STORE_PAGE);
        let page = hub.store.read(session.app, read).await?;
        let is_last = page.len() < limit::STORE_PAGE;
        groups.extend(page);
        if is_last {
            break;
        }
    }
    Ok(groups)
}
