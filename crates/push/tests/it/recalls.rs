//! What was pushed and is taken back: from the phones of vendors that can, by another text at the others, in pages, after
//! a restart, and for messages.

use contract::codes::PushCommon;
use contract::notification::Notification;
use contract::{ConversationId, Millis, Seq};
use push::channel::{Scope, Status, Verdict};
use push::recall::{self, Notice};
use push::task::{self, Audience, Spec};
use store::bindings::Os;
use store::deliveries::{self, Delivery, Task, Way};
use store::outbox;

use crate::bench::{APP, Bench, CREDENTIAL, VENDOR, device, is, until};
use crate::rooms::{Room, hello, inbox, sandbox};
use crate::tasks::{Deck, sent, spec, texts, to};

const TROUBLE: Status = Status { family: "huawei", number: 7 };

fn notice() -> Notice {
    Notice { title: "Taken back.".into(), body: "The shop has taken this message back.".into() }
}

/// Pushes to a phone of a room, takes it back, and answers the recall with what the phone has.
async fn taken_back(vendor: &'static str, notice: Notice) -> (Delivery, serde_json::Value) {
    let sandbox = sandbox().await;
    let room = Room::new(&sandbox, vendor, &serde_json::json!({}));
    let (bench, _) = Bench::new().await;
    bench.vendors.set(APP, CREDENTIAL, Ok(room.channel(&[])));
    let token = room.phone();
    bench.bind(APP, "bob", "phone", Some(&token)).await;
    let request = push::engine::Request { notification: hello(), ..bench.request(&["bob"]) };
    let task = bench.engine.push(APP, request).await.unwrap();
    assert!(is(&bench.ends(APP, task).await, PushCommon::Acked), "{vendor}");
    let now = bench.now();
    bench.store.write(APP, move |tx| recall::begin(tx, now, task, &notice)).await.unwrap();
    bench.engine.wake();
    let ended = bench.ends(APP, recall::id_of(task)).await;
    (ended, inbox(&room, &token)["notifications"].clone())
}

#[tokio::test]
async fn vendors_that_can_take_it_off_the_phone() {
    for vendor in ["huawei", "harmony"] {
        let (recall, phone) = taken_back(vendor, notice()).await;
        assert!(is(&recall, PushCommon::Acked), "{vendor}: {recall:?}");
        assert_eq!((phone.as_array().unwrap().len(), &phone[0]["is_revoked"]), (1, &true.into()), "{vendor}: {phone}");
    }
}

#[tokio::test]
async fn where_it_can_only_be_replaced_the_notice_takes_its_place_and_without_one_nothing_happens() {
    for vendor in ["fcm", "honor", "oppo", "vivo", "xiaomi"] {
        let (recall, phone) = taken_back(vendor, notice()).await;
        assert!(is(&recall, PushCommon::Acked), "{vendor}: {recall:?}");
        let shown = phone.as_array().unwrap();
        let texts: Vec<&str> = shown.iter().map(|one| one["body"].as_str().unwrap()).collect();
        assert!(texts.contains(&&*notice().body), "{vendor}: {phone}");
        assert!(shown.iter().all(|one| one["notify_id"] == shown[0]["notify_id"]), "{vendor}: {phone}");
        let (recall, phone) = taken_back(vendor, Notice::default()).await;
        assert!(is(&recall, PushCommon::NONE) && recall.said.is_local, "{vendor}: {recall:?}");
        assert_eq!(phone.as_array().unwrap().len(), 1, "{vendor}: {phone}");
    }
}

/// A message's task with a delivery to each of some devices, as the intake makes it.
async fn announce(bench: &Bench, conversation: ConversationId, seq: Seq, devices: &[&str], due: Millis) -> i64 {
    let id = 77;
    let notification = serde_json::to_string(&hello()).unwrap();
    let task = Task { notification, message: Some((conversation, seq)), ..bench.task(id) };
    let way = |name: &&str| Way { device: device(name), lane: deliveries::lane(VENDOR, CREDENTIAL), badge: None };
    let ways: Vec<Way> = devices.iter().map(way).collect();
    let add = move |tx: &mut store::Tx<'_>| {
        deliveries::add_task(tx, &task)?;
        deliveries::add_ways(tx, id, 0, "bob", &ways, due)
    };
    bench.store.write(APP, add).await.unwrap();
    bench.engine.wake();
    id
}

