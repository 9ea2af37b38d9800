//! Several devices of one account, and how they are sent away.

use std::sync::atomic::Ordering;

use contract::DeviceId;
use contract::codes::{Account, Message, SdkAccount};
use contract::frame::Command;
use contract::frame::wire::{PushRegistration, TokenRequest};
use store::bindings;

use crate::world::{APP, Device, Empty, World, is_refusal, text};

async fn is_kicked(device: &mut Device, row: impl Into<&'static contract::codes::Row>) {
    is_refusal(&device.notice(Command::Kicked).await, row);
    device.ends().await;
}

#[tokio::test]
async fn a_second_device_of_a_platform_replaces_the_first_and_others_stay() {
    let world = World::new().await;
    let mut phone = world.device_on("alice", "phone", 2).await;
    let mut web = world.device_on("alice", "web", 3).await;
    let mut newer = world.device_on("alice", "newer", 2).await;
    is_kicked(&mut phone, SdkAccount::ReplacedByOther).await;
    assert!(web.is_silent().await && newer.is_silent().await);
}

#[tokio::test]
async fn plans_allow_more_web_instances_and_the_oldest_goes_first() {
    let world = World::new().await;
    world.desk.change(|app| app.plan = "flagship".into());
    let mut web = Vec::new();
    for number in 0..10 {
        web.push(world.device_on("alice", &format!("web{number}"), 3).await);
        world.desk.advance(1);
    }
    let mut last = world.device_on("alice", "web10", 3).await;
    is_kicked(&mut web[0], Message::WebInstanceReplaced).await;
    assert!(web[1].is_silent().await && last.is_silent().await);
}

#[tokio::test]
async fn a_web_instance_too_many_learns_so_by_a_code_of_its_own_wherever_it_is() {
    let world = World::new().await;
    let mut first = world.device_on("alice", "web1", 3).await;
    let mut second = world.device_on("alice", "web2", 3).await;
    is_kicked(&mut first, Message::WebInstanceReplaced).await;
    let grant = second.grant.clone();
    world.is_deaf.store(true, Ordering::SeqCst);
    let third = world.device_on("alice", "web3", 3).await;
    let beat = second.number(crate::world::Body::request(&Empty, Command::Heartbeat));
    second.send(beat).await;
    is_kicked(&mut second, Message::WebInstanceReplaced).await;
    let mut again = world.connect().await;
    is_refusal(&again.resume(&grant, "alice", "web2").await, Message::WebInstanceReplaced);
    let answer = again.resume(&grant, "alice", "web2").await;
    again.keep(&answer);
    drop(third);
    // The same instance again is none too many.
    world.is_deaf.store(false, Ordering::SeqCst);
    let mut newer = world.device_on("alice", "web2", 3).await;
    is_kicked(&mut again, SdkAccount::ReplacedByOther).await;
    assert!(newer.is_silent().await);
}

#[tokio::test]
async fn nobody_logs_in_as_a_robot() {
    let world = World::new().await;
    let mut device = world.connect().await;
    device.account = "@RBT#bot".into();
    let login = world.login("@RBT#bot", "phone");
    is_refusal(&device.call(Command::Login, &login).await, Message::RequestIllegal);
}

#[tokio::test]
async fn a_new_connection_of_a_device_ends_its_old_one() {
    let world = World::new().await;
    let mut old = world.device("alice", "phone").await;
    let mut new = world.device("alice", "phone").await;
    is_kicked(&mut old, SdkAccount::ReplacedByOther).await;
    assert!(new.is_silent().await);
}

#[tokio::test]
async fn a_kick_ends_every_session_of_the_account() {
    let world = World::new().await;
    let mut phone = world.device_on("alice", "phone", 2).await;
    let mut desk = world.device_on("alice", "desk", 4).await;
    let mut bob = world.device("bob", "phone-of-bob").await;
    world.kick("alice").await;
    is_kicked(&mut phone, Account::UserSigExpired).await;
    is_kicked(&mut desk, Account::UserSigExpired).await;
    assert!(bob.is_silent().await);
    assert_eq!(world.hub.counters().kicked, 2);
}

#[tokio::test]
async fn a_kick_that_the_bus_lost_holds_at_the_next_heartbeat() {
    let world = World::new().await;
    let mut phone = world.device("alice", "phone").await;
    world.is_deaf.store(true, Ordering::SeqCst);
    world.kick("alice").await;
    let beat = phone.number(crate::world::Body::request(&Empty, Command::Heartbeat));
    phone.send(beat).await;
    is_kicked(&mut phone, Account::UserSigExpired).await;
}

#[tokio::test]
async fn a_device_whose_kick_the_bus_lost_is_not_bound_to_its_account_any_more() {
    let world = World::new().await;
    let mut phone = world.device("alice", "phone").await;
    world.is_deaf.store(true, Ordering::SeqCst);
    world.kick("alice").await;
    let register = PushRegistration { os: 2, ..PushRegistration::default() };
    is_refusal(&phone.call(Command::PushRegister, &register).await, Account::UserSigExpired);
    let token = TokenRequest { channel: "noroshi".into(), ..TokenRequest::default() };
    is_refusal(&phone.call(Command::SetToken, &token).await, Account::UserSigExpired);
    let read = |snapshot: &mut store::Snapshot<'_>| {
        let tokens = bindings::tokens_of_device(snapshot, &DeviceId::trusted("phone"))?;
        Ok((bindings::devices_of_account(snapshot, "alice", "")?, tokens))
    };
    assert_eq!(world.store.read(APP, read).await, Ok((Vec::new(), Vec::new())));
}

#[tokio::test]
async fn a_replacement_that_the_bus_lost_holds_at_the_next_heartbeat() {
    let world = World::new().await;
    let mut old = world.device("alice", "old").await;
    world.is_deaf.store(true, Ordering::SeqCst);
    let mut new = world.device("alice", "new").await;
    let beat = old.number(crate::world::Body::request(&Empty, Command::Heartbeat));
    old.send(beat).await;
    is_kicked(&mut old, SdkAccount::ReplacedByOther).await;
    assert!(new.is_silent().await);
}

#[tokio::test]
async fn a_message_to_oneself_arrives_once_on_each_other_device() {
    let world = World::new().await;
    let mut phone = world.device_on("alice", "phone", 2).await;
    let mut desk = world.device_on("alice", "desk", 4).await;
    assert_eq!(phone.call(Command::Send, &text("alice", 1)).await.code, 0);
    desk.notice(Command::Message).await;
    assert!(desk.is_silent().await && phone.is_silent().await);
}
