//! What is told of groups is told as everything else: each group in order, nothing lost, a dead endpoint alone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use contract::AppId;
use serde_json::{Value, json};
use store::apps::{AppSecrets, AppSettings, CommandSettings, OnFailure, SigningKey};

use super::after::{told, waiting};
use super::receiver::{Receiver, Say, Seen};
use crate::harness::{APP, Im, KEY, elements};

const SENT: &str = "Group.CallbackAfterSendMsg";
const JOINED: &str = "Group.CallbackAfterNewMemberJoin";
const EDITED: &str = "Group.CallbackAfterGroupInfoChanged";

async fn ask(im: &Im, command: &str, body: Value) -> Value {
    im.call(&format!("group_open_http_svc/{command}"), body).await.ok()
}

async fn make(im: &Im, id: &str) {
    ask(im, "create_group", json!({ "GroupId": id, "Type": "Public", "Name": "n", "Owner_Account": "ann" })).await;
}

async fn say(im: &Im, id: &str, random: u32, text: &str) {
    let body = json!({ "GroupId": id, "From_Account": "ann", "Random": random, "MsgBody": elements(text) });
    ask(im, "send_group_msg", body).await;
}

/// What was told of a group: a text, a name, or who came.
fn of<'s>(seen: &'s [Seen], group: &str) -> Vec<&'s str> {
    let own = seen.iter().filter(|seen| seen.body["GroupId"] == group);
    let word = |seen: &'s Seen| match seen.command() {
        SENT => seen.text(),
        JOINED => seen.body["NewMemberList"][0]["Member_Account"].as_str().expect("a name"),
        _ => seen.body["Name"].as_str().expect("a name"),
    };
    own.map(word).collect()
}

