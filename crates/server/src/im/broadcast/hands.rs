//! How a broadcast gets to accounts: as a message that passes by, as a message of their conversations, or as the recall of
//! one. What is to be done is kept with the broadcast, as its matter.

use std::sync::Arc;

use contract::message::Flags;
use contract::{AppId, Error, Failure, Millis, MsgKey, Result, UserId, limit};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use gateway::Hub;
use push::broadcast::Devices;
use serde_json::{Value, json};
use store::append::{Draft, DraftKind};
use store::broadcasts::Order;
use store::{Store, broadcasts};

use crate::clock::Clock;

/// Sends of one slice that are under way at a time: enough to fill a commit, few enough to leave room for others.
const UNDER_WAY: usize = 32;

/// A message for the history of every account: the matter of a broadcast.
pub fn stored(msg_seq: u32, body: &Value, push: Option<String>, is_admin: bool) -> String {
    json!({ "store": { "seq": msg_seq, "body": body.to_string(), "push": push, "admin": is_admin } }).to_string()
}

/// Nothing but a notification, to all devices or to those that are connected.
pub fn nothing(is_connected: bool) -> String {
    if is_connected { json!({ "connected": true }).to_string() } else { String::new() }
}

/// What takes back the messages that a broadcast stored, if it stored any.
pub fn recalled(order: &Order, now: Millis) -> Option<String> {
    let seq = part(order, "store")?.get("seq")?.as_u64()?;
    let span = json!({ "seq": seq, "random": order.random, "sender": order.sender.as_str(),
        "from": order.created_at.secs(), "to": now.secs() + 1 });
    Some(json!({ "recall": span }).to_string())
}

fn part(order: &Order, name: &str) -> Option<Value> {
    serde_json::from_str::<Value>(&order.matter).ok()?.get_mut(name).map(Value::take)
}

/// The node as its broadcasts see it.
pub struct Hands {
    /// What is remembered.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Connected devices.
    pub hub: Arc<Hub>,
}

impl push::broadcast::Hands for Hands {
    fn hand<'a>(&'a self, app: AppId, order: &'a Order, accounts: &'a [UserId]) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            if let Some(broadcast) = gateway::broadcast::passing(order) {
                return Ok(self.hub.pass_broadcast(app, &accounts.into(), &Arc::new(broadcast)));
            }
            if let Some(message) = part(order, "store") {
                return self.store_each(app, order, &message, accounts).await;
            }
            match part(order, "recall") {
                Some(span) => self.recall_each(app, &span, accounts).await,
                None => Ok(0),
            }
        })
    }

    fn devices(&self, order: &Order) -> Devices {
        if gateway::broadcast::passing(order).is_some() {
            Devices::Away
        } else if part(order, "connected").is_some() {
            Devices::Connected
        } else {
            Devices::All
        }
    }
}

impl Hands {
    /// Stores the message for each account, in its conversation with the sender. A slice that is done again after a crash
    /// repeats sends, which the store knows as such.
    async fn store_each(&self, app: AppId, order: &Order, message: &Value, accounts: &[UserId]) -> Result<u64> {
        let draft = draft(order, message).ok_or_else(|| Failure::internal("a broadcast's message cannot be read"))?;
        let mut drafts: Vec<Draft> = Vec::with_capacity(accounts.len());
        drafts.extend(accounts.iter().map(|account| Draft { receiver: account.clone(), ..draft.clone() }));
        drafts.retain(|draft| draft.receiver != draft.sender);
        let sends = drafts.into_iter().map(|draft| send(self.store.clone(), app, draft));
        let sent: Vec<Result<u64>> = stream::iter(sends).buffer_unordered(UNDER_WAY).collect().await;
        sent.into_iter().sum()
    }

    /// Recalls the message of each account that has it.
    async fn recall_each(&self, app: AppId, span: &Value, accounts: &[UserId]) -> Result<u64> {
        let number = |name: &str| span.get(name).and_then(Value::as_i64).unwrap_or_default();
        let sender = UserId::trusted(span.get("sender").and_then(Value::as_str).unwrap_or_default());
        let key = MsgKey { time: number("from"), seq: number("seq") as u32, random: number("random") as u32 };
        let (until, now, accounts) = (number("to"), self.clock.now(), accounts.to_vec());
        let recall = move |tx: &mut store::Tx<'_>| {
            let mut recalled = 0;
            for account in &accounts {
                let Some(key) = broadcasts::stored_key(tx, &sender, account, key, until)? else { continue };
                let by = chat::message::Recaller::Admin(sender.clone());
                match chat::message::recall(tx, now, &sender, account, key, &by) {
                    Ok(()) => recalled += 1,
                    // Recalled before, by whomever.
                    Err(Error::Fault(_)) => {}
                    Err(failure) => return Err(failure),
                }
            }
            Ok(recalled)
        };
        self.store.write(app, recall).await
    }
}

/// Answers how many were stored: one, or none if the account is gone since the slice was read.
async fn send(store: Store, app: AppId, draft: Draft) -> Result<u64> {
    match store.send(app, draft).await {
        Ok(_) => Ok(1),
        Err(Error::Fault(_)) => Ok(0),
        Err(failure) => Err(failure),
    }
}

fn draft(order: &Order, message: &Value) -> Option<Draft> {
    Some(Draft {
        push: message.get("push").and_then(Value::as_str).map(str::to_owned),
        is_admin: message.get("admin")?.as_bool()?,
        sender: order.sender.clone(),
        receiver: order.sender.clone(),
        group: None,
        msg_seq: Some(u32::try_from(message.get("seq")?.as_u64()?).ok()?),
        msg_random: order.random,
        // The same for everybody, and for a slice that is done again.
        at: order.created_at,
        kind: DraftKind::Live,
        body: message.get("body")?.as_str()?.to_owned(),
        cloud: String::new(),
        // A sender's own history would hold as many conversations as there are accounts.
        flags: Flags::default().with(Flags::COUNTS).with(Flags::MOVES_LIST).0,
        expires_at: order.created_at.plus(limit::LIFE_TIME_S * 1_000),
        origin: None,
        friends_only: false,
        told: None,
    })
}
