//! What a vendor's bounds do to a lane: a day that is used up, calls that come too fast, calls that take many tokens; and
//! what is left of a delivery whose worker lost sight of it.

use std::sync::Arc;
use std::time::Duration;

use contract::codes::{OfflinePush, PushCommon};
use contract::ledger::{How, note};
use push::channel::{Channel, Limits, Scope, Status, Verdict};
use push::channels::scripted::Scripted;
use push::engine::{BATCH_MAX, Request, Settings};
use store::bindings::{self, Registration};
use store::deliveries::{self, Way};
use store::devices::{self, Token};

use crate::bench::{APP, Bench, CREDENTIAL, HOUR, VENDOR, device, is, until, user};

const USED_UP: Status = Status { family: "vivo", number: 7 };

#[tokio::test]
async fn a_day_that_is_used_up_is_waited_out_and_nothing_expires_before_its_time() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    vendor.then(Verdict::Later { status: USED_UP, scope: Scope::Day, after_ms: Some(6 * HOUR) });
    let long = |hours| Request { expires_at: bench.now().plus(hours * HOUR), ..bench.request(&["bob"]) };
    let first = bench.engine.push(APP, long(24)).await.unwrap();
    bench.sees(APP, first, |delivery| delivery.attempts == 1).await;
    let waiting = bench.engine.push(APP, long(24)).await.unwrap();
    let short = bench.engine.push(APP, long(1)).await.unwrap();
    for _ in 0..5 {
        bench.advance(HOUR);
        // The other lane shows that the engine has looked: our own connection, which is not there.
        let all = [first, waiting];
        until("the engine has looked", async || bench.engine.depths().await.is_ok()).await;
        for task in all {
            assert_eq!(bench.deliveries(APP, task).await[0].ended_at.0, 0, "held, not ended");
        }
        assert_eq!(vendor.seen().len(), 1, "nobody asks before the next day");
    }
    bench.advance(HOUR);
    for task in [first, waiting] {
        assert!(is(&bench.ends(APP, task).await, PushCommon::Acked));
    }
    assert!(is(&bench.ends(APP, short).await, PushCommon::NONE), "its time was over before the day was");
    assert_eq!(vendor.seen().len(), 3);
}

#[tokio::test]
async fn what_a_vendor_is_asked_too_fast_is_not_lost_by_that() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    let busy = Verdict::Later { status: USED_UP, scope: Scope::App, after_ms: Some(1_000) };
    vendor.always("token", busy);
    let task = bench.push(APP, &["bob"]).await;
    for attempts in 1..=8 {
        bench.sees(APP, task, |delivery| delivery.attempts == attempts && delivery.ended_at.0 == 0).await;
        bench.advance(1_000);
    }
    vendor.always("token", Verdict::Accepted);
    // One attempt may be under way with the old verdict.
    let acked = async || {
        bench.advance(1_000);
        bench.deliveries(APP, task).await[0].ended_at.0 != 0
    };
    until("it is taken", acked).await;
    assert!(is(&bench.ends(APP, task).await, PushCommon::Acked));
}

#[tokio::test]
async fn a_claim_fills_the_largest_call_of_a_vendor() {
    let (bench, _) = Bench::new().await;
    let limits = Limits { batch_max: BATCH_MAX, payload_bytes_max: 4_096, can_add_badge: false };
    let vendor = Arc::new(Scripted::new(limits));
    bench.vendors.set(APP, CREDENTIAL, Ok(Arc::clone(&vendor) as Arc<dyn Channel>));
    let (now, id) = (bench.now(), 9);
    let task = bench.task(id);
    let add = move |tx: &mut store::Tx<'_>| {
        let mut ways = Vec::new();
        for number in 0..BATCH_MAX {
            let id = device(&format!("d{number}"));
            bindings::register(tx, now, &id, 2, &Registration { os: 2, ..Registration::default() })?;
            let (channel, token) = (VENDOR.to_owned(), format!("t{number}"));
            let token = Token { device: id.clone(), channel, token, credential: CREDENTIAL, bound_at: now };
            devices::set_token(tx, &user("nobody"), &token)?;
            ways.push(Way { device: id, lane: deliveries::lane(VENDOR, CREDENTIAL), badge: None });
        }
        deliveries::add_task(tx, &task)?;
        deliveries::add_ways(tx, id, 0, "", &ways, now)
    };
    bench.store.write(APP, add).await.unwrap();
    bench.engine.wake();
    until("all are sent", async || vendor.seen().len() == BATCH_MAX).await;
    assert_eq!(vendor.batch_largest(), BATCH_MAX);
    let ended = async || bench.deliveries(APP, id).await.iter().all(|one| is(one, PushCommon::Acked));
    until("all is written down", ended).await;
}

#[tokio::test]
async fn what_a_worker_lost_sight_of_says_so_when_its_time_is_over() {
    let (mut bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    vendor.delay(Duration::from_hours(1));
    let task = bench.push(APP, &["bob"]).await;
    until("the delivery is leased", async || {
        bench.engine.depths().await.unwrap().iter().any(|depth| depth.leased == 1)
    })
    .await;
    bench.advance(2 * HOUR);
    bench.restart(Settings { node: 2, ..Settings::default() });
    let delivery = bench.ends(APP, task).await;
    assert!(is(&delivery, PushCommon::NONE), "nobody knows whether it left: {delivery:?}");
    let row = OfflinePush::InternalNetwork.row();
    assert_eq!(Some(delivery.class), row.number());
    note(row, How::Delivery);
}
