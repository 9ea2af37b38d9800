//! What is written in groups, and what becomes of it.

use contract::codes::{Common, Group, Message};
use serde_json::{Value, json};

use super::{ask, history, info, letter, make, say};
use crate::harness::{Im, elements, item_fails, with};

async fn refuses(im: &Im, changes: Value, code: impl Into<&'static contract::codes::Row>) {
    ask(im, "send_group_msg", with(letter("g", "bo", 1, "x"), changes)).await.fails(code);
}

both! {
    async fn messages_are_numbered_and_read_back(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        let sent = ask(&im, "send_group_msg", with(letter("g", "bo", 7, "hi @all"), json!({ "MsgPriority": "High",
            "GroupAtInfo": [{ "GroupAtAllFlag": 1 }], "NeedReadReceipt": 1, "CloudCustomData": "c" }))).await.ok();
        assert_eq!([&sent["MsgSeq"], &sent["MsgTime"], &sent["MsgDropReason"]], [&json!(1), &json!(1_700_000_000), &json!("")]);
        let page = ask(&im, "group_msg_get_simple", json!({ "GroupId": "g", "ReqMsgNumber": 1 })).await.ok();
        assert_eq!(page["RspMsgList"], json!([{ "From_Account": "bo", "IsPlaceMsg": 0, "MsgBody": elements("hi @all"),
            "CloudCustomData": "c", "MsgPriority": 1, "MsgRandom": 7, "MsgSeq": 1, "MsgTimeStamp": 1_700_000_000 }]));
        assert_eq!([&info(&im, "g").await["NextMsgSeq"], &info(&im, "g").await["LastMsgTime"]], [2, 1_700_000_000_i64]);
    }

    async fn an_account_that_is_not_in_may_be_spoken_for_but_must_exist(im: Im) {
        im.import(&["ann", "dee"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        assert_eq!(say(&im, "g", "dee", 1, "from outside").await, 1);
        ask(&im, "send_group_msg", letter("g", "nobody", 1, "x")).await.fails(Group::AccountUnknown);
        let mut own = letter("g", "x", 2, "from the app");
        own.as_object_mut().expect("an object").remove("From_Account");
        ask(&im, "send_group_msg", own).await.ok();
        let body = json!({ "GroupId": "g", "ReqMsgNumber": 1 });
        let newest = ask(&im, "group_msg_get_simple", body).await.ok();
        assert_eq!(newest["RspMsgList"][0]["From_Account"], "administrator");
    }

    async fn what_was_true_of_the_last_message_is_asked_again_for_the_next(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        assert_eq!([say(&im, "g", "bo", 1, "one").await, say(&im, "g", "bo", 2, "two").await], [1, 2]);
        // Within the moment for which it is remembered who wrote: muted, allowed again, ended, made anew.
        let mute = |seconds: i64| json!({ "GroupId": "g", "Members_Account": ["bo"], "MuteTime": seconds });
        ask(&im, "forbid_send_msg", mute(60)).await.ok();
        ask(&im, "send_group_msg", letter("g", "bo", 3, "x")).await.fails(Group::SenderMuted);
        ask(&im, "send_group_msg", letter("g", "bo", 3, "x")).await.fails(Group::SenderMuted);
        ask(&im, "forbid_send_msg", mute(0)).await.ok();
        // What the app did to bo has its place in the group as well.
        assert!(say(&im, "g", "bo", 4, "three").await > 2);
        ask(&im, "destroy_group", json!({ "GroupId": "g" })).await.ok();
        ask(&im, "send_group_msg", letter("g", "bo", 5, "x")).await.fails(Group::GroupUnknown);
        make(&im, "g", "Public", "ann", &["bo"]).await;
        assert_eq!(say(&im, "g", "bo", 6, "anew").await, 1);
        ask(&im, "destroy_group", json!({ "GroupId": "g" })).await.ok();
        make(&im, "g", "Public", "ann", &["bo"]).await;
        assert_eq!(say(&im, "g", "bo", 7, "and again").await, 1);
        assert_eq!(history(&im, "g").await, [(1, "and again".to_owned())]);
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "bo" }] })).await.ok();
        ask(&im, "send_group_msg", letter("g", "bo", 8, "x")).await.fails(Group::AccountUnknown);
    }

    async fn what_a_message_may_not_be_is_refused(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        ask(&im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n" })).await.ok();
        make(&im, "@TGS#_c", "Community", "ann", &["bo"]).await;
        let mentions: Vec<Value> = (0..31).map(|n| json!({ "GroupAtAllFlag": 0, "GroupAt_Account": format!("u{n}") })).collect();
        let targets: Vec<String> = (0..51).map(|n| format!("u{n}")).collect();
        for bad in [json!({ "Random": null }), json!({ "Random": "x" }), json!({ "MsgBody": null }), json!({ "MsgBody": [] }),
            json!({ "MsgBody": "x" }), json!({ "MsgPriority": "high" }), json!({ "MsgPriority": 1 }),
            json!({ "OnlineOnlyFlag": 1, "SendMsgControl": ["NoUnread"] }), json!({ "SendMsgControl": "NoUnread" }),
            json!({ "GroupAtInfo": [{ "GroupAtAllFlag": 2 }] }), json!({ "GroupAtInfo": [{ "GroupAtAllFlag": 0 }] }),
            json!({ "To_Account": targets }), json!({ "To_Account": ["ann"], "GroupAtInfo": [{ "GroupAtAllFlag": 1 }] }),
            json!({ "CloudCustomData": 1 }), json!({ "OfflinePushInfo": 1 }), json!({ "NeedReadReceipt": 2 }),
            json!({ "SupportMessageExtension": "1" })] {
            refuses(&im, bad, Group::FieldInvalid).await;
        }
        refuses(&im, json!({ "From_Account": "" }), Group::OperatorInvalid).await;
        refuses(&im, json!({ "From_Account": 7 }), Group::OperatorInvalid).await;
        refuses(&im, json!({ "GroupAtInfo": mentions }), Group::MentionsTooMany).await;
        refuses(&im, json!({ "MsgBody": elements(&"x".repeat(13_000)) }), Common::MessageTooLong).await;
        refuses(&im, json!({ "OnlineOnlyFlag": 1, "NeedReadReceipt": 1 }), Group::ReceiptUnsupported).await;
        refuses(&im, json!({ "GroupId": "live", "GroupAtInfo": [{ "GroupAtAllFlag": 1 }] }), Group::OperationForbidden).await;
        refuses(&im, json!({ "GroupId": "live", "NeedReadReceipt": 1 }), Group::FeatureMissing).await;
        refuses(&im, json!({ "GroupId": "@TGS#_c", "To_Account": ["ann"] }), Group::OperationForbidden).await;
        refuses(&im, json!({ "GroupId": "@TGS#_c", "SupportMessageExtension": 1 }), Group::FeatureMissing).await;
        im.app(|settings, _| settings.groups.receipt_members = 1).await;
        refuses(&im, json!({ "NeedReadReceipt": 1 }), Group::ReceiptGroupTooLarge).await;
        im.app(|settings, _| settings.plan = "standard".into()).await;
        refuses(&im, json!({ "NeedReadReceipt": 1 }), Group::FeatureMissing).await;
        refuses(&im, json!({ "To_Account": ["ann"] }), Group::FeatureMissing).await;
        assert_eq!(info(&im, "g").await["NextMsgSeq"], 1, "nothing took a number");
    }

    async fn the_same_send_within_five_minutes_is_stored_once(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        assert_eq!([say(&im, "g", "bo", 7, "x").await, say(&im, "g", "bo", 7, "x").await], [1, 1]);
        assert_eq!(say(&im, "g", "ann", 7, "x").await, 2, "another sender");
        assert_eq!(say(&im, "g", "bo", 7, "y").await, 3, "another content");
        assert_eq!(say(&im, "g", "bo", 8, "x").await, 4, "another number");
        im.clock.advance(300_000);
        assert_eq!(say(&im, "g", "bo", 7, "x").await, 1);
        im.clock.advance(1);
        assert_eq!(say(&im, "g", "bo", 7, "x").await, 5);
    }

    async fn a_repetition_is_known_after_a_restart_and_in_another_process(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        assert_eq!(say(&im, "g", "bo", 7, "x").await, 1);
        im.clock.advance(200_000);
        let im = im.restart().await;
        assert_eq!([say(&im, "g", "bo", 7, "x").await, say(&im, "g", "bo", 8, "x").await], [1, 2]);
    }

    async fn what_is_more_than_a_group_takes_is_dropped_and_looks_sent(im: Im) {
        im.import(&["ann", "bo"]).await;
        im.app(|settings, _| settings.groups.sends_per_second = 3).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        for n in 0..3 {
            say(&im, "g", "bo", n, "x").await;
        }
        let dropped = ask(&im, "send_group_msg", letter("g", "bo", 9, "x")).await.ok();
        assert_eq!(dropped["MsgDropReason"], "MsgFreqCtrl");
        let urgent = with(letter("g", "bo", 10, "x"), json!({ "MsgPriority": "High" }));
        assert_eq!(ask(&im, "send_group_msg", urgent).await.ok()["MsgSeq"], 4);
        im.clock.advance(1_000);
        assert_eq!(say(&im, "g", "bo", 11, "x").await, 5);
    }

    async fn an_online_message_takes_no_number(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        let online = with(letter("g", "bo", 1, "now"), json!({ "OnlineOnlyFlag": 1 }));
        assert_eq!(ask(&im, "send_group_msg", online).await.ok()["MsgSeq"], 0);
        assert_eq!(say(&im, "g", "bo", 2, "kept").await, 1);
        assert_eq!(history(&im, "g").await, [(1, "kept".to_owned())]);
    }

    async fn recalls_succeed_or_fail_each_on_its_own(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        say(&im, "g", "bo", 1, "a").await;
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "Name": "other" })).await.ok();
        let recall = json!({ "GroupId": "g", "MsgSeqList": [{ "MsgSeq": 1 }, { "MsgSeq": 999 }, { "MsgSeq": 2 }], "Reason": "spam" });
        let answer = ask(&im, "group_msg_recall", recall.clone()).await.ok();
        let list = &answer["RecallRetList"];
        assert_eq!(list[0], json!({ "MsgSeq": 1, "RetCode": 0 }));
        item_fails(&list[1]["RetCode"], Group::MessageUnknown);
        item_fails(&list[2]["RetCode"], Group::RecallUnsupported);
        let again = ask(&im, "group_msg_recall", recall).await.ok();
        item_fails(&again["RecallRetList"][0]["RetCode"], Group::RecallUnsupported);
        assert_eq!(history(&im, "g").await, [(2, "tip 6".to_owned()), (1, "recalled".to_owned())]);
        let plain = ask(&im, "group_msg_get_simple", json!({ "GroupId": "g", "ReqMsgNumber": 5 })).await.ok();
        assert_eq!(plain["RspMsgList"].as_array().map(Vec::len), Some(1), "recalled ones come only if asked for");
        let places = |list: Value| json!({ "GroupId": "g", "MsgSeqList": list });
        for bad in [json!([]), json!(vec![json!({ "MsgSeq": 1 }); 11]), json!([{ "MsgSeq": 0 }]), json!([{}])] {
            ask(&im, "group_msg_recall", places(bad)).await.fails(Group::FieldInvalid);
        }
        let long = with(places(json!([{ "MsgSeq": 1 }])), json!({ "Reason": "x".repeat(101) }));
        ask(&im, "group_msg_recall", long).await.fails(Group::FieldInvalid);
        ask(&im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n" })).await.ok();
        let live = with(places(json!([{ "MsgSeq": 1 }])), json!({ "GroupId": "live" }));
        ask(&im, "group_msg_recall", live).await.fails(Group::GroupWithoutRecall);
        im.app(|settings, _| settings.groups.has_recall = false).await;
        ask(&im, "group_msg_recall", places(json!([{ "MsgSeq": 1 }]))).await.fails(Group::RecallDisabled);
    }

    async fn what_one_sender_wrote_is_taken_back_without_a_word(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        for (n, from) in ["bo", "ann", "bo"].into_iter().enumerate() {
            say(&im, "g", from, n as u32, from).await;
        }
        ask(&im, "delete_group_msg_by_sender", json!({ "GroupId": "g", "Sender_Account": "bo" })).await.ok();
        let texts: Vec<String> = history(&im, "g").await.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["recalled", "ann", "recalled"]);
        ask(&im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n" })).await.ok();
        ask(&im, "delete_group_msg_by_sender", json!({ "GroupId": "live", "Sender_Account": "bo" })).await.ok();
    }

    async fn history_goes_back_page_by_page(im: Im) {
        im.import(&["ann"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        for n in 1..=25 {
            im.clock.advance(100);
            say(&im, "g", "ann", n, &n.to_string()).await;
        }
        let page = ask(&im, "group_msg_get_simple", json!({ "GroupId": "g", "ReqMsgNumber": 30 })).await.ok();
        assert_eq!(page["IsFinished"], 0, "more were asked for than a page holds");
        let seqs: Vec<i64> = page["RspMsgList"].as_array().expect("a list").iter().map(|it| it["MsgSeq"].as_i64().expect("one")).collect();
        assert_eq!(seqs, (6..=25).rev().collect::<Vec<_>>());
        let rest = ask(&im, "group_msg_get_simple", json!({ "GroupId": "g", "ReqMsgNumber": 20, "ReqMsgSeq": 5 })).await.ok();
        assert_eq!([&rest["IsFinished"], &rest["RspMsgList"][4]["MsgSeq"]], [&json!(1), &json!(1)]);
        for bad in [json!({ "ReqMsgNumber": 0 }), json!({ "ReqMsgNumber": "1" }), json!({ "ReqMsgNumber": 1, "ReqMsgSeq": -1 })] {
            ask(&im, "group_msg_get_simple", with(json!({ "GroupId": "g" }), bad)).await.fails(Group::FieldInvalid);
        }
        ask(&im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n" })).await.ok();
        ask(&im, "group_msg_get_simple", json!({ "GroupId": "live", "ReqMsgNumber": 1 })).await.fails(Group::GroupWithoutHistory);
    }

    async fn a_message_is_changed_and_a_cleared_history_stays_with_the_app(im: Im) {
        im.import(&["ann"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        say(&im, "g", "ann", 1, "old").await;
        let modify = |more: Value| with(json!({ "GroupId": "g", "MsgSeq": 1 }), more);
        im.call("openim/modify_group_msg", modify(json!({ "MsgBody": elements("new") }))).await.ok();
        assert_eq!(history(&im, "g").await, [(1, "new".to_owned())]);
        im.call("openim/modify_group_msg", modify(json!({ "MsgSeq": 2, "CloudCustomData": "x" }))).await.fails(Message::MessageUnknown);
        im.call("openim/modify_group_msg", modify(json!({}))).await.fails(Message::MsgBodyInvalid);
        ask(&im, "clear_group_msg", json!({ "GroupId": "g" })).await.ok();
        assert_eq!(history(&im, "g").await, [(1, "new".to_owned())]);
        ask(&im, "clear_group_msg", json!({ "GroupId": "g", "MsgSeq": -1 })).await.fails(Group::FieldInvalid);
    }

    async fn pairs_are_attached_to_messages_that_allow_it(im: Im) {
        im.import(&["ann"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        let open = with(letter("g", "ann", 1, "poll"), json!({ "SupportMessageExtension": 1 }));
        ask(&im, "send_group_msg", open).await.ok();
        say(&im, "g", "ann", 2, "plain").await;
        let set = |seq: i64| json!({ "GroupId": "g", "MsgSeq": seq, "OperateType": 1, "ExtensionList": [{ "Key": "a", "Value": "1" }] });
        let command = "openim_msg_ext_http_svc/group_set_key_values";
        let answer = im.call(command, set(1)).await.ok();
        assert_eq!(answer["ExtensionList"], json!([{ "ErrorCode": 0, "Extension": { "Key": "a", "Value": "1", "Seq": 1 } }]));
        let found = im.call("openim_msg_ext_http_svc/group_get_key_values", json!({ "GroupId": "g", "MsgSeq": 1 })).await.ok();
        assert_eq!([&found["CompleteFlag"], &found["LatestSeq"]], [1, 1]);
        im.call(command, set(2)).await.fails(Message::ExtensionForbidden);
        im.call(command, set(3)).await.fails(Message::ExtendedUnknown);
        im.call(command, with(set(1), json!({ "OperateType": 4 }))).await.fails(Group::FieldInvalid);
    }

    async fn receipts_are_counted_and_named(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        make(&im, "g", "Public", "ann", &["bo", "cy"]).await;
        ask(&im, "send_group_msg", with(letter("g", "ann", 1, "read me"), json!({ "IsNeedReadReceipt": 1 }))).await.ok();
        say(&im, "g", "ann", 2, "or not").await;
        let give = |from: &str, seq: i64| json!({ "GroupId": "g", "From_Account": from, "MsgSeqList": [{ "MsgSeq": seq }] });
        ask(&im, "group_msg_receipt", give("bo", 1)).await.ok();
        ask(&im, "group_msg_receipt", give("bo", 1)).await.ok();
        let asked = json!({ "GroupId": "g", "MsgSeqList": [{ "MsgSeq": 1 }, { "MsgSeq": 2 }] });
        let found = ask(&im, "get_group_msg_receipt", asked).await.ok();
        assert_eq!(found["GroupMsgReceiptList"][0], json!({ "Code": 0, "MsgSeq": 1, "ReadNum": 1, "UnreadNum": 1 }));
        item_fails(&found["GroupMsgReceiptList"][1]["Code"], Group::ReceiptUnknown);
        let names = |filter: i64| json!({ "GroupId": "g", "MsgSeq": 1, "Filter": filter, "Cursor": "", "Count": 10 });
        let read = ask(&im, "get_group_msg_receipt_detail", names(0)).await.ok();
        assert_eq!([&read["ReadList"], &read["IsFinish"]], [&json!([{ "Read_Account": "bo" }]), &json!(1)]);
        let unread = ask(&im, "get_group_msg_receipt_detail", names(1)).await.ok();
        assert_eq!([&unread["UnreadList"], &unread["IsFinished"]], [&json!([{ "Unread_Account": "cy" }]), &json!(1)]);
        ask(&im, "group_msg_receipt", give("nobody", 1)).await.fails(Group::OperationForbidden);
        ask(&im, "group_msg_receipt", give("cy", 2)).await.fails(Group::ReceiptUnknown);
        ask(&im, "get_group_msg_receipt_detail", with(names(0), json!({ "Filter": 2 }))).await.fails(Group::FieldInvalid);
        ask(&im, "get_group_msg_receipt_detail", with(names(0), json!({ "MsgSeq": 2 }))).await.fails(Group::ReceiptUnknown);
        im.app(|settings, _| settings.groups.has_receipts = false).await;
        ask(&im, "group_msg_receipt", give("cy", 1)).await.fails(Group::FeatureMissing);
    }

    async fn receipts_are_for_those_who_see_the_message(im: Im) {
        im.import(&["ann", "bo", "cy", "eve"]).await;
        make(&im, "g", "Public", "ann", &["bo", "cy"]).await;
        let wanted = |random: u32, more: Value| with(with(letter("g", "ann", random, "read me"), json!({ "NeedReadReceipt": 1 })), more);
        ask(&im, "send_group_msg", wanted(1, json!({ "To_Account": ["bo", "bo", "nobody"] }))).await.ok();
        ask(&im, "send_group_msg", wanted(2, json!({}))).await.ok();
        im.clock.advance(1_000);
        ask(&im, "add_group_member", json!({ "GroupId": "g", "MemberList": [{ "Member_Account": "eve" }] })).await.ok();
        let give = async |from: &str, seq: i64| {
            let given = json!({ "GroupId": "g", "From_Account": from, "MsgSeqList": [{ "MsgSeq": seq }] });
            ask(&im, "group_msg_receipt", given).await
        };
        let numbers = async |seq: i64| {
            let asked = json!({ "GroupId": "g", "MsgSeqList": [{ "MsgSeq": seq }] });
            let found = ask(&im, "get_group_msg_receipt", asked).await.ok();
            let item = &found["GroupMsgReceiptList"][0];
            (item["ReadNum"].as_i64().expect("a number"), item["UnreadNum"].as_i64().expect("a number"))
        };
        assert_eq!((numbers(1).await, numbers(2).await), ((0, 1), (0, 2)));
        give("cy", 1).await.fails(Group::ReceiptUnknown);
        give("eve", 2).await.fails(Group::ReceiptUnknown);
        let names = json!({ "GroupId": "g", "MsgSeq": 1, "Filter": 1, "Cursor": "", "Count": 10 });
        let unread = ask(&im, "get_group_msg_receipt_detail", names).await.ok();
        assert_eq!(unread["UnreadList"], json!([{ "Unread_Account": "bo" }]));
        give("bo", 1).await.ok();
        give("cy", 2).await.ok();
        assert_eq!((numbers(1).await, numbers(2).await), ((1, 0), (1, 1)));
    }

    async fn connected_members_are_told_what_the_app_says(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        let tell = |more: Value| with(json!({ "GroupId": "g", "Content": "hear" }), more);
        ask(&im, "send_group_system_notification", tell(json!({}))).await.ok();
        ask(&im, "send_group_system_notification", tell(json!({ "ToMembers_Account": ["bo", "nobody"] }))).await.ok();
        ask(&im, "send_group_system_notification", tell(json!({ "ToMembers_Account": vec!["bo"; 501] }))).await.fails(Group::AccountsTooMany);
        ask(&im, "send_group_system_notification", tell(json!({ "Content": null }))).await.fails(Group::FieldInvalid);
        ask(&im, "send_group_system_notification", tell(json!({ "Content": "x".repeat(13_000) }))).await.fails(Common::MessageTooLong);
        ask(&im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n" })).await.ok();
        ask(&im, "send_group_system_notification", tell(json!({ "GroupId": "live", "ToMembers_Account": ["bo"] }))).await
            .fails(Group::OperationForbidden);
        assert!(history(&im, "g").await.is_empty());
    }
}
