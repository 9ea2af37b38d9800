//! What an app is asked and told about its groups.

use contract::codes::{Common, Group};
use contract::ledger::{How, note};
use serde_json::{Value, json};
use store::apps::OnFailure;

use super::receiver::{Receiver, Say};
use crate::harness::{Im, elements, with};

const AFTER: [&str; 11] = [
    "Group.CallbackAfterCreateGroup",
    "Group.CallbackAfterNewMemberJoin",
    "Group.CallbackAfterMemberExit",
    "Group.CallbackAfterSendMsg",
    "Group.CallbackAfterRecallMsg",
    "Group.CallbackAfterGroupFull",
    "Group.CallbackAfterGroupDestroyed",
    "Group.CallbackAfterGroupInfoChanged",
    "Group.CallbackAfterMemberFieldChanged",
    "Group.CallbackAfterReadReceipt",
    "Group.CallbackAfterChangeGroupOwner",
];

async fn ask(im: &Im, command: &str, body: Value) -> crate::harness::Answer {
    im.call(&format!("group_open_http_svc/{command}"), body).await
}

fn letter(random: u32) -> Value {
    json!({ "GroupId": "g", "From_Account": "ann", "Random": random, "MsgBody": elements("hi") })
}

fn adding(who: &[&str]) -> Value {
    let list: Vec<Value> = who.iter().map(|who| json!({ "Member_Account": who })).collect();
    json!({ "GroupId": "g", "MemberList": list })
}

fn made() -> Value {
    json!({ "GroupId": "g", "Type": "Public", "Name": "club", "Owner_Account": "ann" })
}