both! {
    async fn each_group_is_told_in_order_whatever_happens_in_it_and_many_at_a_time(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann", "u0", "u1", "u2", "u3"]).await;
        for number in 0..10 {
            make(&im, &format!("g{number}")).await;
        }
        im.app(receiver.hook(&[SENT, JOINED, EDITED], OnFailure::Pass)).await;
        let calls = AtomicUsize::new(0);
        receiver.script(move |_| match calls.fetch_add(1, Ordering::SeqCst) % 7 {
            0 => Say::Late(Duration::from_millis(30)),
            1 => Say::Late(Duration::from_millis(3)),
            _ => Say::ok(),
        });
        let act = |number: usize| {
            let im = &im;
            async move {
                let id = format!("g{number}");
                for step in 0..4 {
                    say(im, &id, step, &format!("m{step}")).await;
                    let member = format!("u{step}");
                    ask(im, "add_group_member", json!({ "GroupId": id, "MemberList": [{ "Member_Account": member }] })).await;
                    ask(im, "modify_group_base_info", json!({ "GroupId": id, "Name": format!("n{step}") })).await;
                }
            }
        };
        futures_util::future::join_all((0..10).map(act)).await;
        let seen = receiver.wait(120).await;
        assert!(receiver.busiest() > 1, "one at a time");
        told(&im).await;
        assert_eq!(receiver.count(), 120, "each was told once");
        let expected: Vec<String> = (0..4).flat_map(|step| ["m", "u", "n"].map(|word| format!("{word}{step}"))).collect();
        for number in 0..10 {
            assert_eq!(of(&seen, &format!("g{number}")), expected, "group {number}");
        }
        // Sequences rise without holes: the tips of those who came lie between.
        let mut places: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for seen in seen.iter().filter(|seen| seen.command() == SENT) {
            let of = places.entry(seen.body["GroupId"].as_str().expect("an id")).or_default();
            of.push(seen.body["MsgSeq"].as_i64().expect("a place"));
        }
        assert!(places.values().all(|places| places.is_sorted()), "{places:?}");
    }

    async fn what_fails_is_told_again_and_only_its_group_waits_behind_it(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann"]).await;
        make(&im, "one").await;
        make(&im, "other").await;
        im.app(receiver.hook(&[SENT], OnFailure::Pass)).await;
        let failures = AtomicUsize::new(0);
        receiver.script(move |seen| {
            let is_first = seen.text() == "1" && failures.fetch_add(1, Ordering::SeqCst) < 2;
            if is_first { Say::Status(503, "") } else { Say::ok() }
        });
        for (random, text) in ["1", "2", "3"].into_iter().enumerate() {
            say(&im, "one", random as u32, text).await;
        }
        say(&im, "other", 9, "meanwhile").await;
        told(&im).await;
        let seen = receiver.seen();
        assert_eq!(of(&seen, "one"), ["1", "1", "1", "2", "3"]);
        assert_eq!(of(&seen, "other"), ["meanwhile"]);
        assert_ne!(seen.last().map(Seen::text), Some("meanwhile"), "another group did not wait");
    }

    async fn what_waits_outlives_the_node_and_an_endpoint_that_is_down(im: Im) {
        let receiver = Receiver::start().await;
        let address = receiver.address;
        im.import(&["ann", "bo"]).await;
        make(&im, "g").await;
        im.app(receiver.hook(&[SENT, JOINED, EDITED], OnFailure::Pass)).await;
        drop(receiver);
        say(&im, "g", 1, "hello").await;
        ask(&im, "add_group_member", json!({ "GroupId": "g", "MemberList": [{ "Member_Account": "bo" }] })).await;
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "Name": "other" })).await;
        assert_eq!(waiting(&im).await, 3);
        let im = im.restart().await;
        assert_eq!(waiting(&im).await, 3, "nothing was lost with the node");
        let receiver = Receiver::again(address).await;
        // A lease of the node that is gone may have to run out.
        im.clock.advance(120_000);
        told(&im).await;
        assert_eq!(of(&receiver.seen(), "g"), ["hello", "bo", "other"]);
    }

    async fn a_dead_endpoint_of_another_app_slows_no_group(im: Im) {
        let alive = Receiver::start().await;
        // It takes connections and calls, and never says a word.
        let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hooks", dead.local_addr().expect("an address"));
        let other = AppId(APP.0 + 1);
        let secrets =
            AppSecrets { signing_keys: vec![SigningKey { secret: KEY.into(), added_at: 0 }], ..AppSecrets::default() };
        let added = im.node().apps.add(im.clock.now(), other, AppSettings::default(), secrets).await;
        assert!(added.expect("the app is added"));
        let hooked = im.node().apps.change(other, |settings, _| {
            settings.webhook.url.clone_from(&url);
            settings.webhook.commands.insert(SENT.into(), CommandSettings::default());
        });
        hooked.await.expect("changed").expect("there");
        im.import(&["ann"]).await;
        make(&im, "g").await;
        im.app(alive.hook(&[SENT], OnFailure::Pass)).await;
        let at = im.clock.now();
        let flood = im.node().store.write(other, move |tx| {
            for number in 0..300 {
                let letter = contract::webhook::GroupLetter {
                    from: None,
                    seq: number,
                    time: at.secs(),
                    random: 1,
                    online: false,
                    body: "[]".into(),
                    cloud: String::new(),
                    at: Vec::new(),
                    at_all: false,
                };
                let happening = contract::webhook::Happening::Group(contract::webhook::InGroup {
                    group: "g".into(),
                    kind: "Public".into(),
                    part: number,
                    operator: contract::UserId::trusted("x"),
                    what: contract::webhook::GroupHappening::Sent(letter),
                });
                tx.after_hook(at, &happening)?;
            }
            Ok(())
        });
        flood.await.expect("queued");
        let began = Instant::now();
        for number in 0..20 {
            say(&im, "g", number, &number.to_string()).await;
        }
        let seen = alive.wait(20).await;
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert_eq!(of(&seen, "g"), (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}
