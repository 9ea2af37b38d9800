//! History goes after its time, while everybody goes on sending.

use std::sync::atomic::{AtomicBool, Ordering};

use contract::codes::Message;
use server::media::round;
use store::sql;

use crate::harness::{APP, Im, START, message, with};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

async fn stored(im: &Im) -> i64 {
    let count = sql!("SELECT COUNT(*) FROM messages WHERE app = $1");
    let read = im.node().store.read(APP, move |snapshot| snapshot.one::<(i64,)>(count, (APP,)));
    read.await.expect("a count").0
}

async fn rows_of(im: &Im, table: &str) -> i64 {
    let count = match table {
        "extensions" => sql!("SELECT COUNT(*) FROM extensions WHERE app = $1"),
        "extension_heads" => sql!("SELECT COUNT(*) FROM extension_heads WHERE app = $1"),
        _ => sql!("SELECT COUNT(*) FROM streams WHERE app = $1"),
    };
    let read = im.node().store.read(APP, move |snapshot| snapshot.one::<(i64,)>(count, (APP,)));
    read.await.expect("a count").0
}

/// Sends a message with a pair attached; answers how it is named.
async fn attach(im: &Im, random: u32) -> Value {
    let body = with(message("alice", "bob", random, "vote"), json!({ "SupportMessageExtension": 1 }));
    let key = im.call("openim/sendmsg", body).await.ok()["MsgKey"].clone();
    let named = json!({ "From_Account": "alice", "To_Account": "bob", "MsgKey": key });
    let pairs = json!({ "OperateType": 1, "ExtensionList": [{ "Key": "vote", "Value": "1", "Seq": 0 }] });
    im.call("openim_msg_ext_http_svc/set_key_values", with(named.clone(), pairs)).await.ok();
    named
}

/// Sends a stream that is continued and does not end.
async fn stream(im: &Im) {
    let part = |index: u32, more: Value| {
        let chunk = json!({ "EventType": "data", "Index": index, "Markdown": "x", "IsLast": 0 });
        let content = with(json!({ "CompatibleText": "c", "Chunks": [chunk] }), more);
        let element = json!({ "MsgType": "TIMStreamElem", "MsgContent": content });
        json!({ "From_Account": "alice", "To_Account": "bob", "MsgRandom": 100, "MsgBody": [element] })
    };
    let id = im.call("stream_msg/send_c2c_stream_msg", part(1, json!({}))).await.ok()["StreamMsgID"].clone();
    im.call("stream_msg/send_c2c_stream_msg", part(2, json!({ "StreamMsgID": id }))).await.ok();
}

/// Sends many texts from alice to bob and to carol.
async fn fill(im: &Im, from: u32, count: u32) {
    let sends: Vec<_> = (from..from + count)
        .map(|n| message("alice", if n % 2 == 0 { "bob" } else { "carol" }, n, &format!("text {n}")))
        .collect();
    for chunk in sends.chunks(250) {
        let calls = chunk.iter().map(|body| im.call("openim/sendmsg", body.clone()));
        for answer in futures_util::future::join_all(calls).await {
            answer.ok();
        }
    }
}

both! {
    async fn a_plan_keeps_its_days_and_counts_stay_right(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        im.app(|settings, _| { settings.plan = "standard".into(); settings.rates.insert("openim/sendmsg".into(), 100_000); }).await;
        fill(&im, 0, 40).await;
        assert_eq!((im.unread("bob", "alice").await, im.unread_total("carol").await), (20, 20));
        im.clock.advance(5 * DAY_MS);
        fill(&im, 100, 10).await;
        let old = with(message("alice", "bob", 999, "old"), json!({ "SyncFromOldSystem": 2, "MsgTimeStamp": START.secs() }));
        im.call("openim/importmsg", old).await.ok();
        round(im.node()).await.expect("a round");
        assert_eq!(stored(&im).await, 51);
        im.clock.advance(2 * DAY_MS + 1_000);
        round(im.node()).await.expect("a round");
        assert_eq!(stored(&im).await, 10);
        assert_eq!((im.unread("bob", "alice").await, im.unread_total("carol").await), (5, 5));
        // They were sent at once, so only which ones they are is certain.
        let mut left = im.texts("bob", "alice").await;
        left.sort_unstable();
        assert_eq!(left, (100..110).step_by(2).map(|n| format!("text {n}")).collect::<Vec<_>>());
        // What is read stays read, and a conversation whose messages are all gone lives on.
        let read = json!({ "Report_Account": "bob", "Peer_Account": "alice" });
        im.call("openim/admin_set_msg_read", read).await.ok();
        im.clock.advance(30 * DAY_MS);
        round(im.node()).await.expect("a round");
        assert_eq!((stored(&im).await, im.unread("carol", "alice").await), (0, 0));
        im.text("alice", "bob", 7_000, "back").await;
        assert_eq!((im.texts("bob", "alice").await, im.unread("bob", "alice").await), (vec!["back".to_owned()], 1));
    }

    async fn an_operator_may_keep_less_than_the_plan_and_nobody_loses_without_either(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        fill(&im, 0, 4).await;
        im.clock.advance(400 * DAY_MS);
        round(im.node()).await.expect("a round");
        assert_eq!(stored(&im).await, 4);
        im.app(|settings, _| settings.history_days = Some(500)).await;
        round(im.node()).await.expect("a round");
        assert_eq!(stored(&im).await, 4);
        im.app(|settings, _| settings.history_days = Some(1)).await;
        im.clock.advance(3_600_000);
        round(im.node()).await.expect("a round");
        assert_eq!(stored(&im).await, 0);
    }

    async fn what_is_attached_to_a_message_goes_with_it(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.app(|settings, _| settings.history_days = Some(1)).await;
        let old = attach(&im, 1).await;
        stream(&im).await;
        im.clock.advance(3 * DAY_MS);
        let new = attach(&im, 2).await;
        for (table, before) in [("extensions", 2), ("extension_heads", 2), ("streams", 1)] {
            assert_eq!(rows_of(&im, table).await, before, "{table}");
        }
        round(im.node()).await.expect("a round");
        assert_eq!(stored(&im).await, 1);
        for (table, after) in [("extensions", 1), ("extension_heads", 1), ("streams", 0)] {
            assert_eq!(rows_of(&im, table).await, after, "{table}");
        }
        let pairs = "openim_msg_ext_http_svc/get_key_values";
        im.call(pairs, old).await.fails(Message::ExtendedUnknown);
        assert_eq!(im.call(pairs, new).await.ok()["ExtensionList"][0]["Key"], "vote");
    }

    async fn sends_go_on_while_much_is_purged(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        im.app(|settings, _| { settings.history_days = Some(1); settings.rates.insert("openim/sendmsg".into(), 100_000); }).await;
        fill(&im, 0, 5_000).await;
        im.clock.advance(3 * DAY_MS);
        let is_over = AtomicBool::new(false);
        let purge = async {
            round(im.node()).await.expect("a round");
            is_over.store(true, Ordering::SeqCst);
        };
        let sends = async {
            let mut during = 0;
            while !is_over.load(Ordering::SeqCst) {
                im.text("alice", "bob", 100_000 + during, "meanwhile").await;
                during += 1;
            }
            during
        };
        let ((), during) = tokio::join!(purge, sends);
        // Ten transactions of the purge at least, and sends between them.
        assert!(during >= 5, "only {during} sends were answered during the purge");
        assert_eq!(stored(&im).await, i64::from(during));
        assert_eq!(im.unread("bob", "alice").await, i64::from(during).min(250));
        assert_eq!(im.unread("carol", "alice").await, 0);
    }
}
