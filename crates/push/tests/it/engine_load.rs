//! Many deliveries at once: bounded in memory, fair between apps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use push::channel::Channel;
use push::engine::{Audience, Engine, Request, Settings};
use store::accounts;
use store::deliveries::{self, Way};
use store::devices::{self, Login, Token};

use crate::bench::{APP, Bench, CREDENTIAL, OTHER, VENDOR, device, scripted, until, user};

const MANY: usize = 10_000;

/// Binds accounts `u0`, `u1` … in large transactions.
async fn bind_many(bench: &Bench) {
    let now = bench.now();
    for first in (0..MANY).step_by(1_000) {
        let write = move |tx: &mut store::Tx<'_>| {
            for number in first..first + 1_000 {
                let (account, id) = (user(&format!("u{number}")), device(&format!("d{number}")));
                accounts::import(tx, now, &account)?;
                let login = Login { device: id.clone(), account: account.clone(), platform: 1, node: 0, session: 1 };
                devices::log_in(tx, now, &login)?;
                let (channel, token) = (VENDOR.to_owned(), format!("t{number}"));
                let token = Token { device: id, channel, token, credential: CREDENTIAL, bound_at: now };
                devices::set_token(tx, &account, &token)?;
            }
            Ok(())
        };
        bench.store.write(APP, write).await.unwrap();
    }
}

async fn open(engine: &Engine) -> i64 {
    engine.depths().await.unwrap().iter().map(|depth| depth.due + depth.leased).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_deliveries_drain_within_the_bounds_and_let_another_app_through() {
    let (mut bench, vendor) = Bench::new().await;
    bind_many(&bench).await;
    let other = scripted();
    bench.vendors.set(OTHER, CREDENTIAL, Ok(Arc::clone(&other) as Arc<dyn Channel>));
    bench.bind(OTHER, "bob", "phone", Some("token")).await;
    bench.engine.stop().await;
    let rows_max = 1_024;
    bench.restart(Settings { node: 2, rows_max, ..Settings::default() });
    let mut tasks = Vec::new();
    for first in (0..MANY).step_by(1_000) {
        let audience = Audience::Accounts((first..first + 1_000).map(|number| user(&format!("u{number}"))).collect());
        tasks.push(bench.engine.push(APP, Request { audience, ..bench.request(&[]) }).await.unwrap());
    }
    let small = bench.push(OTHER, &["bob"]).await;
    bench.ends(OTHER, small).await;
    assert!(open(&bench.engine).await > 0, "the other app did not wait for the flood's end");
    let most = AtomicUsize::new(0);
    let drained = async || {
        most.fetch_max(bench.engine.in_memory(), Ordering::Relaxed);
        open(&bench.engine).await == 0
    };
    until("all are drained", drained).await;
    let most = most.into_inner();
    until("the permits are back", async || bench.engine.in_memory() == 0).await;
    assert!((1..=rows_max).contains(&most), "{most}");
    let mut tokens: Vec<String> = vendor.seen().into_iter().map(|message| message.token).collect();
    tokens.sort();
    tokens.dedup();
    assert_eq!((tokens.len(), vendor.seen().len()), (MANY, MANY), "each once");
    for task in tasks {
        assert!(bench.deliveries(APP, task).await.iter().all(|delivery| delivery.ended_at.0 != 0));
    }
}

#[tokio::test]
async fn a_vendor_that_does_not_answer_leaves_room_to_the_others() {
    let (mut bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    let other = scripted();
    bench.vendors.set(OTHER, CREDENTIAL, Ok(Arc::clone(&other) as Arc<dyn Channel>));
    bench.bind(OTHER, "bob", "phone", Some("token")).await;
    vendor.delay(Duration::from_hours(1));
    bench.engine.stop().await;
    bench.vendors.set(APP, CREDENTIAL, Ok(vendor as Arc<dyn Channel>));
    let (now, id) = (bench.now(), 9);
    let task = bench.task(id);
    let way = || Way { device: device("phone"), lane: deliveries::lane(VENDOR, CREDENTIAL), badge: None };
    let ways: Vec<Way> = std::iter::repeat_with(way).take(300).collect();
    let add = move |tx: &mut store::Tx<'_>| {
        deliveries::add_task(tx, &task)?;
        deliveries::add_ways(tx, id, 0, "", &ways, now)
    };
    bench.store.write(APP, add).await.unwrap();
    // As much as one claim may take.
    bench.restart(Settings { node: 2, rows_max: 256, ..Settings::default() });
    let leased = async || bench.engine.depths().await.unwrap().iter().any(|depth| depth.leased > 60);
    until("the vendor has taken what it may", leased).await;
    for _ in 0..40 {
        let task = bench.push(OTHER, &["bob"]).await;
        bench.ends(OTHER, task).await;
    }
    assert_eq!(other.seen().len(), 40);
}
