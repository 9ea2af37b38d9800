//! Friend groups.

use contract::codes::Relation;
use serde_json::{Value, json};

use super::{befriend, page, value};
use crate::harness::{Im, item_fails};

async fn groups(im: &Im, need: Value) -> Value {
    im.call("sns/group_get", json!({ "From_Account": "alice", "NeedFriend": need })).await.ok()
}

both! {
    async fn groups_are_made_with_friends_in_them_and_listed(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        befriend(&im, "alice", "bob").await;
        let body = json!({ "From_Account": "alice", "GroupName": ["one", "two"], "To_Account": ["bob", "carol", "nobody"] });
        let answer = im.call("sns/group_add", body).await.ok();
        assert_eq!(answer["ResultItem"][0]["ResultCode"], 0);
        item_fails(&answer["ResultItem"][1]["ResultCode"], Relation::GroupedNotFriend);
        assert_eq!(answer["ResultItem"][1]["ResultInfo"], "Err_SNS_GroupAdd_ToTinyId_Not_Friend");
        item_fails(&answer["ResultItem"][2]["ResultCode"], Relation::AccountUnknown);
        assert_eq!(answer["Fail_Account"], json!(["carol", "nobody"]));
        let made = im.call("sns/group_add", json!({ "From_Account": "alice", "GroupName": ["three"] })).await.ok();
        assert!(made["CurrentSequence"].as_i64() > answer["CurrentSequence"].as_i64());
        assert!(made.get("ResultItem").is_none() && made.get("Fail_Account").is_none(), "{made}");
        let listed = groups(&im, json!("Need_Friend_Type_Yes")).await;
        let expected = json!([
            { "GroupName": "one", "FriendNumber": 1, "To_Account": ["bob"] },
            { "GroupName": "two", "FriendNumber": 1, "To_Account": ["bob"] },
            { "GroupName": "three", "FriendNumber": 0, "To_Account": [] },
        ]);
        assert_eq!((&listed["ResultItem"], &listed["CurrentSequence"]), (&expected, &made["CurrentSequence"]));
        let one = json!({ "From_Account": "alice", "GroupName": ["two"] });
        let listed = im.call("sns/group_get", one).await.ok();
        assert_eq!(listed["ResultItem"], json!([{ "GroupName": "two", "FriendNumber": 1 }]));
        let got = page(&im, "alice", 0).await;
        assert_eq!(value(&got["UserDataItem"][0], "ValueItem", "Tag_SNS_IM_Group"), &json!(["one", "two"]));
    }

    async fn a_group_that_is_removed_leaves_its_friends(im: Im) {
        im.import(&["alice", "bob"]).await;
        befriend(&im, "alice", "bob").await;
        let body = json!({ "From_Account": "alice", "GroupName": ["one", "two"], "To_Account": ["bob"] });
        im.call("sns/group_add", body).await.ok();
        im.call("sns/group_delete", json!({ "From_Account": "alice", "GroupName": ["one"] })).await.ok();
        let got = page(&im, "alice", 0).await;
        assert_eq!(value(&got["UserDataItem"][0], "ValueItem", "Tag_SNS_IM_Group"), &json!(["two"]));
        // A new group that takes the place of the old one is empty.
        im.call("sns/group_add", json!({ "From_Account": "alice", "GroupName": "again" })).await.ok();
        let listed = groups(&im, Value::Null).await;
        let numbers: Vec<(&str, i64)> = listed["ResultItem"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| (it["GroupName"].as_str().expect("a name"), it["FriendNumber"].as_i64().expect("a number")))
            .collect();
        assert_eq!(numbers, [("again", 0), ("two", 1)]);
        let unknown = json!({ "From_Account": "alice", "GroupName": ["two", "never"] });
        im.call("sns/group_delete", unknown).await.fails(Relation::FieldInvalid);
        assert_eq!(groups(&im, Value::Null).await["ResultItem"].as_array().map(Vec::len), Some(2));
    }

    async fn names_are_short_and_come_once(im: Im) {
        im.import(&["alice", "bob"]).await;
        befriend(&im, "alice", "bob").await;
        let add = async |names: Value| im.call("sns/group_add", json!({ "From_Account": "alice", "GroupName": names })).await;
        add(json!(["x".repeat(30)])).await.ok();
        for wrong in [json!(["x".repeat(31)]), json!([""]), json!([]), json!(["a", "a"]), json!(["x".repeat(30)]), json!([1]), json!({})] {
            add(wrong).await.fails(Relation::FieldInvalid);
        }
        let body = json!({ "From_Account": "alice", "GroupName": ["x".repeat(30)], "To_Account": ["bob"] });
        assert_eq!(im.call("sns/group_add", body).await.ok()["ResultItem"][0]["ResultCode"], 0);
        let wrong = json!({ "From_Account": "alice", "NeedFriend": "yes" });
        im.call("sns/group_get", wrong).await.fails(Relation::FieldInvalid);
    }
}
