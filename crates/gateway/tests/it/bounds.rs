//! What a connection may make the node hold, and for how long.

use bytes::Bytes;
use contract::codes::Access;
use contract::frame::wire::SendRequest;
use contract::frame::{Command, Frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

use crate::world::{Empty, PATIENCE, World, eventually, is_refusal, text};

#[tokio::test]
async fn a_connection_that_never_logs_in_is_closed() {
    let world = World::new().await;
    let mut idle = world.connect().await;
    let mut busy = world.device("alice", "phone").await;
    world.desk.advance(9_000);
    assert!(busy.is_silent().await);
    assert_eq!(world.hub.connections(), 2);
    world.desk.advance(1_100);
    idle.ends().await;
    assert!(busy.is_silent().await);
    eventually("the place is free", async || world.hub.connections() == 1).await;
}

#[tokio::test]
async fn a_device_that_falls_silent_is_closed_and_one_that_beats_is_not() {
    let world = World::new().await;
    let mut silent = world.device("alice", "phone").await;
    let mut web = world.device_on("bob", "web", 3).await;
    let mut lively = world.device("carol", "phone2").await;
    world.desk.advance(61_000);
    web.ends().await;
    world.desk.advance(300_000);
    assert!(lively.is_silent().await);
    world.desk.advance(100_000);
    silent.ends().await;
    assert!(lively.is_silent().await);
    assert_eq!(world.hub.counters().silent, 2);
}

#[tokio::test]
async fn who_does_not_read_is_cut_and_nobody_else_waits() {
    let world = World::with(|settings| settings.queue_frames = 16).await;
    let mut slow = world.connect_with(256).await;
    slow.log_in("slow", &world.login("slow", "s")).await;
    let mut alice = world.device("alice", "a").await;
    let mut bob = world.device("bob", "b").await;
    for number in 1..=60 {
        let cloud = "x".repeat(4_000);
        let request = SendRequest { cloud, ..text("slow", number) };
        assert_eq!(alice.call(Command::Send, &request).await.code, 0);
        alice.write("bob", number).await;
        bob.notice(Command::Message).await;
    }
    eventually("the slow one is gone", async || world.hub.connections() == 2).await;
    assert_eq!(world.hub.counters().stuck, 1);
    assert!(alice.is_silent().await && bob.is_silent().await);
    let mut back = world.device("slow", "s").await;
    let since = contract::frame::wire::SinceRequest { peer: "alice".into(), ..Default::default() };
    let page: contract::frame::wire::MessagePage = back.call(Command::Since, &since).await.read().unwrap();
    assert_eq!(page.messages[0].seq, 1, "what was missed is found by its place");
}

#[tokio::test]
async fn who_is_sent_away_and_does_not_read_the_reason_is_gone_after_a_moment() {
    let world = World::new().await;
    let mut slow = world.connect_with(64).await;
    slow.log_in("slow", &world.login("slow", "s")).await;
    let mut alice = world.device("alice", "a").await;
    for number in 1..=3 {
        alice.write("slow", number).await;
    }
    world.kick("slow").await;
    assert!(alice.is_silent().await);
    assert_eq!(world.hub.connections(), 2, "it may still read");
    world.desk.advance(5_100);
    eventually("it is gone", async || world.hub.connections() == 1).await;
    assert_eq!(world.hub.counters().silent, 0, "it was not silent, it was ended");
}

#[tokio::test]
async fn large_messages_are_refused_before_login_and_taken_after_it() {
    let world = World::new().await;
    let mut device = world.connect().await;
    device.raw(vec![0; 2_049].into()).await;
    device.ends().await;
    let mut device = world.device("alice", "phone").await;
    let large = SendRequest { cloud: "x".repeat(100_000), ..text("alice", 1) };
    assert_ne!(device.call(Command::Send, &large).await.code, 0);
    assert!(device.is_silent().await);
    device.raw(vec![0; 256 * 1024 + 1].into()).await;
    device.ends().await;
}

#[tokio::test]
async fn a_promise_of_much_is_not_believed() {
    let world = World::new().await;
    let (mut near, far) = tokio::io::duplex(64 * 1024);
    world.hub.adopt(far);
    // A masked binary frame of 128 KB, of which only the header comes.
    near.write_all(&[0x82, 0xff, 0, 0, 0, 0, 0, 2, 0, 0]).await.unwrap();
    let mut heard = Vec::new();
    tokio::time::timeout(PATIENCE, near.read_to_end(&mut heard)).await.unwrap().unwrap();
    assert_eq!(heard, [0x88, 2, 0x03, 0xf1], "closed as too large");
}

#[tokio::test]
async fn malformed_frames_are_refused_a_few_times_and_then_closed() {
    let world = World::new().await;
    let mut device = world.connect().await;
    for _ in 0..3 {
        device.raw(Bytes::from_static(b"\xff\xff\xff")).await;
        is_refusal(&device.next().await.expect("a refusal"), Access::FrameMalformed);
    }
    device.ends().await;
    let mut device = world.device("alice", "phone").await;
    let bad = Frame { command: Command::Send.into(), body: Bytes::from_static(b"\xff"), ..Frame::default() };
    is_refusal(&device.ask(bad).await, Access::FrameMalformed);
    assert!(device.is_silent().await);
}

#[tokio::test]
async fn text_has_no_meaning_here_and_pings_are_answered() {
    let world = World::new().await;
    let mut device = world.device("alice", "phone").await;
    device.say(Message::Ping(Bytes::from_static(b"?"))).await;
    assert_eq!(device.call(Command::Heartbeat, &Empty).await.code, 0);
    device.say(Message::text("hello")).await;
    device.ends().await;
}