both! {
    async fn an_app_is_told_what_happens_in_its_groups_in_order(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann", "bo", "cy"]).await;
        im.app(receiver.hook(&AFTER, OnFailure::Pass)).await;
        ask(&im, "create_group", made()).await.ok();
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "MaxMemberNum": 3 })).await.ok();
        ask(&im, "add_group_member", adding(&["bo", "cy"])).await.ok();
        ask(&im, "send_group_msg", with(letter(1), json!({ "NeedReadReceipt": 1 }))).await.ok();
        ask(&im, "group_msg_receipt", json!({ "GroupId": "g", "From_Account": "bo", "MsgSeqList": [{ "MsgSeq": 2 }] })).await.ok();
        ask(&im, "group_msg_recall", json!({ "GroupId": "g", "MsgSeqList": [{ "MsgSeq": 2 }] })).await.ok();
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "Name": "other" })).await.ok();
        ask(&im, "modify_group_member_info", json!({ "GroupId": "g", "Member_Account": "bo", "Role": "Admin" })).await.ok();
        ask(&im, "change_group_owner", json!({ "GroupId": "g", "NewOwner_Account": "bo" })).await.ok();
        ask(&im, "delete_group_member", json!({ "GroupId": "g", "MemberToDel_Account": ["cy"] })).await.ok();
        ask(&im, "destroy_group", json!({ "GroupId": "g" })).await.ok();
        let seen = receiver.wait(12).await;
        let commands: Vec<&str> = seen.iter().map(|call| call.body["CallbackCommand"].as_str().expect("a command")).collect();
        assert_eq!(commands, [AFTER[0], AFTER[1], AFTER[5], AFTER[3], AFTER[9], AFTER[9], AFTER[4], AFTER[7], AFTER[8], AFTER[10], AFTER[2], AFTER[6]]);
        let now = im.clock.now().0;
        assert_eq!(seen[0].body, json!({ "CallbackCommand": AFTER[0], "GroupId": "g", "Type": "Public", "Name": "club",
            "Operator_Account": "administrator", "Owner_Account": "ann", "MemberList": [], "EventTime": now }));
        assert_eq!(seen[1].body["NewMemberList"], json!([{ "Member_Account": "bo" }, { "Member_Account": "cy" }]));
        assert_eq!(seen[1].body["JoinType"], "Invited");
        assert_eq!(seen[3].body["MsgBody"], elements("hi"));
        assert_eq!([&seen[3].body["MsgSeq"], &seen[3].body["Random"]], [2, 1]);
        assert_eq!(seen[4].body["GroupMsgReceiptList"], json!([{ "MsgSeq": 2, "ReadNum": 0, "UnreadNum": 2,
            "ReadReceiptMembers": [] }]), "a message that wants receipts");
        assert_eq!(seen[5].body["GroupMsgReceiptList"], json!([{ "MsgSeq": 2, "ReadNum": 1, "UnreadNum": 1,
            "ReadReceiptMembers": [{ "Member_Account": "bo" }] }]));
        assert_eq!(seen[7].body["Name"], "other");
        assert_eq!([&seen[9].body["OldOwner_Account"], &seen[9].body["NewOwner_Account"]], ["ann", "bo"]);
        assert_eq!(seen[10].body["ExitType"], "Kicked");
        assert_eq!(seen[11].body["MemberList"], json!([{ "Member_Account": "ann" }, { "Member_Account": "bo" }]));
    }

    async fn an_app_refuses_or_rewrites_before(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann", "bo", "cy"]).await;
        let before = ["Group.CallbackBeforeCreateGroup", "Group.CallbackBeforeInviteJoinGroup", "Group.CallbackBeforeSendMsg"];
        im.app(receiver.hook(&before, OnFailure::Pass)).await;
        receiver.script(|_| Say::code(1, "no"));
        ask(&im, "create_group", made()).await.fails(Group::WebhookRefused);
        receiver.script(|_| Say::code(10123, "no clubs"));
        let answer = ask(&im, "create_group", made()).await.value();
        assert_eq!(answer, json!({ "ActionStatus": "FAIL", "ErrorCode": 10123, "ErrorInfo": "no clubs" }));
        note(Group::WebhookCustom.row(), How::Request);
        receiver.script(|_| Say::ok());
        ask(&im, "create_group", made()).await.ok();
        receiver.script(|_| Say::Json(json!({ "ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "", "RefusedMembers_Account": ["cy"] })));
        let added = ask(&im, "add_group_member", adding(&["bo", "cy"])).await.ok();
        assert_eq!(added["MemberList"], json!([{ "Member_Account": "bo", "Result": 1 }, { "Member_Account": "cy", "Result": 0 }]));
        receiver.script(|_| Say::code(1, "no"));
        ask(&im, "add_group_member", adding(&["cy"])).await.fails(Group::WebhookRefused);
        ask(&im, "send_group_msg", letter(1)).await.fails(Group::WebhookRefused);
        receiver.script(|_| Say::code(2, ""));
        assert_eq!(ask(&im, "send_group_msg", letter(2)).await.ok()["MsgSeq"], 0, "it looks sent");
        receiver.script(|_| Say::Json(json!({ "ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "",
            "MsgBody": elements("rewritten"), "CloudCustomData": "lv1" })));
        ask(&im, "send_group_msg", letter(3)).await.ok();
        let page = ask(&im, "group_msg_get_simple", json!({ "GroupId": "g", "ReqMsgNumber": 1 })).await.ok();
        assert_eq!([&page["RspMsgList"][0]["MsgBody"], &page["RspMsgList"][0]["CloudCustomData"]], [&elements("rewritten"), &json!("lv1")]);
        im.app(receiver.hook(&before, OnFailure::Refuse)).await;
        receiver.script(|_| Say::Json(json!("nothing that means something")));
        ask(&im, "send_group_msg", letter(4)).await.fails(Common::WebhookFailed);
        ask(&im, "add_group_member", adding(&["cy"])).await.fails(Group::WebhookRefused);
    }

    async fn what_is_about_a_topic_names_its_community_and_the_topic(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann"]).await;
        let (home, topic) = ("@TGS#_home", "@TGS#_home@TOPIC#_news");
        let made = json!({ "GroupId": home, "Type": "Community", "Name": "n", "Owner_Account": "ann", "SupportTopic": 1 });
        ask(&im, "create_group", made).await.ok();
        let new = json!({ "GroupId": home, "TopicId": topic, "TopicName": "news" });
        im.call("million_group_open_http_svc/create_topic", new).await.ok();
        let wanted = ["Group.CallbackBeforeSendMsg", "Group.CallbackAfterSendMsg", "Group.CallbackAfterRecallMsg",
            "Group.CallbackSendMsgException"];
        im.app(receiver.hook(&wanted, OnFailure::Pass)).await;
        let said = |random: u32| json!({ "GroupId": home, "TopicId": topic, "From_Account": "ann", "Random": random,
            "MsgBody": elements("hi") });
        ask(&im, "send_group_msg", said(1)).await.ok();
        let recall = json!({ "GroupId": home, "TopicId": topic, "MsgSeqList": [{ "MsgSeq": 1 }] });
        ask(&im, "group_msg_recall", recall).await.ok();
        let mute = json!({ "GroupId": home, "TopicId": topic, "Members_Account": ["ann"], "MuteTime": 60 });
        ask(&im, "forbid_send_msg", mute).await.ok();
        ask(&im, "send_group_msg", said(2)).await.fails(Group::SenderMuted);
        let seen = receiver.wait(4).await;
        let mut told: Vec<&str> = Vec::new();
        for call in &seen {
            told.push(call.body["CallbackCommand"].as_str().expect("a command"));
            let place = ["GroupId", "TopicId", "Type"].map(|key| call.body[key].clone());
            assert_eq!(place, [json!(home), json!(topic), json!("Community")], "{}", call.body);
        }
        told.sort_unstable();
        let mut expected = wanted;
        expected.sort_unstable();
        assert_eq!(told, expected);
        // What is about the community itself names no topic.
        ask(&im, "send_group_msg", json!({ "GroupId": home, "From_Account": "ann", "Random": 3, "MsgBody": elements("hi") })).await.ok();
        for call in &receiver.wait(6).await[4..] {
            assert_eq!((&call.body["GroupId"], call.body.get("TopicId")), (&json!(home), None), "{}", call.body);
        }
    }
}
