//! Broadcasts: everybody once, whatever stops or fails on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use contract::notification::Notification;
use contract::{AppId, Fault, Millis, Result, UserId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use push::broadcast::{
    Audience, Begun, Broadcasts, Condition, Devices, Hands, Request, Rule, SLICE, Tally, Undo, begin, revoke,
};
use push::channel::{Channel, Scope, Status, Verdict};
use store::broadcasts::{self, Broadcast, Order};
use store::{Tx, accounts, tags};
use tokio::sync::Notify;

use crate::bench::{APP, Bench, HOUR, OTHER, VENDOR, device, scripted, until, user};

/// Whether the account of a number matches.
type Holds = Box<dyn Fn(usize) -> bool>;

const FREELY: Rule = Rule { per_day: None, pause_ms: 0 };

/// Hands that note whom they were given, and stop where a test says.
#[derive(Default)]
struct Noted {
    given: Mutex<Vec<(AppId, UserId)>>,
    calls: AtomicUsize,
    /// The app whose slices wait.
    held: Mutex<Option<AppId>>,
    /// Slices that go through before the others wait.
    passing: AtomicUsize,
    freed: Notify,
    wants_all: AtomicBool,
}

impl Noted {
    fn counts(&self, app: AppId) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (_, account) in self.given.lock().iter().filter(|(own, _)| *own == app) {
            *counts.entry(account.to_string()).or_default() += 1;
        }
        counts
    }

    fn free(&self) {
        *self.held.lock() = None;
        self.freed.notify_waiters();
    }
}

impl Hands for Noted {
    fn hand<'a>(&'a self, app: AppId, _: &'a Order, accounts: &'a [UserId]) -> BoxFuture<'a, Result<u64>> {
        async move {
            let call = self.calls.fetch_add(1, Ordering::SeqCst);
            loop {
                let freed = self.freed.notified();
                if *self.held.lock() != Some(app) || call < self.passing.load(Ordering::SeqCst) {
                    break;
                }
                freed.await;
            }
            self.given.lock().extend(accounts.iter().map(|account| (app, account.clone())));
            Ok(accounts.len() as u64)
        }
        .boxed()
    }

    fn devices(&self, _: &Order) -> Devices {
        if self.wants_all.load(Ordering::SeqCst) { Devices::All } else { Devices::Away }
    }
}

fn request(random: u32) -> Request {
    Request {
        origin: "test",
        sender: user("administrator"),
        random,
        crc: random,
        matter: "{}".into(),
        notification: None,
        data_id: String::new(),
        life_ms: HOUR,
        is_kept: false,
        task: i64::from(random) + 1_000,
    }
}

fn shown(random: u32) -> Request {
    let notification = Notification { title: "t".into(), body: "b".into(), ..Notification::default() };
    Request { notification: Some(notification), ..request(random) }
}

async fn start(bench: &Bench, app: AppId, request: Request, audience: Audience) -> Begun {
    let now = bench.now();
    let begun = bench.store.write(app, move |tx| begin(tx, now, FREELY, &request, &audience)).await;
    begun.expect("it begins")
}

async fn found(bench: &Bench, app: AppId, number: i64) -> Broadcast {
    let found = bench.store.read(app, move |snapshot| broadcasts::get(snapshot, number)).await;
    found.expect("the store answers").expect("the broadcast is there")
}

async fn ends(bench: &Bench, app: AppId, number: i64) -> Broadcast {
    until("the broadcast ends", async || found(bench, app, number).await.ended_at != Millis(0)).await;
    found(bench, app, number).await
}

async fn add(bench: &Bench, app: AppId, count: usize) {
    let now = bench.now();
    for from in (0..count).step_by(1_000) {
        let write = move |tx: &mut Tx<'_>| {
            (from..count.min(from + 1_000)).try_for_each(|n| accounts::import(tx, now, &user(&name(n))).map(drop))
        };
        bench.store.write(app, write).await.expect("accounts are added");
    }
}

fn name(number: usize) -> String {
    format!("u{number:05}")
}

fn node(bench: &Bench, number: i64, hands: &Arc<Noted>) -> Broadcasts {
    Broadcasts::start(bench.node(number), Arc::clone(hands) as Arc<dyn Hands>)
}

