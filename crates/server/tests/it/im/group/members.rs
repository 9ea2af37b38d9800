//! Who comes, goes, and is what.

use contract::codes::Group;
use serde_json::{Value, json};

use super::{ask, history, info, letter, make, role, say};
use crate::harness::with;

fn adding(id: &str, who: &[&str]) -> Value {
    let list: Vec<Value> = who.iter().map(|account| json!({ "Member_Account": account })).collect();
    json!({ "GroupId": id, "MemberList": list })
}

fn results(answer: &Value) -> Vec<i64> {
    let list = answer["MemberList"].as_array().expect("a list");
    list.iter().map(|item| item["Result"].as_i64().expect("a result")).collect()
}

both! {
    async fn who_is_added_is_in_and_the_group_hears_of_it(im: Im) {
        im.import(&["ann", "cy", "eve"]).await;
        make(&im, "g", "Public", "ann", &["cy"]).await;
        let answer = ask(&im, "add_group_member", adding("g", &["cy", "eve", "eve"])).await.ok();
        assert_eq!(results(&answer), [2, 1, 2]);
        assert_eq!(role(&im, "g", "eve").await, "Member");
        assert_eq!(history(&im, "g").await, [(1, "tip 1".to_owned())]);
        ask(&im, "delete_group_member", json!({ "GroupId": "g", "MemberToDel_Account": ["eve", "nobody"] })).await.ok();
        assert_eq!(history(&im, "g").await[0], (2, "tip 3".to_owned()));
        let silent = with(adding("g", &["eve"]), json!({ "Silence": 1 }));
        assert_eq!(results(&ask(&im, "add_group_member", silent).await.ok()), [1]);
        assert_eq!(history(&im, "g").await.len(), 2, "nobody is told");
        assert_eq!(info(&im, "g").await["MemberNum"], 3);
    }

    async fn additions_that_cannot_be(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        ask(&im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n" })).await.ok();
        let many: Vec<String> = (0..301).map(|n| format!("u{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        ask(&im, "add_group_member", adding("g", &many)).await.fails(Group::AccountsTooMany);
        ask(&im, "add_group_member", adding("g", &[])).await.fails(Group::FieldInvalid);
        ask(&im, "add_group_member", adding("g", &["nobody"])).await.fails(Group::AccountUnknown);
        ask(&im, "add_group_member", adding("live", &["bo"])).await.fails(Group::OperationForbidden);
        ask(&im, "add_group_member", with(adding("g", &["bo"]), json!({ "Silence": 2 }))).await.fails(Group::FieldInvalid);
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "MaxMemberNum": 2 })).await.ok();
        ask(&im, "add_group_member", adding("g", &["bo", "cy"])).await.fails(Group::GroupFull);
        assert_eq!(info(&im, "g").await["MemberNum"], 1, "all of them or none");
        let answer = ask(&im, "add_group_member", adding("g", &["ann", "bo"])).await.ok();
        assert_eq!(results(&answer), [2, 1], "who is in needs no seat");
        ask(&im, "add_group_member", adding("g", &["cy"])).await.fails(Group::GroupFull);
    }

    async fn the_type_says_who_can_be_removed(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        ask(&im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n" })).await.ok();
        let removing = |id: &str, who: Vec<&str>| json!({ "GroupId": id, "MemberToDel_Account": who });
        ask(&im, "delete_group_member", removing("g", vec!["ann"])).await.fails(Group::OperationForbidden);
        ask(&im, "delete_group_member", removing("live", vec!["bo"])).await.fails(Group::FieldInvalid);
        ask(&im, "delete_group_member", removing("g", vec![])).await.fails(Group::FieldInvalid);
        ask(&im, "delete_group_member", removing("g", vec!["bo"; 501])).await.fails(Group::AccountsTooMany);
        let why = json!({ "Reason": "x".repeat(12 * 1024 + 1) });
        ask(&im, "delete_group_member", with(removing("g", vec!["bo"]), why)).await.fails(Group::FieldInvalid);
        assert_eq!(role(&im, "g", "bo").await, "Member");
    }

    async fn a_private_group_sleeps_until_its_first_message(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        make(&im, "g", "Private", "ann", &["bo"]).await;
        let joined = |who: &'static str, all: i64| json!({ "Member_Account": who, "WithNoActiveGroups": all });
        assert_eq!(ask(&im, "get_joined_group_list", joined("bo", 0)).await.ok()["TotalCount"], 0);
        assert_eq!(ask(&im, "get_joined_group_list", joined("bo", 1)).await.ok()["TotalCount"], 1);
        assert_eq!(ask(&im, "get_joined_group_list", joined("ann", 0)).await.ok()["TotalCount"], 1);
        ask(&im, "add_group_member", adding("g", &["cy"])).await.ok();
        assert!(history(&im, "g").await.is_empty(), "a sleeping group tells nothing");
        assert_eq!(say(&im, "g", "ann", 1, "good morning").await, 1);
        assert_eq!(ask(&im, "get_joined_group_list", joined("bo", 0)).await.ok()["TotalCount"], 1);
    }

    async fn roles_cards_and_options_of_members(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        let change = |more: Value| with(json!({ "GroupId": "g", "Member_Account": "bo" }), more);
        ask(&im, "modify_group_member_info", change(json!({ "Role": "Admin", "NameCard": "Bobby",
            "MsgFlag": "Discard", "MuteTime": 60 }))).await.ok();
        let asked = json!({ "GroupId": "g", "Member_List_Account": ["bo", "nobody"] });
        let found = ask(&im, "get_specified_group_member_info", asked).await.ok();
        assert_eq!(found["MemberList"].as_array().map(Vec::len), Some(1));
        let bo = &found["MemberList"][0];
        assert_eq!([&bo["Role"], &bo["NameCard"], &bo["MsgFlag"]], ["Admin", "Bobby", "Discard"]);
        assert_eq!(bo["MuteUntil"], 1_700_000_060);
        let tips: Vec<String> = history(&im, "g").await.into_iter().map(|(_, tip)| tip).collect();
        assert_eq!(tips, ["tip 7", "tip 4"]);
        ask(&im, "modify_group_member_info", change(json!({ "Role": "Member" }))).await.ok();
        assert_eq!(history(&im, "g").await[0].1, "tip 5");
        for (bad, code) in [
            (json!({ "Role": "Owner" }), Group::FieldInvalid),
            (json!({ "MsgFlag": "Never" }), Group::FieldInvalid),
            (json!({ "NameCard": "x".repeat(51) }), Group::FieldInvalid),
            (json!({ "MuteTime": -1 }), Group::FieldInvalid),
            (json!({ "AppMemberDefinedData": [{ "Key": "k", "Value": "v" }] }), Group::FieldInvalid),
            (json!({ "Member_Account": "nobody" }), Group::OperationForbidden),
            (json!({ "Member_Account": "ann", "Role": "Member" }), Group::OperationForbidden),
        ] {
            ask(&im, "modify_group_member_info", change(bad)).await.fails(code);
        }
        make(&im, "p", "Private", "ann", &["bo"]).await;
        for bad in [json!({ "Role": "Admin" }), json!({ "MuteTime": 1 })] {
            ask(&im, "modify_group_member_info", with(change(bad), json!({ "GroupId": "p" }))).await
                .fails(Group::OperationForbidden);
        }
        ask(&im, "get_specified_group_member_info", json!({ "GroupId": "g", "Member_List_Account": vec!["bo"; 51] })).await
            .fails(Group::AccountsTooMany);
        ask(&im, "get_role_in_group", json!({ "GroupId": "g", "User_Account": vec!["bo"; 501] })).await
            .fails(Group::AccountsTooMany);
    }

    async fn a_mute_ends_at_its_time_and_outlives_leaving(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        make(&im, "g", "Public", "ann", &["bo", "cy"]).await;
        let mute = |who: &'static str, seconds: i64| json!({ "GroupId": "g", "Members_Account": [who], "MuteTime": seconds });
        ask(&im, "forbid_send_msg", mute("bo", 60)).await.ok();
        ask(&im, "forbid_send_msg", mute("cy", 4_294_967_295)).await.ok();
        ask(&im, "send_group_msg", letter("g", "bo", 1, "x")).await.fails(Group::SenderMuted);
        ask(&im, "delete_group_member", json!({ "GroupId": "g", "MemberToDel_Account": ["bo"] })).await.ok();
        ask(&im, "add_group_member", adding("g", &["bo"])).await.ok();
        ask(&im, "send_group_msg", letter("g", "bo", 1, "x")).await.fails(Group::SenderMuted);
        let muted = ask(&im, "get_group_muted_account", json!({ "GroupId": "g" })).await.ok();
        assert_eq!(muted["MutedAccountList"], json!([
            { "Member_Account": "bo", "MutedUntil": 1_700_000_060 }, { "Member_Account": "cy", "MutedUntil": 4_294_967_295_i64 }]));
        let old = ask(&im, "get_group_shutted_uin", json!({ "GroupId": "g" })).await.ok();
        assert_eq!(old["ShuttedUinList"][0], json!({ "Member_Account": "bo", "ShuttedUntil": 1_700_000_060 }));
        im.clock.advance(60_000);
        say(&im, "g", "bo", 2, "again").await;
        ask(&im, "forbid_send_msg", mute("cy", 0)).await.ok();
        say(&im, "g", "cy", 3, "me too").await;
        assert_eq!(ask(&im, "get_group_muted_account", json!({ "GroupId": "g" })).await.ok()["MutedAccountList"], json!([]));
        ask(&im, "forbid_send_msg", mute("bo", 4_294_967_296)).await.fails(Group::FieldInvalid);
        make(&im, "p", "Private", "ann", &["bo"]).await;
        ask(&im, "forbid_send_msg", with(mute("bo", 1), json!({ "GroupId": "p" }))).await.fails(Group::OperationForbidden);
    }

    async fn all_may_be_muted_but_owner_admins_and_the_app(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        make(&im, "g", "Public", "ann", &["bo", "cy"]).await;
        ask(&im, "modify_group_member_info", json!({ "GroupId": "g", "Member_Account": "bo", "Role": "Admin" })).await.ok();
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "ShutUpAllMember": "On" })).await.ok();
        ask(&im, "send_group_msg", letter("g", "cy", 1, "x")).await.fails(Group::SenderMuted);
        say(&im, "g", "ann", 1, "x").await;
        say(&im, "g", "bo", 1, "x").await;
        say(&im, "g", "administrator", 1, "x").await;
        im.call("openconfigsvr/setnospeaking", json!({ "Set_Account": "bo", "GroupmsgNospeakingTime": 100 })).await.ok();
        ask(&im, "send_group_msg", letter("g", "bo", 2, "x")).await.fails(Group::SenderMuted);
    }
}
