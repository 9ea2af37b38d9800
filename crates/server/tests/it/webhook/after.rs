//! What an app is told after something happened: all of it, each conversation in order, whatever happens in between.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contract::AppId;
use serde_json::{Value, json};
use store::apps::{CommandSettings, OnFailure, SigningKey};
use store::{Snapshot, webhooks};

use super::receiver::{Receiver, Say, Seen};
use crate::harness::{APP, Im, KEY, elements, message, with};

const SENT: &str = "C2C.CallbackAfterSendMsg";
const READ: &str = "C2C.CallbackAfterMsgReport";
const RECALLED: &str = "C2C.CallbackAfterMsgWithDraw";

/// Counts what waits to be told.
pub(super) async fn waiting(im: &Im) -> i64 {
    im.node().store.read(APP, |snapshot| webhooks::depth(snapshot, 1_000)).await.expect("a count")
}

/// Waits until nothing waits to be told.
pub(super) async fn told(im: &Im) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while waiting(im).await > 0 {
        assert!(Instant::now() < deadline, "{} events wait", waiting(im).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What an endpoint says that fails at every so many-th call, and then for long enough to be left alone.
fn failing_at_each(calls_between: usize) -> impl Fn(&Seen) -> Say + Send + Sync + 'static {
    let trouble = parking_lot::Mutex::new((0, Instant::now()));
    move |_| {
        let (calls, until) = &mut *trouble.lock();
        *calls += 1;
        if *calls % calls_between == 0 {
            *until = Instant::now() + Duration::from_millis(50);
        }
        if *until > Instant::now() { Say::Status(503, "") } else { Say::ok() }
    }
}

both! {
    async fn an_app_is_told_of_messages_reads_and_recalls_in_their_order(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        im.text("alice", "bob", 9, "before it was on").await;
        im.app(receiver.hook(&[SENT, READ, RECALLED], OnFailure::Pass)).await;
        let body = with(message("alice", "bob", 7, "hello"), json!({ "MsgSeq": 5, "CloudCustomData": "extra" }));
        let key = im.call("openim/sendmsg", body).await.ok()["MsgKey"].clone();
        receiver.wait(1).await;
        let report = json!({ "Report_Account": "bob", "Peer_Account": "alice" });
        im.call("openim/admin_set_msg_read", report.clone()).await.ok();
        im.call("openim/admin_set_msg_read", report).await.ok();
        let recall = json!({ "From_Account": "alice", "To_Account": "bob", "MsgKey": key });
        im.call("openim/admin_msgwithdraw", recall).await.ok();
        let seen = receiver.wait(3).await;
        let (now, at) = (im.clock.now().secs(), im.clock.now().0);
        let expected = [
            json!({
                "CallbackCommand": SENT, "From_Account": "alice", "To_Account": "bob", "MsgSeq": 5, "MsgRandom": 7,
                "MsgTime": now, "MsgKey": key, "OnlineOnlyFlag": 0, "SendMsgResult": 0,
                "ErrorInfo": "send msg succeed", "UnreadMsgNum": 2, "MsgBody": elements("hello"),
                "CloudCustomData": "extra", "EventTime": at
            }),
            json!({
                "CallbackCommand": READ, "Report_Account": "bob", "Peer_Account": "alice", "LastReadTime": now,
                "UnreadMsgNum": 0, "EventTime": at
            }),
            json!({
                "CallbackCommand": RECALLED, "From_Account": "alice", "To_Account": "bob", "MsgKey": key,
                "UnreadMsgNum": 0, "EventTime": at
            }),
        ];
        let bodies: Vec<Value> = seen.iter().map(|seen| seen.body.clone()).collect();
        assert_eq!(bodies, expected);
        assert!(seen.iter().all(|seen| seen.query["OptPlatform"] == "RESTAPI" && seen.query["ClientIP"] == "127.0.0.1"));
        told(&im).await;
    }

    async fn nobody_is_told_of_what_the_contract_leaves_out(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        im.app(receiver.hook(&[SENT], OnFailure::Pass)).await;
        let silent = json!({ "ForbidCallbackControl": ["ForbidAfterSendMsgCallback"] });
        im.call("openim/sendmsg", with(message("alice", "bob", 1, "quiet"), silent)).await.ok();
        im.call("openim/batchsendmsg", json!({ "To_Account": ["bob"], "MsgRandom": 2, "MsgBody": elements("batch") }))
            .await
            .ok();
        let old = json!({ "SyncFromOldSystem": 2, "From_Account": "alice", "To_Account": "bob", "MsgRandom": 3,
            "MsgTimeStamp": 1_600_000_000, "MsgBody": elements("old") });
        im.call("openim/importmsg", old).await.ok();
        let twice = with(message("alice", "bob", 5, "once"), json!({ "MsgSeq": 1 }));
        im.call("openim/sendmsg", twice.clone()).await.ok();
        im.call("openim/sendmsg", twice).await.ok();
        // One that passes by online is told of although it is not stored.
        let passing = with(message("alice", "bob", 6, "passing"), json!({ "MsgLifeTime": 0, "MsgSeq": 2 }));
        im.call("openim/sendmsg", passing).await.ok();
        let seen = receiver.wait(2).await;
        let texts: Vec<&str> = seen.iter().map(Seen::text).collect();
        assert_eq!(texts, ["once", "passing"]);
        assert_eq!(seen[1].body["OnlineOnlyFlag"], 1);
        told(&im).await;
        assert_eq!(receiver.count(), 2);
    }

    async fn each_conversation_is_told_in_order_and_many_at_a_time(im: Im) {
        let receiver = Receiver::start().await;
        let names: Vec<String> = (0..20).map(|n| format!("u{n}")).collect();
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        im.app(receiver.hook(&[SENT], OnFailure::Pass)).await;
        // Every now and then one call fails or takes its time.
        receiver.script(|seen| match seen.body["MsgRandom"].as_u64().unwrap_or_default() % 7 {
            0 => Say::Late(Duration::from_millis(30)),
            1 => Say::Late(Duration::from_millis(3)),
            _ => Say::ok(),
        });
        let send = |pair: usize| {
            let (im, names) = (&im, &names);
            async move {
                for number in 0..20_u32 {
                    let (from, to) = (&names[pair], &names[(pair + 1) % 20]);
                    let random = pair as u32 * 31 + number * 5;
                    im.call("openim/sendmsg", message(from, to, random, &number.to_string())).await.ok();
                }
            }
        };
        futures_util::future::join_all((0..20).map(send)).await;
        let seen = receiver.wait(400).await;
        assert!(receiver.busiest() > 1 && receiver.busiest() <= 32, "{} at a time", receiver.busiest());
        told(&im).await;
        assert_eq!(receiver.count(), 400, "each was told once");
        let mut orders: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for seen in &seen {
            let order = orders.entry(seen.body["From_Account"].to_string()).or_default();
            order.push(seen.text().parse().expect("a number"));
        }
        assert_eq!(orders.len(), 20);
        assert!(orders.values().all(|order| order.iter().copied().eq(0..20)), "{orders:?}");
    }

    async fn what_fails_is_told_again_and_the_conversation_waits_behind_it(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob", "carol"]).await;
        im.app(receiver.hook(&[SENT], OnFailure::Pass)).await;
        let failures = std::sync::atomic::AtomicUsize::new(0);
        receiver.script(move |seen| {
            let is_first = seen.text() == "1" && failures.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2;
            if is_first { Say::Status(503, "") } else { Say::ok() }
        });
        for text in ["1", "2", "3"] {
            im.text("alice", "bob", 1, text).await;
        }
        im.text("alice", "carol", 1, "other").await;
        told(&im).await;
        let seen = receiver.seen();
        let of = |to: &str| seen.iter().filter(|seen| seen.body["To_Account"] == to).map(Seen::text).collect::<Vec<_>>();
        assert_eq!(of("bob"), ["1", "1", "1", "2", "3"]);
        assert_eq!(of("carol"), ["other"]);
        assert_ne!(seen.last().map(Seen::text), Some("other"), "another conversation did not wait");
    }

    async fn an_app_that_wants_nothing_told_again_is_told_once(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        let hook = receiver.hook(&[SENT], OnFailure::Pass);
        im.app(move |settings, secrets| {
            hook(settings, secrets);
            settings.webhook.retry = false;
        })
        .await;
        receiver.script(|seen| if seen.text() == "1" { Say::Status(500, "") } else { Say::ok() });
        im.text("alice", "bob", 1, "1").await;
        im.text("alice", "bob", 1, "2").await;
        told(&im).await;
        assert_eq!(receiver.seen().iter().map(Seen::text).collect::<Vec<_>>(), ["1", "2"]);
    }

    async fn what_an_endpoint_that_is_down_missed_is_told_when_it_is_back(im: Im) {
        let receiver = Receiver::start().await;
        let address = receiver.address;
        im.import(&["alice", "bob"]).await;
        im.app(receiver.hook(&[SENT], OnFailure::Pass)).await;
        drop(receiver);
        for text in ["1", "2", "3"] {
            im.text("alice", "bob", 1, text).await;
        }
        assert_eq!(waiting(&im).await, 3);
        let receiver = Receiver::again(address).await;
        told(&im).await;
        assert_eq!(receiver.seen().iter().map(Seen::text).collect::<Vec<_>>(), ["1", "2", "3"]);
    }

    async fn an_endpoint_that_fails_now_and_then_is_told_everything_in_order(im: Im) {
        let receiver = Receiver::start().await;
        im.app(receiver.hook(&[READ], OnFailure::Pass)).await;
        // While it is left alone, more is read and handed over.
        receiver.script(failing_at_each(400));
        let (readers, each) = (20, 60);
        for time in 1..=each {
            let now = im.clock.now();
            let read = move |tx: &mut store::Tx<'_>| {
                for reader in 0..readers {
                    let account = |name: &str| contract::UserId::trusted(&format!("{name}{reader}"));
                    let (reader, peer) = (account("reader"), account("peer"));
                    tx.after_hook(now, &contract::webhook::Happening::Read { reader, peer, time })?;
                }
                Ok(())
            };
            im.node().store.write(APP, read).await.expect("queued");
        }
        told(&im).await;
        let mut newest: BTreeMap<String, i64> = BTreeMap::new();
        for seen in receiver.seen() {
            let (reader, time) = (seen.body["Report_Account"].to_string(), seen.body["LastReadTime"].as_i64());
            let (time, newest) = (time.expect("a time"), newest.entry(reader).or_default());
            assert!(time <= *newest + 1, "{time} is told after {newest}");
            *newest = time.max(*newest);
        }
        assert_eq!(newest.values().copied().collect::<Vec<_>>(), vec![each; readers]);
    }

    async fn what_one_commit_left_is_told_in_parts_and_in_order(im: Im) {
        const PAIRS: usize = 30;
        const EACH: u32 = 12;
        let receiver = Receiver::start().await;
        let names: Vec<String> = (0..=PAIRS).map(|n| format!("u{n}")).collect();
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        im.app(receiver.hook(&[SENT], OnFailure::Pass)).await;
        receiver.script(|_| Say::Status(503, ""));
        let send = |pair: usize| {
            let (im, names) = (&im, &names);
            async move {
                for number in 0..EACH {
                    im.text(&names[pair], &names[pair + 1], number, &number.to_string()).await;
                }
            }
        };
        futures_util::future::join_all((0..PAIRS).map(send)).await;
        let ids = |snapshot: &mut Snapshot<'_>| Ok(webhooks::ids(snapshot, i64::MIN, 1_000)?.0);
        let batches = im.node().store.read(APP, ids).await.expect("ids");
        assert!(batches.iter().any(|(_, events)| *events > 1), "each message has a commit of its own: {batches:?}");
        let before = receiver.count();
        receiver.script(failing_at_each(70));
        told(&im).await;
        let mut told: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut calls = 0;
        for seen in receiver.seen().into_iter().skip(before) {
            let order = told.entry(seen.body["From_Account"].to_string()).or_default();
            order.push(seen.text().parse().expect("a number"));
            calls += 1;
        }
        for order in told.values_mut() {
            // One that failed is told again; nothing is told ahead of it.
            assert!(order.is_sorted(), "{order:?}");
            order.dedup();
            assert!(order.iter().copied().eq(0..EACH), "{order:?}");
        }
        assert_eq!(told.len(), PAIRS);
        let all = PAIRS * EACH as usize;
        assert!(calls > all && calls < 2 * all, "{calls} calls told of {all}: what was told is not told again");
    }

    async fn the_count_that_is_told_knows_what_was_deleted(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob", "carol"]).await;
        im.app(receiver.hook(&[SENT], OnFailure::Pass)).await;
        im.text("alice", "bob", 1, "one").await;
        let key = im.text("alice", "bob", 2, "two").await.parse().expect("a key");
        im.text("carol", "bob", 3, "three").await;
        receiver.wait(3).await;
        // He takes a message out of his view, and then a conversation out of his list.
        let (alice, bob) = (contract::UserId::trusted("alice"), contract::UserId::trusted("bob"));
        let delete = move |tx: &mut store::Tx<'_>| chat::message::change::delete(tx, &bob, &alice, &[key]);
        im.node().store.write(APP, delete).await.expect("deleted");
        im.text("carol", "bob", 4, "four").await;
        receiver.wait(4).await;
        let contact = json!({ "From_Account": "bob", "Type": 1, "To_Account": "carol", "ClearRamble": 1 });
        im.call("recentcontact/delete", contact).await.ok();
        im.text("alice", "bob", 5, "five").await;
        let seen = receiver.wait(5).await;
        let mut counts: Vec<i64> = seen.iter().filter_map(|seen| seen.body["UnreadMsgNum"].as_i64()).collect();
        // Conversations are told side by side: the first three may be counted when more has come.
        let last = counts.split_off(3);
        assert_eq!(last, [3, 2]);
        assert!(counts.iter().all(|count| (1..=3).contains(count)), "{counts:?}");
    }

    async fn what_is_too_old_is_given_up_and_what_is_switched_off_is_forgotten(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        im.app(receiver.hook(&[SENT, READ], OnFailure::Pass)).await;
        let old = im.clock.now().plus(-86_400_001);
        let read = |reader: &str| contract::webhook::Happening::Read {
            reader: contract::UserId::trusted(reader),
            peer: contract::UserId::trusted("alice"),
            time: 1,
        };
        let (first, second) = (read("old"), read("new"));
        let now = im.clock.now();
        let queue = move |tx: &mut store::Tx<'_>| {
            tx.after_hook(old, &first)?;
            tx.after_hook(now, &second)
        };
        im.node().store.write(APP, queue).await.expect("queued");
        told(&im).await;
        let readers: Vec<Value> = receiver.seen().iter().map(|seen| seen.body["Report_Account"].clone()).collect();
        assert_eq!(readers, ["new"]);
        // One that is on its way again and again while its webhook is switched off.
        receiver.script(|_| Say::Close);
        im.text("alice", "bob", 1, "off").await;
        receiver.wait(2).await;
        im.app(|settings, _| settings.webhook.commands.clear()).await;
        told(&im).await;
        im.text("alice", "bob", 1, "untold").await;
        assert_eq!(waiting(&im).await, 0, "nothing is kept for an app that has it off");
    }

    async fn a_dead_endpoint_of_one_app_slows_no_other(im: Im) {
        let alive = Receiver::start().await;
        // It takes connections and calls, and never says a word.
        let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hooks", dead.local_addr().expect("an address"));
        let other = AppId(APP.0 + 1);
        let secrets = store::apps::AppSecrets {
            signing_keys: vec![SigningKey { secret: KEY.into(), added_at: 0 }],
            ..store::apps::AppSecrets::default()
        };
        let added = im.node().apps.add(im.clock.now(), other, store::apps::AppSettings::default(), secrets).await;
        assert!(added.expect("the app is added"));
        let hooked = im.node().apps.change(other, |settings, _| {
            settings.webhook.url.clone_from(&url);
            settings.webhook.commands.insert("State.StateChange".into(), CommandSettings::default());
        });
        hooked.await.expect("changed").expect("there");
        im.import(&["alice", "bob"]).await;
        im.app(alive.hook(&[SENT], OnFailure::Pass)).await;
        let node = im.node().clone();
        let at = im.clock.now();
        let flood = node.store.write(other, move |tx| {
            for number in 0..300 {
                let (account, change) = (contract::UserId::trusted("x"), contract::webhook::StateChange::Login);
                let happening = contract::webhook::Happening::State { account, change, kicked: Vec::new() };
                tx.after_hook(at.plus(number), &happening)?;
            }
            Ok(())
        });
        flood.await.expect("queued");
        let began = Instant::now();
        for number in 0..20 {
            im.text("alice", "bob", number, "x").await;
        }
        alive.wait(20).await;
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
}