fn tagged(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

fn which(condition: Condition) -> Audience {
    Audience::Accounts { condition, upto: None }
}

#[tokio::test]
async fn everybody_gets_it_once_and_nothing_is_left_of_its_chunks() {
    let (bench, vendor) = Bench::new().await;
    add(&bench, APP, 2_500).await;
    for number in 0..30 {
        let (account, phone) = (name(number * 80), format!("phone{number}"));
        bench.bind(APP, &account, &phone, Some(&format!("token{number}"))).await;
    }
    let hands = Arc::new(Noted::default());
    let node = node(&bench, 11, &hands);
    let begun = start(&bench, APP, shown(1), Audience::everybody()).await;
    node.ring(APP);
    let ended = ends(&bench, APP, begun.number).await;
    assert_eq!((ended.matched, ended.told, ended.chunks), (2_500, 2_500, 3));
    assert_eq!(Tally::read(&ended.statuses).0, BTreeMap::from([("common:2".into(), 30)]));
    let counts = hands.counts(APP);
    assert_eq!((counts.len(), counts.values().max()), (2_500, Some(&1)));
    let tokens: BTreeSet<String> = vendor.seen().into_iter().map(|sent| sent.token).collect();
    assert_eq!((tokens.len(), vendor.seen().len()), (30, 30));
    let rows = bench.deliveries(APP, 1_001).await;
    assert!(rows.is_empty(), "no device has a row: {rows:?}");
    let open = bench.store.read(APP, move |snapshot| broadcasts::open(snapshot, begun.number)).await;
    assert_eq!(open, Ok(Vec::new()));
    assert_eq!(node.counters().matched, 2_500);
    node.stop().await;
}

#[tokio::test]
async fn a_node_that_dies_in_the_middle_is_followed_by_another_that_repeats_what_was_in_flight_and_loses_nobody() {
    let (bench, _) = Bench::new().await;
    add(&bench, APP, 3_000).await;
    let hands = Arc::new(Noted { passing: AtomicUsize::new(9), held: Mutex::new(Some(APP)), ..Noted::default() });
    let first = node(&bench, 11, &hands);
    let begun = start(&bench, APP, request(1), Audience::everybody()).await;
    first.ring(APP);
    until("it is in the middle", async || hands.counts(APP).len() == 9 * SLICE).await;
    until("both turns wait", async || hands.calls.load(Ordering::SeqCst) == 11).await;
    drop(first);
    hands.free();
    let second = node(&bench, 12, &hands);
    second.ring(APP);
    until("the rest is cut", async || found(&bench, APP, begun.number).await.chunks == 3).await;
    assert_eq!(found(&bench, APP, begun.number).await.ended_at, Millis(0), "a lease holds two chunks");
    bench.advance(60_000);
    second.ring(APP);
    let ended = ends(&bench, APP, begun.number).await;
    assert_eq!((ended.matched, ended.told), (3_000, 3_000), "what is counted is counted once");
    let counts = hands.counts(APP);
    assert_eq!(counts.len(), 3_000, "nobody is lost");
    let repeated = counts.values().filter(|count| **count > 1).count();
    assert!(repeated <= 2 * SLICE, "{repeated} accounts got it again");
    second.stop().await;
}

#[tokio::test]
async fn a_broadcast_of_one_app_that_is_stuck_does_not_hold_up_another_apps() {
    let (bench, _) = Bench::new().await;
    add(&bench, APP, 5_000).await;
    add(&bench, OTHER, 300).await;
    let hands = Arc::new(Noted { held: Mutex::new(Some(APP)), ..Noted::default() });
    let node = node(&bench, 11, &hands);
    let large = start(&bench, APP, request(1), Audience::everybody()).await;
    node.ring(APP);
    until("the large one has its turns", async || hands.calls.load(Ordering::SeqCst) >= 2).await;
    let small = start(&bench, OTHER, request(2), Audience::everybody()).await;
    node.ring(OTHER);
    assert_eq!(ends(&bench, OTHER, small.number).await.matched, 300);
    assert_eq!(hands.counts(APP).len(), 0);
    hands.free();
    assert_eq!(ends(&bench, APP, large.number).await.matched, 5_000);
    node.stop().await;
}

#[tokio::test]
async fn a_lane_that_takes_nothing_is_left_behind_and_catches_up_while_the_others_go_on() {
    let (bench, good) = Bench::new().await;
    let bad = scripted();
    bench.vendors.set(APP, 8, Ok(Arc::clone(&bad) as Arc<dyn Channel>));
    add(&bench, APP, 200).await;
    for number in 0..100 {
        bench.bind(APP, &name(number), &format!("phone{number}"), Some(&format!("good{number}"))).await;
    }
    for number in 100..200 {
        bench.bind(APP, &name(number), &format!("phone{number}"), None).await;
        let (now, account, id) = (bench.now(), user(&name(number)), device(&format!("phone{number}")));
        let token = store::devices::Token {
            device: id,
            channel: VENDOR.into(),
            token: format!("bad{number}"),
            credential: 8,
            bound_at: now,
        };
        let write = move |tx: &mut Tx<'_>| store::devices::set_token(tx, &account, &token);
        bench.store.write(APP, write).await.expect("the token is set");
    }
    let away = Status { family: "common", number: 0 };
    // The whole credential is refused once: the circuit shuts.
    bad.then(Verdict::Later { status: away, scope: Scope::App, after_ms: Some(5_000) });
    let hands = Arc::new(Noted::default());
    let node = node(&bench, 11, &hands);
    let begun = start(&bench, APP, shown(1), Audience::everybody()).await;
    node.ring(APP);
    until("everybody else has it", async || hands.counts(APP).len() == 200 && good.seen().len() == 100).await;
    until("the lane is behind", async || {
        let open = bench.store.read(APP, move |snapshot| broadcasts::open(snapshot, begun.number)).await;
        open.expect("the store answers").first().is_some_and(|chunk| chunk.progress.behind.contains("vendor:8"))
    })
    .await;
    assert_eq!(found(&bench, APP, begun.number).await.ended_at, Millis(0));
    bench.advance(10_000);
    node.ring(APP);
    ends(&bench, APP, begun.number).await;
    assert_eq!(good.seen().len(), 100, "the others got it once");
    until("the first of the lane is tried again as a delivery", async || bad.seen().len() > 100).await;
    let tokens: BTreeSet<String> = bad.seen().into_iter().map(|sent| sent.token).collect();
    assert_eq!(tokens.len(), 100, "the lane has caught up");
    node.stop().await;
}

#[tokio::test]
async fn what_a_vendor_wants_later_becomes_a_delivery_and_nothing_else_does() {
    let (bench, vendor) = Bench::new().await;
    add(&bench, APP, 10).await;
    for number in 0..10 {
        bench.bind(APP, &name(number), &format!("phone{number}"), Some(&format!("token{number}"))).await;
    }
    let busy = Status { family: "common", number: 0 };
    vendor.always("token3", Verdict::Later { status: busy, scope: Scope::Message, after_ms: Some(1_000) });
    vendor.always("token4", Verdict::Gone { status: busy, since: None });
    let hands = Arc::new(Noted::default());
    let node = node(&bench, 11, &hands);
    let begun = start(&bench, APP, shown(1), Audience::everybody()).await;
    node.ring(APP);
    let ended = ends(&bench, APP, begun.number).await;
    let tally = Tally::read(&ended.statuses).0;
    assert_eq!(tally, BTreeMap::from([("common:2".into(), 8), ("common:0".into(), 1), ("retried".into(), 1)]));
    let rows = bench.deliveries(APP, 1_001).await;
    assert_eq!(rows.iter().map(|row| row.device.clone()).collect::<Vec<_>>(), [Some(device("phone3"))]);
    vendor.always("token3", Verdict::Accepted);
    bench.advance(2_000);
    bench.ends(APP, 1_001).await;
    node.stop().await;
}

#[tokio::test]
async fn connected_devices_get_a_bare_notification_over_their_connection() {
    let (bench, vendor) = Bench::new().await;
    add(&bench, APP, 3).await;
    bench.bind(APP, &name(0), "away", Some("token")).await;
    bench.connect(APP, &name(1), "here").await;
    let hands = Arc::new(Noted { wants_all: AtomicBool::new(true), ..Noted::default() });
    let node = node(&bench, 11, &hands);
    let begun = start(&bench, APP, shown(1), Audience::everybody()).await;
    node.ring(APP);
    let ended = ends(&bench, APP, begun.number).await;
    assert_eq!(Tally::read(&ended.statuses).0, BTreeMap::from([("common:2".into(), 2)]));
    assert_eq!((vendor.seen().len(), bench.connections.got.lock().len()), (1, 1));
    node.stop().await;
}

#[tokio::test]
async fn a_condition_is_walked_over_pages_whatever_leads_it() {
    let (bench, _) = Bench::new().await;
    add(&bench, APP, 2_400).await;
    let write = |tx: &mut Tx<'_>| {
        let tag = |n: usize, tag: &str| (user(&name(n)), tag.to_owned());
        let mut all: Vec<(UserId, String)> = (0..2_400).step_by(2).map(|n| tag(n, "even")).collect();
        all.extend((0..2_400).step_by(3).map(|n| tag(n, "third")));
        tags::add_tags(tx, &all)?;
        tags::set_names(tx, &[(0, "sex".into())])?;
        let values: Vec<tags::Attribute> = (0..2_400)
            .map(|n| tags::Attribute { account: user(&name(n)), place: 0, value: format!("v{}", n % 5) })
            .collect();
        tags::set_attributes(tx, &values)
    };
    bench.store.write(APP, write).await.expect("tags are set");
    let hands = Arc::new(Noted::default());
    let node = node(&bench, 11, &hands);
    let (even, third) = (|n: usize| n.is_multiple_of(2), |n: usize| n.is_multiple_of(3));
    let value = |n: usize| vec![(0, format!("v{n}"))];
    let cases: Vec<(Condition, Holds)> = vec![
        (Condition { tags_or: tagged("even third"), ..Condition::default() }, Box::new(move |n| even(n) || third(n))),
        (Condition { tags_and: tagged("even third"), ..Condition::default() }, Box::new(move |n| even(n) && third(n))),
        (
            Condition { tags_or: tagged("even"), tags_not: tagged("third"), ..Condition::default() },
            Box::new(move |n| even(n) && !third(n)),
        ),
        (Condition { tags_not: tagged("even"), ..Condition::default() }, Box::new(move |n| !even(n))),
        (Condition { tags_or: tagged("nobody"), ..Condition::default() }, Box::new(|_| false)),
        (Condition { attributes_and: value(3), ..Condition::default() }, Box::new(|n| n % 5 == 3)),
        (
            Condition { attributes_or: [value(1), value(2)].concat(), ..Condition::default() },
            Box::new(|n| n % 5 == 1 || n % 5 == 2),
        ),
        (Condition { attributes_not: value(0), ..Condition::default() }, Box::new(|n| n % 5 != 0)),
    ];
    for (random, (condition, holds)) in (1..).zip(cases) {
        hands.given.lock().clear();
        let begun = start(&bench, APP, request(random), which(condition.clone())).await;
        node.ring(APP);
        ends(&bench, APP, begun.number).await;
        let expected: Vec<String> = (0..2_400).filter(|n| holds(*n)).map(name).collect();
        let counts = hands.counts(APP);
        assert!(counts.keys().eq(expected.iter()) && counts.values().all(|count| *count == 1), "{condition:?}");
    }
    node.stop().await;
}

