//! Broadcasts on the connection: pages of what is kept, and who sees what of it.

use contract::event::Broadcast;
use contract::frame::Command;
use contract::frame::wire::{BroadcastNotice, BroadcastsAnswer, BroadcastsRequest};
use contract::{Millis, MsgKey, UserId};
use gateway::Front;
use push::broadcast::{Audience, Condition, Request, Rule, begin};
use serde_json::json;
use std::sync::Arc;
use store::{Tx, tags};

use crate::world::{APP, Device, World};

const FREELY: Rule = Rule { per_day: None, pause_ms: 0 };

async fn keep(world: &World, now: Millis, random: u32, text: &str, tag: Option<&str>) {
    let request = Request {
        origin: "test",
        sender: UserId::trusted("news"),
        random,
        crc: random,
        matter: gateway::broadcast::matter(
            random,
            &json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": text } }]),
        ),
        notification: None,
        data_id: String::new(),
        life_ms: 60_000,
        is_kept: true,
        task: i64::from(random),
    };
    let condition = Condition { tags_or: tag.into_iter().map(str::to_owned).collect(), ..Condition::default() };
    let audience = Audience::Accounts { condition, upto: None };
    let write = move |tx: &mut Tx<'_>| begin(tx, now, FREELY, &request, &audience).map(drop);
    world.store.write(APP, write).await.unwrap();
}

async fn since(device: &mut Device, after: u64, count: u32) -> BroadcastsAnswer {
    let answer = device.call(Command::BroadcastsSince, &BroadcastsRequest { after, count }).await;
    assert_eq!(answer.code, 0, "{}", answer.text);
    answer.read().unwrap()
}

fn numbers(answer: &BroadcastsAnswer) -> Vec<u64> {
    answer.broadcasts.iter().map(|broadcast| broadcast.number).collect()
}

#[tokio::test]
async fn a_device_reads_in_bounded_pages_what_its_account_matches() {
    let world = World::new().await;
    let now = world.desk.now();
    let mut alice = world.device("alice", "a").await;
    assert_eq!(alice.grant.broadcast, 0);
    let tag = |tx: &mut Tx<'_>| tags::add_tags(tx, &[(UserId::trusted("alice"), "blue".into())]);
    world.store.write(APP, tag).await.unwrap();
    for number in 1..=6 {
        let tag = [None, Some("blue"), Some("red")][number as usize % 3];
        keep(&world, now, number, "x", tag).await;
    }
    let first = since(&mut alice, 0, 4).await;
    assert_eq!((numbers(&first), first.next, first.finished), (vec![1, 3, 4], 4, false));
    let rest = since(&mut alice, first.next, 4).await;
    assert_eq!((numbers(&rest), rest.next, rest.finished), (vec![6], 6, true));
    let large = "y".repeat(9_000);
    for number in 7..=30 {
        keep(&world, now, number, &large, None).await;
    }
    let (mut after, mut got) = (6, Vec::new());
    loop {
        let page = since(&mut alice, after, 0).await;
        got.extend(numbers(&page));
        after = page.next;
        if page.finished {
            break;
        }
    }
    assert_eq!(got, (7..=30).collect::<Vec<u64>>());
    let later = world.device("bob", "b").await;
    assert_eq!(later.grant.broadcast, 30);
}

#[tokio::test]
async fn a_broadcast_that_goes_by_reaches_every_device_of_those_it_is_for_and_of_no_other() {
    let world = World::new().await;
    let mut phone = world.device_on("alice", "phone", 2).await;
    let mut desk = world.device_on("alice", "desk", 4).await;
    let mut bob = world.device("bob", "b").await;
    let broadcast = Arc::new(Broadcast {
        number: 3,
        before: Some(1),
        sender: UserId::trusted("news"),
        key: MsgKey { time: 1, seq: 2, random: 3 },
        at: Millis(1_000),
        body: "[]".into(),
    });
    let accounts: Arc<[UserId]> = [UserId::trusted("alice"), UserId::trusted("nobody")].into();
    assert_eq!(world.hub.pass_broadcast(APP, &accounts, &broadcast), 1);
    for device in [&mut phone, &mut desk] {
        let notice: BroadcastNotice = device.notice(Command::Broadcast).await.read().unwrap();
        assert_eq!((notice.before, notice.kept), (1, true));
        let told = notice.broadcast.and_then(|broadcast| broadcast.message).unwrap();
        assert_eq!((told.from.as_str(), told.to.as_str(), told.seq, told.msg_random), ("news", "", 0, 3));
    }
    assert!(bob.is_silent().await);
}
