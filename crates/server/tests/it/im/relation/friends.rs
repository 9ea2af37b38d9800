//! Friends: added, imported, changed, checked, listed, removed.

use contract::codes::Relation;
use contract::limit;
use serde_json::{Value, json};

use super::{ALLOW_TYPE, CONFIRM, DENY, add, befriend, block, item, page, relation, stance, value};
use crate::harness::{item_fails, with};

both! {
    async fn a_friend_is_added_both_ways_with_what_is_noted_on_the_askers_side(im: Im) {
        im.import(&["alice", "bob"]).await;
        let item = json!({ "To_Account": "bob", "Remark": "Bobby", "GroupName": "work", "AddSource": "AddSource_Type_Web",
            "AddWording": "hello" });
        let body = json!({ "From_Account": "alice", "AddFriendItem": [item], "AddType": "Add_Type_Both" });
        let answer = im.call("sns/friend_add", body.clone()).await.ok();
        assert_eq!(answer["ResultItem"], json!([{ "To_Account": "bob", "ResultCode": 0, "ResultInfo": "" }]));
        assert_eq!(answer["ErrorDisplay"], "");
        assert!(answer.get("Fail_Account").is_none(), "{answer}");
        let (mine, theirs) = (page(&im, "alice", 0).await, page(&im, "bob", 0).await);
        let friend = &mine["UserDataItem"][0];
        assert_eq!(friend["To_Account"], "bob");
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_Remark"), "Bobby");
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_Group"), &json!(["work"]));
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_AddSource"), "AddSource_Type_Web");
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_AddWording"), "hello");
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_AddTime"), im.clock.now().secs());
        let friend = &theirs["UserDataItem"][0];
        assert_eq!(friend["To_Account"], "alice");
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_Remark"), &Value::Null);
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_Group"), &Value::Null);
        let again = im.call("sns/friend_add", body).await.ok();
        item_fails(&again["ResultItem"][0]["ResultCode"], Relation::FieldInvalid);
        assert_eq!(again["ResultItem"][0]["ResultInfo"], "Err_SNS_FriendAdd_Already_Exist");
        assert_eq!(again["Fail_Account"], json!(["bob"]));
    }

    async fn a_one_way_friend_is_asked_nothing_and_may_become_one_both_ways(im: Im) {
        im.import(&["alice", "bob"]).await;
        stance(&im, "bob", ALLOW_TYPE, CONFIRM).await;
        let body = json!({ "From_Account": "alice", "AddFriendItem": [item("bob")], "AddType": "Add_Type_Single" });
        let answer = im.call("sns/friend_add", body.clone()).await.ok();
        assert_eq!(answer["ResultItem"][0]["ResultCode"], 0);
        assert_eq!(relation(&im, "alice", "bob").await, "CheckResult_Type_AWithB");
        assert_eq!(relation(&im, "bob", "alice").await, "CheckResult_Type_BWithA");
        let answer = im.call("sns/friend_add", body).await.ok();
        item_fails(&answer["ResultItem"][0]["ResultCode"], Relation::FieldInvalid);
        // Whoever has the asker in its list already agrees.
        assert_eq!(add(&im, "bob", "alice").await["ResultCode"], 0);
        assert_eq!(relation(&im, "alice", "bob").await, "CheckResult_Type_BothWay");
    }

    async fn each_reason_not_to_become_friends_has_its_code(im: Im) {
        im.import(&["alice", "bob", "carol", "dave", "eve", "mallory"]).await;
        item_fails(&add(&im, "alice", "nobody").await["ResultCode"], Relation::AccountUnknown);
        item_fails(&add(&im, "alice", "@TGS#1").await["ResultCode"], Relation::AppMismatch);
        let itself = add(&im, "alice", "alice").await;
        item_fails(&itself["ResultCode"], Relation::FieldInvalid);
        block(&im, "alice", "bob").await;
        item_fails(&add(&im, "alice", "bob").await["ResultCode"], Relation::PeerBlocked);
        item_fails(&add(&im, "bob", "alice").await["ResultCode"], Relation::BlockedByPeer);
        stance(&im, "carol", ALLOW_TYPE, DENY).await;
        item_fails(&add(&im, "alice", "carol").await["ResultCode"], Relation::RequestRefused);
        let single = json!({ "From_Account": "alice", "AddFriendItem": [item("carol")], "AddType": "Add_Type_Single" });
        let answer = im.call("sns/friend_add", single).await.ok();
        item_fails(&answer["ResultItem"][0]["ResultCode"], Relation::RequestRefused);
        stance(&im, "dave", ALLOW_TYPE, CONFIRM).await;
        let pending = add(&im, "alice", "dave").await;
        item_fails(&pending["ResultCode"], Relation::RequestPending);
        assert_eq!(pending["ResultInfo"], "Err_SNS_FriendAdd_Allow_Type_Need_Confirm");
        assert_eq!(relation(&im, "alice", "dave").await, "CheckResult_Type_NoRelation");
        stance(&im, "mallory", "Tag_Profile_IM_AdminForbidType", "AdminForbid_Type_SendOut").await;
        item_fails(&add(&im, "mallory", "eve").await["ResultCode"], Relation::RequestForbidden);
        // A back end that insists asks nobody, but does not pass a blocklist.
        befriend(&im, "alice", "carol").await;
        befriend(&im, "alice", "dave").await;
        let force = json!({ "From_Account": "alice", "AddFriendItem": [item("bob")], "ForceAddFlags": 1 });
        let answer = im.call("sns/friend_add", force).await.ok();
        item_fails(&answer["ResultItem"][0]["ResultCode"], Relation::PeerBlocked);
    }

    async fn what_an_account_leaves_open_the_app_decides(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        im.app(|settings, _| settings.allow_type = store::apps::AllowType::Confirm).await;
        item_fails(&add(&im, "alice", "bob").await["ResultCode"], Relation::RequestPending);
        im.app(|settings, _| settings.allow_type = store::apps::AllowType::Deny).await;
        item_fails(&add(&im, "alice", "carol").await["ResultCode"], Relation::RequestRefused);
        stance(&im, "carol", ALLOW_TYPE, "AllowType_Type_AllowAny").await;
        assert_eq!(add(&im, "alice", "carol").await["ResultCode"], 0);
    }

    async fn friends_of_another_system_are_imported_as_they_were(im: Im) {
        im.app(|settings, _| settings.friend_fields = vec!["Level".into(), "Note".into()]).await;
        im.import(&["alice", "bob", "carol"]).await;
        stance(&im, "bob", ALLOW_TYPE, DENY).await;
        let imported = json!({ "To_Account": "bob", "Remark": "Bobby", "RemarkTime": 1_420_000_001, "GroupName": ["a", "b"],
            "AddSource": "AddSource_Type_XXXXXXXX", "AddWording": "I'm Test1", "AddTime": 1_420_000_000,
            "CustomItem": [{ "Tag": "Tag_SNS_Custom_Level", "Value": 3 }, { "Tag": "Tag_SNS_Custom_Note", "Value": "n" }] });
        let body = |item: Value| json!({ "From_Account": "alice", "AddFriendItem": [item] });
        let answer = im.call("sns/friend_import", body(imported.clone())).await.ok();
        assert_eq!(answer["ResultItem"][0]["ResultCode"], 0, "{answer}");
        assert_eq!(relation(&im, "alice", "bob").await, "CheckResult_Type_AWithB");
        let got = page(&im, "alice", 0).await;
        let friend = &got["UserDataItem"][0];
        for (tag, expected) in [
            ("Tag_SNS_IM_Remark", json!("Bobby")),
            ("Tag_SNS_IM_RemarkTime", json!(1_420_000_001)),
            ("Tag_SNS_IM_Group", json!(["a", "b"])),
            ("Tag_SNS_IM_AddTime", json!(1_420_000_000)),
            ("Tag_SNS_Custom_Level", json!(3)),
            ("Tag_SNS_Custom_Note", json!("n")),
        ] {
            assert_eq!(value(friend, "ValueItem", tag), &expected, "{tag}");
        }
        // Once more overwrites.
        let other = with(imported, json!({ "Remark": "Robert", "GroupName": "b", "CustomItem": null }));
        im.call("sns/friend_import", body(other)).await.ok();
        let got = page(&im, "alice", 0).await;
        assert_eq!(got["FriendNum"], 1);
        let friend = &got["UserDataItem"][0];
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_Remark"), "Robert");
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_Group"), &json!(["b"]));
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_Custom_Level"), &Value::Null);
        let undeclared = with(item("carol"), json!({ "CustomItem": [{ "Tag": "Tag_SNS_Custom_Other", "Value": "x" }] }));
        let answer = im.call("sns/friend_import", body(undeclared)).await.ok();
        item_fails(&answer["ResultItem"][0]["ResultCode"], Relation::FieldInvalid);
    }

    async fn remark_groups_and_the_apps_own_fields_are_changed_and_nothing_else(im: Im) {
        im.app(|settings, _| settings.friend_fields = vec!["Level".into()]).await;
        im.import(&["alice", "bob", "carol"]).await;
        befriend(&im, "alice", "bob").await;
        let update = async |to: &str, tags: Value| {
            let body = json!({ "From_Account": "alice", "UpdateItem": [{ "To_Account": to, "SnsItem": tags }] });
            im.call("sns/friend_update", body).await.ok()["ResultItem"][0].clone()
        };
        let tags = json!([{ "Tag": "Tag_SNS_IM_Remark", "Value": "Bobby" },
            { "Tag": "Tag_SNS_IM_Group", "Value": ["one", "two"] }, { "Tag": "Tag_SNS_Custom_Level", "Value": "gold" }]);
        assert_eq!(update("bob", tags).await["ResultCode"], 0);
        let got = page(&im, "alice", 0).await;
        let friend = &got["UserDataItem"][0];
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_Remark"), "Bobby");
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_Group"), &json!(["one", "two"]));
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_Custom_Level"), "gold");
        assert_eq!(update("bob", json!([{ "Tag": "Tag_SNS_IM_Group", "Value": [] }])).await["ResultCode"], 0);
        assert_eq!(update("bob", json!([{ "Tag": "Tag_SNS_Custom_Level", "Value": "" }])).await["ResultCode"], 0);
        let got = page(&im, "alice", 0).await;
        let friend = &got["UserDataItem"][0];
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_Group"), &Value::Null);
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_Custom_Level"), &Value::Null);
        assert_eq!(value(friend, "ValueItem", "Tag_SNS_IM_Remark"), "Bobby");
        for (to, tags, code) in [
            ("carol", json!([{ "Tag": "Tag_SNS_IM_Remark", "Value": "x" }]), Relation::FieldInvalid),
            ("nobody", json!([{ "Tag": "Tag_SNS_IM_Remark", "Value": "x" }]), Relation::AccountUnknown),
            ("bob", json!([{ "Tag": "Tag_SNS_IM_AddTime", "Value": 1 }]), Relation::FieldInvalid),
            ("bob", json!([{ "Tag": "Tag_SNS_IM_Remark", "Value": "x".repeat(97) }]), Relation::FieldInvalid),
            ("bob", json!([{ "Tag": "Tag_SNS_IM_Group", "Value": ["x".repeat(31)] }]), Relation::FieldInvalid),
            ("bob", json!([]), Relation::FieldInvalid),
        ] {
            item_fails(&update(to, tags).await["ResultCode"], code);
        }
    }

    async fn friends_are_removed_from_one_list_or_from_both(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        befriend(&im, "alice", "bob").await;
        befriend(&im, "alice", "carol").await;
        let delete = async |to: &str, kind: &str| {
            let body = json!({ "From_Account": "alice", "To_Account": [to], "DeleteType": kind });
            im.call("sns/friend_delete", body).await.ok()["ResultItem"][0].clone()
        };
        assert_eq!(delete("bob", "Delete_Type_Single").await["ResultCode"], 0);
        assert_eq!(relation(&im, "alice", "bob").await, "CheckResult_Type_BWithA");
        item_fails(&delete("bob", "Delete_Type_Single").await["ResultCode"], Relation::FriendUnknown);
        assert_eq!(delete("bob", "Delete_Type_Both").await["ResultCode"], 0);
        assert_eq!(relation(&im, "alice", "bob").await, "CheckResult_Type_NoRelation");
        assert_eq!(delete("carol", "Delete_Type_Both").await["ResultCode"], 0);
        assert_eq!(relation(&im, "carol", "alice").await, "CheckResult_Type_NoRelation");
        assert_eq!(page(&im, "alice", 0).await["FriendNum"], 0);
        // A friend that comes back is a new one.
        befriend(&im, "alice", "bob").await;
        assert_eq!(page(&im, "alice", 0).await["UserDataItem"].as_array().map(Vec::len), Some(1));
    }

    async fn all_friends_are_removed_at_once(im: Im) {
        let names: Vec<String> = (0..250).map(|n| format!("u{n}")).collect();
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        im.import(&["alice"]).await;
        let items: Vec<Value> = names.iter().map(|name| item(name)).collect();
        im.call("sns/friend_add", json!({ "From_Account": "alice", "AddFriendItem": items })).await.ok();
        assert_eq!(page(&im, "alice", 0).await["FriendNum"], 250);
        im.call("sns/friend_delete_all", json!({ "From_Account": "u0" })).await.ok();
        assert_eq!(relation(&im, "alice", "u0").await, "CheckResult_Type_AWithB");
        let both = json!({ "From_Account": "alice", "DeleteType": "Delete_Type_Both" });
        assert_eq!(im.call("sns/friend_delete_all", both).await.ok()["ErrorDisplay"], "");
        assert_eq!(page(&im, "alice", 0).await["UserDataItem"], json!([]));
        for name in ["u0", "u100", "u249"] {
            assert_eq!(relation(&im, "alice", name).await, "CheckResult_Type_NoRelation");
        }
        let wrong = json!({ "From_Account": "alice", "DeleteType": "Delete_Type_Some" });
        im.call("sns/friend_delete_all", wrong).await.fails(Relation::FieldInvalid);
    }

    async fn a_check_says_what_it_was_asked_about_and_lists_whom_it_failed_for(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        befriend(&im, "alice", "bob").await;
        let body = json!({ "From_Account": "alice", "To_Account": ["bob", "carol", "nobody", "@TGS#1", 7],
            "CheckType": "CheckResult_Type_Single" });
        let answer = im.call("sns/friend_check", body).await.ok();
        let relations: Vec<&Value> =
            answer["InfoItem"].as_array().expect("a list").iter().map(|item| &item["Relation"]).collect();
        let none = "CheckResult_Type_NoRelation";
        assert_eq!(relations, ["CheckResult_Type_AWithB", none, none, none, none]);
        item_fails(&answer["InfoItem"][2]["ResultCode"], Relation::AccountUnknown);
        item_fails(&answer["InfoItem"][3]["ResultCode"], Relation::AppMismatch);
        item_fails(&answer["InfoItem"][4]["ResultCode"], Relation::FieldInvalid);
        assert_eq!(answer["Fail_Account"], json!(["nobody", "@TGS#1", ""]));
    }

    async fn pages_of_friends_follow_each_other_and_sequences_spare_what_is_known(im: Im) {
        let names: Vec<String> = (0..230).map(|n| format!("u{n}")).collect();
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        im.import(&["alice"]).await;
        im.app(|settings, _| settings.friend_fields = vec!["Level".into()]).await;
        let items: Vec<Value> = names.iter().map(|name| item(name)).collect();
        im.call("sns/friend_import", json!({ "From_Account": "alice", "AddFriendItem": items })).await.ok();
        let (mut start, mut seen, mut pages) = (0, Vec::new(), 0);
        let last = loop {
            let answer = page(&im, "alice", start).await;
            pages += 1;
            let friends = answer["UserDataItem"].as_array().expect("a list").iter();
            seen.extend(friends.map(|friend| friend["To_Account"].as_str().expect("a name").to_owned()));
            start = answer["NextStartIndex"].as_i64().expect("a number");
            assert_eq!(answer["CompleteFlag"].as_i64().expect("a number") != 0, start == 0);
            if start == 0 {
                break answer;
            }
        };
        assert_eq!((pages, &seen), (230 / limit::FRIEND_PAGE + 1, &names));
        assert_eq!(last["FriendNum"], 230);
        let (standard, own) = (last["StandardSequence"].clone(), last["CustomSequence"].clone());
        let ask = json!({ "From_Account": "alice", "StartIndex": 0, "StandardSequence": standard, "CustomSequence": own });
        let update = json!({ "From_Account": "alice", "UpdateItem": [{ "To_Account": "u3",
            "SnsItem": [{ "Tag": "Tag_SNS_Custom_Level", "Value": "x" }] }] });
        im.call("sns/friend_update", update).await.ok();
        let answer = im.call("sns/friend_get", ask.clone()).await.ok();
        assert_eq!(answer["StandardSequence"], standard);
        assert!(answer["CustomSequence"].as_i64() > own.as_i64());
        // Only the app's own fields are answered: nobody but one has any.
        assert!(answer["UserDataItem"].as_array().expect("a list").iter().all(|friend| friend["ValueItem"] == json!([])));
        let known = with(ask, json!({ "CustomSequence": answer["CustomSequence"] }));
        let answer = im.call("sns/friend_get", known).await.ok();
        assert_eq!((&answer["UserDataItem"], &answer["CompleteFlag"]), (&json!([]), &json!(1)));
    }

    async fn chosen_fields_of_chosen_friends_are_answered(im: Im) {
        im.import(&["alice", "carol"]).await;
        im.call("im_open_login_svc/account_import", json!({ "UserID": "bob", "Nick": "Bob B." })).await.ok();
        befriend(&im, "alice", "bob").await;
        let body = json!({ "From_Account": "alice", "To_Account": ["bob", "carol"],
            "TagList": ["Tag_Profile_IM_Nick", "Tag_SNS_IM_AddSource"] });
        let answer = im.call("sns/friend_get_list", body.clone()).await.ok();
        let friend = &answer["InfoItem"][0];
        assert_eq!(friend["SnsProfileItem"].as_array().map(Vec::len), Some(2), "{answer}");
        assert_eq!(value(friend, "SnsProfileItem", "Tag_Profile_IM_Nick"), "Bob B.");
        assert_eq!(value(friend, "SnsProfileItem", "Tag_SNS_IM_AddSource"), "AddSource_Type_Web");
        let level = json!([{ "Tag": "Tag_Profile_IM_Level", "Value": 7 }, { "Tag": "Tag_Profile_IM_Gender", "Value": "Gender_Type_Male" }]);
        im.call("profile/portrait_set", json!({ "From_Account": "bob", "ProfileItem": level })).await.ok();
        let all = with(body.clone(), json!({ "TagList": ["Tag_Profile_IM_Level", "Tag_Profile_IM_Gender", "Tag_Profile_IM_Image"] }));
        let whole = im.call("sns/friend_get_list", all).await.ok();
        let friend = &whole["InfoItem"][0];
        assert_eq!(friend["SnsProfileItem"].as_array().map(Vec::len), Some(2), "{whole}");
        assert_eq!(value(friend, "SnsProfileItem", "Tag_Profile_IM_Level"), 7);
        assert_eq!(value(friend, "SnsProfileItem", "Tag_Profile_IM_Gender"), "Gender_Type_Male");
        item_fails(&answer["InfoItem"][1]["ResultCode"], Relation::FieldInvalid);
        assert_eq!(answer["InfoItem"][1]["ResultInfo"], "Err_SNS_FriendGetList_Friend_Not_Exist");
        assert_eq!(answer["Fail_Account"], json!(["carol"]));
        let twice = im.call("sns/friend_get_list", with(body.clone(), json!({ "To_Account": ["bob", "bob"] }))).await.ok();
        assert_eq!(twice["InfoItem"], json!([answer["InfoItem"][0], answer["InfoItem"][0]]), "whoever is asked for twice is the same");
        im.call("sns/friend_get_list", with(body, json!({ "TagList": ["Tag_Other"] }))).await.fails(Relation::FieldInvalid);
    }

    async fn a_deleted_account_is_nobodys_friend_and_returns_as_a_stranger(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        befriend(&im, "alice", "bob").await;
        befriend(&im, "alice", "carol").await;
        block(&im, "bob", "carol").await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "bob" }] })).await.ok();
        assert_eq!(page(&im, "alice", 0).await["FriendNum"], 1);
        im.call("sns/friend_get", json!({ "From_Account": "bob", "StartIndex": 0 })).await.fails(Relation::AccountUnknown);
        item_fails(&add(&im, "alice", "bob").await["ResultCode"], Relation::AccountUnknown);
        im.import(&["bob"]).await;
        assert_eq!(page(&im, "bob", 0).await["FriendNum"], 0);
        assert_eq!(relation(&im, "alice", "bob").await, "CheckResult_Type_NoRelation");
        assert_eq!(add(&im, "carol", "bob").await["ResultCode"], 0);
    }
}