#[tokio::test]
async fn a_revoked_broadcast_stops_and_its_undoing_reaches_those_who_were_reached() {
    let (bench, _) = Bench::new().await;
    add(&bench, APP, 3_500).await;
    let hands = Arc::new(Noted { passing: AtomicUsize::new(3), held: Mutex::new(Some(APP)), ..Noted::default() });
    let node = node(&bench, 11, &hands);
    let begun = start(&bench, APP, request(1), Audience::everybody()).await;
    node.ring(APP);
    until("it is in the middle", async || hands.calls.load(Ordering::SeqCst) == 5).await;
    let (now, undo) = (bench.now(), Undo { request: shown(2), has_stored: true });
    let take_back = move |tx: &mut Tx<'_>| {
        let found = broadcasts::get(tx, begun.number)?.expect("the broadcast is there");
        revoke(tx, now, FREELY, &found, &undo)
    };
    bench.store.write(APP, take_back.clone()).await.expect("it is revoked");
    let again = bench.store.write(APP, take_back).await;
    assert_eq!(again, Err(Fault::TaskRevoked.into()));
    hands.given.lock().clear();
    hands.free();
    node.ring(APP);
    let undone = ends(&bench, APP, begun.number + 1).await;
    let reached = found(&bench, APP, begun.number).await.frontier;
    assert_eq!(undone.matched, 2_000, "two chunks were cut, up to {reached}");
    assert!(hands.counts(APP).keys().all(|account| *account <= reached), "nobody beyond them gets anything");
    node.stop().await;
}

