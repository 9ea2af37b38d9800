//! `openim/sendmsg`.

use contract::codes::{Common, Message};
use serde_json::{Value, json};

use crate::harness::{Im, elements, message, with};

const COMMAND: &str = "openim/sendmsg";

fn hello() -> Value {
    with(message("alice", "bob", 7, "hello"), json!({ "MsgSeq": 5 }))
}

async fn refuses(im: &Im, changes: Value, code: impl Into<&'static contract::codes::Row>) {
    im.call(COMMAND, with(hello(), changes)).await.fails(code);
}

both! {
    async fn a_back_end_writes_to_strangers_where_devices_may_not(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        im.app(|settings, _| settings.friends_only = true).await;
        im.call(COMMAND, hello()).await.ok();
        let batch = json!({ "From_Account": "alice", "To_Account": ["bob", "carol"], "MsgRandom": 8, "MsgBody": elements("all") });
        im.call("openim/batchsendmsg", batch).await.ok();
        assert_eq!((im.texts("bob", "alice").await.len(), im.texts("carol", "alice").await.len()), (2, 1));
        let client = client::Client::new(client::Settings::new(format!("ws://{}/ws", im.address()), crate::harness::APP.0 as u64, "phone"))
            .expect("a client");
        client.login("alice", &im.sig("alice")).await.expect("logs in");
        let code = Message::NotFriends.row().number();
        let refused = client.send_text("bob", "x").await;
        assert!(matches!(refused, Err(client::Error::Refused { code: got, .. }) if Some(got) == code), "{refused:?}");
        client.shutdown().await;
    }

    async fn the_answer_names_the_message_by_seq_random_and_time(im: Im) {
        im.import(&["alice", "bob"]).await;
        let answer = im.call(COMMAND, hello()).await.ok();
        assert_eq!(answer["MsgKey"], "5_7_1700000000");
        assert_eq!(answer["MsgTime"], 1_700_000_000);
        let page = im.history("bob", "alice").await;
        let expected = json!([{ "From_Account": "alice", "To_Account": "bob", "MsgSeq": 5, "MsgRandom": 7,
            "MsgTimeStamp": 1_700_000_000, "MsgFlagBits": 0, "IsPeerRead": 0, "MsgKey": "5_7_1700000000",
            "MsgBody": elements("hello"), "CloudCustomData": "", "SupportMessageExtension": 0 }]);
        assert_eq!(page["MsgList"], expected);
        assert_eq!(im.unread("bob", "alice").await, 1);
        assert_eq!(im.unread("alice", "bob").await, 0);
    }

    async fn without_a_sender_the_administrator_speaks_and_can_be_answered(im: Im) {
        im.import(&["bob"]).await;
        im.call(COMMAND, with(hello(), json!({ "From_Account": null }))).await.ok();
        assert_eq!(im.texts("bob", "administrator").await, ["hello"]);
        im.clock.advance(1_000);
        im.text("bob", "administrator", 1, "back").await;
        assert_eq!(im.texts("administrator", "bob").await, ["hello", "back"]);
    }

    async fn without_a_sequence_the_server_chooses_and_nothing_is_a_repetition(im: Im) {
        im.import(&["alice", "bob"]).await;
        let first = im.text("alice", "bob", 7, "hello").await;
        let second = im.text("alice", "bob", 7, "hello").await;
        assert_ne!(first, second);
        assert_eq!(im.texts("bob", "alice").await, ["hello", "hello"]);
    }

    async fn the_same_send_within_two_minutes_is_stored_once(im: Im) {
        im.import(&["alice", "bob"]).await;
        let first = im.call(COMMAND, hello()).await.ok();
        im.clock.advance(120_000);
        assert_eq!(im.call(COMMAND, hello()).await.ok()["MsgKey"], first["MsgKey"]);
        assert_eq!(im.unread("bob", "alice").await, 1);
        im.clock.advance(1);
        let later = im.call(COMMAND, hello()).await.ok();
        assert_eq!(later["MsgKey"], "5_7_1700000120");
        assert_eq!(im.texts("bob", "alice").await, ["hello", "hello"]);
    }

    async fn a_repetition_is_known_after_a_restart_and_in_another_process(im: Im) {
        im.import(&["alice", "bob"]).await;
        let first = im.call(COMMAND, hello()).await.ok();
        let im = if im.engine() == store::testing::TestEngine::Sqlite {
            im.restart().await
        } else {
            let other = im.second().await;
            assert_eq!(other.call(COMMAND, hello()).await.ok()["MsgKey"], first["MsgKey"]);
            im
        };
        im.clock.advance(60_000);
        assert_eq!(im.call(COMMAND, hello()).await.ok()["MsgKey"], first["MsgKey"]);
        assert_eq!(im.texts("bob", "alice").await, ["hello"]);
    }

    async fn what_was_acknowledged_is_there_after_a_restart(im: Im) {
        im.import(&["alice", "bob"]).await;
        let keys = futures_util::future::join_all((0..50).map(|n| im.text("alice", "bob", n, "x"))).await;
        let im = im.restart().await;
        assert_eq!(im.unread("bob", "alice").await, 50);
        let body = json!({ "From_Account": "alice", "To_Account": "bob", "MsgKey": keys[49] });
        im.call("openim/admin_msgwithdraw", body).await.ok();
        assert_eq!(im.texts("alice", "bob").await, vec!["x"; 49]);
    }

    async fn a_message_for_connected_devices_alone_leaves_no_trace(im: Im) {
        im.import(&["alice", "bob"]).await;
        for changes in [json!({ "MsgLifeTime": 0 }), json!({ "OnlineOnlyFlag": 1 })] {
            let answer = im.call(COMMAND, with(hello(), changes.clone())).await.ok();
            assert_eq!((&answer["MsgKey"], &answer["MsgTime"]), (&json!("5_7_1700000000"), &json!(1_700_000_000)));
            refuses(&im, with(changes.clone(), json!({ "From_Account": "nobody" })), Message::SenderUnknown).await;
            refuses(&im, with(changes, json!({ "To_Account": "nobody" })), Message::ReceiverUnknown).await;
        }
        assert!(im.texts("bob", "alice").await.is_empty());
        assert_eq!(im.unread_total("bob").await, 0);
        // It is no first one of which a stored message would be the repetition.
        im.call(COMMAND, with(hello(), json!({ "OnlineOnlyFlag": 0 }))).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["hello"]);
    }

    async fn any_difference_makes_another_message(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        im.call(COMMAND, hello()).await.ok();
        for changes in [
            json!({ "MsgSeq": 6 }),
            json!({ "MsgRandom": 8 }),
            json!({ "MsgBody": elements("other") }),
            json!({ "From_Account": "bob", "To_Account": "alice" }),
        ] {
            im.call(COMMAND, with(hello(), changes)).await.ok();
        }
        im.call(COMMAND, with(hello(), json!({ "To_Account": "carol" }))).await.ok();
        im.call(COMMAND, with(hello(), json!({ "From_Account": "carol" }))).await.ok();
        assert_eq!(im.history("bob", "alice").await["MsgCnt"], 5);
        assert_eq!(im.texts("carol", "alice").await, ["hello"]);
        assert_eq!(im.texts("carol", "bob").await, ["hello"]);
    }

    async fn of_the_same_send_many_times_at_once_one_is_stored(im: Im) {
        im.import(&["alice", "bob"]).await;
        let answers = futures_util::future::join_all((0..40).map(|_| im.call(COMMAND, hello()))).await;
        for answer in answers {
            assert_eq!(answer.ok()["MsgKey"], "5_7_1700000000");
        }
        assert_eq!(im.texts("bob", "alice").await, ["hello"]);
    }

    async fn of_the_same_send_to_two_processes_at_once_one_is_stored(im: Im) {
        if im.engine() == store::testing::TestEngine::Sqlite {
            // One process owns the file.
            return;
        }
        im.import(&["alice", "bob"]).await;
        let other = im.second().await;
        for seq in 0..10 {
            let body = with(hello(), json!({ "MsgSeq": seq }));
            let calls = (0..8).map(|n| if n % 2 == 0 { &im } else { &other }.call(COMMAND, body.clone()));
            for answer in futures_util::future::join_all(calls).await {
                assert_eq!(answer.ok()["MsgKey"], format!("{seq}_7_1700000000"));
            }
        }
        assert_eq!(im.history("bob", "alice").await["MsgCnt"], 10);
        assert_eq!(other.unread("bob", "alice").await, 10);
    }

    async fn a_message_is_never_older_than_the_one_before_it(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("alice", "bob", 1, "first").await;
        // As a node does whose clock is behind that of the node before.
        im.clock.advance(-5_000);
        let answer = im.call(COMMAND, message("alice", "bob", 2, "second")).await.ok();
        assert_eq!(answer["MsgTime"], 1_700_000_000);
        assert_eq!(im.texts("bob", "alice").await, ["first", "second"]);
        assert_eq!(im.unread("bob", "alice").await, 2);
    }

    async fn messages_of_one_second_stand_in_the_order_of_their_sequence(im: Im) {
        im.import(&["alice", "bob"]).await;
        for seq in [3_u32, 1, 4_294_967_295, 0, 2] {
            im.call(COMMAND, with(message("alice", "bob", 1, &seq.to_string()), json!({ "MsgSeq": seq }))).await.ok();
        }
        im.clock.advance(1_000);
        im.call(COMMAND, with(message("bob", "alice", 1, "later"), json!({ "MsgSeq": 0 }))).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["0", "1", "2", "3", "4294967295", "later"]);
    }

    async fn the_sender_may_keep_the_message_out_of_its_own_view(im: Im) {
        im.import(&["alice", "bob"]).await;
        for (sync, text) in [(json!(1), "both"), (json!(2), "theirs"), (json!(null), "absent"), (json!(7), "other")] {
            im.call(COMMAND, with(message("alice", "bob", 1, text), json!({ "SyncOtherMachine": sync }))).await.ok();
        }
        assert_eq!(im.texts("bob", "alice").await, ["both", "theirs", "absent", "other"]);
        assert_eq!(im.texts("alice", "bob").await, ["both", "absent", "other"]);
        assert_eq!(im.unread("bob", "alice").await, 4);
    }

    async fn a_message_may_be_sent_without_counting(im: Im) {
        im.import(&["alice", "bob"]).await;
        for (control, unread) in [
            (json!(["NoUnread"]), 0), (json!(["NoLastMsg"]), 1), (json!(["WithMuteNotifications", "Unknown"]), 2),
            (json!([]), 3), (json!(["NoLastMsg", "NoUnread"]), 3),
        ] {
            im.call(COMMAND, with(message("alice", "bob", 1, "x"), json!({ "SendMsgControl": control }))).await.ok();
            assert_eq!(im.unread("bob", "alice").await, unread, "{control}");
        }
        assert_eq!(im.history("bob", "alice").await["MsgCnt"], 5);
    }

    async fn what_travels_with_a_message_comes_back_unchanged(im: Im) {
        im.import(&["alice", "bob"]).await;
        let body = json!([
            { "MsgType": "TIMTextElem", "MsgContent": { "Text": "日本 \u{1f525} \" \\ \n \u{0}", "z": 1, "a": [1.5, null, {}] } },
            { "MsgType": "TIMCustomElem", "MsgContent": { "Data": "{\"a\":1}", "Desc": "d", "Ext": "e", "Sound": "s" } },
            { "MsgType": "TIMFaceElem", "MsgContent": { "Index": 1, "Data": "x" }, "Other": 9_007_199_254_740_993_u64 },
        ]);
        let changes = json!({ "MsgBody": body, "CloudCustomData": "{\"reply\":\"日\"}", "SupportMessageExtension": 1,
            "IsNeedReadReceipt": 1, "ForbidCallbackControl": ["ForbidBeforeSendMsgCallback"], "MsgTimeStamp": 5,
            "OfflinePushInfo": { "PushFlag": 0, "Title": "t", "ApnsInfo": { "BadgeMode": 1 } }, "unknown": { "x": 1 } });
        im.call(COMMAND, with(hello(), changes)).await.ok();
        let message = &im.history("bob", "alice").await["MsgList"][0];
        assert_eq!(message["MsgBody"].to_string(), body.to_string());
        assert_eq!(message["CloudCustomData"], "{\"reply\":\"日\"}");
        assert_eq!(message["SupportMessageExtension"], 1);
        assert_eq!(message["MsgTimeStamp"], 1_700_000_000);
    }

    async fn an_account_can_write_to_itself(im: Im) {
        im.import(&["alice"]).await;
        im.text("alice", "alice", 1, "note").await;
        assert_eq!(im.texts("alice", "alice").await, ["note"]);
        assert_eq!(im.unread_total("alice").await, 0);
    }

    async fn fields_are_refused_each_by_its_own_code(im: Im) {
        im.import(&["alice", "bob"]).await;
        for value in [json!(null), json!(5), json!(["bob"]), json!({}), json!(""), json!("b".repeat(33)), json!("日本")] {
            refuses(&im, json!({ "To_Account": value }), Message::ReceiverInvalid).await;
            if !value.is_null() {
                refuses(&im, json!({ "From_Account": value }), Message::SenderInvalid).await;
            }
        }
        for value in [json!(-1), json!(4_294_967_296_u64), json!(1.5), json!("5"), json!([]), json!(true), json!(1e300)] {
            refuses(&im, json!({ "MsgSeq": value }), Message::MsgSeqInvalid).await;
            refuses(&im, json!({ "MsgRandom": value }), Message::MsgRandomInvalid).await;
        }
        refuses(&im, json!({ "MsgRandom": null }), Message::MsgRandomInvalid).await;
        im.call(COMMAND, with(hello(), json!({ "MsgSeq": 0, "MsgRandom": 4_294_967_295_u32 }))).await.ok();
        for value in [json!("1"), json!(1.5), json!([]), json!({})] {
            refuses(&im, json!({ "SyncOtherMachine": value }), Message::SyncFlagInvalid).await;
            refuses(&im, json!({ "MsgLifeTime": value }), Message::LifeTimeInvalid).await;
            refuses(&im, json!({ "OnlineOnlyFlag": value }), Message::FieldInvalid).await;
            refuses(&im, json!({ "IsNeedReadReceipt": value }), Message::FieldInvalid).await;
            refuses(&im, json!({ "SupportMessageExtension": value }), Message::FieldInvalid).await;
        }
        refuses(&im, json!({ "MsgLifeTime": -1 }), Message::LifeTimeInvalid).await;
        for value in [json!(1), json!([]), json!({})] {
            refuses(&im, json!({ "CloudCustomData": value }), Message::FieldInvalid).await;
        }
        refuses(&im, json!({ "CloudCustomData": "a\0b" }), Message::FieldInvalid).await;
        for value in [json!("NoUnread"), json!([1]), json!({}), json!(1)] {
            refuses(&im, json!({ "SendMsgControl": value }), Message::FieldInvalid).await;
        }
        for value in [
            json!(1), json!([]), json!("x"), json!({ "PushFlag": "0" }), json!({ "Title": 1 }), json!({ "Ext": {} }),
            json!({ "ApnsInfo": [] }), json!({ "ApnsInfo": { "Sound": 1 } }), json!({ "AndroidInfo": { "Sound": [] } }),
            json!({ "MultiLanguageContent": {} }),
        ] {
            refuses(&im, json!({ "OfflinePushInfo": value }), Message::PushInfoInvalid).await;
        }
        assert_eq!(im.history("bob", "alice").await["MsgCnt"], 1);
    }

    async fn a_body_is_a_list_of_whole_elements(im: Im) {
        im.import(&["alice", "bob"]).await;
        for body in [json!("text"), json!({}), json!(5), json!(true)] {
            refuses(&im, json!({ "MsgBody": body }), Message::MsgBodyNotList).await;
        }
        let text = elements("x")[0].clone();
        let custom = json!({ "MsgType": "TIMCustomElem", "MsgContent": { "Data": "x" } });
        for body in [
            json!([]), json!([5]), json!([null]), json!([{}]), json!([{ "MsgType": "TIMTextElem" }]),
            json!([{ "MsgContent": { "Text": "x" } }]), json!([{ "MsgType": 1, "MsgContent": {} }]),
            json!([{ "MsgType": "TIMTextElem", "MsgContent": "x" }]), json!([{ "MsgType": "timtextelem", "MsgContent": {} }]),
            json!([text, { "MsgType": "Nope", "MsgContent": {} }]), json!([custom, text, custom]), json!([[text]]),
        ] {
            refuses(&im, json!({ "MsgBody": body }), Message::MsgBodyInvalid).await;
        }
        refuses(&im, json!({ "MsgBody": null }), Message::MsgBodyInvalid).await;
        for body in [
            json!([{ "MsgType": "TIMTextElem", "MsgContent": {} }]),
            json!([text, { "MsgType": "TIMFaceElem", "MsgContent": { "Index": "1" } }]),
            json!([{ "MsgType": "TIMImageElem", "MsgContent": { "UUID": "u", "ImageInfoArray": [] } }]),
        ] {
            refuses(&im, json!({ "MsgBody": body }), Message::MsgElementInvalid).await;
        }
        im.call(COMMAND, with(hello(), json!({ "MsgBody": vec![text; 50] }))).await.ok();
    }

    async fn a_message_has_12_kb_with_its_custom_data(im: Im) {
        im.import(&["alice", "bob"]).await;
        let empty = elements("").to_string().len();
        let room = contract::limit::MESSAGE_BYTES - empty;
        let sized = |text: usize, cloud: usize| {
            json!({ "MsgBody": elements(&"x".repeat(text)), "CloudCustomData": "y".repeat(cloud) })
        };
        im.call(COMMAND, with(hello(), sized(room, 0))).await.ok();
        im.call(COMMAND, with(hello(), sized(room - 9, 9))).await.ok();
        refuses(&im, sized(room + 1, 0), Common::MessageTooLong).await;
        refuses(&im, sized(room, 1), Common::MessageTooLong).await;
        im.app(|settings, _| settings.message_bytes = 8 * 1024).await;
        refuses(&im, sized(room, 0), Common::MessageTooLong).await;
        im.call(COMMAND, with(hello(), sized(8 * 1024 - empty, 0))).await.ok();
    }

    async fn a_longer_life_than_seven_days_means_seven_days(im: Im) {
        im.import(&["alice", "bob"]).await;
        for life in [json!(1), json!(604_800), json!(604_801), json!(i64::MAX)] {
            im.call(COMMAND, with(message("alice", "bob", 1, "x"), json!({ "MsgLifeTime": life }))).await.ok();
        }
        assert_eq!(im.history("bob", "alice").await["MsgCnt"], 4);
    }

    async fn both_accounts_must_exist_and_the_sender_is_looked_at_first(im: Im) {
        im.import(&["alice", "bob"]).await;
        refuses(&im, json!({ "From_Account": "nobody" }), Message::SenderUnknown).await;
        refuses(&im, json!({ "To_Account": "nobody" }), Message::ReceiverUnknown).await;
        refuses(&im, json!({ "From_Account": "nobody", "To_Account": "no one" }), Message::SenderUnknown).await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "bob" }] })).await.ok();
        refuses(&im, json!({}), Message::ReceiverDeleted).await;
        refuses(&im, json!({ "From_Account": "bob", "To_Account": "alice" }), Message::SenderUnknown).await;
        im.import(&["bob"]).await;
        im.call(COMMAND, hello()).await.ok();
    }

    async fn of_several_faults_the_earlier_check_answers(im: Im) {
        // Each step puts right the fault that answered before.
        let mut body = json!({ "To_Account": 1, "From_Account": 1, "MsgSeq": -1, "MsgRandom": "x", "MsgBody": "x",
            "CloudCustomData": "y".repeat(13 * 1024), "SyncOtherMachine": "x", "MsgLifeTime": "x", "OfflinePushInfo": 1 });
        let steps: [(&str, Value, &'static contract::codes::Row); 13] = [
            ("To_Account", json!("nobody"), Message::ReceiverInvalid.row()),
            ("From_Account", json!("no one"), Message::SenderInvalid.row()),
            ("MsgSeq", json!(1), Message::MsgSeqInvalid.row()),
            ("MsgRandom", json!(1), Message::MsgRandomInvalid.row()),
            ("MsgBody", json!([]), Message::MsgBodyNotList.row()),
            ("MsgBody", json!([{ "MsgType": "TIMTextElem", "MsgContent": {} }]), Message::MsgBodyInvalid.row()),
            ("MsgBody", elements("x"), Message::MsgElementInvalid.row()),
            ("SyncOtherMachine", json!(1), Message::SyncFlagInvalid.row()),
            ("MsgLifeTime", json!(60), Message::LifeTimeInvalid.row()),
            ("OfflinePushInfo", json!({}), Message::PushInfoInvalid.row()),
            ("CloudCustomData", json!("y"), Common::MessageTooLong.row()),
            ("From_Account", json!("alice"), Message::SenderUnknown.row()),
            ("To_Account", json!("bob"), Message::ReceiverUnknown.row()),
        ];
        im.import(&["alice", "bob"]).await;
        for (field, value, code) in steps {
            im.call(COMMAND, body.clone()).await.fails(code);
            body[field] = value;
        }
        im.call(COMMAND, body).await.ok();
    }
}
