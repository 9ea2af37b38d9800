//! A broadcast is courteous: what is on its way to named targets passes before its next slice.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use contract::notification::Notification;
use contract::{AppId, Millis, Result, UserId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use push::broadcast::{Broadcasts, Devices, Hands, SLICE_DEVICES};
use push::channel::{Answer, Channel, Limits, Outgoing, Said, Verdict};
use push::engine::{Audience, Request, Settings, TARGETS_MAX};
use push::task;
use store::bindings::{self, Os, Registration};
use store::broadcasts::Order;
use store::devices::{self, Token};
use store::{Store, Tx};
use tokio::sync::Semaphore;

use crate::bench::{APP, CREDENTIAL, Connections, HOUR, OTHER, VENDOR, Vendors, device, start, until, user};
use crate::tasks::spec;

const NOW: Millis = Millis(1_800_000_000_000);
/// Chunks of one app that are under way at a time.
const TURNS: usize = 2;
/// Longer than any machine needs: a slice begins because the push has passed, not because it has waited enough.
const LONG: Duration = Duration::from_mins(1);

/// What vendors are asked to deliver, in its order.
#[derive(Default)]
struct Log(Mutex<Vec<&'static str>>);

/// A vendor that notes what it gets, and answers when it is let.
struct Vendor {
    name: &'static str,
    log: Arc<Log>,
    gate: Arc<Semaphore>,
}

impl Channel for Vendor {
    fn limits(&self) -> Limits {
        Limits { batch_max: SLICE_DEVICES, payload_bytes_max: 4_096, can_add_badge: false }
    }

    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        async move {
            self.log.0.lock().push(self.name);
            let let_through = self.gate.acquire().await;
            let_through.expect("nobody closes it").forget();
            vec![Answer { verdict: Verdict::Accepted, said: Said::default() }; batch.len()]
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }
}

struct NoHands;

impl Hands for NoHands {
    fn hand<'a>(&'a self, _: AppId, _: &'a Order, _: &'a [UserId]) -> BoxFuture<'a, Result<u64>> {
        std::future::ready(Ok(0)).boxed()
    }

    fn devices(&self, _: &Order) -> Devices {
        Devices::All
    }
}

async fn register(store: &Store, app: AppId, count: usize) {
    for from in (0..count).step_by(500) {
        let write = move |tx: &mut Tx<'_>| {
            for number in from..count.min(from + 500) {
                let id = device(&format!("d{number:05}"));
                bindings::register(
                    tx,
                    NOW,
                    &id,
                    2,
                    &Registration { os: Os::Android as i64, ..Registration::default() },
                )?;
                let (channel, token) = (VENDOR.to_owned(), format!("t{number}"));
                let token = Token { device: id, channel, token, credential: CREDENTIAL, bound_at: NOW };
                devices::set_token(tx, &user("nobody"), &token)?;
            }
            Ok(())
        };
        store.write(app, write).await.unwrap();
    }
}

/// To many devices that nobody knows and to one that is registered: they are taken in by pages, so that the push is under
/// way for longer than a slice takes to begin.
fn to_one_device() -> Request {
    let unknown = (1..TARGETS_MAX).map(|number| device(&format!("x{number:05}")));
    Request {
        audience: Audience::Devices(unknown.chain([device("d00000")]).collect()),
        notification: Notification { title: "t".into(), body: "b".into(), ..Notification::default() },
        expires_at: NOW.plus(HOUR),
        store_offline: false,
        hold: false,
    }
}

store::both! {
    async fn a_push_of_another_app_passes_before_the_next_slice_of_a_broadcast(store: TestStore) {
        register(&store, APP, 5 * SLICE_DEVICES).await;
        register(&store, OTHER, 1).await;
        let (log, gate) = (Arc::new(Log::default()), Arc::new(Semaphore::new(0)));
        let vendors = Arc::new(Vendors::default());
        let slow = Vendor { name: "slice", log: Arc::clone(&log), gate: Arc::clone(&gate) };
        let quick = Vendor { name: "push", log: Arc::clone(&log), gate: Arc::new(Semaphore::new(9)) };
        vendors.set(APP, CREDENTIAL, Ok(Arc::new(slow) as Arc<dyn Channel>));
        vendors.set(OTHER, CREDENTIAL, Ok(Arc::new(quick) as Arc<dyn Channel>));
        let settings = Settings { give_way: LONG, stop: LONG, ..Settings::default() };
        let time = Arc::new(AtomicI64::new(NOW.0));
        let engine = Arc::new(start(settings, &store, &vendors, &Arc::new(Connections::default()), &time));
        let broadcasts = Broadcasts::start(Arc::clone(&engine), Arc::new(NoHands));
        let id = task::fresh_id();
        store.write(APP, move |tx| task::submit(tx, NOW, id, &spec(task::Audience::All))).await.unwrap();
        broadcasts.ring(APP);
        until("all turns wait for the vendor", async || log.0.lock().len() == TURNS).await;
        engine.push(OTHER, to_one_device()).await.unwrap();
        // From here on to the answer of the vendor nothing is waited for: the push has only just been rung for.
        gate.add_permits(TURNS);
        until("the next slices have begun", async || log.0.lock().len() == 2 * TURNS + 1).await;
        assert_eq!(*log.0.lock(), ["slice", "slice", "push", "slice", "slice"]);
        gate.add_permits(9);
        until("everybody has it", async || log.0.lock().len() == 6).await;
        broadcasts.stop().await;
        engine.stop().await;
    }
}
