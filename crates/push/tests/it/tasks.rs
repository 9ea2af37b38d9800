//! Tasks from what was asked for to the devices: named targets and scopes, times, cancelling, revoking, counting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use contract::codes::PushCommon;
use contract::notification::Notification;
use contract::{AppId, Fault, Millis, Result, UserId, moment};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use push::broadcast::{Broadcasts, Devices, Hands};
use push::channel::Channel;
use push::channels::scripted::Scripted;
use push::engine::{Engine, Settings};
use push::report;
use push::task::{self, Audience, Cycle, Days, Notice, Pace, Spec, Status, When};
use store::bindings::{self, Os, Registration};
use store::broadcasts::Order;
use store::deliveries;
use store::devices::{self, Token};
use store::push_counts::{Counts, Report};
use store::tasks::{Record, State};
use store::testing::TestStore;
use store::{Tx, platform};

use crate::bench::{APP, CREDENTIAL, Connections, HOUR, VENDOR, Vendors, device, is, scripted, start, until, user};

const START: i64 = 1_800_000_000_000;

/// No account is handed anything: these broadcasts are for devices.
struct NoHands;

impl Hands for NoHands {
    fn hand<'a>(&'a self, _: AppId, _: &'a Order, accounts: &'a [UserId]) -> BoxFuture<'a, Result<u64>> {
        assert!(accounts.is_empty(), "accounts of a push to devices: {accounts:?}");
        std::future::ready(Ok(0)).boxed()
    }

    fn devices(&self, _: &Order) -> Devices {
        Devices::All
    }
}

/// A node's push on a store of either engine.
pub(crate) struct Deck {
    pub(crate) store: TestStore,
    pub(crate) vendor: Arc<Scripted>,
    vendors: Arc<Vendors>,
    connections: Arc<Connections>,
    engine: Arc<Engine>,
    broadcasts: Broadcasts,
    time: Arc<AtomicI64>,
}

impl Deck {
    pub(crate) fn new(store: TestStore) -> Self {
        let (time, vendors) = (Arc::new(AtomicI64::new(START)), Arc::new(Vendors::default()));
        let (connections, vendor) = (Arc::new(Connections::default()), scripted());
        vendors.set(APP, CREDENTIAL, Ok(Arc::clone(&vendor) as Arc<dyn Channel>));
        let settings = settings();
        let engine = Arc::new(start(settings, &store, &vendors, &connections, &time));
        let broadcasts = Broadcasts::start(Arc::clone(&engine), Arc::new(NoHands));
        Self { store, vendor, vendors, connections, engine, broadcasts, time }
    }

    /// Another process takes over; the old one is dropped as a crash would.
    fn restart(&mut self) {
        let settings = Settings { node: 2, ..settings() };
        self.engine = Arc::new(start(settings, &self.store, &self.vendors, &self.connections, &self.time));
        self.broadcasts = Broadcasts::start(Arc::clone(&self.engine), Arc::new(NoHands));
    }

    pub(crate) fn now(&self) -> Millis {
        Millis(self.time.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.time.fetch_add(ms, Ordering::SeqCst);
        self.ring();
    }

    fn ring(&self) {
        self.engine.wake();
        self.broadcasts.ring(APP);
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        job: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = self.store.write(APP, job).await;
        self.ring();
        done
    }

    /// Registers devices for push, with a token of the vendor where one is given.
    pub(crate) async fn register(&self, names: &[&str], os: Os, has_token: bool) {
        let now = self.now();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let register = move |tx: &mut Tx<'_>| {
            for name in &names {
                let id = device(name);
                let what = Registration { os: os as i64, ..Registration::default() };
                bindings::register(tx, now, &id, 2, &what)?;
                if has_token {
                    let (channel, token) = (VENDOR.to_owned(), format!("t-{name}"));
                    let token = Token { device: id, channel, token, credential: CREDENTIAL, bound_at: now };
                    devices::set_token(tx, &user("nobody"), &token)?;
                }
            }
            Ok(())
        };
        self.write(register).await.unwrap();
    }

