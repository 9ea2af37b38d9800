//! Broadcasts: attributes and tags, pushes to all, pushes to named ones, revocation, and what devices see of them.
//!
//! * `tagging`: attributes and tags by both products. `im_push`, `timpush`: the pushes. `desk`: what an operator sees.

mod desk;
mod im_push;
mod tagging;
mod timpush;

use std::time::Duration;

use client::{Client, Event, Events, Message, Platform, Settings, Storage};
use contract::Millis;
use serde_json::Value;
use store::broadcasts::{self, Broadcast};

use crate::harness::{APP, Im};

/// Nothing here takes long; what takes this long is broken.
const BOUND: Duration = Duration::from_secs(30);

/// A client of an account on a device, that is logged in.
async fn device(im: &Im, user: &str, name: &str, storage: Storage) -> (Client, Events) {
    let mut settings = Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, name);
    settings.storage = storage;
    // Two devices of one platform would take turns.
    settings.platform = if name == "desk" { Platform::Pc } else { Platform::Android };
    let client = Client::new(settings).expect("the settings are good");
    let events = client.events().expect("taken once");
    let login = tokio::time::timeout(BOUND, client.login(user, &im.sig(user))).await;
    login.expect("in time").expect("logs in");
    (client, events)
}

/// The next message that a device is told.
async fn message(events: &mut Events) -> Message {
    let next = async {
        loop {
            if let Event::Message(message) = events.next().await.expect("the client lives") {
                return message;
            }
        }
    };
    tokio::time::timeout(BOUND, next).await.expect("a message comes")
}

/// Whether nothing but what is named comes before the next message from `from`, who writes to `user` now.
async fn is_silent_until(im: &Im, events: &mut Events, from: &str, user: &str) -> bool {
    im.text(from, user, 4_000_000_000, "the mark").await;
    message(events).await.text() == "the mark"
}

/// The number in a task's id.
fn number(answer: &Value) -> i64 {
    let id = answer["TaskId"].as_str().expect("an id");
    id.trim_start_matches("batch_").split('_').nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// Waits until a broadcast has ended.
async fn ends(im: &Im, number: i64) -> Broadcast {
    let deadline = std::time::Instant::now() + BOUND;
    loop {
        let found = im.node().store.read(APP, move |snapshot| broadcasts::get(snapshot, number)).await;
        let found = found.expect("the store answers").expect("the broadcast is there");
        if found.ended_at != Millis(0) {
            return found;
        }
        assert!(std::time::Instant::now() < deadline, "it does not end: {found:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
