//! Live rooms as devices use them: come in, leave, look who is there, keep somebody out.

use std::sync::Arc;

use chat::ground::By;
use chat::live;
use contract::event::Event;
use contract::frame::wire::{
    GroupRef, LiveBanRequest, LiveEntered, LiveGuests, LiveGuestsRequest, LiveOnline, live_guests,
};
use contract::frame::{Command, Frame};
use contract::group::{GroupEvent, GroupId, GroupKind, GroupMessage};
use contract::{AppId, ConversationId, Error, Fault, Millis, Result, Seq, UserId, limit};
use store::Store;

use super::live::Found;
use super::seats::Seated;
use crate::hub::Hub;
use crate::request::Call;

/// Live rooms of one connection.
pub(crate) const ROOMS_MAX: usize = 20;

/// Who acts on a group by a device; `conversation` is the group's, if it is known to be a live room.
pub(crate) fn by(call: &Call, conversation: Option<ConversationId>) -> By {
    let is_guest = conversation.is_some_and(|room| call.session.live.lock().contains(&room));
    By::Device { account: call.session.account.clone(), is_guest }
}

/// Reads the id of a group.
pub(crate) fn group(text: &str) -> Result<GroupId, Fault> {
    GroupId::parse(text)
}

/// Comes into a room.
pub(crate) async fn enter(call: &Call, request: GroupRef) -> Result<LiveEntered> {
    let id = group(&request.group)?;
    let (now, account, asked) = (call.now, call.session.account.clone(), id.clone());
    let read = move |snapshot: &mut store::Snapshot<'_>| live::enter(snapshot, now, &asked, &account);
    let (room, role) = call.hub.store.read(call.app.id, read).await?;
    let key = (call.app.id, room.conversation);
    let found = seat(call, key, &id)?;
    // Whoever was kept out, or the room that ended, between the look and the seat was not found in it: so it looks again.
    let (now, account, asked) = (call.now, call.session.account.clone(), id.clone());
    let again = move |snapshot: &mut store::Snapshot<'_>| live::enter(snapshot, now, &asked, &account);
    let again = call.hub.store.read(call.app.id, again).await;
    if again.as_ref().map(|(room, _)| room.conversation).ok() != Some(key.1) {
        // Whoever took everybody out may have come before this guest was in the room, and taken the seat alone.
        if !vacate(call, key, &id) && call.hub.live.remove(key, &call.session.account) {
            call.hub.tell_went(key, &id, &call.session.account);
        }
        return again.and_then(|_| Err(Fault::GroupGone.into()));
    }
    Ok(LiveEntered {
        online: found.online as u32,
        role: role as u32,
        recent: found.recent.into_iter().map(Into::into).collect(),
    })
}

fn seat(call: &Call, key: (AppId, ConversationId), id: &GroupId) -> Result<Found, Fault> {
    let (hub, session) = (&call.hub, &call.session);
    // Held to the end: of two frames of one connection one does it all.
    let mut rooms = session.live.lock();
    if rooms.contains(&key.1) {
        return Err(Fault::AlreadyMember);
    }
    if rooms.len() >= ROOMS_MAX {
        return Err(Fault::JoinedQuota { max: ROOMS_MAX as i64 });
    }
    if hub.groups.join(session, key.1) == Seated::No {
        return Err(Fault::NodeBusy);
    }
    rooms.insert(key.1);
    let found = hub.live.enter(key, id, &session.account, call.now);
    if found.is_first && hub.tells_attendance(key.0) {
        hub.attendance.came(key, id, &session.account);
    }
    Ok(found)
}

/// Leaves a room; whoever was not in it is refused.
pub(crate) async fn leave(call: &Call, request: GroupRef) -> Result<()> {
    let id = group(&request.group)?;
    let room = call.hub.store.read(call.app.id, move |snapshot| live::room(snapshot, &id)).await?;
    if room.owner.as_ref() == Some(&call.session.account) {
        return Err(Fault::OwnerMayNotLeave.into());
    }
    if vacate(call, (call.app.id, room.conversation), &room.id) {
        return Ok(());
    }
    Err(stranger(&call.hub.store, call.app.id, room.id).await)
}

/// Why somebody who has no seat in a room is refused. A seat is lost after the end of the room is stored: so who lost it
/// between two looks learns that the room is over, not that it never was in it.
pub(crate) async fn stranger(store: &Store, app: AppId, id: GroupId) -> Error {
    let again = store.read(app, move |snapshot| live::room(snapshot, &id)).await;
    again.err().unwrap_or_else(|| Fault::GroupForbidden.into())
}

/// Gives the seat of a connection back; answers whether it had one.
fn vacate(call: &Call, key: (AppId, ConversationId), id: &GroupId) -> bool {
    let (hub, session) = (&call.hub, &call.session);
    if !session.live.lock().remove(&key.1) {
        return false;
    }
    hub.groups.leave(session, key.1);
    if hub.live.depart(key, &session.account, call.now) {
        hub.tell_went(key, id, &session.account);
    }
    true
}