#[tokio::test]
async fn what_a_revoked_broadcast_pushed_is_taken_back_where_no_text_replaces_it() {
    let (bench, vendor) = Bench::new().await;
    vendor.can_recall();
    add(&bench, APP, 30).await;
    for number in [3, 17] {
        bench.bind(APP, &name(number), &format!("phone{number}"), Some(&format!("token{number}"))).await;
    }
    let hands = Arc::new(Noted::default());
    let node = node(&bench, 11, &hands);
    let begun = start(&bench, APP, shown(1), Audience::everybody()).await;
    node.ring(APP);
    ends(&bench, APP, begun.number).await;
    let sent = vendor.seen();
    assert_eq!(sent.len(), 2);
    // One of them is connected by now: what it was shown while it was away is there still.
    bench.connect(APP, &name(3), "phone3").await;
    let (now, undo) = (bench.now(), Undo { request: request(2), has_stored: true });
    let take_back = move |tx: &mut Tx<'_>| {
        let found = broadcasts::get(tx, begun.number)?.expect("the broadcast is there");
        revoke(tx, now, FREELY, &found, &undo)
    };
    bench.store.write(APP, take_back).await.expect("it is revoked");
    node.ring(APP);
    ends(&bench, APP, begun.number + 1).await;
    let mut tokens: Vec<String> = vendor.recalled().into_iter().map(|recall| recall.token).collect();
    tokens.sort_unstable();
    assert_eq!(tokens, ["token17", "token3"]);
    assert_eq!(vendor.seen().len(), 2, "nothing is shown in its place");
    assert!(bench.connections.got.lock().is_empty(), "nor over our own connection");
    node.stop().await;
}

