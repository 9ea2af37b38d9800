//! Retries, expiry, circuits, crashes and stops.

use std::sync::Arc;
use std::time::Duration;

use contract::codes::{OfflinePush, PushCommon};
use push::channel::{Channel, Scope, Status, Verdict};
use push::engine::{Request, Settings};
use store::deliveries;

use crate::bench::{APP, Bench, CREDENTIAL, HOUR, OTHER, is, scripted, until};

const TROUBLE: Status = Status { family: "apns", number: 2024 };
const BAD: Status = Status { family: "apns", number: 2014 };

const AWAY: Verdict = Verdict::Later { status: TROUBLE, scope: Scope::Node, after_ms: None };
const BAD_CREDENTIAL: Verdict = Verdict::Refused { status: BAD, scope: Scope::App };

/// Whether a delivery has a vendor's status.
fn has(delivery: &deliveries::Delivery, status: Status) -> bool {
    delivery.status == Some(deliveries::Status { family: status.family.into(), number: status.number })
}

#[tokio::test]
async fn what_may_be_sent_again_is_sent_again_when_its_pause_is_over() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    vendor.then(AWAY);
    vendor.then(AWAY);
    let task = bench.push(APP, &["bob"]).await;
    // The longest that a pause can be after jitter.
    for (attempts, pause) in [(1, 1_500), (2, 6_000)] {
        let waiting = bench.sees(APP, task, |delivery| delivery.attempts == attempts).await;
        assert!(has(&waiting, TROUBLE) && waiting.ended_at.0 == 0, "{waiting:?}");
        bench.advance(pause);
    }
    let delivery = bench.ends(APP, task).await;
    assert!(is(&delivery, PushCommon::Acked));
    assert_eq!((delivery.attempts, delivery.class), (3, 0));
    let seen = vendor.seen();
    assert!(seen.iter().map(|message| message.attempt).eq(1..=3));
    assert!(seen.iter().all(|message| message.id == seen[0].id), "a repetition can be known as one");
}

#[tokio::test]
async fn the_fourth_attempt_is_the_last_and_leaves_the_vendors_words() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    vendor.always("token", AWAY);
    let task = bench.push(APP, &["bob"]).await;
    for attempts in 1..=3 {
        bench.sees(APP, task, |delivery| delivery.attempts == attempts).await;
        bench.advance(60_000);
    }
    let delivery = bench.ends(APP, task).await;
    assert!(has(&delivery, TROUBLE));
    assert_eq!((delivery.attempts, Some(delivery.class)), (4, OfflinePush::VendorUnreachable.row().number()));
    assert_eq!((delivery.said.code.as_str(), delivery.said.text.as_str()), ("2024", "scripted"));
}

#[tokio::test]
async fn a_vendors_wish_is_kept_to_the_millisecond() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    bench.bind(APP, "carol", "tablet", Some("other")).await;
    vendor.then(Verdict::Later { status: TROUBLE, scope: Scope::Token, after_ms: Some(10_000) });
    let task = bench.push(APP, &["bob"]).await;
    bench.sees(APP, task, |delivery| delivery.attempts == 1).await;
    bench.advance(9_999);
    // What is pushed afterwards went through the same lane, so the first was not due.
    let other = bench.push(APP, &["carol"]).await;
    bench.ends(APP, other).await;
    assert_eq!(bench.deliveries(APP, task).await[0].attempts, 1);
    bench.advance(1);
    assert!(is(&bench.ends(APP, task).await, PushCommon::Acked));
}

#[tokio::test]
async fn nothing_is_sent_after_its_expiry() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    let over = Request { expires_at: bench.now(), ..bench.request(&["bob"]) };
    let task = bench.engine.push(APP, over).await.unwrap();
    assert!(is(&bench.ends(APP, task).await, PushCommon::NONE));
    vendor.always("token", AWAY);
    let short = Request { expires_at: bench.now().plus(400), ..bench.request(&["bob"]) };
    let task = bench.engine.push(APP, short).await.unwrap();
    let delivery = bench.ends(APP, task).await;
    assert!(has(&delivery, TROUBLE), "the next attempt would come too late");
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn a_dead_credential_stops_its_own_app_only_and_is_probed() {
    let (bench, vendor) = Bench::new().await;
    let healthy = scripted();
    bench.vendors.set(OTHER, CREDENTIAL, Ok(Arc::clone(&healthy) as Arc<dyn Channel>));
    bench.bind(OTHER, "bob", "phone", Some("other")).await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    vendor.always("token", BAD_CREDENTIAL);
    let first = bench.push(APP, &["bob"]).await;
    let delivery = bench.ends(APP, first).await;
    assert!(has(&delivery, BAD));
    assert_eq!(Some(delivery.class), OfflinePush::CredentialInvalid.row().number());

    let mut waiting = Vec::new();
    for _ in 0..20 {
        waiting.push(bench.push(APP, &["bob"]).await);
        let task = bench.push(OTHER, &["bob"]).await;
        assert!(is(&bench.ends(OTHER, task).await, PushCommon::Acked));
    }
    assert_eq!(vendor.seen().len(), 1, "the circuit is open");
    bench.advance(30_000);
    until("one message probes", async || vendor.seen().len() == 2).await;
    vendor.always("token", Verdict::Accepted);
    bench.advance(60_000);
    let mut acked = 0;
    for task in &waiting {
        acked += usize::from(is(&bench.ends(APP, *task).await, PushCommon::Acked));
    }
    assert_eq!(acked, 19, "all but the one that probed");
}

