//! The process is killed again and again while many send and an app is told of every message: each message that was
//! acknowledged is told, each conversation in order, whenever the crash came between the commit and the call.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use store::apps::OnFailure;
use store::testing::{Dice, TestEngine};

use super::process::Site;
use super::say;
use super::traffic::{SENDERS, Traffic, add_accounts, check_history, text_of};
use crate::harness::APP;
use crate::webhook::receiver::{Receiver, Seen};

const KILLS: usize = 12;
/// The lease of a node that was killed holds for half a minute where several nodes share a store.
const WAIT: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_every_message_is_told_though_the_node_is_killed_again_and_again() {
    kill(TestEngine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_every_message_is_told_though_the_node_is_killed_again_and_again() {
    kill(TestEngine::Postgres).await;
}

async fn kill(engine: TestEngine) {
    let Some(site) = Site::make(engine).await else { return };
    let (mut dice, began) = (Dice::new("hooks"), Instant::now());
    let receiver = Receiver::start().await;
    site.visit(async |node| {
        let hook = receiver.hook(&["C2C.CallbackAfterSendMsg"], OnFailure::Pass);
        node.apps.change(APP, hook).await.expect("the app is changed").expect("the app is there");
        add_accounts(&node).await;
    })
    .await;
    let traffic = Traffic::start();
    for _ in 0..KILLS {
        let process = site.start().await;
        traffic.set_address(Some(process.address));
        tokio::time::sleep(Duration::from_millis(dice.between(200, 800))).await;
        process.kill().await;
        traffic.set_address(None);
    }
    let process = site.start().await;
    traffic.set_address(Some(process.address));
    let sent = traffic.finish().await;
    check_history(process.address, &sent).await;
    let deadline = Instant::now() + WAIT;
    while missing(&receiver.seen(), &sent) > 0 {
        assert!(Instant::now() < deadline, "{} messages are not told", missing(&receiver.seen(), &sent));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let seen = receiver.seen();
    for (sender, orders) in orders(&seen) {
        // One that was told again comes again with those behind it; what is new is never behind what is newer.
        let mut newest = 0;
        for number in orders {
            assert!(number <= newest + 1, "{sender} is told {number} after {newest}");
            newest = newest.max(number);
        }
    }
    process.ask_to_stop().await;
    assert!(process.wait().await.success(), "a stop without load is a good end");
    let total: usize = sent.iter().map(Vec::len).sum();
    say(&format!("{engine:?}: {KILLS} kills, {total} messages, {} calls, {:?}", seen.len(), began.elapsed()));
    assert!(total > KILLS * 4, "the kills did not meet any sends");
}

/// The numbers of each sender's messages, in the order in which they were told.
fn orders(seen: &[Seen]) -> BTreeMap<String, Vec<u32>> {
    let mut orders: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for seen in seen {
        let (sender, number) = seen.text().split_once(" says ").expect("a text of the traffic");
        orders.entry(sender.to_owned()).or_default().push(number.parse().expect("a number"));
    }
    orders
}

fn missing(seen: &[Seen], sent: &[Vec<String>]) -> usize {
    let told: std::collections::BTreeSet<&str> = seen.iter().map(Seen::text).collect();
    let all =
        (0..SENDERS).flat_map(|sender| (1..=sent[sender].len() as u32).map(move |number| text_of(sender, number)));
    all.filter(|text| !told.contains(text.as_str())).count()
}
