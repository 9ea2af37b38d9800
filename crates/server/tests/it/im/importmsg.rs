//! `openim/importmsg`.

use contract::UserId;
use contract::codes::{Common, Message};
use serde_json::{Value, json};

use crate::harness::{APP, Im, elements, with};

const COMMAND: &str = "openim/importmsg";

fn old(random: u32, time: i64, text: &str) -> Value {
    json!({ "SyncFromOldSystem": 5, "From_Account": "alice", "To_Account": "bob", "MsgSeq": 5, "MsgRandom": random,
        "MsgTimeStamp": time, "MsgBody": elements(text) })
}

async fn refuses(im: &Im, changes: Value, code: impl Into<&'static contract::codes::Row>) {
    im.call(COMMAND, with(old(7, 1_000, "old"), changes)).await.fails(code);
}

both! {
    async fn a_message_arrives_with_its_own_time_and_key(im: Im) {
        im.import(&["alice", "bob"]).await;
        let answer = im.call(COMMAND, with(old(7, 1_000, "old"), json!({ "CloudCustomData": "c" }))).await.ok();
        assert_eq!(answer.as_object().map(serde_json::Map::len), Some(3), "{answer}");
        let message = &im.history("bob", "alice").await["MsgList"][0];
        assert_eq!(message["MsgKey"], "5_7_1000");
        assert_eq!((&message["MsgTimeStamp"], &message["CloudCustomData"]), (&json!(1_000), &json!("c")));
        assert_eq!(im.texts("alice", "bob").await, ["old"]);
    }

    async fn live_migration_counts_and_history_does_not(im: Im) {
        im.import(&["alice", "bob"]).await;
        for (mode, random, unread) in [(5, 1, 1), (2, 2, 1), (1, 3, 2)] {
            im.call(COMMAND, with(old(random, 1_000, "old"), json!({ "SyncFromOldSystem": mode }))).await.ok();
            assert_eq!(im.unread("bob", "alice").await, unread);
            assert_eq!(im.unread_total("bob").await, unread);
        }
        for mode in [json!(null), json!(0), json!(3), json!(-5), json!("5"), json!(5.5), json!([])] {
            refuses(&im, json!({ "SyncFromOldSystem": mode }), Message::ImportModeInvalid).await;
        }
    }

    async fn the_same_import_is_stored_once_for_ever_whatever_its_content_and_direction(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.call(COMMAND, old(7, 1_000, "first")).await.ok();
        im.clock.advance(365 * 86_400_000);
        im.call(COMMAND, old(7, 1_000, "second")).await.ok();
        let swapped = json!({ "From_Account": "bob", "To_Account": "alice" });
        im.call(COMMAND, with(old(7, 1_000, "third"), swapped)).await.ok();
        let im = if im.engine() == store::testing::TestEngine::Sqlite { im.restart().await } else { im };
        im.call(COMMAND, old(7, 1_000, "fourth")).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["first"]);
        for other in [old(8, 1_000, "random"), old(7, 1_001, "time"), with(old(7, 1_000, "seq"), json!({ "MsgSeq": 6 }))] {
            im.call(COMMAND, other).await.ok();
        }
        assert_eq!(im.texts("bob", "alice").await, ["first", "random", "seq", "time"]);
    }

    async fn imports_take_their_place_among_live_messages_by_time(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("alice", "bob", 1, "live").await;
        im.call(COMMAND, old(1, 3_000, "c")).await.ok();
        im.call(COMMAND, old(1, 1_000, "a")).await.ok();
        im.call(COMMAND, old(1, 2_000, "b")).await.ok();
        im.call(COMMAND, old(1, 1_800_000_000, "future")).await.ok();
        im.clock.advance(1_000);
        im.text("alice", "bob", 2, "live too").await;
        assert_eq!(im.texts("bob", "alice").await, ["a", "b", "c", "live", "live too", "future"]);
    }

    async fn an_import_moves_its_conversation_when_it_comes_and_not_when_it_was_written(im: Im) {
        im.import(&["alice", "bob"]).await;
        let mut known = contract::Millis(0);
        for (random, time) in [(1, 1_000), (2, 4_000_000_000), (3, 2_000)] {
            im.clock.advance(1_000);
            im.call(COMMAND, old(random, time, "x")).await.ok();
            // A device that was away asks what moved since it last knew.
            let read = im.node().store.read(APP, move |snapshot| {
                chat::conversation::moved(snapshot, &UserId::trusted("bob"), known, None, 10)
            });
            let (listed, _) = read.await.expect("the list is read");
            let moved: Vec<_> = listed.iter().map(|listed| listed.head.moved_at).collect();
            assert_eq!(moved, [im.clock.now()]);
            known = moved[0];
        }
    }

    async fn fields_are_refused_each_by_its_own_code(im: Im) {
        im.import(&["alice", "bob"]).await;
        for value in [json!(null), json!(5), json!([]), json!("")] {
            refuses(&im, json!({ "To_Account": value }), Message::ReceiverInvalid).await;
            refuses(&im, json!({ "From_Account": value }), Message::SenderInvalid).await;
        }
        for value in [json!(null), json!("1"), json!(-1), json!(1.5), json!(4_294_967_296_u64)] {
            refuses(&im, json!({ "MsgRandom": value }), Message::MsgRandomInvalid).await;
            refuses(&im, json!({ "MsgTimeStamp": value }), Message::MsgTimeInvalid).await;
            if !value.is_null() {
                refuses(&im, json!({ "MsgSeq": value }), Message::MsgSeqInvalid).await;
            }
        }
        im.call(COMMAND, old(9, 0, "at the beginning of time")).await.ok();
        im.call(COMMAND, old(9, 4_294_967_295, "at the end of it")).await.ok();
        refuses(&im, json!({ "MsgBody": null }), Message::MsgBodyInvalid).await;
        refuses(&im, json!({ "MsgBody": {} }), Message::MsgBodyNotList).await;
        let bad = json!([{ "MsgType": "TIMTextElem", "MsgContent": {} }]);
        refuses(&im, json!({ "MsgBody": bad }), Message::MsgElementInvalid).await;
        refuses(&im, json!({ "CloudCustomData": 5 }), Message::FieldInvalid).await;
        refuses(&im, json!({ "CloudCustomData": "y".repeat(12 * 1024) }), Common::MessageTooLong).await;
        refuses(&im, json!({ "From_Account": "nobody" }), Message::SenderInvalid).await;
        refuses(&im, json!({ "To_Account": "nobody" }), Message::ReceiverUnknown).await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "bob" }] })).await.ok();
        refuses(&im, json!({}), Message::ReceiverDeleted).await;
        refuses(&im, json!({ "From_Account": "bob", "To_Account": "alice" }), Message::SenderInvalid).await;
    }

    async fn of_several_faults_the_earlier_check_answers(im: Im) {
        let mut body = json!({ "SyncFromOldSystem": "x", "To_Account": 1, "From_Account": 1, "MsgSeq": -1, "MsgRandom": "x",
            "MsgTimeStamp": "x", "MsgBody": "x" });
        im.import(&["alice", "bob"]).await;
        let steps = [
            ("To_Account", json!("nobody"), Message::ReceiverInvalid),
            ("From_Account", json!("no one"), Message::SenderInvalid),
            ("MsgSeq", json!(1), Message::MsgSeqInvalid),
            ("MsgRandom", json!(1), Message::MsgRandomInvalid),
            ("MsgTimeStamp", json!(1), Message::MsgTimeInvalid),
            ("MsgBody", elements("x"), Message::MsgBodyNotList),
            ("From_Account", json!("alice"), Message::SenderInvalid),
            ("To_Account", json!("bob"), Message::ReceiverUnknown),
        ];
        im.call(COMMAND, body.clone()).await.fails(Message::ImportModeInvalid);
        body["SyncFromOldSystem"] = json!(2);
        for (field, value, code) in steps {
            im.call(COMMAND, body.clone()).await.fails(code);
            body[field] = value;
        }
        im.call(COMMAND, body).await.ok();
    }
}
