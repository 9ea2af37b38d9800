//! Broadcasts on the connection: one message for many accounts, and what a device that returns has missed of them.
//!
//! A broadcast is kept once. A device asks for what came after the last that it knows; whether its account matches is
//! decided then, so nothing is written for those who were away.

use std::sync::Arc;

use contract::event::Broadcast;
use contract::frame::wire::{self, BroadcastNotice, BroadcastsAnswer, BroadcastsRequest};
use contract::frame::{Command, Frame};
use contract::message::{Flags, Message};
use contract::{AppId, Fault, Millis, MsgKey, Result, Seq, UserId, limit};
use push::broadcast::{Audience, Traits};
use serde_json::{Value, json};
use store::Snapshot;
use store::broadcasts::{self, Order};

use crate::announce::shown;
use crate::hub::Hub;
use crate::request::Call;

/// What is handed to connected accounts as a message that passes by, in the words in which it is kept.
pub fn matter(msg_seq: u32, body: &Value) -> String {
    json!({ "pass": { "seq": msg_seq, "body": body.to_string() } }).to_string()
}

/// The message of a broadcast, if it carries one that passes by.
pub fn passing(order: &Order) -> Option<Broadcast> {
    let matter: Value = serde_json::from_str(&order.matter).ok()?;
    let message = matter.get("pass")?;
    let seq = u32::try_from(message.get("seq")?.as_u64()?).ok()?;
    Some(Broadcast {
        number: order.number,
        before: order.kept_before,
        sender: order.sender.clone(),
        key: MsgKey { time: order.created_at.secs(), seq, random: order.random },
        at: order.created_at,
        body: message.get("body")?.as_str()?.into(),
    })
}

impl Hub {
    /// Tells the connected devices of accounts, here and on other nodes. Answers how many accounts have some here.
    pub fn pass_broadcast(&self, app: AppId, accounts: &Arc<[UserId]>, broadcast: &Arc<Broadcast>) -> u64 {
        let reached = self.deliver_broadcast(app, accounts, broadcast);
        self.publish_broadcast(app, accounts, broadcast);
        reached
    }

    /// Encodes once, whoever many are here.
    pub(crate) fn deliver_broadcast(&self, app: AppId, accounts: &[UserId], broadcast: &Broadcast) -> u64 {
        let mut frame = None;
        let mut reached = 0;
        for account in accounts {
            let mut sessions = self.registry.of_account(app, account);
            sessions.retain(|session| session.is_in());
            if sessions.is_empty() {
                continue;
            }
            reached += 1;
            let bytes = frame.get_or_insert_with(|| notice(broadcast).to_bytes());
            for session in &sessions {
                self.push_bytes(&session.link, bytes.clone());
            }
        }
        reached
    }
}

fn notice(broadcast: &Broadcast) -> Frame {
    let body = BroadcastNotice {
        broadcast: Some(wired(broadcast)),
        before: broadcast.before.unwrap_or_default() as u64,
        kept: broadcast.before.is_some(),
    };
    Frame::notice(Command::Broadcast, &body).compressed()
}

fn wired(broadcast: &Broadcast) -> wire::Broadcast {
    let message = Message {
        sender: broadcast.sender.clone(),
        // The same for everybody: a device knows whose it is.
        receiver: UserId::trusted(""),
        key: broadcast.key,
        seq: Seq(0),
        at: broadcast.at,
        body: Arc::clone(&broadcast.body),
        cloud: "".into(),
        flags: Flags::default().with(Flags::MOVES_LIST).with(Flags::COUNTS),
    };
    wire::Broadcast { number: broadcast.number as u64, message: Some(shown(&message)) }
}

/// Reads what is kept for a device that returns.
pub(crate) async fn since(call: &Call, request: BroadcastsRequest) -> Result<BroadcastsAnswer> {
    let after = i64::try_from(request.after).map_err(|_| Fault::FieldInvalid { field: "after" })?;
    let count = match request.count as usize {
        0 => limit::BROADCAST_PAGE,
        count => count.min(limit::BROADCAST_PAGE),
    };
    let (now, account) = (call.now, call.session.account.clone());
    let read = move |snapshot: &mut Snapshot<'_>| missed(snapshot, now, &account, after, count);
    call.hub.store.read(call.app.id, read).await
}

fn missed(
    snapshot: &mut Snapshot<'_>,
    now: Millis,
    account: &UserId,
    after: i64,
    count: usize,
) -> Result<BroadcastsAnswer> {
    let newest = broadcasts::newest_kept(snapshot)?;
    let found = broadcasts::kept_after(snapshot, after, count)?;
    let mut is_finished = found.len() < count;
    let traits = if found.is_empty() { Traits::default() } else { Traits::of(snapshot, account)? };
    let (mut answer, mut bytes, mut next) = (BroadcastsAnswer::default(), 0, after);
    for one in &found {
        let matches = serde_json::from_str::<Audience>(&one.order.audience).is_ok_and(|of| of.holds(&traits));
        if one.order.expires_at > now
            && matches
            && let Some(broadcast) = passing(&one.order)
        {
            bytes += broadcast.body.len() + ENVELOPE_BYTES;
            if bytes > ANSWER_BYTES {
                is_finished = false;
                break;
            }
            answer.broadcasts.push(wired(&broadcast));
        }
        next = one.order.number;
    }
    // What was kept once and is no more needs no second look.
    answer.next = if is_finished { next.max(newest) } else { next } as u64;
    answer.finished = is_finished;
    Ok(answer)
}

/// Bytes of broadcasts in one answer: it must fit into a frame, and the largest broadcast into it.
const ANSWER_BYTES: usize = limit::FRAME_BYTES / 2;
/// What a broadcast costs besides its body.
const ENVELOPE_BYTES: usize = 256;