#[tokio::test]
async fn a_changed_credential_closes_the_old_channel_and_the_circuit_at_once() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    vendor.always("token", BAD_CREDENTIAL);
    let task = bench.push(APP, &["bob"]).await;
    bench.ends(APP, task).await;
    let task = bench.push(APP, &["bob"]).await;
    let mended = scripted();
    bench.vendors.set(APP, CREDENTIAL, Ok(Arc::clone(&mended) as Arc<dyn Channel>));
    bench.engine.announced(APP, &[contract::event::Event::AppChanged]);
    assert!(is(&bench.ends(APP, task).await, PushCommon::Acked));
    assert!(vendor.is_closed() && !mended.is_closed());
    assert_eq!((vendor.seen().len(), mended.seen().len()), (1, 1));
}

#[tokio::test]
async fn another_node_finishes_what_a_dead_one_had_leased() {
    let (mut bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    vendor.delay(Duration::from_hours(1));
    let task = bench.push(APP, &["bob"]).await;
    until("the delivery is leased", async || {
        bench.engine.depths().await.unwrap().iter().any(|depth| depth.leased == 1)
    })
    .await;
    vendor.delay(Duration::ZERO);
    bench.restart(Settings { node: 2, ..Settings::default() });
    // The lease still holds: another delivery goes, this one does not.
    let other = bench.push(APP, &["bob"]).await;
    bench.ends(APP, other).await;
    assert_eq!(bench.deliveries(APP, task).await[0].ended_at.0, 0);
    bench.advance(30_001);
    assert!(is(&bench.ends(APP, task).await, PushCommon::Acked));
}

#[tokio::test]
async fn a_lease_is_renewed_while_its_work_is_under_way() {
    let (mut bench, vendor) = Bench::new().await;
    bench.restart(Settings { lease_ms: 60, ..Settings::default() });
    bench.bind(APP, "bob", "phone", Some("token")).await;
    vendor.delay(Duration::from_millis(300));
    let task = bench.push(APP, &["bob"]).await;
    until("the delivery is leased", async || {
        bench.engine.depths().await.unwrap().iter().any(|depth| depth.leased == 1)
    })
    .await;
    // Each step is shorter than the lease, all together are longer.
    let ended = async || {
        bench.advance(1);
        bench.deliveries(APP, task).await[0].ended_at.0 != 0
    };
    until("the delivery ends", ended).await;
    assert_eq!((vendor.seen().len(), bench.deliveries(APP, task).await[0].attempts), (1, 1));
}

#[tokio::test]
async fn a_stop_gives_back_what_it_cannot_finish() {
    let (mut bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    vendor.delay(Duration::from_hours(1));
    let task = bench.push(APP, &["bob"]).await;
    until("the delivery is leased", async || {
        bench.engine.depths().await.unwrap().iter().any(|depth| depth.leased == 1)
    })
    .await;
    bench.engine.stop().await;
    assert!(vendor.is_closed());
    let depths = bench.engine.depths().await.unwrap();
    assert!(depths.iter().any(|depth| depth.due == 1 && depth.leased == 0), "{depths:?}");
    vendor.delay(Duration::ZERO);
    bench.restart(Settings { node: 2, ..Settings::default() });
    assert!(is(&bench.ends(APP, task).await, PushCommon::Acked), "without waiting for a lease");
}

#[tokio::test]
async fn what_is_long_over_is_forgotten() {
    let (bench, _) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    let task = bench.push(APP, &["bob"]).await;
    bench.ends(APP, task).await;
    bench.advance(8 * 24 * HOUR);
    until("the task is gone", async || bench.deliveries(APP, task).await.is_empty()).await;
}
