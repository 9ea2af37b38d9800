//! Many devices on several threads at once.

use contract::frame::wire::{self, SendAnswer};
use contract::frame::{Command, Flag, Frame};
use futures_util::future::join_all;
use tokio::task::JoinSet;

use crate::world::{Device, World, eventually, text};

const DEVICES: u32 = 24;
const MESSAGES: u32 = 20;

/// Sends to the next one in the ring while it hears from the one before; all of it, in order, exactly once.
async fn chatter(mut device: Device, next: String) {
    for number in 1..=MESSAGES {
        let frame = device.number(Frame::request(Command::Send, &text(&next, number)));
        device.send(frame).await;
    }
    let (mut answered, mut heard) = (0, 0);
    while (answered, heard) != (MESSAGES, MESSAGES) {
        let frame = device.next().await.expect("the connection stays");
        if frame.has(Flag::Answer) {
            assert_eq!(frame.code, 0, "{}", frame.text);
            answered += 1;
            // Answers may overtake each other, what was asked does not: the login was the first request.
            assert_eq!(frame.read::<SendAnswer>().unwrap().seq, u64::from(frame.seq - 1));
        } else {
            heard += 1;
            assert_eq!(frame.read::<wire::Message>().unwrap().seq, u64::from(heard));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_hears_everything_in_order_and_once() {
    let world = World::new().await;
    let names: Vec<String> = (0..DEVICES).map(|number| format!("user{number}")).collect();
    let devices = join_all(names.iter().map(|name| world.device(name, name))).await;
    let mut tasks = JoinSet::new();
    for (index, device) in devices.into_iter().enumerate() {
        tasks.spawn(chatter(device, names[(index + 1) % names.len()].clone()));
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("heard everything");
    }
    eventually("all are gone", async || world.hub.connections() == 0).await;
    assert_eq!(world.hub.counters().stuck, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_logins_that_race_for_one_place_one_stays() {
    let world = World::new().await;
    let names: Vec<String> = (0..12).map(|number| format!("phone{number}")).collect();
    let _devices = join_all(names.iter().map(|name| world.device("alice", name))).await;
    eventually("one is left", async || world.hub.connections() == 1).await;
    let alice = contract::UserId::trusted("alice");
    let found = world.store.read(crate::world::APP, move |snapshot| store::devices::of_account(snapshot, &alice));
    let standing = found.await.unwrap().into_iter().filter(|device| !device.is_replaced && device.node != 0).count();
    assert_eq!(standing, 1);
}
