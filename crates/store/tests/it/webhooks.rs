//! What webhooks have to tell: kept for those who want it, in order, told by one node at a time.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use contract::event::Event;
use contract::webhook::{Batch, Happening, Origin, StateChange, Via, Wanted, Webhook, part_of};
use contract::{AppId, ConversationId, Fault, Millis, UserId};
use store::append::Draft;
use store::testing::{TestEngine, TestStore, listening, permissive};
use store::webhooks;
use store::{Hooks, Snapshot, Tx, platform};
use tokio::sync::watch;

use crate::support::{APP, NOW, OTHER, draft};

/// A store in which one app has some webhooks on and another has none.
async fn open(engine: TestEngine) -> Option<TestStore> {
    let on = [Webhook::AfterSendMsg, Webhook::StateChange].into_iter().fold(Wanted::default(), Wanted::with);
    let wanted = move |app| if app == APP { on } else { Wanted::default() };
    TestStore::open(engine, Hooks { wanted: Arc::new(wanted), ..permissive() }).await
}

fn login(account: &str) -> Happening {
    Happening::State { account: UserId::trusted(account), change: StateChange::Login, kicked: Vec::new() }
}

/// Leaves an event in a transaction that comes to nothing.
async fn refuse(store: &TestStore) {
    let act = |tx: &mut Tx<'_>| {
        tx.after_hook(NOW, &login("bob"))?;
        Err(Fault::RequestIllegal.into())
    };
    let refused: contract::Result<()> = store.write(APP, act).await;
    assert!(refused.is_err());
}

async fn all(store: &TestStore, app: AppId) -> Vec<Batch> {
    let load = |snapshot: &mut Snapshot<'_>| {
        let (ids, _) = webhooks::ids(snapshot, i64::MIN, 100)?;
        let batches = webhooks::load(snapshot, &ids.iter().map(|(id, _)| *id).collect::<Vec<_>>())?;
        let of = |batch: &Batch| (batch.id, batch.events.len() as i64);
        assert_eq!(batches.iter().map(of).collect::<Vec<_>>(), ids, "in order, with their numbers of events");
        Ok(batches)
    };
    store.read(app, load).await.unwrap()
}

async fn what_was_done_is_kept_for_who_wants_it_and_only_if_it_was_done(engine: TestEngine) {
    let Some(store) = open(engine).await else { return };
    let origin = Origin { ip: Some([203, 0, 113, 9].into()), via: Via::Rest };
    let act = move |tx: &mut Tx<'_>| {
        tx.act_for(origin);
        let read = Happening::Read { reader: UserId::trusted("alice"), peer: UserId::trusted("bob"), time: 1 };
        assert!(!tx.wants(Webhook::AfterMsgReport));
        tx.after_hook(NOW, &read)?;
        tx.after_hook(NOW, &login("alice"))
    };
    store.write(APP, act).await.unwrap();
    store.write(OTHER, act).await.unwrap();
    refuse(&store).await;
    let kept = all(&store, APP).await;
    assert_eq!(kept.len(), 1);
    let event = &kept[0].events[0];
    assert_eq!((event.origin, event.happening.clone(), event.at), (origin, Some(login("alice")), NOW));
    assert!(all(&store, OTHER).await.is_empty());
    assert_eq!(store.read(AppId::PLATFORM, |snapshot| webhooks::apps(snapshot, AppId(0))).await.unwrap(), [APP]);
    let id = kept[0].id;
    assert_eq!(store.write(OTHER, move |tx| webhooks::remove(tx, &[id])).await.unwrap(), 0, "another app's");
    assert_eq!(store.write(APP, move |tx| webhooks::remove(tx, &[id])).await.unwrap(), 1);
    store.write(APP, act).await.unwrap();
    assert!(all(&store, APP).await[0].id > id, "no id is given twice");
}

