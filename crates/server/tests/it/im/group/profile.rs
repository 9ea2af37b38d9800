//! What groups say of themselves: creation, change, end.

use contract::codes::{Common, Group};
use serde_json::{Value, json};

use super::{ask, history, info, make, role};
use crate::harness::{item_fails, with};

fn club() -> Value {
    json!({ "GroupId": "club-7", "Type": "Public", "Name": "Club 7", "Owner_Account": "ann",
        "ApplyJoinOption": "NeedPermission", "MemberList": [
            { "Member_Account": "bo", "Role": "Admin" }, { "Member_Account": "cy" }] })
}

both! {
    async fn a_new_group_has_its_owner_its_members_and_what_it_says(im: Im) {
        im.import(&["ann", "bo", "cy", "dee"]).await;
        let made = ask(&im, "create_group", club()).await.ok();
        assert_eq!(made["GroupId"], "club-7");
        assert_eq!([role(&im, "club-7", "ann").await, role(&im, "club-7", "bo").await], ["Owner", "Admin"]);
        assert_eq!([role(&im, "club-7", "cy").await, role(&im, "club-7", "dee").await], ["Member", "NotMember"]);
        let said = info(&im, "club-7").await;
        assert_eq!(said["ErrorCode"], 0);
        assert_eq!([&said["Type"], &said["Name"], &said["Owner_Account"]], ["Public", "Club 7", "ann"]);
        assert_eq!([&said["MemberNum"], &said["NextMsgSeq"], &said["CreateTime"]], [3, 1, 1_700_000_000]);
        assert_eq!([&said["ApplyJoinOption"], &said["InviteJoinOption"]], ["NeedPermission", "DisableInvite"]);
        assert_eq!(said["MemberList"].as_array().map(Vec::len), Some(3));
        ask(&im, "create_group", club()).await.fails(Group::GroupIdOwned);
        ask(&im, "create_group", with(club(), json!({ "Owner_Account": "dee" }))).await.fails(Group::GroupIdTaken);
    }

    async fn a_group_without_an_owner_belongs_to_nobody_and_gets_an_id(im: Im) {
        let made = ask(&im, "create_group", json!({ "Type": "Public", "Name": "n" })).await.ok();
        let id = made["GroupId"].as_str().expect("an id").to_owned();
        assert!(id.starts_with("@TGS#2"), "{id}");
        let said = info(&im, &id).await;
        assert_eq!([&said["Owner_Account"], &said["MemberNum"]], [&json!(""), &json!(0)]);
        let community = ask(&im, "create_group", json!({ "Type": "Community", "Name": "n" })).await.ok();
        assert!(community["GroupId"].as_str().expect("an id").starts_with("@TGS#_@TGS#c"));
        assert_eq!([&community["Type"], &community["HugeGroupFlag"]], [&json!("Community"), &json!(0)]);
    }

    async fn what_a_creation_may_not_say_is_refused_in_order(im: Im) {
        im.import(&["ann", "bo"]).await;
        let many: Vec<Value> = (0..101).map(|n| json!({ "Member_Account": format!("u{n}") })).collect();
        let long = |n: usize| "x".repeat(n);
        let cases = [
            (json!({ "Type": "Club" }), Group::FieldInvalid),
            (json!({ "Type": null }), Group::FieldInvalid),
            (json!({ "Name": null }), Group::FieldInvalid),
            (json!({ "Name": "" }), Group::FieldInvalid),
            (json!({ "Name": long(31) }), Group::FieldInvalid),
            (json!({ "Introduction": long(241) }), Group::FieldInvalid),
            (json!({ "Notification": long(301) }), Group::FieldInvalid),
            (json!({ "FaceUrl": long(101) }), Group::FieldInvalid),
            (json!({ "GroupId": "@TGS#mine" }), Group::FieldInvalid),
            (json!({ "GroupId": long(49) }), Group::FieldInvalid),
            (json!({ "Type": "Community", "GroupId": "mine" }), Group::FieldInvalid),
            (json!({ "ApplyJoinOption": "Free" }), Group::FieldInvalid),
            (json!({ "InviteJoinOption": "Free" }), Group::FieldInvalid),
            (json!({ "MaxMemberCount": 0 }), Group::FieldInvalid),
            (json!({ "SupportTopic": 1 }), Group::FieldInvalid),
            (json!({ "AppDefinedData": [{ "Key": "undeclared", "Value": "x" }] }), Group::FieldInvalid),
            (json!({ "MemberList": many }), Group::AccountsTooMany),
            (json!({ "MemberList": [{ "Member_Account": "bo", "Role": "Owner" }] }), Group::FieldInvalid),
            (json!({ "Type": "AVChatRoom" }), Group::OperationForbidden),
            (json!({ "Type": "Private" }), Group::OperationForbidden),
            (json!({ "Owner_Account": "nobody" }), Group::AccountUnknown),
            (json!({ "MemberList": [{ "Member_Account": "nobody" }] }), Group::AccountUnknown),
        ];
        for (changes, code) in cases {
            let answer = ask(&im, "create_group", with(club(), changes.clone())).await;
            assert!(answer.is(code), "{changes}: {}", answer.value());
            answer.fails(code);
        }
        let said = info(&im, "club-7").await;
        item_fails(&said["ErrorCode"], Group::GroupIdInvalid);
    }

    async fn both_names_of_a_type_are_taken_and_one_is_told(im: Im) {
        for (given, told) in [("Work", "Private"), ("Private", "Private"), ("Meeting", "ChatRoom"), ("ChatRoom", "ChatRoom")] {
            let made = ask(&im, "create_group", json!({ "Type": given, "Name": "n" })).await.ok();
            let said = info(&im, made["GroupId"].as_str().expect("an id")).await;
            assert_eq!(said["Type"], told);
        }
    }

    async fn a_change_is_told_to_the_members_and_counted(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        im.clock.advance(5_000);
        let change = json!({ "GroupId": "g", "Name": "new", "Notification": "hear", "MuteAllMember": "On",
            "MaxMemberNum": 50, "HistoryMsgBeforeJoin": "On" });
        ask(&im, "modify_group_base_info", change).await.ok();
        let said = info(&im, "g").await;
        assert_eq!([&said["Name"], &said["Notification"], &said["MuteAllMember"]], ["new", "hear", "On"]);
        assert_eq!([&said["InfoSeq"], &said["LastInfoTime"], &said["MaxMemberNum"]], [2, 1_700_000_005, 50]);
        assert_eq!(said["HistoryMsgBeforeJoin"], "On");
        assert_eq!(history(&im, "g").await, [(1, "tip 6".to_owned())]);
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "Name": "new" })).await.ok();
        assert_eq!(history(&im, "g").await.len(), 1, "nothing became another");
        for bad in [json!({ "Name": "" }), json!({ "Name": "x".repeat(31) }), json!({ "MuteAllMember": 1 }),
            json!({ "MuteAllMember": "on" }), json!({ "MaxMemberNum": 0 }), json!({ "EnablePermission": 2 })] {
            ask(&im, "modify_group_base_info", with(json!({ "GroupId": "g" }), bad)).await.fails(Group::FieldInvalid);
        }
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "From_Account": "nobody", "Name": "z" })).await
            .fails(Group::AccountUnknown);
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "From_Account": "ä", "Name": "z" })).await
            .fails(Group::OperatorInvalid);
    }

    async fn declared_fields_are_kept_and_an_empty_one_goes(im: Im) {
        im.app(|settings, _| {
            settings.groups.fields.insert("topic".into(), store::groups::FieldRule::default());
        }).await;
        let made = json!({ "GroupId": "g", "Type": "Public", "Name": "n",
            "AppDefinedData": [{ "Key": "topic", "Value": "tea" }] });
        ask(&im, "create_group", made).await.ok();
        assert_eq!(info(&im, "g").await["AppDefinedData"], json!([{ "Key": "topic", "Value": "tea" }]));
        let change = |value: String| json!({ "GroupId": "g", "AppDefinedData": [{ "Key": "topic", "Value": value }] });
        ask(&im, "modify_group_base_info", change("x".repeat(513))).await.fails(Group::FieldInvalid);
        ask(&im, "modify_group_base_info", change(String::new())).await.ok();
        assert_eq!(info(&im, "g").await["AppDefinedData"], json!([]));
    }

    async fn a_filter_shows_what_it_names(im: Im) {
        im.import(&["ann"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        let filter = json!({ "GroupBaseInfoFilter": ["Name", "MemberNum"], "MemberInfoFilter": ["Role"] });
        let answer = ask(&im, "get_group_info", json!({ "GroupIdList": ["g"], "ResponseFilter": filter })).await.ok();
        assert_eq!(answer["GroupInfo"], json!([{ "GroupId": "g", "ErrorCode": 0, "ErrorInfo": "", "Name": "n",
            "MemberNum": 1, "MemberList": [{ "Member_Account": "ann", "Role": "Owner" }] }]));
        for bad in [json!([]), json!(vec!["g"; 51]), json!("g"), json!([1])] {
            ask(&im, "get_group_info", json!({ "GroupIdList": bad })).await.fails(Group::FieldInvalid);
        }
    }

    async fn a_disbanded_group_is_gone_and_its_id_is_free(im: Im) {
        im.import(&["ann", "bo", "dee"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        super::say(&im, "g", "bo", 1, "old").await;
        ask(&im, "destroy_group", json!({ "GroupId": "g" })).await.ok();
        ask(&im, "destroy_group", json!({ "GroupId": "g" })).await.fails(Group::GroupUnknown);
        ask(&im, "send_group_msg", super::letter("g", "bo", 2, "x")).await.fails(Group::GroupUnknown);
        item_fails(&info(&im, "g").await["ErrorCode"], Group::GroupUnknown);
        let joined = ask(&im, "get_joined_group_list", json!({ "Member_Account": "bo" })).await.ok();
        assert_eq!(joined["TotalCount"], 0);
        make(&im, "g", "Public", "dee", &[]).await;
        assert_eq!([role(&im, "g", "bo").await, role(&im, "g", "dee").await], ["NotMember", "Owner"]);
        assert!(history(&im, "g").await.is_empty(), "what was written belongs to the old group");
        assert_eq!(super::say(&im, "g", "dee", 3, "new").await, 1);
    }

    async fn ids_that_cannot_be_and_commands_that_are_not(im: Im) {
        for command in ["destroy_group", "group_msg_get_simple", "get_group_muted_account", "clear_group_msg"] {
            let body = |id: &str| json!({ "GroupId": id, "ReqMsgNumber": 1 });
            for id in ["", "ä", "no such group", &"x".repeat(49)] {
                ask(&im, command, body(id)).await.fails(Group::GroupIdInvalid);
            }
            ask(&im, command, json!({})).await.fails(Group::FieldInvalid);
            ask(&im, command, json!({ "GroupId": 7, "ReqMsgNumber": 1 })).await.fails(Group::FieldInvalid);
        }
        ask(&im, "no_such_command", json!({})).await.fails(Group::CommandUnknown);
        im.call("no_such_svc/create_group", json!({})).await.fails(Common::CommandUnknown);
        im.raw("group_open_http_svc/create_group", "[]").await.fails(Group::BodyMalformed);
    }

    async fn a_word_that_the_app_forbids_is_in_no_name(im: Im) {
        let write = im.node().store.write(crate::harness::APP, |tx| {
            store::words::add(tx, &[("rude".to_owned(), store::words::Action::Block)])
        });
        write.await.expect("a word");
        im.node().moderation.reload(crate::harness::APP).await.expect("reads words");
        ask(&im, "create_group", json!({ "Type": "Public", "Name": "so rude" })).await.fails(Common::TextForbidden);
        im.import(&["ann"]).await;
        let home = "@TGS#_home";
        let made = json!({ "GroupId": home, "Type": "Community", "Name": "n", "Owner_Account": "ann", "SupportTopic": 1 });
        ask(&im, "create_group", made).await.ok();
        let named = json!({ "GroupId": home, "Member_Account": "ann", "NameCard": "rude ann" });
        ask(&im, "modify_group_member_info", named).await.fails(Common::TextForbidden);
        let topic = format!("{home}@TOPIC#_t");
        let new = |name: &str, about: &str| json!({ "GroupId": home, "TopicId": topic, "TopicName": name, "Introduction": about });
        for (name, about) in [("rude", ""), ("n", "so rude")] {
            im.call("million_group_open_http_svc/create_topic", new(name, about)).await.fails(Common::TextForbidden);
            ask(&im, "import_topic", new(name, about)).await.fails(Common::TextForbidden);
        }
        im.call("million_group_open_http_svc/create_topic", new("n", "")).await.ok();
        im.call("million_group_open_http_svc/modify_topic", new("rude", "")).await.fails(Common::TextForbidden);
    }

    async fn a_command_that_is_off_has_a_code_of_the_group_service(im: Im) {
        im.app(|settings, _| settings.commands_off = vec!["group_open_http_svc/create_group".into()]).await;
        ask(&im, "create_group", json!({ "Type": "Public", "Name": "n" })).await.fails(Group::CommandDisabled);
    }
}