/// The room that a device asks about, in which it must be.
async fn inside(call: &Call, text: &str) -> Result<(AppId, ConversationId)> {
    let id = group(text)?;
    let room = call.hub.store.read(call.app.id, move |snapshot| live::room(snapshot, &id)).await?;
    let is_owner = room.owner.as_ref() == Some(&call.session.account);
    if is_owner || call.session.live.lock().contains(&room.conversation) {
        Ok((call.app.id, room.conversation))
    } else {
        Err(stranger(&call.hub.store, call.app.id, room.id).await)
    }
}

/// Lists who is in a room, the latest first.
pub(crate) async fn guests(call: &Call, request: LiveGuestsRequest) -> Result<LiveGuests> {
    let key = inside(call, &request.group).await?;
    let page = call.hub.live.guests(key, None, request.after, limit::LIVE_PAGE, shown(&call.app));
    let guest = |guest: super::live::Guest| live_guests::Guest {
        account: guest.account.to_string(),
        since: guest.since.secs(),
    };
    Ok(LiveGuests { guests: page.guests.into_iter().map(guest).collect(), next: page.next })
}

/// How many of the latest guests pages show.
fn shown(app: &store::apps::App) -> usize {
    if live::check_managed(app).is_ok() { limit::LIVE_SHOWN } else { limit::LIVE_SHOWN_LESS }
}

/// Counts who is in a room.
pub(crate) async fn online(call: &Call, request: GroupRef) -> Result<LiveOnline> {
    let key = inside(call, &request.group).await?;
    Ok(LiveOnline { online: call.hub.live.online(key) as u32 })
}

/// Keeps accounts out of a room, or lets them in again.
pub(crate) async fn ban(call: &Call, request: LiveBanRequest) -> Result<()> {
    let LiveBanRequest { group: text, accounts, seconds, reason } = request;
    let id = group(&text)?;
    if accounts.is_empty() || accounts.len() > limit::BAN_BATCH {
        return Err(Fault::BatchSizeInvalid { max: limit::BAN_BATCH }.into());
    }
    let max = limit::BAN_REASON_BYTES;
    if reason.len() > max {
        return Err(Fault::FieldTooLong { field: "reason", max }.into());
    }
    let accounts: Vec<UserId> = accounts
        .iter()
        .map(|account| UserId::parse(account).map_err(|_| Fault::FieldInvalid { field: "accounts" }))
        .collect::<Result<_, Fault>>()?;
    let (app, by, now) = (Arc::clone(&call.app), by(call, None), call.now);
    if seconds == 0 {
        return call.write(move |tx| live::unban(tx, &app, &id, &by, &accounts)).await;
    }
    let (banned, asked, terms) = (accounts.clone(), id.clone(), live::Terms { seconds: seconds.into(), reason });
    let write = move |tx: &mut store::Tx<'_>| live::ban(tx, now, &app, &asked, &by, &banned, &terms);
    let room = call.write(write).await?;
    call.hub.remove_guests(call.app.id, room.conversation, &id, &accounts);
    Ok(())
}

impl Hub {
    /// Notes that a guest is in a room no more, for the webhook that tells of it.
    fn tell_went(&self, key: (AppId, ConversationId), id: &GroupId, account: &UserId) {
        if self.tells_attendance(key.0) {
            self.attendance.went(key, id, account);
        }
    }

    /// The live rooms of this node.
    pub const fn live(&self) -> &super::live::LiveRooms {
        &self.live
    }

    /// Sends a message to everybody who is in a live room of the app, at most once a second. Answers its place among such
    /// messages.
    pub fn tell_live_rooms(&self, app: AppId, now: Millis, message: &GroupMessage) -> Result<Seq, Fault> {
        // No group has this conversation: what goes to all is counted under it.
        let all = ConversationId([0; 16]);
        if !self.flow.lock().take(app, all, message.priority, now, 1) {
            return Err(Fault::GroupSendThrottled);
        }
        for ((_, conversation), group) in self.live.of_app(app, limit::LIVE_ROOMS_TOLD) {
            let seq = self.live.next_place((app, conversation), now);
            let message = Arc::new(GroupMessage { seq, ..message.clone() });
            let kind = GroupKind::Live;
            let event = GroupEvent::Message { group, conversation, kind, members: 0, message, origin: None };
            self.announce(app, &[Event::Group(event)]);
        }
        Ok(self.live.next_place((app, all), now))
    }

    /// Takes accounts out of a live room; their devices are told.
    pub fn remove_guests(&self, app: AppId, room: ConversationId, id: &GroupId, accounts: &[UserId]) {
        let over = Frame::notice(Command::LiveOver, &GroupRef { group: id.to_string() });
        for account in accounts {
            for session in self.registry.of_account(app, account) {
                if session.live.lock().remove(&room) {
                    self.groups.leave(&session, room);
                    self.tell(&session, &over);
                }
            }
            if self.live.remove((app, room), account) && self.tells_attendance(app) {
                self.attendance.went((app, room), id, account);
            }
        }
    }
}