#[tokio::test]
async fn a_message_that_is_taken_back_leaves_the_phone_and_goes_to_no_other() {
    let (bench, vendor) = Bench::new().await;
    vendor.can_recall();
    bench.bind(APP, "bob", "phone", Some("token")).await;
    bench.bind(APP, "bob", "tablet", Some("other")).await;
    let conversation = ConversationId([7; 16]);
    vendor.always("other", Verdict::Later { status: TROUBLE, scope: Scope::Token, after_ms: Some(60_000) });
    let task = announce(&bench, conversation, Seq(3), &["phone", "tablet"], bench.now()).await;
    until("both were tried", async || bench.deliveries(APP, task).await.iter().all(|one| one.attempts == 1)).await;
    let now = bench.now();
    bench.store.write(APP, move |tx| outbox::leave_recall(tx, now, conversation, Seq(3))).await.unwrap();
    bench.engine.wake();
    let recall = bench.ends(APP, recall::id_of(task)).await;
    assert!(is(&recall, PushCommon::Acked));
    assert_eq!(recall.device, Some(device("phone")));
    let all = bench.deliveries(APP, task).await;
    assert!(all.iter().all(|one| one.ended_at.0 != 0), "what has not gone out does not go out: {all:?}");
    // The second look, for what another node was making meanwhile, finds the same.
    bench.advance(60_000);
    let last = bench.push(APP, &["bob"]).await;
    until("the lane has passed by", async || bench.deliveries(APP, last).await.iter().any(|one| one.attempts > 0))
        .await;
    let recalled = vendor.recalled();
    assert_eq!(recalled.iter().map(|recall| recall.token.as_str()).collect::<Vec<_>>(), ["token"]);
}

#[tokio::test]
async fn a_recall_survives_a_restart_and_is_tried_again() {
    let (mut bench, vendor) = Bench::new().await;
    vendor.can_recall();
    bench.bind(APP, "bob", "phone", Some("token")).await;
    let task = bench.push(APP, &["bob"]).await;
    bench.ends(APP, task).await;
    bench.engine.stop().await;
    let now = bench.now();
    bench.store.write(APP, move |tx| recall::begin(tx, now, task, &Notice::default())).await.unwrap();
    vendor.then(Verdict::Later { status: TROUBLE, scope: Scope::Message, after_ms: Some(1_000) });
    bench.restart(push::engine::Settings { node: 2, ..push::engine::Settings::default() });
    bench.sees(APP, recall::id_of(task), |recall| recall.attempts == 1 && recall.ended_at.0 == 0).await;
    bench.advance(1_000);
    let recall = bench.ends(APP, recall::id_of(task)).await;
    assert!(is(&recall, PushCommon::Acked));
    let recalled = vendor.recalled();
    assert_eq!(recalled.len(), 2);
    assert_eq!(Some(recalled[1].notify_id), vendor.seen()[0].notification.notify_id, "by the number that it went with");
}

store::both! {
    async fn a_revoked_push_is_taken_back_from_everybody_who_has_it(store: TestStore) {
        let deck = Deck::new(store);
        deck.vendor.can_recall();
        deck.register(&["a", "b", "c"], Os::Android, true).await;
        for audience in [Audience::Devices(texts(&["a", "b"])), Audience::All] {
            let names = if audience == Audience::All { vec!["t-a", "t-b", "t-c"] } else { vec!["t-a", "t-b"] };
            let seen = deck.vendor.recalled().len();
            let task = deck.submit(Spec { is_fleeting: false, ..spec(audience) }).await.unwrap();
            until("all of it is out", async || deck.status(task.id).await.total().sent == names.len() as i64).await;
            let counts = deck.status(task.id).await.total();
            let (now, id) = (deck.now(), task.id);
            assert!(deck.write(move |tx| task::revoke(tx, now, id, &Notice::default())).await.unwrap());
            until("all of it is taken back", async || deck.vendor.recalled().len() == seen + names.len()).await;
            let mut tokens: Vec<String> = deck.vendor.recalled()[seen..].iter().map(|one| one.token.clone()).collect();
            tokens.sort_unstable();
            assert_eq!(tokens, names);
            assert_eq!(deck.status(task.id).await.total(), counts, "the counters tell of what was sent");
        }
    }

    async fn many_recalls_are_left_in_pages(store: TestStore) {
        let deck = Deck::new(store);
        deck.vendor.can_recall();
        let names: Vec<String> = (0..600).map(|number| format!("d{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        deck.register(&names, Os::Android, true).await;
        let task = deck.submit(to(&names)).await.unwrap();
        deck.counts(task.id, sent(600)).await;
        let (now, id) = (deck.now(), task.id);
        deck.write(move |tx| task::revoke(tx, now, id, &Notice::default())).await.unwrap();
        until("all of it is taken back", async || deck.vendor.recalled().len() == 600).await;
        let read = move |snapshot: &mut store::Snapshot<'_>| {
            let page = deliveries::of_task(snapshot, id, -1)?;
            let recalls = recall::of_page(snapshot, id, &page)?;
            Ok((page.len(), recalls.len()))
        };
        assert_eq!(deck.store.read(APP, read).await.unwrap(), (600, 600));
    }

    async fn what_the_app_only_got_in_the_background_has_nothing_to_take_back(store: TestStore) {
        let deck = Deck::new(store);
        deck.vendor.can_recall();
        deck.register(&["a"], Os::Android, true).await;
        let kind = contract::notification::Kind::Background;
        let silent = Notification { kind, has_content: true, ..Notification::default() };
        let task = deck.submit(Spec { notification: silent, ..to(&["a"]) }).await.unwrap();
        deck.counts(task.id, sent(1)).await;
        let (now, id) = (deck.now(), task.id);
        deck.write(move |tx| task::revoke(tx, now, id, &Notice::default())).await.unwrap();
        let next = deck.submit(to(&["a"])).await.unwrap();
        deck.counts(next.id, sent(1)).await;
        assert!(deck.vendor.recalled().is_empty());
    }
}
