//! An engine whose lanes lead to rooms of the sandbox, with devices that are reached by them; and what came through, by
//! lane, as it came.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use contract::notification::Notification;
use contract::{AppId, DeviceId, Millis, UserId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use push::channel::{Answer, Channel, Limits, Outgoing, Verdict};
use push::credential::{ChannelFactory, Opened, Trouble};
use push::delivery::Acked;
use push::engine::{Engine, SelfBuilt, Settings};
use push::task::{self, Audience, Spec};
use server::clock::Clock;
use store::bindings::{self, Registration};
use store::deliveries::Road;
use store::devices::{self, Token};
use store::{Hooks, Store, Tx};

use crate::Outcome;
use crate::vendor_rooms::{Room, words};

const APP: AppId = AppId(1);
const CREDENTIAL: i64 = 7;
/// Tasks of one transaction.
const TASKS: usize = 500;

/// A channel, and what its vendor made of it.
pub(crate) struct Counted {
    channel: Arc<dyn Channel>,
    /// Messages that were taken.
    pub(crate) taken: AtomicU64,
    /// Messages that were to come later.
    pub(crate) put_off: AtomicU64,
    /// Messages that ended otherwise.
    pub(crate) failed: AtomicU64,
}

impl Channel for Counted {
    fn limits(&self) -> Limits {
        self.channel.limits()
    }

    fn deliver<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        async move {
            let answers = self.channel.deliver(batch).await;
            for answer in &answers {
                let count = match answer.verdict {
                    Verdict::Accepted => &self.taken,
                    Verdict::Later { .. } => &self.put_off,
                    Verdict::Gone { .. } | Verdict::Refused { .. } => &self.failed,
                };
                count.fetch_add(1, Ordering::Relaxed);
            }
            answers
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.channel.close()
    }
}

struct Factory(HashMap<String, Arc<Counted>>);

impl ChannelFactory for Factory {
    fn print(&self, _: AppId, _: &str, _: i64) -> u64 {
        1
    }

    fn open(&self, _: AppId, channel: &str, _: i64) -> Result<Opened, Trouble> {
        let counted = self.0.get(channel).ok_or(Trouble::Unknown)?;
        Ok(Opened { channel: Arc::clone(counted) as Arc<dyn Channel>, rate: 6_000 })
    }
}

/// No device has a connection.
struct Nobody;

impl SelfBuilt for Nobody {
    fn push<'a>(
        &'a self,
        _: AppId,
        _: &'a DeviceId,
        _: [u8; 16],
        _: &'a Notification,
        _: Millis,
    ) -> BoxFuture<'a, Acked> {
        std::future::ready(Acked::NotConnected).boxed()
    }
}

/// A node's push to some vendors.
pub(crate) struct VendorDeck {
    store: Store,
    engine: Engine,
    pub(crate) channels: HashMap<String, Arc<Counted>>,
}

impl VendorDeck {
    /// Opens a store in a folder, with a device for each phone of the rooms, and starts to drain it.
    pub(crate) async fn open(folder: &Path, rooms: &[&Room]) -> Outcome<Self> {
        let hooks = Hooks::new(|_, _| Ok(()), Arc::new(|_, _| {}));
        let store = Store::open(&store::Settings::sqlite(folder.join("bench.db")), hooks).await?;
        let mut channels = HashMap::new();
        for room in rooms {
            let counted = Counted {
                channel: room.channel(None)?,
                taken: AtomicU64::new(0),
                put_off: AtomicU64::new(0),
                failed: AtomicU64::new(0),
            };
            channels.insert(room.vendor.to_owned(), Arc::new(counted));
            let (vendor, tokens) = (room.vendor, Arc::clone(&room.tokens));
            store.write(APP, move |tx| register(tx, vendor, &tokens)).await?;
        }
        let clock = Clock::default();
        let factory = Arc::new(Factory(channels.clone()));
        let settings = Settings::default();
        let engine = Engine::start(settings, store.clone(), factory, Arc::new(Nobody), Arc::new(move || clock.now()));
        Ok(Self { store, engine, channels })
    }

    /// Pushes to each phone of a room, so many times, each time with words of its own, as chat does.
    pub(crate) async fn push(&self, room: &Room, times: usize, life_ms: i64) -> Outcome {
        let all: Vec<(usize, usize)> =
            (0..times).flat_map(|time| (0..room.tokens.len()).map(move |phone| (time, phone))).collect();
        for some in all.chunks(TASKS) {
            let (vendor, now) = (room.vendor, Clock::default().now());
            let tasks: Vec<(i64, Spec)> = some
                .iter()
                .map(|(time, phone)| {
                    let title = format!("Your order: no. {time}-{phone}");
                    let audience = Audience::Devices(vec![name(vendor, *phone)]);
                    let notification = Notification { title, ..words() };
                    let spec = Spec::new("bench", "notice", audience, notification);
                    (task::fresh_id(), Spec { is_fleeting: true, road: Road::VendorOnly, life_ms, ..spec })
                })
                .collect();
            let write = move |tx: &mut Tx<'_>| {
                tasks.iter().try_for_each(|(id, spec)| task::submit(tx, now, *id, spec).map(drop))
            };
            self.store.write(APP, write).await?;
        }
        self.engine.wake();
        Ok(())
    }

    /// What a vendor has taken so far.
    pub(crate) fn taken(&self, vendor: &str) -> u64 {
        self.channels.get(vendor).map_or(0, |counted| counted.taken.load(Ordering::Relaxed))
    }

    /// Ends everything.
    pub(crate) async fn close(self) {
        self.engine.stop().await;
        self.store.close().await;
    }
}

fn register(tx: &mut Tx<'_>, vendor: &str, tokens: &[String]) -> contract::Result<()> {
    let (nobody, now) = (UserId::trusted("nobody"), Millis(1));
    for (number, token) in tokens.iter().enumerate() {
        let device = DeviceId::trusted(&name(vendor, number));
        bindings::register(tx, now, &device, 2, &Registration { os: 2, ..Registration::default() })?;
        let (channel, token) = (vendor.to_owned(), token.clone());
        devices::set_token(tx, &nobody, &Token { device, channel, token, credential: CREDENTIAL, bound_at: now })?;
    }
    Ok(())
}

fn name(vendor: &str, number: usize) -> String {
    format!("{vendor}-{number}")
}
