//! A node goes away.

use contract::frame::wire::{MoveNotice, SendAnswer};
use contract::frame::{Command, Flag, Frame};
use contract::{DeviceId, Millis};

use crate::world::{APP, PATIENCE, World, text};

#[tokio::test]
async fn devices_are_sent_elsewhere_and_what_was_answered_is_stored() {
    let world = World::new().await;
    let mut alice = world.device("alice", "a").await;
    world.device("bob", "b").await;
    let mut stranger = world.connect().await;
    for number in 1..=20 {
        let frame = alice.number(Frame::request(Command::Send, &text("bob", number)));
        alice.send(frame).await;
    }
    let listen = async {
        let (mut answered, mut moved) = (0, None);
        while let Some(frame) = alice.next().await {
            if frame.command() == Command::Move {
                moved = Some(frame.read::<MoveNotice>().unwrap());
            } else if frame.has(Flag::Answer) && frame.code == 0 {
                answered = answered.max(frame.read::<SendAnswer>().unwrap().seq);
            }
        }
        (answered, moved.expect("told to move"))
    };
    let (left, (answered, moved)) = tokio::join!(world.hub.drain(PATIENCE), listen);
    assert_eq!((left, world.hub.connections()), (0, 0));
    assert!(moved.wait_ms <= 5_000);
    assert_eq!(stranger.next().await.map(|frame| frame.command()), Some(Command::Move));
    stranger.ends().await;
    let id = DeviceId::trusted("a");
    let found = world.store.read(APP, move |snapshot| store::devices::get(snapshot, &id)).await.unwrap().unwrap();
    assert!(found.is_logged_in && !found.is_connected(Millis(found.node_seen_at.0)));

    let viewer = contract::UserId::trusted("bob");
    let moved =
        world.store.read(APP, move |snapshot| ::chat::conversation::moved(snapshot, &viewer, Millis(0), None, 10));
    let (heads, _) = moved.await.unwrap();
    let stored = heads.first().map_or(0, |listed| listed.head.place.seq.0 as u64);
    assert!(stored >= answered, "{stored} stored, {answered} answered");
}

#[tokio::test]
async fn a_connection_that_comes_while_the_node_leaves_is_sent_away() {
    let world = World::new().await;
    assert_eq!(world.hub.drain(PATIENCE).await, 0);
    let mut late = world.connect().await;
    assert_eq!(late.next().await.map(|frame| frame.command()), Some(Command::Move));
    late.ends().await;
}
