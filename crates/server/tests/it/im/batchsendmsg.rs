//! `openim/batchsendmsg`.

use contract::codes::{Account, Message};
use serde_json::{Value, json};

use crate::harness::{Im, elements, item_fails, with};

const COMMAND: &str = "openim/batchsendmsg";

fn hello(receivers: &[&str]) -> Value {
    json!({ "From_Account": "alice", "To_Account": receivers, "MsgSeq": 5, "MsgRandom": 7, "MsgBody": elements("hello") })
}

async fn refuses(im: &Im, changes: Value, code: impl Into<&'static contract::codes::Row>) {
    im.call(COMMAND, with(hello(&["bob"]), changes)).await.fails(code);
}

both! {
    async fn every_receiver_finds_the_message_under_the_key_that_is_answered(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        let answer = im.call(COMMAND, hello(&["bob", "carol"])).await.ok();
        assert_eq!(answer["MsgKey"], "5_7_1700000000");
        assert!(answer.get("ErrorList").is_none(), "{answer}");
        for receiver in ["bob", "carol"] {
            let page = im.history(receiver, "alice").await;
            assert_eq!(page["MsgList"][0]["MsgKey"], answer["MsgKey"]);
            assert_eq!(im.unread_total(receiver).await, 1);
        }
        assert_eq!(im.texts("alice", "carol").await, ["hello"]);
    }

    async fn a_sequence_that_is_absent_is_chosen_once_for_all(im: Im) {
        im.import(&["bob", "carol"]).await;
        let body = with(hello(&["bob", "carol"]), json!({ "MsgSeq": null, "From_Account": null }));
        let answer = im.call(COMMAND, body.clone()).await.ok();
        for receiver in ["bob", "carol"] {
            assert_eq!(im.history(receiver, "administrator").await["MsgList"][0]["MsgKey"], answer["MsgKey"]);
        }
        assert_ne!(im.call(COMMAND, body).await.ok()["MsgKey"], answer["MsgKey"]);
    }

    async fn a_receiver_that_stands_twice_gets_the_message_once(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.call(COMMAND, with(hello(&["bob", "bob"]), json!({ "MsgSeq": null }))).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["hello"]);
    }

    async fn a_repeated_batch_is_stored_once_and_reaches_those_who_are_new(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        im.call(COMMAND, hello(&["bob"])).await.ok();
        im.clock.advance(100_000);
        let answer = im.call(COMMAND, hello(&["bob", "carol"])).await.ok();
        assert_eq!(answer["MsgKey"], "5_7_1700000000");
        assert_eq!(im.texts("bob", "alice").await, ["hello"]);
        assert_eq!(im.texts("carol", "alice").await, ["hello"]);
    }

    async fn those_who_are_unknown_or_gone_are_listed_and_the_others_get_it(im: Im) {
        im.import(&["alice", "bob", "gone"]).await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "gone" }] })).await.ok();
        let answer = im.call(COMMAND, hello(&["nobody", "bob", "gone", ""])).await.is_partial();
        assert_eq!(answer["ErrorCode"], 0);
        let missed: Vec<_> = answer["ErrorList"].as_array().expect("a list").iter().map(|it| &it["To_Account"]).collect();
        assert_eq!(missed, ["nobody", "gone", ""]);
        for item in answer["ErrorList"].as_array().expect("a list") {
            item_fails(&item["ErrorCode"], Account::AccountUnknown);
        }
        assert_eq!(im.texts("bob", "alice").await, ["hello"]);
    }

    async fn a_batch_that_reaches_nobody_fails(im: Im) {
        im.import(&["alice"]).await;
        im.call(COMMAND, hello(&["nobody", "no one"])).await.fails(Message::ReceiverUnknown);
    }

    async fn a_batch_has_1_to_500_receivers(im: Im) {
        let names: Vec<String> = (0..501).map(|n| format!("u{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        im.import(&["alice"]).await;
        im.import(&names[..500]).await;
        let answer = im.call(COMMAND, hello(&names[..500])).await.ok();
        assert_eq!(im.history("u499", "alice").await["MsgList"][0]["MsgKey"], answer["MsgKey"]);
        im.call(COMMAND, hello(&names)).await.fails(Message::ReceiversTooMany);
        im.call(COMMAND, hello(&[])).await.fails(Message::ReceiversEmpty);
        for list in [json!(null), json!("bob"), json!({}), json!(5)] {
            refuses(&im, json!({ "To_Account": list }), Message::ReceiversNotList).await;
        }
        for list in [json!(["bob", 5]), json!([null]), json!([["bob"]])] {
            refuses(&im, json!({ "To_Account": list }), Message::ReceiverInvalid).await;
        }
        assert_eq!(im.unread("u0", "alice").await, 1);
    }

    async fn fields_are_refused_each_by_its_own_code(im: Im) {
        im.import(&["alice", "bob"]).await;
        refuses(&im, json!({ "From_Account": 5 }), Message::SenderInvalid).await;
        refuses(&im, json!({ "From_Account": "nobody" }), Message::SenderInvalid).await;
        for value in [json!(-1), json!(4_294_967_296_u64), json!("5"), json!(1.5)] {
            refuses(&im, json!({ "MsgSeq": value }), Message::MsgSeqInvalid).await;
            refuses(&im, json!({ "MsgRandom": value }), Message::MsgRandomInvalid).await;
        }
        refuses(&im, json!({ "MsgRandom": null }), Message::MsgRandomInvalid).await;
        refuses(&im, json!({ "MsgBody": null }), Message::MsgBodyInvalid).await;
        refuses(&im, json!({ "MsgBody": "x" }), Message::MsgBodyNotList).await;
        let bad = json!([{ "MsgType": "TIMTextElem", "MsgContent": {} }]);
        refuses(&im, json!({ "MsgBody": bad }), Message::MsgElementInvalid).await;
        refuses(&im, json!({ "SyncOtherMachine": "1" }), Message::SyncFlagInvalid).await;
        refuses(&im, json!({ "MsgLifeTime": "1" }), Message::LifeTimeInvalid).await;
        refuses(&im, json!({ "MsgLifeTime": 604_801 }), Message::LifeTimeTooLong).await;
        im.call(COMMAND, with(hello(&["bob"]), json!({ "MsgLifeTime": 604_800 }))).await.ok();
        refuses(&im, json!({ "OfflinePushInfo": 1 }), Message::PushInfoInvalid).await;
        refuses(&im, json!({ "CloudCustomData": "a\0b" }), Message::FieldInvalid).await;
        refuses(&im, json!({ "CloudCustomData": "y".repeat(12 * 1024) }), Message::BatchMessageTooLong).await;
    }

    async fn of_several_faults_the_earlier_check_answers(im: Im) {
        let mut body = json!({ "To_Account": [], "From_Account": 1, "MsgSeq": -1, "MsgRandom": "x", "MsgBody": "x",
            "SyncOtherMachine": "x", "MsgLifeTime": 604_801, "OfflinePushInfo": 1, "CloudCustomData": "y".repeat(13_000) });
        im.import(&["alice", "bob"]).await;
        let steps: [(&str, Value, Message); 11] = [
            ("From_Account", json!("nobody"), Message::SenderInvalid),
            ("MsgSeq", json!(1), Message::MsgSeqInvalid),
            ("MsgRandom", json!(1), Message::MsgRandomInvalid),
            ("To_Account", json!(["no one"]), Message::ReceiversEmpty),
            ("MsgBody", elements("x"), Message::MsgBodyNotList),
            ("SyncOtherMachine", json!(1), Message::SyncFlagInvalid),
            ("MsgLifeTime", json!(1), Message::LifeTimeTooLong),
            ("OfflinePushInfo", json!({}), Message::PushInfoInvalid),
            ("CloudCustomData", json!(""), Message::BatchMessageTooLong),
            ("From_Account", json!("alice"), Message::SenderInvalid),
            ("To_Account", json!(["bob"]), Message::ReceiverUnknown),
        ];
        for (field, value, code) in steps {
            im.call(COMMAND, body.clone()).await.fails(code);
            body[field] = value;
        }
        im.call(COMMAND, body).await.ok();
    }

    async fn the_sender_may_keep_the_batch_out_of_its_own_view(im: Im) {
        im.import(&["alice", "bob"]).await;
        let changes = json!({ "SyncOtherMachine": 2, "SendMsgControl": ["NoUnread"] });
        im.call(COMMAND, with(hello(&["bob"]), changes)).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["hello"]);
        assert!(im.texts("alice", "bob").await.is_empty());
        assert_eq!(im.unread("bob", "alice").await, 0);
    }

    async fn a_plan_of_the_cloud_reaches_12_000_receivers_within_a_minute(im: Im) {
        im.app(|settings, _| settings.plan = "standard".into()).await;
        im.import(&["alice"]).await;
        let names: Vec<String> = (0..500).map(|n| format!("u{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut refused = 0;
        // Nobody of them exists, which costs the same and stores nothing.
        for _ in 0..30 {
            let answer = im.call(COMMAND, hello(&names)).await;
            if answer.is(Message::ReceiverUnknown) {
                continue;
            }
            answer.fails(Message::BatchThrottled);
            refused += 1;
        }
        assert!((1..=6).contains(&refused), "{refused} of 30 calls");
    }
}