async fn a_message_is_kept_by_its_place_and_read_with_its_content(engine: TestEngine) {
    let Some(store) = open(engine).await else { return };
    let told = Some(Origin::default());
    for seq in 1..=3 {
        store.send(APP, Draft { told, ..draft("alice", "bob", seq, NOW) }).await.unwrap();
    }
    store.send(APP, draft("alice", "bob", 4, NOW)).await.unwrap();
    store.send(APP, Draft { told, ..draft("alice", "bob", 3, NOW) }).await.unwrap();
    store.send(OTHER, Draft { told, ..draft("alice", "bob", 1, NOW) }).await.unwrap();
    let kept: Vec<_> = all(&store, APP).await.into_iter().flat_map(|batch| batch.events).collect();
    let mut places: Vec<_> = kept.iter().map(|event| event.place.unwrap()).collect();
    places.push((ConversationId([9; 16]), places[0].1));
    let mut told = store.read(APP, move |snapshot| webhooks::messages(snapshot, &places)).await.unwrap();
    assert_eq!(told.pop(), Some(None), "there is none");
    let told: Vec<_> = told.into_iter().map(Option::unwrap).collect();
    let seqs: Vec<u32> = told.iter().map(|message| message.key.seq).collect();
    assert_eq!(seqs, [1, 2, 3], "one that asks for silence and a repeated one are not among them");
    let (alice, bob) = (UserId::trusted("alice"), UserId::trusted("bob"));
    let part = part_of(ConversationId::pair(&alice, &bob));
    for (event, message) in kept.iter().zip(&told) {
        assert_eq!((event.part, &event.happening), (part, &Some(Happening::Sent { receiver: bob.clone() })));
        let body = draft("alice", "bob", message.key.seq, NOW).body;
        assert_eq!((&message.sender, &*message.body), (&alice, &*body));
    }
}

/// A batch as it is read, each of whose messages was handed over with it.
fn without_messages(mut batch: Batch) -> Batch {
    for event in &mut batch.events {
        let message = event.message.take();
        assert_eq!(message.as_ref().map(|message| message.seq), event.place.map(|(_, place)| place.seq));
        batch.bytes -= message.map_or(0, |message| message.body.len() + message.cloud.len());
    }
    batch
}

async fn commits_hand_over_what_is_kept_or_say_that_it_is_to_be_read(engine: TestEngine) {
    let (hooks, heard) = listening();
    let wanted = Wanted::default().with(Webhook::AfterSendMsg).with(Webhook::StateChange);
    let Some(store) = TestStore::open(engine, Hooks { wanted: Arc::new(move |_| wanted), ..hooks }).await else {
        return;
    };
    let told = Some(Origin { ip: None, via: Via::Ios });
    for seq in 1..=20 {
        let send = |to| store.send(APP, Draft { told, ..draft("alice", to, seq, NOW) });
        let (one, other, written) =
            tokio::join!(send("bob"), send("carol"), store.write(APP, move |tx| tx.after_hook(NOW, &login("alice"))));
        one.unwrap();
        other.unwrap();
        written.unwrap();
    }
    refuse(&store).await;
    let kept = all(&store, APP).await;
    assert_eq!(kept.iter().map(|batch| batch.events.len()).sum::<usize>(), 60);
    // With their messages, which are read by themselves.
    let queued = |(_, event): &(AppId, Event)| match event {
        Event::WebhookQueued(batch) => Some(batch.as_deref().cloned().map(without_messages)),
        _ => None,
    };
    let handed: Vec<Option<Batch>> = heard.lock().iter().filter_map(queued).collect();
    match engine {
        TestEngine::Sqlite => assert_eq!(handed, kept.into_iter().map(Some).collect::<Vec<_>>(), "in the same order"),
        TestEngine::Postgres => {
            // A job's id is not known to whoever commits it; those of appends are.
            let (mut sent, jobs): (Vec<_>, Vec<_>) = handed.into_iter().partition(Option::is_some);
            sent.sort_by_key(|batch| batch.as_ref().map(|batch| batch.id));
            let is_send = |batch: &Batch| batch.events[0].place.is_some();
            let (of_sends, of_jobs): (Vec<_>, Vec<_>) = kept.into_iter().partition(is_send);
            assert_eq!(sent, of_sends.into_iter().map(Some).collect::<Vec<_>>());
            assert_eq!((jobs.len(), of_jobs.len()), (20, 20));
        }
    }
}