    /// Lets a device be connected to a node that lives.
    async fn connect(&self, name: &str) {
        let (now, id) = (self.now(), device(name));
        self.store.write(AppId::PLATFORM, move |tx| platform::beat(tx, now, 5, "node")).await.unwrap();
        self.connections.online.lock().insert(id.clone());
        self.write(move |tx: &mut Tx<'_>| store::testing::connect(tx, &id, 5)).await.unwrap();
        self.engine.arrived(APP, &user("nobody"), &device(name)).await.unwrap();
    }

    pub(crate) async fn submit(&self, spec: Spec) -> Result<Record> {
        let (now, id) = (self.now(), task::fresh_id());
        self.write(move |tx| task::submit(tx, now, id, &spec)).await
    }

    pub(crate) async fn status(&self, id: i64) -> Status {
        self.store.read(APP, move |snapshot| task::status(snapshot, id)).await.unwrap().expect("the task is known")
    }

    /// Waits until the counters of a task are as expected.
    pub(crate) async fn counts(&self, id: i64, expected: Counts) {
        let mut last = Counts::default();
        for _ in 0..4_000 {
            last = self.status(id).await.total();
            if last == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("not as expected: {last:?}");
    }

    /// How often each device got something by the vendor.
    fn by_vendor(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for message in self.vendor.seen() {
            *counts.entry(message.token.trim_start_matches("t-").to_owned()).or_default() += 1;
        }
        counts
    }

    /// Which devices got something over their connections.
    fn by_connection(&self) -> Vec<(String, Notification)> {
        self.connections.got.lock().iter().map(|(id, what)| (id.to_string(), what.clone())).collect()
    }
}

fn settings() -> Settings {
    Settings { stop: Duration::from_millis(200), sweep: Duration::from_millis(200), ..Settings::default() }
}

pub(crate) fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

pub(crate) fn spec(audience: Audience) -> Spec {
    let notification = Notification { title: "t".into(), body: "b".into(), ..Notification::default() };
    Spec { is_fleeting: true, ..Spec::new("test", "notice", audience, notification) }
}

pub(crate) fn to(names: &[&str]) -> Spec {
    spec(Audience::Devices(texts(names)))
}

fn ids(found: &[(String, Notification)]) -> Vec<&str> {
    let mut ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    ids.sort_unstable();
    ids
}

pub(crate) fn sent(count: i64) -> Counts {
    Counts { accepted: count, sent: count, ..Counts::default() }
}

store::both! {
    async fn a_push_to_named_devices_counts_what_became_of_each(store: TestStore) {
        let deck = Deck::new(store);
        deck.register(&["a", "b"], Os::Android, true).await;
        deck.register(&["c", "d"], Os::Android, false).await;
        deck.connect("c").await;
        let task = deck.submit(to(&["a", "b", "c", "d", "unknown", "a"])).await.unwrap();
        let expected = Counts { accepted: 4, sent: 3, received: 1, failed: 2, ..Counts::default() };
        deck.counts(task.id, expected).await;
        assert_eq!(deck.by_vendor(), BTreeMap::from([("a".into(), 1), ("b".into(), 1)]));
        assert_eq!(ids(&deck.by_connection()), ["c"]);
        let status = deck.status(task.id).await;
        assert_eq!((status.record.state, status.record.targets), (State::Started, 5));
        let id = task.id;
        let all = deck.store.read(APP, move |snapshot| deliveries::of_task(snapshot, id, -1)).await.unwrap();
        assert!(all.iter().any(|one| one.device == Some(device("unknown")) && is(one, PushCommon::NoBindInfo)));
        assert!(all.iter().any(|one| one.device == Some(device("d")) && is(one, PushCommon::DeviceNotOnlineOrNoResponse)));
        assert!(all.iter().any(|one| one.device == Some(device("a")) && is(one, PushCommon::Acked)));
        let app = deck.store.read(APP, |snapshot| store::push_counts::sum(snapshot, 0, i64::MAX)).await.unwrap();
        let mut total = Counts::default();
        for line in &app {
            total += line.counts;
        }
        assert_eq!(total, expected);
    }

    async fn accounts_and_aliases_reach_all_their_devices_once(store: TestStore) {
        let deck = Deck::new(store);
        deck.register(&["a", "b", "c", "d"], Os::Android, true).await;
        let now = deck.now();
        let bind = move |tx: &mut Tx<'_>| {
            bindings::bind_account(tx, &device("a"), "alice")?;
            bindings::bind_account(tx, &device("b"), "alice")?;
            bindings::add_aliases(tx, now, &device("b"), &texts(&["x", "y"]))?;
            bindings::add_aliases(tx, now, &device("c"), &texts(&["y"]))
        };
        deck.write(bind).await.unwrap();
        let task = deck.submit(spec(Audience::Accounts(texts(&["alice"])))).await.unwrap();
        deck.counts(task.id, sent(2)).await;
        let task = deck.submit(spec(Audience::Aliases(texts(&["x", "y", "z"])))).await.unwrap();
        deck.counts(task.id, sent(2)).await;
        assert_eq!(deck.by_vendor(), BTreeMap::from([("a".into(), 1), ("b".into(), 2), ("c".into(), 1)]));
    }

    async fn a_system_is_meant_alone(store: TestStore) {
        let deck = Deck::new(store);
        deck.register(&["a"], Os::Android, true).await;
        deck.register(&["i"], Os::Ios, true).await;
        let systems = 1 << Os::Ios as i64;
        let named = deck.submit(Spec { systems, ..to(&["a", "i"]) }).await.unwrap();
        deck.counts(named.id, Counts { failed: 1, ..sent(1) }).await;
        let all = deck.submit(Spec { systems, ..spec(Audience::All) }).await.unwrap();
        deck.counts(all.id, sent(1)).await;
        assert_eq!(deck.by_vendor(), BTreeMap::from([("i".into(), 2)]));
    }

    async fn a_message_goes_over_our_own_connection_and_the_notification_to_those_who_are_away(store: TestStore) {
        let deck = Deck::new(store);
        deck.register(&["on", "off"], Os::Android, true).await;
        deck.connect("on").await;
        let message = Notification { title: "m".into(), ..Notification::default() };
        for audience in [Audience::Devices(texts(&["on", "off"])), Audience::All] {
            let both = Spec { message: Some(message.clone()), ..spec(audience) };
            let task = deck.submit(both).await.unwrap();
            deck.counts(task.id, Counts { received: 1, ..sent(2) }).await;
        }
        assert_eq!(deck.by_vendor(), BTreeMap::from([("off".into(), 2)]));
        let got = deck.by_connection();
        assert_eq!(ids(&got), ["on", "on"]);
        assert!(got.iter().all(|(_, what)| what.title == "m"), "{got:?}");
    }

    async fn a_timed_push_begins_at_its_time_and_can_be_cancelled_before(store: TestStore) {
        let deck = Deck::new(store);
        deck.register(&["a"], Os::Android, true).await;
        let at = When::At(deck.now().plus(HOUR).0);
        let task = deck.submit(Spec { when: at.clone(), ..to(&["a"]) }).await.unwrap();
        let other = deck.submit(Spec { when: at, ..spec(Audience::All) }).await.unwrap();
        assert_eq!((task.state, task.expires_at), (State::Waiting, deck.now().plus(HOUR + task::LIFE_MAX_MS)));
        assert!(deck.write(move |tx| task::cancel(tx, other.id)).await.unwrap());
        assert!(!deck.write(move |tx| task::cancel(tx, other.id)).await.unwrap());
        deck.advance(HOUR - 1);
        assert_eq!(deck.status(task.id).await.record.state, State::Waiting);
        deck.advance(1);
        deck.counts(task.id, sent(1)).await;
        assert!(!deck.write(move |tx| task::cancel(tx, task.id)).await.unwrap(), "it has begun");
        assert_eq!(deck.status(other.id).await.record.state, State::Cancelled);
        assert_eq!(deck.by_vendor(), BTreeMap::from([("a".into(), 1)]));
    }

    async fn a_repeated_push_comes_on_its_days_and_each_time_is_a_part(store: TestStore) {
        let deck = Deck::new(store);
        deck.register(&["a"], Os::Android, true).await;
        let now = deck.now();
        let cycle = Cycle {
            from: now.0,
            until: now.0 + 5 * 24 * HOUR,
            days: Days::Daily,
            time_ms: (now.0 + HOUR).rem_euclid(24 * HOUR),
            zone_ms: 0,
            skipped: Vec::new(),
        };
        let task = deck.submit(Spec { when: When::Cycle(cycle), ..to(&["a"]) }).await.unwrap();
        assert_eq!(task.due_at, Some(now.plus(HOUR)), "{}", moment::write(now));
        deck.advance(HOUR);
        deck.counts(task.id, sent(1)).await;
        let skipped = now.plus(25 * HOUR);
        let at = deck.now();
        assert!(deck.write(move |tx| task::cancel_occurrence(tx, at, task.id, skipped)).await.unwrap());
        assert!(!deck.write(move |tx| task::cancel_occurrence(tx, at, task.id, skipped)).await.unwrap());
        deck.advance(24 * HOUR);
        deck.advance(24 * HOUR);
        deck.counts(task.id, sent(2)).await;
        let id = task.id;
        let parts = deck.store.read(APP, move |snapshot| store::tasks::parts(snapshot, id, 0)).await.unwrap();
        assert_eq!(parts.len(), 2);
        deck.advance(24 * HOUR);
        deck.counts(task.id, sent(3)).await;
        deck.advance(24 * HOUR);
        deck.counts(task.id, sent(4)).await;
        assert_eq!(deck.status(task.id).await.record.state, State::Complete);
    }

    async fn targets_are_named_call_by_call_until_the_push_is_complete(store: TestStore) {
        let deck = Deck::new(store);
        deck.register(&["a", "b", "c"], Os::Android, true).await;
        let task = deck.submit(spec(Audience::Open)).await.unwrap();
        let (now, id) = (deck.now(), task.id);
        for name in ["a", "b"] {
            let audience = Audience::Devices(texts(&[name]));
            assert!(deck.write(move |tx| task::name_targets(tx, now, id, audience.clone())).await.unwrap());
        }
        deck.counts(id, sent(2)).await;
        assert!(deck.write(move |tx| task::complete(tx, id)).await.unwrap());
        assert!(!deck.write(move |tx| task::complete(tx, id)).await.unwrap());
        let audience = Audience::Devices(texts(&["c"]));
        assert!(!deck.write(move |tx| task::name_targets(tx, now, id, audience.clone())).await.unwrap());
        assert_eq!(deck.by_vendor().len(), 2);
    }

    async fn a_push_is_kept_for_devices_that_come_back_only_if_it_asks_for_that(store: TestStore) {
        let deck = Deck::new(store);
        deck.register(&["a", "b", "c"], Os::Android, false).await;
        deck.connect("c").await;
        deck.submit(spec(Audience::All)).await.unwrap();
        let all = deck.submit(Spec { store_offline: true, ..spec(Audience::All) }).await.unwrap();
        let named = deck.submit(Spec { store_offline: true, ..to(&["a"]) }).await.unwrap();
        deck.counts(all.id, Counts { accepted: 3, sent: 1, received: 1, ..Counts::default() }).await;
        deck.counts(named.id, Counts { accepted: 1, ..Counts::default() }).await;
        deck.connect("a").await;
        deck.counts(all.id, Counts { accepted: 3, sent: 2, received: 2, ..Counts::default() }).await;
        deck.counts(named.id, Counts { received: 1, ..sent(1) }).await;
        // It has both by now, and those who have it get it once.
        deck.connect("a").await;
        deck.connect("c").await;
        deck.advance(task::LIFE_MAX_MS);
        deck.connect("b").await;
        let got = deck.by_connection();
        assert_eq!(ids(&got), ["a", "a", "c", "c"]);
    }

    async fn a_revoked_push_reaches_nobody_else(store: TestStore) {
        let deck = Deck::new(store);
        deck.register(&["a"], Os::Android, false).await;
        for audience in [Audience::Devices(texts(&["a"])), Audience::All] {
            let task = deck.submit(Spec { store_offline: true, ..spec(audience) }).await.unwrap();
            deck.counts(task.id, Counts { accepted: 1, ..Counts::default() }).await;
            let now = deck.now();
            assert!(deck.write(move |tx| task::revoke(tx, now, task.id, &Notice::default())).await.unwrap());
            assert!(!deck.write(move |tx| task::revoke(tx, now, task.id, &Notice::default())).await.unwrap());
            assert_eq!(deck.status(task.id).await.record.state, State::Revoked);
        }
        deck.connect("a").await;
        let last = deck.submit(to(&["a"])).await.unwrap();
        deck.counts(last.id, Counts { received: 1, ..sent(1) }).await;
        assert_eq!(deck.by_connection().len(), 1, "what was revoked would have come first");
    }

    async fn a_held_push_waits_for_its_release(store: TestStore) {
        let deck = Deck::new(store);
        deck.register(&["a"], Os::Android, true).await;
        let named = deck.submit(Spec { is_held: true, ..to(&["a"]) }).await.unwrap();
        let all = deck.submit(Spec { is_held: true, ..spec(Audience::All) }).await.unwrap();
        let id = named.id;
        let rows = deck.store.read(APP, move |snapshot| deliveries::of_task(snapshot, id, -1)).await.unwrap();
        assert!(is(&rows[0], PushCommon::WaitingForVerify));
        let now = deck.now();
        for id in [named.id, all.id] {
            assert_eq!(deck.write(move |tx| task::release(tx, now, id)).await.unwrap(), 1);
            deck.counts(id, sent(1)).await;
        }
    }

    async fn what_is_heard_afterwards_counts_once_for_each_device(store: TestStore) {
        let deck = Deck::new(store);
        deck.register(&["a", "b"], Os::Android, true).await;
        deck.register(&["c"], Os::Android, false).await;
        deck.connect("c").await;
        for audience in [Audience::Devices(texts(&["a", "b", "c"])), Audience::All] {
            let task = deck.submit(spec(audience)).await.unwrap();
            deck.counts(task.id, Counts { received: 1, ..sent(3) }).await;
            let (now, id) = (deck.now(), task.id);
            let heard = async |name: &'static str, what: Report, channel: Option<&'static str>| {
                deck.write(move |tx| report::note(tx, now, id, &device(name), what, channel)).await.unwrap()
            };
            assert!(heard("a", Report::Received, Some(VENDOR)).await);
            assert!(!heard("a", Report::Received, Some(VENDOR)).await);
            assert!(!heard("c", Report::Received, None).await, "its acknowledgement has said so");
            assert!(heard("a", Report::Opened, None).await);
            assert!(!heard("a", Report::Opened, None).await);
            assert!(heard("c", Report::Removed, None).await);
            assert!(!heard("unknown", Report::Opened, None).await);
            deck.counts(id, Counts { received: 2, opened: 1, removed: 1, ..sent(3) }).await;
        }
        let now = deck.now();
        assert!(!deck.write(move |tx| report::note(tx, now, 7, &device("a"), Report::Opened, None)).await.unwrap());
    }

    async fn all_devices_are_meant_only_so_often(store: TestStore) {
        let deck = Deck::new(store);
        let pace = Pace { pause_ms: 1_000, window_ms: 600_000, count_max: 3 };
        let ask = async |spec: Spec| {
            let (now, id) = (deck.now(), task::fresh_id());
            deck.write(move |tx| {
                task::check_pace(tx, now, &spec, pace)?;
                task::submit(tx, now, id, &spec)
            }).await
        };
        let throttled = |outcome: Result<Record>| {
            matches!(outcome, Err(contract::Error::Fault(Fault::CallThrottled)))
        };
        let (apple, android) = (1 << Os::Ios as i64, 1 << Os::Android as i64);
        ask(Spec { systems: apple, ..spec(Audience::All) }).await.unwrap();
        assert!(throttled(ask(spec(Audience::All)).await));
        ask(Spec { systems: android, ..spec(Audience::All) }).await.unwrap();
        ask(to(&["a"])).await.unwrap();
        for _ in 0..2 {
            deck.advance(1_000);
            ask(Spec { systems: apple, ..spec(Audience::All) }).await.unwrap();
        }
        deck.advance(1_000);
        assert!(throttled(ask(Spec { systems: apple, ..spec(Audience::All) }).await));
        ask(Spec { systems: apple, kind: "message".into(), ..spec(Audience::All) }).await.unwrap();
        deck.advance(600_000);
        ask(Spec { systems: apple, ..spec(Audience::All) }).await.unwrap();
    }

    async fn a_device_that_does_not_answer_holds_up_nobody_else(store: TestStore) {
        let deck = Deck::new(store);
        deck.register(&["mute", "quick"], Os::Android, false).await;
        deck.connect("mute").await;
        deck.connect("quick").await;
        deck.connections.stuck.lock().insert(device("mute"));
        deck.submit(to(&["mute"])).await.unwrap();
        until("it is under way", async || deck.connections.waiting.load(Ordering::SeqCst) == 1).await;
        let task = deck.submit(to(&["quick"])).await.unwrap();
        until("the other one has it", async || deck.status(task.id).await.total().received == 1).await;
        assert_eq!(deck.connections.waiting.load(Ordering::SeqCst), 1, "the first is still waited for");
        deck.connections.free.notify_waiters();
    }

    async fn a_repeated_call_is_answered_as_the_first_for_a_quarter_of_an_hour(store: TestStore) {
        let deck = Deck::new(store);
        let ask = async |token: &'static str, says: &'static str| {
            let now = deck.now();
            deck.write(move |tx| task::once(tx, now, Some(token), |_| Ok(says.to_owned()))).await.unwrap()
        };
        assert_eq!(ask("AB", "1").await, "1");
        assert_eq!(ask("ab", "2").await, "1");
        assert_eq!(ask("cd", "3").await, "3");
        deck.advance(15 * 60_000 + 1);
        assert_eq!(ask("ab", "4").await, "4");
        assert_eq!(ask("ab", "5").await, "4");
    }

    async fn a_restart_in_the_middle_loses_nobody(store: TestStore) {
        let mut deck = Deck::new(store);
        let names: Vec<String> = (0..2_500).map(|n| format!("d{n:05}")).collect();
        for some in names.chunks(500) {
            deck.register(&some.iter().map(String::as_str).collect::<Vec<_>>(), Os::Android, true).await;
        }
        let task = deck.submit(spec(Audience::All)).await.unwrap();
        until("some have it", async || deck.by_vendor().len() >= 500).await;
        deck.restart();
        deck.advance(60_000);
        deck.ring();
        until("all have it", async || deck.by_vendor().len() == 2_500).await;
        until("it is done", async || {
            deck.ring();
            deck.status(task.id).await.broadcast.is_some_and(|of| of.ended_at.0 > 0)
        }).await;
        let twice = deck.by_vendor().values().filter(|count| **count > 1).count();
        assert!(twice <= 2 * push::broadcast::SLICE_DEVICES, "{twice} have it twice");
    }
}
