//! Logins that succeed.

use contract::frame::wire::{LoginRequest, StatusAnswer, StatusRequest};
use contract::frame::{Command, Frame};
use contract::{DeviceId, Millis, UserId};
use tokio_tungstenite::tungstenite::Message;

use crate::world::{APP, Empty, World, eventually};

#[tokio::test]
async fn a_login_creates_the_account_and_is_answered_with_all_that_a_resume_needs() {
    let world = World::new().await;
    let device = world.device("alice", "phone").await;
    let now = world.hub.counters();
    assert_eq!((now.connections, now.logins), (1, 1));
    assert!(!device.grant.ticket.is_empty() && !device.grant.key.is_empty());
    assert_eq!(device.grant.cookie.len(), 8);
    assert_eq!(device.grant.heartbeat_ms, 120_000);
    assert_eq!(device.grant.ticket_expires_at, device.grant.server_time + 7 * 86_400_000);
    let alice = UserId::trusted("alice");
    let account = world.store.read(APP, move |snapshot| store::accounts::get(snapshot, &alice)).await.unwrap();
    assert!(account.is_some_and(|account| account.is_alive()));
}

#[tokio::test]
async fn a_web_device_is_told_to_beat_faster_than_its_silence() {
    let world = World::new().await;
    let device = world.device_on("alice", "browser", 3).await;
    assert_eq!(device.grant.heartbeat_ms, 20_000);
}

#[tokio::test]
async fn presence_follows_the_connection() {
    let world = World::new().await;
    let mut watcher = world.device("bob", "phone").await;
    let device = world.device("alice", "phone").await;
    let ask = StatusRequest { accounts: vec!["alice".into(), "nobody".into(), "\u{1}".into()] };
    let answer: StatusAnswer = watcher.call(Command::Status, &ask).await.read().unwrap();
    let items: Vec<_> = answer.items.iter().map(|item| (item.status.as_str(), item.code)).collect();
    let (unknown, bad) = (contract::codes::Account::AccountUnknown, contract::codes::Account::FieldInvalid);
    let number = |code: contract::codes::Account| code.row().number().unwrap();
    assert_eq!(items, [("Online", 0), ("", number(unknown)), ("", number(bad))]);
    drop(device);
    eventually("alice is reached by push only", async || {
        let answer: StatusAnswer = watcher.call(Command::Status, &ask).await.read().unwrap();
        answer.items[0].status == "PushOnline"
    })
    .await;
}

#[tokio::test]
async fn a_logout_ends_the_session_for_good() {
    let world = World::new().await;
    let mut device = world.device("alice", "phone").await;
    let answer = device.call(Command::Logout, &Empty).await;
    assert_eq!(answer.code, 0);
    device.ends().await;
    let id = DeviceId::trusted("phone");
    let found = world.store.read(APP, move |snapshot| store::devices::get(snapshot, &id)).await.unwrap().unwrap();
    assert!(!found.is_logged_in);
    assert!(!found.is_connected(Millis(found.node_seen_at.0)));
}

#[tokio::test]
async fn a_refused_login_may_be_tried_again_on_the_same_connection() {
    let world = World::new().await;
    let mut device = world.connect().await;
    device.account = "alice".into();
    let bad = LoginRequest { user_sig: String::new(), ..world.login("alice", "phone") };
    assert_ne!(device.call(Command::Login, &bad).await.code, 0);
    device.log_in("alice", &world.login("alice", "phone")).await;
    assert!(device.is_silent().await);
}

#[tokio::test]
async fn who_asks_and_hangs_up_at_once_is_still_served() {
    let world = World::new().await;
    for is_polite in [true, false] {
        let mut device = world.device("alice", "phone").await;
        let logout = device.number(Frame { command: Command::Logout.into(), ..Frame::default() });
        device.send(logout).await;
        if is_polite {
            device.say(Message::Close(None)).await;
            while device.next().await.is_some() {}
        }
        drop(device);
        eventually("the device is logged out", async || {
            let id = DeviceId::trusted("phone");
            let found = world.store.read(APP, move |snapshot| store::devices::get(snapshot, &id)).await;
            found.unwrap().is_some_and(|device| !device.is_logged_in)
        })
        .await;
        eventually("its place is free", async || world.hub.connections() == 0).await;
    }
}