async fn a_look_tells_when_no_lower_id_can_appear_any_more(engine: TestEngine) {
    let Some(store) = open(engine).await else { return };
    let look = || store.read(APP, |snapshot| webhooks::ids(snapshot, i64::MIN, 100));
    if store.is_exclusive() {
        let (ids, moment) = look().await.unwrap();
        return assert_eq!((ids, moment.is_after(moment)), (vec![], true), "nobody else writes");
    }
    let (draw, mut drawn) = watch::channel(false);
    let (go_on, wait) = mpsc::channel();
    let slow = store.write(APP, move |tx| {
        tx.after_hook(NOW, &login("alice"))?;
        assert!(webhooks::lease(tx, NOW, 1, NOW)?, "what was posted goes out with a statement that is answered");
        draw.send_replace(true);
        wait.recv_timeout(Duration::from_secs(30)).map_err(contract::Failure::internal)?;
        Ok(())
    });
    let meanwhile = async {
        drawn.wait_for(|is_drawn| *is_drawn).await.unwrap();
        store.write(APP, |tx| tx.after_hook(NOW, &login("bob"))).await.unwrap();
        let (seen, then) = look().await.unwrap();
        assert_eq!(seen.len(), 1);
        let (_, still) = look().await.unwrap();
        assert!(!still.is_after(then), "{still:?} {then:?}");
        go_on.send(()).unwrap();
        (seen[0], then)
    };
    let (done, (higher, then)) = tokio::join!(slow, meanwhile);
    done.unwrap();
    let (ids, _) = look().await.unwrap();
    assert!(ids.len() == 2 && ids[1] == higher, "{ids:?}");
    // Other tests use the same server: their transactions may be under way for a while.
    let settled = async {
        while !look().await.unwrap().1.is_after(then) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), settled).await.expect("it is settled");
}

async fn one_node_at_a_time_has_the_right_to_tell(engine: TestEngine) {
    let Some(store) = open(engine).await else { return };
    let lease = async |now: i64, node: i64| {
        let (now, until) = (Millis(now), Millis(now + 10));
        store.write(APP, move |tx| webhooks::lease(tx, now, node, until)).await.unwrap()
    };
    assert!(lease(100, 1).await);
    assert!(!lease(105, 2).await);
    assert!(lease(105, 1).await, "who has it renews it");
    assert!(!lease(114, 2).await);
    assert!(lease(115, 2).await, "it ran out");
    assert!(!lease(116, 1).await);
    store.write(APP, |tx| webhooks::release(tx, 1)).await.unwrap();
    assert!(!lease(117, 1).await, "only its own is given back");
    store.write(APP, |tx| webhooks::release(tx, 2)).await.unwrap();
    assert!(lease(117, 1).await);
}

async fn a_node_is_alone_while_no_other_was_heard_of_lately(engine: TestEngine) {
    let Some(store) = open(engine).await else { return };
    let beat = async |at: i64, node: i64| {
        store.write(AppId::PLATFORM, move |tx| platform::beat(tx, Millis(at), node, "a node")).await.unwrap();
    };
    let is_alone = async |at: i64, node: i64| {
        store.read(AppId::PLATFORM, move |snapshot| platform::is_alone(snapshot, Millis(at), node)).await.unwrap()
    };
    beat(100_000, 1).await;
    assert!(is_alone(100_000, 1).await && !is_alone(100_000, 2).await);
    beat(101_000, 2).await;
    assert!(!is_alone(130_999, 1).await);
    assert!(is_alone(131_000, 1).await, "it has been silent for long");
    beat(131_000, 2).await;
    store.write(AppId::PLATFORM, |tx| platform::leave(tx, Millis(131_000), 2)).await.unwrap();
    assert!(is_alone(131_000, 1).await, "it has said that it goes");
}

/// Makes a test of each check on each engine.
macro_rules! engines {
    ($($name:ident)+) => {$(
        mod $name {
            use super::*;

            #[tokio::test]
            async fn sqlite() {
                super::$name(TestEngine::Sqlite).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name(TestEngine::Postgres).await;
            }
        }
    )+};
}

engines! {
    what_was_done_is_kept_for_who_wants_it_and_only_if_it_was_done
    a_message_is_kept_by_its_place_and_read_with_its_content
    commits_hand_over_what_is_kept_or_say_that_it_is_to_be_read
    a_look_tells_when_no_lower_id_can_appear_any_more
    one_node_at_a_time_has_the_right_to_tell
    a_node_is_alone_while_no_other_was_heard_of_lately
}
