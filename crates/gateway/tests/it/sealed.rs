//! Sealed connections.

use contract::codes::Access;
use contract::frame::wire;
use contract::frame::{Command, Flag, Frame};
use store::apps::Sealing;

use crate::world::{World, is_refusal, text};

#[tokio::test]
async fn a_sealed_connection_logs_in_sends_and_hears() {
    let world = World::new().await;
    world.desk.change(|app| app.sealing = Sealing::Required);
    let mut alice = world.connect_sealed().await;
    alice.log_in("alice", &world.login("alice", "a")).await;
    let mut bob = world.connect_sealed().await;
    bob.log_in("bob", &world.login("bob", "b")).await;
    for number in 1..=5 {
        alice.write("bob", number).await;
        let message: wire::Message = bob.notice(Command::Message).await.read().unwrap();
        assert_eq!(message.body, text("bob", number).body);
    }
}

#[tokio::test]
async fn sealing_may_be_off() {
    let world = World::new().await;
    world.desk.change(|app| app.sealing = Sealing::Off);
    let mut alice = world.connect_sealed().await;
    alice.account = "alice".into();
    is_refusal(&alice.call(Command::Login, &world.login("alice", "a")).await, Access::CommandDisabled);
}

#[tokio::test]
async fn frames_that_cannot_be_opened_end_the_connection_after_a_few() {
    let world = World::new().await;
    let mut alice = world.connect_sealed().await;
    alice.log_in("alice", &world.login("alice", "a")).await;
    let noise = Frame { flags: Flag::Sealed as u32, body: vec![7; 100].into(), ..Frame::default() };
    for row in [Access::FrameMalformed, Access::FrameMalformed, Access::DecryptThrottled] {
        alice.raw(noise.to_bytes()).await;
        is_refusal(&alice.next().await.expect("a refusal"), row);
    }
    alice.ends().await;
}

#[tokio::test]
async fn a_sealed_connection_takes_nothing_in_the_open_and_an_open_one_nothing_sealed() {
    let world = World::new().await;
    let mut sealed = world.connect_sealed().await;
    sealed.raw(Frame::request(Command::Heartbeat, &()).to_bytes()).await;
    is_refusal(&sealed.next().await.expect("a refusal"), Access::FrameMalformed);
    let mut open = world.connect().await;
    let noise = Frame { flags: Flag::Sealed as u32, body: vec![7; 100].into(), ..Frame::default() };
    open.raw(noise.to_bytes()).await;
    is_refusal(&open.next().await.expect("a refusal"), Access::FrameMalformed);
}

#[tokio::test]
async fn a_bad_handshake_is_malformed() {
    let world = World::new().await;
    let mut device = world.connect().await;
    let bad = Frame { command: Command::Seal.into(), body: vec![1; 10].into(), ..Frame::default() };
    is_refusal(&device.ask(bad).await, Access::FrameMalformed);
}