#[tokio::test]
async fn a_broadcast_that_expires_under_way_ends() {
    let (bench, _) = Bench::new().await;
    add(&bench, APP, 3_000).await;
    let hands = Arc::new(Noted { held: Mutex::new(Some(APP)), ..Noted::default() });
    let first = node(&bench, 11, &hands);
    let begun = start(&bench, APP, request(1), Audience::everybody()).await;
    first.ring(APP);
    until("it has begun", async || hands.calls.load(Ordering::SeqCst) >= 1).await;
    drop(first);
    bench.advance(2 * HOUR);
    let second = node(&bench, 12, &hands);
    second.ring(APP);
    let ended = ends(&bench, APP, begun.number).await;
    assert!(Tally::read(&ended.statuses).0.contains_key("expired"), "{}", ended.statuses);
    assert_eq!(hands.counts(APP).len(), 0);
    second.stop().await;
}

#[tokio::test]
async fn what_an_app_may_is_counted_by_the_day_and_a_repetition_counts_nothing() {
    let (bench, _) = Bench::new().await;
    let rule = Rule { per_day: Some(2), pause_ms: 1_000 };
    let ask = async |random: u32| {
        let now = bench.now();
        let begin = move |tx: &mut Tx<'_>| begin(tx, now, rule, &request(random), &Audience::everybody());
        bench.store.write(APP, begin).await
    };
    let first = ask(1).await.expect("it begins");
    assert_eq!(ask(1).await, Ok(first), "the same");
    assert_eq!(ask(2).await, Err(Fault::BroadcastThrottled.into()));
    bench.advance(1_000);
    assert_eq!(ask(2).await.map(|begun| begun.number), Ok(2));
    bench.advance(1_000);
    assert_eq!(ask(3).await, Err(Fault::BroadcastQuota { max: 2 }.into()));
    bench.advance(24 * HOUR);
    assert_eq!(ask(1).await.map(|begun| begun.number), Ok(3), "another day, and long after the first");
}
